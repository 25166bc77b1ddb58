# guests: what runs from the volumes of --guests, by the operator's command or by virsh. A command
# runs only if an apply has recorded exactly its words on this host.
# prepare_guests lists them once, for two sections; what cannot be listed fails.

# The operator's own list commands run once, for two sections: rows in $guests, or $unlisted;
# in $unapproved the paths of those that nobody has approved, which are not run.
prepare_guests() {
    case $only in "$NL" | *"${NL}guests$NL"*) ;; *) return ;; esac
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
