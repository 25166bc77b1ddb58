# interconnect: whether a TCP connection to each --connect can be made. Nothing is said there.
# Needs bash with timeout, or nc; without them the answer is unknown.
# A connection is not closed before the other side has accepted it: what arrives earlier, an end
# too, sends o2net of some kernels into a recursion without end (manual kernels, 1).

probe_interconnect() {
    IFS=$NL
    answers=$(
        for target in $targets; do connect "$target" & done
        wait
    )
    for target in $targets; do
        state=unknown IFS=$NL
        for line in $answers; do
            case $line in "$target "*) state=${line#* } ;; esac
        done
        row connect "$target" "$state"
    done
}

# A lost first packet is sent again after one second, the next time after three; an address
# without a host is given up by the kernel after three seconds.
connect() { # connect IP:PORT: prints it with the state of a connection, as one line
    ip=${1%:*} port=${1#*:} said='' status=127
    if has bash && has timeout; then
        # shellcheck disable=SC2016 # bash shall expand it
        said=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit
            read -rN 1 -t 30 -u 3 >/dev/null 2>&1 &' "$ip" "$port" 2>&1)
        status=$?
    fi
    case $status:$said in 127:* | *:*'No such file'*) # no bash, or one without networks
        connect_by_netcat "$ip" "$port"
        ;;
    esac
    case $status:$said in
    0:*) echo "$1 open" ;;
    *:*[Rr]efused*) echo "$1 refused" ;;
    *:*[Uu]nreachable* | *:*'No route'* | *:*rohibited* | *:*'not permitted'*)
        echo "$1 unreachable"
        ;;
    124:* | 137:* | 143:* | *:*'imed out'* | *:*'in progress'* | *:*TIMEOUT*)
        echo "$1 timeout"
        ;;
    *) echo "$1 unknown" ;;
    esac
}

# Its input ends after a second, until when it is open; busybox ends its own at once, and knows
# no -v, but runs a program.
connect_by_netcat() { # connect_by_netcat IP PORT: in $status, $said
    if has nc; then
        said=$(sleep 1 | limited 4 nc -v -w 2 "$1" "$2" 2>&1 >/dev/null)
        status=$?
        case $said in *'invalid option'* | *'unrecognized option'*) ;; *) return ;; esac
        said=$(limited 4 nc -w 2 "$1" "$2" -e sleep 1 2>&1)
        status=$?
    elif has busybox; then
        said=$(limited 4 busybox nc -w 2 "$1" "$2" -e sleep 1 2>&1)
        status=$?
    fi
}
