# addresses, space, log: of the host itself. Needs ip, stat -f, dmesg; each fails without its own.

probe_addresses() {
    list=$(ip -o -4 addr show) || fail "ip addr failed"
    IFS=$NL
    for line in $list; do
        IFS=' '
        # shellcheck disable=SC2086 # 2: eth0 inet 10.0.0.1/24 ..., or ... 10.0.0.1 peer ...
        set -- $line
        case $4 in */*) prefix=${4#*/} ;; *) prefix=32 ;; esac
        row address "${2%%@*}" "${4%%/*}" "$prefix"
    done
}

probe_space() {
    set -- /etc /var/lib
    if [ -d /boot ]; then set -- "$@" /boot; fi
    list=$(stat -f -c '%n %a %S %d' "$@") || fail "stat -f failed"
    IFS=$NL
    for line in $list; do
        IFS=' '
        # shellcheck disable=SC2086 # path, blocks, bytes a block, inodes
        set -- $line
        [ "$4" -gt 0 ] || set -- "$1" "$2" "$3" - # some file systems do not count inodes
        row space "$1" $(($2 * $3)) "$4"
    done
}

probe_log() {
    all=$({ dmesg || echo @@fail; } |
        grep -aiE 'ocfs2[^-]|o2(cb|net|hb|dlm|quo)|multipath|\] sd |i/o error|^@@fail$')
    case $all in *@@fail) fail "dmesg failed" ;; esac
    IFS=$NL
    # shellcheck disable=SC2086 # a line each
    set -- $all
    [ $# -le 40 ] || shift $(($# - 40))
    for line; do
        plain "$line"
        [ ${#got} -le 1000 ] || got=$(printf '%.1000s' "$got")
        row log "$got"
    done
}
