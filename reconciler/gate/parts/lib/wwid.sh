# same_wwid: the disk below $device, its map and every path of that have the WWID that was
# approved, as the kernel read it and as the disk says now (scsi_id, where it is there).
# Refuses another disk, or one that tells no WWID (wrong-device). After `opened`.

same_wwid() { # of the disk below it: its map, and every path of that
    whole=$device
    if [ -e "$whole/partition" ]; then whole=$whole/..; fi
    get "$whole/dm/uuid"
    case $got in part[0-9]*-mpath-*)
        whole=/sys/class/block/$(ls "$whole/slaves")
        get "$whole/dm/uuid"
        ;;
    esac
    seen=''
    case $got in
    mpath-*)
        right_wwid "${got#mpath-}"
        paths=$(ls "$whole/slaves")
        ;;
    ?*) paths='' ;; # other maps have none
    *)
        paths=$(cd -P "$whole" 2>/dev/null && pwd)
        paths=${paths##*/}
        ;;
    esac
    IFS=$NL
    for path in $paths; do
        path_wwid "$path"
        if [ -n "$told" ]; then right_wwid "$told" " by $path"; fi
    done
    [ "$its_wwid" = - ] || [ -n "$seen" ] ||
        refuse wrong-device "$node tells no WWID, not $its_wwid"
}

right_wwid() { # right_wwid WWID [WHERE]
    seen=$1
    [ "$1" = "$its_wwid" ] || refuse wrong-device "$node is the disk $1${2-}, not $its_wwid"
}

# As the kernel read it when it found the disk, in multipath's form (as the probe has it), and
# as the disk itself says now: behind a path that stays there may be another one.
path_wwid() { # path_wwid KNAME: in $told, or nothing
    told=''
    case $1 in nvme*)
        get "/sys/class/block/$1/wwid"
        told=$got
        return
        ;;
    esac
    get "/sys/class/block/$1/device/wwid"
    case $got in
    naa.*) told=3${got#naa.} ;;
    eui.*) told=2${got#eui.} ;;
    t10.*) told=1$(plain_words "${got#t10.}") ;;
    iqn.*) told=8$got ;;
    esac
    for tool in /lib/udev/scsi_id /usr/lib/udev/scsi_id; do
        if [ ! -x "$tool" ] || [ ! -e "/sys/class/block/$1/device/scsi_level" ]; then continue; fi
        said=$("$tool" -g -p 0x83 -d "/dev/$1" 2>/dev/null </dev/null)
        said=${said%"$NL"}
        case $said in 1*) said=1$(plain_words "${said#1}") ;; esac
        # Of several names it may choose one of a kind (the first digit) that nobody asked for.
        case $told$NL$its_wwid in "$NL"* | "${said%"${said#?}"}"* | *"$NL${said%"${said#?}"}"*)
            told=${said:-$told} ;;
        esac
        return
    done
}

plain_words() { # plain_words TEXT: with _ for each run of spaces
    IFS=' '
    # shellcheck disable=SC2086 # split at the spaces
    set -- $1
    IFS=_
    printf %s "$*"
}
