#!/bin/sh
# reconcile-gate 1
#
# Does one thing on this host, after checking on the spot that it is still right to do it.
# POSIX sh (dash, busybox ash, bash), as root, one verb a call:
#
#   on NODE WWID BYTES UUID BEATS VERB ARG...   what is marked * below is done on this device and
#                                           no other; - is not compared, but for BEATS
#   write-file PATH MODE OLD NEW            stdin becomes PATH; sha256, or absent for OLD
# * format -- mkfs.ocfs2 ARG...             only a blank device of BYTES, never by force; -U
# * mount PATH OPTIONS                      only the file system UUID
#   unmount PATH                            plainly, never by force; tells who holds it
#   archive-file PATH OLD                   the file of that sha256 becomes PATH.before
#   set-live CLUSTER KEY VALUE              in configfs; only what a running cluster takes
#   extend-lv VG LV BYTES                   on the storage host; never smaller
# * rescan BYTES                            until all paths, then the map, have that much
# * grow-partition NUMBER START END         in sectors of 512 bytes; only its end moves
# * reread-partition NUMBER BYTES           until the kernel here has that much
# * grow-fs BLOCKS HOW                      HOW: mounted or unmounted, here
# * add-slots SLOTS                         unmounted; never fewer
# * set-label LABEL                         unmounted
# * check-fs STACK CLUSTER                  unmounted; repairs, and tells whether it did
# * remount PATH OPTIONS                    what is mounted there already
#   disarm unit NAME -                      a .mount or .automount unit never starts again
#   disarm autofs FILE LINE                 that line of an autofs map is commented out
#   note-backup CLUSTER begun|made LABEL UUID BYTES HOST DIGEST
#                                           that there is a backup, by the time since this boot
#   install-packages MANAGER [?]NAME[=VERSION]...   dpkg or rpm; removes nothing, starts nothing;
#                                           what has a ? only if a repository offers it
#   install-module MANAGER PACKAGE[=VERSION] KERNEL   the build that has ocfs2 for that kernel, no
#                                           other; VERSION may end before a - or +
#   fetch install-packages|install-module ARG...    whether that could be done; all is here then
#   reload-module KERNEL                    offline: what is loaded of ocfs2 goes, ocfs2 comes back
#   stop-guest NAME SECONDS LIST STOP       until it is not listed; never killed
#   migrate-guest NAME SECONDS LIST MIGRATE STOP   else it is stopped
#   start-guest PATH NAME SECONDS LIST START       once PATH is mounted; until it is listed
#                                           LIST, STOP, ... are commands, a word a line
#   do COMMAND ARG...                       one of the few commands in `do_command`, as it is
#   run PROGRAM ARG...                      a program of the operator's
#
# Before each of these stands who it is of, and it begins only if that holds here:
#
#   as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION   SCOPE: - for a member, a cluster on a storage host;
#                                           once a STEP, in that boot, up to that second of it
#
# Who that may be is decided by these:
#
#   lease-acquire SCOPE RUN HOLDER HOSTS DISPLACES   all hosts of the run, by commas; DISPLACES is
#                                           a run that is known to have ended, or -
#   lease-renew SCOPE RUN TOKEN             that the run lives; whether it still has the lease
#   lease-seal SCOPE RUN TOKEN              nothing of it starts here any more
#   lease-free SCOPE RUN TOKEN              when it is sealed on all its hosts
#   lease-unlock SCOPE RUN                  an operator takes it from that run
#   pause CLUSTER REASON BY UNTIL           nothing starts here until that second, or for so
#                                           many from now (+N), or until `resume` (-)
#   resume
#
# BEATS are the heartbeats on the device that are explained, separated by commas, or - for none:
#   N       a member whose heartbeat may go on, while this host mounts
#   N=HEX   a block that begins with these 32 bytes, as somebody attested it
#   N~HEX   the same of a host that is dead, seen so for twice the largest dead time
# Nothing is mounted or written beside a heartbeat that is not explained.
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
hidden=''
clean() {
    [ -z "$hidden" ] || release_units
    [ -z "$temp" ] || rm -f "$temp"
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

is_count() { # is_count TEXT: of sectors or blocks; as bytes it still is a number
    is_number "$1" && [ ${#1} -le 15 ]
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

need() { # need TOOL...
    for tool; do
        has "$tool" || stop 70 no-tool "$tool is not there"
    done
}

get() { # get FILE: its first line in $got
    got=''
    [ -r "$1" ] && IFS= read -r got <"$1"
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
        same_owner "$1"
        keep "$1"
    fi
    unchanged "$1" "$3" # again: someone may have been quicker
    replace "$1" "$2"
    if has restorecon; then restorecon "$1" >/dev/null 2>&1; fi
    echo "ok written $1"
}

same_owner() { owner=$(stat -c %u:%g "$1") && chown "$owner" "$temp"; }

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

# ---- the device that was approved ------------------------------------------------------

node='' its_wwid='' its_bytes='' its_uuid='' its_beats='' # as `on` has them

on() { # on NODE WWID BYTES UUID BEATS ...: of the device of the verb, compared once it is open
    is_path "$1" || usage "not a plain absolute path: $1"
    case $1 in /dev/*) ;; *) usage "not below /dev: $1" ;; esac
    case $2 in '' | -?* | *[[:cntrl:]]*) usage "not a WWID: $2" ;; esac
    [ ${#2} -le 255 ] || usage "a WWID longer than 255 bytes"
    [ "$3" = - ] || is_number "$3" || usage "not a size: $3"
    [ "$4" = - ] || is_uuid "$4" || usage "not a UUID: $4"
    [ "$5" = - ] || is_beats "$5" || usage "not heartbeats: $5"
    node=$1 its_wwid=$2 its_bytes=$3 its_uuid=$4 its_beats=$5
    volume=$(printf %s "$4" | tr -d - | tr a-f A-F) # as the kernel and the tools call it
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

a_volume() { # the verb is of a file system
    [ -n "$node" ] || usage "$verb needs its device: on NODE WWID BYTES UUID BEATS"
    [ "$its_uuid" != - ] || usage "$verb needs the UUID of the file system"
}

# Opened once. While it is open the kernel gives its number and its own name to no other, so a
# tool that gets that name gets this device, wherever NODE leads by then.
opened() { # held as 7 until the end: its $number, its $device in sysfs, $dev for tools
    [ -n "$node" ] || usage "$verb needs its device: on NODE WWID BYTES UUID BEATS"
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

same_wwid() { # of the disk below it: its map, and every path of that
    whole=$device
    if [ -e "$whole/partition" ]; then whole=$whole/..; fi
    get "$whole/dm/uuid"
    case $got in part[0-9]*-mpath-*)
        whole=/sys/class/block/$(ls "$whole/slaves")
        get "$whole/dm/uuid"
        ;;
    esac
    seen=''
    case $got in
    mpath-*)
        right_wwid "${got#mpath-}"
        paths=$(ls "$whole/slaves")
        ;;
    ?*) paths='' ;; # other maps have none
    *)
        paths=$(cd -P "$whole" 2>/dev/null && pwd)
        paths=${paths##*/}
        ;;
    esac
    IFS=$NL
    for path in $paths; do
        path_wwid "$path"
        if [ -n "$told" ]; then right_wwid "$told" " by $path"; fi
    done
    [ "$its_wwid" = - ] || [ -n "$seen" ] ||
        refuse wrong-device "$node tells no WWID, not $its_wwid"
}

right_wwid() { # right_wwid WWID [WHERE]
    seen=$1
    [ "$1" = "$its_wwid" ] || refuse wrong-device "$node is the disk $1${2-}, not $its_wwid"
}

# As the kernel read it when it found the disk, in multipath's form (as the probe has it), and
# as the disk itself says now: behind a path that stays there may be another one.
path_wwid() { # path_wwid KNAME: in $told, or nothing
    told=''
    case $1 in nvme*)
        get "/sys/class/block/$1/wwid"
        told=$got
        return
        ;;
    esac
    get "/sys/class/block/$1/device/wwid"
    case $got in
    naa.*) told=3${got#naa.} ;;
    eui.*) told=2${got#eui.} ;;
    t10.*) told=1$(plain_words "${got#t10.}") ;;
    iqn.*) told=8$got ;;
    esac
    for tool in /lib/udev/scsi_id /usr/lib/udev/scsi_id; do
        if [ ! -x "$tool" ] || [ ! -e "/sys/class/block/$1/device/scsi_level" ]; then continue; fi
        said=$("$tool" -g -p 0x83 -d "/dev/$1" 2>/dev/null </dev/null)
        said=${said%"$NL"}
        case $said in 1*) said=1$(plain_words "${said#1}") ;; esac
        # Of several names it may choose one of a kind (the first digit) that nobody asked for.
        case $told$NL$its_wwid in "$NL"* | "${said%"${said#?}"}"* | *"$NL${said%"${said#?}"}"*)
            told=${said:-$told} ;;
        esac
        return
    done
}

plain_words() { # plain_words TEXT: with _ for each run of spaces
    IFS=' '
    # shellcheck disable=SC2086 # split at the spaces
    set -- $1
    IFS=_
    printf %s "$*"
}

# ---- nobody else ------------------------------------------------------------------------

BEATERS=255                # O2NM_MAX_NODES; each has a sector of the heartbeat area
OWN_APART=500              # hundredths of a second between two looks at our own block
MOST_SLEEP=10              # seconds between two looks
DEAD_TIME=60000            # milliseconds, where no block tells: o2hb's default
MOST_DEAD_TIME=600000      # what nobody sets is not waited for
EIGHT='????????'           # of a block as hex digits

# The last thing before every tool that mounts or writes. A host that nobody lists asks for no
# lease and no lock: on the disk it is seen, in its own block of the heartbeat area, before it
# touches anything else. One that is silent may be a host that stands still and will go on.
nobody_else() { # nobody_else HOW: HOW is mount, mounted or unmounted, as this host has it
    case $1:,$its_beats, in unmounted:*,[0-9],* | unmounted:*,[0-9][0-9],* | \
        unmounted:*,[0-9][0-9][0-9],*) usage "no heartbeat may go on under $verb: $its_beats" ;;
    esac
    same_device
    heartbeat_area
    waited='' remembered='' own_first=''
    first_seen
    until explained && still "$1"; do
        waited=yes
        [ "$waits" -le $MOST_SLEEP ] || waits=$MOST_SLEEP
        sleep "$waits"
    done
    keep_first_seen
    if [ -n "$waited" ]; then
        same_device
        explained
    fi
    [ "$1" = mount ] || "$1"
}

# As libocfs2 has it (libocfs2/heartbeat.c): the file's only extent, a sector for each number.
# debugfs.ocfs2 -R hb takes 512 bytes for one, so it shows eight times too few with 4096.
heartbeat_area() { # its first block in $area, the $sector, the $volume's $block_size
    stats
    case $stack_flags in *Globalheartbeat*)
        refuse not-supported-yet "the heartbeat of $node is global" ;;
    esac
    [ $((incompat & 8)) -eq 0 ] || # INCOMPAT_LOCAL_MOUNT (ocfs2_fs.h)
        refuse foreign-stack "$node is for one host alone, whose mount would not be seen"
    text=$(debugfs.ocfs2 -R 'stat //heartbeat' "$dev" 2>/dev/null </dev/null)
    flat='' rows=0 area='' extent=0
    IFS=$NL
    for line in $text; do
        case $line in
        "${TAB}Tree Depth: 0 "*) flat=yes ;;
        "$TAB"[0-9]*)
            IFS="$TAB "
            # shellcheck disable=SC2086 # NUMBER OFFSET CLUSTERS BLOCK FLAGS
            set -- $line
            rows=$((rows + 1)) extent=${3-} area=${4-}
            [ "${2-}" = 0 ] || flat=''
            ;;
        esac
    done
    sector=$(blockdev --getss "$dev" 2>/dev/null)
    if [ "$flat$rows" != yes1 ] || ! is_count "$extent" || ! is_count "$area" ||
        [ $((extent * cluster_size / block_size)) -lt $BEATERS ] ||
        ! is_count "$sector" || [ "$block_size" -lt "$sector" ]; then
        stop 70 heartbeat-unread "debugfs.ocfs2 tells no heartbeat area of $node"
    fi
}

read_beats() { # all of it, past every cache; in $blocks NUMBER HEX TIME of what is not zero
    need dd od awk
    direct=''
    if dd if="$dev" of=/dev/null bs="$block_size" count=1 iflag=direct 2>/dev/null; then
        direct=iflag=direct
    else
        blockdev --flushbufs "$dev" 2>/dev/null ||
            stop 70 heartbeat-unread "$node can only be read from this host's cache"
    fi
    # shellcheck disable=SC2086 # $direct may be nothing
    blocks=$(dd if="$dev" bs="$block_size" skip="$area" $direct \
        count=$(((BEATERS * sector + block_size - 1) / block_size)) 2>/dev/null |
        od -A n -v -t x1 | awk -v lines=$((sector / 16)) -v most=$BEATERS '
            { at = (NR - 1) % lines; if (at > 1) next; gsub(/[ \t]/, "") }
            at == 0 { first = $0; next }
            NR <= lines * most && (first $0) ~ /[1-9a-f]/ { tell((NR - 2) / lines, first $0) }
            END { if (NR >= lines * most) print "read" }
            function tell(number, hex) {
                dead = "0x" substr(hex, 55, 2) substr(hex, 53, 2) substr(hex, 51, 2)
                print number, hex, dead substr(hex, 49, 2)
            }')
    case $blocks in
    read) blocks='' ;;
    *"${NL}read") blocks=${blocks%"${NL}read"} ;;
    *) stop 70 heartbeat-unread "the heartbeat area of $node cannot be read" ;;
    esac
}

since_boot() { # in hundredths of a second, in $now; no clock that somebody can set
    IFS=' ' read -r now _ </proc/uptime
    now=$((${now%.*} * 100 + 1${now#*.} - 100))
}

# A block of o2hb (fs/ocfs2/cluster/ocfs2_heartbeat.h), little endian: sequence of 8 bytes,
# node, 3 of nothing, checksum of 4, generation of 8, dead time of 4. No generation: it left.
explained() { # each block with a generation; those of the dead in $dead, our own in $mine
    since_boot
    asked=$now
    read_beats
    since_boot
    strangers='' dead='' mine='' longest=0
    IFS=$NL
    for line in $blocks; do
        if [ $((${line##* })) -gt $longest ]; then longest=$((${line##* })); fi
        line=${line% *}
        beater=${line% *} hex=${line#* }
        case $hex in $EIGHT$EIGHT$EIGHT${EIGHT}0000000000000000*) continue ;; esac
        if [ "$beater" = "${own-}" ]; then mine=$hex; fi
        case ,$its_beats, in
        *",$beater=$hex,"*) ;;
        *",$beater~$hex,"*) dead=$dead$line$NL ;;
        *",$beater,"*) # in its own place, or somebody else writes there
            case $hex in $EIGHT$EIGHT"$(printf %02x "$beater")"*) ;; *)
                strangers="$strangers, $beater" ;;
            esac
            ;;
        *) strangers="$strangers, $beater" ;;
        esac
    done
    [ -z "$strangers" ] || refuse foreign-heartbeat \
        "$node has a heartbeat that nothing explains, of number ${strangers#, }"
    [ $longest -gt 0 ] || longest=$DEAD_TIME
}

still() { # still HOW: the dead were so long enough; and nobody has our number
    waits=0
    own_place "$1"
    IFS=$NL
    for line in $dead; do
        case $remembered in
        *"$NL$line "*)
            seen=${remembered#*"$NL$line "}
            seen=${seen%%"$NL"*}
            ;;
        *) remembered=${remembered:-$NL}$line' '$now$NL seen=$now ;;
        esac
        wait_for $(((longest + 4) / 5 - asked + seen))
    done
    [ -z "$dead" ] || [ $longest -le $MOST_DEAD_TIME ] || refuse foreign-heartbeat \
        "$node has a block with a dead time of $longest ms, which nobody waits for"
    [ $waits -eq 0 ]
}

wait_for() { # wait_for HUNDREDTHS: at least so long, in $waits as seconds
    if [ "$1" -gt $((waits * 100)) ]; then waits=$((($1 + 99) / 100)); fi
}

own_place() { # own_place HOW: before a mount our block moves only if another has our number
    [ "$1" = mount ] && [ -n "$mine" ] || return 0
    if [ -z "$own_first" ]; then
        regions
        case $found in *"/heartbeat/$volume$NL"*) return 0 ;; esac # mounted elsewhere here
        own_first=$mine own_time=$now
    fi
    [ "$mine" = "$own_first" ] || refuse foreign-heartbeat \
        "another host writes the heartbeat of number $own, this host's, to $node"
    wait_for $((OWN_APART - asked + own_time))
}

# What was seen is kept for the next verb, so that not each of a window waits as long.
first_seen() { # of this boot: lines NUMBER HEX TIME after a line feed each, in $remembered
    get /proc/sys/kernel/random/boot_id
    this_boot=$got
    file=$STATE/beats/$its_uuid
    get "$file"
    if [ "$got" = "$this_boot" ] && [ ! -L "$file" ]; then
        remembered=$NL$(sed 1d "$file" | grep -E '^[0-9]{1,3} [0-9a-f]{64} [0-9]{1,15}$')$NL
    fi
}

keep_first_seen() { # without room for it the next one waits as long again
    [ -n "$dead" ] || return 0
    (
        trap clean EXIT
        no_symlink "$STATE"
        directory "$STATE/beats"
        no_symlink "$file"
        fill "$file" <<END
$this_boot
${remembered#"$NL"}
END
        replace "$file" 600
    ) 2>/dev/null
}

# ---- formatting ------------------------------------------------------------------------

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
    while read -r where _; do
        if [ "$where" -ef "$dev" ]; then refuse device-in-use "$node is swap"; fi
    done 2>/dev/null </proc/swaps
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
format() { # format -- mkfs.ocfs2 ARG...
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

# ---- mount ----------------------------------------------------------------------------

# The topmost mount there in $found as "MAJ:MIN TYPE", its options in $flags, how many are
# OCFS2 in $volumes.
mounted_at() { # mounted_at PATH
    found='' volumes=0 flags=''
    IFS=$NL
    # shellcheck disable=SC2013 # a line each
    for line in $(cat /proc/self/mountinfo); do
        IFS=' '
        # shellcheck disable=SC2086 # ID PARENT MAJ:MIN ROOT PATH OPTIONS [TAG...] - TYPE ...
        set -- "$1" $line
        point=$6
        case $point in *\\*) point=$(printf '%b' "$(echo "$point" | sed 's/\\/\\0/g')") ;; esac
        if [ "$point" = "$1" ]; then
            flags=$7,${line##* }
            line=${line#* - }
            found="$4 ${line%% *}"
            case $found in *' ocfs2') volumes=$((volumes + 1)) ;; esac
        fi
    done
}

mount_volume() { # mount_volume PATH OPTIONS
    [ $# -eq 2 ] || usage 'mount PATH OPTIONS'
    is_path "$1" || usage "not a plain absolute path: $1"
    is_options "$2" || usage "not mount options: $2"
    case ,$2, in *,nocluster,* | *,heartbeat=* | *,cluster_stack=*)
        usage "the cluster's own settings decide it: $2" ;;
    esac
    a_volume
    no_symlink "$1"
    opened
    mounted_at "$1"
    case $found in
    "$number ocfs2") echo "ok mounted $1" && return ;;
    ?*) refuse mount-path-busy "$1 already has a file system mounted: $found" ;;
    esac
    lists_agree
    directory "$1"
    nobody_else mount
    if said=$(mount -t ocfs2 -o "$2" "$dev" "$1" 2>&1 </dev/null); then
        mounted_at "$1"
        if [ "$found" = "$number ocfs2" ]; then echo "ok mounted $1" && return; fi
        said="mount said nothing, yet $1 is not mounted"
    fi
    mount_failed
}

mount_failed() { # as said, and what the kernel has to say
    printf 'gate: mount-failed: %s\n' "$said" >&2
    dmesg 2>/dev/null | grep -iE 'ocfs2[^-]|o2(cb|net|hb|dlm)' | tail -n 12 >&2
    exit 70
}

is_options() { case $1 in '' | -* | *[!A-Za-z0-9_=.,:@%+/-]*) return 1 ;; esac; }

# With lists that differ a mount hangs for a minute at best; a host whose list lacks the others
# replays their journals.
lists_agree() { # the kernel's list of members is cluster.conf's; this host's number in $own
    configured=/sys/kernel/config/cluster
    set +f
    set -- "$configured"/*
    set -f
    if [ ! -d "$1" ]; then refuse lists-differ "no cluster is online here"; fi
    [ $# -eq 1 ] || refuse lists-differ "several clusters are online here"
    get "$1/heartbeat/mode"
    [ "$got" != global ] || refuse not-supported-yet "the heartbeat of ${1##*/} is global"
    own='' live=''
    set +f
    for item in "$1"/node/*; do
        [ -d "$item" ] || continue
        line=${item##*/}
        for key in num ipv4_address ipv4_port; do
            get "$item/$key"
            line="$line $got"
            if [ $key = num ]; then member=$got; fi
        done
        get "$item/local"
        if [ "$got" = 1 ]; then own=$member; fi
        live=$live$line$NL
    done
    set -f
    listed=$(listed_nodes "${1##*/}" </etc/ocfs2/cluster.conf 2>/dev/null)
    differ=$(printf '%s' "$live$listed" | sort | uniq -u | head -n 1)
    [ -z "$differ" ] ||
        refuse lists-differ "the kernel's ${1##*/} and cluster.conf differ in: $differ"
    is_number "$own" || refuse lists-differ "this host is none of the nodes of ${1##*/}"
}

listed_nodes() { # listed_nodes CLUSTER: NAME NUMBER ADDRESS PORT of each in cluster.conf
    awk -v cluster="$1" '
        /^[a-z_]+:/ { tell(); kind = $1; next }
        /^[ \t]*[a-z_]+[ \t]*=/ {
            key = value = $0
            sub(/[ \t]*=.*/, "", key)
            sub(/^[ \t]*/, "", key)
            sub(/^[^=]*=[ \t]*/, "", value)
            sub(/[ \t]*$/, "", value)
            of[key] = value
        }
        END { tell() }
        function tell() {
            if (kind == "node:" && of["cluster"] == cluster)
                print of["name"], of["number"], of["ip_address"], of["ip_port"]
            split("", of)
        }'
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

# ---- growth: below the file system -----------------------------------------------------

extend_lv() { # extend_lv VG LV BYTES
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

rescan() { # rescan BYTES
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

grow_partition() { # grow_partition NUMBER START END
    [ $# -eq 3 ] || usage 'grow-partition NUMBER START END'
    is_partition "$1" || usage "not a partition's number: $1"
    for word in "$2" "$3"; do
        is_count "$word" || usage "not a sector: $word"
    done
    [ "$3" -gt "$2" ] || usage "the end $3 is not after the start $2"
    disk
    need partx parted
    table "$1"
    growable "$@"
    if [ "$end" -ne "$3" ]; then
        save_table
        wanted=${row%% END=*}" END=\"$3\" "${row#* END=\"*\" }
        wanted=${rows%%"$row"*}$wanted${rows#*"$row"}
        same_device
        move_end "$1" "$3"
        table "$1"
        [ "$rows" = "$wanted" ] || stop 70 partition-failed \
            "partition $1 of $node ends at ${end:-nothing}, not $3, or more has changed: $said"
    fi
    reread "$1" $((($3 - $2 + 1) * 512))
    echo "ok grown $node $1 $3"
}

is_partition() { is_number "$1" && [ "$1" -ge 1 ] && [ ${#1} -le 3 ]; }

# The table on the disk in $rows: partx reads it as blkid does and asks no kernel. Without
# the flush a host that did not write it would read it from its own cache.
table() { # table NUMBER: that partition's $row, its $start, $end and $scheme
    blockdev --flushbufs "$dev" 2>/dev/null
    rows=$(partx -P -o NR,START,END,SCHEME,TYPE,UUID,FLAGS,NAME "$dev" 2>&1 </dev/null)
    row='' start='' end='' scheme='' partuuid=''
    IFS=$NL
    for line in $rows; do
        case $line in "NR=\"$1\" "*)
            row=$line
            start=$(value START "$line") end=$(value END "$line")
            scheme=$(value SCHEME "$line") partuuid=$(value UUID "$line")
            ;;
        esac
    done
}

value() { # value KEY ROW
    set -- "${2#* "$1"=\"}"
    printf '%s' "${1%%\"*}"
}

growable() { # growable NUMBER START END, after `table`
    [ -n "$row" ] || refuse partition-missing "$node has no partition $1: ${rows##*"$NL"}"
    [ "$start" = "$2" ] ||
        refuse partition-moved "partition $1 of $node begins at $start, not $2"
    [ "$end" -le "$3" ] || refuse shrink-refused "partition $1 of $node ends at $end, after $3"
    get "$device/queue/logical_block_size"
    unit=$((${got:-512} / 512)) # the kernel and partx count in 512, the table and parted do not
    [ $((($3 + 1) % unit)) -eq 0 ] || refuse device-size "$node has blocks of $got bytes"
    get "$device/size"
    case $scheme in
    gpt) last=$((got - unit - 33)) ;; # the other header, and its 128 entries of 128 bytes
    dos)
        last=$((got - 1))
        [ $(($3 / unit)) -lt 4294967296 ] ||
            refuse partition-limit "an MBR partition cannot end at sector $3"
        ;;
    *) refuse partition-table "$node has a table of the kind ${scheme:-unknown}" ;;
    esac
    [ "$3" -le $last ] || refuse device-size "$node can be used up to sector $last, not $3"
    unblocked "$@"
}

unblocked() { # unblocked NUMBER START END: no other partition on the way
    IFS=$NL
    for line in $rows; do
        other=$(value START "$line") stops=$(value END "$line")
        if [ "$other" -gt "$2" ] && [ "$other" -le "$3" ]; then
            refuse partition-blocked "another partition of $node begins at $other"
        fi
        # An extended partition; of no other kind does one contain another.
        if [ "$other" -lt "$2" ] && [ "$stops" -ge "$end" ] && [ "$stops" -lt "$3" ]; then
            refuse partition-blocked "partition $1 of $node is within one that ends at $stops"
        fi
    done
}

save_table() { # as sfdisk could write it again, if it is there
    case $partuuid in '' | *[!A-Za-z0-9-]*) file=$name ;; *) file=$partuuid ;; esac
    file=$STATE/tables/$file.dump
    dump=$(sfdisk -d "$dev" 2>/dev/null </dev/null) || dump=$rows
    no_symlink "$file"
    directory "$STATE/tables"
    fill "$file" <<END
$dump
END
    replace "$file" 600
}

# With -s parted refuses a partition that is mounted, unless device-mapper hides that. It asks
# nothing but what is answered here; it does not take a word after the end of its input. A
# GPT on a disk that has grown is fixed first, which parted does before any command.
move_end() { # move_end NUMBER END: what parted said in $said
    if [ "$scheme" = gpt ]; then
        printf 'Fix\nFix\n' | parted ---pretend-input-tty "$dev" print >/dev/null 2>&1
    fi
    sector=$((($2 + 1) / unit - 1))
    said=$(echo Yes |
        parted ---pretend-input-tty "$dev" unit s resizepart "$1" ${sector}s 2>&1 |
        tr -d '\r' | grep -E '^(Error|Warning)' | tail -n 1)
}

reread_partition() { # reread_partition NUMBER BYTES
    [ $# -eq 2 ] || usage 'reread-partition NUMBER BYTES'
    is_partition "$1" || usage "not a partition's number: $1"
    is_number "$2" || usage "not a size: $2"
    disk
    reread "$@"
    echo "ok reread $node $1 $2"
}

reread() { # reread NUMBER BYTES, after `disk`
    n=0
    until partition_bytes "$1" && [ "$bytes" = "$2" ]; do
        [ $n -lt 20 ] || stop 70 partition-not-reread \
            "partition $1 of $node has ${bytes:-no} bytes in the kernel, not $2"
        [ $n -eq 0 ] || sleep 1
        if [ $((n % 4)) -eq 0 ]; then tell_kernel "$@"; fi
        n=$((n + 1))
    done
}

partition_bytes() { # partition_bytes NUMBER: of $device, as the kernel has it, in $bytes
    bytes='' part=''
    get "$device/dm/uuid"
    uuid=$got
    set +f
    if [ -n "$uuid" ]; then
        for dir in /sys/class/block/dm-*; do
            get "$dir/dm/uuid"
            if [ "$got" = "part$1-$uuid" ]; then part_size "$dir"; fi
        done
    else
        for dir in "$device"/*; do
            get "$dir/partition"
            if [ "$got" = "$1" ]; then part_size "$dir"; fi
        done
    fi
    set -f
    [ -n "$bytes" ]
}

part_size() { # part_size DIR
    get "$1/dm/name"
    part=$got
    get "$1/size" && bytes=$((got * 512))
}

# kpartx -u makes the maps larger that have grown, mounted or not, and leaves the others; partx
# touches that one partition. partprobe tries to make every map of the disk anew, by names of
# its own ("create ioctl on mpatha1 ... busy"), so it comes last.
tell_kernel() { # tell_kernel NUMBER BYTES
    blockdev --flushbufs "$dev" 2>/dev/null
    if [ -n "$uuid" ]; then
        get "$device/dm/name"
        between=-part # kpartx would give a map its own idea of a name
        if [ -n "$part" ]; then between=${part#"$got"} between=${between%"$1"}; fi
        kpartx -u -s -p "$between" "$dev"
    else
        partx -u -n "$1" "$dev"
    fi >/dev/null 2>&1 </dev/null
    if has udevadm; then udevadm settle -t 10; fi
    if partition_bytes "$1" && [ "$bytes" = "$2" ]; then return; fi
    partprobe "$dev" >/dev/null 2>&1 </dev/null
}

# ---- growth: the file system -----------------------------------------------------------

grow_fs() { # grow_fs BLOCKS HOW
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

mounted() { # here
    # shellcheck disable=SC2002 # as in mounted_at
    cat /proc/self/mountinfo | grep -q "^[0-9]* [0-9]* $number .* - ocfs2 " ||
        refuse not-mounted "$node is not mounted here"
}

# Nor in a namespace where only one process sees it; and where nobody sees a mount, the
# heartbeat and the lock domain of a hidden one go on (OCFS2.md, 0).
unmounted() {
    set +f
    where=$(grep -l "^[0-9]* [0-9]* $number " /proc/[0-9]*/mountinfo 2>/dev/null)
    set -f
    [ -z "$where" ] || refuse volume-mounted "$node is mounted, see ${where%%"$NL"*}"
    regions
    case $found in *"/heartbeat/$volume$NL"*)
        refuse volume-mounted "$node has an active heartbeat region here" ;;
    esac
    domains
    case $found in *"$NL$(printf %.11s "$volume")"*)
        refuse volume-mounted "$node has an active lock domain here" ;;
    esac
}

regions() { # the heartbeat regions of this kernel, a line each, in $found
    found=''
    set +f
    for item in /sys/kernel/config/cluster/*/heartbeat/*; do
        if [ -d "$item" ]; then found=$found$item$NL; fi
    done
    set -f
}

domains() { # the lock domains of this kernel, after a line feed each, in $found
    found=$NL
    set +f
    if [ -d /sys/kernel/debug/o2dlm ]; then
        for item in /sys/kernel/debug/o2dlm/*; do
            if [ -d "$item" ]; then found=$found${item##*/}$NL; fi
        done
    else # each has a thread dlm-NAME, of whose name older kernels tell eleven letters
        found=$NL$(cat /proc/[0-9]*/comm 2>/dev/null | sed -n 's/^dlm-//p')$NL
    fi
    set -f
    if [ "$found" = "$NL$NL" ]; then found=$NL; fi
}

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

# Read past every cache; tunefs is not believed. Seen with 1.8.7: it needs no answer without a
# terminal, rounds the blocks down to clusters and to nothing else, also across the end of a
# cluster group; on another host than a mounting one it ends with "Mountpoint not found".
stats() { # $block_size $cluster_size $clusters $slots $incompat $stamp $label
    need debugfs.ocfs2
    text=$(debugfs.ocfs2 -R stats "$dev" 2>&1 </dev/null)
    block_size='' cluster_size='' clusters='' slots='' incompat='' stack='' cluster='' label=''
    uuid='' stack_flags=''
    IFS=$NL
    for line in $text; do
        case $line in
        "${TAB}Block Size Bits: "*' Cluster Size Bits: '*)
            block_size=${line#*: } cluster_size=${line##*: }
            block_size=${block_size%% *}
            ;;
        "${TAB}Feature Incompat: "*) incompat=${line#*: } incompat=${incompat%% *} ;;
        "${TAB}Label: "*) label=${line#*: } ;;
        "${TAB}UUID: "*) uuid=${line#*: } ;;
        "${TAB}Max Node Slots: "*) slots=${line##*: } ;;
        "${TAB}Cluster stack: "*) stack=${line#*: } ;;
        "${TAB}Cluster name: "*) cluster=${line#*: } ;;
        "${TAB}Cluster flags: "*) stack_flags=${line#*: } ;;
        "${TAB}Links: "*' Clusters: '*) clusters=${line##*: } ;;
        esac
    done
    for word in "$block_size" "$cluster_size" "$clusters" "$slots" "$incompat"; do
        is_number "$word" || stop 70 unreadable "debugfs.ocfs2 on $node: ${text##*"$NL"}"
    done
    [ "$uuid" = "$volume" ] || refuse wrong-uuid "$node carries ${uuid:-nothing}, not $volume"
    block_size=$((1 << block_size)) cluster_size=$((1 << cluster_size)) stamp=$stack/$cluster
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

add_slots() { # add_slots SLOTS
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

set_label() { # set_label LABEL
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

check_fs() { # check_fs STACK CLUSTER
    [ $# -eq 2 ] || usage 'check-fs STACK CLUSTER'
    is_word "$1" 16 || usage "not a cluster stack: $1"
    is_word "$2" 16 || usage "not a cluster's name: $2"
    a_volume
    opened
    unmounted
    stats
    # fsck answers its own question whether to stamp it anew with yes, without a lock.
    case $stamp in
    "$1/$2" | 'classic o2cb/') ;;
    *) refuse foreign-stack "$node belongs to $stamp, not $1/$2" ;;
    esac
    need fsck.ocfs2
    if unindexed && unused && fsck -fn; then echo "ok clean $node" && return; fi
    fsck -fy && [ -z "$told" ] && echo "ok clean $node" && return
    [ -n "$told" ] || stop 70 check-failed "$node: ${said##*"$NL"}"
    fsck -fy && echo "ok repaired $node" && return
    stop 70 check-failed "$node: ${problems:-${said##*"$NL"}}"
}

# mkfs and tunefs do not make an index for the system directory when it outgrows its inode.
# That is harmless, and fsck.ocfs2 1.8.7 makes one; with 1 KiB blocks and four slots it wrote
# over the last entry, and its next run lost truncate_log:0003. So it gets no chance.
unindexed() { # the system directory has neither an index nor its inode
    case $(debugfs.ocfs2 -R 'stat //' "$dev" 2>/dev/null </dev/null) in
    *"Dynamic Features: "*InlineData* | *"Dynamic Features: "*IndexedDir*) return 1 ;;
    *"Dynamic Features: "*) ;;
    *) stop 70 unreadable "debugfs.ocfs2 on $node tells nothing of the system directory" ;;
    esac
}

# With a slot taken -n would not tell of a journal that -y replays; nor does it clear a flag.
unused() { # after `stats`
    [ $((incompat & 0x24)) -eq 0 ] || return 1
    text=$(debugfs.ocfs2 -R slotmap "$dev" 2>/dev/null </dev/null)
    case $text in *Slot#*[0-9]*) return 1 ;; *Slot#*) ;; *) return 1 ;; esac
}

# The status is 0 with errors repaired and with errors left. What it complained about is in
# $told; the first $problems do not count the index; all is in $said.
fsck() { # fsck HOW: no problems, and all passes
    nobody_else unmounted # each time: the run before may have taken hours
    said=$(fsck.ocfs2 "$1" "$dev" 2>&1 </dev/null)
    told=$(printf '%s\n' "$said" | grep -E '^\[[A-Z_0-9]+\]')
    problems=$(printf '%s\n' "$told" | grep -v '^\[DX_TREE_MISSING\]' | head -n 20)
    case $problems:$said in :*'All passes succeeded'*) ;; *) return 1 ;; esac
}

remount() { # remount PATH OPTIONS
    [ $# -eq 2 ] || usage 'remount PATH OPTIONS'
    is_path "$1" || usage "not a plain absolute path: $1"
    is_options "$2" || usage "not mount options: $2"
    a_volume
    opened
    mounted_at "$1"
    [ "$found" = "$number ocfs2" ] ||
        refuse not-mounted "$node is not mounted on $1 but ${found:-nothing}"
    # Without it: "Cannot change heartbeat mode on remount". Other options stay if not named.
    case $flags in *,heartbeat=*) heartbeat=${flags##*,heartbeat=} ;; *) heartbeat=none ;; esac
    options=$2,heartbeat=${heartbeat%%,*}
    [ "$its_beats" = - ] || nobody_else mounted
    said=$(mount -o "remount,$options" "$dev" "$1" 2>&1 </dev/null) || mount_failed
    mounted_at "$1"
    for word in ro noatime; do
        case ,$2, in *",$word,"*) ;; *) continue ;; esac
        case ,$flags, in *",$word,"*) ;; *) stop 70 mount-failed "$1 is not $word" ;; esac
    done
    case ,$2,:,$flags, in *,ro,*:*) ;; *:*,ro,*) stop 70 mount-failed "$1 is read-only" ;; esac
    echo "ok remounted $1"
}

# ---- evidence of a backup --------------------------------------------------------------

# Of this boot only, whose clock neither jumps nor stands still; what has begun counts as old
# as its beginning. HOST and DIGEST say which command it was.
note_backup() { # note_backup CLUSTER STATE LABEL UUID BYTES HOST DIGEST
    [ $# -eq 7 ] || usage 'note-backup CLUSTER begun|made LABEL UUID BYTES HOST DIGEST'
    is_word "$1" 16 || usage "not a cluster's name: $1"
    is_word "$3" 63 || usage "not a label: $3"
    is_uuid "$4" || usage "not a UUID: $4"
    is_number "$5" || usage "not a size: $5"
    is_word "$6" 63 || usage "not a host: $6"
    is_digest "$7" || usage "not a digest: $7"
    file=$STATE/$1/backup-$4.json
    no_symlink "$STATE"
    no_symlink "$file"
    IFS=' ' read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
    get /proc/sys/kernel/random/boot_id
    state=$2
    shift 2
    case $state in
    begun) evidence "$uptime" null "$@" ;;
    made)
        began=$(sed -n 's/^ "began": \([0-9]\{1,18\}\),$/\1/p' "$file" 2>/dev/null)
        evidence "$began" null "$@"
        [ "$(cat "$file" 2>/dev/null)" = "$text" ] ||
            refuse changed-since "$file is not what was noted before the backup"
        evidence "$began" "$uptime" "$@"
        ;;
    *) usage "neither begun nor made: $state" ;;
    esac
    directory "${file%/*}"
    fill "$file" <<END
$text
END
    replace "$file" 600
    echo "ok noted $file"
}

evidence() { # evidence BEGAN ENDED LABEL UUID BYTES HOST DIGEST: a record, in $text
    text="{
 \"label\": \"$3\",
 \"uuid\": \"$4\",
 \"bytes\": $5,
 \"host\": \"$6\",
 \"argv\": \"$7\",
 \"boot\": \"$got\",
 \"began\": $1,
 \"ended\": $2
}"
}

# ---- what else mounts ------------------------------------------------------------------

disarm() { # disarm KIND NAME LINE
    [ $# -eq 3 ] || usage 'disarm KIND NAME LINE'
    case $1:$3 in
    unit:-) disarm_unit "$2" ;;
    autofs:?*) disarm_map "$2" "$3" ;;
    *) usage "neither a unit nor a line of an autofs map: $1" ;;
    esac
}

disarm_unit() { # disarm_unit NAME: whatever is mounted or started stays so
    case $1 in
    [!A-Za-z0-9_\\]* | *[!A-Za-z0-9:_.\\@-]*) usage "not a unit to be disarmed: $1" ;;
    ?*.mount | ?*.automount) ;;
    *) usage "not a unit to be disarmed: $1" ;;
    esac
    [ ${#1} -le 255 ] || usage "not a unit to be disarmed: $1"
    need systemctl
    n=0
    while armed "$1"; do
        [ $n -lt 3 ] || stop 70 disarm-failed "$1 is still at $fragment"
        take_away "$1"
        n=$((n + 1))
    done
    echo "ok disarmed $1"
}

armed() { # armed NAME: it has a file, in $fragment, that can start it
    state=$(systemctl show -p LoadState -p ActiveState -p FragmentPath "$1" 2>/dev/null)
    case $1:$NL$state$NL in *.automount:*"${NL}ActiveState=active$NL"*)
        refuse automount-active "$1 is active" ;;
    esac
    fragment=${state##*FragmentPath=}
    fragment=${fragment%%"$NL"*}
    case $NL$state$NL in
    *"${NL}LoadState=masked$NL"*) return 1 ;;
    *"${NL}LoadState="*) ;;
    *) stop 70 disarm-failed "systemctl tells nothing of $1" ;;
    esac
    # A file that systemd has not read yet is armed at the next boot.
    for dir in /usr/lib /lib /usr/local/lib /run /etc; do
        dir=$dir/systemd/system
        if [ -z "$fragment" ] && [ -e "$dir/$1" ]; then fragment=$dir/$1; fi
    done
    [ -n "$fragment" ]
}

take_away() { # take_away NAME: a file of the package below it, if any, is the next one's
    case $fragment in
    /run/*) refuse automount-generated "$1 comes from $fragment" ;;
    /etc/*)
        systemctl disable "$1" >/dev/null 2>&1 </dev/null
        if [ -e "$fragment" ] || [ -L "$fragment" ]; then archive "$fragment"; fi
        ;;
    *)
        systemctl disable "$1" >/dev/null 2>&1 </dev/null
        systemctl mask "$1" >/dev/null 2>&1 </dev/null
        sync -f /etc 2>/dev/null || sync
        ;;
    esac
    systemctl daemon-reload >/dev/null 2>&1 </dev/null
}

disarm_map() { # disarm_map FILE LINE
    case $1 in
    */../* | *[[:cntrl:]]*) usage "not an autofs map: $1" ;;
    /etc/auto.master.d/?*/*) usage "not an autofs map: $1" ;;
    /etc/auto.master.d/?*) ;;
    /etc/auto.*/*) usage "not an autofs map: $1" ;;
    /etc/auto.?*) ;;
    *) usage "not an autofs map: $1" ;;
    esac
    no_symlink "$1"
    if [ -f "$1" ]; then
        [ ! -x "$1" ] || refuse automount-generated "$1 is a program"
        new=$(commented "$2" <"$1")
        case $? in
        0) replace_map "$1" ;;
        3) ;; # it is not there any more
        *) stop 70 unreadable "$1" ;;
        esac
    fi
    echo "ok disarmed $1"
}

# LINE is one of the probe's, at most 1000 characters of it; what a backslash continues is one.
commented() { # commented LINE: stdin, with #reconcile: before it; or status 3
    LINE=$1 awk '
        { text[++lines] = $0; shown = $0 }
        { gsub(/\t/, " ", shown); gsub(/[\001-\037\177]/, "?", shown) }
        length(ENVIRON["LINE"]) == 1000 { shown = substr(shown, 1, 1000) }
        shown == ENVIRON["LINE"] && !/^[ \t]*#/ { hit = 1 }
        !/\\$/ { tell() }
        END { tell(); exit found ? 0 : 3 }
        function tell(i) {
            for (i = 1; i <= lines; i++) print (hit ? "#reconcile: " : "") text[i]
            found += hit
            hit = lines = 0
        }'
}

replace_map() { # replace_map FILE: with $new
    mode=$(stat -c %a "$1") || stop 70 unreadable "$1"
    fill "$1" <<END
$new
END
    same_owner "$1"
    keep "$1"
    replace "$1" "$mode"
    if ! has systemctl || ! systemctl -q is-active autofs.service 2>/dev/null; then return; fi
    said=$(systemctl reload autofs.service 2>&1 </dev/null) || stop 70 disarm-failed "$said"
}

# ---- guests ---------------------------------------------------------------------------

MIGRATION=1800 # seconds; what has no end by then goes on, and nothing else is tried

stop_guest() { # stop_guest NAME SECONDS LIST STOP
    [ $# -eq 4 ] || usage 'stop-guest NAME SECONDS LIST STOP'
    guest_words "$@"
    if is_listed "$1" "$3"; then shut_down "$@"; fi
    echo "ok stopped $1"
}

shut_down() { # shut_down NAME SECONDS LIST STOP
    send "$4"
    deadline "$2"
    while has_ended; is_listed "$1" "$3"; do
        case $status in '' | 0) ;; *) stop 70 guest-still-runs "$1: $failure" ;; esac
        [ "$uptime" -lt $end ] || stop 70 guest-still-runs "$1 still runs after $2 s"
        sleep 1
    done
}

migrate_guest() { # migrate_guest NAME SECONDS LIST MIGRATE STOP
    [ $# -eq 5 ] || usage 'migrate-guest NAME SECONDS LIST MIGRATE STOP'
    guest_words "$@"
    if is_listed "$1" "$3"; then
        send "$4"
        deadline $MIGRATION
        until has_ended; do
            [ "$uptime" -lt $end ] || stop 70 guest-still-runs "$1 still moves after $MIGRATION s"
            sleep 1
        done
        deadline 10 # for who is told before the last trace is gone
        while [ "$status" = 0 ] && [ "$uptime" -lt $end ] && is_listed "$1" "$3"; do sleep 1; done
        if is_listed "$1" "$3"; then
            rm -f "$temp"
            why=${failure:+: $failure}
            shut_down "$1" "$2" "$3" "$5"
            echo "ok stopped $1; it did not move$why"
            return
        fi
    fi
    echo "ok migrated $1"
}

start_guest() { # start_guest PATH NAME SECONDS LIST START
    [ $# -eq 5 ] || usage 'start-guest PATH NAME SECONDS LIST START'
    is_path "$1" || usage "not a plain absolute path: $1"
    path=$1
    shift
    guest_words "$@"
    deadline "$2" # an agent may still be mounting it
    while mounted_at "$path"; case $found in *' ocfs2') false ;; esac; do
        [ "$uptime" -lt $end ] || refuse not-mounted "$path has ${found:-nothing} mounted"
        sleep 1
        now
    done
    if is_listed "$1" "$3"; then echo "ok started $1" && return; fi
    send "$4"
    deadline "$2"
    while has_ended; ! is_listed "$1" "$3"; do
        case $status in '' | 0) ;; *) stop 70 guest-not-started "$1: $failure" ;; esac
        [ "$uptime" -lt $end ] || stop 70 guest-not-started "$1 does not run after $2 s"
        sleep 1
    done
    echo "ok started $1"
}

guest_words() { # guest_words NAME SECONDS COMMAND...
    case $1 in '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.:+@-]*) usage "not a guest's name: $1" ;; esac
    [ ${#1} -le 128 ] || usage "not a guest's name: $1"
    if ! is_number "$2" || [ ${#2} -gt 8 ]; then usage "not seconds: $2"; fi
    shift 2
    for command; do
        case $command in '' | "$NL"* | *"$NL" | *"$NL$NL"*) usage 'an empty word' ;; esac
        IFS=$NL
        for word in $command; do
            case $word in *[[:cntrl:]]*) usage 'control character in a command' ;; esac
        done
    done
}

# What cannot be listed is not absent: it ends the waiting. A list without its end is none: it
# was too long, or cut off; what the command leaves behind may hold its output, and ends nothing.
is_listed() { # is_listed NAME LIST
    IFS=$NL
    # shellcheck disable=SC2086 # a word a line
    all=$({ limited 20 $2; printf '\n@@ended %s\n' "$?"; } 2>/dev/null </dev/null 8>&- |
        sed '/^@@ended [0-9]*$/q' | head -c 65536)
    now
    case $NL$all in
    *"$NL@@ended 0") ;;
    *"$NL@@ended "*) stop 70 guests-unread "${2%%"$NL"*} ended with status ${all##* }" ;;
    *) stop 70 guests-unread "${2%%"$NL"*} printed more than 64 KiB" ;;
    esac
    case $NL$all$NL in *"$NL$1$NL"*) ;; *) return 1 ;; esac
}

if has timeout; then
    limited() { timeout -k 2 "$@"; }
else
    limited() { shift && "$@"; }
fi

# It neither ends with us nor holds our lock or our output: what it starts may be a guest. It is
# a program, not one of our own functions, whatever it is called.
send() { # send COMMAND: $temp gets what it says, at the end with its status
    directory "$STATE"
    temp=$(mktemp "$STATE/.guest.XXXXXX") || stop 70 write-failed "$STATE"
    IFS=$NL
    # shellcheck disable=SC2086 # a word a line
    { command $1; echo "@@$?"; } >"$temp" 2>&1 </dev/null 8>&- &
}

has_ended() { # its $status, or nothing while it runs; why it failed, in $failure
    now
    said=$(tail -c 2000 "$temp")
    status='' failure=''
    case $said in *@@[0-9]*)
        status=${said##*@@}
        said=$(printf '%s' "${said%"@@$status"}") # without its last line feeds
        [ "$status" = 0 ] || failure="the command ended with $status: ${said##*"$NL"}"
        return 0
        ;;
    esac
    return 1
}

now() { # seconds since the boot in $uptime
    IFS=' ' read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
}

deadline() { # deadline SECONDS: in $end
    now
    end=$((uptime + $1))
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

# ---- packages -------------------------------------------------------------------------

PACKAGE_WAIT=60 # seconds for whoever works with packages to end
PACKAGE_SLACK=16384 # KiB to leave free beside what is installed

install_packages() { # install_packages MANAGER [?]NAME[=VERSION]...
    [ $# -ge 2 ] || usage 'install-packages MANAGER [?]NAME[=VERSION]...'
    case $1 in dpkg | rpm) ;; *) usage "not a package manager: $1" ;; esac
    with=$1
    shift
    for word; do is_package "${word#\?}" || usage "not a package: $word"; done
    packages_ready
    names='' versioned=''
    for word; do
        word=${word#\?}
        if ! is_there "$word"; then names="$names $word"; fi
        case $word in *=*) versioned=yes ;; esac
    done
    names=${names# }
    if [ -n "$names" ]; then
        "install_$with" "$@"
    fi
    for word; do
        case $word in
        \?*) ;;
        *) is_there "$word" || stop 70 install-failed "$word is not installed: $last" ;;
        esac
    done
    IFS=' '
    echo "ok installed $*"
}

fetch() { # fetch VERB ARG...: all that comes before something is installed
    fetching=yes
    case ${1-} in
    install-packages) shift && install_packages "$@" ;;
    install-module) shift && install_module "$@" ;;
    *) usage 'fetch install-packages|install-module ARG...' ;;
    esac
}

end_if_fetched() { # the end of `fetch`, with $chosen
    [ -n "${fetching-}" ] || return 0
    echo "ok fetched$chosen"
    exit 0
}

is_package() { # is_package TEXT: NAME or NAME=VERSION
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9.+:~_=-]* | *=*=* | *=) return 1 ;; esac
    [ ${#1} -le 255 ]
}

packages_ready() { # the manager is there, nobody else uses it, and its database is whole
    last=''
    case $with in
    dpkg) need apt-get apt-cache dpkg dpkg-query ;;
    rpm)
        need rpm
        dnf=dnf
        if ! has dnf; then
            need yum
            dnf=yum
        fi
        ;;
    esac
    await_packages
    case $with in
    dpkg)
        set +f
        set -- /var/lib/dpkg/updates/[0-9]*
        set -f
        [ ! -e "$1" ] || broken_packages "dpkg was interrupted"
        found=$(dpkg --audit 2>&1)
        [ -z "$found" ] || broken_packages "$(half_installed)"
        ;;
    rpm)
        found=$(rpm -qa 2>&1 >/dev/null) || broken_packages "$found"
        ;;
    esac
}

broken_packages() { refuse package-database-broken "$1"; }

half_installed() { # the packages that dpkg has not finished, in one line
    dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${Package}\n' 2>/dev/null |
        while read -r state flag name; do
            case "$state $flag" in
            'installed ok' | 'not-installed ok' | 'config-files ok') ;;
            *) printf '%s is %s; ' "$name" "$state" ;;
            esac
        done
}

await_packages() { # whoever installs something now may take a minute
    deadline $PACKAGE_WAIT
    while package_user; do
        [ "$uptime" -lt $end ] || refuse package-lock-busy "$user after $PACKAGE_WAIT s"
        sleep 1
        now
    done
}

package_user() { # who holds a lock of the package manager, in $user
    user=''
    set +f
    case $with in
    dpkg) set -- /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
        /var/cache/apt/archives/lock ;;
    rpm) set -- /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /run/yum.pid \
        /var/run/yum.pid /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid ;;
    esac
    set -f
    for file; do
        if [ ! -e "$file" ]; then continue; fi
        case $file in
        *.pid) get "$file" && held_by "$got" "$file" && return ;;
        *)
            inode=$(stat -c %i "$file") || continue
            # 1: POSIX ADVISORY WRITE PID MAJ:MIN:INODE FIRST LAST
            while IFS=' ' read -r _ _ _ _ pid where _; do
                case $where in *:"$inode") has_open "$pid" "$file" && held_by "$pid" "$file" && return ;; esac
            done </proc/locks
            ;;
        esac
    done
    return 1
}

has_open() { # has_open PID FILE: another disk may have a file of that number
    set +f
    set -- "$2" "/proc/$1/fd"/*
    set -f
    file=$1
    shift
    for entry; do
        if [ "$entry" -ef "$file" ]; then return 0; fi
    done
    return 1
}

held_by() { # held_by PID FILE: it runs, and has it
    is_number "$1" && [ -d "/proc/$1" ] || return 1
    get "/proc/$1/comm" || got='?'
    user="$2 is held by process $1 ($got)"
}

is_there() { # is_there NAME[=VERSION]: installed, and in that version
    case $with in
    dpkg)
        found=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "${1%%=*}" 2>/dev/null)
        case $found in installed' '*) ;; *) return 1 ;; esac
        found=${found#installed }
        ;;
    rpm) found=$(rpm -q --qf '%{VERSION}-%{RELEASE}\n' "${1%%=*}" 2>/dev/null) || return 1 ;;
    esac
    case $1 in
    *=*) case "$NL$found$NL" in *"$NL${1#*=}$NL"*) ;; *) return 1 ;; esac ;;
    esac
}

# What a package writes for itself (Debian's asks debconf) is not what a plan was made from;
# and what an older one left behind must not start just because it is installed again.
SETTINGS='/etc/default/o2cb /etc/sysconfig/o2cb'

hold_settings() { # the settings as they are, in $temp; or that there are none
    settings=''
    IFS=' '
    for file in $SETTINGS; do
        if [ -f "$file" ] && [ ! -L "$file" ]; then settings=$file; fi
    done
    if [ -n "$settings" ]; then
        directory "$STATE"
        temp=$(mktemp "$STATE/.settings.XXXXXX") || stop 70 write-failed "$STATE"
        cp -p "$settings" "$temp" || stop 70 write-failed "$temp"
    fi
    if ! has systemctl; then return; fi
    for unit in o2cb.service ocfs2.service; do
        case $(systemctl show -p LoadState -p ActiveState "$unit" 2>/dev/null) in
        *=masked*) ;;
        *=not-found* | *=inactive* | *=failed*) # the scripts of a newer one start what was stopped
            hidden="$hidden $unit"
            systemctl -q mask --runtime "$unit" 2>/dev/null
            ;;
        esac
    done
}

give_back_settings() {
    release_units
    if [ -n "$settings" ]; then
        if ! cmp -s "$temp" "$settings"; then
            why=$(cp -p "$temp" "$settings.new" 2>&1 && mv -f "$settings.new" "$settings" 2>&1) ||
                failed_write "$settings" "$why"
        fi
        rm -f "$temp"
        temp=''
        return
    fi
    IFS=' '
    for file in $SETTINGS; do
        if [ -f "$file" ] && [ ! -L "$file" ]; then archive "$file"; fi
    done
}

release_units() { # what was masked while it was installed
    IFS=' '
    for unit in $hidden; do systemctl -q unmask --runtime "$unit" 2>/dev/null; done
    if [ -n "$hidden" ]; then systemctl daemon-reload; fi
    hidden=''
}

# ---- packages by apt ------------------------------------------------------------------

install_dpkg() { # install_dpkg [?]NAME[=VERSION]...: of $names those that are missing
    chosen=''
    for word; do
        name=${word#\?}
        case " $names " in *" $name "*) ;; *) continue ;; esac
        if is_held "$name"; then
            case $word in \?*) continue ;; esac
            refuse package-held "${name%%=*} is on hold"
        fi
        if ! offered "$name"; then
            case $word in \?*) continue ;; esac
            refresh
            offered "$name" || refuse package-missing "no repository has $name"
        fi
        if is_pinned "$name"; then
            case $word in \?*) continue ;; esac
            refuse package-held "$name is kept away by the preferences of apt, see apt-cache policy"
        fi
        case $word in \?*) rehearse "$name" || continue ;; esac
        chosen="$chosen $name"
    done
    if [ -z "$chosen" ]; then return; fi
    IFS=' '
    # shellcheck disable=SC2086 # a word each
    set -- $chosen
    if ! rehearse "$@"; then
        refresh
        rehearse "$@" || no_way
    fi
    room_for
    if ! fetched "$@"; then
        refresh
        rehearse "$@" || no_way
        fetched "$@" || refuse repository-failed "$last"
    fi
    end_if_fetched
    hold_settings
    said=$(apt install "$@" 2>&1)
    give_back_settings
    last=$(complaint)
    case $said in
    *'o space left on device'*) stop 70 no-space "while installing: $last" ;;
    *'ould not get lock'*) refuse package-lock-busy "$last" ;;
    esac
    found=$(dpkg --audit 2>&1)
    [ -z "$found" ] || stop 70 package-database-broken "$(half_installed)$last"
}

is_held() { # is_held NAME[=VERSION]
    case $(dpkg-query -W -f '${db:Status-Want}' "${1%%=*}" 2>/dev/null) in
    hold) ;;
    *) return 1 ;;
    esac
}

# What is asked for by its version outdoes every pin (apt_preferences(5)): below 0 a version is
# not to be installed, from 1000 on it is, also instead of a newer one.
is_pinned() { # is_pinned NAME[=VERSION]: VERSION is kept away, or another one is forced
    case $1 in *=*) ;; *) return 1 ;; esac
    mine=0 most=0
    IFS=$NL
    for line in $(apt-cache policy "${1%%=*}" 2>/dev/null); do
        IFS=' '
        # shellcheck disable=SC2086 # VERSION PRIORITY, behind *** if it is installed
        set -- "$1" ${line# \*\*\*}
        [ $# -eq 3 ] || continue
        case $2 in
        *:) ;;
        "${1#*=}") mine=$3 ;;
        *) if is_number "$3" && [ "$3" -gt "$most" ]; then most=$3; fi ;;
        esac
    done
    [ "$mine" -lt 0 ] || { [ "$most" -ge 1000 ] && [ "$mine" -lt 1000 ]; }
}

# It asks nobody, removes nothing, and takes nothing that was not named or needed.
apt() { # apt VERB ARG...
    action=$1
    shift
    older=''
    if [ -n "$versioned" ]; then older=--allow-downgrades; fi
    # shellcheck disable=SC2086 # $older may be nothing
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l \
        APT_LISTCHANGES_FRONTEND=none \
        apt-get -y -q -o DPkg::Use-Pty=0 -o DPkg::Lock::Timeout=$PACKAGE_WAIT \
        -o DPkg::Options::=--force-confdef -o DPkg::Options::=--force-confold \
        -o APT::Get::Remove=false -o APT::Get::AutomaticRemove=false \
        -o APT::Install-Suggests=false --no-install-recommends $older "$action" "$@" \
        </dev/null 8>&-
}

# apt takes a name that it does not know for an expression, or for NAME+ or NAME-.
offered() { # offered NAME[=VERSION]: whether there is one to install, of that very name
    case $1 in
    *=*)
        IFS=$NL
        for line in $(apt-cache madison "${1%%=*}" 2>/dev/null); do
            IFS=' |'
            # shellcheck disable=SC2086 # NAME | VERSION | SOURCE
            set -- "$1" $line
            [ "$3" != "${1#*=}" ] || return 0
        done
        return 1
        ;;
    esac
    said=$(apt-cache policy "$1" 2>/dev/null)
    case $said in *'Candidate: (none)'*) return 1 ;; "$1:$NL"*'Candidate: '*) ;; *) return 1 ;; esac
}

refresh() { # reads the repositories anew, once
    [ -z "${refreshed-}" ] || return 0
    refreshed=yes
    said=$(apt update 2>&1) || fetch_failed
    case "$NL$said" in # the status is 0 also where old lists are used instead
    *"$NL"[EW]:*'ailed to fetch'*) fetch_failed ;;
    esac
}

fetch_failed() {
    last=$(complaint)
    refuse repository-failed "$last"
}

complaint() { # of $said the first errors, in one line
    lines=''
    IFS=$NL
    for line in $said; do
        case $line in
        'Error: ') ;; # what it is stands below
        E:* | W:*ailed* | dpkg:* | Error:* | *Problem* | '  - '* | *'o space left'*) lines="$lines; $line" ;;
        esac
    done
    [ -n "$lines" ] || lines="; ${said##*"$NL"}"
    lines=${lines#; }
    printf '%.600s' "$lines"
}

rehearse() { # rehearse NAME...: what would be done, in $said
    said=$(apt -s install "$@" 2>&1)
}

no_way() {
    last=$(complaint)
    case $said in *'eld packages were changed'*) refuse package-held "$last" ;; esac
    refuse package-conflict "$last"
}

room_for() { # for what was rehearsed
    found=''
    IFS=$NL
    for line in $said; do
        case $line in 'Inst '*)
            line=${line#Inst }
            found="$found ${line%% *}"
            ;;
        esac
    done
    kib=0 bytes=0 packages=0
    IFS=' '
    # shellcheck disable=SC2086 # a word each
    sizes=$(apt-cache show --no-all-versions $found 2>/dev/null)
    IFS=$NL
    for line in $sizes; do
        case $line in
        'Installed-Size: '*[!0-9]*) ;;
        'Installed-Size: '*) kib=$((kib + ${line#*: })) ;;
        'Size: '*) bytes=$((bytes + ${line#*: })) packages=$((packages + 1)) ;;
        esac
    done
    for where in /usr /var/cache/apt/archives /var/lib/dpkg /etc; do
        free=$(stat -f -c '%a %S %d %c' "$where" 2>/dev/null) || continue
        IFS=' '
        # shellcheck disable=SC2086 # blocks, bytes a block, inodes free, inodes
        set -- $free
        IFS=$NL free=$(($1 * $2 / 1024))
        needed=$((kib + bytes / 1024 + PACKAGE_SLACK))
        case $where in
        /etc) needed=1024 ;;
        /var/*) needed=$((bytes / 1024 + PACKAGE_SLACK)) ;;
        esac
        if [ $free -lt $needed ]; then
            refuse no-space "$where has $free KiB free, installing needs $needed"
        fi
        # dpkg writes up to ten files about each package, whose own have 16 KiB and more on average.
        needed=$((packages * 10 + 16))
        if [ $where = /usr ]; then needed=$((needed + kib / 16)); fi
        if [ "$4" -gt 0 ] && [ "$3" -lt $needed ]; then # some file systems do not count them
            refuse no-space "$where has $3 inodes free, installing may need $needed"
        fi
    done
}

fetched() { # fetched NAME...: everything is here before anything is unpacked
    said=$(apt --download-only install "$@" 2>&1) && return
    last=$(complaint)
    case $said in *'enough free space'* | *'o space left'*)
            refuse no-space "$last"
        ;;
    esac
    return 1
}

# ---- packages by dnf or yum -----------------------------------------------------------

install_rpm() { # install_rpm [?]NAME[=VERSION]...: of $names those that are missing
    chosen='' also='' wanted='' IFS=' '
    for word; do
        name=${word#\?}
        case " $names " in *" $name "*) ;; *) continue ;; esac
        case $name in *=*) name=${name%%=*}-${name#*=} ;; esac
        case $word in
        \?*) also="$also $name" ;;
        *) chosen="$chosen $name" wanted="$wanted $word" ;;
        esac
    done
    # shellcheck disable=SC2086 # a word each
    if [ -n "$chosen" ]; then
        rehearse_rpm $chosen || yum_failed
        if [ -n "${build-}" ]; then wanted=''; fi # by its name, version and architecture
        IFS=' '
        for word in $wanted; do is_shown "$word"; done
        if [ -n "${fetching-}" ]; then
            # shellcheck disable=SC2086 # a word each
            said=$(yum -y -q --downloadonly install $chosen 2>&1) || yum_failed
        fi
    fi
    end_if_fetched
    hold_settings
    IFS=' '
    # shellcheck disable=SC2086 # a word each
    if [ -n "$chosen" ] && ! said=$(yum -y -q install $chosen 2>&1); then
        give_back_settings
        yum_failed
    fi
    for name in $also; do
        if rehearse_rpm "$name"; then yum -y -q install "$name" >/dev/null 2>&1; fi
    done
    give_back_settings
    last=$(complaint)
}

# It asks nobody, and takes nothing that was not named or needed; it tests the whole
# transaction before it begins.
yum() { # yum ARG...
    $dnf --setopt=install_weak_deps=False "$@" </dev/null 8>&-
}

# What a package says that it replaces would go without a question, and it come in its place.
rehearse_rpm() { # rehearse_rpm NAME...: nothing is removed for them; what would be done, in $said
    said=$(yum --assumeno install "$@" 2>&1)
    case $said in
    *' replacing '* | *"${NL}Removing"*) return 1 ;;
    *'Transaction Summary'*) ;;
    *) return 1 ;;
    esac
}

is_shown() { # is_shown NAME[=VERSION]: in $said as NAME ARCH VERSION; a part is no version
    case $NL$said in
    *"$NL ${1%%=*} "*) rest=${said#*"$NL ${1%%=*} "} ;;
    *"$NL ${1%%=*}$NL"*) rest=${said#*"$NL ${1%%=*}$NL"} ;;
    *) refuse package-missing "no repository has ${1%%=*}, but what replaces it" ;;
    esac
    IFS=" $NL"
    # shellcheck disable=SC2086 # a word each
    set -- "$1" $rest
    case $1 in
    *"=${3#*:}") ;;
    *=*) refuse package-missing "no repository has $1, but ${3#*:}" ;;
    esac
}

yum_failed() { # by what it said
    last=$(complaint)
    IFS=' '
    case $said in
    *' replacing '* | *"${NL}Removing"*)
        refuse package-conflict "something would be removed for it: $(removed)"
        ;;
    *'filtered out'* | *xclude* | *'find a match'* | *'o match for argument'* | \
        *'o package '*available*)
        for name in $chosen; do
            if is_excluded "$name"; then refuse package-held "$name is excluded or locked"; fi
        done
        case $said in *'filtered out'* | *xclude*) refuse package-held "$last" ;; esac
        refuse package-missing "$last"
        ;;
    *'download metadata'* | *'annot download'* | *'valid baseurl'* | *'mirrors were'* | \
        *'more mirrors'* | *'downloading packages'*) refuse repository-failed "$last" ;;
    *'more space needed'* | *'o space left'*) refuse no-space "$last" ;;
    *Problem* | *conflict* | *'nothing provides'* | *'Requires: '* | *'othing to do'*)
        refuse package-conflict "$last" ;;
    esac
    stop 70 install-failed "$last"
}

removed() { # the lines of $said that tell of it
    printf '%s\n' "$said" | grep -A 1 -E '^ +replacing |^Removing' | tr -s ' \n' ' '
}

# ---- the kernel module ----------------------------------------------------------------

install_module() { # install_module MANAGER PACKAGE[=VERSION] KERNEL: the build for KERNEL, no other
    [ $# -eq 3 ] || usage 'install-module MANAGER PACKAGE[=VERSION] KERNEL'
    case $1 in dpkg | rpm) ;; *) usage "not a package manager: $1" ;; esac
    with=$1 kernel=$3 versioned=''
    is_package "$2" || usage "not a package: $2"
    is_package "$3" || usage "not a kernel: $3"
    case $2 in *=*) version=${2#*=} ;; *) version='' ;; esac
    need modinfo
    if ! has_module || ! has_version "${2%%=*}"; then
        packages_ready
        "find_$with" "${2%%=*}"
        names=$build
        "install_$with" "$build"
        has_module || depmod "$kernel" 2>/dev/null
        has_module || stop 70 install-failed "$build brings no ocfs2 for $kernel: $last"
        has_version "${2%%=*}" || stop 70 install-failed "$build is not installed: $last"
    fi
    echo "ok installed $2 for $kernel"
}

is_version() { # is_version TEXT: $version, or a build of it; any if none is asked for
    case $version:$1 in :* | "$1:$1" | "$version:$version"[-+]*) ;; *) return 1 ;; esac
}

has_version() { # has_version PACKAGE: in $version, if one is asked for
    [ -n "$version" ] || return 0
    for name in "$1" "$1-$kernel"; do
        is_there "$name" || continue
        IFS=$NL
        for line in $found; do
            if is_version "$line"; then return 0; fi
        done
    done
    return 1
}

has_module() { # whether there is one for $kernel
    found=$(modinfo -k "$kernel" -F filename ocfs2 2>/dev/null)
    case $found in '(builtin)') ;; *) [ -e "$found" ] ;; esac # the index may be older
}

not_built() { # not_built PACKAGE BUILDS
    if [ -z "$2" ]; then
        if [ "$with" = rpm ] && is_excluded "$1"; then
            refuse package-held "$1 is excluded or locked"
        fi
        refuse package-missing "no repository has $1"
    fi
    refuse module-not-built "$1${version:+ $version} has no build for $kernel; there is: $2"
}

find_dpkg() { # find_dpkg PACKAGE: NAME or NAME=VERSION in $build
    build='' builds=''
    for name in "$1" "$1-$kernel"; do
        case $name in *"$kernel"*) ;; *) continue ;; esac
        if [ -n "$version" ]; then
            refresh
            named_build "$name" || continue
        else
            offered "$name" || { refresh && offered "$name"; } || continue
            build=$name
        fi
        return
    done
    refresh
    IFS=$NL
    for line in $(apt-cache madison "$1" 2>/dev/null); do
        IFS=' |'
        # shellcheck disable=SC2086 # NAME | VERSION | SOURCE
        set -- "$1" $line
        builds="$builds $3"
        is_version "$3" || continue
        if [ -z "$build" ] && is_for "$3"; then build=$2=$3; fi
    done
    [ -n "$build" ] || not_built "$1" "$builds"
    versioned=yes
}

is_for() { # is_for VERSION: it names $kernel, and no other that has its name in it
    case $1 in
    "$kernel"*) rest=${1#"$kernel"} ;;
    *[!A-Za-z0-9]"$kernel"*) rest=${1#*[!A-Za-z0-9]"$kernel"} ;;
    *) return 1 ;;
    esac
    case $rest in '' | [+~]*) ;; -*-*) return 1 ;; -[0-9]*) ;; *) return 1 ;; esac # a revision
}

named_build() { # named_build PACKAGE: NAME=VERSION of $version in $build
    build=''
    IFS=$NL
    for line in $(apt-cache madison "$1" 2>/dev/null); do
        IFS=' |'
        # shellcheck disable=SC2086 # NAME | VERSION | SOURCE
        set -- "$1" $line
        builds="$builds $3"
        if [ -z "$build" ] && is_version "$3"; then build=$2=$3 versioned=yes; fi
    done
    [ -n "$build" ]
}

find_rpm() { # find_rpm PACKAGE: NAME-VERSION.ARCH of the newest for $kernel in $build
    if [ "$dnf" = yum ]; then need repoquery; fi
    said=$(builds_of "$1" 2>&1) || yum_failed
    builds=$(printf '%s\n' "$said" | grep "^$1-.*\." | sort -Vu)
    build=''
    IFS=$NL
    for found in $builds; do
        word=${found#"$1-"}
        is_version "${word%.*}" || continue
        if carries "$found"; then build=$found; fi
    done
    [ -n "$build" ] || not_built "$1" "$(printf %s "$builds" | tr '\n' ' ')"
}

# By the module among its files; one without is for the kernel that it requires, to the letter.
carries() { # carries NAME-VERSION.ARCH: the module for $kernel
    listed=$(asked_of "$1" -l 2>/dev/null)
    case $NL$listed in
    *"/modules/$kernel/"*ocfs2.ko*) return 0 ;;
    */modules/*ocfs2.ko*) return 1 ;;
    esac
    listed=$(asked_of "$1" --requires 2>/dev/null)
    for word in "kernel = ${kernel%.*}" "kernel-uname-r = $kernel" "kernel-uek = ${kernel%.*}"; do
        case "$NL$listed$NL" in *"$NL$word$NL"*) return 0 ;; esac
    done
    return 1
}

builds_of() { # builds_of PACKAGE OPTION...
    asked_of "$@" --qf '%{name}-%{version}-%{release}.%{arch}'
}

asked_of() { # asked_of PACKAGE OPTION...
    case $dnf in
    dnf) dnf -q repoquery --showduplicates "$@" </dev/null 8>&- ;;
    *) repoquery --show-duplicates "$@" </dev/null 8>&- ;;
    esac
}

is_excluded() { # is_excluded PACKAGE: there is one, and the host's configuration hides it
    [ -n "$(builds_of "$1" --disableexcludes=all --disableplugin=versionlock 2>/dev/null)" ]
}

# In the order in which they use each other.
MODULES='ocfs2_dlmfs ocfs2 ocfs2_stack_o2cb ocfs2_stack_user ocfs2_dlm ocfs2_nodemanager'
MODULES="$MODULES ocfs2_stackglue"

reload_module() { # reload_module KERNEL: unloads what is there of ocfs2, loads what is installed
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
    while read -r _ where kind _; do
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

# ---- do -------------------------------------------------------------------------------

do_command() { # do_command COMMAND ARG...: ends with the command's own status
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

# Who may act here, decided as in decision.py. A run has the lease of this host, or on a storage
# host that of its cluster there; a token that each grant raises tells its commands from those
# of a run before it, or of the same run before it lost the lease for a moment.

ROOM=32768 # bytes of the state's file, and of its spare: a full disk stops no run from ending

scope() { # scope SCOPE RUN: where that lease is, in $dir
    case $1 in
    -) dir=$STATE ;;
    *) is_word "$1" 16 || usage "neither - nor a cluster's name: $1" && dir=$STATE/$1 ;;
    esac
    is_word "$2" 64 || usage "not a run: $2"
}

deciding() { # nobody else decides here until the end, or `decided`; what is there, in variables
    need flock
    no_symlink "$STATE"
    directory "$STATE"
    chmod 700 "$STATE"
    no_symlink "$dir/lease"
    directory "$dir"
    exec 9>>"$dir/lock" || stop 70 write-failed "$dir/lock"
    flock -w 10 9 || refuse lease-busy "$dir/lock is locked"
    read_lease
    # What a run has begun here, and its children, hold this until they have ended.
    exec 8>>"$dir/busy" || stop 70 write-failed "$dir/busy"
    running=no
    flock -w 1 8 || running=yes
}

decided() { exec 9>&-; }

read_lease() { # the lease in $run (or nothing) $token $sealed ..., its $age; $uptime $this_boot
    IFS=' ' read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
    read -r this_boot </proc/sys/kernel/random/boot_id
    token=0 run='' sealed=0 holder='' hosts='' boot='' renewed='' step=0 action='' began='' age=0
    [ -e "$dir/lease" ] || return 0
    run=garbled whole=''
    while IFS=$TAB read -r key value; do
        case $key in
        token) token=$value ;;
        run) run=$value ;;
        sealed) sealed=$value ;;
        holder) holder=$value ;;
        hosts) hosts=$value ;;
        boot) boot=$value ;;
        renewed) renewed=$value ;;
        step) step=$value ;;
        action) action=$value ;;
        began) began=$value whole=yes && break ;; # what follows only keeps room
        esac
    done <"$dir/lease"
    # Of a file that cannot be read nothing is known, but that no count was as high as the date.
    if [ -z "$whole" ] || ! is_number "$token"; then
        token=$(date +%s) run=garbled sealed=0 holder='' hosts='' boot='' renewed=0 step=0
        action='' began=''
    fi
    is_number "$step" || step=0
    age=$uptime # renewed before this boot: at least as old as the boot
    if [ "$boot" = "$this_boot" ] && is_number "$renewed"; then age=$((uptime - renewed)); fi
    [ "$age" -ge 0 ] || age=0
}

# The new state goes into the spare, which has its place on the disk already; then they change
# names. Cut short anywhere, `lease` is whole: the old one, or the new one.
write_lease() {
    text="token$TAB$token
run$TAB$run
sealed$TAB$sealed
holder$TAB$holder
hosts$TAB$hosts
boot$TAB$boot
renewed$TAB$renewed
step$TAB$step
action$TAB$action
began$TAB$began
pad$TAB"
    left=$((ROOM - ${#text} - 1))
    [ "$left" -ge 0 ] || refuse lease-too-long "the hosts of the run do not fit into $ROOM bytes"
    text=$text$(printf "%${left}s" '')
    spare=$dir/lease.spare
    if [ ! -e "$spare" ] && [ -e "$dir/lease.old" ]; then mv -f "$dir/lease.old" "$spare"; fi
    if [ -f "$spare" ] && [ ! -L "$spare" ] && [ "$(stat -c %s "$spare")" -eq $ROOM ]; then
        why=$(dd of="$spare" bs=$ROOM conv=notrunc,fsync 2>&1 <<END
$text
END
        ) || failed_write "$spare" "$why"
    else
        fill "$spare" <<END
$text
END
        replace "$spare" 600
    fi
    if [ ! -e "$dir/lease" ]; then # the first one: both get their place now
        fill "$dir/lease" <<END
$text
END
        replace "$dir/lease" 600
        return
    fi
    ln -f "$dir/lease" "$dir/lease.old" || stop 70 write-failed "$dir"
    mv -f "$spare" "$dir/lease" || stop 70 write-failed "$dir/lease"
    mv -f "$dir/lease.old" "$spare" || stop 70 write-failed "$spare"
    sync "$dir" 2>/dev/null || sync
}

is_paused() { # an operator wants nothing to run here; in words in $paused
    paused=''
    [ -f "$STATE/paused" ] || return 1
    until='' reason='' by=''
    while IFS=$TAB read -r key value; do
        case $key in
        reason) reason=$value ;;
        by) by=$value ;;
        until) until=$value ;;
        esac
    done <"$STATE/paused"
    if is_number "$until" && [ "$(date +%s)" -ge "$until" ]; then return 1; fi
    paused="$by: $reason"
}

works() { # works: what a run has begun here and may still be at, in words
    echo "run ${run:-that has ended} still works here${action:+ at $action}"
}

lost() { # lost RUN TOKEN: the lease is not that run's any more
    [ "$run:$token" != "$1:$2" ] || return 1
    refuse lease-lost "${run:-no lease}"
}

is_token() { is_number "$1" || usage "not a token: $1"; }

lease_acquire() { # lease_acquire SCOPE RUN HOLDER HOSTS DISPLACES
    [ $# -eq 5 ] || usage 'lease-acquire SCOPE RUN HOLDER HOSTS DISPLACES'
    scope "$@"
    case $3 in '' | *[[:cntrl:]]*) usage 'a holder without control characters' ;; esac
    [ ${#3} -le 1024 ] || usage 'the holder is longer than 1024 bytes'
    case $4 in '' | *[!A-Za-z0-9_.,:-]*) usage "not hosts: $4" ;; esac
    [ "$5" = - ] || is_word "$5" 64 || usage "not a run: $5"
    deciding
    if is_paused; then refuse paused "$paused"; fi
    case $run in
    '' | "$2" | "$5") ;;
    garbled) # and with it the hosts of whoever had it: no time makes that good
        [ "$sealed" = 1 ] || refuse lease-garbled "$dir/lease cannot be read"
        ;;
    *)
        [ "$sealed" = 1 ] || [ "$age" -gt $EXPIRY ] ||
            refuse lease-held "$run$TAB$holder$TAB$age"
        ;;
    esac
    [ $running = no ] || refuse lease-busy "$(works)"
    # Also of the same run: the answer that told it whom it displaced may have been lost.
    displaced=''
    [ -z "$run" ] || displaced="${NL}displaced $run ${hosts:--}"
    token=$((token + 1)) run=$2 sealed=0 holder=$3 boot=$this_boot renewed=$uptime
    step=0 action='' began=''
    [ -z "$hosts" ] || hosts=$(others "$4" "$hosts")
    hosts=$4$hosts
    write_lease
    echo "ok acquired $2 $token$displaced"
}

others() { # others LIST MORE: whom MORE names and LIST does not, with a comma before each
    printf '%s\n' "$2" | tr , '\n' | while read -r host; do
        case ,$1, in *",$host,"*) ;; *) printf ',%s' "$host" ;; esac
    done
}

lease_renew() { # lease_renew SCOPE RUN TOKEN
    [ $# -eq 3 ] || usage 'lease-renew SCOPE RUN TOKEN'
    scope "$@"
    is_token "$3"
    deciding
    lost "$2" "$3"
    [ "$sealed" = 0 ] || refuse lease-lost "$2 has ended"
    boot=$this_boot renewed=$uptime
    write_lease
    echo "ok renewed $2 $this_boot $uptime"
}

lease_seal() { # lease_seal SCOPE RUN TOKEN: nothing of it starts here any more
    [ $# -eq 3 ] || usage 'lease-seal SCOPE RUN TOKEN'
    scope "$@"
    is_token "$3"
    deciding
    lost "$2" "$3"
    [ $running = no ] || refuse lease-busy "$(works)"
    sealed=1
    write_lease
    echo "ok sealed $2"
}

lease_free() { # lease_free SCOPE RUN TOKEN: once it is sealed on all hosts of the run
    [ $# -eq 3 ] || usage 'lease-free SCOPE RUN TOKEN'
    scope "$@"
    is_token "$3"
    deciding
    lost "$2" "$3"
    [ "$sealed" = 1 ] || refuse lease-open "$2 is not sealed here"
    run='' sealed=0 holder='' hosts='' boot='' renewed=0 step=0 action='' began=''
    write_lease
    echo "ok freed $2"
}

# Sealed, not freed: whoever comes next must learn where else that run has it.
lease_unlock() { # lease_unlock SCOPE RUN: an operator takes it from that run
    [ $# -eq 2 ] || usage 'lease-unlock SCOPE RUN'
    scope "$@"
    deciding
    [ "$run" = "$2" ] || refuse lease-lost "${run:-no lease}"
    [ $running = no ] || refuse lease-busy "$(works)"
    sealed=1
    write_lease
    echo "ok unlocked $2 $token"
}

# One command of a run, once, on facts that are fresh by this boot's own clock. What it was is
# on the disk before it begins.
act() { # act SCOPE RUN TOKEN STEP BOOT UNTIL ACTION
    scope "$@"
    is_token "$3"
    for word in "$4" "$6"; do is_number "$word" || usage "not a number: $word"; done
    case $7 in '' | *[[:cntrl:]]*) usage 'an action without control characters' ;; esac
    [ ${#7} -le 1024 ] || usage 'the action is longer than 1024 bytes'
    deciding
    lost "$2" "$3"
    [ "$sealed" = 0 ] || refuse lease-lost "$2 has ended"
    if is_paused; then refuse paused "$paused"; fi
    [ $running = no ] || refuse lease-busy "$(works)"
    [ "$4" -gt "$step" ] || refuse action-repeated "step $4 of $2 has been here: ${action:-?}"
    [ "$5" = "$this_boot" ] || refuse rebooted "this host has booted since it was looked at"
    [ "$uptime" -le "$6" ] || refuse facts-stale "it took $((uptime - $6)) s too long to come here"
    step=$4 action=$7 began=$this_boot boot=$this_boot renewed=$uptime
    write_lease
    decided
}

run_program() { # run_program PROGRAM ARG...: one of the operator's own, whatever it is called
    [ $# -ge 1 ] || usage 'run PROGRAM ARG...'
    case $1 in '' | -*) usage "not a program: $1" ;; esac
    (exec "$@") # neither a function nor a builtin
}

# ---- pauses ---------------------------------------------------------------------------

pause() { # pause CLUSTER REASON BY UNTIL: by anyone; who has paused it first is not overruled
    [ $# -eq 4 ] || usage 'pause CLUSTER REASON BY UNTIL'
    is_word "$1" 16 || usage "not a cluster's name: $1"
    for word in "$2" "$3"; do
        case $word in '' | *[[:cntrl:]]*) usage "neither a reason nor a name: $word" ;; esac
        [ ${#word} -le 1024 ] || usage 'more than 1024 bytes'
    done
    [ "$4" = - ] || is_number "${4#+}" || usage "not a second: $4"
    pausing
    if is_paused; then refuse paused "$paused"; fi
    since=$(date +%s)
    case $4 in # by this host's own clock, whatever the controller's is
    +*) until=$((since + ${4#+})) ;;
    *) until=$4 ;;
    esac
    fill "$STATE/paused" <<END
cluster$TAB$1
reason$TAB$2
by$TAB$3
since$TAB$since
until$TAB$until
END
    replace "$STATE/paused" 600
    echo "ok paused $1"
}

resume() { # resume: as if nobody had paused it
    [ $# -eq 0 ] || usage resume
    pausing
    rm -f "$STATE/paused" || stop 70 write-failed "$STATE/paused"
    sync "$STATE" 2>/dev/null || sync
    echo "ok resumed"
}

pausing() { # not between the look and the start of a command
    dir=$STATE
    deciding
    no_symlink "$STATE/paused"
}

# ---- the verb -------------------------------------------------------------------------

[ $# -ge 1 ] || usage 'which verb?'
permitted=no
if [ "$1" = as ]; then
    [ $# -ge 9 ] || usage 'as SCOPE RUN TOKEN STEP BOOT UNTIL ACTION VERB ARG...'
    act "$2" "$3" "$4" "$5" "$6" "$7" "$8"
    permitted=yes
    shift 8
fi
case $1 in
lease-* | pause | resume) ;;
*) [ $permitted = yes ] || usage "$1 needs a run that it is of: as SCOPE RUN ..." ;;
esac
verb=$1
shift
if [ "$verb" = on ]; then
    [ $# -ge 6 ] || usage 'on NODE WWID BYTES UUID BEATS VERB ARG...'
    on "$@"
    verb=$6
    shift 6
fi
case ${node:+on}:$verb in
on:format | on:mount | on:rescan | on:grow-partition | on:reread-partition | on:grow-fs) ;;
on:add-slots | on:set-label | on:check-fs | on:remount) ;;
on:*) usage "done on no device: $verb" ;;
esac
case $verb in
write-file) write_file "$@" ;;
do) do_command "$@" ;;
run) run_program "$@" ;;
format) format "$@" ;;
mount) mount_volume "$@" ;;
unmount) unmount_volume "$@" ;;
archive-file) archive_file "$@" ;;
set-live) set_live "$@" ;;
extend-lv) extend_lv "$@" ;;
rescan) rescan "$@" ;;
grow-partition) grow_partition "$@" ;;
reread-partition) reread_partition "$@" ;;
grow-fs) grow_fs "$@" ;;
add-slots) add_slots "$@" ;;
set-label) set_label "$@" ;;
check-fs) check_fs "$@" ;;
remount) remount "$@" ;;
disarm) disarm "$@" ;;
note-backup) note_backup "$@" ;;
install-packages) install_packages "$@" ;;
install-module) install_module "$@" ;;
fetch) fetch "$@" ;;
reload-module) reload_module "$@" ;;
stop-guest) stop_guest "$@" ;;
migrate-guest) migrate_guest "$@" ;;
start-guest) start_guest "$@" ;;
lease-acquire) lease_acquire "$@" ;;
lease-renew) lease_renew "$@" ;;
lease-seal) lease_seal "$@" ;;
lease-free) lease_free "$@" ;;
lease-unlock) lease_unlock "$@" ;;
pause) pause "$@" ;;
resume) resume "$@" ;;
*) usage "no such verb: $verb" ;;
esac
