# SPDX-License-Identifier: GPL-2.0
# wpool-top, on a terminal of tmux's and without.
. ./report.sh
. ./cases.sh

PATH=$PATH:$PWD:$PWD/view
D=/sys/kernel/debug

# All that it says, and its exit status.
said() {
	"$@" 2>&1
	echo "status $?"
}

tm() {
	tmux -L wpool -f /dev/null "$@"
}

# A terminal COLUMNS wide on which wpool-top runs, told the rest.
on_terminal() {
	columns=$1; shift
	tm new-session -d -s top -x "$columns" -y 12 "wpool-top $*; echo status \$?; read -r _"
}

shown() {
	tm capture-pane -p -t top | grep -q "$@"
}

not_shown() {
	! shown "$@"
}

closed() {
	tm kill-session -t top
}

nothing_to_read() {
	is "without the module" "$(said wpool-top --once)" \
		"wpool-top: the module wpool is not loaded
status 1"
	is "without the module, on a terminal" "$(on_terminal 100; wait_until shown status; tm capture-pane -p -t top)" \
		"wpool-top: the module wpool is not loaded
status 1*"
	closed
	insmod ./wpool.ko
	umount $D
	is "without debugfs" "$(said wpool-top --once)" \
		"wpool-top: there is no $D/wpool: is debugfs mounted[?]
status 1"
	mount -t debugfs debugfs $D
	is "not root" "$(said setpriv --reuid 65534 --clear-groups wpool-top --once)" \
		"wpool-top: only root can look into debugfs
status 1"
	is "no such pool" "$(said wpool-top --once --pool nothing)" \
		"wpool-top: there is no pool nothing
status 1"
}

# Every pool, with what is wrong with it.
live() {
	on_terminal 140 --interval 1
	succeeds "an idle pool has its owner's name" wait_until shown '^default .* \[wpool\]'
	succeeds "pools are made" insmod ./photos.ko dies=1
	succeeds "a death is seen" wait_until shown '^thumbs .* +1 .*make_thumb \[photos\]'
	succeeds "a pool that is full is seen" wait_until shown '^upload  *[rf][eu].* 2/2 .* +[1-9].*upload_photo'
	succeeds "a task that does not end is seen" wait_until shown '^index .* 2/2 .* [1-9][.0-9]*s write_index'
	succeeds "nobody has asked for those of thumbs" wait_until shown '^thumbs .* off  *off '
	succeeds "they are switched on" tee /sys/kernel/wpool/thumbs/latency <<-END
		1
	END
	succeeds "and seen" wait_until shown '^thumbs .*[0-9][mu]*s  *[0-9.]*[mu]*s  *[0-9]*  *1 '
	succeeds "and off again" tee /sys/kernel/wpool/thumbs/latency <<-END
		0
	END
	succeeds "which is seen" wait_until shown '^thumbs .* off  *off '
	succeeds "waiting times are seen" wait_until shown '^scan .*[0-9][mu]*s .*scan_file'
	succeeds "a pool that is stuck is seen" wait_until shown '^index  *stuck'
	is "and comes first" "$(tm capture-pane -p -t top | sed -n 4p)" 'index *'
	sleep 4	# so that there is something to be seen of each
	tm capture-pane -p -t top | document screen
	tm capture-pane -p -e -t top >screen
	document colours <screen
	is "trouble is red" "$(grep -c 'index .*31m' screen)" 1
	is "and nothing else" "$(grep -c '^scan.*31m' screen)" 0
}

keys() {
	tm send-keys -t top w
	succeeds "w unfolds a pool" wait_until shown '^  *[0-9][0-9]* running  *[1-9][.0-9]*[sm] write_index \[photos\]'
	tm capture-pane -p -t top | document workers
	tm send-keys -t top w
	succeeds "and folds it" wait_until not_shown '^  *[0-9][0-9]* running'
	tm send-keys -t top s
	succeeds "s sorts by another column" wait_until shown 'sorted by name'
	tm send-keys -t top h
	succeeds "h explains the columns" wait_until shown '^QUEUED  *tasks that are queued'
	tm send-keys -t top q
	succeeds "q ends that only" wait_until shown '^upload'
	tm resize-window -t top -x 80
	succeeds "80 columns are enough" wait_until shown '^POOL  *STATE .*QUEUED DONE.* LONGEST FUNCTION'
	tm resize-window -t top -x 40
	succeeds "a narrow window leaves columns out" wait_until not_shown FUNCTION
	is "and has the ones that matter" "$(tm capture-pane -p -t top | grep -c 'RUNNING .*QUEUED .*DIED')" 1
	tm resize-window -t top -x 20 -y 3
	sleep 1
	tm resize-window -t top -x 140 -y 12
	succeeds "a tiny one does no harm" wait_until shown FUNCTION
	sleep 40
	succeeds "a death of more than a minute ago is only counted" wait_until shown '^thumbs .*[0-9]  *1  *[0-9]'
}

# The clocks of two CPUs may differ, and no time is less than nothing.
times() {
	is "no task has waited or run for minutes" \
		"$(awk '$1 > 100000000 { n += $2 + $3 } END { print n }' $D/wpool/scan/latency)" 0
}

# What is looked at goes, and comes again.
gone() {
	rmmod photos
	succeeds "a pool that goes is named" wait_until shown 'gone: .*index'
	rmmod wpool
	succeeds "the module goes, in one line" wait_until shown 'the module wpool is not loaded'
	insmod ./wpool.ko
	succeeds "and comes again" wait_until shown '^default'
	tm send-keys -t top q
	succeeds "q quits, content" wait_until shown '^status 0'
	closed
}

plain_terminal() {
	tm new-session -d -s top -x 100 -y 12 "TERM=vt100 wpool-top; read -r _"
	succeeds "a terminal without colours" wait_until shown '^default'
	closed
	is "no terminal that can be drawn on" \
		"$(tm new-session -d -s top "TERM=none wpool-top; echo status \$?; read -r _"; wait_until shown status; tm capture-pane -p -t top)" \
		"*cannot be drawn on*status 1*"
	closed
}

as_json() {
	python3 -c "import json, sys; print(len([json.loads(line) for line in sys.stdin]))"
}

again_and_again() {
	for _ in 1 2 3 4 5 6; do
		insmod ./photos.ko && rmmod photos || return
	done
}

# A pool may go at any moment of a look.
coming_and_going() {
	timeout 12 wpool-top --json --interval 0.05 >looks 2>trouble &
	looker=$!
	succeeds "pools come and go" again_and_again
	wait $looker
	is "looked at all the time" "$?,$(cat trouble)" '124,'
	is "every line is an object" "$(as_json <looks)" '[1-9][0-9]*'
	is "pools were seen" "$(grep -c '"name": "upload"' looks)" '[1-9]*'
	is "and not always" "$(grep -vc '"name": "upload"' looks)" '[1-9]*'
	is "a reader that has enough" "$(wpool-top --json --interval 0.1 2>&1 | head -n 2 | as_json)" 2
}

locked() {
	insmod ./photos.ko
	for mode in integrity confidentiality; do
		echo $mode >/sys/kernel/security/lockdown
		is "under $mode it is as before" "$(wpool-top --once --pool upload)" '*upload*/2*upload_photo*'
	done
	rmmod photos
}

mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
echo "wpool_stress: expect: BUG: kernel NULL" >/dev/kmsg
echo "wpool_stress: expect: Oops" >/dev/kmsg
nothing_to_read
live
keys
times
gone
plain_terminal
coming_and_going
locked
rmmod wpool
plan
