# kernel: which runs, which the next boot runs, their module of ocfs2, and what of it is loaded.
# Needs modinfo. Of GRUB only its menu is read; nothing is loaded.

probe_kernel() {
    get /proc/sys/kernel/osrelease
    running=$got
    next_kernel
    row running "$running"
    # uname -v, and what Ubuntu's kernels are made of: a release like 5.10.0-28-amd64 does not say.
    for file in /proc/sys/kernel/version /proc/version_signature; do
        if get $file; then row version "$got"; fi
    done
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
