# SPDX-License-Identifier: GPL-2.0
# wpool.drgn, on this kernel as it runs. Then it crashes, to be looked at from outside.
. ./report.sh
. ./cases.sh

D=/sys/kernel/debug/wpool

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
has "the pools" '^upload: WPOOL_STATE_RUNNING, 2 running of 2, 8 queued of 8, 0 blocked'
pid=$(awk '$2 == "running" { print $1; exit }' $D/index/tasks)
has "the worker that debugfs has, too" "^    worker [0-9]+, pid $pid: running"
has "the function that it is inside" '^      in write_index\(.* for [0-9]+ jiffies'
has "the tasks that wait" '^    (batched|queued, .*): task 0x[0-9a-f]+, upload_photo\('
plan
document pid <<EOF
$pid
EOF
umount symbols
echo "wpool_stress: expect some: Kernel panic" >/dev/kmsg
sync
echo c >/proc/sysrq-trigger
