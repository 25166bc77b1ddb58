# packages: those of the cluster and --package, and the commands that are there.
# Needs dpkg-query or rpm; fails where their database cannot be read. Of a package it is told when it
# was installed; of dpkg's that is when its list of files was written.
#
# needs: lib/times

probe_packages() {
    manager=- found='' lists=''
    set -- ocfs2-tools parted gdisk multipath-tools device-mapper-multipath sg3-utils \
        sg3_utils 'kmod-ocfs2*'
    IFS=$NL
    get /proc/sys/kernel/osrelease
    for name in $packages; do
        case $name in *'{kernel}'*) name=${name%%'{kernel}'*}$got${name#*'{kernel}'} ;; esac
        set -- "$@" "$name"
    done
    if is_rpm && has rpm; then
        rpm_installer
        found=$(rpm -qa --qf 'ii \t%{NAME}\t%{VERSION}-%{RELEASE}\t%{INSTALLTIME}\n' "$@") ||
            fail "rpm cannot read its database"
    elif [ -s /var/lib/dpkg/status ] && has dpkg-query; then
        manager=dpkg # its status is 1 when one of the names is not known at all
        found=$(dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\n' "$@")
        [ $? -le 1 ] || fail "dpkg-query failed"
    fi
    row manager "$manager"
    if [ $manager = dpkg ]; then unfinished; fi
    IFS=$NL
    for line in $found; do
        IFS=$TAB
        # shellcheck disable=SC2086 # split into status, name and version
        set -- $line
        case $1 in ?i*)
            row version "$2" "$3"
            if [ $# -gt 3 ]; then row installed "$2" "$4" -; else file_list "$2"; fi
            ;;
        esac
        case $1 in h*) row held "$2" ;; esac
    done
    tell_times installed "$lists"
    for name in mkfs.ocfs2 tunefs.ocfs2 fsck.ocfs2 debugfs.ocfs2 mounted.ocfs2 o2cb blkid \
        wipefs lsblk multipathd parted sgdisk partprobe sg_readcap systemctl flock timeout; do
        if has "$name"; then row command "$name"; fi
    done
}

file_list() { # file_list PACKAGE: into $lists
    list=/var/lib/dpkg/info/$1.list
    if [ ! -e "$list" ]; then glob "/var/lib/dpkg/info/$1:*.list" && list=${globbed%%"$NL"*}; fi
    if [ -e "$list" ]; then lists=$lists$1$TAB$list$NL; fi
}

rpm_installer() { # in $manager: rpm where dnf installs, or else what does
    manager=rpm
    ! has dnf || return 0
    for name in yum zypper rpm-ostree microdnf tdnf; do
        if has $name; then manager=$name && return; fi
    done
}

is_rpm() { # whether the system says that it is of Red Hat's family (os-release(5))
    while IFS= read -r line; do
        case $line in
        ID=* | ID_LIKE=*)
            line=${line#*=} line=${line#[\"\']}
            case " ${line%[\"\']} " in
            *' rhel '* | *' fedora '* | *' centos '* | *' ol '*) return 0 ;;
            esac
            ;;
        esac
    done </etc/os-release
    [ ! -s /var/lib/dpkg/status ]
}

unfinished() { # what dpkg was stopped at
    glob '/var/lib/dpkg/updates/[0-9]*'
    if [ -e "${globbed%%"$NL"*}" ]; then row broken 'dpkg was interrupted'; fi
    found_broken=$(grep -B 8 -E '^Status: [a-z]+ (reinstreq |ok (half-|unpacked|triggers-))' \
        /var/lib/dpkg/status)
    name=
    IFS=$NL
    for line in $found_broken; do
        case $line in
        'Package: '*) name=${line#*: } ;;
        'Status: '*) case $line in *' reinstreq '* | *' half-'* | *' unpacked' | *' triggers-'*)
            row broken "$name is ${line##* }"
            ;;
        esac ;;
        esac
    done
}
