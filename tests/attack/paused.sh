# a cluster whose name is one of the gate's own file names
G=$(cat /tmp/attack/reconciler/gate/gate.sh)
boot=$(cat /proc/sys/kernel/random/boot_id)
g() { dash -c "$G" gate "$@"; echo "  rc=$?"; }
for name in paused lease lock busy beats; do
 rm -rf /var/lib/reconcile
 echo "== cluster $name"
 t=$(dash -c "$G" gate lease-acquire - r1 '{}' here -); echo "$t"
 sum=$(printf x | sha256sum | cut -c1-64)
 printf x | g as - r1 "${t##* }" 1 "$boot" 999999999 rec write-file /var/lib/reconcile/$name/members.json 600 absent $sum
 g lease-seal - r1 "${t##* }"; g lease-free - r1 "${t##* }"
 g lease-acquire - r2 '{}' here -
 g resume
 echo "-- as a storage host"
 rm -rf /var/lib/reconcile
 g lease-acquire $name r1 '{}' here -
 g lease-acquire - r9 '{}' here -
 g lease-acquire other r9 '{}' here -
done
