# What repositories of dnf and yum ($dnf) have: builds_of PACKAGE, asked_of PACKAGE OPTION...;
# is_excluded PACKAGE: there is one, and the host's configuration hides it.
# Needs dnf, or repoquery beside yum; refuses nothing.

builds_of() { # builds_of PACKAGE OPTION...
    asked_of "$@" --qf '%{name}-%{version}-%{release}.%{arch}'
}

asked_of() { # asked_of PACKAGE OPTION...
    case $dnf in
    dnf) dnf -q repoquery --showduplicates "$@" </dev/null 8>&- ;;
    *) repoquery --show-duplicates "$@" </dev/null 8>&- ;;
    esac
}

is_excluded() { # is_excluded PACKAGE: there is one, and the host's configuration hides it
    [ -n "$(builds_of "$1" --disableexcludes=all --disableplugin=versionlock 2>/dev/null)" ]
}
