# processes: who has something open, mapped, or its root or directory, under a mount of OCFS2; with
# its unit, and its guest. Fails for who is not root. Nothing is opened.
#
# needs: lib/files lib/octal lib/guest_names

probe_processes() { # who has something open, mapped, or its root or directory, under a mount
    mounts='' mapped=''
    IFS=$NL
    for line in $mountinfo; do
        case $line in *' - ocfs2 '*)
            IFS=' '
            # shellcheck disable=SC2086 # the fifth is the mount point
            set -- $line
            mounts=$mounts$5\\n
            mapped="$mapped$NL $(printf '%b' "$(octal "$5")")/"
            ;;
        esac
    done
    [ -n "$mounts" ] || return 0
    [ -r /proc/1/mem ] || fail "not root: what others have open is hidden"
    set +f
    # ls -l reads links and opens nothing; awk decodes mountinfo's octal escapes, and counts for each
    # mount on its own: what uses one hides nobody who uses another.
    # shellcheck disable=SC2012 # the only way to read links without a process for each
    list=$({
        ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/root /proc/[0-9]*/fd
        grep -sF "${mapped#"$NL"}" /dev/null /proc/[0-9]*/maps
    } | awk -v mounts="$mounts" '
        BEGIN { n = split(mounts, mount, "\n") - 1 }
        /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
        /^\/proc\/[0-9]+\/maps:/ {
            split($0, part, "/")
            pid = part[3]
            target = $0
            for (i = 1; i <= n; i++)
                if (at = index($0, " " mount[i] "/")) target = substr($0, at + 1)
            told_of()
            next
        }
        at = index($0, " -> ") {
            link = substr($0, 1, at - 1)
            target = substr($0, at + 4)
            if (match(link, /\/proc\/[0-9]+\/[a-z]+$/)) {
                split(substr(link, RSTART), part, "/")
                pid = part[3]
            }
            told_of()
        }
        function told_of() {
            for (i = 1; i <= n; i++)
                if ((target == mount[i] || index(target, mount[i] "/") == 1) &&
                    !told[pid, i]++ && ++count[i] <= 200) print pid " " target
        }')
    set -f
    IFS=$NL
    for line in $list; do
        get "/proc/${line%% *}/comm" || continue # it has ended meanwhile
        plain "$got"
        command=$got
        plain "${line#* }"
        target=$got
        unit_of "${line%% *}"
        unit=$got
        guest_of "${line%% *}" "$unit"
        row proc "${line%% *}" "$command" "$target" "$unit" "$got"
        IFS=$NL
    done
}

# The first of a cgroup's path that is no slice: what is below may be a manager of its own,
# whose units are not the host's (systemd, cg_path_get_unit).
unit_of() { # unit_of PID: in $got, or -
    got=-
    while IFS= read -r group; do
        case $group in 0::/* | *:name=systemd:/*) ;; *) continue ;; esac
        IFS=/
        # shellcheck disable=SC2086 # split into the path's names
        set -- ${group#*:*:/}
        for name; do
            case $name in *.service | *.scope | *.socket | *.mount | *.swap)
                plain "${name#_}" # an underscore keeps a name from being taken for a file's
                break 2
                ;;
            esac
        done
    done <"/proc/$1/cgroup"
    IFS=$NL
}
