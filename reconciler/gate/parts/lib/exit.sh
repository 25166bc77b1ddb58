# How a call ends: stop STATUS CODE MESSAGE, or refuse CODE MESSAGE where nothing was changed, or
# usage MESSAGE where it was called wrongly. What is said goes to stderr, as "gate: CODE: MESSAGE".
# A new file that did not take its place goes, named $temp; `undo` names what else is taken back.
# Needs nothing, and refuses nothing by itself.

stop() { # stop STATUS CODE MESSAGE
    printf 'gate: %s: %s\n' "$2" "$3" >&2
    exit "$1"
}

refuse() { stop 75 "$@"; }

usage() { stop 64 usage "$1"; }

temp='' undo=''
clean() {
    [ -z "$undo" ] || "$undo"
    [ -z "$temp" ] || rm -f "$temp"
}
trap clean EXIT
trap 'exit 143' HUP INT TERM
