# write-file PATH MODE OLD NEW    stdin becomes PATH; OLD and NEW are sha256, or absent for OLD
# archive-file PATH OLD                the file of that sha256 becomes PATH.before
# The old file stays as PATH.before. Refuse what is not as it was (changed-since), no regular file
# (not-a-file), where stdin is not NEW (content-damaged), links (symlink), a full disk (no-space).
#
# needs: permit lib/files lib/former_files

digest() { # digest FILE: its sha256, or absent
    if [ ! -e "$1" ]; then echo absent && return; fi
    sum=$(sha256sum <"$1") || stop 70 unreadable "$1"
    echo "${sum%% *}"
}

unchanged() { # unchanged PATH OLD
    now=$(digest "$1")
    [ "$now" = "$2" ] || refuse changed-since "$1 is $now, not $2"
}

verb_write_file() { # write-file PATH MODE OLD NEW
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

verb_archive_file() { # archive-file PATH OLD
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
