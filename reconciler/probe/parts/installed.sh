# The beginning of the text that stands on a host for a user who may only look; `reconcile sudoers
# --read-only` writes it, with what it asks after this. sudo gives it no argument. It begins itself
# anew without anything of its caller's: no variable, no directory, no input, no limit that would
# stop a program of the host halfway. One at a time, since it reads shared disks, and for two
# minutes at most.

is_new() { # is_new IP...: whether one is on no list of nodes of the running kernel
    set +f
    for ip; do
        grep -qsFx "$ip" /sys/kernel/config/cluster/*/node/*/ipv4_address && continue
        set -f && return 0
    done
    set -f && return 1
}

case $#:${1-} in
0:)
    cd / || exit 70
    for limit in t f d s v m l; do ulimit -$limit unlimited; done
    ulimit -n 1024
    exec 9<"$0"
    timeout 30 flock 9 || {
        echo 'another look still runs on this host, or flock and timeout are not there'
        exit 75
    }
    # Neither this nor what it starts may keep the lock when the time is over.
    timeout -k 5 120 env -i HOME=/root /bin/sh "$0" alone 9<&-
    exit
    ;;
1:alone) ;;
*) exit 64 ;;
esac
