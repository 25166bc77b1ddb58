#!/bin/sh
# reconcile-gate 1
#
# Does one thing on this host, after checking on the spot that it is still right to do it.
# POSIX sh (dash, busybox ash, bash), as root, one verb a call:
#
#   write-file PATH MODE OLD NEW            stdin becomes PATH; sha256, or absent for OLD
#   format NODE BYTES -- mkfs.ocfs2 ARG...  only a blank device of that size, never by force
#   mount NODE UUID PATH OPTIONS            only that OCFS2 file system; - for any
#   unmount PATH                            plainly, never by force; tells who holds it
#   archive-file PATH OLD                   the file of that sha256 becomes PATH.before
#   set-live CLUSTER KEY VALUE              in configfs; only what a running cluster takes
#   do COMMAND ARG...                       one of the few commands in `do_command`, as it is
#   lease-acquire CLUSTER RUN HOLDER STEAL  STEAL is the run that may be displaced, or -
#   lease-renew CLUSTER RUN
#   lease-release CLUSTER RUN
#
# Done: one line "ok ..." on stdout and status 0. Not done: "gate: CODE: message" on stderr
# and status 64 (called wrongly), 70 (a tool failed) or 75 (refused, nothing was changed).

LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset CDPATH ENV BASH_ENV
umask 022
set -uf # -f: a star stays a star; the few globs ask for it
TAB='	'
NL='
'
STATE=/var/lib/reconcile
EXPIRY=120 # seconds without renewal after which a lease may be displaced

# ---- ending ---------------------------------------------------------------------------

stop() { # stop STATUS CODE MESSAGE
    printf 'gate: %s: %s\n' "$2" "$3" >&2
    exit "$1"
}

refuse() { stop 75 "$@"; }

usage() { stop 64 usage "$1"; }

temp=''
lock=''
clean() {
    [ -z "$temp" ] || rm -f "$temp"
    [ -z "$lock" ] || rmdir "$lock"
}
trap clean EXIT
trap 'exit 143' HUP INT TERM

# ---- checking arguments ---------------------------------------------------------------

has() { command -v "$1" >/dev/null 2>&1; }

is_path() { # is_path TEXT: absolute, plain, without a way back up
    case $1 in
    *[[:cntrl:]]* | *//* | */./* | */../* | */. | */.. | */) return 1 ;;
    /*) [ ${#1} -le 1024 ] ;;
    *) return 1 ;;
    esac
}

is_digest() {
    case $1 in *[!0-9a-f]*) return 1 ;; esac
    [ ${#1} -eq 64 ]
}

is_uuid() {
    case $1 in *[!0-9a-f-]*) return 1 ;; esac
    [ ${#1} -eq 36 ]
}

is_number() {
    case $1 in '' | *[!0-9]* | 0?*) return 1 ;; esac
    [ ${#1} -le 18 ]
}

is_unit() { # is_unit TEXT: a unit that can be started and stopped, not the cluster's own
    case $1 in
    [!A-Za-z0-9]* | *[!A-Za-z0-9:_.\\@-]* | *@.* | o2cb.* | ocfs2.*) return 1 ;;
    ?*.service | ?*.socket | ?*.target | ?*.timer | ?*.path | ?*.mount | ?*.automount) ;;
    *) return 1 ;;
    esac
    [ ${#1} -le 255 ] # UNIT_NAME_MAX
}

is_word() { # is_word TEXT MOST: letters, digits, and _ . - after the first
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9_.-]*) return 1 ;; esac
    [ ${#1} -le "$2" ]
}

# ---- write-file -----------------------------------------------------------------------

digest() { # digest FILE: its sha256, or absent
    if [ ! -e "$1" ]; then echo absent && return; fi
    sum=$(sha256sum <"$1") || stop 70 unreadable "$1"
    echo "${sum%% *}"
}

replace() { # replace FILE MODE: $temp takes its place, durably
    chmod "$2" "$temp" || stop 70 write-failed "chmod $temp"
    mv -f "$temp" "$1" || stop 70 write-failed "rename to $1"
    temp=''
    sync "${1%/*}" 2>/dev/null || sync
}

fill() { # fill FILE: stdin goes to a new file beside FILE, named $temp
    temp=$(mktemp "${1%/*}/.reconcile.XXXXXX" 2>&1) || {
        why=$temp temp=''
        failed_write "$1" "$why"
    }
    why=$(dd of="$temp" bs=65536 conv=fsync 2>&1) || failed_write "$1" "$why"
}

failed_write() { # failed_write FILE MESSAGE
    case $2 in
    *[Nn]'o space left'* | *'quota exceeded'*) refuse no-space "$1: no space left on device" ;;
    esac
    stop 70 write-failed "$1: ${2##*"$NL"}"
}

directory() { # directory DIR: made if it is missing; ours alone below $STATE
    if [ -d "$1" ]; then return; fi
    case $1 in "$STATE" | "$STATE"/*) mask=077 ;; *) mask=022 ;; esac
    why=$(umask $mask && mkdir -p "$1" 2>&1) || failed_write "$1" "$why"
}

no_symlink() { # no_symlink PATH: neither it nor its directory may lead elsewhere
    if [ -L "$1" ]; then refuse symlink "$1 is a symbolic link"; fi
    if [ -L "${1%/*}" ]; then refuse symlink "${1%/*} is a symbolic link"; fi
}

unchanged() { # unchanged PATH OLD
    now=$(digest "$1")
    [ "$now" = "$2" ] || refuse changed-since "$1 is $now, not $2"
}

write_file() { # write_file PATH MODE OLD NEW
    [ $# -eq 4 ] || usage 'write-file PATH MODE OLD NEW'
    is_path "$1" || usage "not a plain absolute path: $1"
    case $2 in [0-7][0-7][0-7]) ;; *) usage "not a mode: $2" ;; esac
    [ "$3" = absent ] || is_digest "$3" || usage "not a digest: $3"
    is_digest "$4" || usage "not a digest: $4"
    no_symlink "$1"
    if [ -e "$1" ] && [ ! -f "$1" ]; then refuse not-a-file "$1 is not a regular file"; fi
    if [ "$(digest "$1")" = "$4" ]; then
        echo "ok unchanged $1"
        return
    fi
    unchanged "$1" "$3"
    directory "${1%/*}"
    fill "$1"
    [ "$(digest "$temp")" = "$4" ] || refuse content-damaged "$1: stdin has another digest"
    if [ -e "$1" ]; then
        owner=$(stat -c %u:%g "$1") && chown "$owner" "$temp"
        keep "$1"
    fi
    unchanged "$1" "$3" # again: someone may have been quicker
    replace "$1" "$2"
    if has restorecon; then restorecon "$1" >/dev/null 2>&1; fi
    echo "ok written $1"
}

keep() { # keep PATH: the old file stays as PATH.before; a hard link takes no space
    if [ "$1" -ef "$1.before" ]; then return; fi
    if [ -d "$1.before" ] && [ ! -L "$1.before" ]; then
        refuse not-a-file "$1.before is a directory"
    fi
    why=$(rm -f "$1.before" 2>&1 && ln "$1" "$1.before" 2>&1) || failed_write "$1.before" "$why"
}

archive_file() { # archive_file PATH OLD
    [ $# -eq 2 ] || usage 'archive-file PATH OLD'
    is_path "$1" || usage "not a plain absolute path: $1"
    is_digest "$2" || usage "not a digest: $2"
    no_symlink "$1"
    if [ -e "$1" ]; then
        [ -f "$1" ] || refuse not-a-file "$1 is not a regular file"
        unchanged "$1" "$2"
        archive "$1"
    fi
    echo "ok archived $1"
}

archive() { # archive PATH: it becomes PATH.before, durably, in place of an older one
    if [ -L "$1.before" ]; then rm -f "$1.before"; fi
    [ ! -d "$1.before" ] || refuse not-a-file "$1.before is a directory"
    if [ "$1" -ef "$1.before" ]; then # a write-file was cut short; rename would keep both
        why=$(rm -f "$1" 2>&1) || failed_write "$1" "$why"
    else
        why=$(mv -f "$1" "$1.before" 2>&1) || failed_write "$1.before" "$why"
    fi
    sync "${1%/*}" 2>/dev/null || sync
}

# ---- devices --------------------------------------------------------------------------

block() { # block NODE: its directory in sysfs, in $device
    is_path "$1" || usage "not a plain absolute path: $1"
    case $1 in /dev/*) ;; *) usage "not below /dev: $1" ;; esac
    [ -b "$1" ] || refuse device-missing "$1 is no block device"
    number=$(stat -L -c '%t %T' "$1") || refuse device-missing "$1 has gone"
    number=$((0x${number% *})):$((0x${number#* }))
    device=/sys/dev/block/$number
    [ -d "$device" ] || refuse device-missing "$1 is not in /sys/dev/block"
}

# A program that is never asked to overwrite anything: -F skips the tool's own cluster lock.
safe_mkfs() { # safe_mkfs NODE mkfs.ocfs2 ARG...
    node=$1 nodes=0
    [ "$2" = mkfs.ocfs2 ] || usage "only mkfs.ocfs2 formats, not $2"
    shift 2
    for word; do
        case $word in
        "$node") nodes=$((nodes + 1)) ;;
        /* | [!-]*/*) usage "another path among the arguments: $word" ;;
        --f | --fo* | -[!-]*F* | -F*) usage "formatting by force: $word" ;;
        *[[:cntrl:]]*) usage "control character in an argument" ;;
        esac
    done
    [ $nodes -eq 1 ] || usage "$node must be named once"
}

unheld() { # unheld NODE: nobody has it: no map, no partition, no mount, no swap
    set +f
    for entry in "$device"/holders/*; do
        if [ -e "$entry" ]; then refuse device-in-use "$1 is held by ${entry##*/}"; fi
    done
    for entry in "$device"/*/partition; do
        if [ -e "$entry" ]; then refuse device-not-blank "$1 has partitions"; fi
    done
    where=$(grep -l "^[0-9]* [0-9]* $number " /proc/[0-9]*/mountinfo 2>/dev/null)
    set -f
    [ -z "$where" ] || refuse device-in-use "$1 is mounted, see ${where%%"$NL"*}"
    if grep -q "^$1 " /proc/swaps 2>/dev/null; then refuse device-in-use "$1 is swap"; fi
}

unsigned() { # unsigned NODE: neither blkid nor wipefs knows anything on it
    for tool in blkid wipefs; do
        has $tool || stop 70 no-tool "$tool is not there"
    done
    found=$(blkid -p -o export "$1" 2>/dev/null </dev/null)
    status=$?
    case $status in 0 | 2 | 8) ;; *) stop 70 unreadable "blkid ended with $status on $1" ;; esac
    IFS=$NL
    what=''
    for line in $found; do
        case $line in
        DEVNAME=* | PART_ENTRY_*) ;; # where the device is, no signature
        *TYPE=*) what=$line && break ;;
        *) what=$line ;;
        esac
    done
    [ -z "$what" ] || refuse device-not-blank "$1 has a signature: $what"
    [ $status -ne 8 ] || refuse device-not-blank "$1 has several signatures"
    found=$(wipefs -n "$1" 2>&1 </dev/null) || stop 70 unreadable "wipefs: $found"
    [ -z "$found" ] || refuse device-not-blank "$1 has a signature: ${found##*"$NL"}"
}

# Zeros in the first and last 16 MiB and in 64 MiB spread evenly; a small device whole.
# What is not zero comes out of tr, and its first byte ends the reading. "read" tells that
# every sample was read without an error.
zeros() { # zeros NODE BYTES
    direct=''
    dd if="$1" of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null && direct=iflag=direct
    answer=$({
        { samples "$1" $(($2 / 1048576)) && echo read >&3; } 2>/dev/null |
            tr -d '\000' | head -c 1 | wc -c
    } 3>&1)
    case $answer in
    *1*) refuse device-not-blank "$1 has data that is not zero" ;;
    *read*) ;;
    *) stop 70 unreadable "$1 cannot be read" ;;
    esac
}

samples() { # samples NODE MIB
    if [ "$2" -le 96 ]; then
        sample "$1" 0 97
        return
    fi
    sample "$1" 0 16 && sample "$1" $(($2 - 16)) 17 || return 1
    n=0
    while [ $n -lt 64 ]; do
        sample "$1" $((16 + n * ($2 - 32) / 64)) 1 || return 1
        n=$((n + 1))
    done
}

sample() { # sample NODE FIRST COUNT, in MiB; the device may end in a part of one
    # shellcheck disable=SC2086 # $direct may be nothing
    dd if="$1" bs=1048576 skip="$2" count="$3" $direct
}

format() { # format NODE BYTES -- mkfs.ocfs2 ARG...
    if [ $# -lt 5 ] || [ "$3" != -- ]; then usage 'format NODE BYTES -- mkfs.ocfs2 ARG...'; fi
    node=$1 bytes=$2
    is_number "$bytes" || usage "not a size: $bytes"
    shift 3
    safe_mkfs "$node" "$@"
    block "$node"
    read -r sectors <"$device/size" || refuse device-missing "$node has no size"
    [ $((sectors * 512)) -eq "$bytes" ] ||
        refuse device-size "$node has $((sectors * 512)) bytes, not $bytes"
    unheld "$node"
    unsigned "$node"
    zeros "$node" "$bytes"
    said=$("$@" 2>&1 </dev/null) || stop 70 format-failed "${said##*"$NL"}"
    case $(blkid -p -o export "$node" 2>/dev/null) in
    *"${NL}TYPE=ocfs2"*) echo "ok formatted $node" ;;
    *) stop 70 format-failed "$node carries no OCFS2 file system afterwards" ;;
    esac
}

# ---- mount ----------------------------------------------------------------------------

# The topmost mount there in $found as "MAJ:MIN TYPE", how many are OCFS2 in $volumes.
mounted_at() { # mounted_at PATH
    found='' volumes=0
    IFS=$NL
    # shellcheck disable=SC2013 # a line each
    for line in $(cat /proc/self/mountinfo); do
        IFS=' '
        # shellcheck disable=SC2086 # ID PARENT MAJ:MIN ROOT PATH OPTIONS [TAG...] - TYPE ...
        set -- "$1" $line
        path=$6
        case $path in *\\*) path=$(printf '%b' "$(echo "$path" | sed 's/\\/\\0/g')") ;; esac
        if [ "$path" = "$1" ]; then
            line=${line#* - }
            found="$4 ${line%% *}"
            case $found in *' ocfs2') volumes=$((volumes + 1)) ;; esac
        fi
    done
}

mount_volume() { # mount_volume NODE UUID PATH OPTIONS
    [ $# -eq 4 ] || usage 'mount NODE UUID PATH OPTIONS'
    [ "$2" = - ] || is_uuid "$2" || usage "not a UUID: $2"
    is_path "$3" || usage "not a plain absolute path: $3"
    case $4 in '' | -* | *[!A-Za-z0-9_=.,:@%+/-]*) usage "not mount options: $4" ;; esac
    no_symlink "$3"
    block "$1"
    mounted_at "$3"
    case $found in
    "$number ocfs2") echo "ok mounted $3" && return ;;
    ?*) refuse mount-path-busy "$3 already has a file system mounted: $found" ;;
    esac
    right_volume "$1" "$2"
    directory "$3"
    if said=$(mount -t ocfs2 -o "$4" "$1" "$3" 2>&1 </dev/null); then
        mounted_at "$3"
        if [ "$found" = "$number ocfs2" ]; then echo "ok mounted $3" && return; fi
        said="mount said nothing, yet $3 is not mounted"
    fi
    printf 'gate: mount-failed: %s\n' "$said" >&2
    dmesg 2>/dev/null | grep -iE 'ocfs2[^-]|o2(cb|net|hb|dlm)' | tail -n 12 >&2
    exit 70
}

right_volume() { # right_volume NODE UUID
    said=$(blkid -p -o export "$1" 2>/dev/null </dev/null)
    type='' uuid=''
    IFS=$NL
    for line in $said; do
        case $line in
        TYPE=*) type=${line#TYPE=} ;;
        UUID=*) uuid=${line#UUID=} ;;
        esac
    done
    [ "$type" = ocfs2 ] || refuse wrong-uuid "$1 carries ${type:-no file system}, not ocfs2"
    [ "$2" = - ] || [ "$uuid" = "$2" ] || refuse wrong-uuid "$1 carries $uuid, not $2"
}

# ---- unmount --------------------------------------------------------------------------

unmount_volume() { # unmount_volume PATH
    [ $# -eq 1 ] || usage 'unmount PATH'
    is_path "$1" || usage "not a plain absolute path: $1"
    mounted_at "$1"
    case $volumes:$found in
    0:*) echo "ok unmounted $1" && return ;;
    *' ocfs2') ;;
    *) refuse mount-path-busy "$1 has another file system over the volume: $found" ;;
    esac
    before=$volumes
    said=$(umount "$1" 2>&1 </dev/null) || said=${said:-umount failed}
    mounted_at "$1"
    if [ "$volumes" -eq 0 ]; then echo "ok unmounted $1" && return; fi
    [ "$volumes" -eq "$before" ] || said="another OCFS2 is mounted below"
    printf 'gate: unmount-failed: %s\n' "${said:-umount said nothing, yet $1 is mounted}" >&2
    holders "$1" >&2
    exit 70
}

# Who has something open or mapped, or its root, directory or program, at PATH or below it.
holders() { # holders PATH: "held by PID COMMAND FILE", at most 20
    set +f
    # ls -l reads links and opens nothing.
    # shellcheck disable=SC2012 # the only way to read links without a process for each
    list=$({
        ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/root /proc/[0-9]*/fd
        grep -sF " $1/" /dev/null /proc/[0-9]*/maps
    } 2>/dev/null | awk -v path="$(printf '%s' "$1" | sed 's/\\/&&/g')" '
        /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
        /^\/proc\/[0-9]+\/maps:/ {
            split($0, part, "/")
            pid = part[3]
            target = substr($0, index($0, " " path "/") + 1)
        }
        !/^\/proc\/[0-9]+\/maps:/ {
            if (!(at = index($0, " -> "))) next
            link = substr($0, 1, at - 1)
            target = substr($0, at + 4)
            if (match(link, /\/proc\/[0-9]+\/[a-z]+$/)) {
                split(substr(link, RSTART), part, "/")
                pid = part[3]
            }
        }
        (target == path || index(target, path "/") == 1) && !told[pid]++ && ++count <= 20 {
            print pid " " target
        }')
    set -f
    IFS=$NL
    for line in $list; do
        IFS= read -r command 2>/dev/null <"/proc/${line%% *}/comm" || continue # it has ended
        printf 'held by %s %s %s\n' "${line%% *}" "$command" "${line#* }" |
            tr '\001-\011\013-\037\177' '?'
    done
}

# ---- the running cluster --------------------------------------------------------------

set_live() { # set_live CLUSTER KEY VALUE: what the kernel then reads back decides
    [ $# -eq 3 ] || usage 'set-live CLUSTER KEY VALUE'
    is_word "$1" 16 || usage "not a cluster's name: $1"
    [ "$2" = reconnect_delay_ms ] || usage "not to be changed while the cluster runs: $2"
    is_number "$3" || usage "not a number: $3"
    attribute=/sys/kernel/config/cluster/$1/$2
    [ -e "$attribute" ] || stop 70 live-refused "$1 is not online"
    said=$( (echo "$3" >"$attribute") 2>&1)
    value=''
    read -r value <"$attribute"
    [ "$value" = "$3" ] || stop 70 live-refused "$2 is $value, not $3: ${said##*: }"
    echo "ok set $2"
}

# ---- do -------------------------------------------------------------------------------

do_command() { # do_command COMMAND ARG...: ends with the command's own status
    case "$*" in
    'modprobe ocfs2' | 'systemctl restart o2cb.service' | 'systemctl stop o2cb.service') ;;
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

# A unit file in /etc outdoes a mask in /run/systemd/system, silently: only what is in
# system.control comes before it (systemd.unit(5)), and is gone after a boot as well.
CONTROL=/run/systemd/system.control

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

# ---- the lease ------------------------------------------------------------------------

lease_lock() { # lease_lock ARGUMENT...: checks cluster and run; nobody else until the end
    is_word "$1" 16 || usage "not a cluster's name: $1"
    is_word "$2" 64 || usage "not a run: $2"
    no_symlink "$STATE"
    directory "$STATE"
    chmod 700 "$STATE"
    no_symlink "$STATE/lease"
    if has flock; then
        exec 9>>"$STATE/lock" || stop 70 write-failed "$STATE/lock"
        flock -w 10 9 || refuse lease-busy "$STATE/lock is locked"
        return
    fi
    n=0
    until mkdir "$STATE/lock.d" 2>/dev/null; do
        n=$((n + 1))
        [ $n -le 10 ] || refuse lease-busy "$STATE/lock.d exists"
        sleep 1
    done
    lock=$STATE/lock.d
}

read_lease() { # the lease in $held (its run, or nothing), $holder and $age
    held='' holder='' boot='' renewed='' age=0
    IFS=' ' read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
    read -r this_boot </proc/sys/kernel/random/boot_id
    [ -e "$STATE/lease" ] || return 0
    held=garbled
    while IFS=$TAB read -r key value; do
        case $key in
        run) held=$value ;;
        holder) holder=$value ;;
        boot) boot=$value ;;
        renewed) renewed=$value ;;
        esac
    done <"$STATE/lease"
    age=$uptime # renewed before this boot: at least as old as the boot
    if [ "$boot" = "$this_boot" ] && is_number "$renewed"; then age=$((uptime - renewed)); fi
    [ "$age" -ge 0 ] || age=0
}

write_lease() { # write_lease RUN HOLDER
    fill "$STATE/lease" <<END
run$TAB$1
holder$TAB$2
boot$TAB$this_boot
renewed$TAB$uptime
END
    replace "$STATE/lease" 600
}

busy() { # a change is under way, until the command and its children have ended
    if ! has flock; then return; fi
    no_symlink "$STATE"
    directory "$STATE"
    exec 8>>"$STATE/busy" || stop 70 write-failed "$STATE/busy"
    flock -s -w 10 8 || refuse lease-busy "$STATE/busy is locked"
}

idle() { # idle WHOSE: the last command of a run may outlive its lease; the next one waits
    if ! has flock; then return; fi
    exec 8>>"$STATE/busy" || stop 70 write-failed "$STATE/busy"
    flock -n 8 || refuse lease-busy "a command of $1 still works here"
}

lease_acquire() { # lease_acquire CLUSTER RUN HOLDER STEAL
    [ $# -eq 4 ] || usage 'lease-acquire CLUSTER RUN HOLDER STEAL'
    case $3 in '' | *[[:cntrl:]]*) usage 'a holder without control characters' ;; esac
    [ ${#3} -le 1024 ] || usage 'the holder is longer than 1024 bytes'
    [ "$4" = - ] || is_word "$4" 64 || usage "not a run: $4"
    lease_lock "$@"
    read_lease
    case $held in
    "$2") ;;
    '') idle "an earlier run" ;;
    "$4") idle "run $held" ;;
    *)
        [ "$age" -gt $EXPIRY ] || refuse lease-held "$held$TAB$holder$TAB$age"
        idle "run $held"
        ;;
    esac
    write_lease "$2" "$3"
    echo "ok acquired $2"
}

lease_renew() { # lease_renew CLUSTER RUN
    [ $# -eq 2 ] || usage 'lease-renew CLUSTER RUN'
    lease_lock "$@"
    read_lease
    [ "$held" = "$2" ] || refuse lease-lost "${held:-no lease}"
    write_lease "$2" "$holder"
    echo "ok renewed $2"
}

lease_release() { # lease_release CLUSTER RUN
    [ $# -eq 2 ] || usage 'lease-release CLUSTER RUN'
    lease_lock "$@"
    read_lease
    case $held in
    '') ;;
    "$2") rm -f "$STATE/lease" || stop 70 write-failed "$STATE/lease" ;;
    *) refuse lease-lost "$held" ;;
    esac
    echo "ok released $2"
}

# ---- the verb -------------------------------------------------------------------------

[ $# -ge 1 ] || usage 'which verb?'
verb=$1
shift
case $verb in
write-file) write_file "$@" ;;
do) busy && do_command "$@" ;;
format) busy && format "$@" ;;
mount) busy && mount_volume "$@" ;;
unmount) busy && unmount_volume "$@" ;;
archive-file) busy && archive_file "$@" ;;
set-live) busy && set_live "$@" ;;
lease-acquire) lease_acquire "$@" ;;
lease-renew) lease_renew "$@" ;;
lease-release) lease_release "$@" ;;
*) usage "no such verb: $verb" ;;
esac
