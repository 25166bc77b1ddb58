# stop-guest NAME SECONDS LIST STOP                 until it is not listed; never killed
# migrate-guest NAME SECONDS LIST MIGRATE STOP         else it is stopped
# start-guest PATH NAME SECONDS LIST START             once PATH is mounted; until it is listed
# LIST, STOP, ... are the operator's commands, a word a line. Refuses to start where PATH is not
# OCFS2 (not-mounted); else ends with status 70: guest-still-runs, guest-not-started, guests-unread.
#
# needs: permit lib/files lib/clock lib/mounts

MIGRATION=1800 # seconds; what has no end by then goes on, and nothing else is tried

verb_stop_guest() { # stop-guest NAME SECONDS LIST STOP
    [ $# -eq 4 ] || usage 'stop-guest NAME SECONDS LIST STOP'
    guest_words "$@"
    if is_listed "$1" "$3"; then shut_down "$@"; fi
    echo "ok stopped $1"
}

shut_down() { # shut_down NAME SECONDS LIST STOP
    send "$4"
    deadline "$2"
    while has_ended; is_listed "$1" "$3"; do
        case $status in '' | 0) ;; *) stop 70 guest-still-runs "$1: $failure" ;; esac
        [ "$uptime" -lt $end ] || stop 70 guest-still-runs "$1 still runs after $2 s"
        sleep 1
    done
}

verb_migrate_guest() { # migrate-guest NAME SECONDS LIST MIGRATE STOP
    [ $# -eq 5 ] || usage 'migrate-guest NAME SECONDS LIST MIGRATE STOP'
    guest_words "$@"
    if is_listed "$1" "$3"; then
        send "$4"
        deadline $MIGRATION
        until has_ended; do
            [ "$uptime" -lt $end ] || stop 70 guest-still-runs "$1 still moves after $MIGRATION s"
            sleep 1
        done
        deadline 10 # for who is told before the last trace is gone
        while [ "$status" = 0 ] && [ "$uptime" -lt $end ] && is_listed "$1" "$3"; do sleep 1; done
        if is_listed "$1" "$3"; then
            rm -f "$temp"
            why=${failure:+: $failure}
            shut_down "$1" "$2" "$3" "$5"
            echo "ok stopped $1; it did not move$why"
            return
        fi
    fi
    echo "ok migrated $1"
}

verb_start_guest() { # start-guest PATH NAME SECONDS LIST START
    [ $# -eq 5 ] || usage 'start-guest PATH NAME SECONDS LIST START'
    is_path "$1" || usage "not a plain absolute path: $1"
    path=$1
    shift
    guest_words "$@"
    deadline "$2" # an agent may still be mounting it
    while mounted_at "$path"; case $found in *' ocfs2') false ;; esac; do
        [ "$uptime" -lt $end ] || refuse not-mounted "$path has ${found:-nothing} mounted"
        sleep 1
        now
    done
    if is_listed "$1" "$3"; then echo "ok started $1" && return; fi
    send "$4"
    deadline "$2"
    while has_ended; ! is_listed "$1" "$3"; do
        case $status in '' | 0) ;; *) stop 70 guest-not-started "$1: $failure" ;; esac
        [ "$uptime" -lt $end ] || stop 70 guest-not-started "$1 does not run after $2 s"
        sleep 1
    done
    echo "ok started $1"
}

guest_words() { # guest_words NAME SECONDS COMMAND...
    case $1 in '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.:+@-]*) usage "not a guest's name: $1" ;; esac
    [ ${#1} -le 128 ] || usage "not a guest's name: $1"
    if ! is_number "$2" || [ ${#2} -gt 8 ]; then usage "not seconds: $2"; fi
    shift 2
    for command; do
        case $command in '' | "$NL"* | *"$NL" | *"$NL$NL"*) usage 'an empty word' ;; esac
        IFS=$NL
        for word in $command; do
            case $word in *[[:cntrl:]]*) usage 'control character in a command' ;; esac
        done
    done
}

# What cannot be listed is not absent: it ends the waiting. A list without its end is none: it
# was too long, or cut off; what the command leaves behind may hold its output, and ends nothing.
is_listed() { # is_listed NAME LIST
    IFS=$NL
    # shellcheck disable=SC2086 # a word a line
    all=$({ limited 20 $2; printf '\n@@ended %s\n' "$?"; } 2>/dev/null </dev/null 8>&- |
        sed '/^@@ended [0-9]*$/q' | head -c 65536)
    now
    case $NL$all in
    *"$NL@@ended 0") ;;
    *"$NL@@ended "*) stop 70 guests-unread "${2%%"$NL"*} ended with status ${all##* }" ;;
    *) stop 70 guests-unread "${2%%"$NL"*} printed more than 64 KiB" ;;
    esac
    case $NL$all$NL in *"$NL$1$NL"*) ;; *) return 1 ;; esac
}

if has timeout; then
    limited() { timeout -k 2 "$@"; }
else
    limited() { shift && "$@"; }
fi

# It neither ends with us nor holds our lock or our output: what it starts may be a guest. It is
# a program, not one of our own functions, whatever it is called.
send() { # send COMMAND: $temp gets what it says, at the end with its status
    directory "$STATE"
    temp=$(mktemp "$STATE/.guest.XXXXXX") || stop 70 write-failed "$STATE"
    IFS=$NL
    # shellcheck disable=SC2086 # a word a line
    { command $1; echo "@@$?"; } >"$temp" 2>&1 </dev/null 8>&- &
}

has_ended() { # its $status, or nothing while it runs; why it failed, in $failure
    now
    said=$(tail -c 2000 "$temp")
    status='' failure=''
    case $said in *@@[0-9]*)
        status=${said##*@@}
        said=$(printf '%s' "${said%"@@$status"}") # without its last line feeds
        [ "$status" = 0 ] || failure="the command ended with $status: ${said##*"$NL"}"
        return 0
        ;;
    esac
    return 1
}
