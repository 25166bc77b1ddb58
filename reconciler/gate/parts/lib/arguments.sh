# What a word may be: is_path, is_digest, is_uuid, is_number, is_count, is_word TEXT [MOST].
# They say yes or no; whoever asks refuses, with `usage`.
# Also has PROGRAM, need PROGRAM... (or status 70), get FILE (its first line, in $got).

# `command -v` also finds functions, whose name it tells without a path.
has() { # has PROGRAM: on PATH
    case $(command -v "$1") in /*) ;; *) return 1 ;; esac
}

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
