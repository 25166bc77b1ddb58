# cluster_conf, o2cb_config, fstab, records: files, as they are.
#
# needs: lib/files lib/state

probe_cluster_conf() { file /etc/ocfs2/cluster.conf; }
probe_o2cb_config() { file "$O2CB"; }
probe_fstab() { file /etc/fstab; }

probe_records() {
    our_state
    state_files
    for path in $globbed; do
        if [ -e "$path" ]; then file "$path"; fi
    done
}
