# hold_settings, give_back_settings: what a package writes of o2cb's settings for itself is not
# what a plan was made from, so the file stays as it is; and none of the cluster's services starts
# because its package is installed. release_units is also done when the call ends early.
#
# needs: lib/files lib/former_files

# What a package writes for itself (Debian's asks debconf) is not what a plan was made from;
# and what an older one left behind must not start just because it is installed again.
SETTINGS='/etc/default/o2cb /etc/sysconfig/o2cb'

hidden=''

hold_settings() { # the settings as they are, in $temp; or that there are none
    settings=''
    IFS=' '
    for file in $SETTINGS; do
        if [ -f "$file" ] && [ ! -L "$file" ]; then settings=$file; fi
    done
    if [ -n "$settings" ]; then
        directory "$STATE"
        temp=$(mktemp "$STATE/.settings.XXXXXX") || stop 70 write-failed "$STATE"
        cp -p "$settings" "$temp" || stop 70 write-failed "$temp"
    fi
    if ! has systemctl; then return; fi
    undo=release_units
    for unit in o2cb.service ocfs2.service; do
        case $(systemctl show -p LoadState -p ActiveState "$unit" 2>/dev/null) in
        *=masked*) ;;
        *=not-found* | *=inactive* | *=failed*) # the scripts of a newer one start what was stopped
            hidden="$hidden $unit"
            systemctl -q mask --runtime "$unit" 2>/dev/null
            ;;
        esac
    done
}

give_back_settings() {
    release_units
    if [ -n "$settings" ]; then
        if ! cmp -s "$temp" "$settings"; then
            why=$(cp -p "$temp" "$settings.new" 2>&1 && mv -f "$settings.new" "$settings" 2>&1) ||
                failed_write "$settings" "$why"
        fi
        rm -f "$temp"
        temp=''
        return
    fi
    IFS=' '
    for file in $SETTINGS; do
        if [ -f "$file" ] && [ ! -L "$file" ]; then archive "$file"; fi
    done
}

release_units() { # what was masked while it was installed
    IFS=' '
    for unit in $hidden; do systemctl -q unmask --runtime "$unit" 2>/dev/null; done
    if [ -n "$hidden" ]; then systemctl daemon-reload; fi
    hidden='' undo=''
}
