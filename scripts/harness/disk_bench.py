# SPDX-License-Identifier: GPL-2.0
"""wpool_disk beside loop on the same file, and beside null_blk: fio's figures, in turn in one boot."""
import csv
import itertools
import statistics
import time

from harness import bench, console, disk
from harness.proc import Failed, say

KINDS = ("randread", "randwrite", "read", "write")
JOBS = (1, 4, 32)
DEVICES = ("wpool_disk", "loop", "null_blk")
SIZE = 128 << 10  # KB
EACH, WORKERS = 2, 4  # seconds of each run; of wpool_disk
# Where fio --minimal has, counted from 0: 1/s, the mean and the 99th percentile of the latency.
FIELDS = {True: (7, 39, 29), False: (48, 80, 70)}  # reads, writes
LIMIT = 900  # seconds for the machine
COLUMNS = ("1/s", "mean us", "99% us")


def _figures(kind, said):
    """What one run came to, in the order of COLUMNS."""
    words = said.split(";")
    rate, mean, most = (words[field] for field in FIELDS["read" in kind])
    name, value = most.split("=")
    if not name.startswith("99.0"):
        raise Failed(f"fio: {most} where the 99th percentile should be")
    return float(rate), float(mean), float(value)


def _watch():
    """Collects {(device, kind, jobs): [the figures of each round]}, and says how far it is."""
    found = {}

    def watch(line):
        head, *words = line.split(" ", 4)
        if head == "@fio":
            device, kind, jobs, said = words
            found.setdefault((device, kind, int(jobs)), []).append(_figures(kind, said))
        elif head == "round":
            say(f"bench: round {words[0]}")

    return found, watch


def _text(values):
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:,.0f} ({least:,.0f}-{most:,.0f})"


def _rows(found):
    """A row of the table for each kind, number of jobs and device."""
    for kind, jobs in itertools.product(KINDS, JOBS):
        own = statistics.median(run[0] for run in found["wpool_disk", kind, jobs])
        for device in DEVICES:
            columns = list(zip(*found[device, kind, jobs]))
            yield (kind, jobs, device, *(_text(values) for values in columns),
                   f"{statistics.median(columns[0]) / own:.2f}x")


def table(found):
    rows = [("fio", "jobs", "device", *COLUMNS, "1/s beside wpool_disk"), *_rows(found)]
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(str(word).ljust(width) for word, width in zip(row, widths)).rstrip()
                     for row in rows) + "\n"


def _keep(out, head, found):
    out.mkdir(parents=True, exist_ok=True)
    (out / "disk.txt").write_text(f"{head}\n\n{table(found)}")
    with open(out / "disk.csv", "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("device", "fio", "jobs", *COLUMNS))
        writer.writerows((*key, *run) for key, runs in found.items() for run in runs)


def run(out, cpus, rounds):
    kernel, built, _ = disk.prepared("stock")
    found, watch = _watch()
    env = (f"SIZE={SIZE}\nEACH={EACH}\nWORKERS={WORKERS}\nKINDS='{' '.join(KINDS)}'\n"
           f"JOBS='{' '.join(map(str, JOBS))}'\nROUNDS='{' '.join(map(str, range(1, rounds + 1)))}'\n")
    done = disk.boot(kernel, "bench_disk", built, env, watch=watch, limit=LIMIT * rounds, cpus=cpus)
    faults = [done.why] if done.why else []
    faults += console.faults(done.console)[0]
    if faults:
        raise Failed("\n".join(["bench:", *faults, *done.console.splitlines()[-15:]]))
    head = (f"{bench.where(kernel, cpus, None)}; {time.strftime('%d %B %Y')}; medians of {rounds} rounds "
            f"of {EACH} s, and the least and the most; random: 4 KiB, sequential: 64 KiB; {WORKERS} workers")
    _keep(out, head, found)
    say(table(found))
    say(f"bench: {head}\nbench: this, and a CSV of each round, are in {out}")
    return 0
