# SPDX-License-Identifier: GPL-2.0
# What is done to take wpool down, at any size; needs cases.sh, wpool loaded, and
# the modules wpool_stress and wpool_tour.

D=/sys/kernel/debug/wpool

# stress RUN PARAMETER...: each case of the module is one of ours.
stress() {
	run=$1; shift
	quiet
	insmod /wpool_stress.ko run=$run "$@"
	status=$?
	dmesg | sed -nE 's/.*wpool_stress: (ok|not ok) - /\1 - /p' >/tmp/said
	while read -r said; do
		verdict "${said%% - *}" "stress: ${said#* - }"
	done </tmp/said
	is "insmod wpool_stress run=$run" "$status" 0
	is "each of its cases was heard of" "$(logged 'wpool_stress: (not )?ok - ')" \
		"$(dmesg | sed -n 's/.*wpool_stress: \([0-9]*\) cases in all/\1/p')"
	succeeds "rmmod wpool_stress after its $run" rmmod wpool_stress
}

# --- modules ---------------------------------------------------------------------

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
# may be the first to be asked to go.
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

# A module whose loading fails when it has submitted tasks, and has made a pool.
left_behind() {
	quiet
	fails "insmod of a module that leaves tasks and a pool fails" insmod /wpool_stress.ko run=leave
	# As often as it was tried: insmod may have two ways.
	tried=$(logged 'wpool_stress: leaves: 0')
	is "it had come so far" "$((tried > 0))" 1
	is "its tasks are taken back, and it is said" \
		"$(logged 'wpool: default: module wpool_stress goes with [0-9]+ tasks that wait')" "$tried"
	is "so is its pool" "$(logged 'wpool: left: its module wpool_stress goes')" "$tried"
	is "nothing of it is left" "$(ls $D; cat $D/default/queued $D/default/running)" "default
0
0"
	in_use "wpool works, and is in use again" sh -c \
		'insmod /wpool_hello.ko capacity=2 tasks=5 task_ms=20 && rmmod wpool'
	succeeds "rmmod wpool_hello after that" rmmod wpool_hello
}

# --- debugfs ----------------------------------------------------------------------

debugfs_permissions() {
	is "only the capacity is writable, and all is root's alone" \
		"$(stat -c '%a %u %n' $D/default/* | grep -v '^400 0 ' | tr '\n' ' ')" \
		"600 0 $D/default/capacity "
	mount -o remount,mode=755 /sys/kernel/debug
	is "nobody else opens a file, even where he gets that far" \
		"$(/helper nobody $D/default/* | sort -u | tr '\n' ' ')" 'EACCES '
	mount -o remount,mode=700 /sys/kernel/debug
}

address='[^0-9a-f]ff[0-9a-f]{14}([^0-9a-f]|$)'

# What reads must know an address when it sees one.
fuzz_is_awake() {
	mkdir /tmp/fake
	mount -t tmpfs tmpfs /tmp/fake
	mkdir /tmp/fake/pool
	echo "1 running 0 0xffffffffc0123456" >/tmp/fake/pool/tasks
	mount -o remount,ro /tmp/fake
	is "an address that a file gives is found" \
		"$(/fuzz /tmp/fake 1000 1 1 | grep -m 1 address)" '*ffffffffc0123456'
	umount /tmp/fake
	rmdir /tmp/fake
}

# debugfs_fuzzed OPERATIONS POOLS: so many reads and writes while so many pools, and
# again so many, come and go, with the module that makes them.
debugfs_fuzzed() {
	fuzz_is_awake
	quiet
	echo 1 >/sys/kernel/tracing/events/wpool/enable
	/fuzz $D $1 4 $$ >/tmp/fuzzed &
	fuzz=$!
	rounds=0 ended=0
	while [ $rounds = 0 ] || kill -0 $fuzz 2>/dev/null; do
		insmod /wpool_stress.ko run=pools pools=$2 && rmmod wpool_stress && : $((ended += 1))
		: $((rounds += 1))
	done
	wait $fuzz
	is "68: $1 random reads and writes of debugfs" "$?: $(tail -n 1 /tmp/fuzzed)" \
		'0: *[1-9]* taken*'
	is "68: $2 pools came and went meanwhile, each time" $ended $rounds
	insmod /wpool_stress.ko run=pools pools=40
	is "no event prints an address" "$(grep -cE "$address" /sys/kernel/tracing/trace)" 0
	echo 0 >/sys/kernel/tracing/events/wpool/enable
	is "the events were there" "$(grep -c wpool_task_end: /sys/kernel/tracing/trace)" '[1-9]*'
	echo >/sys/kernel/tracing/trace
	is "nor does the log" "$(dmesg | grep -cE "$address")" 0
	rmmod wpool_stress
	echo 100 >$D/default/capacity
	document fuzzed </tmp/fuzzed
}
