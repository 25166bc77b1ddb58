# The end of every text: reads the options, then each section that is asked for in its turn, with at
# most so many bytes. A wrong option ends it with status 64. What is read once for several sections
# comes first, where it travelled.
#
# needs: lib/print lib/read lib/arguments

wants='' blanks=$NL paths=$NL sized=$NL only=$NL units='' orders='' targets='' logical=''
listings='' packages=''
while [ $# -ge 2 ]; do
    case $1 in
    --want) wants=$wants$2$NL ;;
    --blank) wants=$wants$2$NL blanks=$blanks$2$NL ;;
    --path) paths=$paths$2$NL ;;
    --size) sized=$sized$2$NL ;;
    --guests)
        is_listing "$2" || exit 64
        kind=P IFS=$NL
        for line in $2; do
            listings=$listings$kind$line$NL kind=W
        done
        ;;
    --only) only=$only$2$NL ;;
    --unit)
        is_unit "$2" || exit 64
        once "$units" "$2" && units=$got
        ;;
    --order)
        case $2 in -*) exit 64 ;; esac
        is_unit "x$2" || exit 64 # of a mount unit the first may be \\ or _
        once "$orders" "$2" && orders=$got
        ;;
    --connect)
        is_target "$2" || exit 64
        once "$targets" "$2" && targets=$got
        ;;
    --package)
        is_package "${2%%'{kernel}'*}x${2#*'{kernel}'}" || exit 64
        once "$packages" "$2" && packages=$got
        ;;
    --lv)
        is_logical "$2" || exit 64
        once "$logical" "$2" && logical=$got
        ;;
    *) exit 64 ;;
    esac
    shift 2
done
[ $# -eq 0 ] || exit 64

guests='' unlisted='' unapproved=''
for once_for_all in prepare_files prepare_guests; do
    if command -v $once_for_all >/dev/null; then $once_for_all; fi
done

IFS=$NL
told=@@reconcile-probe${TAB}1$NL
section identity 8192
section kernel 8192
section packages 16384
section addresses 49152
section cluster_conf 65536
section o2cb_config 32768
section live 65536
section services 32768
section ordering 65536
section mounts 65536
section disks 262144
section wanted 131072
section fstab 65536
section processes 32768
section space 8192
section records 131072
section leases 65536
section pauses 8192
section log 49152
section automounts 16384
section interconnect 16384
section logical_volumes 8192
section guests 65536
printf '%s@@done\n' "$told"
