# SPDX-License-Identifier: GPL-2.0
# What an administrator types, and sees: the outputs in the documents, by scripts/outputs.
. ./report.sh
. ./cases.sh

PATH=$PATH:$PWD:$PWD/view
D=/sys/kernel/debug/wpool

# seen NAME COMMAND: what it says
seen() {
	name=$1; shift
	{ echo "# $*"; eval "$*"; } 2>&1 | sed 's/[[:space:]]*$//' | document "$name"
}

tm() {
	tmux -L wpool -f /dev/null "$@"
}

screen() {
	tm new-session -d -s top -x 80 -y 9 wpool-top
	sleep 9
	tm capture-pane -p -t top | sed 's/[[:space:]]*$//' | document screen
	tm kill-server
}

stat_is_more() {
	[ "$(sed -n "s/^$2 //p" $D/$1/stats)" -gt "$3" ]
}

stuck() {
	pid=$(awk '$2 == "running" { print $1; exit }' $D/index/tasks)
	seen stuck-top wpool-top --once --pool index
	seen stuck-tasks cat $D/index/tasks
	seen stuck-stack cat "/proc/$pid/stack"
	seen stuck-log "dmesg | grep -A 16 'index: worker 1' | grep -v -e '? ' -e TASK"
}

full() {
	seen full-top wpool-top --once --pool upload
	seen full-capacity "echo 8 > /sys/kernel/wpool/upload/capacity; sleep 5; wpool-top --once --pool upload"
}

died() {
	seen died-log "dmesg | grep -E 'dereference|Comm:|wpool: thumbs'"
	seen died-stats "grep -E '^(oopsed|died|created|workers) ' $D/thumbs/stats"
}

slow() {
	seen slow-threads "ps -eo pid,psr,pcpu,time,comm | grep -E 'PID|scan' | head -n 5"
	seen slow-latency "awk 'NR == 1 || \$2 + \$3 > 99' $D/scan/latency"
}

insmod ./wpool.ko
echo "wpool_stress: expect: BUG: kernel NULL" >/dev/kmsg
echo "wpool_stress: expect: Oops" >/dev/kmsg
insmod ./photos.ko dies=1 || exit
wait_until stat_is_more thumbs died 0
wait_until stat_is_more index overdue 0
screen
stuck
full
died
slow
rmmod photos
rmmod wpool
