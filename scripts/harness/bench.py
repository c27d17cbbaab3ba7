# SPDX-License-Identifier: GPL-2.0
"""Run wpool_bench in a machine, and keep what it found: tables, CSV, plots."""
import csv
import io
import re
import statistics

from harness import console, kernels, machine, proc, report
from harness.proc import Failed, say

LIMIT = 900  # seconds for the machine
DOCUMENTS = ("table", "samples", "verdicts")
SUFFIX = {"table": "txt", "samples": "csv", "verdicts": "csv"}
TERMINALS = {"png": "pngcairo noenhanced size 1200,600 font ',11'", "svg": "svg noenhanced size 1200,600 font ',11'"}
# The works whose figures are times of one task, of everybody.
BARS = ("empty 1", "empty 4", "allocated", "batches", "round trip", "round trip, own wait", "chain")
CURVE = re.compile(r"curve producers (\d+)")
WORKERS = re.compile(r"(\w+) (\d+)")

# In the order of the table; what is first is 1.
BAR_CHART = """
set title "Time of a task, as a multiple of wpool's (longer bars are slower; {where})"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.8 noborder
set logscale y 2
set grid y
set xtics rotate by -20
set linetype 9 linecolor rgb "gray70"
set key outside right top
set datafile missing "-"
plot for [i=2:{columns}] "{data}" using i:xtic(1) title columnheader(i)
"""
LINE_CHART = """
set title "Time of a task with more and more {what} ({where})"
set xlabel "{what}"
set ylabel "ns"
set yrange [0:*]
set grid
set key outside right top
set datafile missing "-"
plot for [i=2:{columns}] "{data}" using 1:i with linespoints linewidth 2 title columnheader(i)
"""


def run(kernel, built, cpus, words, accel=None):
    files = {f"{name}.ko": built[name] for name in ("wpool", "wpool_bench")}
    files["report.sh"] = machine.GUEST / "report.sh"
    files["env"] = f"ARGS='{words}'\n"
    done = machine.boot(kernel, "bench", files, cpus=cpus, limit=LIMIT, watch=_watch(),
                        accel=accel)
    faults = [done.why] if done.why else []
    faults += console.faults(done.console)[0]
    faults += [f"left behind: {line}" for line in report.named(done.report, "leftovers") if line]
    if "state done" not in done.report.splitlines():
        faults.append("the bench did not come to its end")
    if faults:
        raise Failed("\n".join(["bench:", *faults, *done.console.splitlines()[-15:]]))
    return {name: report.named(done.report, name)[0] + "\n" for name in DOCUMENTS}


def _watch():
    """Says which work is being done, each once."""
    last = ""

    def watch(line):
        nonlocal last
        if line.startswith("progress ") and (work := line.split(" ", 1)[1].rsplit(" ", 1)[0]) != last:
            say(f"bench: {work}")
            last = work

    return watch


def where(kernel, cpus, accel):
    """What kind of machine it was: the figures hold for no other."""
    with open("/proc/cpuinfo") as handle:
        model = re.search(r"^model name\s*: (.*)$", handle.read(), re.M)
    kind = "user-mode Linux" if kernel.arch == "um" else machine.kind(kernel, accel)
    version = re.search(r"-(\d+(?:\.\d+)+)", kernel.key)[1]
    return f"Linux {version}, {kind}, {cpus} CPUs, on {model[1] if model else 'an unknown CPU'}"


# --- on disk ---------------------------------------------------------------

def medians(samples):
    """{work: {by: median}}"""
    found = {}
    for row in csv.DictReader(io.StringIO(samples)):
        found.setdefault(row["work"], {}).setdefault(row["by"], []).append(float(row["value"]))
    return {work: {by: statistics.median(values) for by, values in lanes.items()}
            for work, lanes in found.items()}


def _table(path, first, rows):
    """What gnuplot reads: {name: {column: number}}."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    with open(path, "w") as out:
        print(first, *(f'"{column}"' for column in columns), file=out)
        for name, row in rows.items():
            print(f'"{name}"', *(f"{row[column]:.4f}" if column in row else "-"
                                 for column in columns), file=out)
    return len(columns) + 1


def _plot(out, name, chart, first, rows, **words):
    if not rows:
        return
    data = out / f"{name}.dat"
    columns = _table(data, first, rows)
    for suffix, terminal in TERMINALS.items():
        script = (f"set terminal {terminal}\nset output '{out / name}.{suffix}'\n"
                  + chart.format(data=data, columns=columns, **words))
        (out / f"{name}.gnuplot").write_text(script)
        proc.run("gnuplot", ["gnuplot", out / f"{name}.gnuplot"], out / f"{name}.log", limit=60)
    for left in (data, out / f"{name}.gnuplot", out / f"{name}.log"):
        left.unlink()


def keep(out, found, machine_kind):
    """Everything that was found, in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        head = f"{machine_kind}\n\n" if name == "table" else ""
        (out / f"{name}.{SUFFIX[name]}").write_text(head + found[name])
    median = medians(found["samples"])
    bars = {work: {by: value / lanes["wpool"] for by, value in lanes.items()}
            for work, lanes in median.items() if work in BARS}
    _plot(out, "bench", BAR_CHART, "work", bars, where=machine_kind)
    curve = {match[1]: lanes for work, lanes in median.items() if (match := CURVE.match(work))}
    _plot(out, "producers", LINE_CHART, "producers", curve, what="producers", where=machine_kind)
    workers = {}
    for by, value in median.get("curve workers", {}).items():
        match = WORKERS.match(by)
        workers.setdefault(match[2], {})[match[1]] = value
    _plot(out, "workers", LINE_CHART, "workers", workers, what="workers", where=machine_kind)


def counts(verdicts):
    """(PASS, SHORT)"""
    rows = list(csv.DictReader(io.StringIO(verdicts)))
    passed = sum(row["verdict"] == "PASS" for row in rows)
    return passed, len(rows) - passed


def kernel_for(name):
    """User-mode Linux without what looks for faults, or a kernel as Debian ships it."""
    return kernels.bootable(kernels.get("uml-bench" if name == "uml" else name))
