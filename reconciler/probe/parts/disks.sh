# disks: all block devices, and their stable names. Only those of --want are asked for their
# capacity, by sg_readcap, and for paths that are down. Needs dmsetup where there are maps, and fails without it.
#
# needs: lib/disks

probe_disks() {
    tables=''
    glob "$SYS/dm-*"
    if [ -d "${globbed%%"$NL"*}" ]; then
        tables=$(dmsetup table) || fail "dmsetup table failed"
    fi
    asked=' '
    IFS=$NL
    for ref in $wants; do # only of these is the device itself asked for its capacity
        disks_of "${ref%,part=*}"
        IFS=' '
        for name in $disks; do
            whole_disk "$name"
            asked="$asked$whole "
        done
        IFS=$NL
    done
    glob "$SYS/*"
    for dir in $globbed; do
        case ${dir##*/} in loop* | ram* | zram* | fd[0-9]*) continue ;; esac
        if is_device "$dir"; then disk "$dir"; fi
    done
    lasting_names
}

disk() { # disk DIR: of one that is not told whole, --want tells that it is unread
    name=${1##*/} parent=- start=-
    get "$1/dev"
    number=$got
    get "$1/size"
    sectors=$got
    case $name:$sectors in sr*:0) return ;; esac
    get "$1/ro"
    readonly=$got
    get "$1/dm/name"
    dmname=$got
    get "$1/dm/uuid"
    dmuuid=$got
    names "$1/slaves"
    slaves=$got
    names "$1/holders"
    holders=$got
    get "$1/partition"
    part=$got
    if [ "$part" != - ]; then
        get "$1/start"
        start=$got
        parent_of "$1"
    fi
    sector_of "$1"
    case " $number $sectors $readonly $sector " in *' - '*) return ;; esac
    case $dmuuid in part[0-9]*-*)
        part=${dmuuid#part} parent=$slaves
        part=${part%%-*}
        dm_start "$dmname"
        ;;
    esac
    multipath_wwid "$1"
    capacity "$name"
    row disk "$name" "$number" "$sectors" "$sector" "$readonly" "$part" "$start" "$parent" \
        "$dmname" "$dmuuid" "$raw" "$slaves" "$holders" "$bytes"
}

dm_start() { # dm_start NAME: where a linear mapping begins on its device, in $start
    IFS=$NL
    for line in $tables; do
        case $line in "$1: 0 "*" linear "*) start=${line##* } ;; esac
    done
}

capacity() { # capacity KNAME: what the device itself says, in $bytes; the least of its paths
    bytes=-
    case $asked in *" $1 "*) ;; *) return ;; esac
    names "$SYS/$1/slaves"
    [ "$got" != - ] || got=$1
    paths=$got
    failed_paths
    IFS=,
    for path in $paths; do # as SCSI's kernel calls what leads nowhere; others have other words
        get "$SYS/$path/device/state"
        case $got in offline | transport-offline | blocked) row state "$path" "$got" ;; esac
    done
    has sg_readcap || return
    for path in $paths; do
        get "$SYS/$path/device/state"
        [ "$got" = running ] || { bytes=- && return; }
        answer=$(limited 5 sg_readcap -b "/dev/$path") || { bytes=- && return; }
        case $answer in 0x*[0-9a-f]" 0x"*) ;; *) bytes=- && return ;; esac
        answer=$((${answer% *} * ${answer#* }))
        if [ "$bytes" = - ] || [ "$answer" -lt "$bytes" ]; then bytes=$answer; fi
    done
}

failed_paths() { # of a multipath map: what it calls failed, whatever the disk says; without I/O
    case $dmuuid in mpath-*) ;; *) return ;; esac
    line=$(dmsetup status --noflush "$dmname" 2>/dev/null) || return
    before=''
    IFS=' '
    for word in $line; do # 0 SIZE multipath ... GROUP ... 8:16 F 1 ...
        case $word:$before in F:[0-9]*:[0-9]*)
            IFS=,
            for path in $paths; do
                if get "$SYS/$path/dev" && [ "$got" = "$before" ]; then row state "$path" failed; fi
            done
            IFS=' '
            ;;
        esac
        before=$word
    done
}

# The kinds of names, and which directories are no volume groups, are those of lasting_names.py.
lasting_names() { # the names of devices that last
    glob "$SYS/dm-*"
    for dir in $globbed; do
        if get "$dir/dm/name" && [ -b "/dev/mapper/$got" ]; then
            row link "/dev/mapper/$got" "${dir##*/}"
        fi
    done
    glob "$SYS/drbd[0-9]*"
    for dir in $globbed; do
        if is_device "$dir"; then row link "/dev/${dir##*/}" "${dir##*/}"; fi
    done
    set --
    for pattern in 'disk/by-id/*' 'disk/by-path/*' 'disk/by-partuuid/*' 'oracleoci/*' \
        'rbd/*/*' 'rbd/*/*/*' 'drbd/by-res/*' 'drbd/by-res/*/*' 'md/*'; do
        glob "/dev/$pattern"
        # shellcheck disable=SC2086 # a line each
        set -- "$@" $globbed
    done
    glob '/dev/*'
    for dir in $globbed; do
        case ${dir#/dev/} in
        block | bsg | bus | char | cpu | disk | dri | drbd | fd | input | mapper | md) continue ;;
        mqueue | net | oracleoci | pts | rbd | shm | snd | vfio) continue ;;
        esac
        [ -d "$dir" ] || continue
        glob "$dir/*"
        # shellcheck disable=SC2086 # a line each
        set -- "$@" $globbed
    done
    # shellcheck disable=SC2045 # the only way to read links without a process for each
    for line in $(ls -ld "$@"); do
        case $line in *' /dev/'*' -> '*)
            link=/dev/${line#*" /dev/"}
            target=${link##* -> }
            while case $target in ../* | /dev/*) ;; *) false ;; esac; do
                target=${target#../} target=${target#/dev/}
            done
            case $target in */*) target=${target%%/*}!${target#*/} ;; esac # as the kernel has it
            if is_device "$SYS/$target"; then row link "${link%% -> *}" "$target"; fi
            ;;
        esac
    done
}
