# fetch install-packages|install-module ARG...   whether that could be done; all is here then
# It does what they do before something is installed, and ends there.
# Refuses what they refuse.
#
# needs: permit

verb_fetch() { # fetch VERB ARG...
    fetching=yes
    case ${1-} in
    install-packages | install-module) call "$@" ;;
    *) usage 'fetch install-packages|install-module ARG...' ;;
    esac
}
