# The end of every text: it calls the verb. as and on stand before another one, which they call.
# What changes the host begins only as a run that may act here (permit); the lock itself, and an
# operator's pause, need none. Refuses nothing: a verb that is not in the text is called wrongly.
#
# needs: lib/exit lib/arguments

permitted=''

call() { # call VERB ARG...
    case $1 in
    as | lease-* | pause | resume) ;;
    *) [ -n "$permitted" ] || usage "$1 needs a run that it is of: as SCOPE RUN ..." ;;
    esac
    verb=$1
    shift
    case $verb in '' | *[!a-z-]*) usage "no such verb: $verb" ;; esac
    named=verb_$verb
    while case $named in *-*) ;; *) false ;; esac; do
        named=${named%%-*}_${named#*-}
    done
    command -v "$named" >/dev/null || usage "no such verb: $verb"
    "$named" "$@"
}

[ $# -ge 1 ] || usage 'which verb?'
call "$@"
