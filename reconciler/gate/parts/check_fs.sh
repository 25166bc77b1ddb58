# on NODE WWID BYTES UUID BEATS check-fs STACK CLUSTER   unmounted; repairs, and says whether
# Needs fsck.ocfs2 and debugfs.ocfs2. Nothing is repaired where nothing is wrong.
# Refuses a file system of another cluster (foreign-stack), one in use (volume-mounted), and what
# lib/devices and lib/heartbeats refuse; what stays wrong ends with status 70 (check-failed).
#
# needs: permit lib/devices lib/superblock lib/in_use lib/heartbeats

verb_check_fs() { # check-fs STACK CLUSTER
    [ $# -eq 2 ] || usage 'check-fs STACK CLUSTER'
    is_word "$1" 16 || usage "not a cluster stack: $1"
    is_word "$2" 16 || usage "not a cluster's name: $2"
    a_volume
    opened
    unmounted
    stats
    # fsck answers its own question whether to stamp it anew with yes, without a lock.
    case $stamp in
    "$1/$2" | 'classic o2cb/') ;;
    *) refuse foreign-stack "$node belongs to $stamp, not $1/$2" ;;
    esac
    need fsck.ocfs2
    if unindexed && unused && run_fsck -fn; then echo "ok clean $node" && return; fi
    run_fsck -fy && [ -z "$told" ] && echo "ok clean $node" && return
    [ -n "$told" ] || stop 70 check-failed "$node: ${said##*"$NL"}"
    run_fsck -fy && echo "ok repaired $node" && return
    stop 70 check-failed "$node: ${problems:-${said##*"$NL"}}"
}

# mkfs and tunefs do not make an index for the system directory when it outgrows its inode.
# That is harmless, and fsck.ocfs2 1.8.7 makes one; with 1 KiB blocks and four slots it wrote
# over the last entry, and its next run lost truncate_log:0003. So it gets no chance.
unindexed() { # the system directory has neither an index nor its inode
    case $(debugfs.ocfs2 -R 'stat //' "$dev" 2>/dev/null </dev/null) in
    *"Dynamic Features: "*InlineData* | *"Dynamic Features: "*IndexedDir*) return 1 ;;
    *"Dynamic Features: "*) ;;
    *) stop 70 unreadable "debugfs.ocfs2 on $node tells nothing of the system directory" ;;
    esac
}

# With a slot taken -n would not tell of a journal that -y replays; nor does it clear a flag.
unused() { # after `stats`
    [ $((incompat & 0x24)) -eq 0 ] || return 1
    text=$(debugfs.ocfs2 -R slotmap "$dev" 2>/dev/null </dev/null)
    case $text in *Slot#*[0-9]*) return 1 ;; *Slot#*) ;; *) return 1 ;; esac
}

# The status is 0 with errors repaired and with errors left. What it complained about is in
# $told; the first $problems do not count the index; all is in $said.
run_fsck() { # run_fsck HOW: no problems, and all passes
    nobody_else unmounted # each time: the run before may have taken hours
    said=$(fsck.ocfs2 "$1" "$dev" 2>&1 </dev/null)
    told=$(printf '%s\n' "$said" | grep -E '^\[[A-Z_0-9]+\]')
    problems=$(printf '%s\n' "$told" | grep -v '^\[DX_TREE_MISSING\]' | head -n 20)
    case $problems:$said in :*'All passes succeeded'*) ;; *) return 1 ;; esac
}
