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

# --- debugfs ----------------------------------------------------------------------

debugfs_permissions() {
	is "only the capacity is writable, and all but what it was asked to be is root's alone" \
		"$(stat -c '%a %u %n' $D/default/* $D/summary | grep -v '^400 0 ' | tr '\n' ' ')" \
		"444 0 $D/default/attrs 600 0 $D/default/capacity 444 0 $D/summary "
	mount -o remount,mode=755 /sys/kernel/debug
	is "nobody else opens a file, even where he gets that far" \
		"$(/helper nobody $(ls $D/default/* | grep -v '/attrs$') | sort -u | tr '\n' ' ')" 'EACCES '
	mount -o remount,mode=700 /sys/kernel/debug
}

# form_of ADDRESS: what the kernel's addresses look like if that is one of wpool's own, as a pattern
# of the shell's; nothing, if that is not known. On s390 it is what is above all memory.
form_of() {
	case $1 in
	ff??????????????) echo 'ff??????????????' ;;
	000003??????????) echo '000003??????????' ;;
	[c-f]???????) echo '[c-f]???????' ;;
	esac
}

# with_address FORM: how many lines of stdin have one
with_address() {
	grep -cE "(^|[^0-9a-f])$(echo "$1" | sed 's/?/[0-9a-f]/g')([^0-9a-f]|$)"
}

# one_found ADDRESS FORM: what reads must know it when it sees it.
one_found() {
	mkdir /tmp/fake
	mount -t tmpfs tmpfs /tmp/fake
	mkdir /tmp/fake/pool
	echo "1 running 0 0x$1" >/tmp/fake/pool/tasks
	mount -o remount,ro /tmp/fake
	is "an address that a file gives is found" \
		"$(/fuzz /tmp/fake 1000 1 1 "$2" | grep -m 1 address)" "*$1"
	is "and in a text" "$(with_address "$2" </tmp/fake/pool/tasks)" 1
	umount /tmp/fake
	rmdir /tmp/fake
}

# debugfs_fuzzed OPERATIONS POOLS: so many reads and writes while so many pools, and
# again so many, come and go, with the module that makes them.
debugfs_fuzzed() {
	own=$(sed -n '/\[wpool\]$/{s/ .*//p;q}' /proc/kallsyms)
	form=$(form_of "$own")
	if [ -n "$form" ]; then
		one_found "$own" "$form"
	else
		skips "an address that a file gives is found" "nobody knows what one looks like: $own"
	fi
	quiet
	echo 1 >/sys/kernel/tracing/events/wpool/enable
	/fuzz $D $1 4 $$ "$form" >/tmp/fuzzed &
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
	case $form in
	ff*) is "no event prints an address" "$(with_address "$form" </sys/kernel/tracing/trace)" 0 ;;
	*) skips "no event prints an address" "a hash may look like one" ;;
	esac
	echo 0 >/sys/kernel/tracing/events/wpool/enable
	is "the events were there" "$(grep -c wpool_task_end: /sys/kernel/tracing/trace)" '[1-9]*'
	echo >/sys/kernel/tracing/trace
	[ -z "$form" ] ||
		is "nor does what wpool logs" "$(dmesg | grep 'wpool[a-z_]*: ' | with_address "$form")" 0
	rmmod wpool_stress
	echo 100 >$D/default/capacity
	document fuzzed </tmp/fuzzed
}
