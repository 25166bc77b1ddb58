# Whether the device that was approved is mounted here: mounted, unmounted. After `opened`.
# Each refuses where it is not so (not-mounted, volume-mounted); unmounted counts a mount in any
# namespace, a heartbeat region and a lock domain.
#
# needs: lib/regions lib/domains

mounted() { # here
    # shellcheck disable=SC2002 # as in mounted_at
    cat /proc/self/mountinfo | grep -q "^[0-9]* [0-9]* $number .* - ocfs2 " ||
        refuse not-mounted "$node is not mounted here"
}

# Nor in a namespace where only one process sees it; and where nobody sees a mount, the
# heartbeat and the lock domain of a hidden one go on (manual ocfs2, 0.8).
unmounted() {
    set +f
    where=$(grep -l "^[0-9]* [0-9]* $number " /proc/[0-9]*/mountinfo 2>/dev/null)
    set -f
    [ -z "$where" ] || refuse volume-mounted "$node is mounted, see ${where%%"$NL"*}"
    regions
    case $found in *"/heartbeat/$volume$NL"*)
        refuse volume-mounted "$node has an active heartbeat region here" ;;
    esac
    domains
    case $found in *"$NL$(printf %.11s "$volume")"*)
        refuse volume-mounted "$node has an active lock domain here" ;;
    esac
}
