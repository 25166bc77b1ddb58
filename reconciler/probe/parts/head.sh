#!/bin/sh
# reconcile-probe 1
#
# Reads what this host really has and prints it as text; `reconcile observe` runs it.
# It only ever reads: no file is written (not even a temporary one), nothing is loaded,
# mounted, rescanned or asked of another host; connections are opened only to --connect, and
# nothing is said there. POSIX sh (dash, busybox ash, bash).
#
#   sh -c TEXT probe [--want REF]... [--blank REF]... [--path MOUNTPOINT]... [--unit NAME]...
#                    [--size MOUNTPOINT]... [--order UNIT]... [--connect IP:PORT]... [--lv VG/LV]...
#                    [--guests LISTING]... [--package NAME]...
#                    [--only NAME]...
#
#   --want   describe this device: wwid=W or path=P, then perhaps ,part=N
#   --blank  the same, and look for non-zero data where no signature is found
#   --path   say which file system of whatever type is mounted there
#   --size   ask the OCFS2 mounted there for its size and room; it may wait for a host that died
#   --unit   tell the state of this systemd unit as well
#   --order  tell what this unit is started after, and stopped before, as well
#   --guests   a mount point, then a word a line the command that prints the guests running
#              from the volume there; without one, virsh is asked which have a disk below it.
#              A command is run only if an apply has recorded exactly its words on this host
#   --package  whether this package is installed, besides the usual ones; {kernel} in the name
#              stands for the release of the running kernel
#   --connect  whether a TCP connection to this address can be made from here
#   --lv     tell the size of this logical volume, and what room is left for it
#   --only   answer this section and the others so named; without it, all
#
# Each part says on top which sections it has; what travels to a host is this head, the parts of
# the sections asked for, and main. lib/print, lib/read and lib/arguments are in every text.
#
# Every section stands between @@begin and @@end with its status, and fails alone.
# Fields are separated by a tab; no line exceeds 4096 bytes, the whole not 1 MiB.
# Starting a process is dear on a small host, hence `read` and patterns instead of awk.

LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset CDPATH ENV BASH_ENV
exec 2>/dev/null </dev/null
umask 077
set -uf # -f: a star in what is read stays a star; every glob below asks for it
TAB='	'
NL='
'
SYS=/sys/class/block
STATE=/var/lib/reconcile
