# What both ways to install need: packages_ready (the manager is there, nobody else uses it, its
# database is whole), is_there NAME[=VERSION], end_if_fetched (where `fetch` ends), complaint (of
# what was said, in $said, the errors in one line). $with is dpkg or rpm.
# Refuses a database that is not whole (package-database-broken), and what lib/package_locks does.
#
# needs: lib/package_locks

packages_ready() { # the manager is there, nobody else uses it, and its database is whole
    last=''
    case $with in
    dpkg) need apt-get apt-cache dpkg dpkg-query ;;
    rpm)
        need rpm
        find_installer
        ;;
    esac
    await_packages
    case $with in
    dpkg)
        set +f
        set -- /var/lib/dpkg/updates/[0-9]*
        set -f
        [ ! -e "$1" ] || broken_packages "dpkg was interrupted"
        found=$(dpkg --audit 2>&1)
        [ -z "$found" ] || broken_packages "$(half_installed)"
        ;;
    rpm)
        found=$(rpm -qa 2>&1 >/dev/null) || broken_packages "$found"
        ;;
    esac
}

find_installer() { # dnf or yum, in $installer
    for installer in dnf yum zypper rpm-ostree microdnf tdnf none; do
        if has "$installer"; then break; fi
    done
    case $installer in
    dnf | yum) ;;
    none) need dnf ;;
    *) refuse package-manager-unsupported \
        "$installer installs packages here, and only apt, dnf and yum are used" ;;
    esac
}

broken_packages() { refuse package-database-broken "$1"; }

half_installed() { # the packages that dpkg has not finished, in one line
    dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${Package}\n' 2>/dev/null |
        while IFS=' ' read -r state flag name; do
            case "$state $flag" in
            'installed ok' | 'not-installed ok' | 'config-files ok') ;;
            *) printf '%s is %s; ' "$name" "$state" ;;
            esac
        done
}

is_there() { # is_there NAME[=VERSION]: installed, and in that version
    case $with in
    dpkg)
        found=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "${1%%=*}" 2>/dev/null)
        case $found in installed' '*) ;; *) return 1 ;; esac
        found=${found#installed }
        ;;
    rpm) found=$(rpm -q --qf '%{VERSION}-%{RELEASE}\n' "${1%%=*}" 2>/dev/null) || return 1 ;;
    esac
    case $1 in
    *=*) case "$NL$found$NL" in *"$NL${1#*=}$NL"*) ;; *) return 1 ;; esac ;;
    esac
}

end_if_fetched() { # the end of `fetch`, with $chosen
    [ -n "${fetching-}" ] || return 0
    echo "ok fetched$chosen"
    exit 0
}

complaint() { # of $said the first errors, in one line
    lines=''
    IFS=$NL
    for line in $said; do
        case $line in
        'Error: ') ;; # what it is stands below
        E:* | W:*ailed* | dpkg:* | Error:* | *Problem* | '  - '* | *'o space left'* | 'No package '*) lines="$lines; $line" ;;
        esac
    done
    [ -n "$lines" ] || lines="; ${said##*"$NL"}"
    lines=${lines#; }
    printf '%.600s' "$lines"
}
