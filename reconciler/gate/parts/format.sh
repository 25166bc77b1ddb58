# on NODE WWID BYTES - - format -- mkfs.ocfs2 ARG...   only a blank device of BYTES, never by force;
#                                      -U is its UUID, by which it is known afterwards
# Needs blkid and wipefs. Refuses what somebody has (device-in-use), what has a signature,
# partitions or data that is not zero (device-not-blank), and another device (lib/devices).
#
# needs: permit lib/devices

# A program that is never asked to overwrite anything: -F skips the tool's own cluster lock.
safe_mkfs() { # safe_mkfs mkfs.ocfs2 ARG...: and the UUID that it is to have in $chosen
    nodes=0 chosen='' before=''
    [ "$1" = mkfs.ocfs2 ] || usage "only mkfs.ocfs2 formats, not $1"
    shift
    for word; do
        case $word in
        "$node") nodes=$((nodes + 1)) ;;
        /* | [!-]*/*) usage "another path among the arguments: $word" ;;
        --f | --fo* | -[!-]*F* | -F*) usage "formatting by force: $word" ;;
        --g*) usage "global heartbeat: $word" ;;
        -[!-]*U* | -U?*) usage "a UUID that is not a word of its own: $word" ;;
        *[[:cntrl:]]*) usage "control character in an argument" ;;
        esac
        if [ "$before" = -U ]; then
            if ! is_uuid "$word" || [ -n "$chosen" ]; then usage "not one UUID: $word"; fi
            chosen=$word
        fi
        before=$word
    done
    [ $nodes -eq 1 ] || usage "$node must be named once"
    [ -n "$chosen" ] || usage "no -U with the UUID that it is to have"
}

unheld() { # nobody has it: no map, no partition, no mount, no swap
    set +f
    for entry in "$device"/holders/*; do
        if [ -e "$entry" ]; then refuse device-in-use "$node is held by ${entry##*/}"; fi
    done
    for entry in "$device"/*/partition; do
        if [ -e "$entry" ]; then refuse device-not-blank "$node has partitions"; fi
    done
    where=$(grep -l "^[0-9]* [0-9]* $number " /proc/[0-9]*/mountinfo 2>/dev/null)
    set -f
    [ -z "$where" ] || refuse device-in-use "$node is mounted, see ${where%%"$NL"*}"
    if [ ! -e /proc/swaps ]; then return; fi # a kernel without any
    while IFS="$TAB " read -r where _; do
        if [ "$where" -ef "$dev" ]; then refuse device-in-use "$node is swap"; fi
    done </proc/swaps
}

unsigned() { # neither blkid nor wipefs knows anything on it
    need blkid wipefs
    uncached
    found=$(blkid -p -o export "$dev" 2>/dev/null </dev/null)
    status=$?
    case $status in 0 | 2 | 8) ;; *) stop 70 unreadable "blkid ended with $status on $node" ;; esac
    IFS=$NL
    what=''
    for line in $found; do
        case $line in
        DEVNAME=* | PART_ENTRY_*) ;; # where the device is, no signature
        *TYPE=*) what=$line && break ;;
        *) what=$line ;;
        esac
    done
    [ -z "$what" ] || refuse device-not-blank "$node has a signature: $what"
    [ $status -ne 8 ] || refuse device-not-blank "$node has several signatures"
    found=$(wipefs -n "$dev" 2>&1 </dev/null) || stop 70 unreadable "wipefs: $found"
    [ -z "$found" ] || refuse device-not-blank "$node has a signature: ${found##*"$NL"}"
}

# Zeros in the first and last 16 MiB and in 64 MiB spread evenly; a small device whole.
# What is not zero comes out of tr, and its first byte ends the reading. "read" tells that
# every sample was read without an error.
zeros() {
    direct=''
    dd if="$dev" of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null && direct=iflag=direct
    answer=$({
        { samples $((its_bytes / 1048576)) && echo read >&3; } 2>/dev/null |
            tr -d '\000' | head -c 1 | wc -c
    } 3>&1)
    case $answer in
    *1*) refuse device-not-blank "$node has data that is not zero" ;;
    *read*) ;;
    *) stop 70 unreadable "$node cannot be read" ;;
    esac
}

samples() { # samples MIB
    if [ "$1" -le 96 ]; then
        sample 0 97
        return
    fi
    sample 0 16 && sample $(($1 - 16)) 17 || return 1
    n=0
    while [ $n -lt 64 ]; do
        sample $((16 + n * ($1 - 32) / 64)) 1 || return 1
        n=$((n + 1))
    done
}

sample() { # sample FIRST COUNT, in MiB; the device may end in a part of one
    # shellcheck disable=SC2086 # $direct may be nothing
    dd if="$dev" bs=1048576 skip="$1" count="$2" $direct
}

# What is sampled for minutes may be another's at the end: names and signatures are looked at
# again. That the tool ended well proves nothing: the device must have the UUID of this run.
verb_format() { # format -- mkfs.ocfs2 ARG...
    if [ $# -lt 3 ] || [ "$1" != -- ]; then usage 'format -- mkfs.ocfs2 ARG...'; fi
    shift
    safe_mkfs "$@"
    if [ "$its_bytes" = - ] || [ "$its_uuid" != - ]; then usage 'format: on BYTES, and no UUID'; fi
    opened
    unheld
    unsigned
    zeros
    n=$#
    while [ $n -gt 0 ]; do # the name that was planned is not what the tool gets
        if [ "$1" = "$node" ]; then set -- "$@" "$dev"; else set -- "$@" "$1"; fi
        shift
        n=$((n - 1))
    done
    same_device
    unheld
    unsigned
    said=$("$@" 2>&1 </dev/null) || stop 70 format-failed "${said##*"$NL"}"
    uncached
    superblock
    [ "$type:$uuid" = "ocfs2:$chosen" ] || stop 70 format-failed \
        "$node carries ${type:-no file system} ${uuid:-without a UUID} afterwards, not $chosen"
    echo "ok formatted $node"
}
