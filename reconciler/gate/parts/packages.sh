# install-packages MANAGER [?]NAME[=VERSION]...   dpkg, rpm or yum; removes nothing, starts
#                                      nothing; what has a ? only if a repository offers it
# Refuse: package-manager-unsupported, package-lock-busy, package-database-broken, package-held, package-missing,
# package-conflict, repository-failed, no-space. What then fails ends with status 70.
#
# needs: permit lib/package_names lib/packages packages_apt packages_rpm

verb_install_packages() { # install-packages MANAGER [?]NAME[=VERSION]...
    [ $# -ge 2 ] || usage 'install-packages MANAGER [?]NAME[=VERSION]...'
    case $1 in dpkg | rpm) with=$1 ;; yum) with=rpm ;; *) usage "not a package manager: $1" ;; esac
    shift
    for word; do is_package "${word#\?}" || usage "not a package: $word"; done
    packages_ready
    names='' versioned=''
    for word; do
        word=${word#\?}
        if ! is_there "$word"; then names="$names $word"; fi
        case $word in *=*) versioned=yes ;; esac
    done
    names=${names# }
    if [ -n "$names" ]; then
        "install_$with" "$@"
    fi
    for word; do
        case $word in
        \?*) ;;
        *) is_there "$word" || stop 70 install-failed "$word is not installed: $last" ;;
        esac
    done
    IFS=' '
    echo "ok installed $*"
}

