# SPDX-License-Identifier: GPL-2.0
# Cases of a guest script: one KTAP line each; the plan comes last, so that a cut
# is seen.

N=0

verdict() {
	N=$((N + 1))
	echo "$1 $N - $2" >&3
}

plan() {
	echo "1..$N" >&3
}

# is WHAT GOT WANTED (a shell pattern)
is() {
	case $2 in
	$3) verdict ok "$1" ;;
	*) verdict "not ok" "$1 # wanted '$3', got '$(echo $2 | head -c 200)'" ;;
	esac
}

# skips WHAT WHY
skips() {
	verdict ok "$1 # SKIP $2"
}

# succeeds WHAT COMMAND...
succeeds() {
	what=$1; shift
	if got=$("$@" 2>&1); then
		verdict ok "$what"
	else
		verdict "not ok" "$what # $(echo $got | head -c 200)"
	fi
}

# fails WHAT COMMAND...
fails() {
	what=$1; shift
	if "$@" >/dev/null 2>&1; then
		verdict "not ok" "$what # succeeded"
	else
		verdict ok "$what"
	fi
}

# How many lines the kernel has logged that match, since the log was last cleared.
logged() {
	dmesg | grep -cE "$1"
}

# How many different lines: busybox tries twice to load what is refused.
said() {
	dmesg | sed 's/^\[[^]]*\] //' | sort -u | grep -cE "$1"
}

quiet() {
	dmesg -c >/dev/null
}

# wait_until COMMAND...: for at most 20 seconds
wait_until() {
	for _ in $(seq 200); do
		"$@" && return
		usleep 100000
	done
	return 1
}

# run_part PART: a function of the script that has this
run_part() {
	if command -v "$1" >/dev/null; then
		"$1"
	else
		verdict "not ok" "there is no part $1"
	fi
}

load_wpool() {
	quiet
	insmod /wpool.ko "$@"
}
