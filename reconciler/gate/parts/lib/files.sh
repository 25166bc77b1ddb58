# A file is the old one or the new one, whole, also after a power cut: fill FILE takes stdin to a
# new file beside it, $temp, then replace FILE MODE puts that in its place.
# directory DIR makes what is missing, ours alone below $STATE. no_symlink PATH refuses what leads
# elsewhere (symlink); a disk without room refuses (no-space), other failures end with status 70.

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
