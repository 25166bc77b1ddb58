# lease-acquire SCOPE RUN HOLDER HOSTS DISPLACES   all hosts of the run, by commas; DISPLACES is a
#                                      run that is known to have ended, or -
# lease-renew|lease-seal|lease-free SCOPE RUN TOKEN   that it lives; that nothing of it starts here
#                                      any more; that it is sealed on all its hosts
# lease-unlock SCOPE RUN               an operator takes it from that run
# Refuse: paused, lease-held, lease-busy, lease-lost, lease-open, lease-garbled.
#
# needs: lib/lease

EXPIRY=120 # seconds without renewal after which a lease may be displaced

verb_lease_acquire() { # lease-acquire SCOPE RUN HOLDER HOSTS DISPLACES
    [ $# -eq 5 ] || usage 'lease-acquire SCOPE RUN HOLDER HOSTS DISPLACES'
    scope "$@"
    case $3 in '' | *[[:cntrl:]]*) usage 'a holder without control characters' ;; esac
    [ ${#3} -le 1024 ] || usage 'the holder is longer than 1024 bytes'
    case $4 in '' | *[!A-Za-z0-9_.,:-]*) usage "not hosts: $4" ;; esac
    [ "$5" = - ] || is_word "$5" 64 || usage "not a run: $5"
    deciding
    if is_paused; then refuse paused "$paused"; fi
    case $run in
    '' | "$2" | "$5") ;;
    garbled) # and with it the hosts of whoever had it: no time makes that good
        [ "$sealed" = 1 ] || refuse lease-garbled "$dir/lease cannot be read"
        ;;
    *)
        [ "$sealed" = 1 ] || [ "$age" -gt $EXPIRY ] ||
            refuse lease-held "$run$TAB$holder$TAB$age"
        ;;
    esac
    [ $running = no ] || refuse lease-busy "$(works)"
    # Also of the same run: the answer that told it whom it displaced may have been lost.
    displaced=''
    [ -z "$run" ] || displaced="${NL}displaced $run ${hosts:--}"
    token=$((token + 1)) run=$2 sealed=0 holder=$3 boot=$this_boot renewed=$uptime
    step=0 action='' began=''
    [ -z "$hosts" ] || hosts=$(others "$4" "$hosts")
    hosts=$4$hosts
    write_lease
    echo "ok acquired $2 $token$displaced"
}

others() { # others LIST MORE: whom MORE names and LIST does not, with a comma before each
    printf '%s\n' "$2" | tr , '\n' | while read -r host; do
        case ,$1, in *",$host,"*) ;; *) printf ',%s' "$host" ;; esac
    done
}

verb_lease_renew() { # lease-renew SCOPE RUN TOKEN
    [ $# -eq 3 ] || usage 'lease-renew SCOPE RUN TOKEN'
    scope "$@"
    is_token "$3"
    deciding
    lost "$2" "$3"
    [ "$sealed" = 0 ] || refuse lease-lost "$2 has ended"
    boot=$this_boot renewed=$uptime
    write_lease
    echo "ok renewed $2 $this_boot $uptime"
}

verb_lease_seal() { # lease-seal SCOPE RUN TOKEN: nothing of it starts here any more
    [ $# -eq 3 ] || usage 'lease-seal SCOPE RUN TOKEN'
    scope "$@"
    is_token "$3"
    deciding
    lost "$2" "$3"
    [ $running = no ] || refuse lease-busy "$(works)"
    sealed=1
    write_lease
    echo "ok sealed $2"
}

verb_lease_free() { # lease-free SCOPE RUN TOKEN: once it is sealed on all hosts of the run
    [ $# -eq 3 ] || usage 'lease-free SCOPE RUN TOKEN'
    scope "$@"
    is_token "$3"
    deciding
    lost "$2" "$3"
    [ "$sealed" = 1 ] || refuse lease-open "$2 is not sealed here"
    run='' sealed=0 holder='' hosts='' boot='' renewed=0 step=0 action='' began=''
    write_lease
    echo "ok freed $2"
}

# Sealed, not freed: whoever comes next must learn where else that run has it.
verb_lease_unlock() { # lease-unlock SCOPE RUN: an operator takes it from that run
    [ $# -eq 2 ] || usage 'lease-unlock SCOPE RUN'
    scope "$@"
    deciding
    [ "$run" = "$2" ] || refuse lease-lost "${run:-no lease}"
    [ $running = no ] || refuse lease-busy "$(works)"
    sealed=1
    write_lease
    echo "ok unlocked $2 $token"
}
