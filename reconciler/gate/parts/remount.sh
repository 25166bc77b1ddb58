# on NODE WWID BYTES UUID BEATS remount PATH OPTIONS   what is mounted there already
# The heartbeat's mode stays as it is. BEATS is - where nothing is written.
# Refuses what is not mounted there (not-mounted), and what lib/devices and lib/heartbeats refuse.
#
# needs: permit lib/devices lib/mounts lib/in_use lib/heartbeats

verb_remount() { # remount PATH OPTIONS
    [ $# -eq 2 ] || usage 'remount PATH OPTIONS'
    is_path "$1" || usage "not a plain absolute path: $1"
    is_options "$2" || usage "not mount options: $2"
    a_volume
    opened
    mounted_at "$1"
    [ "$found" = "$number ocfs2" ] ||
        refuse not-mounted "$node is not mounted on $1 but ${found:-nothing}"
    # Without it: "Cannot change heartbeat mode on remount". Other options stay if not named.
    case $flags in *,heartbeat=*) heartbeat=${flags##*,heartbeat=} ;; *) heartbeat=none ;; esac
    options=$2,heartbeat=${heartbeat%%,*}
    [ "$its_beats" = - ] || nobody_else mounted
    said=$(mount -o "remount,$options" "$dev" "$1" 2>&1 </dev/null) || mount_failed
    mounted_at "$1"
    for word in ro noatime; do
        case ,$2, in *",$word,"*) ;; *) continue ;; esac
        case ,$flags, in *",$word,"*) ;; *) stop 70 mount-failed "$1 is not $word" ;; esac
    done
    case ,$2,:,$flags, in *,ro,*:*) ;; *:*,ro,*) stop 70 mount-failed "$1 is read-only" ;; esac
    echo "ok remounted $1"
}
