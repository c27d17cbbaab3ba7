# SPDX-License-Identifier: GPL-2.0
"""Run wpool_bench in a machine, and keep what it found: tables, CSV, plots."""
import csv
import io
import re
import statistics

from harness import bench_page, console, kernels, machine, modules, picture_bench, proc, report
from harness.proc import Failed, say

LIMIT = 1500  # seconds for the machine
ROOMY = 4096  # MB: as many threads as a kernel allows go by its memory
# Whose names differ from kernel to kernel; what a kernel has built in it needs not.
CRYPTO = ("crc32c_generic", "crc32c_cryptoapi", "sha256_generic", "ecb", "xts", "lz4", "zstd")
DOCUMENTS = ("table", "samples", "verdicts")
SUFFIX = {"table": "txt", "samples": "csv", "verdicts": "csv"}
TERMINALS = {"png": "pngcairo noenhanced size 1200,600 font ',11'",
             "svg": "svg noenhanced size 1200,600 font ',11'"}
# By the name of the plot: of what it is, and the works that it shows.
BARS = {
    "waits": ("Time that a task waits", r"wait at \d+%, .*"),
}
CURVES = {what: rf"curve {what} (\d+)" for what in ("producers", "workers")}

# A key beside the plot, and colours that are seen on white.
LOOK = """
set key outside right top
set datafile missing "-"
set linetype 5 linecolor rgb "#907000"
set linetype 9 linecolor rgb "gray70"
"""
# In the order of the table; what is first is 1.
BAR_CHART = """
set title "{what}, as a multiple of wpool's (longer bars are slower; {where})"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.8 noborder
set logscale y
set format y "%g"
set grid y
set xtics rotate by -20
plot for [i=2:{columns}] "{data}" using i:xtic(1) title columnheader(i)
"""
LINE_CHART = """
set title "Time of a task with more and more {what} ({where})"
set xlabel "{what}"
set ylabel "ns"
set logscale y
set xtics 1
set grid ytics mytics
plot for [i=2:{columns}] "{data}" using 1:i with linespoints linewidth 2 title columnheader(i)
"""

# How often a lock is taken, with as many workers as CPUs.
LOCK_CPUS = (1, 2, 4, 8, 16)
LOCK_WORK = "curve producers 8"
LOCK_CURVES = {
    "locks": ("locks", "Locks a thousand tasks"),
    "moves": ("locks that move", "Locks a thousand tasks that another CPU had"),
    "holds": ("longest hold", "Steps of the longest hold of a pool's lock"),
}
LOCK_CHART = """
set title "{what}, with more and more CPUs ({where})"
set xlabel "CPUs"
set logscale x 2
set yrange [0:]
set grid
plot for [i=2:{columns}] "{data}" using 1:i with linespoints linewidth 2 title columnheader(i)
"""


def _grows(words):
    """Does it do the works of bench_growth.c?"""
    works = re.search(r"works=(\S+)", words)
    return bool(works) and any(work and (work.startswith("growth") or "growth".startswith(work))
                               for work in works[1].split(","))


def run(kernel, built, cpus, words, accel=None, order=("this",)):
    """Load and run the benches of built, {name: modules}, in that order, in one machine.

    Returns {name: [the documents of each of its runs]}.
    """
    files = {f"{which}/{name}.ko": each[name] for which, each in built.items()
             for name in ("wpool", "wpool_bench")}
    files["report.sh"] = machine.GUEST / "report.sh"
    own = kernels.own_modules(kernel, *CRYPTO) if kernel.modules else {}
    files.update((f"{name}.ko", path) for name, path in own.items())
    files["env"] = f"ARGS='{words}'\nORDER='{' '.join(order)}'\nOWN_MODULES='{' '.join(own)}'\n"
    done = machine.boot(kernel, "bench", files, cpus=cpus, limit=LIMIT * len(order),
                        memory=ROOMY if _grows(words) else machine.MEMORY, watch=_watch(), accel=accel)
    faults = [done.why] if done.why else []
    faults += console.faults(done.console)[0]
    faults += [f"left behind: {line}" for line in report.named(done.report, "leftovers") if line]
    ended = done.report.splitlines().count("state done")
    if ended != len(order):
        faults.append(f"{ended} of {len(order)} benches came to their end")
    if faults:
        raise Failed("\n".join(["bench:", *faults, *done.console.splitlines()[-15:]]))
    columns = {which: [report.named(done.report, f"{which} {name}") for name in DOCUMENTS]
               for which in built}
    return {which: [dict(zip(DOCUMENTS, (text + "\n" for text in run))) for run in zip(*each)]
            for which, each in columns.items()}


def _watch():
    """Says which work is being done, each once."""
    last = ""

    def watch(line):
        nonlocal last
        kind, _, words = line.partition(" ")
        work = words.rpartition(" ")[0]
        if kind == "progress" and work not in ("", last):
            say(f"bench: {work}")
            last = work

    return watch


def where(kernel, cpus, accel):
    """What kind of machine it was: the figures hold for no other."""
    with open("/proc/cpuinfo", encoding="utf-8") as handle:
        model = re.search(r"^model name\s*: (.*)$", handle.read(), re.M)
    kind = "user-mode Linux" if kernel.arch == "um" else machine.kind(kernel, accel)
    version = re.search(r"-(\d+(?:\.\d+)+)", kernel.key)[1]
    return f"Linux {version}, {kind}, {cpus} CPUs, on {model[1] if model else 'an unknown CPU'}"


# --- on disk ---------------------------------------------------------------

def _commit():
    if not (modules.TREE / ".git").exists():
        return ""
    return f", commit {proc.output(['git', '-C', modules.TREE, 'describe', '--always', '--dirty']).strip()}"


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
    with open(path, "w", encoding="utf-8") as out:
        print(first, *(f'"{column}"' for column in columns), file=out)
        for name, row in rows.items():
            print(f'"{name}"' if isinstance(name, str) else name,
                  *(f"{row[column]:.4f}" if column in row else "-" for column in columns), file=out)
    return len(columns) + 1


def _plot(out, name, chart, first, rows, **words):
    if not rows:
        return
    data = out / f"{name}.dat"
    columns = _table(data, first, rows)
    for suffix, terminal in TERMINALS.items():
        script = (f"set terminal {terminal}\nset output '{out / name}.{suffix}'\n"
                  + LOOK + chart.format(data=data, columns=columns, **words))
        (out / f"{name}.gnuplot").write_text(script)
        proc.run("gnuplot", ["gnuplot", out / f"{name}.gnuplot"], out / f"{name}.log", limit=60)
    for left in (data, out / f"{name}.gnuplot", out / f"{name}.log"):
        left.unlink()


def keep(out, found, machine_kind, plots=True):
    """Everything that was found, in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        head = f"{machine_kind}{_commit()}\n\n" if name == "table" else ""
        (out / f"{name}.{SUFFIX[name]}").write_text(head + found[name])
    if not plots:
        return
    (out / "page.md").write_text(bench_page.page(found["samples"], found["verdicts"]))
    figures = picture_bench.figures(found["samples"], machine_kind)
    (out / "bench.csv").write_text(figures)
    (out / "bench.svg").write_text(picture_bench.draw(figures))
    median = medians(found["samples"])
    for name, (what, works) in BARS.items():
        rows = {work: {by: value / lanes["wpool"] for by, value in lanes.items()}
                for work, lanes in median.items() if re.fullmatch(works, work)}
        _plot(out, name, BAR_CHART, "work", rows, what=what, where=machine_kind)
    for what, works in CURVES.items():
        rows = {int(match[1]): lanes for work, lanes in median.items()
                if (match := re.fullmatch(works, work))}
        _plot(out, what, LINE_CHART, what, rows, what=what, where=machine_kind)


def count_locks(out, kernel, built, rounds):
    """Boot with more and more CPUs; keep how often locks were taken, and came from another CPU."""
    words = f"rounds={rounds} works={LOCK_WORK.replace(' ', '_')} counts=1"
    found = {}
    for cpus in LOCK_CPUS:
        say(f"--- {kernel.name}, {cpus} CPUs")
        found[cpus] = medians(run(kernel, {"this": built}, cpus, words)["this"][0]["samples"])
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (what, title) in LOCK_CURVES.items():
        rows = {cpus: works[f"{LOCK_WORK}, {what}"] for cpus, works in found.items()}
        _plot(out, name, LOCK_CHART, "CPUs", rows, what=title,
              where=where(kernel, f"1 to {LOCK_CPUS[-1]}", None))
        for cpus, lanes in rows.items():
            lines += [f"{what}, {cpus} CPUs: " + ", ".join(f"{by} {n:.1f}" for by, n in lanes.items())]
    (out / "locks.txt").write_text("\n".join(lines) + "\n")
    return "\n".join(lines)


def counts(verdicts):
    """(PASS, SHORT)"""
    rows = list(csv.DictReader(io.StringIO(verdicts)))
    passed = sum(row["verdict"] == "PASS" for row in rows)
    return passed, len(rows) - passed


def kernel_for(name):
    """User-mode Linux without what looks for faults, or a kernel as Debian ships it."""
    return kernels.bootable(kernels.get("uml-bench" if name == "uml" else name))
