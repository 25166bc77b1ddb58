# Disks by the names that a file has: multipath_wwid DIR (in $wwid, sysfs's in $raw), disks_of REF
# (the kernel's names in $disks; a map hides its paths), partition_of KNAME NUMBER (in $found),
# is_device, parent_of, sector_of DIR; whole_disk, node_of KNAME.
# Read from sysfs; no device is opened.

# The kernel lists a path of NVMe's own multipath (nvme0c0n1) and hides it: it has no number.
is_device() { # is_device DIR: a block device that can be used
    get "$1/hidden"
    [ "$got" != 1 ] && get "$1/dev"
}

node_of() { # node_of KNAME: in $node; the kernel has ! for a slash (cciss!c0d0)
    node=/dev/$1
    case $1 in *!*) node=/dev/${1%%!*}/${1#*!} ;; esac
}

parent_of() { # parent_of DIR: the kernel's name of a partition's disk, in $parent
    parent=-
    cd -P "$1/.." && parent=${PWD##*/}
}

whole_disk() { # whole_disk KNAME: the disk that it is, or is a partition of, in $whole
    whole=$1
    get "$SYS/$1/dm/uuid"
    case $got in part[0-9]*)
        names "$SYS/$1/slaves"
        whole=$got
        ;;
    *)
        if get "$SYS/$1/partition"; then
            parent_of "$SYS/$1"
            whole=$parent
        fi
        ;;
    esac
}

sector_of() { # sector_of DIR: bytes a sector, which a partition's disk tells, in $sector
    get "$1/queue/logical_block_size" || get "$1/../queue/logical_block_size"
    sector=$got
}

multipath_wwid() { # multipath_wwid DIR: in $wwid as multipath writes it, sysfs's in $raw
    raw=- wwid=
    case ${1##*/} in
    nvme*)
        get "$1/wwid"
        raw=$got wwid=${got#-}
        ;;
    *)
        get "$1/device/wwid"
        raw=$got
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
        is_device "$dir" || continue
        case $kind in
        wwid)
            get "$dir/dm/uuid"
            if [ "$got" = "mpath-$wanted" ]; then disks=${dir##*/} && break; fi
            multipath_wwid "$dir"
            if [ "$wwid" = "$wanted" ]; then disks="$disks ${dir##*/}"; fi
            ;;
        path)
            node_of "${dir##*/}"
            if [ "$wanted" -ef "$node" ]; then map_over "${dir##*/}"; fi
            ;;
        esac
    done
    disks=${disks# }
    [ -n "$disks" ]
}

map_over() { # map_over KNAME: it, or the multipath map that owns it, added to $disks
    over=$1 parent=$1
    get "$SYS/$1/partition"
    number=$got
    if [ "$number" != - ]; then parent_of "$SYS/$1"; fi # a path's own partition means the map's
    names "$SYS/$parent/holders"
    holder=${got%%,*}
    get "$SYS/$holder/dm/uuid"
    case $got in mpath-*)
        over=$holder
        if [ "$number" != - ] && partition_of "$holder" "$number"; then over=$found; fi
        ;;
    esac
    disks="$disks $over"
}

partition_of() { # partition_of KNAME NUMBER: in $found
    found=
    get "$SYS/$1/dm/uuid"
    uuid=part$2-$got
    glob "$SYS/$1/$1*"
    for child in $globbed; do
        get "$child/partition"
        if [ "$got" = "$2" ] && is_device "$child"; then found=${child##*/}; fi
    done
    glob "$SYS/dm-*"
    for child in $globbed; do
        get "$child/dm/uuid"
        if [ "$got" = "$uuid" ]; then found=${child##*/}; fi
    done
    [ -n "$found" ]
}
