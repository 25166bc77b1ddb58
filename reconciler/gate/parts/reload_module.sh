# reload-module KERNEL            offline: what is loaded of ocfs2 goes, ocfs2 comes back
# Needs modprobe; KERNEL is the one that runs.
# Refuses while anything of it is in use (module-in-use), or another kernel runs (changed-since);
# what does not load again ends with status 70 (module-not-loaded).
#
# needs: permit lib/package_names

# In the order in which they use each other.
MODULES='ocfs2_dlmfs ocfs2 ocfs2_stack_o2cb ocfs2_stack_user ocfs2_dlm ocfs2_nodemanager'
MODULES="$MODULES ocfs2_stackglue"

verb_reload_module() { # reload-module KERNEL: unloads what is there of ocfs2, loads what is installed
    if [ $# -ne 1 ] || ! is_package "$1"; then usage 'reload-module KERNEL'; fi
    get /proc/sys/kernel/osrelease
    [ "$got" = "$1" ] || refuse changed-since "$got runs, not $1"
    need modprobe
    set +f
    where=$(grep -l ' - ocfs2 ' /proc/[0-9]*/mountinfo 2>/dev/null)
    set -- /sys/kernel/config/cluster/*
    set -f
    [ -z "$where" ] || refuse module-in-use "ocfs2 is mounted, see ${where%%"$NL"*}"
    if [ -d "$1" ]; then refuse module-in-use "cluster ${1##*/} is online"; fi
    while IFS=' ' read -r _ where kind _; do
        if [ "$kind" = ocfs2_dlmfs ]; then umount "$where" 2>/dev/null; fi
    done </proc/self/mounts
    IFS=' '
    for name in $MODULES; do unheld_module "$name"; done # of some alone no file system can be mounted
    for name in $MODULES; do unload "$name"; done
    why=$(modprobe ocfs2 2>&1) || stop 70 module-not-loaded "${why##*"$NL"}"
    echo "ok reloaded ocfs2"
}

unheld_module() { # unheld_module MODULE: by anything but the others
    [ -e "/sys/module/$1/refcnt" ] || return 0
    users=0
    for holder in $MODULES; do
        if [ -e "/sys/module/$1/holders/$holder" ]; then users=$((users + 1)); fi
    done
    get "/sys/module/$1/refcnt"
    [ "$got" -le "$users" ] ||
        refuse module-in-use "$1 is used $((got - users)) times by others than modules of ocfs2"
}

unload() { # unload MODULE: one that is built in has no refcnt
    [ -e "/sys/module/$1/refcnt" ] || return 0
    why=$(modprobe -r "$1" 2>&1)
    [ -e "/sys/module/$1/refcnt" ] || return 0
    get "/sys/module/$1/refcnt"
    stop 70 module-in-use "$1 cannot be unloaded, it is used $got times: ${why##*"$NL"}"
}
