# What is mounted here: mounted_at PATH (the topmost there, in $found), is_options TEXT (a word
# or no), mount_failed (what mount said, what the kernel says, and the end with status 70).
# Reads /proc/self/mountinfo; refuses nothing else.

# The topmost mount there in $found as "MAJ:MIN TYPE", its options in $flags, how many are
# OCFS2 in $volumes.
mounted_at() { # mounted_at PATH
    found='' volumes=0 flags=''
    IFS=$NL
    # shellcheck disable=SC2013 # a line each
    for line in $(cat /proc/self/mountinfo); do
        IFS=' '
        # shellcheck disable=SC2086 # ID PARENT MAJ:MIN ROOT PATH OPTIONS [TAG...] - TYPE ...
        set -- "$1" $line
        point=$6
        case $point in *\\*) point=$(printf '%b' "$(echo "$point" | sed 's/\\/\\0/g')") ;; esac
        if [ "$point" = "$1" ]; then
            flags=$7,${line##* }
            line=${line#* - }
            found="$4 ${line%% *}"
            case $found in *' ocfs2') volumes=$((volumes + 1)) ;; esac
        fi
    done
}

mount_failed() { # as said, and what the kernel has to say
    printf 'gate: mount-failed: %s\n' "$said" >&2
    dmesg 2>/dev/null | grep -iE 'ocfs2[^-]|o2(cb|net|hb|dlm)' | tail -n 12 >&2
    exit 70
}

is_options() { case $1 in '' | -* | *[!A-Za-z0-9_=.,:@%+/-]*) return 1 ;; esac; }
