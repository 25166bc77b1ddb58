# identity: names, boot, system, kernel, who asks, and the time here.
#
# needs: lib/files

probe_identity() {
    get /proc/sys/kernel/hostname && row hostname "$got"
    get /proc/sys/kernel/random/boot_id && row boot_id "$got"
    get /etc/machine-id
    row machine_id "$got"
    os=- version=-
    while IFS= read -r line; do
        case $line in
        ID=*) os=${line#ID=} ;;
        VERSION_ID=*) version=${line#VERSION_ID=} ;;
        esac
    done </etc/os-release
    os=${os#[\"\']} version=${version#[\"\']}
    row os "${os%[\"\']}"
    row os_version "${version%[\"\']}"
    get /proc/sys/kernel/osrelease && row kernel "$got"
    get /proc/sys/kernel/arch || got=$(uname -m)
    row arch "$got"
    [ -n "$self" ] || fail "stat failed"
    row uid "${self% *}"
    get /proc/uptime && row uptime "${got%% *}"
    row clock "${self#* }"
}
