# Who may act here: the state of the lock, read and written under a lock of its own. `deciding`
# begins, `decided` ends before the end of the call. Decided as in lease_decision.py: a run has the lease
# of this host, or on a storage host that of its cluster there; a token that each grant raises
# tells its commands from those of a run before it, or of the same run before it lost the lease.
# Refuses where another call decides (lease-busy), or the lease is another's (lease-lost).
#
# needs: lib/files

ROOM=32768 # bytes of the state's file, and of its spare: a full disk stops no run from ending

scope() { # scope SCOPE RUN: where that lease is, in $dir
    case $1 in
    -) dir=$STATE ;;
    *) is_word "$1" 16 || usage "neither - nor a cluster's name: $1" && dir=$STATE/$1 ;;
    esac
    is_word "$2" 64 || usage "not a run: $2"
}

deciding() { # nobody else decides here until the end, or `decided`; what is there, in variables
    need flock
    no_symlink "$STATE"
    directory "$STATE"
    chmod 700 "$STATE"
    no_symlink "$dir/lease"
    directory "$dir"
    exec 9>>"$dir/lock" || stop 70 write-failed "$dir/lock"
    flock -w 10 9 || refuse lease-busy "$dir/lock is locked"
    read_lease
    # What a run has begun here, and its children, hold this until they have ended.
    exec 8>>"$dir/busy" || stop 70 write-failed "$dir/busy"
    running=no
    flock -w 1 8 || running=yes
}

decided() { exec 9>&-; }

read_lease() { # the lease in $run (or nothing) $token $sealed ..., its $age; $uptime $this_boot
    IFS=' ' read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
    read -r this_boot </proc/sys/kernel/random/boot_id
    token=0 run='' sealed=0 holder='' hosts='' boot='' renewed='' step=0 action='' began='' age=0
    [ -e "$dir/lease" ] || return 0
    run=garbled whole=''
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
        began) began=$value whole=yes && break ;; # what follows only keeps room
        esac
    done <"$dir/lease"
    for value in "$token" "$sealed" "$renewed" "$step"; do is_number "$value" || whole=''; done
    # Of a file that cannot be read nothing is known, but that no count was as high as the date.
    if [ -z "$whole" ]; then
        token=$(date +%s) run=garbled sealed=0 holder='' hosts='' boot='' renewed=0 step=0
        action='' began=''
    fi
    age=$uptime # renewed before this boot: at least as old as the boot
    if [ "$boot" = "$this_boot" ]; then age=$((uptime - renewed)); fi
    [ "$age" -ge 0 ] || age=0
}

# The new state goes into the spare, which has its place on the disk already; then they change
# names. Cut short anywhere, `lease` is whole: the old one, or the new one.
write_lease() {
    text="token$TAB$token
run$TAB$run
sealed$TAB$sealed
holder$TAB$holder
hosts$TAB$hosts
boot$TAB$boot
renewed$TAB$renewed
step$TAB$step
action$TAB$action
began$TAB$began
pad$TAB"
    left=$((ROOM - ${#text} - 1))
    [ "$left" -ge 0 ] || refuse lease-too-long "the hosts of the run do not fit into $ROOM bytes"
    text=$text$(printf "%${left}s" '')
    spare=$dir/lease.spare
    if [ ! -e "$spare" ] && [ -e "$dir/lease.old" ]; then mv -f "$dir/lease.old" "$spare"; fi
    if [ -f "$spare" ] && [ ! -L "$spare" ] && [ "$(stat -c %s "$spare")" -eq $ROOM ]; then
        why=$(dd of="$spare" bs=$ROOM conv=notrunc,fsync 2>&1 <<END
$text
END
        ) || failed_write "$spare" "$why"
    else
        fill "$spare" <<END
$text
END
        replace "$spare" 600
    fi
    if [ ! -e "$dir/lease" ]; then # the first one: both get their place now
        fill "$dir/lease" <<END
$text
END
        replace "$dir/lease" 600
        return
    fi
    ln -f "$dir/lease" "$dir/lease.old" || stop 70 write-failed "$dir"
    mv -f "$spare" "$dir/lease" || stop 70 write-failed "$dir/lease"
    mv -f "$dir/lease.old" "$spare" || stop 70 write-failed "$spare"
    sync "$dir" 2>/dev/null || sync
}

is_paused() { # an operator wants nothing to run here; in words in $paused
    paused=''
    [ -f "$STATE/paused" ] || return 1
    until='' reason='' by=''
    while IFS=$TAB read -r key value; do
        case $key in
        reason) reason=$value ;;
        by) by=$value ;;
        until) until=$value ;;
        esac
    done <"$STATE/paused"
    if is_number "$until" && [ "$(date +%s)" -ge "$until" ]; then return 1; fi
    paused="$by: $reason"
}

works() { # works: what a run has begun here and may still be at, in words
    echo "run ${run:-that has ended} still works here${action:+ at $action}"
}

lost() { # lost RUN TOKEN: the lease is not that run's any more
    [ "$run:$token" != "$1:$2" ] || return 1
    refuse lease-lost "${run:-no lease}"
}

is_token() { is_number "$1" || usage "not a token: $1"; }
