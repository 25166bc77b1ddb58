# on NODE WWID - - - grow-partition NUMBER START END   in sectors of 512 bytes; only its end moves
# Needs partx, parted, sfdisk. The table as it was is kept in $STATE/tables
# Refuses: partition-missing, partition-moved, partition-blocked, partition-table, partition-limit,
# shrink-refused, device-size. What parted then does not do ends with status 70 (partition-failed).
#
# needs: permit lib/files lib/disk reread_partition

verb_grow_partition() { # grow-partition NUMBER START END
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
