# on NODE WWID BYTES UUID BEATS mount PATH OPTIONS   the file system UUID, and no other
# Done where it is mounted there already. Needs mount.ocfs2, debugfs.ocfs2 and an online cluster.
# Refuses where PATH has something mounted (mount-path-busy), where the kernel's list of members is
# not cluster.conf's (lists-differ), and what lib/devices and lib/heartbeats refuse.
#
# needs: permit lib/files lib/devices lib/mounts lib/heartbeats

verb_mount() { # mount PATH OPTIONS
    [ $# -eq 2 ] || usage 'mount PATH OPTIONS'
    is_path "$1" || usage "not a plain absolute path: $1"
    is_options "$2" || usage "not mount options: $2"
    case ,$2, in *,nocluster,* | *,heartbeat=* | *,cluster_stack=*)
        usage "the cluster's own settings decide it: $2" ;;
    esac
    a_volume
    no_symlink "$1"
    opened
    mounted_at "$1"
    case $found in
    "$number ocfs2") echo "ok mounted $1" && return ;;
    ?*) refuse mount-path-busy "$1 already has a file system mounted: $found" ;;
    esac
    lists_agree
    directory "$1"
    nobody_else mount
    if said=$(mount -t ocfs2 -o "$2" "$dev" "$1" 2>&1 </dev/null); then
        mounted_at "$1"
        if [ "$found" = "$number ocfs2" ]; then echo "ok mounted $1" && return; fi
        said="mount said nothing, yet $1 is not mounted"
    fi
    mount_failed
}

# With lists that differ a mount hangs for a minute at best; a host whose list lacks the others
# replays their journals.
lists_agree() { # the kernel's list of members is cluster.conf's; this host's number in $own
    configured=/sys/kernel/config/cluster
    set +f
    set -- "$configured"/*
    set -f
    if [ ! -d "$1" ]; then refuse lists-differ "no cluster is online here"; fi
    [ $# -eq 1 ] || refuse lists-differ "several clusters are online here"
    get "$1/heartbeat/mode"
    [ "$got" != global ] || refuse not-supported-yet "the heartbeat of ${1##*/} is global"
    own='' live=''
    set +f
    for item in "$1"/node/*; do
        [ -d "$item" ] || continue
        line=${item##*/}
        for key in num ipv4_address ipv4_port; do
            get "$item/$key"
            line="$line $got"
            if [ $key = num ]; then member=$got; fi
        done
        get "$item/local"
        if [ "$got" = 1 ]; then own=$member; fi
        live=$live$line$NL
    done
    set -f
    listed=$(listed_nodes "${1##*/}" </etc/ocfs2/cluster.conf 2>/dev/null)
    differ=$(printf '%s' "$live$listed" | sort | uniq -u | head -n 1)
    [ -z "$differ" ] ||
        refuse lists-differ "the kernel's ${1##*/} and cluster.conf differ in: $differ"
    is_number "$own" || refuse lists-differ "this host is none of the nodes of ${1##*/}"
}

listed_nodes() { # listed_nodes CLUSTER: NAME NUMBER ADDRESS PORT of each in cluster.conf
    awk -v cluster="$1" '
        /^[a-z_]+:/ { tell(); kind = $1; next }
        /^[ \t]*[a-z_]+[ \t]*=/ {
            key = value = $0
            sub(/[ \t]*=.*/, "", key)
            sub(/^[ \t]*/, "", key)
            sub(/^[^=]*=[ \t]*/, "", value)
            sub(/[ \t]*$/, "", value)
            of[key] = value
        }
        END { tell() }
        function tell() {
            if (kind == "node:" && of["cluster"] == cluster)
                print of["name"], of["number"], of["ip_address"], of["ip_port"]
            split("", of)
        }'
}
