# SPDX-License-Identifier: GPL-2.0
# How guest scripts report: named documents on the channel that init opened as
# descriptor 3. The host judges; a guest only tells.

# Stdin becomes the document NAME.
document() {
	{ echo "@begin $1"; cat; echo "@end"; } >&3
}

# What a module must not leave behind; nothing is printed when it has not.
leftovers() {
	grep '^wpool' /proc/modules
	ps | grep '[[]wpool'
	ls -d /sys/kernel/debug/wpool /sys/kernel/wpool /sys/module/wpool* 2>/dev/null
	ls /sys/kernel/tracing/events 2>/dev/null | grep '^wpool'
	grep '^wpool' /proc/slabinfo 2>/dev/null
}

leak=/sys/kernel/debug/kmemleak
MIN_AGE=5	# seconds before kmemleak will call an object leaked (its MSECS_MIN_AGE)

seeks_leaks() {
	[ -e $leak ] && ! grep -qw kmemleak=off /proc/cmdline
}

kmemleak() {
	! seeks_leaks || echo "$1" >$leak
}

# The document of what has leaked, where the kernel can tell. An object counts once
# it is unreachable and unchanged in two scans.
leaks() {
	seeks_leaks || return 0
	{
		kmemleak scan && sleep $((MIN_AGE + 1)) && kmemleak scan && cat $leak ||
			echo "kmemleak does not look, see the console"
	} | document leaks
}
