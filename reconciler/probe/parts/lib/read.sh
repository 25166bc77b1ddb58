# What is read without a process: get FILE (its first line, in $got), glob PATTERN (what matches, a
# line each, in $globbed), names DIR (its entries, in $got), plain TEXT (without control characters,
# in $got). has PROGRAM; limited SECONDS COMMAND... does not wait for a device whose path is gone.

get() { # get FILE: its first line in $got, or - and status 1
    got=
    { IFS= read -r got <"$1"; }
    [ -n "$got" ] || { got=- && return 1; }
}

plain() { # plain TEXT: in $got, with ? for every control character
    got=$1
    while :; do
        case $got in
        *[[:cntrl:]]*) got="${got%%[[:cntrl:]]*}?${got#*[[:cntrl:]]}" ;;
        *) return 0 ;;
        esac
    done
}

# `command -v` also finds functions, whose name it tells without a path.
has() { # has PROGRAM: on PATH
    case $(command -v "$1") in /*) ;; *) return 1 ;; esac
}

# A device whose path is gone can hang whoever opens it, so a limit where there is one.
if has timeout; then
    limited() { timeout -k 2 "$@"; }
else
    limited() { shift && "$@"; }
fi

glob() { # glob PATTERN: what matches, a line each, in $globbed; leaves IFS at a newline
    IFS=
    set +f
    # shellcheck disable=SC2086 # expanding is the point
    set -- $1
    set -f
    IFS=$NL
    globbed="$*"
}

names() { # names DIR: its entries joined by commas in $got, or -
    got=
    glob "$1/*"
    for entry in $globbed; do
        if [ -e "$entry" ]; then got=$got,${entry##*/}; fi
    done
    got=${got#,}
    [ -n "$got" ] || got=-
}
