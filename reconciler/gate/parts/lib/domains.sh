# domains: the lock domains of this kernel, of whatever namespace, in $found: a line feed before each.
# Reads debugfs where it is mounted, else the names of the kernel's threads. Refuses nothing.

domains() { # the lock domains of this kernel, after a line feed each, in $found
    found=$NL
    set +f
    if [ -d /sys/kernel/debug/o2dlm ]; then
        for item in /sys/kernel/debug/o2dlm/*; do
            if [ -d "$item" ]; then found=$found${item##*/}$NL; fi
        done
    else # each has a thread dlm-NAME, of whose name older kernels tell eleven letters
        found=$NL$(cat /proc/[0-9]*/comm 2>/dev/null | sed -n 's/^dlm-//p')$NL
    fi
    set -f
    if [ "$found" = "$NL$NL" ]; then found=$NL; fi
}
