# SPDX-License-Identifier: GPL-2.0
# Where wpool_disk is used: a Debian that has no init, and is read-only but for /var and /run.

# shellcheck disable=SC2034 # whoever has this uses them
{
	D=/sys/kernel/debug/wpool/wpool0
	DISK=/dev/wpool0
	FILE=/var/disk
	TREE=$(echo /usr/lib/python3.*)
}

mount /dev/vdb /var
mount -t cgroup2 cgroup2 /sys/fs/cgroup

usleep() {
	sleep "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))"
}

# There is no udev to wait for, nor to make nodes in /dev/mapper.
dm() {
	dmsetup --noudevsync --noudevrules "$@"
}

device_of() {
	echo "/dev/$(dm info -c --noheadings -o blkdevname "$1")"
}

# Below /run/slow are $1 bytes of a device where each read takes $2 ms, and nothing is read ahead.
slow_below() {
	truncate -s "$1" /var/slow && SLOW=$(losetup -f --show /var/slow) &&
		mkfs.ext4 -q "$SLOW" &&
		echo "0 $(blockdev --getsz "$SLOW") delay $SLOW 0 $2 $SLOW 0 0" | dm create slow &&
		blockdev --setra 0 "$(device_of slow)" && mkdir -p /run/slow &&
		mount -o noatime "$(device_of slow)" /run/slow
}

# How many reads are held back there at this moment; what /sys says to be in flight is those that
# are not held back any more.
slow_reads() {
	dm status slow | awk '{ print $4 }'
}

slow_gone() {
	umount /run/slow
	dm remove slow
	losetup -d "$SLOW"
	rm /var/slow
}
