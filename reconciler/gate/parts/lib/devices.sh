# on NODE WWID BYTES UUID BEATS VERB ARG...: the verb is done on this device and no other; - is
# not compared, but for BEATS (lib/heartbeats). `opened` holds it as 7 until the end: its $number,
# its $device in sysfs, and $dev, the name that tools get. same_device compares it again.
# Refuses what has gone (device-missing), is another disk (wrong-device), has another size
# (device-size) or another file system (wrong-uuid). Needs blkid where a UUID is compared.
#
# needs: lib/wwid

node='' its_wwid='' its_bytes='' its_uuid='' its_beats='' # as `on` has them

verb_on() { # on NODE WWID BYTES UUID BEATS VERB ARG...: compared once it is open
    [ $# -ge 6 ] || usage 'on NODE WWID BYTES UUID BEATS VERB ARG...'
    is_path "$1" || usage "not a plain absolute path: $1"
    case $1 in /dev/*) ;; *) usage "not below /dev: $1" ;; esac
    case $2 in '' | -?* | *[[:cntrl:]]*) usage "not a WWID: $2" ;; esac
    [ ${#2} -le 255 ] || usage "a WWID longer than 255 bytes"
    [ "$3" = - ] || is_number "$3" || usage "not a size: $3"
    [ "$4" = - ] || is_uuid "$4" || usage "not a UUID: $4"
    [ "$5" = - ] || is_beats "$5" || usage "not heartbeats: $5"
    node=$1 its_wwid=$2 its_bytes=$3 its_uuid=$4 its_beats=$5
    volume=$(printf %s "$4" | tr -d - | tr a-f A-F) # as the kernel and the tools call it
    shift 5
    case $1 in
    format | mount | rescan | grow-partition | reread-partition | grow-fs) ;;
    add-slots | set-label | check-fs | remount) ;;
    *) usage "done on no device: $1" ;;
    esac
    call "$@"
}

is_beats() { # is_beats TEXT: N, N=HEX or N~HEX with commas between, each number once
    case $1 in ,* | *, | *,,*) return 1 ;; esac
    numbers=,
    IFS=,
    for word in $1; do
        number=${word%%[=~]*}
        is_number "$number" && [ ${#number} -le 3 ] && [ "$number" -le 254 ] || return 1
        case $numbers in *",$number,"*) return 1 ;; esac
        numbers=$numbers$number,
        [ "$word" = "$number" ] || is_digest "${word#*[=~]}" || return 1
    done
}

a_device() { # the verb is of one
    [ -n "$node" ] || usage "$verb needs its device: on NODE WWID BYTES UUID BEATS"
}

a_volume() { # the verb is of a file system
    a_device
    [ "$its_uuid" != - ] || usage "$verb needs the UUID of the file system"
}

# Opened once. While it is open the kernel gives its number and its own name to no other, so a
# tool that gets that name gets this device, wherever NODE leads by then.
opened() { # held as 7 until the end: its $number, its $device in sysfs, $dev for tools
    a_device
    [ -b "$node" ] || refuse device-missing "$node is no block device"
    (exec 7<"$node") 2>/dev/null || stop 70 unreadable "$node cannot be opened"
    exec 7<"$node"
    number=$(stat -L -c '%t %T' /proc/self/fd/7) || refuse device-missing "$node has gone"
    number=$((0x${number% *})):$((0x${number#* }))
    device=/sys/dev/block/$number
    [ -d "$device" ] || refuse device-missing "$node is not in /sys/dev/block"
    dev=$(cd -P "$device" && pwd)
    dev=${dev##*/}
    case $dev in *!*) dev=${dev%%!*}/${dev#*!} ;; esac # cciss!c0d0
    dev=/dev/$dev
    is_same "$dev" || dev=/dev/block/$number
    same_device
}

is_same() { # is_same NAME: it leads to what is held
    now=$(stat -L -c '%t %T' "$1" 2>/dev/null) && [ -b "$1" ] &&
        [ "$number" = $((0x${now% *})):$((0x${now#* })) ]
}

same_device() { # what is held is the disk that was approved, by its own word of this moment
    is_same "$dev" || refuse wrong-device "$dev is not what $node was"
    same_wwid
    get "$device/size"
    [ "$its_bytes" = - ] || [ $((${got:-0} * 512)) -eq "$its_bytes" ] ||
        refuse device-size "$node has $((${got:-0} * 512)) bytes, not $its_bytes"
    if [ "$its_uuid" = - ]; then return; fi
    uncached
    superblock
    [ "$type" = ocfs2 ] || refuse wrong-uuid "$node carries ${type:-no file system}, not ocfs2"
    [ "$uuid" = "$its_uuid" ] || refuse wrong-uuid "$node carries $uuid, not $its_uuid"
}

uncached() { # what was read here before may be of another time, or of another disk
    grep -q "^[0-9]* [0-9]* $number " /proc/self/mountinfo ||
        blockdev --flushbufs "$dev" 2>/dev/null
}

superblock() { # what blkid sees, in $type and $uuid
    found=$(blkid -p -o export "$dev" 2>/dev/null </dev/null)
    type='' uuid=''
    IFS=$NL
    for line in $found; do
        case $line in
        TYPE=*) type=${line#TYPE=} ;;
        UUID=*) uuid=${line#UUID=} ;;
        esac
    done
}
