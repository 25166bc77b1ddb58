# services, ordering: units of the cluster, of storage and of --unit; what orders them, of --order.
# Needs systemctl, and fails without it.
#
# needs: lib/files

probe_services() {
    has systemctl || fail "systemctl is not there"
    set -- o2cb.service ocfs2.service multipathd.service iscsid.service open-iscsi.service \
        iscsi.service firewalld.service nftables.service
    IFS=$NL
    for id in $units; do
        case $NL$*$NL in *"$NL$id$NL"*) ;; *) set -- "$@" "$id" ;; esac
    done
    list=$(systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState "$@") ||
        fail "systemctl failed"
    id='' load='' active='' sub='' state=''
    IFS=$NL
    for line in $list; do # properties come in systemd's order; Id= or the end closes a unit
        value=${line#*=}
        case $line in
        Id=*) # it may be an alias of the name that was asked for
            unit
            [ $# -gt 0 ] || fail "systemctl tells more units than it was asked for"
            id=$1 load='' active='' sub='' state=''
            shift
            ;;
        LoadState=*) load=$value ;;
        ActiveState=*) active=$value ;;
        SubState=*) sub=$value ;;
        UnitFileState=*) state=$value ;;
        esac
    done
    unit
    [ $# -eq 0 ] || fail "systemctl does not tell of $1"
}

unit() {
    [ -n "$id" ] || return 0
    case $state in
    enabled*) enabled=enabled ;;
    generated | '') start_links "${id%.service}" ;;
    *) enabled=disabled ;;
    esac
    row unit "$id" "$load" "$active" "$sub" "$enabled"
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
