# SPDX-License-Identifier: GPL-2.0
# Modules that have tasks in pools, or have pools, and go; needs cases.sh, wpool loaded, and
# the module wpool_stress.

D=/sys/kernel/debug/wpool

in_use() {
	what=$1; shift
	is "$what" "$("$@" 2>&1)" '*temporarily unavailable*'
}

# hold POOL: three tasks of wpool_stress are in it until it is let go.
hold() {
	succeeds "wpool_stress has tasks in the pool $1" insmod /wpool_stress.ko run=hold pool=$1
	in_use "67: rmmod wpool_stress is refused as its tasks are in $1" rmmod wpool_stress
	in_use "rmmod wpool is refused, too" rmmod wpool
}

let_go() {
	echo 1 >/sys/module/wpool_stress/parameters/go
}

unused() {
	[ "$(cat /sys/module/$1/refcnt)" = 0 ]
}

closing() {
	grep -q SHUTDOWN $D/$1/state
}

# The module whose tasks are in another's pool, and the one whose pool it is: each
# may be the first to be asked to go. Needs wpool_tour.
modules_in_any_order() {
	insmod /wpool_tour.ko
	hold tour
	let_go
	wait_until unused wpool_stress
	succeeds "it goes when they have ended" rmmod wpool_stress
	hold tour
	rmmod wpool_tour &
	remover=$!
	wait_until closing tour
	is "rmmod wpool_tour waits for the tasks in its pool" $? 0
	in_use "rmmod wpool_stress is refused meanwhile" rmmod wpool_stress
	let_go
	wait $remover
	is "rmmod wpool_tour ends with the tasks" $? 0
	succeeds "wpool_stress goes after the pool that it was in" rmmod wpool_stress
	hold default
	let_go
	wait_until unused wpool_stress
	succeeds "it goes from the default pool, too" rmmod wpool_stress
	succeeds "and wpool after all of them" rmmod wpool
	is "nothing is left of the three" "$(leftovers)" ''
	load_wpool
}

# A module with a pool that its exit does not destroy.
forgotten() {
	quiet
	succeeds "insmod of a module that will forget its pool" insmod /wpool_stress.ko run=forget
	succeeds "rmmod of it" rmmod wpool_stress
	is "it is said what was forgotten" \
		"$(logged 'wpool: forgotten: its module wpool_stress is being unloaded .*: wpool_destroy\(\) is missing')" 1
	is "its pool is destroyed" "$(pools)" default
}

# A module whose loading fails when it has submitted tasks, and has made a pool.
left_behind() {
	quiet
	fails "insmod of a module that leaves tasks and a pool fails" insmod /wpool_stress.ko run=leave
	# As often as it was tried: insmod may have two ways.
	tried=$(logged 'wpool_stress: leaves: 0')
	is "it had come so far" "$((tried > 0))" 1
	is "its tasks are taken back, and it is said" \
		"$(logged 'wpool: default: module wpool_stress is being unloaded: its [0-9]+ queued tasks')" "$tried"
	is "those that run are waited for" \
		"$(logged 'wpool: default: module wpool_stress is being unloaded: waiting for its running tasks')" "$tried"
	is "its pool is destroyed, and it is said" \
		"$(logged 'wpool: left: its module wpool_stress is being unloaded')" "$tried"
	is "nothing of it is left" "$(pools; cat $D/default/queued $D/default/running)" "default
0
0"
	hold default
	let_go
	wait_until unused wpool_stress
	succeeds "wpool works, and is left in order" rmmod wpool_stress
}
