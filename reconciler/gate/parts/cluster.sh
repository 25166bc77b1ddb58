# set-live CLUSTER KEY VALUE      in configfs; only what a running cluster takes
# What the kernel then reads back decides; else it ends with status 70 (live-refused).
#
# needs: permit

verb_set_live() { # set-live CLUSTER KEY VALUE: what the kernel then reads back decides
    [ $# -eq 3 ] || usage 'set-live CLUSTER KEY VALUE'
    is_word "$1" 16 || usage "not a cluster's name: $1"
    [ "$2" = reconnect_delay_ms ] || usage "not to be changed while the cluster runs: $2"
    is_number "$3" || usage "not a number: $3"
    attribute=/sys/kernel/config/cluster/$1/$2
    [ -e "$attribute" ] || stop 70 live-refused "$1 is not online"
    said=$( (echo "$3" >"$attribute") 2>&1)
    value=''
    read -r value <"$attribute"
    [ "$value" = "$3" ] || stop 70 live-refused "$2 is $value, not $3: ${said##*: }"
    echo "ok set $2"
}
