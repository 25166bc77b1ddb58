# What runs left here: state_files (in $globbed), our_state, which fails where it is hidden from
# whoever asks.

state_files() { # what runs left of each cluster, in $globbed
    glob "$STATE/*/*.json"
    found=$globbed
    glob "$STATE/*/programs"
    globbed=$found$NL$globbed
}

our_state() { # ours alone to read: hidden is not absent
    if [ -e "$STATE" ] && [ ! -r "$STATE/." ]; then fail "$STATE is not readable"; fi
}
