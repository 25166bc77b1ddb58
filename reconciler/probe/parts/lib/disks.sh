# Disks by the names that a file has: multipath_wwid DIR (in $wwid, sysfs's in $raw), disks_of REF
# (the kernel's names in $disks; a map hides its paths), partition_of KNAME NUMBER (in $found).
# Read from sysfs; no device is opened.

multipath_wwid() { # multipath_wwid DIR: in $wwid as multipath writes it, sysfs's in $raw
    raw=- wwid=
    case ${1##*/} in
    nvme*) get "$1/wwid" && raw=$got wwid=$got ;;
    *)
        get "$1/device/wwid" && raw=$got
        case $raw in
        naa.*) wwid=3${raw#naa.} ;;
        eui.*) wwid=2${raw#eui.} ;;
        t10.*)
            IFS=' '
            # shellcheck disable=SC2086 # runs of spaces become one underscore
            set -- ${raw#t10.}
            IFS=_ wwid="1$*"
            ;;
        iqn.*) wwid=8$raw ;;
        esac
        ;;
    esac
}

disks_of() { # disks_of REF without its part: kernel names in $disks; a map hides its paths
    disks='' wanted=${1#*=} kind=${1%%=*}
    glob "$SYS/*"
    for dir in $globbed; do
        case $kind in
        wwid)
            get "$dir/dm/uuid"
            if [ "$got" = "mpath-$wanted" ]; then disks=${dir##*/} && break; fi
            multipath_wwid "$dir"
            if [ "$wwid" = "$wanted" ]; then disks="$disks ${dir##*/}"; fi
            ;;
        path)
            if [ "$wanted" -ef "/dev/${dir##*/}" ]; then map_over "${dir##*/}"; fi
            ;;
        esac
    done
    disks=${disks# }
    [ -n "$disks" ]
}

map_over() { # map_over KNAME: it, or the multipath map that owns it, added to $disks
    over=$1 parent='' number=''
    if get "$SYS/$1/partition"; then # a path's own partition means the map's
        number=$got
        cd -P "$SYS/$1/.." && parent=${PWD##*/}
    fi
    names "$SYS/${parent:-$1}/holders"
    holder=${got%%,*}
    if get "$SYS/$holder/dm/uuid"; then
        case $got in mpath-*)
            over=$holder
            if [ -n "$number" ] && partition_of "$holder" "$number"; then over=$found; fi
            ;;
        esac
    fi
    disks="$disks $over"
}

partition_of() { # partition_of KNAME NUMBER: in $found
    found=
    uuid=none
    get "$SYS/$1/dm/uuid" && uuid=part$2-$got
    glob "$SYS/$1/$1*"
    for child in $globbed; do
        if get "$child/partition" && [ "$got" = "$2" ]; then found=${child##*/}; fi
    done
    glob "$SYS/dm-*"
    for child in $globbed; do
        if get "$child/dm/uuid" && [ "$got" = "$uuid" ]; then found=${child##*/}; fi
    done
    [ -n "$found" ]
}
