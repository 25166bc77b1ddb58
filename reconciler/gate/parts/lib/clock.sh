# Time by the seconds since the boot, which nobody sets: now (in $uptime), deadline SECONDS (the
# end, in $end). Needs /proc/uptime, and refuses nothing.

now() { # seconds since the boot in $uptime
    IFS=' ' read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
}

deadline() { # deadline SECONDS: in $end
    now
    end=$((uptime + $1))
}
