# mounts: what of OCFS2 is mounted, in every namespace; and whatever is at a --path. Of a --size the
# room, which waits at most 5 seconds. Fails for who is not root.
#
# needs: lib/files lib/octal

probe_mounts() {
    if [ ! -d /sys/fs/ocfs2 ] && [ "$paths" = "$NL" ]; then return; fi
    [ -n "$mountinfo" ] || fail "/proc/1/mountinfo is not readable"
    [ -r /proc/1/mem ] || fail "not root: the namespaces of others are hidden"
    seen=$NL
    IFS=$NL
    volumes=$NL
    for line in $mountinfo; do mounted 1 "$line"; done
    [ -d /sys/fs/ocfs2 ] || return 0
    sizes
    set -- /proc/1
    glob '/proc/[0-9]*'
    for dir in $globbed; do # one process of every other mount namespace
        for known; do
            if [ "$dir/ns/mnt" -ef "$known/ns/mnt" ]; then continue 2; fi
        done
        if [ -e "$dir/ns/mnt" ]; then set -- "$@" "$dir"; fi
    done
    shift
    [ $# -gt 0 ] || return 0
    for dir; do shift && set -- "$@" "$dir/mountinfo"; done
    IFS=$NL
    # shellcheck disable=SC2013 # one process for all of them
    for line in $(grep -s ' - ocfs2 ' /dev/null "$@"); do
        dir=${line%%/mountinfo:*}
        mounted "${dir#/proc/}" "${line#*/mountinfo:}"
    done
}

sizes() { # only if asked: statfs takes a cluster lock, and hangs while a dead host is recovered
    IFS=$NL
    for path in $volumes; do
        real=$(printf '%b' "$(octal "$path")")
        case $sized in *"$NL$real$NL"*) ;; *) continue ;; esac
        IFS=' '
        # shellcheck disable=SC2046,SC2086 # blocks, free ones, bytes a block
        set -- $(limited 5 stat -f -c '%b %a %S' "$real")
        if [ $# -eq 3 ]; then row size "$path" $(($1 * $3)) $(($2 * $3)); fi
        IFS=$NL
    done
}

mounted() { # mounted PID LINE: prints an ocfs2 mount, or any type on a --path
    pid=$1 IFS=' '
    # ID PARENT MAJ:MIN ROOT PATH OPTIONS [TAG...] - TYPE SOURCE OPTIONS
    # shellcheck disable=SC2086
    set -- $2
    number=$3 path=$5 options=$6
    while [ "$1" != - ]; do shift; done
    case "$2" in
    ocfs2)
        case $seen in *"$NL$number $path$NL"*) return ;; esac
        seen=$seen$number" "$path$NL
        [ "$pid" != 1 ] || volumes=$volumes$path$NL
        row mount "$path" "$3" "$number" "$options,$4" "$pid"
        ;;
    *)
        case $path in *\\*) real=$(printf '%b' "$(octal "$path")") ;; *) real=$path ;; esac
        case $paths in *"$NL$real$NL"*) row other "$path" "$2" "$3" ;; esac
        ;;
    esac
}
