# When things came to be, by what they left: tell_times ROW LINES, each of LINES a name, a tab and a
# path, prints ROW, the name, when the path itself was last changed (seconds since 1970), and the
# path. Nothing, where one cannot be looked at.
#
# needs: lib/print

tell_times() {
    kind=$1 lines=$2
    set --
    IFS=$NL
    for line in $lines; do set -- "$@" "${line#*"$TAB"}"; done
    if [ $# -eq 0 ] || ! times=$(stat -c %Y "$@"); then return; fi
    for time in $times; do
        row "$kind" "${lines%%"$TAB"*}" "$time" "$1"
        lines=${lines#*"$NL"}
        shift
    done
}
