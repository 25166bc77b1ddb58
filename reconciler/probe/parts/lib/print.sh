# How a section is told: row FIELD... (one line, fields by tabs), say LINE as it is, fail REASON
# (the section is unknown), also where a line is longer than 4096 bytes, or all lines are longer
# than $room. section NAME BYTES is one of them in its frame, in $told, if it is asked for.

fail() { # fail REASON: the section is unknown
    printf '@@fail\t%.200s\n' "$1"
    exit 1
}

row() { # row FIELD...: one line; a control character in a field would forge others
    IFS=' '
    case "$*" in *[[:cntrl:]]*) fail "control character in a $1 line" ;; esac
    IFS=$TAB
    say "$*"
}

say() { # say LINE, within the bounds
    [ ${#1} -le 4096 ] || fail "a line is longer than 4096 bytes"
    room=$((room - ${#1} - 1))
    [ "$room" -ge 0 ] || fail "too much to tell"
    printf '%s\n' "$1"
}

# All that is told is written at once: each write is a packet that the other end has to decrypt.
section() { # section NAME BYTES: into $told
    case $only in "$NL" | *"$NL$1$NL"*) ;; *) return ;; esac
    room=$2
    answer=$("probe_$1")
    told="$told@@begin$TAB$1$NL$answer${answer:+$NL}@@end$TAB$1$TAB$?$NL"
}
