# unmount PATH                    plainly, never by force; whoever holds it is told, on stderr
# Done where nothing of OCFS2 is mounted there. Needs umount, ls and awk.
# Refuses where another file system is mounted over it (mount-path-busy); a busy one ends with
# status 70 (unmount-failed).
#
# needs: permit lib/mounts

verb_unmount() { # unmount PATH
    [ $# -eq 1 ] || usage 'unmount PATH'
    is_path "$1" || usage "not a plain absolute path: $1"
    mounted_at "$1"
    case $volumes:$found in
    0:*) echo "ok unmounted $1" && return ;;
    *' ocfs2') ;;
    *) refuse mount-path-busy "$1 has another file system over the volume: $found" ;;
    esac
    before=$volumes
    said=$(umount "$1" 2>&1 </dev/null) || said=${said:-umount failed}
    mounted_at "$1"
    if [ "$volumes" -eq 0 ]; then echo "ok unmounted $1" && return; fi
    [ "$volumes" -eq "$before" ] || said="another OCFS2 is mounted below"
    printf 'gate: unmount-failed: %s\n' "${said:-umount said nothing, yet $1 is mounted}" >&2
    holders "$1" >&2
    exit 70
}

# Who has something open or mapped, or its root, directory or program, at PATH or below it.
holders() { # holders PATH: "held by PID COMMAND FILE", at most 20
    set +f
    # ls -l reads links and opens nothing.
    # shellcheck disable=SC2012 # the only way to read links without a process for each
    list=$({
        ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/root /proc/[0-9]*/fd
        grep -sF " $1/" /dev/null /proc/[0-9]*/maps
    } 2>/dev/null | awk -v path="$(printf '%s' "$1" | sed 's/\\/&&/g')" '
        /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
        /^\/proc\/[0-9]+\/maps:/ {
            split($0, part, "/")
            pid = part[3]
            target = substr($0, index($0, " " path "/") + 1)
        }
        !/^\/proc\/[0-9]+\/maps:/ {
            if (!(at = index($0, " -> "))) next
            link = substr($0, 1, at - 1)
            target = substr($0, at + 4)
            if (match(link, /\/proc\/[0-9]+\/[a-z]+$/)) {
                split(substr(link, RSTART), part, "/")
                pid = part[3]
            }
        }
        (target == path || index(target, path "/") == 1) && !told[pid]++ && ++count <= 20 {
            print pid " " target
        }')
    set -f
    IFS=$NL
    for line in $list; do
        IFS= read -r command 2>/dev/null <"/proc/${line%% *}/comm" || continue # it has ended
        printf 'held by %s %s %s\n' "${line%% *}" "$command" "${line#* }" |
            tr '\001-\011\013-\037\177' '?'
    done
}
