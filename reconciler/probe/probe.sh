#!/bin/sh
# reconcile-probe 1
#
# Reads what this host really has and prints it as text; `reconcile observe` runs it.
# It only ever reads: no file is written (not even a temporary one), nothing is loaded,
# mounted, rescanned or asked of another host; connections are opened only to --connect, and
# nothing is said there. POSIX sh (dash, busybox ash, bash).
#
#   sh -c TEXT probe [--want REF]... [--blank REF]... [--path MOUNTPOINT]... [--unit NAME]...
#                    [--size MOUNTPOINT]... [--order UNIT]... [--connect IP:PORT]... [--lv VG/LV]...
#                    [--guests LISTING]... [--package NAME]...
#                    [--only NAME]...
#
#   --want   describe this device: wwid=W or path=P, then perhaps ,part=N
#   --blank  the same, and look for non-zero data where no signature is found
#   --path   say which file system of whatever type is mounted there
#   --size   ask the OCFS2 mounted there for its size and room; it may wait for a host that died
#   --unit   tell the state of this systemd unit as well
#   --order  tell what this unit is started after, and stopped before, as well
#   --guests   a mount point, then a word a line the command that prints the guests running
#              from the volume there; without one, virsh is asked which have a disk below it.
#              A command is run only if an apply has recorded exactly its words on this host
#   --package  whether this package is installed, besides the usual ones; {kernel} in the name
#              stands for the release of the running kernel
#   --connect  whether a TCP connection to this address can be made from here
#   --lv     tell the size of this logical volume, and what room is left for it
#   --only   answer this section and the others so named; without it, all
#
# Every section stands between @@begin and @@end with its status, and fails alone.
# Fields are separated by a tab; no line exceeds 4096 bytes, the whole not 1 MiB.
# Starting a process is dear on a small host, hence `read` and patterns instead of awk.

LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset CDPATH ENV BASH_ENV
exec 2>/dev/null </dev/null
umask 077
set -uf # -f: a star in what is read stays a star; every glob below asks for it
TAB='	'
NL='
'
SYS=/sys/class/block
STATE=/var/lib/reconcile

# ---- printing -------------------------------------------------------------------------

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

section() { # section NAME BYTES
    case $only in "$NL" | *"$NL$1$NL"*) ;; *) return ;; esac
    room=$2
    printf '@@begin\t%s\n' "$1"
    ("probe_$1")
    printf '@@end\t%s\t%s\n' "$1" "$?"
}

# ---- reading --------------------------------------------------------------------------

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

has() { command -v "$1" >/dev/null; }

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

# ---- the host -------------------------------------------------------------------------

probe_identity() {
    get /proc/sys/kernel/hostname && row hostname "$got"
    get /proc/sys/kernel/random/boot_id && row boot_id "$got"
    get /etc/machine-id
    row machine_id "$got"
    os=- version=-
    while IFS= read -r line; do
        case $line in
        ID=*) os=${line#ID=} ;;
        VERSION_ID=*) version=${line#VERSION_ID=} ;;
        esac
    done </etc/os-release
    os=${os#[\"\']} version=${version#[\"\']}
    row os "${os%[\"\']}"
    row os_version "${version%[\"\']}"
    get /proc/sys/kernel/osrelease && row kernel "$got"
    get /proc/sys/kernel/arch || got=$(uname -m)
    row arch "$got"
    [ -n "$self" ] || fail "stat failed"
    row uid "${self% *}"
    get /proc/uptime && row uptime "${got%% *}"
    row clock "${self#* }"
}

next_kernel() { # what the next boot runs, in $next, where grubby or GRUB's menu tells it
    if has grubby; then image=$(grubby --default-kernel); else menu_kernel; fi
    case $image in */vmlinuz-*) next=${image##*/vmlinuz-} ;; *) next=- ;; esac
}

# As grub-mkconfig(8) writes it: an entry is chosen by its place (1, or 1>2), its title or its id.
menu_kernel() { # the file of the kernel that GRUB boots, in $image
    image='' default=0 once='' saved='' depth=0 top=-1 sub=-1 chosen=''
    menu=/boot/grub/grub.cfg
    [ -r $menu ] || menu=/boot/grub2/grub.cfg
    while IFS='=' read -r key value; do
        case $key in next_entry) once=$value ;; saved_entry) saved=$value ;; esac
    done <"${menu%/*}/grubenv"
    while IFS=" $TAB" read -r word rest; do
        # shellcheck disable=SC2016 # GRUB's variables
        case $word=$rest in
        'set=default="${next_entry}"') ;;
        'set=default="${saved_entry}"') default=${saved:-0} ;;
        'set=default="'*) default=${rest#*\"} default=${default%\"} ;;
        submenu=* | menuentry=*)
            if [ $depth -eq 0 ]; then
                top=$((top + 1)) sub=-1 place=$top
            else
                sub=$((sub + 1)) place=$top\>$sub
            fi
            entry=${once:-$default}
            case "$word $place $rest" in
            "menuentry $entry "* | menuentry\ *"'${entry##*\>}'"*) chosen=yes ;;
            *) chosen='' ;;
            esac
            ;;
        linux=* | linuxefi=* | linux16=*)
            if [ -n "$chosen" ]; then image=${rest%%[ "$TAB"]*} && return; fi
            ;;
        '}=') depth=$((depth - 1)) ;;
        esac
        case "$word $rest" in *' {') depth=$((depth + 1)) ;; esac
    done <$menu
}

probe_kernel() {
    get /proc/sys/kernel/osrelease
    running=$got
    next_kernel
    row running "$running"
    row next_boot "$next"
    has modinfo || fail "modinfo is not there"
    file=- version=-
    IFS=$NL
    for line in $(modinfo ocfs2); do
        case $line in
        filename:*) file=${line##*[ "$TAB"]} ;;
        version:*) version=${line##*[ "$TAB"]} ;;
        esac
    done
    [ "$file" = '(builtin)' ] || [ -e "$file" ] || file=- # the index may be older
    row module_file "$file"
    row module_version "$version"
    ready=no
    case $next in
    -) ready=- ;;
    "$running") [ "$file" = - ] || ready=yes ;;
    *)
        file=$(modinfo -k "$next" -F filename ocfs2)
        if [ "$file" = '(builtin)' ] || [ -e "$file" ]; then ready=yes; fi
        ;;
    esac
    row next_boot_module "$ready"
    set --
    for name in ocfs2 ocfs2_stack_o2cb ocfs2_dlm ocfs2_nodemanager ocfs2_dlmfs; do
        if [ -d "/sys/module/$name" ]; then
            row loaded "$name"
            case $name in ocfs2 | ocfs2_nodemanager) set -- "$@" "$name" ;; esac
        fi
    done
    if [ $# -gt 0 ]; then builds "$@"; fi
    for name in panic panic_on_oops; do
        get "/proc/sys/kernel/$name"
        row "$name" "$got"
    done
}

# What runs may have been loaded before another build was installed. A module tells its
# srcversion, where the kernel is built for that (Red Hat's are, Debian's not), else its build.
# The first and the last of them to be unloaded stand for all.
builds() { # builds MODULE...: of each what runs, and what its file is
    name='' path='' source=-
    IFS=$NL
    for line in $(modinfo "$@") filename:; do
        case $line in
        filename:*)
            if [ -n "$name" ]; then build "$name" "$path" "$source"; fi
            path=${line##*[ "$TAB"]} source=-
            name=${path##*/}
            name=${name%%.*}
            ;;
        srcversion:*) source=srcversion:${line##*[ "$TAB"]} ;;
        esac
        IFS=$NL
    done
}

build() { # build MODULE FILE SRCVERSION
    runs=- stored=$3
    if get "/sys/module/$1/srcversion"; then
        runs=srcversion:$got
    elif [ -e "/sys/module/$1/notes/.note.gnu.build-id" ]; then
        build_id "/sys/module/$1/notes/.note.gnu.build-id"
        runs=$got
        if [ "$stored" = - ]; then
            build_id "$2"
            stored=$got
        fi
    fi
    row build "$1" "$runs" "$stored"
}

build_id() { # build_id FILE: by the note of 20 bytes near its start (elf(5)), in $got, or -
    case $1 in
    *.xz) reader=xz ;;
    *.zst) reader=zstd ;;
    *.gz) reader=gzip ;;
    *) reader= ;;
    esac
    if [ -n "$reader" ]; then
        text=$("$reader" -dc "$1" | od -An -v -tx1 -N 1024)
    else
        text=$(od -An -v -tx1 -N 1024 "$1")
    fi
    IFS=" $NL"
    # shellcheck disable=SC2086 # a byte each
    set -- $text
    IFS=
    text="$*" got=-
    case $text in *040000001400000003000000474e5500*)
        text=${text#*040000001400000003000000474e5500}
        got=build-id:$(printf '%.40s' "$text")
        ;;
    esac
}

is_rpm() { # whether the system says that it is of Red Hat's family (os-release(5))
    while IFS= read -r line; do
        case $line in
        ID=* | ID_LIKE=*)
            line=${line#*=} line=${line#[\"\']}
            case " ${line%[\"\']} " in
            *' rhel '* | *' fedora '* | *' centos '* | *' ol '*) return 0 ;;
            esac
            ;;
        esac
    done </etc/os-release
    [ ! -s /var/lib/dpkg/status ]
}

unfinished() { # what dpkg was stopped at
    glob '/var/lib/dpkg/updates/[0-9]*'
    if [ -e "${globbed%%"$NL"*}" ]; then row broken 'dpkg was interrupted'; fi
    found_broken=$(grep -B 8 -E '^Status: [a-z]+ (reinstreq |ok (half-|unpacked|triggers-))' \
        /var/lib/dpkg/status)
    name=
    IFS=$NL
    for line in $found_broken; do
        case $line in
        'Package: '*) name=${line#*: } ;;
        'Status: '*) case $line in *' reinstreq '* | *' half-'* | *' unpacked' | *' triggers-'*)
            row broken "$name is ${line##* }"
            ;;
        esac ;;
        esac
    done
}

probe_packages() {
    manager=- found=
    set -- ocfs2-tools parted gdisk multipath-tools device-mapper-multipath sg3-utils \
        sg3_utils 'kmod-ocfs2*'
    IFS=$NL
    get /proc/sys/kernel/osrelease
    for name in $packages; do
        case $name in *'{kernel}'*) name=${name%%'{kernel}'*}$got${name#*'{kernel}'} ;; esac
        set -- "$@" "$name"
    done
    if is_rpm && has rpm; then
        manager=rpm
        found=$(rpm -qa --qf 'ii \t%{NAME}\t%{VERSION}-%{RELEASE}\n' "$@") ||
            fail "rpm cannot read its database"
    elif [ -s /var/lib/dpkg/status ] && has dpkg-query; then
        manager=dpkg # its status is 1 when one of the names is not known at all
        found=$(dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\n' "$@")
        [ $? -le 1 ] || fail "dpkg-query failed"
    fi
    row manager "$manager"
    if [ $manager = dpkg ]; then unfinished; fi
    IFS=$NL
    for line in $found; do
        IFS=$TAB
        # shellcheck disable=SC2086 # split into status, name and version
        set -- $line
        case $1 in ?i*) row version "$2" "$3" ;; esac
        case $1 in h*) row held "$2" ;; esac
    done
    for name in mkfs.ocfs2 tunefs.ocfs2 fsck.ocfs2 debugfs.ocfs2 mounted.ocfs2 o2cb blkid \
        wipefs lsblk multipathd parted sgdisk partprobe sg_readcap systemctl flock timeout; do
        if has "$name"; then row command "$name"; fi
    done
}

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

# ---- files, as they are ---------------------------------------------------------------

O2CB=/etc/default/o2cb
if [ -e /etc/default/o2cb ]; then :; elif [ -e /etc/sysconfig/o2cb ]; then
    O2CB=/etc/sysconfig/o2cb
elif [ -d /etc/sysconfig ]; then
    if [ ! -d /etc/default ] || [ -e /etc/redhat-release ]; then O2CB=/etc/sysconfig/o2cb; fi
fi

read_files() { # all that is read as text, at once, each line after its path
    state_files
    records=$globbed
    glob '/etc/systemd/system/*.d/reconcile.conf'
    set --
    for path in /etc/ocfs2/cluster.conf "$O2CB" /etc/fstab $records $globbed; do
        if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"; fi
    done
    # Of /proc/self, which is stat itself: the owner is our uid, the change time is now.
    modes=$(stat -L -c '%n %a %s %u %Z' "$@" /proc/self)
    self=${modes##*"$NL"}
    self=${self#* * * }
    set --
    IFS=$NL
    for line in $modes; do
        line=${line% * *}
        path=${line% * *}
        if [ "$path" != /proc/self ] && [ "${line##* }" -le 262144 ]; then
            set -- "$@" "$path"
        fi
    done
    sums='' texts='' mountinfo=''
    if [ $# -gt 0 ] && has sha256sum; then sums=$(sha256sum "$@"); fi
    if [ -d /sys/fs/ocfs2 ] || [ "$paths" != "$NL" ]; then set -- "$@" /proc/1/mountinfo; fi
    if [ $# -gt 0 ]; then texts=$(grep -a '' /dev/null "$@"); fi
    for line in $texts; do
        case $line in /proc/1/mountinfo:*) mountinfo=$mountinfo${line#*:}$NL ;; esac
    done
}

file() { # file PATH: its block
    row path "$1"
    if [ ! -e "$1" ] && [ ! -L "$1" ]; then
        row state absent
        return
    fi
    IFS=$NL size=
    for line in $modes; do
        line=${line% * *}
        if [ "${line% * *}" = "$1" ]; then size=${line##* } mode=${line% *}; fi
    done
    [ -n "$size" ] || fail "$1 is not a readable file"
    [ "$size" -le 262144 ] || fail "$1 is larger than 256 KiB"
    row state present
    IFS=$NL
    for line in $sums; do
        case $line in *" $1" | *"*$1") row sha256 "${line%% *}" ;; esac
    done
    row mode "${mode##* }"
    file_text "$1" "$size"
}

file_text() { # file_text PATH SIZE
    left=$2 IFS=$NL
    for line in $texts; do
        case $line in "$1:"*)
            line=${line#"$1:"}
            left=$((left - ${#line} - 1))
            say "|$line"
            ;;
        esac
    done
    case $left in
    0) ;;
    -1) say nonl ;; # the last line lacks its line feed
    *) fail "$1 could not be read whole" ;;
    esac
}

probe_cluster_conf() { file /etc/ocfs2/cluster.conf; }
probe_o2cb_config() { file "$O2CB"; }
probe_fstab() { file /etc/fstab; }

state_files() { # what runs left of each cluster, in $globbed
    glob "$STATE/*/*.json"
    found=$globbed
    glob "$STATE/*/programs"
    globbed=$found$NL$globbed
}

probe_records() {
    our_state
    state_files
    for path in $globbed; do
        if [ -e "$path" ]; then file "$path"; fi
    done
}

our_state() { # ours alone to read: hidden is not absent
    if [ -e "$STATE" ] && [ ! -r "$STATE/." ]; then fail "$STATE is not readable"; fi
}

probe_leases() { # who may act here: for all that the host is, and on a storage host by cluster
    our_state
    lease_of - "$STATE"
    glob "$STATE/*/lease"
    for file in $globbed; do
        [ -e "$file" ] || continue
        directory=${file%/lease}
        lease_of "${directory##*/}" "$directory"
    done
}

lease_of() { # lease_of SCOPE DIRECTORY: as the gate has written it, and what still runs of it
    works_on "$2/busy"
    if [ ! -e "$2/lease" ]; then
        [ "$works" = no ] || row lease "$1" - - 0 0 0 - - "$works"
        return 0
    fi
    token='' run='' sealed='' holder='' hosts='' boot='' renewed='' step='' action='' began=garbled
    while IFS=$TAB read -r key value; do
        case $key in
        token) token=$value ;;
        run) run=$value ;;
        sealed) sealed=$value ;;
        holder) holder=$value ;;
        hosts) hosts=$value ;;
        boot) boot=$value ;;
        renewed) renewed=$value ;;
        step) step=$value ;;
        action) action=$value ;;
        began) began=$value && break ;; # what follows only keeps room
        esac
    done <"$2/lease"
    for value in "$token" "$sealed" "$renewed" "$step"; do
        case $value in '' | *[!0-9]*) began=garbled ;; esac
    done
    [ "$began" != garbled ] || fail "the lease file is garbled"
    if [ -z "$run" ] && [ "$works" = no ]; then return 0; fi
    get /proc/uptime
    age=${got%%.*}
    get /proc/sys/kernel/random/boot_id
    # It was renewed before this boot: then it is at least as old as the boot.
    if [ "$got" = "$boot" ]; then age=$((age - renewed)); fi
    if [ "$age" -lt 0 ] || [ -z "$run" ]; then age=0; fi
    case $began in
    '') began=- ;;
    "$got") began=now ;;
    *) began=before ;;
    esac
    set -- "$1" "${run:--}" "${holder:--}" "$age" "$sealed" "$step" "${action:--}" "$began"
    row lease "$@" "$works"
    while [ -n "$hosts" ]; do
        row with "$1" "${hosts%%,*}"
        case $hosts in *,*) hosts=${hosts#*,} ;; *) hosts='' ;; esac
    done
}

# What the gate begins, and its children, hold a lock on that file until they have ended. The
# kernel lists it; in a process namespace of its own not if who took it has ended. Then it is
# tried, shared and for an instant: a gate that comes just then waits for longer.
works_on() { # works_on FILE: in $works no, or processes: PID COMMAND, ... or yes
    works=no
    [ -e "$1" ] || return 0
    inode=$(ls -id "$1") || fail "$1 cannot be read"
    inode=${inode#"${inode%%[! ]*}"}
    inode=${inode%% *}
    locked=''
    while IFS=' ' read -r _ kind _ _ _ place _; do
        case $kind:$place in "FLOCK:"*":$inode") locked=yes ;; esac
    done </proc/locks
    if [ -z "$locked" ]; then
        case $(readlink /proc/self/ns/pid) in 'pid:[4026531836]') return 0 ;; esac # the first one
        has flock || fail "no flock, to see whether a command still runs"
    fi
    if has flock && (flock -s -n 3) 3<"$1"; then return 0; fi
    works=''
    glob "/proc/[0-9]*"
    for process in $globbed; do
        # The gate has it as its descriptor 8, and so has what it runs.
        [ "$process/fd/8" -ef "$1" ] || continue
        get "$process/comm"
        plain "$got"
        works="$works, ${process#/proc/} $got"
    done
    works=${works#, }
    [ -n "$works" ] || works=yes
}

probe_pauses() { # what an operator wants nothing to be done on; one that has passed is none
    our_state
    [ -e "$STATE/paused" ] || return 0
    cluster='' reason='' by='' since='' until=''
    while IFS=$TAB read -r key value; do
        case $key in
        cluster) cluster=$value ;;
        reason) reason=$value ;;
        by) by=$value ;;
        since) since=$value ;;
        until) until=$value ;;
        esac
    done <"$STATE/paused"
    case $since in '' | *[!0-9]*) fail "the file of the pause is garbled" ;; esac
    case $cluster,$reason,$by in ,* | *,,* | *,) fail "the file of the pause is garbled" ;; esac
    case $until in
    -) ;;
    '' | *[!0-9]*) fail "the file of the pause is garbled" ;;
    *) if [ "$(date +%s)" -ge "$until" ]; then return 0; fi ;;
    esac
    row paused "$cluster" "$reason" "$by" "$since" "$until"
}

# ---- the running kernel's cluster -----------------------------------------------------

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
        $4 == "01" {
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

probe_services() {
    has systemctl || fail "systemctl is not there"
    set -- o2cb.service ocfs2.service multipathd.service iscsid.service open-iscsi.service \
        iscsi.service firewalld.service nftables.service
    IFS=$NL
    for id in $units; do
        case $NL$*$NL in *"$NL$id$NL"*) ;; *) set -- "$@" "$id" ;; esac
    done
    list=$(systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState "$@") ||
        fail "systemctl failed"
    id='' load='' active='' sub='' state=''
    IFS=$NL
    for line in $list; do # properties come in systemd's order; Id= or the end closes a unit
        value=${line#*=}
        case $line in
        Id=*) # it may be an alias of the name that was asked for
            unit
            [ $# -gt 0 ] || fail "systemctl tells more units than it was asked for"
            id=$1 load='' active='' sub='' state=''
            shift
            ;;
        LoadState=*) load=$value ;;
        ActiveState=*) active=$value ;;
        SubState=*) sub=$value ;;
        UnitFileState=*) state=$value ;;
        esac
    done
    unit
    [ $# -eq 0 ] || fail "systemctl does not tell of $1"
}

unit() {
    [ -n "$id" ] || return 0
    case $state in
    enabled*) enabled=enabled ;;
    generated | '') start_links "${id%.service}" ;;
    *) enabled=disabled ;;
    esac
    row unit "$id" "$load" "$active" "$sub" "$enabled"
}

start_links() { # start_links NAME: a SysV script is enabled by its start links
    enabled=disabled
    glob "/etc/rc[2-5].d/S[0-9][0-9]$1"
    for link in $globbed; do
        if [ -L "$link" ]; then enabled=enabled; fi
    done
}

# What units are ordered by, of what concerns the cluster: the storage below, its services, the
# target that network mounts come after, and the mount points asked for.
probe_ordering() {
    has systemctl || fail "systemctl is not there"
    IFS=$NL
    # shellcheck disable=SC2086 # a unit each
    set -- o2cb.service $orders
    list=$(systemctl show -p Id,Wants,Before,After,RequiresMountsFor "$@") ||
        fail "systemctl failed"
    id=''
    IFS=$NL
    for line in $list; do
        case $line in
        Id=*)
            [ $# -gt 0 ] || fail "systemctl tells more units than it was asked for"
            id=$1
            shift
            ;;
        Wants=* | Before=* | After=* | RequiresMountsFor=*) ordered "$id" "$line" ;;
        esac
    done
    [ $# -eq 0 ] || fail "systemctl does not tell of $1"
    glob '/etc/systemd/system/*.d/reconcile.conf'
    for path in $globbed; do
        if [ -e "$path" ]; then file "$path"; fi
    done
}

ordered() { # ordered UNIT LINE: a row for each PROPERTY=WORD of PROPERTY=WORD...
    property=${2%%=*} IFS=' '
    for word in ${2#*=}; do
        case $property=$word in
        Wants=remote-fs-pre.target | Before=remote-fs-pre.target | After=o2cb.service | \
            After=ocfs2.service | After=multipathd.service | After=iscsid.service | \
            After=iscsi.service | After=open-iscsi.service) ;;
        RequiresMountsFor=*) case $paths in *"$NL$word$NL"*) ;; *) continue ;; esac ;;
        *) continue ;;
        esac
        row order "$1" "$property=$word"
    done
    IFS=$NL
}

# ---- mounts ---------------------------------------------------------------------------

probe_mounts() {
    if [ ! -d /sys/fs/ocfs2 ] && [ "$paths" = "$NL" ]; then return; fi
    [ -n "$mountinfo" ] || fail "/proc/1/mountinfo is not readable"
    [ -r /proc/1/mem ] || fail "not root: the namespaces of others are hidden"
    seen=$NL
    IFS=$NL
    volumes=$NL
    for line in $mountinfo; do mounted 1 "$line"; done
    [ -d /sys/fs/ocfs2 ] || return 0
    sizes
    set -- /proc/1
    glob '/proc/[0-9]*'
    for dir in $globbed; do # one process of every other mount namespace
        for known; do
            if [ "$dir/ns/mnt" -ef "$known/ns/mnt" ]; then continue 2; fi
        done
        if [ -e "$dir/ns/mnt" ]; then set -- "$@" "$dir"; fi
    done
    shift
    [ $# -gt 0 ] || return 0
    for dir; do shift && set -- "$@" "$dir/mountinfo"; done
    IFS=$NL
    # shellcheck disable=SC2013 # one process for all of them
    for line in $(grep -s ' - ocfs2 ' /dev/null "$@"); do
        dir=${line%%/mountinfo:*}
        mounted "${dir#/proc/}" "${line#*/mountinfo:}"
    done
}

sizes() { # only if asked: statfs takes a cluster lock, and hangs while a dead host is recovered
    IFS=$NL
    for path in $volumes; do
        real=$(printf '%b' "$(octal "$path")")
        case $sized in *"$NL$real$NL"*) ;; *) continue ;; esac
        IFS=' '
        # shellcheck disable=SC2046,SC2086 # blocks, free ones, bytes a block
        set -- $(limited 5 stat -f -c '%b %a %S' "$real")
        if [ $# -eq 3 ]; then row size "$path" $(($1 * $3)) $(($2 * $3)); fi
        IFS=$NL
    done
}

mounted() { # mounted PID LINE: prints an ocfs2 mount, or any type on a --path
    pid=$1 IFS=' '
    # ID PARENT MAJ:MIN ROOT PATH OPTIONS [TAG...] - TYPE SOURCE OPTIONS
    # shellcheck disable=SC2086
    set -- $2
    number=$3 path=$5 options=$6
    while [ "$1" != - ]; do shift; done
    case "$2" in
    ocfs2)
        case $seen in *"$NL$number $path$NL"*) return ;; esac
        seen=$seen$number" "$path$NL
        [ "$pid" != 1 ] || volumes=$volumes$path$NL
        row mount "$path" "$3" "$number" "$options,$4" "$pid"
        ;;
    *)
        case $path in *\\*) real=$(printf '%b' "$(octal "$path")") ;; *) real=$path ;; esac
        case $paths in *"$NL$real$NL"*) row other "$path" "$2" "$3" ;; esac
        ;;
    esac
}

octal() { # \040 is written \0040 for printf %b
    rest=$1
    while :; do
        case $rest in
        *\\*) printf '%s\\0' "${rest%%\\*}" && rest=${rest#*\\} ;;
        *) printf '%s' "$rest" && return ;;
        esac
    done
}

probe_processes() { # who has something open, mapped, or its root or directory, under a mount
    mounts='' mapped=''
    IFS=$NL
    for line in $mountinfo; do
        case $line in *' - ocfs2 '*)
            IFS=' '
            # shellcheck disable=SC2086 # the fifth is the mount point
            set -- $line
            mounts=$mounts$5\\n
            mapped="$mapped$NL $(printf '%b' "$(octal "$5")")/"
            ;;
        esac
    done
    [ -n "$mounts" ] || return 0
    [ -r /proc/1/mem ] || fail "not root: what others have open is hidden"
    set +f
    # ls -l reads links and opens nothing; awk decodes mountinfo's octal escapes.
    # shellcheck disable=SC2012 # the only way to read links without a process for each
    list=$({
        ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/root /proc/[0-9]*/fd
        grep -sF "${mapped#"$NL"}" /dev/null /proc/[0-9]*/maps
    } | awk -v mounts="$mounts" '
        BEGIN { n = split(mounts, mount, "\n") - 1 }
        /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
        /^\/proc\/[0-9]+\/maps:/ {
            split($0, part, "/")
            pid = part[3]
            target = $0
            for (i = 1; i <= n; i++)
                if (at = index($0, " " mount[i] "/")) target = substr($0, at + 1)
            told_of()
            next
        }
        at = index($0, " -> ") {
            link = substr($0, 1, at - 1)
            target = substr($0, at + 4)
            if (match(link, /\/proc\/[0-9]+\/[a-z]+$/)) {
                split(substr(link, RSTART), part, "/")
                pid = part[3]
            }
            told_of()
        }
        function told_of() {
            for (i = 1; i <= n; i++)
                # Of each mount on its own: what uses one hides nobody who uses another.
                if ((target == mount[i] || index(target, mount[i] "/") == 1) &&
                    !told[pid, i]++ && ++count[i] <= 200) print pid " " target
        }')
    set -f
    IFS=$NL
    for line in $list; do
        get "/proc/${line%% *}/comm" || continue # it has ended meanwhile
        plain "$got" && command=$got
        plain "${line#* }" && target=$got
        unit_of "${line%% *}"
        unit=$got
        guest_of "${line%% *}" "$unit"
        row proc "${line%% *}" "$command" "$target" "$unit" "$got"
        IFS=$NL
    done
}

# The first of a cgroup's path that is no slice: what is below may be a manager of its own,
# whose units are not the host's (systemd, cg_path_get_unit).
unit_of() { # unit_of PID: in $got, or -
    got=-
    while IFS= read -r group; do
        case $group in 0::/* | *:name=systemd:/*) ;; *) continue ;; esac
        IFS=/
        # shellcheck disable=SC2086 # split into the path's names
        set -- ${group#*:*:/}
        for name; do
            case $name in *.service | *.scope | *.socket | *.mount | *.swap)
                plain "${name#_}" # an underscore keeps a name from being taken for a file's
                break 2
                ;;
            esac
        done
    done <"/proc/$1/cgroup"
    IFS=$NL
}

# ---- guests ---------------------------------------------------------------------------

# The operator's own list commands run once, for two sections: rows in $guests, or $unlisted;
# in $unapproved the paths of those that nobody has approved, which are not run.
read_guests() {
    read_approvals
    IFS=$NL path=''
    set --
    for line in $listings P; do # a last P ends the last one
        case $line in
        W*) set -- "$@" "${line#W}" ;;
        P*)
            if [ -n "$path" ]; then guests_of "$path" "$@" || return 0; fi
            path=${line#P} IFS=$NL
            set --
            ;;
        esac
    done
}

# What an apply left, and only as it leaves it: root's own, for nobody else to read or write.
read_approvals() { # in $approvals the digests of commands, a line each
    glob "$STATE/*/programs"
    approvals=$NL
    for path in $globbed; do
        if [ -L "${path%/*}" ] || [ -L "$path" ]; then continue; fi
        [ "$(stat -c '%u %a %F' "$path")" = '0 600 regular file' ] || continue
        while IFS= read -r line; do
            approvals=$approvals$line$NL
        done <"$path"
    done
}

is_approved() { # is_approved COMMAND ARG...: exactly these words
    IFS=$NL
    sum=$(printf '%s' "$*" | sha256sum) || return 1
    case $approvals in *"$NL${sum%% *}$NL"*) ;; *) return 1 ;; esac
}

guests_of() { # guests_of PATH [COMMAND ARG...]: added to $guests; or status 1 and $unlisted
    path=$1 count=0 known=$NL
    shift
    if [ $# -gt 0 ]; then
        is_approved "$@" || { unapproved=$unapproved$path$NL && return 0; }
        printed "$@" && found=$answer
    else
        domains_below && persistent
    fi || return 1
    IFS=$NL
    for name in $found; do
        is_guest "$name" || { unlisted="$path: a guest's name is none: $name" && return 1; }
        count=$((count + 1))
        [ $count -le 256 ] || { unlisted="$path: more than 256 guests" && return 1; }
        lasts=no
        if [ $# -gt 0 ]; then lasts=yes; fi
        case $known in *"$NL$name$NL"*) lasts=yes ;; esac
        guests=$guests$path$TAB$name$TAB$lasts$NL
    done
}

# Without its end it was too long; what the command leaves behind may hold its output.
printed() { # printed COMMAND ARG...: in $answer what it prints; or status 1 and $unlisted
    answer=$({ limited 20 "$@"; printf '\n@@ended %s\n' "$?"; } |
        sed '/^@@ended [0-9]*$/q' | head -c 65536)
    case $NL$answer in
    *"$NL@@ended 0") answer=${answer%@@*} ;;
    *"$NL@@ended "*) unlisted="$path: $1 ended with status ${answer##* }" && return 1 ;;
    *) unlisted="$path: $1 printed more than 64 KiB" && return 1 ;;
    esac
}

domains_below() { # libvirt's running domains with a disk below $path, in $found
    has virsh || { unlisted="$path: virsh is not there" && return 1; }
    found=''
    printed virsh list --name || return 1
    IFS=$NL
    for name in $answer; do
        printed virsh domblklist --details --domain "$name" || return 1
        case $answer in *" $path/"*) found=$found$name$NL ;; esac
        IFS=$NL
    done
}

persistent() { # those that libvirt can start again, in $known
    [ -n "$found" ] || return 0
    printed virsh list --name --persistent && known=$NL$answer$NL
}

is_guest() { # is_guest TEXT: one plain word
    case $1 in [!A-Za-z0-9_]* | *[!A-Za-z0-9_.:+@-]*) return 1 ;; esac
    [ ${#1} -le 128 ]
}

probe_guests() {
    [ -z "$unlisted" ] || fail "$unlisted"
    IFS=$NL
    for line in $guests; do
        IFS=$TAB
        # shellcheck disable=SC2086 # path, name and whether it lasts
        row guest $line
        IFS=$NL
    done
    for path in $unapproved; do
        row unapproved "$path"
        IFS=$NL
    done
}

# By libvirt's scope for it, or by a word of the command line as qemu has it.
guest_of() { # guest_of PID UNIT: in $got, or -
    got=-
    [ -n "$guests" ] || return 0
    words=$NL$(tr '\000' '\n' <"/proc/$1/cmdline" | head -c 65536)$NL
    scope=${2#machine-qemu"\\x2d"} # machine-qemu\x2d1\x2dNAME.scope
    scope=${scope#"${scope%%[!0-9]*}"'\x2d'}
    IFS=$NL
    for item in $guests; do
        item=${item#*"$TAB"}
        name=${item%"$TAB"*}
        escaped "$name"
        case $2:$scope in machine-qemu*:"$escaped.scope") got=$name && break ;; esac
        case $words in
        *"$NL$name$NL"* | *"$NL$name,"* | *"guest=$name,"* | *"guest=$name$NL"*)
            got=$name && break
            ;;
        esac
    done
}

escaped() { # escaped NAME: in $escaped, as systemd writes it within a unit's name
    escaped='' rest=$1
    while :; do
        case $rest in
        *[-+@]*)
            head=${rest%%[-+@]*}
            rest=${rest#"$head"}
            case $rest in -*) code=2d ;; +*) code=2b ;; *) code=40 ;; esac
            escaped=$escaped$head'\x'$code rest=${rest#?}
            ;;
        *) escaped=$escaped$rest && return ;;
        esac
    done
}

# ---- what else mounts -----------------------------------------------------------------

probe_automounts() {
    mount_units
    automounter
}

mount_units() { # unit files, the first of a name: it hides the others (systemd.unit(5))
    seen=$NL
    set --
    for dir in /etc/systemd/system.control /run/systemd/system.control \
        /run/systemd/transient /etc/systemd/system /run/systemd/system \
        /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
        for kind in mount automount; do
            glob "$dir/*.$kind"
            for path in $globbed; do
                case $seen in *"$NL${path##*/}$NL"*) continue ;; esac
                if [ -e "$path" ] || [ -L "$path" ]; then
                    seen=$seen${path##*/}$NL
                    set -- "$@" "$path"
                fi
            done
        done
    done
    for path; do
        [ ! -f "$path" ] || [ -r "$path" ] || fail "$path is not readable"
    done
    [ $# -gt 0 ] || return 0
    told=$NL
    IFS=$NL
    # shellcheck disable=SC2013 # one process for all of them
    for line in $(grep -E '^[[:blank:]]*(Where|Type)[[:blank:]]*=' /dev/null "$@"); do
        path=${line%%mount:*}mount value=${line#*=}
        case $told in *"$NL$path$NL"*) continue ;; esac
        value=${value#"${value%%[![:blank:]]*}"}
        value=${value%"${value##*[![:blank:]]}"}
        case ${line%%=*} in
        *Type | *Type[[:blank:]]*) [ "$value" = ocfs2 ] || continue ;;
        *) case $paths in *"$NL${value%/}$NL"*) ;; *) continue ;; esac ;;
        esac
        told=$told$path$NL
        plain "$path"
        row unit "${got##*/}" "$got"
    done
}

automounter() { # lines of autofs maps about ocfs2 or one of the paths
    glob '/etc/auto.*'
    set --
    for path in $globbed; do
        if [ -f "$path" ]; then set -- "$@" "$path"; fi
    done
    glob '/etc/auto.master.d/*'
    for path in $globbed; do
        if [ -f "$path" ]; then set -- "$@" "$path"; fi
    done
    [ $# -gt 0 ] || return 0
    for path; do
        [ -r "$path" ] || fail "$path is not readable"
    done
    IFS=$NL
    # shellcheck disable=SC2013 # one process for all of them
    for line in $(grep -av '^[[:blank:]]*#' /dev/null "$@" | tr '\t' ' '); do
        path=${line%%:*}
        line=${line#*:}
        about_ours " $line " || continue
        plain "$line"
        [ ${#got} -le 1000 ] || got=$(printf '%.1000s' "$got")
        row autofs "$path" "$got"
    done
}

about_ours() { # about_ours LINE
    case $1 in *[!a-z]fstype=ocfs2[!a-z0-9]*) return 0 ;; esac
    IFS=$NL
    for path_asked in $paths; do
        case $1 in *" $path_asked"[\ /]*) return 0 ;; esac
    done
    return 1
}

# ---- the way to other hosts -----------------------------------------------------------

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
        said=$(timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$ip" "$port" 2>&1)
        status=$?
    fi
    case $status:$said in 127:* | *:*'No such file'*) # no bash, or one without networks
        netcat "$ip" "$port"
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

netcat() { # netcat IP PORT: in $status and $said; busybox has no -z, but runs a program
    if has nc; then
        said=$(limited 3 nc -v -w 2 -z "$1" "$2" 2>&1)
        status=$?
        case $said in *'invalid option'* | *'unrecognized option'*) ;; *) return ;; esac
        said=$(limited 3 nc -w 2 "$1" "$2" -e true 2>&1)
        status=$?
    elif has busybox; then
        said=$(limited 3 busybox nc -w 2 "$1" "$2" -e true 2>&1)
        status=$?
    fi
}

# ---- disks ----------------------------------------------------------------------------

multipath_wwid() { # multipath_wwid DIR: in $wwid as multipath writes it, sysfs's in $raw
    raw=- wwid=
    case ${1##*/} in
    nvme*) get "$1/wwid" && raw=$got wwid=$got ;;
    *)
        get "$1/device/wwid" && raw=$got
        case $raw in
        naa.*) wwid=3${raw#naa.} ;;
        eui.*) wwid=2${raw#eui.} ;;
        t10.*)
            IFS=' '
            # shellcheck disable=SC2086 # runs of spaces become one underscore
            set -- ${raw#t10.}
            IFS=_ wwid="1$*"
            ;;
        iqn.*) wwid=8$raw ;;
        esac
        ;;
    esac
}

probe_disks() {
    tables=''
    glob "$SYS/dm-*"
    if [ -d "${globbed%%"$NL"*}" ]; then
        tables=$(dmsetup table) || fail "dmsetup table failed"
    fi
    asked=' '
    IFS=$NL
    for ref in $wants; do # only of these is the device itself asked for its capacity
        disks_of "${ref%,part=*}" && asked="$asked$disks "
    done
    glob "$SYS/*"
    for dir in $globbed; do
        case ${dir##*/} in loop* | ram* | zram* | fd[0-9]*) continue ;; esac
        get "$dir/size" || continue # it has just gone
        case ${dir##*/}:$got in sr*:0) continue ;; esac
        sectors=$got
        disk "$dir"
    done
    links
}

disk() { # disk DIR
    name=${1##*/} part=- start=- parent=-
    get "$1/dev" && number=$got
    get "$1/ro" && readonly=$got
    get "$1/dm/name" && dmname=$got || dmname=-
    get "$1/dm/uuid" && dmuuid=$got || dmuuid=-
    names "$1/slaves" && slaves=$got
    names "$1/holders" && holders=$got
    if get "$1/partition"; then
        part=$got
        get "$1/start" && start=$got
        cd -P "$1/.." && parent=${PWD##*/}
        get "$1/../queue/logical_block_size"
    else
        get "$1/queue/logical_block_size"
    fi
    sector=$got
    case $dmuuid in part[0-9]*-*)
        part=${dmuuid#part} parent=$slaves
        part=${part%%-*}
        dm_start "$dmname"
        ;;
    esac
    multipath_wwid "$1"
    capacity "$name"
    row disk "$name" "$number" "$sectors" "$sector" "$readonly" "$part" "$start" "$parent" \
        "$dmname" "$dmuuid" "$raw" "$slaves" "$holders" "$bytes"
}

dm_start() { # dm_start NAME: where a linear mapping begins on its device, in $start
    IFS=$NL
    for line in $tables; do
        case $line in "$1: 0 "*" linear "*) start=${line##* } ;; esac
    done
}

capacity() { # capacity KNAME: what the device itself says, in $bytes; the least of its paths
    bytes=-
    case $asked in *" $1 "*) ;; *) return ;; esac
    has sg_readcap || return
    names "$SYS/$1/slaves"
    [ "$got" != - ] || got=$1
    IFS=,
    for path in $got; do
        get "$SYS/$path/device/state"
        [ "$got" = running ] || { bytes=- && return; }
        answer=$(limited 5 sg_readcap -b "/dev/$path") || { bytes=- && return; }
        case $answer in 0x*[0-9a-f]" 0x"*) ;; *) bytes=- && return ;; esac
        answer=$((${answer% *} * ${answer#* }))
        if [ "$bytes" = - ] || [ "$answer" -lt "$bytes" ]; then bytes=$answer; fi
    done
}

links() { # the stable names of devices, and device-mapper's
    glob "$SYS/dm-*"
    for dir in $globbed; do
        if get "$dir/dm/name" && [ -b "/dev/mapper/$got" ]; then
            row link "/dev/mapper/$got" "${dir##*/}"
        fi
    done
    set --
    for dir in by-id by-path by-partuuid; do
        glob "/dev/disk/$dir/*"
        # shellcheck disable=SC2086 # a line each
        set -- "$@" $globbed
    done
    # shellcheck disable=SC2045 # the only way to read links without a process for each
    for line in $(ls -ld "$@"); do
        case $line in *' /dev/disk/'*' -> '*)
            link=/dev/disk/${line#*" /dev/disk/"}
            row link "${link%% -> *}" "${line##*/}"
            ;;
        esac
    done
}

# ---- devices that the desired state names ---------------------------------------------

disks_of() { # disks_of REF without its part: kernel names in $disks; a map hides its paths
    disks='' wanted=${1#*=} kind=${1%%=*}
    glob "$SYS/*"
    for dir in $globbed; do
        case $kind in
        wwid)
            get "$dir/dm/uuid"
            if [ "$got" = "mpath-$wanted" ]; then disks=${dir##*/} && break; fi
            multipath_wwid "$dir"
            if [ "$wwid" = "$wanted" ]; then disks="$disks ${dir##*/}"; fi
            ;;
        path)
            if [ "$wanted" -ef "/dev/${dir##*/}" ]; then map_over "${dir##*/}"; fi
            ;;
        esac
    done
    disks=${disks# }
    [ -n "$disks" ]
}

map_over() { # map_over KNAME: it, or the multipath map that owns it, added to $disks
    over=$1 parent='' number=''
    if get "$SYS/$1/partition"; then # a path's own partition means the map's
        number=$got
        cd -P "$SYS/$1/.." && parent=${PWD##*/}
    fi
    names "$SYS/${parent:-$1}/holders"
    holder=${got%%,*}
    if get "$SYS/$holder/dm/uuid"; then
        case $got in mpath-*)
            over=$holder
            if [ -n "$number" ] && partition_of "$holder" "$number"; then over=$found; fi
            ;;
        esac
    fi
    disks="$disks $over"
}

partition_of() { # partition_of KNAME NUMBER: in $found
    found=
    uuid=none
    get "$SYS/$1/dm/uuid" && uuid=part$2-$got
    glob "$SYS/$1/$1*"
    for child in $globbed; do
        if get "$child/partition" && [ "$got" = "$2" ]; then found=${child##*/}; fi
    done
    glob "$SYS/dm-*"
    for child in $globbed; do
        if get "$child/dm/uuid" && [ "$got" = "$uuid" ]; then found=${child##*/}; fi
    done
    [ -n "$found" ]
}

probe_wanted() {
    for ref in $wants; do
        disks='' nodes='' disk=no part=
        case $ref in *,part=*) part=${ref##*,part=} ;; esac
        disks_of "${ref%,part=*}" && disk=yes
        IFS=' '
        for name in $disks; do
            if [ -z "$part" ]; then nodes=$nodes,$name; continue; fi
            partition_of "$name" "$part" && nodes=$nodes,$found
        done
        nodes=${nodes#,}
        row want "$ref" "${nodes:--}" "$disk"
        case $nodes in '' | *,*) ;; *) describe "$ref" "$nodes" ;; esac
        IFS=$NL
    done
}

describe() { # describe REF KNAME
    get "$SYS/$2/dev" && number=$got
    get "$SYS/$2/size" && row node "$1" "$2" "$number" $((got * 512))
    why=
    cannot_open "$2"
    if [ -n "$why" ]; then row unread "$1" "$why" && return; fi
    device=/dev/$2
    signature=$(limited 15 blkid -p -o export "$device")
    status=$?
    case $status in
    0 | 2 | 8) ;;
    *) row unread "$1" "blkid ended with $status" && return ;;
    esac
    signatures=0 IFS=$NL
    for line in $signature; do
        case $line in DEVNAME=* | PART_ENTRY_*) continue ;; esac # where it is, no signature
        signatures=$((signatures + 1))
        row sig "$1" "${line%%=*}" "${line#*=}"
    done
    # blkid says 2 also for what it cannot open, and 8 for several signatures.
    if [ $signatures -eq 0 ]; then other_signatures "$1" || return 0; fi
    case $signature in *"${NL}TYPE=ocfs2"*) superblock "$1" ;; esac
}

other_signatures() { # other_signatures REF: by wipefs, and if there are none, the zeros
    found=$(limited 15 wipefs -n -p "$device") || {
        row unread "$1" "wipefs failed"
        return 1
    }
    types=
    IFS=$NL
    for line in $found; do # offset,uuid,label,type after a comment line
        case $line in '#'*) continue ;; esac
        types=$types${line##*,}
        row wipefs "$1" "${line##*,}"
    done
    case $blanks in *"$NL$1$NL"*) ;; *) return 0 ;; esac
    if [ -z "$types" ] && [ "$status" -ne 8 ]; then zeros "$1"; fi
}

cannot_open() { # cannot_open KNAME: sets $why if opening it, or what is below, could hang
    get "$SYS/$1/dm/uuid"
    case $got in mpath-*)
        active_path "$1" || why="multipath map without an active path"
        return
        ;;
    esac
    for file in "$SYS/$1/device/state" "$SYS/$1/../device/state"; do
        if get "$file"; then case $got in running | live) ;; *) why="device is $got" ;; esac; fi
    done
    names "$SYS/$1/slaves"
    IFS=,
    for below in $got; do
        if [ "$below" != - ]; then cannot_open "$below"; fi
    done
}

active_path() { # active_path KNAME: whether a path of the map is active in both eyes
    get "$SYS/$1/dm/name"
    # ...: 0 SIZE multipath ... GROUP ... 8:16 A 0 ...; the status comes without any I/O
    line=$(dmsetup status --noflush "$got") || return 1
    before=
    IFS=' '
    for word in $line; do
        if [ "$word" = A ]; then case $before in [0-9]*:[0-9]*)
            get "/sys/dev/block/$before/device/state"
            case $got in running | live | -) return 0 ;; esac
            ;;
        esac; fi
        before=$word
    done
    return 1
}

superblock() { # superblock REF: superblock, slot map and heartbeats, read past the cache
    has debugfs.ocfs2 || return 0
    text=$(printf 'stats\nslotmap\nstat //heartbeat\n' |
        limited 20 debugfs.ocfs2 -f /dev/stdin "$device")
    part='' block_size='' cluster_size='' depth='' extents=0 extent=0 area=''
    IFS=$NL
    for line in $text; do
        line=${line#"$TAB"}
        case $line in
        'debugfs: '*) part=${line#debugfs: } ;;
        *) case $part in
            stats) stats "$1" "$line" ;;
            slotmap) slotmap "$1" "$line" ;;
            'stat //heartbeat') area "$line" ;;
            esac ;;
        esac
    done
    heartbeats "$1"
}

stats() { # stats REF LINE
    value=${2#*: }
    case $2 in
    Label:*) row sb "$1" label "${2#Label: }" ;;
    UUID:*) row sb "$1" uuid "$value" ;;
    'Max Node Slots:'*) row sb "$1" slots "$value" ;;
    'Block Size Bits:'*)
        block_size=$((1 << ${value%% *})) cluster_size=$((1 << ${2##* }))
        row sb "$1" block_size $block_size
        row sb "$1" cluster_size $cluster_size
        ;;
    'Links:'*' Clusters: '*) row sb "$1" clusters "${2##* }" ;;
    'Cluster stack:'*) row sb "$1" stack "$value" ;;
    'Cluster name:'*) row sb "$1" cluster "$value" ;;
    'Feature Compat:'*) row sb "$1" compat "$value" ;;
    'Feature Incompat:'*) row sb "$1" incompat "$value" ;;
    'Feature RO compat:'*) row sb "$1" ro_compat "$value" ;;
    'State:'*) row sb "$1" state "${value%% *}" ;;
    esac
}

slotmap() { # slotmap REF LINE: a heading, then SLOT NODE
    ref=$1 IFS=' '
    # shellcheck disable=SC2086
    set -- $2
    case ${1:-} in
    'Slot#') row slotmap "$ref" ok ;;
    [0-9]*) row slot "$ref" "$1" "$2" ;;
    esac
}

area() { # area LINE: of the heartbeat file, whose only extent holds the blocks
    IFS=' '
    # shellcheck disable=SC2086 # NUMBER OFFSET CLUSTERS BLOCK FLAGS
    set -- $1
    case "${1-} ${2-}" in
    'Tree Depth:') depth=$3 ;;
    [0-9]*' '[0-9]*)
        extents=$((extents + 1))
        if [ "$2" = 0 ]; then extent=$3 area=$4; fi
        ;;
    esac
}

# Each of 255 numbers has a block of the device's sector size (libocfs2/heartbeat.c), of which
# o2hb uses 32 bytes. debugfs.ocfs2 -R hb takes 512 for the size, and is right only then. They
# are read past the cache: what stands there is of whenever it was read.
heartbeats() { # heartbeats REF: the blocks that are not zero, if all could be read
    sector=
    get "$SYS/${device##*/}/queue/logical_block_size" && sector=$got
    [ -n "$sector" ] || { get "$SYS/${device##*/}/../queue/logical_block_size" && sector=$got; }
    [ "$depth $extents" = '0 1' ] || return
    for value in "$sector" "$area" "$extent" "$block_size" "$cluster_size"; do
        case $value in '' | *[!0-9]*) return ;; esac
    done
    [ "$block_size" -ge "$sector" ] || return
    [ $((extent * cluster_size / block_size)) -ge 255 ] || return
    blocks=$(limited 20 dd if="$device" bs="$block_size" skip="$area" iflag=direct \
        count=$(((255 * sector + block_size - 1) / block_size)) | od -A n -v -t x1 |
        awk -v lines=$((sector / 16)) '
            { at = (NR - 1) % lines; if (at > 1) next; gsub(/[ \t]/, "") }
            at == 0 { first = $0; next }
            NR <= lines * 255 && (first $0) ~ /[1-9a-f]/ { print (NR - 2) / lines, first $0 }
            END { if (lines * 255 <= NR) print "read" }')
    case $NL$blocks in *"${NL}read") ;; *) return ;; esac
    row hb "$1" ok
    IFS=$NL
    for line in $blocks; do
        if [ "$line" != read ]; then row beat "$1" "${line% *}" "${line#* }"; fi
        IFS=$NL
    done
}

zeros() { # zeros REF: whether the first and last 16 MiB and 64 MiB spread evenly are zero
    get "$SYS/${device##*/}/size"
    mib=$((got / 2048))
    direct=
    dd if="$device" of=/dev/null bs=4096 count=1 iflag=direct && direct=iflag=direct
    # What is not zero comes out of tr: the first such byte ends everything. `read` tells
    # that every sample was read without an error.
    answer=$({
        { samples && echo read >&3; } | tr -d '\000' | head -c 1 | wc -c
    } 3>&1)
    case $answer in
    *read*) ;;
    0) row unread "$1" "reading failed" && return ;;
    esac
    case $answer in *1*) row zeros "$1" no ;; *) row zeros "$1" yes ;; esac
}

samples() { # all of a device of up to 96 MiB, else the samples
    if [ "$mib" -le 96 ]; then
        sample 0 97
        return
    fi
    sample 0 16 && sample $((mib - 16)) 17 || return 1
    n=0
    while [ $n -lt 64 ]; do
        sample $((16 + n * (mib - 32) / 64)) 1 || return 1
        n=$((n + 1))
    done
}

sample() { # sample FIRST COUNT, in MiB; the device may end in a part of one
    IFS=' '
    # shellcheck disable=SC2086 # $direct may be nothing
    dd if="$device" bs=1048576 skip="$1" count="$2" $direct
}

# ---- logical volumes of a storage host ------------------------------------------------

probe_logical_volumes() {
    [ -n "$logical" ] || return 0
    has lvs || fail "lvs is not there"
    # No lock is taken, so no lock file written; before 2.03 the option was another.
    lvs --nolocking --version >/dev/null && unlocked=--nolocking ||
        unlocked='--config=global{locking_type=0}'
    IFS=$NL
    for name in $logical; do logical_volume "$name"; done
}

logical_volume() { # logical_volume VG/LV
    said=$(tell "$1" lv_size,vg_free,vg_extent_size,pool_lv) || {
        said=$(limited 20 lvs "$unlocked" "$1" 2>&1 >/dev/null)
        said=${said##*"$NL"}
        plain "${said#"${said%%[! ]*}"}"
        row missing "$1" "$got"
        return
    }
    IFS=,
    # shellcheck disable=SC2086 # SIZE FREE EXTENT POOL
    set -- "$1" $said
    row lv "$1" "$2" "$3" "$4" "${5:--}"
    [ -n "${5-}" ] || return 0
    said=$(tell "${1%%/*}/$5" data_percent,metadata_percent) || fail "lvs tells nothing of $5"
    IFS=,
    # shellcheck disable=SC2086 # DATA METADATA
    set -- "$1" $said
    row pool "$1" "${2:--}" "${3:--}"
}

tell() { # tell VG/LV FIELDS: separated by commas, sizes in bytes
    answer=$(limited 20 lvs "$unlocked" --noheadings --nosuffix --units b --separator , \
        -o "$2" "$1") || return 1
    printf %s "${answer#"${answer%%[! ]*}"}"
}

is_logical() { # is_logical TEXT: VG/LV
    case $1 in */*/* | [!A-Za-z0-9_+]* | */[!A-Za-z0-9_+]* | */ | *[!A-Za-z0-9_.+/-]*) return 1 ;; esac
    case $1 in */*) [ ${#1} -le 255 ] ;; *) return 1 ;; esac
}

# ---- the answer -----------------------------------------------------------------------

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

once() { # once LIST WORD: in $got, the list with the word as its last line
    got=$1
    case $NL$1 in *"$NL$2$NL"*) ;; *) got=$1$2$NL ;; esac
}

wants='' blanks=$NL paths=$NL sized=$NL only=$NL units='' orders='' targets='' logical=''
listings='' packages=''
while [ $# -ge 2 ]; do
    case $1 in
    --want) wants=$wants$2$NL ;;
    --blank) wants=$wants$2$NL blanks=$blanks$2$NL ;;
    --path) paths=$paths$2$NL ;;
    --size) sized=$sized$2$NL ;;
    --guests)
        is_listing "$2" || exit 64
        kind=P IFS=$NL
        for line in $2; do
            listings=$listings$kind$line$NL kind=W
        done
        ;;
    --only) only=$only$2$NL ;;
    --unit)
        is_unit "$2" || exit 64
        once "$units" "$2" && units=$got
        ;;
    --order)
        case $2 in -*) exit 64 ;; esac
        is_unit "x$2" || exit 64 # of a mount unit the first may be \\ or _
        once "$orders" "$2" && orders=$got
        ;;
    --connect)
        is_target "$2" || exit 64
        once "$targets" "$2" && targets=$got
        ;;
    --package)
        is_package "${2%%'{kernel}'*}x${2#*'{kernel}'}" || exit 64
        once "$packages" "$2" && packages=$got
        ;;
    --lv)
        is_logical "$2" || exit 64
        once "$logical" "$2" && logical=$got
        ;;
    *) exit 64 ;;
    esac
    shift 2
done
[ $# -eq 0 ] || exit 64

read_files
guests='' unlisted='' unapproved=''
case $only in "$NL" | *"${NL}guests$NL"*) read_guests ;; esac

printf '@@reconcile-probe\t1\n'
section identity 8192
section kernel 8192
section packages 8192
section addresses 49152
section cluster_conf 65536
section o2cb_config 32768
section live 65536
section services 16384
section ordering 65536
section mounts 65536
section disks 262144
IFS=$NL
section wanted 131072
section fstab 65536
section processes 32768
section space 8192
section records 131072
section leases 65536
section pauses 8192
section log 49152
section automounts 16384
section interconnect 16384
section logical_volumes 8192
section guests 65536
printf '@@done\n'
