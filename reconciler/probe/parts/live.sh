# live: the cluster in the running kernel: attributes, nodes, connections, regions, lock domains.
# Read from configfs, sysfs, debugfs, /proc. Fails where configfs is not there, yet a cluster is.

probe_live() {
    get /sys/fs/ocfs2/cluster_stack
    row stack "$got"
    if get /sys/fs/ocfs2/max_locking_protocol; then row locking "$got"; fi
    config=/sys/kernel/config/cluster
    if [ ! -d "$config" ]; then
        unregistered || fail "configfs is not mounted"
        return 0
    fi
    glob "$config/*"
    for dir in $globbed; do
        if [ -d "$dir" ]; then live_cluster "${dir##*/}"; fi
    done
    domains
}

unregistered() { # a registered cluster pins the module; else only other modules hold it
    module=/sys/module/ocfs2_nodemanager
    [ -d "$module" ] || return 0
    glob "$module/holders/*"
    holders=0
    for item in $globbed; do
        if [ -e "$item" ]; then holders=$((holders + 1)); fi
    done
    get "$module/refcnt" && [ "$got" = "$holders" ]
}

live_cluster() { # live_cluster NAME
    row cluster "$1"
    for key in idle_timeout_ms keepalive_delay_ms reconnect_delay_ms fence_method \
        heartbeat/dead_threshold heartbeat/mode; do
        if get "$config/$1/$key"; then row attr "$1" "$key" "$got"; fi
    done
    glob "$config/$1/node/*"
    peers='' mine=
    for item in $globbed; do
        [ -d "$item" ] || continue
        half="half of node ${item##*/} is missing in $config/$1"
        get "$item/num" || fail "$half"
        number=$got
        get "$item/ipv4_address" || fail "$half"
        ip=$got
        get "$item/ipv4_port" || fail "$half"
        port=$got
        get "$item/local" || fail "$half"
        row node "$1" "${item##*/}" "$number" "$ip" "$port" "$got"
        if [ "$got" = 1 ]; then mine=$port; else peers="$peers ${item##*/} $ip $port"; fi
    done
    connections
    glob "$config/$1/heartbeat/*"
    for item in $globbed; do
        [ -d "$item" ] || continue
        get "$item/dev"
        row region "$1" "${item##*/}" "$got"
    done
}

# The kernel's sockets stand among all others; either side may have connected (cluster/tcp.c).
# One stays open while its peer is cut off, until the quorum has fenced somebody: what was sent
# four times without an answer (3 s, tcp_input.c) is no connection. Column 7 counts that.
connections() { # to which of $peers there is a connection, by name
    [ -r /proc/net/tcp ] || return 0
    little=$(printf '\001\000' | od -An -td2)
    linked=$(awk -v peers="$peers" -v mine="$mine" -v little="$((little == 1))" '
        function number(hex,    i, n) {
            for (i = 1; i <= length(hex); i++)
                n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
            return n + 0
        }
        function address(hex,    i, byte, text) {
            for (i = 1; i < 8; i += 2) {
                byte = number(substr(hex, i, 2))
                if (i == 1) text = byte
                else text = little ? byte "." text : text "." byte
            }
            return text
        }
        BEGIN {
            n = split(peers, word, " ")
            for (i = 1; i < n; i += 3) port[word[i + 1]] = word[i + 2]
        }
        $4 == "01" && number($7) < 4 {
            split($2, here, ":")
            split($3, there, ":")
            ip = address(there[1])
            if (ip in port && (number(there[2]) == port[ip] || number(here[2]) == mine)) up[ip] = 1
        }
        END { for (i = 1; i < n; i += 3) if (word[i + 1] in up) printf "%s,", word[i] }
    ' /proc/net/tcp) || return 0
    row links "${linked:--}"
}

domains() { # DLM domains: debugfs lists them, else each has a kernel thread dlm-NAME
    [ -d /sys/module/ocfs2_dlm ] || return 0
    if [ -d /sys/kernel/debug/o2dlm ]; then
        glob '/sys/kernel/debug/o2dlm/*'
        for item in $globbed; do
            if [ -d "$item" ]; then row domain "${item##*/}"; fi
        done
    else
        glob '/proc/[0-9]*/comm'
        # shellcheck disable=SC2086,SC2013 # one process for all of them
        for item in $(grep -hs '^dlm-' $globbed); do row domain "${item#dlm-}"; done
    fi
}
