# do COMMAND ARG...               one of the few commands below, as it is; with its own status
# Stopping or restarting o2cb refuses while anything here needs the cluster (cluster-in-use); a mask
# that does not hold ends with status 70 (mask-failed).
#
# needs: permit lib/files lib/regions lib/domains

cluster_unused() { # nothing here needs the cluster: no mount, no heartbeat, no lock domain
    set +f
    where=$(grep -l ' - ocfs2 ' /proc/[0-9]*/mountinfo 2>/dev/null)
    set -f
    [ -z "$where" ] || refuse cluster-in-use "OCFS2 is mounted, see ${where%%"$NL"*}"
    regions
    [ -z "$found" ] || refuse cluster-in-use "the heartbeat region ${found%%"$NL"*} is active"
    domains
    [ "$found" = "$NL" ] ||
        refuse cluster-in-use "the lock domain $(printf %s "${found#"$NL"}" | head -n 1) is active"
}

# A unit file in /etc outdoes a mask in /run/systemd/system, silently: only what is in
# system.control comes before it (systemd.unit(5)), and is gone after a boot as well.
CONTROL=/run/systemd/system.control

verb_do() { # do COMMAND ARG...: ends with the command's own status
    case "$*" in
    'modprobe ocfs2' | 'systemctl daemon-reload') ;;
    'systemctl restart o2cb.service' | 'systemctl stop o2cb.service') cluster_unused ;;
    'systemctl enable o2cb.service' | 'systemctl enable ocfs2.service' | \
        'systemctl enable o2cb.service ocfs2.service' | \
        'systemctl disable o2cb.service' | 'systemctl disable ocfs2.service' | \
        'systemctl disable o2cb.service ocfs2.service') ;;
    'o2cb register-cluster '*)
        if [ $# -ne 3 ] || ! is_word "$3" 16; then usage "not a cluster's name: $*"; fi
        ;;
    'systemctl start '* | 'systemctl stop '* | 'systemctl enable '* | 'systemctl disable '*)
        if [ $# -ne 3 ] || ! is_unit "$3"; then usage "not a unit of others: $*"; fi
        ;;
    'systemctl mask --runtime '* | 'systemctl unmask --runtime '*)
        if [ $# -ne 4 ] || ! is_unit "$4"; then usage "not a unit of others: $*"; fi
        "$2" "$4"
        ;;
    *) usage "not a command of the gate: $*" ;;
    esac
    "$@"
    status=$?
    case $2 in # a power cut must not bring back, or lose, a start at boot
    enable | disable) sync -f /etc 2>/dev/null || sync ;;
    esac
    exit $status
}

is_unit() { # is_unit TEXT: a unit that can be started and stopped, not the cluster's own
    case $1 in
    [!A-Za-z0-9]* | *[!A-Za-z0-9:_.\\@-]* | *@.* | o2cb.* | ocfs2.*) return 1 ;;
    ?*.service | ?*.socket | ?*.target | ?*.timer | ?*.path | ?*.mount | ?*.automount) ;;
    *) return 1 ;;
    esac
    [ ${#1} -le 255 ] # UNIT_NAME_MAX
}

mask() { # mask UNIT: whatever place its file is in
    systemctl mask --runtime "$1" || exit $?
    if masked "$1"; then exit 0; fi
    why=$(mkdir -p $CONTROL 2>&1 && ln -sf /dev/null "$CONTROL/$1" 2>&1) ||
        failed_write "$CONTROL/$1" "$why"
    systemctl daemon-reload
    masked "$1" || stop 70 mask-failed "$1 can still be started"
    exit 0
}

masked() { [ "$(systemctl show -p LoadState "$1")" = LoadState=masked ]; }

unmask() { # unmask UNIT: systemctl does the rest
    [ "$(readlink "$CONTROL/$1")" = /dev/null ] || return 0
    rm -f "$CONTROL/$1"
    systemctl daemon-reload
}
