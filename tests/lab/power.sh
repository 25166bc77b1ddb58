#!/bin/bash
# power LINUX NAME ARGUMENT...   PID 1 of one host's PID namespace.
#
# On reboot UML runs argv[0] again, but leftover processes keep its tap devices open and the new
# kernel would have no network.  So argv[0] is a copy of this script named "reboot", which only
# reports, and a fresh UML starts when everything else in the namespace is dead.  UML is not PID 1
# itself: on panic it aborts itself, and PID 1 would ignore that.
if [ "${0##*/}" = reboot ]; then exit 77; fi
[ $$ = 1 ] || exit 1   # kill -1 below must never leave its namespace
linux=$1 name=$2
shift 2
cd "${0%/*}" && ulimit -c 0
while :; do
    rm -rf "uml/$name"
    (exec -a "$PWD/reboot" "$linux" "umid=$name" "uml_dir=$PWD/uml/" "$@")
    status=$?
    kill -KILL -1
    echo "lab: UML exited with $status"
    [ $status = 77 ] || exit $status
done
