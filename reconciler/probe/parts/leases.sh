# leases, pauses: who may act here, and what nobody may act on. The gate writes both.
# Fails where they are garbled, or hidden from whoever asks.
#
# needs: lib/state

probe_leases() { # who may act here: for all that the host is, and on a storage host by cluster
    our_state
    lease_of - "$STATE"
    glob "$STATE/*/lease"
    for file in $globbed; do
        [ -e "$file" ] || continue
        directory=${file%/lease}
        lease_of "${directory##*/}" "$directory"
    done
}

lease_of() { # lease_of SCOPE DIRECTORY: as the gate has written it, and what still runs of it
    works_on "$2/busy"
    if [ ! -e "$2/lease" ]; then
        [ "$works" = no ] || row lease "$1" - - 0 0 0 - - "$works"
        return 0
    fi
    token='' run='' sealed='' holder='' hosts='' boot='' renewed='' step='' action='' began=garbled
    while IFS=$TAB read -r key value; do
        case $key in
        token) token=$value ;;
        run) run=$value ;;
        sealed) sealed=$value ;;
        holder) holder=$value ;;
        hosts) hosts=$value ;;
        boot) boot=$value ;;
        renewed) renewed=$value ;;
        step) step=$value ;;
        action) action=$value ;;
        began) began=$value && break ;; # what follows only keeps room
        esac
    done <"$2/lease"
    for value in "$token" "$sealed" "$renewed" "$step"; do
        case $value in '' | *[!0-9]*) began=garbled ;; esac
    done
    [ "$began" != garbled ] || fail "the lease file is garbled"
    if [ -z "$run" ] && [ "$works" = no ]; then return 0; fi
    get /proc/uptime
    age=${got%%.*}
    get /proc/sys/kernel/random/boot_id
    # It was renewed before this boot: then it is at least as old as the boot.
    if [ "$got" = "$boot" ]; then age=$((age - renewed)); fi
    if [ "$age" -lt 0 ] || [ -z "$run" ]; then age=0; fi
    case $began in
    '') began=- ;;
    "$got") began=now ;;
    *) began=before ;;
    esac
    set -- "$1" "${run:--}" "${holder:--}" "$age" "$sealed" "$step" "${action:--}" "$began"
    row lease "$@" "$works"
    while [ -n "$hosts" ]; do
        row with "$1" "${hosts%%,*}"
        case $hosts in *,*) hosts=${hosts#*,} ;; *) hosts='' ;; esac
    done
}

# What the gate begins, and its children, hold a lock on that file until they have ended. The
# kernel lists it; in a process namespace of its own not if who took it has ended. Then it is
# tried, shared and for an instant: a gate that comes just then waits for longer.
works_on() { # works_on FILE: in $works no, or processes: PID COMMAND, ... or yes
    works=no
    [ -e "$1" ] || return 0
    inode=$(ls -id "$1") || fail "$1 cannot be read"
    inode=${inode#"${inode%%[! ]*}"}
    inode=${inode%% *}
    locked=''
    while IFS=' ' read -r _ kind _ _ _ place _; do
        case $kind:$place in "FLOCK:"*":$inode") locked=yes ;; esac
    done </proc/locks
    if [ -z "$locked" ]; then
        case $(readlink /proc/self/ns/pid) in 'pid:[4026531836]') return 0 ;; esac # the first one
        has flock || fail "no flock, to see whether a command still runs"
    fi
    if has flock && (flock -s -n 3) 3<"$1"; then return 0; fi
    works=''
    glob "/proc/[0-9]*"
    for process in $globbed; do
        # The gate has it as its descriptor 8, and so has what it runs.
        [ "$process/fd/8" -ef "$1" ] || continue
        get "$process/comm"
        plain "$got"
        works="$works, ${process#/proc/} $got"
    done
    works=${works#, }
    [ -n "$works" ] || works=yes
}

probe_pauses() { # what an operator wants nothing to be done on; one that has passed is none
    our_state
    [ -e "$STATE/paused" ] || return 0
    cluster='' reason='' by='' since='' until=''
    while IFS=$TAB read -r key value; do
        case $key in
        cluster) cluster=$value ;;
        reason) reason=$value ;;
        by) by=$value ;;
        since) since=$value ;;
        until) until=$value ;;
        esac
    done <"$STATE/paused"
    case $since in '' | *[!0-9]*) fail "the file of the pause is garbled" ;; esac
    case $cluster,$reason,$by in ,* | *,,* | *,) fail "the file of the pause is garbled" ;; esac
    case $until in
    -) ;;
    '' | *[!0-9]*) fail "the file of the pause is garbled" ;;
    *) if [ "$(date +%s)" -ge "$until" ]; then return 0; fi ;;
    esac
    row paused "$cluster" "$reason" "$by" "$since" "$until"
}
