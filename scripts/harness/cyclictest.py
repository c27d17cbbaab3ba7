# SPDX-License-Identifier: GPL-2.0
"""How late a real-time thread wakes on PREEMPT_RT, under a full load of wpool and of a workqueue."""
import statistics
import time

from harness import bench, console, debian, kernels, modules, report, view
from harness.proc import Failed, say

# The first gives the Debian its name.
PACKAGES = ("rt-tests", "kmod")
LOADS = ("wpool", "unbound")
EACH = 20  # seconds of each run
LIMIT = 50000  # microseconds; what is later counts as so late
BOOT = 240  # seconds for the machine, besides
SHARES = (50, 99, 99.9)


def _histogram(text):
    """{microseconds: wake-ups}, of all threads together."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# Histogram Overflows:"):
            found[LIMIT] = sum(map(int, line.split(":")[1].split()))
        if line and not line.startswith("#"):
            late, *counts = map(int, line.split())
            found[late] = sum(counts)
    return found


def _percentile(histogram, share):
    left = sum(histogram.values()) * share / 100
    for late, n in sorted(histogram.items()):
        left -= n
        if left <= 0:
            return late
    raise Failed("cyclictest: it has counted nothing")


def _text(values):
    return f"{statistics.median(values):,.0f} ({min(values):,}-{max(values):,})"


def table(found):
    """found: {load: [the histogram of each round]}"""
    rows = [("load", *(f"p{share}" for share in SHARES), "wake-ups a round")]
    for load, runs in found.items():
        rows.append((load, *(_text([_percentile(run, share) for run in runs]) for share in SHARES),
                     _text([sum(run.values()) for run in runs])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip()
                     for row in rows) + "\n"


def verdict(found):
    """Is the share that wakes latest no later under wpool than under the same load of a workqueue?"""
    rounds = {load: [_percentile(run, SHARES[-1]) for run in found[load]] for load in LOADS}
    ours, theirs = (statistics.median(rounds[load]) for load in LOADS)
    judged = "no worse" if ours <= theirs else \
        "worse, but within the spread of the other's rounds" if ours <= max(rounds[LOADS[1]]) else "worse"
    return f"p{SHARES[-1]}: {ours:,.0f} us under {LOADS[0]}, {theirs:,.0f} under the other: {judged}"


def _say_round(line):
    kind, _, words = line.partition(" ")
    if kind == "round":
        say(f"bench: round {words}")


def run(out, cpus, rounds):
    kernel = kernels.bootable(kernels.get("rt"))
    built, _ = modules.build(kernel, samples="bench")
    files = {f"{name}.ko": built[name] for name in ("wpool", "wpool_bench")}
    files["env"] = (f"LOADS='{' '.join(LOADS)}'\nEACH={EACH}\nLIMIT={LIMIT}\n"
                    f"ROUNDS='{' '.join(map(str, range(1, rounds + 1)))}'\n").encode()
    done = view.boot(kernel, "cyclictest", files, disk=debian.disk_with("debian-rt", PACKAGES),
                     own=("crc32c_generic", "ext4"),
                     limit=BOOT + 2 * EACH * rounds * (1 + len(LOADS)), watch=_say_round, cpus=cpus)
    faults = [done.why] if done.why else []
    faults += console.faults(done.console)[0]
    if faults:
        raise Failed("\n".join(["bench:", *faults, *done.console.splitlines()[-15:]]))
    found = {load: [_histogram(report.named(done.report, f"{load} {number}")[0])
                    for number in range(1, rounds + 1)] for load in ("none", *LOADS)}
    head = (f"{bench.where(kernel, cpus, None)}; {time.strftime('%d %B %Y')}; microseconds late, medians of "
            f"{rounds} rounds of {EACH} s in turn, and the least and the most")
    out.mkdir(parents=True, exist_ok=True)
    text = f"{table(found)}\n{verdict(found)}\n"
    (out / "cyclictest.txt").write_text(f"{head}\n\n{text}")
    say(text)
    say(f"bench: {head}\nbench: this is in {out}")
    return 0
