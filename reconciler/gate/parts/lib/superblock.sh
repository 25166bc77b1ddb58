# stats: what debugfs.ocfs2 reads of the file system on $dev, past every cache, in $block_size
# $cluster_size $clusters $slots $incompat $stamp $label. After `opened`.
# Refuses another file system (wrong-uuid); what it does not tell ends with status 70 (unreadable).

# Read past every cache; tunefs is not believed. Seen with 1.8.7: it needs no answer without a
# terminal, rounds the blocks down to clusters and to nothing else, also across the end of a
# cluster group; on another host than a mounting one it ends with "Mountpoint not found".
stats() { # $block_size $cluster_size $clusters $slots $incompat $stamp $label
    need debugfs.ocfs2
    text=$(debugfs.ocfs2 -R stats "$dev" 2>&1 </dev/null)
    block_size='' cluster_size='' clusters='' slots='' incompat='' stack='' cluster='' label=''
    uuid='' stack_flags=''
    IFS=$NL
    for line in $text; do
        case $line in
        "${TAB}Block Size Bits: "*' Cluster Size Bits: '*)
            block_size=${line#*: } cluster_size=${line##*: }
            block_size=${block_size%% *}
            ;;
        "${TAB}Feature Incompat: "*) incompat=${line#*: } incompat=${incompat%% *} ;;
        "${TAB}Label: "*) label=${line#*: } ;;
        "${TAB}UUID: "*) uuid=${line#*: } ;;
        "${TAB}Max Node Slots: "*) slots=${line##*: } ;;
        "${TAB}Cluster stack: "*) stack=${line#*: } ;;
        "${TAB}Cluster name: "*) cluster=${line#*: } ;;
        "${TAB}Cluster flags: "*) stack_flags=${line#*: } ;;
        "${TAB}Links: "*' Clusters: '*) clusters=${line##*: } ;;
        esac
    done
    for word in "$block_size" "$cluster_size" "$clusters" "$slots" "$incompat"; do
        is_number "$word" || stop 70 unreadable "debugfs.ocfs2 on $node: ${text##*"$NL"}"
    done
    [ "$uuid" = "$volume" ] || refuse wrong-uuid "$node carries ${uuid:-nothing}, not $volume"
    block_size=$((1 << block_size)) cluster_size=$((1 << cluster_size)) stamp=$stack/$cluster
}
