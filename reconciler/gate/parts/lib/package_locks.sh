# await_packages: nobody else works with packages now; it waits up to a minute.
# Refuses if somebody still does (package-lock-busy), with who it is.
#
# needs: lib/clock

PACKAGE_WAIT=60 # seconds for whoever works with packages to end

await_packages() { # whoever installs something now may take a minute
    deadline $PACKAGE_WAIT
    while package_user; do
        [ "$uptime" -lt $end ] || refuse package-lock-busy "$user after $PACKAGE_WAIT s"
        sleep 1
        now
    done
}

package_user() { # who holds a lock of the package manager, in $user
    user=''
    set +f
    case $with in
    dpkg) set -- /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
        /var/cache/apt/archives/lock ;;
    rpm) set -- /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /run/yum.pid \
        /var/run/yum.pid /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid ;;
    esac
    set -f
    for file; do
        if [ ! -e "$file" ]; then continue; fi
        case $file in
        *.pid) get "$file" && held_by "$got" "$file" && return ;;
        *)
            inode=$(stat -c %i "$file") || continue
            # 1: POSIX ADVISORY WRITE PID MAJ:MIN:INODE FIRST LAST
            while IFS=' ' read -r _ _ _ _ pid where _; do
                case $where in *:"$inode") has_open "$pid" "$file" && held_by "$pid" "$file" && return ;; esac
            done </proc/locks
            ;;
        esac
    done
    return 1
}

has_open() { # has_open PID FILE: another disk may have a file of that number
    set +f
    set -- "$2" "/proc/$1/fd"/*
    set -f
    file=$1
    shift
    for entry; do
        if [ "$entry" -ef "$file" ]; then return 0; fi
    done
    return 1
}

held_by() { # held_by PID FILE: it runs, and has it
    is_number "$1" && [ -d "/proc/$1" ] || return 1
    get "/proc/$1/comm" || got='?'
    user="$2 is held by process $1 ($got)"
}
