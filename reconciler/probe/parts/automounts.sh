# automounts: units and lines of autofs maps that mount OCFS2, or on a --path.
# Fails where a unit or a map cannot be read.

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
