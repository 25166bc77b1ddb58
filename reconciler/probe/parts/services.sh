# services, ordering: units of the cluster, of storage and of --unit; what orders them, of --order.
# Needs systemctl, and fails without it. A boot row has when the link of a unit was made that has it
# started at boot or masks it; of one that is disabled, when its links' directory was last changed.
# A since row says whether a unit ran since the boot: one that did not missed its start, as what it
# needs did not start, or had its conditions unmet (they were tested). Of one that nothing in memory
# wants systemd may have forgotten that it ran: then nothing is told.
#
# needs: lib/files lib/times

probe_services() {
    has systemctl || fail "systemctl is not there"
    set -- o2cb.service ocfs2.service multipathd.service iscsid.service open-iscsi.service \
        iscsi.service firewalld.service nftables.service
    IFS=$NL
    for id in $units; do
        case $NL$*$NL in *"$NL$id$NL"*) ;; *) set -- "$@" "$id" ;; esac
    done
    told=Id,LoadState,ActiveState,SubState,FragmentPath,UnitFileState,WantedBy,RequiredBy
    told=$told,InactiveExitTimestampMonotonic,ConditionTimestampMonotonic
    list=$(systemctl show -p "$told" "$@") || fail "systemctl failed"
    id='' places=''
    IFS=$NL
    for line in $list; do # properties come in systemd's order; Id= or the end closes a unit
        value=${line#*=}
        case $line in
        Id=*) # it may be an alias of the name that was asked for
            unit
            [ $# -gt 0 ] || fail "systemctl tells more units than it was asked for"
            id=$1 load='' active='' sub='' state='' fragment='' wanted='' began='' tested=''
            shift
            ;;
        LoadState=*) load=$value ;;
        ActiveState=*) active=$value ;;
        SubState=*) sub=$value ;;
        FragmentPath=*) fragment=$value ;;
        UnitFileState=*) state=$value ;;
        *edBy=*) wanted=$wanted$value ;;
        Inactive*) began=$value ;;
        Condition*) tested=$value ;;
        esac
    done
    unit
    [ $# -eq 0 ] || fail "systemctl does not tell of $1"
    tell_times boot "$places"
}

unit() {
    [ -n "$id" ] || return 0
    case $state in
    enabled*) enabled=enabled ;;
    generated | '') start_links "${id%.service}" ;;
    *) enabled=disabled ;;
    esac
    row unit "$id" "$load" "$active" "$sub" "$enabled"
    if [ "$load" != not-found ]; then boot_place && places=$places$id$TAB$place$NL; fi
    case $load.$active.${wanted:+wanted}.$began.$tested in
    loaded.*.[1-9]*.*) row since "$id" ran ;;
    loaded.inactive.wanted.0.0) row since "$id" missed ;;
    loaded.inactive.wanted.0.[1-9]*) row since "$id" unmet ;;
    esac
    IFS=$NL
}

boot_place() { # in $place: the unit's link, or the directory where it would be
    own=/etc/systemd/system place=''
    for pattern in "$own/$id" "$own/*.wants/$id" "$own/*.requires/$id" \
        "/etc/rc[2-5].d/S[0-9][0-9]${id%.service}"; do
        glob "$pattern"
        for link in $globbed; do
            if [ -L "$link" ]; then place=$link && return; fi
        done
    done
    if [ "$state" = generated ]; then
        place=/etc/rc3.d # where update-rc.d has links of both kinds
    elif [ "$enabled" = disabled ] && [ -r "$fragment" ]; then
        while IFS= read -r line; do
            case $line in WantedBy=?*) line=${line#*=} place=$own/${line%% *}.wants && break ;; esac
        done <"$fragment"
    fi
    [ -d "$place" ]
}

start_links() { # start_links NAME: a SysV script is enabled by its start links
    enabled=disabled
    glob "/etc/rc[2-5].d/S[0-9][0-9]$1"
    for link in $globbed; do
        if [ -L "$link" ]; then enabled=enabled; fi
    done
}

# What units are ordered by, of what concerns the cluster: the storage below, its services, the
# target that network mounts come after, and the mount points asked for.
probe_ordering() {
    has systemctl || fail "systemctl is not there"
    IFS=$NL
    # shellcheck disable=SC2086 # a unit each
    set -- o2cb.service $orders
    list=$(systemctl show -p Id,Wants,Before,After,RequiresMountsFor "$@") ||
        fail "systemctl failed"
    id=''
    IFS=$NL
    for line in $list; do
        case $line in
        Id=*)
            [ $# -gt 0 ] || fail "systemctl tells more units than it was asked for"
            id=$1
            shift
            ;;
        Wants=* | Before=* | After=* | RequiresMountsFor=*) ordered "$id" "$line" ;;
        esac
    done
    [ $# -eq 0 ] || fail "systemctl does not tell of $1"
    glob '/etc/systemd/system/*.d/reconcile.conf'
    for path in $globbed; do
        if [ -e "$path" ]; then tell_file "$path"; fi
    done
}

ordered() { # ordered UNIT LINE: a row for each PROPERTY=WORD of PROPERTY=WORD...
    property=${2%%=*} IFS=' '
    for word in ${2#*=}; do
        case $property=$word in
        Wants=remote-fs-pre.target | Before=remote-fs-pre.target | After=o2cb.service | \
            After=ocfs2.service | After=multipathd.service | After=iscsid.service | \
            After=iscsi.service | After=open-iscsi.service | After=drbd.service | \
            After=drbd@*.service | After=drbd@*.target) ;;
        RequiresMountsFor=*) case $paths in *"$NL$word$NL"*) ;; *) continue ;; esac ;;
        *) continue ;;
        esac
        row order "$1" "$property=$word"
    done
    IFS=$NL
}
