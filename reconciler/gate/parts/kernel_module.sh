# install-module MANAGER PACKAGE[=VERSION] KERNEL   the build that has ocfs2 for that kernel, no
#                                      other; VERSION may end before a - or +
# Done where it is there. Needs modinfo, and what install-packages needs.
# Refuses where no build is for that kernel (module-not-built), and what install-packages refuses.
#
# needs: permit lib/package_names lib/packages lib/repoquery packages_apt packages_rpm

verb_install_module() { # install-module MANAGER PACKAGE[=VERSION] KERNEL: the build for KERNEL, no other
    [ $# -eq 3 ] || usage 'install-module MANAGER PACKAGE[=VERSION] KERNEL'
    case $1 in dpkg | rpm) with=$1 ;; yum) with=rpm ;; *) usage "not a package manager: $1" ;; esac
    kernel=$3 versioned=''
    is_package "$2" || usage "not a package: $2"
    is_package "$3" || usage "not a kernel: $3"
    case $2 in *=*) version=${2#*=} ;; *) version='' ;; esac
    need modinfo
    if ! has_module || ! has_version "${2%%=*}"; then
        packages_ready
        "find_$with" "${2%%=*}"
        names=$build
        "install_$with" "$build"
        has_module || depmod "$kernel" 2>/dev/null
        has_module || stop 70 install-failed "$build brings no ocfs2 for $kernel: $last"
        has_version "${2%%=*}" || stop 70 install-failed "$build is not installed: $last"
    fi
    echo "ok installed $2 for $kernel"
}

is_version() { # is_version TEXT: $version, or a build of it; any if none is asked for
    case $version:$1 in :* | "$1:$1" | "$version:$version"[-+]*) ;; *) return 1 ;; esac
}

has_version() { # has_version PACKAGE: in $version, if one is asked for
    [ -n "$version" ] || return 0
    for name in "$1" "$1-$kernel"; do
        is_there "$name" || continue
        IFS=$NL
        for line in $found; do
            if is_version "$line"; then return 0; fi
        done
    done
    return 1
}

has_module() { # whether there is one for $kernel
    found=$(modinfo -k "$kernel" -F filename ocfs2 2>/dev/null)
    case $found in '(builtin)') ;; *) [ -e "$found" ] ;; esac # the index may be older
}

not_built() { # not_built PACKAGE BUILDS
    if [ -z "$2" ]; then
        if [ "$with" = rpm ] && is_excluded "$1"; then
            refuse package-held "$1 is excluded or locked"
        fi
        refuse package-missing "no repository has $1"
    fi
    refuse module-not-built "$1${version:+ $version} has no build for $kernel; there is: $2"
}

find_dpkg() { # find_dpkg PACKAGE: NAME or NAME=VERSION in $build
    build='' builds=''
    for name in "$1" "$1-$kernel"; do
        case $name in *"$kernel"*) ;; *) continue ;; esac
        if [ -n "$version" ]; then
            refresh
            named_build "$name" || continue
        else
            offered "$name" || { refresh && offered "$name"; } || continue
            build=$name
        fi
        return
    done
    refresh
    IFS=$NL
    for line in $(apt-cache madison "$1" 2>/dev/null); do
        IFS=' |'
        # shellcheck disable=SC2086 # NAME | VERSION | SOURCE
        set -- "$1" $line
        builds="$builds $3"
        is_version "$3" || continue
        if [ -z "$build" ] && is_for "$3"; then build=$2=$3; fi
    done
    [ -n "$build" ] || not_built "$1" "$builds"
    versioned=yes
}

is_for() { # is_for VERSION: it names $kernel, and no other that has its name in it
    case $1 in
    "$kernel"*) rest=${1#"$kernel"} ;;
    *[!A-Za-z0-9]"$kernel"*) rest=${1#*[!A-Za-z0-9]"$kernel"} ;;
    *) return 1 ;;
    esac
    case $rest in '' | [+~]*) ;; -*-*) return 1 ;; -[0-9]*) ;; *) return 1 ;; esac # a revision
}

named_build() { # named_build PACKAGE: NAME=VERSION of $version in $build
    build=''
    IFS=$NL
    for line in $(apt-cache madison "$1" 2>/dev/null); do
        IFS=' |'
        # shellcheck disable=SC2086 # NAME | VERSION | SOURCE
        set -- "$1" $line
        builds="$builds $3"
        if [ -z "$build" ] && is_version "$3"; then build=$2=$3 versioned=yes; fi
    done
    [ -n "$build" ]
}

find_rpm() { # find_rpm PACKAGE: NAME-VERSION.ARCH of the newest for $kernel in $build
    if [ "$installer" = yum ] && ! has repoquery; then
        stop 70 no-tool "repoquery is not there, it is part of yum-utils"
    fi
    said=$(builds_of "$1" 2>&1) || install_failed
    builds=$(printf '%s\n' "$said" | grep "^$1-.*\." | sort -Vu)
    build='' near=''
    IFS=$NL
    for found in $builds; do
        word=${found#"$1-"}
        is_version "${word%.*}" || continue
        if carries "$found"; then build=$found; elif suits "$found"; then near=$found; fi
    done
    build=${build:-$near}
    [ -n "$build" ] || not_built "$1" "$(printf %s "$builds" | tr '\n' ' ')"
}

# By the module among its files; one without is for the kernel that it requires, to the letter.
carries() { # carries NAME-VERSION.ARCH: the module for $kernel
    listed=$(asked_of "$1" -l 2>/dev/null)
    case $NL$listed in
    *"/modules/$kernel/"*ocfs2.ko*) return 0 ;;
    */modules/*ocfs2.ko*) return 1 ;;
    esac
    listed=$(asked_of "$1" --requires 2>/dev/null)
    for word in "kernel = ${kernel%.*}" "kernel-uname-r = $kernel" "kernel-uek = ${kernel%.*}"; do
        case "$NL$listed$NL" in *"$NL$word$NL"*) return 0 ;; esac
    done
    return 1
}

# A build for another kernel of the same kABI: all symbols that it asks for, with their versions,
# are those of the kernel that runs, so that weak-modules(8) links it below weak-updates. After it
# is installed modinfo has to find it for that kernel, as every other.
suits() { # suits NAME-VERSION.ARCH
    case $NL$(asked_of "$1" -l 2>/dev/null) in */modules/*ocfs2.ko*) ;; *) return 1 ;; esac
    symbols=$(asked_of "$1" --requires 2>/dev/null | grep -E '^(kernel|ksym)\(.*\) = ')
    [ -n "$symbols" ] || return 1
    provided=$(rpm -q --provides "kernel-core-$kernel" 2>/dev/null) ||
        provided=$(rpm -q --provides "kernel-$kernel" 2>/dev/null) || return 1
    IFS=$NL
    for symbol in $symbols; do
        case "$NL$provided$NL" in *"$NL$symbol$NL"*) ;; *) return 1 ;; esac
    done
}
