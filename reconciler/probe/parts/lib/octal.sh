# octal TEXT: a mount point as the kernel writes it, for printf %b.

octal() { # \040 is written \0040 for printf %b
    rest=$1
    while :; do
        case $rest in
        *\\*) printf '%s\\0' "${rest%%\\*}" && rest=${rest#*\\} ;;
        *) printf '%s' "$rest" && return ;;
        esac
    done
}
