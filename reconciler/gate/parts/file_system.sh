# on NODE WWID BYTES UUID BEATS grow-fs BLOCKS HOW   HOW: mounted or unmounted, here
# ... add-slots SLOTS                  unmounted; never fewer
# ... set-label LABEL                  unmounted
# Need tunefs.ocfs2 and debugfs.ocfs2, which is believed of what was done. Refuse a device that is
# smaller than that (device-too-small), a change cut short (resize-interrupted), a use that is not
# HOW, and what lib/devices and lib/heartbeats refuse.
#
# needs: permit lib/devices lib/superblock lib/in_use lib/heartbeats

verb_grow_fs() { # grow-fs BLOCKS HOW
    [ $# -eq 2 ] || usage 'grow-fs BLOCKS HOW'
    is_count "$1" || usage "not a number of blocks: $1"
    case $2 in mounted | unmounted) ;; *) usage "neither mounted nor unmounted: $2" ;; esac
    a_volume
    opened
    "$2"
    stats
    uninterrupted
    layers "$device" $(($1 * block_size))
    wanted=$(($1 * block_size / cluster_size))
    if [ "$clusters" -lt $wanted ]; then
        nobody_else "$2"
        said=$(tunefs.ocfs2 -S "$dev" "$1" 2>&1 </dev/null)
        stats
        [ "$clusters" -ge $wanted ] ||
            stop 70 grow-failed "$node has $clusters clusters, not $wanted: $said"
        uninterrupted
    fi
    echo "ok grown $node $((clusters * cluster_size))"
}

# INCOMPAT_RESIZE_INPROG 4 and INCOMPAT_TUNEFS_INPROG 32 (ocfs2_fs.h), which debugfs.ocfs2
# calls aborted-resize and aborted-tunefs: tunefs refuses both until fsck has been there.
uninterrupted() { # after `stats`
    [ $((incompat & 0x24)) -eq 0 ] ||
        refuse resize-interrupted "a tunefs.ocfs2 of $node was cut short: incompat $incompat"
}

# A partition's map and a multipath map can be larger than what is below them; of an LV the
# layers have other sizes.
layers() { # layers DIR BYTES
    get "$1/size"
    [ $((${got:-0} * 512)) -ge "$2" ] || too_small "$@"
    get "$1/dm/uuid"
    case $got in mpath-* | part[0-9]*)
        IFS=$NL
        # shellcheck disable=SC2045 # names of the kernel's
        for below in $(ls "$1/slaves"); do
            layers "/sys/class/block/$below" "$2"
        done
        ;;
    esac
}

too_small() { # too_small DIR BYTES
    name=$(cd -P "$1" && pwd)
    refuse device-too-small "${name##*/} has $((${got:-0} * 512)) bytes, not $2"
}

verb_add_slots() { # add-slots SLOTS
    [ $# -eq 1 ] || usage 'add-slots SLOTS'
    if ! is_number "$1" || [ "$1" -gt 255 ]; then usage "not a number of slots: $1"; fi
    a_volume
    opened
    unmounted
    stats
    uninterrupted
    if [ "$slots" -lt "$1" ]; then
        nobody_else unmounted
        said=$(tunefs.ocfs2 -N "$1" "$dev" 2>&1 </dev/null)
        stats
        [ "$slots" -ge "$1" ] || stop 70 slots-failed "$node has $slots slots, not $1: $said"
        uninterrupted
    fi
    echo "ok slots $node $slots"
}

verb_set_label() { # set-label LABEL
    [ $# -eq 1 ] || usage 'set-label LABEL'
    is_word "$1" 63 || usage "not a label: $1" # ocfs2_fs.h: OCFS2_MAX_VOL_LABEL_LEN is 64
    a_volume
    opened
    unmounted
    stats
    uninterrupted
    if [ "$label" != "$1" ]; then
        nobody_else unmounted
        said=$(tunefs.ocfs2 -L "$1" "$dev" 2>&1 </dev/null)
        stats
        [ "$label" = "$1" ] ||
            stop 70 label-failed "$node has the label ${label:-none}, not $1: $said"
    fi
    echo "ok label $node $label"
}
