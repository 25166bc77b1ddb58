# wanted: each device of --want and --blank: signatures, and of --blank whether it is zero. A device
# that could hang whoever opens it is not opened, but unread.
# Needs blkid and wipefs; debugfs.ocfs2 for lib/superblock.
#
# needs: lib/disks lib/superblock lib/zeros

probe_wanted() {
    for ref in $wants; do
        disks='' nodes='' disk=no part=
        case $ref in *,part=*) part=${ref##*,part=} ;; esac
        if disks_of "${ref%,part=*}"; then disk=yes; fi
        IFS=' '
        for name in $disks; do
            if [ -z "$part" ]; then nodes=$nodes,$name; continue; fi
            if partition_of "$name" "$part"; then nodes=$nodes,$found; fi
        done
        nodes=${nodes#,}
        row want "$ref" "${nodes:--}" "$disk"
        case $nodes in '' | *,*) ;; *) describe "$ref" "$nodes" ;; esac
        IFS=$NL
    done
}

describe() { # describe REF KNAME
    get "$SYS/$2/dev"
    number=$got
    get "$SYS/$2/size"
    sectors=$got
    get "$SYS/$2/ro"
    readonly=$got
    sector_of "$SYS/$2"
    case " $number $sectors $readonly $sector " in *' - '*)
        row unread "$1" "the kernel does not tell all of $2"
        return
        ;;
    esac
    row node "$1" "$2" "$number" $((sectors * 512))
    why=
    cannot_open "$2"
    if [ -n "$why" ]; then row unread "$1" "$why" && return; fi
    node_of "$2"
    device=$node kname=$2
    signature=$(limited 15 blkid -p -o export "$device")
    status=$?
    case $status in
    0 | 2 | 8) ;;
    *) row unread "$1" "blkid ended with $status" && return ;;
    esac
    signatures=0 IFS=$NL
    for line in $signature; do
        case $line in DEVNAME=* | PART_ENTRY_*) continue ;; esac # where it is, no signature
        signatures=$((signatures + 1))
        row sig "$1" "${line%%=*}" "${line#*=}"
    done
    # blkid says 2 also for what it cannot open, and 8 for several signatures.
    if [ $signatures -eq 0 ]; then other_signatures "$1" || return 0; fi
    case $signature in *"${NL}TYPE=ocfs2"*) superblock "$1" ;; esac
}

other_signatures() { # other_signatures REF: by wipefs, and if there are none, the zeros
    found=$(limited 15 wipefs -n -p "$device") || {
        row unread "$1" "wipefs failed"
        return 1
    }
    types=
    IFS=$NL
    for line in $found; do # offset,uuid,label,type after a comment line
        case $line in '#'*) continue ;; esac
        types=$types${line##*,}
        row wipefs "$1" "${line##*,}"
    done
    case $blanks in *"$NL$1$NL"*) ;; *) return 0 ;; esac
    if [ -z "$types" ] && [ "$status" -ne 8 ]; then zeros "$1"; fi
}

cannot_open() { # cannot_open KNAME: sets $why if opening it, or what is below, could hang
    get "$SYS/$1/dm/uuid"
    case $got in mpath-*)
        active_path "$1" || why="multipath map without an active path"
        return
        ;;
    esac
    for file in "$SYS/$1/device/state" "$SYS/$1/../device/state"; do
        if get "$file"; then case $got in running | live) ;; *) why="device is $got" ;; esac; fi
    done
    names "$SYS/$1/slaves"
    IFS=,
    for below in $got; do
        if [ "$below" != - ]; then cannot_open "$below"; fi
    done
}

active_path() { # active_path KNAME: whether a path of the map is active in both eyes
    get "$SYS/$1/dm/name"
    # ...: 0 SIZE multipath ... GROUP ... 8:16 A 0 ...; the status comes without any I/O
    line=$(dmsetup status --noflush "$got") || return 1
    before=
    IFS=' '
    for word in $line; do
        if [ "$word" = A ]; then case $before in [0-9]*:[0-9]*)
            get "/sys/dev/block/$before/device/state"
            case $got in running | live | -) return 0 ;; esac
            ;;
        esac; fi
        before=$word
    done
    return 1
}
