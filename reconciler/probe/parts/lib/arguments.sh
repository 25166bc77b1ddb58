# What the words of the options may be: is_unit, is_target, is_package, is_listing, is_logical. They
# say yes or no; main ends with status 64. once LIST WORD: the list with it, in $got.

is_unit() { # is_unit TEXT: a name that systemctl takes
    case $1 in
    [!A-Za-z0-9]* | *[!A-Za-z0-9:_.\\@-]* | *@.* | *.) return 1 ;;
    ?*.*) [ ${#1} -le 255 ] ;;
    *) return 1 ;;
    esac
}

is_target() { # is_target TEXT: an IPv4 address and a port
    case $1 in *[!0-9.:]* | *:*:* | *.*.*.*.*) return 1 ;; esac
    case $1 in ?*.?*.?*.?*:?*) ;; *) return 1 ;; esac
    IFS=.:
    # shellcheck disable=SC2086 # four numbers and a port
    set -- $1
    for number; do
        case $number in 0?* | ??????*) return 1 ;; esac
    done
    [ $# -eq 5 ] && [ "$1" -le 255 ] && [ "$2" -le 255 ] && [ "$3" -le 255 ] &&
        [ "$4" -le 255 ] && [ "$5" -ge 1 ] && [ "$5" -le 65535 ]
}

is_package() { # is_package TEXT: its name
    case $1 in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9.+_-]*) return 1 ;; esac
    [ ${#1} -le 255 ]
}

is_listing() { # is_listing TEXT: a path, then words, a line each
    case $1 in /*) ;; *) return 1 ;; esac
    case $1 in *"$NL" | *"$NL$NL"*) return 1 ;; esac
    IFS=$NL
    for word in $1; do
        case $word in *[[:cntrl:]]*) return 1 ;; esac
    done
}

is_logical() { # is_logical TEXT: VG/LV
    case $1 in */*/* | [!A-Za-z0-9_+]* | */[!A-Za-z0-9_+]* | */ | *[!A-Za-z0-9_.+/-]*) return 1 ;; esac
    case $1 in */*) [ ${#1} -le 255 ] ;; *) return 1 ;; esac
}

once() { # once LIST WORD: in $got, the list with the word as its last line
    got=$1
    case $NL$1 in *"$NL$2$NL"*) ;; *) got=$1$2$NL ;; esac
}
