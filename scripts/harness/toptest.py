# SPDX-License-Identifier: GPL-2.0
"""wpool-top and wpool-plot without a kernel: what they make of files that were written down.

fixtures/top/first and second are debugfs at two moments.
"""
import contextlib
import dataclasses
import fcntl
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from harness.modules import TREE

VIEW = TREE / "scripts/view"
LOOKS = TREE / "scripts/fixtures/top"
SECONDS = 2.5  # from the first to the second
# What must be found in a row, made of the second look and the first.
WANTED = {
    "crc": {"submitted_rate": 200.0, "completed_rate": 200.8, "refused": 0, "died": 1, "has_room": False,
            "waiting_us": {"tasks": 11, "p50": 2097, "p90": 2097, "p99": 4398046511},
            "running_us": {"tasks": 10, "p50": 16, "p90": 16, "p99": 16},
            "longest": {"pid": 101, "ms": 20, "function": "crc_fn [wpool_crc]"},
            "attrs": {"owner": "wpool_crc", "capacity": 4, "queue_depth": 12, "cpumask": "3"}},
    "mail": {"submitted_rate": 0.0, "completed_rate": 0.0, "refused": 6, "died": 1, "has_room": None,
             "waiting_us": None, "running_us": None,
             "longest": {"pid": 201, "ms": 63000, "function": "mail_send [mail]"}},
}
# The same of the first look alone.
WANTED_ALONE = {
    "crc": {"submitted_rate": None, "completed_rate": None, "has_room": True,
            "waiting_us": {"tasks": 100, "p50": 32, "p90": 32, "p99": 2097}},
    "mail": {"refused": 3, "died": 1, "has_room": True},
    "old": {"state": "SHUTDOWN", "has_room": False,
            "longest": {"pid": 301, "ms": 5, "function": "old_fn [old]"}},
}
LINES = """\
POOL STATE   RUNNING QUEUED BLOCKED NEW/s DONE/s WAIT50 WAIT99 REFUSED DIED LONGEST FUNCTION
mail refuses     1/2      0       0     0      0    off    off    6 +3    1    1.1m mail_send [mail]
crc  blocks      4/4  12/12       3   200    201  2.1ms   1.2h       0 1 +1    20ms crc_fn [wpool_crc]
"""
NARROW = """\
POOL STATE   RUNNING QUEUED REFUSED DIED LONGEST FUNCTION
mail refuses     1/2      0    6 +3    1    1.1m mail_~mail]
"""
# A pool with the longest names and with numbers of many digits; all columns that matter fit.
HUGE = {"capacity": 10_000, "running": 9_999, "queued": 65_536, "blocked": 123_456,
        "rejected": 123_456_789_012, "died": 99_999}
ESSENTIAL = ["POOL", "STATE", "RUNNING", "QUEUED", "DONE/s", "REFUSED", "DIED", "LONGEST", "FUNCTION"]
# Threads of a pool as they are unfolded.
THREADS = [("idle", 7, 5, "-"), ("running", 1234567, 63_000, "fn [m\x1b]"), ("died", 9, 99_000, "-"),
           ("submitter", 8, 99_000, "long_function_" * 9)]
UNFOLDED = """\
        8 submitter   1.6m long_fu~tion_long_function_long_function_
  1234567 running     1.1m fn [m?]
        9 died        1.6m -
        7 idle       5.0ms -
"""
# Pools in the order in which they are shown first: their state, attributes, times of tasks, figures.
BUSY = {"capacity": 2, "running": 2, "queued": 1}
ORDER = {
    "y-stuck": ("RUNNING", {"watchdog_ms": 3000}, [3000, 9000], BUSY),
    "z-awaited": ("SHUTDOWN", {}, [10_000], {"capacity": 2, "running": 1}),
    "w-blocks": ("RUNNING", {"queue_depth": 1}, [1, 2], {**BUSY, "blocked": 1}),
    "x-full": ("RUNNING", {"queue_depth": -1}, [1, 2], {"capacity": 2, "running": 2}),
    "v-died": ("RUNNING", {"queue_depth": 9}, [], {"capacity": 2, "oopsed": 1}),
    "a-other-ends": ("RUNNING", {"queue_depth": 9}, [9_000_000, 1], {**BUSY, "queued": 8}),
    "b-closed": ("SHUTDOWN", {"queue_depth": 9}, [1, 2], BUSY),
    "c-unbounded": ("RUNNING", {"queue_depth": -2}, [9_999, 10_000], {**BUSY, "queued": 999}),
    "d-long": ("RUNNING", {"queue_depth": 9}, [60_000, 60_000], {"capacity": 2, "running": 2}),
    "e-room": ("RUNNING", {"queue_depth": 4}, [1], {"capacity": 16, "running": 7, "queued": 12}),
}
NUMBERS = {"duration": {None: "-", 0: "0us", 999: "999us", 1000: "1.0ms", 10_000: "10ms", 1_000_000: "1.0s",
                        59_000_000: "59s", 90_000_000: "1.5m", 3 * 86400 * 10 ** 6: "3.0d"},
           "count": {None: "-", 0.0: "0", 2.25: "2.2", 7: "7", 12.7: "13", 9_999: "9999",
                     10_000: "10k", 2_500_000: "2.5M"},
           "printable": {"a\x1b[2Jb": "a?[2Jb"}}
# How it is called, its exit status, and its one line.
REFUSED = {
    "no debugfs": (["--debugfs", "/nonexistent"], 1, "there is no /nonexistent/wpool: is debugfs mounted?"),
    "no such pool": (["--debugfs", LOOKS / "first", "--pool", "nobody's"], 1, "there is no pool nobody's"),
    "nothing left of a pool": (["--debugfs", LOOKS / "second", "--pool", "going"], 1,
                               "there is no pool going"),
}


@contextlib.contextmanager
def _parts():
    """The modules that it is made of."""
    sys.path.insert(0, str(VIEW))
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        from wpooltop import figures, source, table  # pylint: disable=import-outside-toplevel,import-error
        yield figures, source, table
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(str(VIEW))


def _samples(figures, source):
    """Both looks, at times that are written down, at the same pools."""
    for name, at in (("first", 100.0), ("second", 100.0 + SECONDS)):
        folders = [dataclasses.replace(each, identity=1) for each in source.look(LOOKS / name).folders]
        yield figures.sample(source.Look(at, at, folders))


def _differs(what, wanted, got):
    if wanted != got:
        yield f"{what}: {got!r}, not {wanted!r}"


def _objects(figures, what, wanted, samples):
    got = {pool["name"]: pool for pool in figures.as_object(*samples)["pools"]}
    yield from _differs(f"{what}: the pools", sorted(wanted), sorted(got))
    for name in wanted.keys() & got.keys():
        for key, value in wanted[name].items():
            yield from _differs(f"{what}: {name}: {key}", value, got[name][key])


def _again(figures, first):
    """A pool of the same name that is another: nothing is counted from the one before."""
    other = {name: dataclasses.replace(pool, identity=pool.identity + 1)
             for name, pool in first.pools.items()}
    row = figures.rows(dataclasses.replace(first, at=first.at + 1, pools=other), first)[0]
    yield from _differs("another pool of that name: its rate", None, row.submitted_rate)
    yield from _differs("another pool of that name: its tasks", 100, row.waiting["tasks"])


def _styles(table, rows):
    """What is to be noticed."""
    cells = {column.title: {row.pool.name: column.cell(row)[1] for row in rows} for column in table.COLUMNS}
    for title, name, style in (("QUEUED", "crc", table.BAD), ("STATE", "crc", table.BAD),
                               ("REFUSED", "mail", table.BAD), ("DIED", "mail", table.PLAIN),
                               ("DIED", "crc", table.BAD),
                               ("REFUSED", "crc", table.FAINT), ("RUNNING", "mail", table.PLAIN)):
        yield from _differs(f"{title} of {name}", style, cells[title][name])


def _pool(figures, name, state, attrs, tasks, stats, function="fn [module]"):
    threads = [("running", figures.Task(1, ms, function)) for ms in tasks]
    return figures.Pool(name, 1, state, stats, attrs, threads, None, None)


def _rows(figures, pools):
    return figures.rows(figures.Sample(0, 0, {pool.name: pool for pool in pools}))


def _fits(figures, table):
    """No line is wider than the terminal; with 80 columns nothing that matters is missing."""
    for state in ("RUNNING", "TERMINATED"):
        huge = _pool(figures, "pool-" * 6 + "1", state, {"queue_depth": 65_536}, [10 ** 9], HUGE,
                     "function_" * 10 + " [module]")
        rows = _rows(figures, [huge, _pool(figures, "short", "RUNNING", {}, [], {"capacity": 1})])
        rows[1] = dataclasses.replace(rows[1], refused=10_999, refused_since=9_999, died_since=1)
        for width in range(1, 300):
            got = [table.plain(line) for line in table.lines(rows, width)]
            widest = max(map(len, got))
            if widest > max(width, len("pool-po~")):
                yield f"a line of {widest} characters for a terminal of {width}: {got}"
            if width == 80:
                yield from _differs("what 80 columns show", ESSENTIAL, got[0].split())
                yield from _differs("what is cut there", 2, got[1].count("~"))
    said = [table.plain(line) for line in table.explained(80)]
    if len(said) > 22 or max(map(len, said)) > 80:
        yield f"the help does not fit 80 by 24: {said}"


def _order(figures, table):
    """Pools that need a look come first, unless something else is asked for."""
    rows = _rows(figures, [_pool(figures, name, *words) for name, words in ORDER.items()])
    got = [row.pool.name for row in table.in_order(rows, "trouble")]
    yield from _differs("the order", list(ORDER), got)
    cells = {column.title: column.cell(rows[-1]) for column in table.COLUMNS}
    yield from _differs("one that is well", [("", table.PLAIN), ("12/13", table.WARN)],
                        [cells["STATE"], cells["QUEUED"]])
    found = [dataclasses.replace(rows[0], completed_rate=1.0), dataclasses.replace(rows[-1], refused_now=1)]
    yield from _differs("tasks that end, and one that refuses", ["refuses", ""],
                        [row.trouble for row in table.in_order(found, "trouble")])


def _unfolded(figures, table):
    """The workers of a pool: those that run come first, and no line is too wide."""
    threads = [(state, figures.Task(pid, ms, function)) for state, pid, ms, function in THREADS]
    none = _pool(figures, "none", "RUNNING", {}, [], {})
    row, none = _rows(figures, [dataclasses.replace(none, name="many", threads=threads), none])
    yield from _differs("the workers", UNFOLDED.splitlines(),
                        list(map(table.plain, table.unfolded(row, 68))))
    yield from _differs("no workers", ["  no worker"], list(map(table.plain, table.unfolded(none, 68))))
    for width in range(1, 300):
        widest = max(len(table.plain(line)) for line in table.unfolded(row, width))
        if widest > width:
            yield f"a worker's line of {widest} characters for a terminal of {width}"


def _kept(figures):
    """What a minute's looks are: no more than one a second."""
    kept = []
    for tenth in range(2000):
        kept = figures.kept(kept, figures.Sample(0, tenth / 10, {}))
    yield from _differs("the looks of a minute", (140, 199, 60), (kept[0].at, kept[-1].at, len(kept)))
    yield from _differs("looks that are rare", [500], [each.at for each in figures.kept(
        kept, figures.Sample(0, 500, {}))])


def _texts(figures, table, first, second):
    rows = table.in_order(figures.rows(second, first, first), "longest")
    for wanted, width in ((LINES, None), (NARROW, 60)):
        got = [table.plain(line) for line in table.lines(rows, width)]
        for number, line in enumerate(wanted.splitlines()):
            yield from _differs(f"line {number}, {width} wide", line, got[number])
        if width and max(map(len, got)) > width:
            yield f"a line is {max(map(len, got))} wide, there is room for {width}"
    yield from _styles(table, rows)
    for function, values in NUMBERS.items():
        for value, wanted in values.items():
            yield from _differs(f"{function} {value}", wanted, getattr(table, function)(value))


def _run(words):
    return subprocess.run([VIEW / "wpool-top", *words], text=True, check=False, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60, env={**os.environ, "COLUMNS": "80"})


def _on_terminal(columns, seconds, *words, typed=b""):
    """wpool-top on a terminal, where that is typed: what it has written, and how busy it was."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 12, columns, 0, 0))
    with subprocess.Popen([VIEW / "wpool-top", "--debugfs", LOOKS / "second", *words],
                          stdin=theirs if typed else subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                          env={**os.environ, "TERM": "xterm", "COLUMNS": ""}) as process:
        os.close(theirs)
        os.write(ours, typed)
        written, end = b"", time.monotonic() + seconds
        with contextlib.suppress(OSError):  # it has ended
            while (left := end - time.monotonic()) > 0:
                if select.select([ours], [], [], left)[0]:
                    written += os.read(ours, 1 << 16)
        os.kill(process.pid, signal.SIGTERM)  # not terminate(), which may wait for it
        process.returncode, used = os.wait4(process.pid, 0)[1:]
    os.close(ours)
    return written.decode(), used.ru_utime + used.ru_stime


def _terminals():
    """Who types nothing does not keep a CPU busy; a line is as wide as the terminal."""
    written, busy = _on_terminal(100, 4, "--interval", "0.5")
    if "mail_send" not in written or busy > 1.5:
        yield f"live, nothing to be typed: {busy:.1f} s of 4 s busy, and it has written {written!r}"
    for typed, pid in ((b"w", "101 running"), (b"\x1bOB\x1bOB\r", "201 running")):
        written, _ = _on_terminal(80, 2, typed=typed)
        if pid not in written or "workers, q quit" not in written:
            yield f"{typed} unfolds a pool: {written!r}"
    written, _ = _on_terminal(60, 30, "--once")
    if max(map(len, written.splitlines())) != 60 or " crc_fn~" not in written:
        yield f"--once on a terminal of 60 columns: {written!r}"


def _commands():
    for what, (words, status, line) in REFUSED.items():
        done = _run(words)
        yield from _differs(what, (status, f"wpool-top: {line}\n", ""),
                            (done.returncode, done.stderr, done.stdout))
    for words in (["--interval", "0"], ["--sort", "nothing"], ["word"]):
        yield from _differs(" ".join(words), 2, _run(words).returncode)
    done = _run(["--debugfs", LOOKS / "first", "--once", "--json", "--pool", "mail"])
    yield from _differs("--json --pool", ["mail"],
                        [pool["name"] for pool in json.loads(done.stdout)["pools"]])
    done = _run(["--debugfs", LOOKS / "first", "--wide"])
    yield from _differs("without a terminal", ["mail", "crc", "old"],
                        [line.split()[0] for line in done.stdout.splitlines()[1:]])
    yield from _differs("all columns, asked for", True, "BLOCKED NEW/s" in done.stdout)
    options = _run(["--help"]).stdout.split("options:\n")[1].split("\n\n")[0]
    yield from _differs("options that need a second line", [],
                        [line for line in options.splitlines() if not line.startswith("  -")])


def _plotted(figures, first, second):
    """What wpool-plot makes of two looks, and of files that have none."""
    loader = importlib.machinery.SourceFileLoader("wpool_plot", str(VIEW / "wpool-plot"))
    plot = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(plot)
    looks = [figures.as_object(first), figures.as_object(second, first)]
    yield from _differs("what is plotted", "# seconds capacity running blocked queued done p50 p99\n"
                        "2.5 4 4 3 12 200.8 2.097 4.39805e+06\n", plot.table(plot.rows(looks, "crc")))
    script = plot.script("a'b", "c'd", "it's", False)
    for text in ("plot 'a''b' using", "set output 'c''d'\n", "title 'pool it''s'\n"):
        yield from _differs(f"in what gnuplot obeys: {text}", True, text in script)
    with tempfile.TemporaryDirectory(prefix="wpool-top-") as folder:
        file = pathlib.Path(folder) / "looks"
        for text, wanted in (("word\n", f"{file}: not what wpool-top --json prints"),
                             ("cut", "say --pool: there is none"),
                             (json.dumps(looks[0]) + "\n", "say --pool: crc mail old")):
            file.write_text(text)
            done = subprocess.run([VIEW / "wpool-plot", file, file], text=True, check=False,
                                  capture_output=True, timeout=60)
            yield from _differs("wpool-plot", (1, f"wpool-plot: {wanted}\n"), (done.returncode, done.stderr))


def _odd():
    """No pool at all, and one that has little, and an odd name."""
    with tempfile.TemporaryDirectory(prefix="wpool-top-") as folder:
        pool = pathlib.Path(folder) / "wpool" / "odd\x1b[2J"
        pool.parent.mkdir()
        done = _run(["--debugfs", folder])
        yield from _differs("no pool", (0, 1), (done.returncode, len(done.stdout.splitlines())))
        pool.mkdir()
        (pool / "stats").write_text("running 1\ncapacity 1000\n")
        done = _run(["--debugfs", folder])
        yield from _differs("a pool with an odd name", ["odd?[2J", "?", "1/1000"],
                            done.stdout.splitlines()[-1].split()[:3])


def _replaced(source):
    """A pool that goes while it is read, and one of its name comes: they are not mixed."""
    read = source._text  # pylint: disable=protected-access
    with tempfile.TemporaryDirectory(prefix="wpool-top-") as folder:
        pool = pathlib.Path(folder) / "wpool" / "again"
        pool.mkdir(parents=True)
        (pool / "stats").write_text("running 1\n")

        def slow(path):
            if path.name == "stats" and not pool.with_name("before").exists():
                pool.rename(pool.with_name("before"))
                pool.mkdir()
                (pool / "stats").write_text("running 2\n")
            return read(path)

        source._text = slow  # pylint: disable=protected-access
        try:
            seen = [folder.name for folder in source.look(pathlib.Path(folder)).folders]
        finally:
            source._text = read  # pylint: disable=protected-access
        yield from _differs("replaced while it was read", [], seen)


def faults():
    with _parts() as (figures, source, table):
        first, second = _samples(figures, source)
        yield from _objects(figures, "alone", WANTED_ALONE, [first])
        yield from _objects(figures, "both", WANTED, [second, first])
        yield from _differs("gone", ["old"], figures.gone(second, first))
        yield from _again(figures, first)
        yield from _texts(figures, table, first, second)
        yield from _fits(figures, table)
        yield from _unfolded(figures, table)
        yield from _kept(figures)
        yield from _order(figures, table)
        yield from _plotted(figures, first, second)
        yield from _replaced(source)
    yield from _commands()
    yield from _terminals()
    yield from _odd()
