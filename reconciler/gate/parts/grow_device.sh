# on NODE WWID - - - rescan BYTES   until all paths, then the map, have that much
# Needs dmsetup and multipathd where the disk is a multipath map. Nothing is written to the disk.
# Refuses while a path does not work (path-down); sizes that do not come end with status 70
# (path-not-grown, map-not-grown).
#
# needs: permit lib/disk

verb_rescan() { # rescan BYTES
    [ $# -eq 1 ] || usage 'rescan BYTES'
    is_number "$1" || usage "not a size: $1"
    disk
    all_up
    n=0
    until level "$1"; do
        [ $n -lt 10 ] || stop 70 path-not-grown "$told"
        [ $n -eq 0 ] || sleep 1
        rescan_paths
        n=$((n + 1))
    done
    if [ -n "$map" ]; then resize_map "$first"; fi
    get "$device/size"
    echo "ok rescanned $node $((got * 512))"
}

# To the kernel a dead path looks rescanned, with its old size; and a map of paths that
# differ is not made larger.
all_up() { # all_up: every path works, for its driver and for the map
    down=''
    IFS=$NL
    for path in $paths; do
        get "/sys/class/block/$path/device/state"
        case $got in running | live | '') ;; *) down="$down, $path is $got" ;; esac
    done
    if [ -n "$map" ]; then failed_paths; fi
    [ -z "$down" ] || refuse path-down "${down#, }"
}

failed_paths() { # 0 SIZE multipath ... GROUP ... 8:16 A 0 ...; the status comes without I/O
    need dmsetup
    said=$(dmsetup status --noflush "$map" 2>&1 </dev/null) || stop 70 unreadable "$map: $said"
    before=''
    IFS=' '
    for word in $said; do
        case $before in [0-9]*:[0-9]*)
            path=$(cd -P "/sys/dev/block/$before" 2>/dev/null && pwd)
            [ "$word" = A ] || down="$down, ${path##*/} is $word in $map"
            ;;
        esac
        before=$word
    done
}

level() { # level BYTES: all paths have one size, in $first, and that is enough; or $told
    told='' first='' same=yes small=no
    IFS=$NL
    for path in $paths; do
        get "/sys/class/block/$path/size"
        bytes=$((${got:-0} * 512))
        if [ $bytes -lt "$1" ]; then small=yes; fi
        if [ $bytes -ne "${first:=$bytes}" ]; then same=no; fi
        told="$told, $path has $bytes bytes"
    done
    told="${told#, }, not $1"
    [ $same$small = yesno ]
}

rescan_paths() {
    IFS=$NL
    for path in $paths; do
        file=/sys/class/block/$path/device/rescan
        if [ -e "$file" ]; then (echo 1 >"$file") 2>/dev/null; fi
    done
}

# multipathd says "ok" with status 0 when it did nothing, and "fail" when udev was first.
resize_map() { # resize_map BYTES
    n=0
    while get "$device/size" && [ $((got * 512)) -ne "$1" ]; do
        if [ $n -ge 15 ] || [ $((got * 512)) -gt "$1" ]; then
            stop 70 map-not-grown "$map has $((got * 512)) bytes, its paths $1"
        fi
        need multipathd
        if [ $((n % 3)) -eq 0 ]; then
            multipathd resize map "$map" >/dev/null 2>&1 </dev/null
        fi
        n=$((n + 1))
        sleep 1
    done
}
