# extend-lv VG LV BYTES           on the storage host; never smaller
# Done where it has that much. Needs lvs and lvextend.
# Refuses where it is not there (backing-missing), where the volume group has no room (no-space),
# and where its thin pool is 80 % full (thin-pool-full).
#
# needs: permit

verb_extend_lv() { # extend-lv VG LV BYTES
    [ $# -eq 3 ] || usage 'extend-lv VG LV BYTES'
    is_lvm "$1" || usage "not a volume group's name: $1"
    is_lvm "$2" || usage "not a logical volume's name: $2"
    is_number "$3" || usage "not a size: $3"
    need lvs lvextend
    export LVM_SUPPRESS_FD_WARNINGS=1 # it complains about the lock of `busy`
    lv_bytes "$1/$2"
    if [ "$bytes" -lt "$3" ]; then
        room "$1" "$2"
        sectors=$((($3 + 511) / 512)) # of other sizes it says "Invalid argument"
        said=$(lvextend -qq -L "${sectors}s" "$1/$2" 2>&1 </dev/null)
        lv_bytes "$1/$2"
        if [ "$bytes" -lt "$3" ]; then not_extended "$1/$2 has $bytes bytes, not $3: $said"; fi
    fi
    echo "ok extended $1/$2 $bytes"
}

is_lvm() {
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9_.+-]*) return 1 ;; esac
    [ ${#1} -le 128 ]
}

lv_bytes() { # lv_bytes VG/LV: its size in $bytes
    bytes=$(lvs --noheadings --nosuffix --units b -o lv_size "$1" 2>/dev/null </dev/null)
    bytes=${bytes##* }
    if is_number "$bytes"; then return; fi
    answer=$(lvs "$1" 2>&1 >/dev/null </dev/null)
    answer=${answer##*"$NL"}
    refuse backing-missing "$1: ${answer#"  "}"
}

room() { # room VG LV: the pool of a thin volume has some
    said=$(lvs --noheadings -o segtype,pool_lv "$1/$2" 2>/dev/null </dev/null)
    IFS=' '
    # shellcheck disable=SC2086 # SEGTYPE POOL
    set -- "$1" $said
    [ "${2-}" = thin ] || return 0
    said=$(lvs --noheadings -o data_percent,metadata_percent "$1/$3" 2>/dev/null </dev/null)
    # shellcheck disable=SC2086 # DATA METADATA
    set -- "$1/$3" $said
    [ $# -eq 3 ] || stop 70 unreadable "lvs tells no use of the thin pool $1"
    for used in "$2" "$3"; do
        is_number "${used%.*}" || stop 70 unreadable "lvs tells $used % of use for $1"
        [ "${used%.*}" -lt 80 ] || [ "$used" = 80.00 ] ||
            refuse thin-pool-full "$1: $2 % of its data and $3 % of its metadata are used"
    done
}

not_extended() { # not_extended MESSAGE
    case $1 in *[Ii]nsufficient*) refuse no-space "$1" ;; esac
    stop 70 extend-failed "$1"
}
