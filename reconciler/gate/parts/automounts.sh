# disarm unit NAME -              a .mount or .automount unit never starts again
# disarm autofs FILE LINE              that line of an autofs map is commented out
# Whatever is mounted or started stays so. Needs systemctl for a unit, awk for a map.
# Refuses an automount that is active (automount-active), and units and maps that a generator or
# a program makes (automount-generated).
#
# needs: permit lib/files lib/former_files

verb_disarm() { # disarm KIND NAME LINE
    [ $# -eq 3 ] || usage 'disarm KIND NAME LINE'
    case $1:$3 in
    unit:-) disarm_unit "$2" ;;
    autofs:?*) disarm_map "$2" "$3" ;;
    *) usage "neither a unit nor a line of an autofs map: $1" ;;
    esac
}

disarm_unit() { # disarm_unit NAME: whatever is mounted or started stays so
    case $1 in
    [!A-Za-z0-9_\\]* | *[!A-Za-z0-9:_.\\@-]*) usage "not a unit to be disarmed: $1" ;;
    ?*.mount | ?*.automount) ;;
    *) usage "not a unit to be disarmed: $1" ;;
    esac
    [ ${#1} -le 255 ] || usage "not a unit to be disarmed: $1"
    need systemctl
    n=0
    while armed "$1"; do
        [ $n -lt 3 ] || stop 70 disarm-failed "$1 is still at $fragment"
        take_away "$1"
        n=$((n + 1))
    done
    echo "ok disarmed $1"
}

armed() { # armed NAME: it has a file, in $fragment, that can start it
    state=$(systemctl show -p LoadState -p ActiveState -p FragmentPath "$1" 2>/dev/null)
    case $1:$NL$state$NL in *.automount:*"${NL}ActiveState=active$NL"*)
        refuse automount-active "$1 is active" ;;
    esac
    fragment=${state##*FragmentPath=}
    fragment=${fragment%%"$NL"*}
    case $NL$state$NL in
    *"${NL}LoadState=masked$NL"*) return 1 ;;
    *"${NL}LoadState="*) ;;
    *) stop 70 disarm-failed "systemctl tells nothing of $1" ;;
    esac
    # A file that systemd has not read yet is armed at the next boot.
    for dir in /usr/lib /lib /usr/local/lib /run /etc; do
        dir=$dir/systemd/system
        if [ -z "$fragment" ] && [ -e "$dir/$1" ]; then fragment=$dir/$1; fi
    done
    [ -n "$fragment" ]
}

take_away() { # take_away NAME: a file of the package below it, if any, is the next one's
    case $fragment in
    /run/*) refuse automount-generated "$1 comes from $fragment" ;;
    /etc/*)
        systemctl disable "$1" >/dev/null 2>&1 </dev/null
        if [ -e "$fragment" ] || [ -L "$fragment" ]; then archive "$fragment"; fi
        ;;
    *)
        systemctl disable "$1" >/dev/null 2>&1 </dev/null
        systemctl mask "$1" >/dev/null 2>&1 </dev/null
        sync -f /etc 2>/dev/null || sync
        ;;
    esac
    systemctl daemon-reload >/dev/null 2>&1 </dev/null
}

disarm_map() { # disarm_map FILE LINE
    case $1 in
    */../* | *[[:cntrl:]]*) usage "not an autofs map: $1" ;;
    /etc/auto.master.d/?*/*) usage "not an autofs map: $1" ;;
    /etc/auto.master.d/?*) ;;
    /etc/auto.*/*) usage "not an autofs map: $1" ;;
    /etc/auto.?*) ;;
    *) usage "not an autofs map: $1" ;;
    esac
    no_symlink "$1"
    if [ -f "$1" ]; then
        [ ! -x "$1" ] || refuse automount-generated "$1 is a program"
        new=$(commented "$2" <"$1")
        case $? in
        0) replace_map "$1" ;;
        3) ;; # it is not there any more
        *) stop 70 unreadable "$1" ;;
        esac
    fi
    echo "ok disarmed $1"
}

# LINE is one of the probe's, at most 1000 characters of it; what a backslash continues is one.
commented() { # commented LINE: stdin, with #reconcile: before it; or status 3
    LINE=$1 awk '
        { text[++lines] = $0; shown = $0 }
        { gsub(/\t/, " ", shown); gsub(/[\001-\037\177]/, "?", shown) }
        length(ENVIRON["LINE"]) == 1000 { shown = substr(shown, 1, 1000) }
        shown == ENVIRON["LINE"] && !/^[ \t]*#/ { hit = 1 }
        !/\\$/ { tell() }
        END { tell(); exit found ? 0 : 3 }
        function tell(i) {
            for (i = 1; i <= lines; i++) print (hit ? "#reconcile: " : "") text[i]
            found += hit
            hit = lines = 0
        }'
}

replace_map() { # replace_map FILE: with $new
    mode=$(stat -c %a "$1") || stop 70 unreadable "$1"
    fill "$1" <<END
$new
END
    same_owner "$1"
    keep "$1"
    replace "$1" "$mode"
    if ! has systemctl || ! systemctl -q is-active autofs.service 2>/dev/null; then return; fi
    said=$(systemctl reload autofs.service 2>&1 </dev/null) || stop 70 disarm-failed "$said"
}
