# All that is read as text, at once: prepare_files, before any section, each line after its path.
# tell_file PATH: its block, whole, with mode, owner, digest and when it was last written; fails where it is no file that can be read, or
# is larger than 256 KiB. Also $self (our uid and the clock) and $mountinfo.
#
# needs: lib/state

O2CB=/etc/default/o2cb
if [ -e /etc/default/o2cb ]; then :; elif [ -e /etc/sysconfig/o2cb ]; then
    O2CB=/etc/sysconfig/o2cb
elif [ -d /etc/sysconfig ]; then
    if [ ! -d /etc/default ] || [ -e /etc/redhat-release ]; then O2CB=/etc/sysconfig/o2cb; fi
fi

prepare_files() { # all that is read as text, at once, each line after its path
    state_files
    records=$globbed
    glob '/etc/systemd/system/*.d/reconcile.conf'
    set --
    for path in /etc/ocfs2/cluster.conf "$O2CB" /etc/fstab $records $globbed; do
        if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"; fi
    done
    # Of /proc/self, which is stat itself: the owner is our uid, the change time is now.
    modes=$(stat -L -c '%n %a %s %Y %u %Z' "$@" /proc/self)
    self=${modes##*"$NL"}
    self=${self#* * * * }
    set --
    IFS=$NL
    for line in $modes; do
        line=${line% * * *}
        path=${line% * *}
        if [ "$path" != /proc/self ] && [ "${line##* }" -le 262144 ]; then
            set -- "$@" "$path"
        fi
    done
    sums='' texts='' mountinfo=''
    if [ $# -gt 0 ] && has sha256sum; then sums=$(sha256sum "$@"); fi
    if [ -d /sys/fs/ocfs2 ] || [ "$paths" != "$NL" ]; then set -- "$@" /proc/1/mountinfo; fi
    if [ $# -gt 0 ]; then texts=$(grep -a '' /dev/null "$@"); fi
    for line in $texts; do
        case $line in /proc/1/mountinfo:*) mountinfo=$mountinfo${line#*:}$NL ;; esac
    done
}

tell_file() { # tell_file PATH: its block
    row path "$1"
    if [ ! -e "$1" ] && [ ! -L "$1" ]; then
        row state absent
        return
    fi
    IFS=$NL size=
    for line in $modes; do
        if [ "${line% * * * * *}" = "$1" ]; then
            line=${line#"$1 "}
            mode=${line%% *} line=${line#* }
            size=${line%% *} line=${line#* }
            written=${line%% *} line=${line#* }
            owner=${line%% *}
        fi
    done
    [ -n "$size" ] || fail "$1 is not a readable file"
    [ "$size" -le 262144 ] || fail "$1 is larger than 256 KiB"
    row state present
    IFS=$NL
    for line in $sums; do
        case $line in *" $1" | *"*$1") row sha256 "${line%% *}" ;; esac
    done
    row mode "$mode"
    row written "$written"
    row owner "$owner"
    file_text "$1" "$size"
}

file_text() { # file_text PATH SIZE
    left=$2 IFS=$NL
    for line in $texts; do
        case $line in "$1:"*)
            line=${line#"$1:"}
            left=$((left - ${#line} - 1))
            say "|$line"
            ;;
        esac
    done
    case $left in
    0) ;;
    -1) say nonl ;; # the last line lacks its line feed
    *) fail "$1 could not be read whole" ;;
    esac
}
