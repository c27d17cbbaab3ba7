# SPDX-License-Identifier: GPL-2.0
"""Another commit beside this one's: the figures of two, taken in turn in one machine.

Each is the module of its commit with the bench of its commit, and whoever else the bench
measures is in both: a peer that differs says how far the machine can be trusted.
"""
import csv
import io
import pathlib
import statistics
import subprocess
import tarfile
import tempfile

from harness import bench, modules
from harness.proc import Failed

THIS = "this"
ENOUGH = 4  # runs, to say which takes more


def build_at(revision, kernel):
    """(the commit's short name, its modules)"""
    def git(*words):
        done = subprocess.run(["git", "-C", modules.TREE, *words], check=False,
                              capture_output=True)
        if done.returncode:
            raise Failed(f"{revision}: {done.stderr.decode().strip()}")
        return done.stdout

    commit = git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    short = git("rev-parse", "--short", commit).decode().strip()
    with tempfile.TemporaryDirectory(prefix="wpool-compare-") as folder:
        # 0.9 had no lib/.
        parts = git("ls-tree", "--name-only", commit, "core", "lib", "include", "kunit", "samples")
        archive = git("archive", commit, "Kbuild", "wpool_mod.c", *parts.decode().split())
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder)
        built, _ = modules.build(kernel, pathlib.Path(folder), f"at-{short}", samples="bench")
    return short, built


def _of_runs(runs):
    """{(work, by, unit): [a figure of each run]}"""
    found = {}
    for run in runs:
        once = {}
        for row in csv.DictReader(io.StringIO(run["samples"])):
            once.setdefault((row["work"], row["by"], row["unit"]), []).append(float(row["value"]))
        for row, values in once.items():
            found.setdefault(row, []).append(statistics.median(values))
    return found


def _verdict(old, new):
    """All of one's on one side of all of the other's: of four by chance alone once in 35."""
    if len(new) < ENOUGH:
        return ""
    if max(new) < min(old):
        return "less"
    return "more" if min(new) > max(old) else ""


def _change(old, new):
    if not statistics.median(old):
        return ""
    return f"{100 * (statistics.median(new) / statistics.median(old) - 1):+.1f}%"


def _figures(values):
    digits = 1 if max(values) >= 10 else 3
    middle, least, most = (f"{value:.{digits}f}"
                           for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least}-{most})"


def _row(name, old, new):
    """What a row says of both sides, or of the one that has it: the other did not measure it."""
    if old and new:
        return _figures(old), _figures(new), _change(old, new), _verdict(old, new)
    if new:
        return "", _figures(new), "", f"only {THIS}"
    return _figures(old), "", "", f"only {name}"


def table(name, runs):
    """(rows of text: what each took at that commit and now, and whether it is another;
    how many rows only one of the two has)
    """
    old, new = _of_runs(runs[name]), _of_runs(runs[THIS])
    rows = [("work", "by", "unit", name, THIS, "change", "")]
    rows += [(*row, *_row(name, old.get(row), new.get(row))) for row in {**new, **old}]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    text = "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip()
                     for row in rows) + "\n"
    return text, len(old.keys() ^ new.keys())


def run(name, built, kernel, cpus, words, accel, times):
    """A B A B; returns {name: runs}"""
    return bench.run(kernel, built, cpus, words, accel, (name, THIS) * times)
