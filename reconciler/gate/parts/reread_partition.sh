# on NODE WWID - - - reread-partition NUMBER BYTES   until the kernel here has that much
# Needs partx or kpartx, and partprobe. Nothing is written to the disk.
# A size that does not come ends with status 70 (partition-not-reread).
#
# needs: permit lib/disk

verb_reread_partition() { # reread-partition NUMBER BYTES
    [ $# -eq 2 ] || usage 'reread-partition NUMBER BYTES'
    is_partition "$1" || usage "not a partition's number: $1"
    is_number "$2" || usage "not a size: $2"
    disk
    reread "$@"
    echo "ok reread $node $1 $2"
}

is_partition() { is_number "$1" && [ "$1" -ge 1 ] && [ ${#1} -le 3 ]; }

reread() { # reread NUMBER BYTES, after `disk`
    n=0
    until partition_bytes "$1" && [ "$bytes" = "$2" ]; do
        [ $n -lt 20 ] || stop 70 partition-not-reread \
            "partition $1 of $node has ${bytes:-no} bytes in the kernel, not $2"
        [ $n -eq 0 ] || sleep 1
        if [ $((n % 4)) -eq 0 ]; then tell_kernel "$@"; fi
        n=$((n + 1))
    done
}

partition_bytes() { # partition_bytes NUMBER: of $device, as the kernel has it, in $bytes
    bytes='' part=''
    get "$device/dm/uuid"
    uuid=$got
    set +f
    if [ -n "$uuid" ]; then
        for dir in /sys/class/block/dm-*; do
            get "$dir/dm/uuid"
            if [ "$got" = "part$1-$uuid" ]; then part_size "$dir"; fi
        done
    else
        for dir in "$device"/*; do
            get "$dir/partition"
            if [ "$got" = "$1" ]; then part_size "$dir"; fi
        done
    fi
    set -f
    [ -n "$bytes" ]
}

part_size() { # part_size DIR
    get "$1/dm/name"
    part=$got
    get "$1/size"
    bytes=${got:+$((got * 512))}
}

# kpartx -u makes the maps larger that have grown, mounted or not, and leaves the others; partx
# touches that one partition. partprobe tries to make every map of the disk anew, by names of
# its own ("create ioctl on mpatha1 ... busy"), so it comes last.
tell_kernel() { # tell_kernel NUMBER BYTES
    blockdev --flushbufs "$dev" 2>/dev/null
    if [ -n "$uuid" ]; then
        get "$device/dm/name"
        between=-part # kpartx would give a map its own idea of a name
        if [ -n "$part" ]; then between=${part#"$got"} between=${between%"$1"}; fi
        kpartx -u -s -p "$between" "$dev"
    else
        partx -u -n "$1" "$dev"
    fi >/dev/null 2>&1 </dev/null
    if has udevadm; then udevadm settle -t 10; fi
    if partition_bytes "$1" && [ "$bytes" = "$2" ]; then return; fi
    partprobe "$dev" >/dev/null 2>&1 </dev/null
}
