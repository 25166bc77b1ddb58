# cluster_conf, o2cb_config, fstab, records: files, as they are.
#
# needs: lib/files lib/state

probe_cluster_conf() { tell_file /etc/ocfs2/cluster.conf; }
probe_o2cb_config() { tell_file "$O2CB"; }
probe_fstab() { tell_file /etc/fstab; }

probe_records() {
    our_state
    state_files
    for path in $globbed; do
        if [ -e "$path" ]; then tell_file "$path"; fi
    done
}
