# nobody_else HOW: the last thing before every tool that mounts or writes; HOW is mount, or what
# holds here, mounted or unmounted, of lib/in_use. Refuses beside a heartbeat that is not explained
# (foreign-heartbeat). BEATS are those that are, separated by commas, or - for none:
#   N       a member whose heartbeat may go on, while this host mounts
#   N=HEX   a block that begins with these 32 bytes, as somebody attested it
#   N~HEX   the same of a host that is dead, seen so for twice the largest dead time
#
# needs: lib/files lib/devices lib/heartbeat_area lib/regions

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
    [ -z "$dead" ] || [ "$longest" -le $MOST_DEAD_TIME ] || refuse foreign-heartbeat \
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
