# install_rpm [?]NAME[=VERSION]...: of $names those that are missing, by dnf or yum 3 ($installer);
# it asks nobody, removes nothing, and takes nothing that was not named or needed.
# The whole transaction is tested before it begins; then refuses what `packages` says.
# What yum 3 says and takes is as of 3.4.3 (cli.py, output.py).
#
# needs: lib/packages lib/package_settings lib/repoquery

install_rpm() { # install_rpm [?]NAME[=VERSION]...: of $names those that are missing
    chosen='' also='' wanted='' how=install IFS=' '
    for word; do
        name=${word#\?}
        case " $names " in *" $name "*) ;; *) continue ;; esac
        case $name in *=*) name=${name%%=*}-${name#*=} ;; esac
        case $word in
        \?*) also="$also $name" ;;
        *) chosen="$chosen $name" wanted="$wanted $word" ;;
        esac
    done
    # shellcheck disable=SC2086 # a word each
    if [ -n "$chosen" ]; then
        rehearse_rpm $chosen || older $chosen || install_failed
        if [ -n "${build-}" ]; then wanted=''; fi # by its name, version and architecture
        IFS=' '
        for word in $wanted; do is_shown "$word"; done
        if [ -n "${fetching-}" ]; then
            # shellcheck disable=SC2086 # a word each
            said=$(run_installer -y -q --downloadonly $how $chosen 2>&1) || install_failed
        fi
    fi
    end_if_fetched
    hold_settings
    IFS=' '
    # shellcheck disable=SC2086 # a word each
    if [ -n "$chosen" ] && ! said=$(run_installer -y -q $how $chosen 2>&1); then
        give_back_settings
        install_failed
    fi
    how=install
    for name in $also; do
        if rehearse_rpm "$name"; then run_installer -y -q install "$name" >/dev/null 2>&1; fi
    done
    give_back_settings
    last=$(complaint)
}

# It asks nobody, and takes nothing that was not named or needed; it tests the whole
# transaction before it begins.
run_installer() { # run_installer ARG...
    case $installer in
    dnf) dnf --setopt=install_weak_deps=False "$@" ;;
    # It would wait for another one without an end, and keep each rehearsal in /tmp.
    yum) yum --setopt=exit_on_lock=1 --setopt=autosavets=0 "$@" ;;
    esac </dev/null 8>&-
}

older() { # older NAME...: yum 3 installs none in place of a newer one, and downgrades
    case $installer:$said in
    yum:*' already installed. Checking for update'*) ;;
    *) return 1 ;;
    esac
    how=downgrade
    rehearse_rpm "$@"
}

# What a package says that it replaces would go without a question, and it come in its place.
rehearse_rpm() { # rehearse_rpm NAME...: nothing is removed for them; what would be done, in $said
    said=$(run_installer --assumeno "$how" "$@" 2>&1)
    case $said in
    # Of several, yum 3 would install those that there are.
    *' replacing '* | *"${NL}Removing"* | *'No package '*' available.'*) return 1 ;;
    *'Transaction Summary'*) ;;
    *) return 1 ;;
    esac
}

is_shown() { # is_shown NAME[=VERSION]: in $said as NAME ARCH VERSION; a part is no version
    case $NL$said in
    *"$NL ${1%%=*} "*) rest=${said#*"$NL ${1%%=*} "} ;;
    *"$NL ${1%%=*}$NL"*) rest=${said#*"$NL ${1%%=*}$NL"} ;;
    *) refuse package-missing "no repository has ${1%%=*}, but what replaces it" ;;
    esac
    IFS=" $NL"
    # shellcheck disable=SC2086 # a word each
    set -- "$1" $rest
    case $1 in
    *"=${3#*:}") ;;
    *=*) refuse package-missing "no repository has $1, but ${3#*:}" ;;
    esac
}

install_failed() { # by what it said
    last=$(complaint)
    IFS=' '
    case $said in
    *' replacing '* | *"${NL}Removing"*)
        refuse package-conflict "something would be removed for it: $(removed)"
        ;;
    *'holding the yum lock'*) refuse package-lock-busy "$last" ;;
    *'filtered out'* | *xclude* | *'find a match'* | *'o match for argument'* | \
        *'o package '*available*)
        for name in $chosen; do
            if is_excluded "$name"; then refuse package-held "$name is excluded or locked"; fi
        done
        case $said in
        *'filtered out'* | *xclude*) refuse package-held "$last" ;;
        # With a repository that cannot be read nobody knows what there is (skip_if_unavailable).
        *'download metadata'* | *'mirrors were'*) refuse repository-failed "$last" ;;
        esac
        refuse package-missing "$last"
        ;;
    *'download metadata'* | *'annot download'* | *'valid baseurl'* | *'mirrors were'* | \
        *'more mirrors'* | *'downloading packages'* | *'repositories failed'* | \
        *'etrieve mirrorlist'* | *'etrieve repository metadata'*) refuse repository-failed "$last" ;;
    *'more space needed'* | *'o space left'* | *'nsufficient space'*) refuse no-space "$last" ;;
    *Problem* | *conflict* | *'nothing provides'* | *'Requires: '* | *'othing to do'*)
        refuse package-conflict "$last" ;;
    esac
    stop 70 install-failed "$last"
}

removed() { # the lines of $said that tell of it
    printf '%s\n' "$said" | grep -A 1 -E '^ +replacing |^Removing' | tr -s ' \n' ' '
}
