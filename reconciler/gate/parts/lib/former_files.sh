# What a file was: keep PATH leaves the old one as PATH.before and takes no space; archive PATH
# renames it so. same_owner PATH gives the new file, $temp, the owner of the old one.
# Refuses where PATH.before is a directory (not-a-file).
#
# needs: lib/files

same_owner() { owner=$(stat -c %u:%g "$1") && chown "$owner" "$temp"; }

keep() { # keep PATH: the old file stays as PATH.before; a hard link takes no space
    if [ "$1" -ef "$1.before" ]; then return; fi
    if [ -d "$1.before" ] && [ ! -L "$1.before" ]; then
        refuse not-a-file "$1.before is a directory"
    fi
    why=$(rm -f "$1.before" 2>&1 && ln "$1" "$1.before" 2>&1) || failed_write "$1.before" "$why"
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
