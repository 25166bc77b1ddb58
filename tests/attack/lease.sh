G=$(cat /tmp/attack/reconciler/gate/gate.sh)
boot=$(cat /proc/sys/kernel/random/boot_id)
D=/var/lib/reconcile
SH=${1:-dash}
g() { $SH -c "$G" gate "$@"; echo "  rc=$?"; }
echo "=== truncated after run (sealed lost, step lost, hosts lost)"
g lease-acquire - r1 '{}' a,b,c -
g as - r1 1 5 "$boot" 999999999 act5 archive-file /nonexistent/x $(printf x|sha256sum|cut -c1-64)
g lease-seal - r1 1
head -n 2 $D/lease >$D/l2; cat $D/l2 > $D/lease; rm $D/l2
echo "late command, step 5 again, after seal and truncation:"
g as - r1 1 5 "$boot" 999999999 act5 archive-file /nonexistent/x $(printf x|sha256sum|cut -c1-64)
echo "=== displaced of a truncated lease"
head -n 2 $D/lease >$D/l2; cat $D/l2 > $D/lease; rm $D/l2
g lease-acquire - r2 '{}' a -
echo "=== crash points of the swap"
for point in 1 2 3; do
 rm -rf $D
 $SH -c "$G" gate lease-acquire - r1 '{}' a,b -
 cut=$(printf '%s\n' "$G" | awk -v p=$point '
  /ln -f "\$dir\/lease" "\$dir\/lease.old"/ {print; if (p==1) print "    kill -9 $$"; next}
  /mv -f "\$spare" "\$dir\/lease" \|\|/ {print; if (p==2) print "    kill -9 $$"; next}
  /mv -f "\$dir\/lease.old" "\$spare" \|\|/ {print; if (p==3) print "    kill -9 $$"; next}
  {print}')
 $SH -c "$cut" gate lease-renew - r1 1; echo rc=$?
 ls -i $D | tr '\n' ' '; echo
 g lease-seal - r1 1
 ls -i $D | tr '\n' ' '; echo
 g lease-free - r1 1
 ls -il $D | awk '{print $1,$3,$6,$NF}' | tr '\n' ' '; echo
done
