# SPDX-License-Identifier: GPL-2.0
# What the module makes of its command line; needs cases.sh.

D=/sys/kernel/debug/wpool
P=/sys/module/wpool/parameters

# The names of the pools that there are.
# Those of others than wpool itself, and the default pool.
pools() {
	for pool_dir in "$D"/*/; do
		case $pool_dir in
		*/system_taskq*) ;;
		*) basename "$pool_dir" ;;
		esac
	done
}

parameters_by_default() {
	succeeds "insmod without parameters" load_wpool
	is "sysfs says the version" "$(cat /sys/module/wpool/version)" $VERSION
	is "capacity is 100 by default" "$(cat $P/capacity)" 100
	for name in queue_depth full idle_timeout_ms spin_us watchdog_ms; do
		is "parameter $name can be read" "$(cat $P/$name)" '?*'
	done
	succeeds "rmmod" rmmod wpool
}

parameters_given() {
	succeeds "insmod capacity=7" load_wpool capacity=7
	is "capacity=7 is taken" "$(cat $D/default/capacity)" 7
	is "capacity=7 needs no notice" "$(logged 'wpool.*capacity')" 0
	succeeds "rmmod" rmmod wpool
	for pair in 0:100 -5:100 20000:10000; do
		given=${pair%:*} taken=${pair#*:}
		succeeds "insmod capacity=$given" load_wpool capacity=$given
		is "capacity=$given becomes $taken" "$(cat $D/default/capacity)" $taken
		is "capacity=$given is noticed once" "$(logged 'wpool.*capacity')" 1
		succeeds "rmmod after capacity=$given" rmmod wpool
	done
	is "insmod capacity=abc is refused with EINVAL" \
		"$(load_wpool capacity=abc 2>&1)" '*[Ii]nvalid*'
	for bad in full=nonsense queue_depth=-3 spin_us=1000001; do
		fails "insmod $bad is refused" load_wpool $bad
		is "insmod $bad says why, in one line" "$(said 'wpool: default')" 1
	done
	is "a refused insmod leaves nothing" "$(leftovers)" ''
}
