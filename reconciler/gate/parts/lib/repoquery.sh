# What repositories of dnf and yum 3 ($installer) have: builds_of PACKAGE, asked_of PACKAGE OPTION...;
# is_excluded PACKAGE: there is one, and the host's configuration hides it.
# Needs dnf; or yum, and repoquery (of yum-utils) but for is_excluded. Refuses nothing.

builds_of() { # builds_of PACKAGE OPTION...
    asked_of "$@" --qf '%{name}-%{version}-%{release}.%{arch}'
}

asked_of() { # asked_of PACKAGE OPTION...
    case $installer in
    dnf) dnf -q repoquery --showduplicates "$@" </dev/null 8>&- ;;
    *) repoquery --show-duplicates --plugins "$@" </dev/null 8>&- ;; # as yum has them
    esac
}

is_excluded() { # is_excluded PACKAGE: there is one, and the host's configuration hides it
    ! is_in_repository "$1" && is_in_repository "$1" --disableexcludes=all --disableplugin=versionlock
}

is_in_repository() { # is_in_repository PACKAGE OPTION...: a repository has it
    case $installer in
    dnf) [ -n "$(builds_of "$@" 2>/dev/null)" ] ;;
    *) yum -q --setopt=exit_on_lock=1 --showduplicates list available "$@" >/dev/null 2>&1 \
        </dev/null 8>&- ;;
    esac
}
