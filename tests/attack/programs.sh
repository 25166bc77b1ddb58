G=$(cat /tmp/attack/reconciler/gate/gate.sh)
boot=$(cat /proc/sys/kernel/random/boot_id)
n=0
t=$(dash -c "$G" gate lease-acquire - r1 '{}' a -); t=${t##* }
r() { n=$((n+1)); dash -c "$G" gate as - r1 $t $n $boot 999999999 act "$@"; echo "  rc=$?"; }
mkdir -p /tmp/attackbin; for p in fetch refresh send apt archive resume pause disk; do printf '#!/bin/sh\necho "real program %s ran: $*"\n' $p >/tmp/attackbin/$p; chmod +x /tmp/attackbin/$p; mount --bind /tmp/attackbin /usr/local/sbin 2>/dev/null; done
echo "backup argv: [archive, /tmp/attackfile]   (the operator's program 'archive' in /usr/local/sbin)"
echo data >/tmp/attackfile
r run archive /tmp/attackfile; ls /tmp/attackfile*
rm -f /tmp/attackfile*
echo "argv: [resume]"; r run resume
echo "argv: [fetch, images]"; r run fetch images
echo "argv: [exit]"; r run exit
