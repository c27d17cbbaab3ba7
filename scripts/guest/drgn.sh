# SPDX-License-Identifier: GPL-2.0
# wpool.drgn, on this kernel as it runs. Then it crashes, to be looked at from outside.
. ./report.sh
. ./cases.sh

D=/sys/kernel/debug/wpool

# For up to 60 ms after a task of it has ended there is room for another.
UPLOAD='^upload: WPOOL_STATE_RUNNING, 2 running of 2, [678] queued of 8, 0 blocked'

# has WHAT PATTERN: a line of found
has() {
	is "$1" "$(grep -cE "$2" found)" '[1-9]*'
}

mkdir symbols
mount -o ro /dev/vdb symbols
succeeds "wpool is loaded" insmod ./wpool.ko
succeeds "and photos" insmod ./photos.ko
sleep 10
drgn -k --no-default-symbols -s symbols/vmlinux -s symbols/wpool.ko -s symbols/photos.ko view/wpool.drgn >found 2>&1
is "drgn reads a kernel that runs" $? 0
document live <found
has "the pools" "$UPLOAD"
pid=$(awk '$2 == "running" { print $1; exit }' $D/index/tasks)
has "the worker that debugfs has, too" "^    worker [0-9]+, pid $pid: running"
has "the function that it is inside" '^      in write_index\(.* for [0-9]+ jiffies'
has "the tasks that wait" '^    (in the inbox|queued, .*): task 0x[0-9a-f]+, upload_photo\('
# As Documentation/admin.md has it, but for where the files are: no symbols of photos.
mount -t tmpfs tmpfs /boot
ln -s "$PWD/symbols/vmlinux" "/boot/vmlinux-$(uname -r)"
sed 's|^sudo ||; s|/lib/modules/.*/updates/dkms/|symbols/|; s|/usr/share/wpool/|view/|' typed >here
is "what is typed is there" "$(grep -c '^drgn -k -s symbols/wpool.ko view/wpool.drgn$' here)" 1
sh ./here >found 2>said
document typed <found
has "drgn finds the kernel's symbols itself" "$UPLOAD"
umount /boot
plan
document pid <<EOF
$pid
EOF
umount symbols
echo "wpool_stress: expect some: Kernel panic" >/dev/kmsg
sync
echo c >/proc/sysrq-trigger
