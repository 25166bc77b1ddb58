# pause CLUSTER REASON BY UNTIL   nothing starts here until that second of the clock, or for so many
#                                      from now (+N), or until `resume` (-)
# resume                               as if nobody had paused it
# pause refuses where it is paused already (paused); both where another decides (lease-busy).
#
# needs: lib/files lib/lease

verb_pause() { # pause CLUSTER REASON BY UNTIL: by anyone; who has paused it first is not overruled
    [ $# -eq 4 ] || usage 'pause CLUSTER REASON BY UNTIL'
    is_word "$1" 16 || usage "not a cluster's name: $1"
    for word in "$2" "$3"; do
        case $word in '' | *[[:cntrl:]]*) usage "neither a reason nor a name: $word" ;; esac
        [ ${#word} -le 1024 ] || usage 'more than 1024 bytes'
    done
    [ "$4" = - ] || is_number "${4#+}" || usage "not a second: $4"
    pausing
    if is_paused; then refuse paused "$paused"; fi
    since=$(date +%s)
    case $4 in # by this host's own clock, whatever the controller's is
    +*) until=$((since + ${4#+})) ;;
    *) until=$4 ;;
    esac
    fill "$STATE/paused" <<END
cluster$TAB$1
reason$TAB$2
by$TAB$3
since$TAB$since
until$TAB$until
END
    replace "$STATE/paused" 600
    echo "ok paused $1"
}

verb_resume() { # resume: as if nobody had paused it
    [ $# -eq 0 ] || usage resume
    pausing
    rm -f "$STATE/paused" || stop 70 write-failed "$STATE/paused"
    sync "$STATE" 2>/dev/null || sync
    echo "ok resumed"
}

pausing() { # not between the look and the start of a command
    dir=$STATE
    deciding
    no_symlink "$STATE/paused"
}
