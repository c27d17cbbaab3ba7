# SPDX-License-Identifier: GPL-2.0
# bpftrace, perf and trace-cmd, as Documentation/admin.md has them.
. ./report.sh
. ./cases.sh

PATH=$PATH:$PWD:$PWD/view
D=/sys/kernel/debug/wpool
LOOK=6	# seconds that each looks on

# What a script of bpftrace's finds while it looks on is in the file found.
bpf() {
	bpftrace -c "/bin/sleep $LOOK" "view/$1" >found 2>&1
	document "$1" <found
}

# has WHAT PATTERN: a line of found
has() {
	is "$1" "$(grep -cE "$2" found)" '[1-9]*'
}

bpftrace_scripts() {
	bpf wpool-submitters.bt
	has "who submits" '^@submitted\[upload, upload_photo.*, photos/upload\]: [1-9]'
	has "and from where" '^ *source_main\+'
	bpf wpool-times.bt
	has "how long tasks wait, by function" '^@waiting_us\[scan, scan_file'
	has "how long they run" '^@running_us\[upload, upload_photo'
	is "nothing else is shown" "$(grep -cE '^@(queued|started)' found)" 0
	echo 1 >$D/scan/capacity	# now it is full
	bpf wpool-blocked.bt
	has "who blocks, and for how long" '^@blocked_us\[scan, photos/scan\]'
	has "for room" '^ *block\+'
	has "and from where it called" '^ *source_main\+'
	echo 6 >$D/scan/capacity
}

perf_recipes() {
	perf stat -a -e 'wpool:*' sleep $LOOK >found 2>&1
	has "perf counts" '^ +[1-9][0-9.,]* +wpool:wpool_task_end'
	document "perf stat" <found
	perf record -q -a -g -e wpool:wpool_task_queue -o data sleep $LOOK >found 2>&1
	perf script -i data >found 2>&1
	has "perf has the submitters' stacks" 'source_main'
	perf record -q -a -g -o data sleep $LOOK >found 2>&1
	is "perf samples what runs" "$(perf report -i data --stdio 2>/dev/null | grep -c '%')" '[1-9]*'
}

trace_cmd_recipes() {
	trace-cmd record -q -e wpool -e sched:sched_switch -o data sleep $LOOK >said 2>&1
	trace-cmd report -i data >found 2>said
	has "trace-cmd has the ends of tasks" 'wpool_task_end:.*pool=scan .*fn=scan_file result=0'
	has "and what else ran" 'sched_switch:'
	trace-cmd record -q -e wpool:wpool_task_end -f 'result < 0' -o data sleep $LOOK >said 2>&1
	trace-cmd report -i data >found 2>said
	is "only what failed" "$(grep -c wpool_task_end found)" 0
}

succeeds "wpool is loaded" insmod ./wpool.ko
succeeds "and photos" insmod ./photos.ko
bpftrace_scripts
perf_recipes
trace_cmd_recipes
rmmod photos
rmmod wpool
plan
