# logical_volumes: size and room of each --lv of a storage host. No lock is taken.
# Needs lvs, and fails without it.

probe_logical_volumes() {
    [ -n "$logical" ] || return 0
    has lvs || fail "lvs is not there"
    # No lock is taken, so no lock file written; before 2.03 the option was another.
    lvs --nolocking --version >/dev/null && unlocked=--nolocking ||
        unlocked='--config=global{locking_type=0}'
    IFS=$NL
    for name in $logical; do logical_volume "$name"; done
}

logical_volume() { # logical_volume VG/LV
    said=$(tell "$1" lv_size,vg_free,vg_extent_size,pool_lv) || {
        said=$(limited 20 lvs "$unlocked" "$1" 2>&1 >/dev/null)
        said=${said##*"$NL"}
        plain "${said#"${said%%[! ]*}"}"
        row missing "$1" "$got"
        return
    }
    IFS=,
    # shellcheck disable=SC2086 # SIZE FREE EXTENT POOL
    set -- "$1" $said
    row lv "$1" "$2" "$3" "$4" "${5:--}"
    [ -n "${5-}" ] || return 0
    said=$(tell "${1%%/*}/$5" data_percent,metadata_percent) || fail "lvs tells nothing of $5"
    IFS=,
    # shellcheck disable=SC2086 # DATA METADATA
    set -- "$1" $said
    row pool "$1" "${2:--}" "${3:--}"
}

tell() { # tell VG/LV FIELDS: separated by commas, sizes in bytes
    answer=$(limited 20 lvs "$unlocked" --noheadings --nosuffix --units b --separator , \
        -o "$2" "$1") || return 1
    printf %s "${answer#"${answer%%[! ]*}"}"
}
