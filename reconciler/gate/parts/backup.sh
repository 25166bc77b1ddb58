# note-backup CLUSTER begun|made LABEL UUID BYTES HOST DIGEST   that there is a backup, by the time
#                                      since this boot; begun before the command, made after it
# Refuses a backup that was not noted as begun, in the same words (changed-since).
#
# needs: permit lib/files

# Of this boot only, whose clock neither jumps nor stands still; what has begun counts as old
# as its beginning. HOST and DIGEST say which command it was.
verb_note_backup() { # note-backup CLUSTER STATE LABEL UUID BYTES HOST DIGEST
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
