# superblock REF: of $device ($kname in sysfs), past the cache: superblock, slot map and heartbeats.
# Needs debugfs.ocfs2, dd, od and awk; what cannot be read is left out.
#
# needs: lib/disks

superblock() { # superblock REF: superblock, slot map and heartbeats, read past the cache
    has debugfs.ocfs2 || return 0
    text=$(printf 'stats\nslotmap\nstat //heartbeat\n' |
        limited 20 debugfs.ocfs2 -f /dev/stdin "$device")
    part='' block_size='' cluster_size='' depth='' extents=0 extent=0 area=''
    IFS=$NL
    for line in $text; do
        line=${line#"$TAB"}
        case $line in
        'debugfs: '*) part=${line#debugfs: } ;;
        *) case $part in
            stats) stats "$1" "$line" ;;
            slotmap) slotmap "$1" "$line" ;;
            'stat //heartbeat') area "$line" ;;
            esac ;;
        esac
    done
    heartbeats "$1"
}

stats() { # stats REF LINE
    value=${2#*: }
    case $2 in
    Label:*) row sb "$1" label "${2#Label: }" ;;
    UUID:*) row sb "$1" uuid "$value" ;;
    'Max Node Slots:'*) row sb "$1" slots "$value" ;;
    'Block Size Bits:'*)
        block_size=$((1 << ${value%% *})) cluster_size=$((1 << ${2##* }))
        row sb "$1" block_size $block_size
        row sb "$1" cluster_size $cluster_size
        ;;
    'Links:'*' Clusters: '*) row sb "$1" clusters "${2##* }" ;;
    'Cluster stack:'*) row sb "$1" stack "$value" ;;
    'Cluster name:'*) row sb "$1" cluster "$value" ;;
    'Cluster flags:'*) row sb "$1" flags "$value" ;;
    'Feature Compat:'*) row sb "$1" compat "$value" ;;
    'Feature Incompat:'*) row sb "$1" incompat "$value" ;;
    'Feature RO compat:'*) row sb "$1" ro_compat "$value" ;;
    'State:'*) row sb "$1" state "${value%% *}" ;;
    esac
}

slotmap() { # slotmap REF LINE: a heading, then SLOT NODE
    ref=$1 IFS=' '
    # shellcheck disable=SC2086
    set -- $2
    case ${1:-} in
    'Slot#') row slotmap "$ref" ok ;;
    [0-9]*) row slot "$ref" "$1" "$2" ;;
    esac
}

area() { # area LINE: of the heartbeat file, whose only extent holds the blocks
    IFS=' '
    # shellcheck disable=SC2086 # NUMBER OFFSET CLUSTERS BLOCK FLAGS
    set -- $1
    case "${1-} ${2-}" in
    'Tree Depth:') depth=$3 ;;
    [0-9]*' '[0-9]*)
        extents=$((extents + 1))
        if [ "$2" = 0 ]; then extent=$3 area=$4; fi
        ;;
    esac
}

# Each of 255 numbers has a block of the device's sector size (libocfs2/heartbeat.c), of which
# o2hb uses 32 bytes. debugfs.ocfs2 -R hb takes 512 for the size, and is right only then. They
# are read past the cache: what stands there is of whenever it was read.
heartbeats() { # heartbeats REF: the blocks that are not zero, if all could be read
    sector_of "$SYS/$kname"
    [ "$depth $extents" = '0 1' ] || return
    for value in "$sector" "$area" "$extent" "$block_size" "$cluster_size"; do
        case $value in '' | *[!0-9]*) return ;; esac
    done
    [ "$block_size" -ge "$sector" ] || return
    [ $((extent * cluster_size / block_size)) -ge 255 ] || return
    blocks=$(limited 20 dd if="$device" bs="$block_size" skip="$area" iflag=direct \
        count=$(((255 * sector + block_size - 1) / block_size)) | od -A n -v -t x1 |
        awk -v lines=$((sector / 16)) '
            { at = (NR - 1) % lines; if (at > 1) next; gsub(/[ \t]/, "") }
            at == 0 { first = $0; next }
            NR <= lines * 255 && (first $0) ~ /[1-9a-f]/ { print (NR - 2) / lines, first $0 }
            END { if (lines * 255 <= NR) print "read" }')
    case $NL$blocks in *"${NL}read") ;; *) return ;; esac
    row hb "$1" ok
    IFS=$NL
    for line in $blocks; do
        if [ "$line" != read ]; then row beat "$1" "${line% *}" "${line#* }"; fi
        IFS=$NL
    done
}
