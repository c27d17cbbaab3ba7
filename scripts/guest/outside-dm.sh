# SPDX-License-Identifier: GPL-2.0
# Targets of the device mapper on RAM disks. Who has this says what $TARGET is and what prints its
# table(), and has a load_here() that does not return.
DISK=/dev/mapper/$TARGET

settle() {
	[ -n "${DM_DISABLE_UDEV-}" ] || udevadm settle
}

# use SIDE: the disk is there, by that one
use() {
	SIDE=$1
	insmod "./on-$SIDE.ko" && table | dmsetup create $CREATE $TARGET && settle
}

drop() {
	settle
	dmsetup remove $TARGET && rmmod "dm_$TARGET"
}

# A load in the background, in the place of a shell of its own: $LOAD. It keeps the kernel's threads
# busy, of which some are of the highest priority: so all other programs come before it.
start_load() {
	(export NICE=19; load_here --time_based --runtime=600) >/run/load 2>&1 &
	LOAD=$!
	wait_until busy || verdict "not ok" "$SIDE: a load begins # $(tail -n 3 /run/load | tr '\n' ' ' | head -c 200)"
}

busy() {
	disk=$(dmsetup info -c --noheadings -o blkdevname $TARGET)
	[ "$(awk '{ print $1 + $5 }' "/sys/block/$disk/stat")" -gt 500 ]
}

# It ends by itself where it finds a fault.
end_load() {
	sleep 1
	succeeds "$SIDE: $1: the load goes on" kill $LOAD
	wait $LOAD
	is "$SIDE: $1: the load has found no fault" \
		"$(grep -ciE 'verify(: bad|.*failed)|crc32c: verify|io_u error' /run/load)" 0
}

# repeated WHAT COMMAND: under load
repeated() {
	use "$SIDE"
	start_load
	for _ in $(seq "$TIMES"); do
		"$2" || echo failed
	done >/run/said 2>&1
	is "$SIDE: $1 under load, $TIMES times" "$(cat /run/said)" ''
	end_load "$1"
	drop
}

suspend_resume() {
	dmsetup suspend $TARGET && dmsetup resume $TARGET
}

suspended() {
	repeated "suspended and resumed" suspend_resume
}

reload_resume() {
	table | dmsetup reload $CREATE $TARGET && dmsetup resume $TARGET
}

reloaded() {
	repeated "its table is loaded anew" reload_resume
}

# figures NAME FIELD...: of what fio says in JSON on stdin
figures() {
	python3 -c '
import json, sys
side, what, fields = sys.argv[1], sys.argv[2], sys.argv[3:]
job = json.load(sys.stdin)["jobs"][0]
for field in fields:
    way, name = field.split(".")
    if name == "iops":
        print(side, job[way]["iops"], f"{what}, per second")
    elif name == "bw":
        print(side, job[way]["bw"] / 1024, f"{what}, MiB/s")
    else:
        print(side, job[way]["clat_ns"]["percentile"][name.replace("p", "") + ".000000"
              if "_" not in name else "99.900000"] / 1000, f"{what}, {name.replace(chr(95), chr(46))}, us")
' "$SIDE" "$@" >>/run/figures
}

measure() {
	fio --name=measure --filename=$DISK --direct=1 --ioengine=libaio --time_based \
		--runtime="$RUNTIME" --output-format=json "$@" 2>/dev/null
}
