# as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION VERB ARG...: who a command is of. SCOPE is - for a
# member, a cluster on a storage host. It begins once a STEP, in that BOOT, up to that second of it,
# and what it was is on the disk before it begins. Every verb that changes the host needs it.
# Refuses: lease-lost, paused, lease-busy, action-repeated, rebooted, facts-stale.
#
# needs: lib/lease

# One command of a run, once, on facts that are fresh by this boot's own clock. What it was is
# on the disk before it begins.
verb_as() { # as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION VERB ARG...
    [ -z "$permitted" ] || usage 'no such verb: as'
    [ $# -ge 8 ] || usage 'as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION VERB ARG...'
    act "$@"
    permitted=yes
    shift 7
    call "$@"
}

act() { # act SCOPE RUN TOKEN STEP BOOT UNTIL ACTION ...
    scope "$@"
    is_token "$3"
    for word in "$4" "$6"; do is_number "$word" || usage "not a number: $word"; done
    case $7 in '' | *[[:cntrl:]]*) usage 'an action without control characters' ;; esac
    [ ${#7} -le 1024 ] || usage 'the action is longer than 1024 bytes'
    deciding
    lost "$2" "$3"
    [ "$sealed" = 0 ] || refuse lease-lost "$2 has ended"
    if is_paused; then refuse paused "$paused"; fi
    [ $running = no ] || refuse lease-busy "$(works)"
    [ "$4" -gt "$step" ] || refuse action-repeated "step $4 of $2 has been here: ${action:-?}"
    [ "$5" = "$this_boot" ] || refuse rebooted "this host has booted since it was looked at"
    [ "$uptime" -le "$6" ] || refuse facts-stale "it took $((uptime - $6)) s too long to come here"
    step=$4 action=$7 began=$this_boot boot=$this_boot renewed=$uptime
    write_lease
    decided
}
