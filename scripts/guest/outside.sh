# SPDX-License-Identifier: GPL-2.0
# What the tests of outside modules share: each is there as it is and as it was moved to wpool, and
# both are tested in turn.
. ./env
. ./report.sh
. ./cases.sh

# A kernel that was built here runs a Debian that is read-only, with a disk for /var, and without udev.
if mount /dev/vdb /var 2>/dev/null; then
	export DM_DISABLE_UDEV=1
fi

usleep() {
	sleep "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))"
}

# both PART [NUMBER]: on both sides; by turns each is the first
# shellcheck disable=SC2034 # for the part
both() {
	SIDE=workqueue OTHER=wpool
	[ $((${2:-1} % 2)) -eq 1 ] || SIDE=wpool OTHER=workqueue
	for _ in 1 2; do
		run_part "$1"
		first=$SIDE; SIDE=$OTHER; OTHER=$first
	done
}

# run_parts PART...: these, if it was not asked for others
run_parts() {
	insmod ./wpool.ko
	for part in ${PARTS:-$*}; do
		echo "=== $part" >/dev/kmsg
		case $part in
		measured|pings)
			for round in $(seq "$ROUNDS"); do both $part "$round"; done ;;
		*)
			both "$part" ;;
		esac
	done
	touch /run/figures
	document figures </run/figures
	succeeds "wpool is unloaded" rmmod wpool
	is "nothing but foreign modules taints the kernel" $(($(cat /proc/sys/kernel/tainted) & ~12288)) 0
	plan
	leaks
}
