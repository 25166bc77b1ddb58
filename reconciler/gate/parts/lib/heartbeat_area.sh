# The heartbeats on the device: heartbeat_area (where they are), read_beats (the blocks that are
# not zero, past every cache, in $blocks). Needs debugfs.ocfs2, blockdev, dd, od and awk.
# Refuses a global heartbeat (heartbeat-mode-differs) and a file system for one host (foreign-stack);
# what cannot be read ends with status 70 (heartbeat-unread).
#
# needs: lib/superblock

BEATERS=255                # O2NM_MAX_NODES; each has a sector of the heartbeat area
OWN_APART=500              # hundredths of a second between two looks at our own block
MOST_SLEEP=10              # seconds between two looks
DEAD_TIME=60000            # milliseconds, where no block tells: o2hb's default
MOST_DEAD_TIME=600000      # what nobody sets is not waited for
EIGHT='????????'           # of a block as hex digits

# As libocfs2 has it (libocfs2/heartbeat.c): the file's only extent, a sector for each number.
# debugfs.ocfs2 -R hb takes 512 bytes for one, so it shows eight times too few with 4096.
heartbeat_area() { # its first block in $area, the $sector, the $volume's $block_size
    stats
    case $stack_flags in *Globalheartbeat*)
        refuse heartbeat-mode-differs "the heartbeat of $node is global" ;;
    esac
    [ $((incompat & 8)) -eq 0 ] || # INCOMPAT_LOCAL_MOUNT (ocfs2_fs.h)
        refuse foreign-stack "$node is for one host alone, whose mount would not be seen"
    text=$(debugfs.ocfs2 -R 'stat //heartbeat' "$dev" 2>/dev/null </dev/null)
    flat='' rows=0 area='' extent=0
    IFS=$NL
    for line in $text; do
        case $line in
        "${TAB}Tree Depth: 0 "*) flat=yes ;;
        "$TAB"[0-9]*)
            IFS="$TAB "
            # shellcheck disable=SC2086 # NUMBER OFFSET CLUSTERS BLOCK FLAGS
            set -- $line
            rows=$((rows + 1)) extent=${3-} area=${4-}
            [ "${2-}" = 0 ] || flat=''
            ;;
        esac
    done
    sector=$(blockdev --getss "$dev" 2>/dev/null)
    if [ "$flat$rows" != yes1 ] || ! is_count "$extent" || ! is_count "$area" ||
        [ $((extent * cluster_size / block_size)) -lt $BEATERS ] ||
        ! is_count "$sector" || [ "$block_size" -lt "$sector" ]; then
        stop 70 heartbeat-unread "debugfs.ocfs2 tells no heartbeat area of $node"
    fi
}

read_beats() { # all of it, past every cache; in $blocks NUMBER HEX TIME of what is not zero
    need dd od awk
    direct=''
    if dd if="$dev" of=/dev/null bs="$block_size" count=1 iflag=direct 2>/dev/null; then
        direct=iflag=direct
    else
        blockdev --flushbufs "$dev" 2>/dev/null ||
            stop 70 heartbeat-unread "$node can only be read from this host's cache"
    fi
    # shellcheck disable=SC2086 # $direct may be nothing
    blocks=$(dd if="$dev" bs="$block_size" skip="$area" $direct \
        count=$(((BEATERS * sector + block_size - 1) / block_size)) 2>/dev/null |
        od -A n -v -t x1 | awk -v lines=$((sector / 16)) -v most=$BEATERS '
            { at = (NR - 1) % lines; if (at > 1) next; gsub(/[ \t]/, "") }
            at == 0 { first = $0; next }
            NR <= lines * most && (first $0) ~ /[1-9a-f]/ { tell((NR - 2) / lines, first $0) }
            END { if (NR >= lines * most) print "read" }
            function tell(number, hex) {
                dead = "0x" substr(hex, 55, 2) substr(hex, 53, 2) substr(hex, 51, 2)
                print number, hex, dead substr(hex, 49, 2)
            }')
    case $blocks in
    read) blocks='' ;;
    *"${NL}read") blocks=${blocks%"${NL}read"} ;;
    *) stop 70 heartbeat-unread "the heartbeat area of $node cannot be read" ;;
    esac
}
