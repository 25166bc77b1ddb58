# disk: the device of `on` is a whole disk, not a partition: its $name, its $paths, its $map.
# Refuses a partition (device-missing) and a map without paths (path-down).
#
# needs: lib/devices

# A whole disk in $device and its $name; its $paths, which may be itself; the name of a
# multipath $map, or nothing.
disk() {
    opened
    name=$(cd -P "$device" && pwd)
    name=${name##*/} paths=${name##*/} map=''
    get "$device/dm/uuid"
    case $got in
    part[0-9]*) refuse device-missing "$node is a partition, not a disk" ;;
    mpath-*)
        paths=$(ls "$device/slaves")
        get "$device/dm/name"
        map=$got
        [ -n "$paths" ] || refuse path-down "$node has no paths"
        ;;
    esac
    [ ! -e "$device/partition" ] || refuse device-missing "$node is a partition, not a disk"
}
