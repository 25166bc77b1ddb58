# zeros REF: whether the first and last 16 MiB of $device, and 64 MiB spread evenly, are zero.

zeros() { # zeros REF: whether the first and last 16 MiB and 64 MiB spread evenly are zero
    get "$SYS/$kname/size"
    mib=$((got / 2048))
    direct=
    dd if="$device" of=/dev/null bs=4096 count=1 iflag=direct && direct=iflag=direct
    # What is not zero comes out of tr: the first such byte ends everything. `read` tells
    # that every sample was read without an error.
    answer=$({
        { samples && echo read >&3; } | tr -d '\000' | head -c 1 | wc -c
    } 3>&1)
    case $answer in
    *read*) ;;
    0) row unread "$1" "reading failed" && return ;;
    esac
    case $answer in *1*) row zeros "$1" no ;; *) row zeros "$1" yes ;; esac
}

samples() { # all of a device of up to 96 MiB, else the samples
    if [ "$mib" -le 96 ]; then
        sample 0 97
        return
    fi
    sample 0 16 && sample $((mib - 16)) 17 || return 1
    n=0
    while [ $n -lt 64 ]; do
        sample $((16 + n * (mib - 32) / 64)) 1 || return 1
        n=$((n + 1))
    done
}

sample() { # sample FIRST COUNT, in MiB; the device may end in a part of one
    IFS=' '
    # shellcheck disable=SC2086 # $direct may be nothing
    dd if="$device" bs=1048576 skip="$1" count="$2" $direct
}
