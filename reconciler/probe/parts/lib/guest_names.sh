# guest_of PID UNIT: which of $guests a process is, in $got, or -: by libvirt's scope for it, or by
# its command line. None where no section lists guests.

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
