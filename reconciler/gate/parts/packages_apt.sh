# install_dpkg [?]NAME[=VERSION]...: of $names those that are missing, by apt; it asks nobody,
# removes nothing, and takes nothing that was not named or needed. Needs apt-get and apt-cache.
# All is rehearsed, and fetched, before anything is unpacked; then refuses what `packages` says.
#
# needs: lib/packages lib/package_settings

PACKAGE_SLACK=16384 # KiB to leave free beside what is installed

install_dpkg() { # install_dpkg [?]NAME[=VERSION]...: of $names those that are missing
    chosen=''
    for word; do
        name=${word#\?}
        case " $names " in *" $name "*) ;; *) continue ;; esac
        if is_held "$name"; then
            case $word in \?*) continue ;; esac
            refuse package-held "${name%%=*} is on hold"
        fi
        if ! offered "$name"; then
            case $word in \?*) continue ;; esac
            refresh
            offered "$name" || refuse package-missing "no repository has $name"
        fi
        if is_pinned "$name"; then
            case $word in \?*) continue ;; esac
            refuse package-held "$name is kept away by the preferences of apt, see apt-cache policy"
        fi
        case $word in \?*) rehearse "$name" || continue ;; esac
        chosen="$chosen $name"
    done
    if [ -z "$chosen" ]; then return; fi
    IFS=' '
    # shellcheck disable=SC2086 # a word each
    set -- $chosen
    if ! rehearse "$@"; then
        refresh
        rehearse "$@" || no_way
    fi
    room_for
    if ! fetched "$@"; then
        refresh
        rehearse "$@" || no_way
        fetched "$@" || refuse repository-failed "$last"
    fi
    end_if_fetched
    hold_settings
    said=$(run_apt install "$@" 2>&1)
    give_back_settings
    last=$(complaint)
    case $said in
    *'o space left on device'*) stop 70 no-space "while installing: $last" ;;
    *'ould not get lock'*) refuse package-lock-busy "$last" ;;
    esac
    found=$(dpkg --audit 2>&1)
    [ -z "$found" ] || stop 70 package-database-broken "$(half_installed)$last"
}

is_held() { # is_held NAME[=VERSION]
    case $(dpkg-query -W -f '${db:Status-Want}' "${1%%=*}" 2>/dev/null) in
    hold) ;;
    *) return 1 ;;
    esac
}

# What is asked for by its version outdoes every pin (apt_preferences(5)): below 0 a version is
# not to be installed, from 1000 on it is, also instead of a newer one.
is_pinned() { # is_pinned NAME[=VERSION]: VERSION is kept away, or another one is forced
    case $1 in *=*) ;; *) return 1 ;; esac
    mine=0 most=0
    IFS=$NL
    for line in $(apt-cache policy "${1%%=*}" 2>/dev/null); do
        IFS=' '
        # shellcheck disable=SC2086 # VERSION PRIORITY, behind *** if it is installed
        set -- "$1" ${line# \*\*\*}
        [ $# -eq 3 ] || continue
        case $2 in
        *:) ;;
        "${1#*=}") mine=$3 ;;
        *) if is_number "$3" && [ "$3" -gt "$most" ]; then most=$3; fi ;;
        esac
    done
    [ "$mine" -lt 0 ] || { [ "$most" -ge 1000 ] && [ "$mine" -lt 1000 ]; }
}

# It asks nobody, removes nothing, and takes nothing that was not named or needed.
run_apt() { # run_apt VERB ARG...
    action=$1
    shift
    older=''
    if [ -n "$versioned" ]; then older=--allow-downgrades; fi
    # shellcheck disable=SC2086 # $older may be nothing
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l \
        APT_LISTCHANGES_FRONTEND=none \
        apt-get -y -q -o DPkg::Use-Pty=0 -o DPkg::Lock::Timeout=$PACKAGE_WAIT \
        -o DPkg::Options::=--force-confdef -o DPkg::Options::=--force-confold \
        -o APT::Get::Remove=false -o APT::Get::AutomaticRemove=false \
        -o APT::Install-Suggests=false --no-install-recommends $older "$action" "$@" \
        </dev/null 8>&-
}

# apt takes a name that it does not know for an expression, or for NAME+ or NAME-.
offered() { # offered NAME[=VERSION]: whether there is one to install, of that very name
    case $1 in
    *=*)
        IFS=$NL
        for line in $(apt-cache madison "${1%%=*}" 2>/dev/null); do
            IFS=' |'
            # shellcheck disable=SC2086 # NAME | VERSION | SOURCE
            set -- "$1" $line
            [ "$3" != "${1#*=}" ] || return 0
        done
        return 1
        ;;
    esac
    said=$(apt-cache policy "$1" 2>/dev/null)
    case $said in *'Candidate: (none)'*) return 1 ;; "$1:$NL"*'Candidate: '*) ;; *) return 1 ;; esac
}

refresh() { # reads the repositories anew, once
    [ -z "${refreshed-}" ] || return 0
    refreshed=yes
    said=$(run_apt update 2>&1) || fetch_failed
    case "$NL$said" in # the status is 0 also where old lists are used instead
    *"$NL"[EW]:*'ailed to fetch'*) fetch_failed ;;
    esac
}

fetch_failed() {
    last=$(complaint)
    refuse repository-failed "$last"
}

rehearse() { # rehearse NAME...: what would be done, in $said
    said=$(run_apt -s install "$@" 2>&1)
}

no_way() {
    last=$(complaint)
    case $said in *'eld packages were changed'*) refuse package-held "$last" ;; esac
    refuse package-conflict "$last"
}

room_for() { # for what was rehearsed
    found=''
    IFS=$NL
    for line in $said; do
        case $line in 'Inst '*)
            line=${line#Inst }
            found="$found ${line%% *}"
            ;;
        esac
    done
    kib=0 bytes=0 packages=0
    IFS=' '
    # shellcheck disable=SC2086 # a word each
    sizes=$(apt-cache show --no-all-versions $found 2>/dev/null)
    IFS=$NL
    for line in $sizes; do
        case $line in
        'Installed-Size: '*[!0-9]*) ;;
        'Installed-Size: '*) kib=$((kib + ${line#*: })) ;;
        'Size: '*) bytes=$((bytes + ${line#*: })) packages=$((packages + 1)) ;;
        esac
    done
    for where in /usr /var/cache/apt/archives /var/lib/dpkg /etc; do
        free=$(stat -f -c '%a %S %d %c' "$where" 2>/dev/null) || continue
        IFS=' '
        # shellcheck disable=SC2086 # blocks, bytes a block, inodes free, inodes
        set -- $free
        IFS=$NL free=$(($1 * $2 / 1024))
        needed=$((kib + bytes / 1024 + PACKAGE_SLACK))
        case $where in
        /etc) needed=1024 ;;
        /var/*) needed=$((bytes / 1024 + PACKAGE_SLACK)) ;;
        esac
        if [ $free -lt $needed ]; then
            refuse no-space "$where has $free KiB free, installing needs $needed"
        fi
        # dpkg writes up to ten files about each package, whose own have 16 KiB and more on average.
        needed=$((packages * 10 + 16))
        if [ $where = /usr ]; then needed=$((needed + kib / 16)); fi
        if [ "$4" -gt 0 ] && [ "$3" -lt $needed ]; then # some file systems do not count them
            refuse no-space "$where has $3 inodes free, installing may need $needed"
        fi
    done
}

fetched() { # fetched NAME...: everything is here before anything is unpacked
    said=$(run_apt --download-only install "$@" 2>&1) && return
    last=$(complaint)
    case $said in *'enough free space'* | *'o space left'*)
            refuse no-space "$last"
        ;;
    esac
    return 1
}
