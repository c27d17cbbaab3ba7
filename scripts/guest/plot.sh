# SPDX-License-Identifier: GPL-2.0
# wpool_crc reads a file from a slow disk, whose pages nothing keeps; all that wpool-top sees.
. ./report.sh
. ./env

mkdir data
mount -o ro /dev/vdb data
while sleep 0.2; do echo 1 >/proc/sys/vm/drop_caches; done &
dropper=$!
insmod ./wpool.ko
python3 view/wpool-top --json --interval 0.25 >all &
looker=$!
insmod ./wpool_crc.ko path="$PWD/data/data" $CRC
rmmod wpool_crc
kill $looker $dropper
wait
rmmod wpool
umount data
document looks <all
