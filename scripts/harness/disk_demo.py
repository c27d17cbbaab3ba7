# SPDX-License-Identifier: GPL-2.0
"""The demonstration of the sample wpool_disk: a filesystem is made, filled and checked."""
import json
import time

from harness import console, disk, proc, view
from harness.proc import Failed, say

CAPACITIES = (1, 2, 4, 8)
DELAY, EACH = 20, 8  # ms of each read below; seconds of reading with each capacity
LIMIT = 420  # seconds for the machine
POOL = "wpool0"


class Show:
    """Prints the report as it comes, and remembers what is to be proven."""

    def __init__(self):
        self.reads = {}  # a second, by capacity
        self.corrupt = None
        self.last = None

    def line(self, text):
        kind, *words = text.split(" ", 3)
        if kind == "@pool":
            if words != self.last:
                say(f"        debugfs {POOL}: capacity {words[0]}, running {words[1]}, queued {words[2]}")
            self.last = words
        elif kind == "@reads":
            self.reads[int(words[0])] = int(words[1])
            say(f"    capacity {words[0]}: {words[1]} reads a second, each compared with its sum")
        elif kind == "@corrupt":
            self.corrupt = int(words[0])
        elif kind in ("$", "!"):
            say(f"\n  {text}")
        elif kind == "=":
            say(f"    {text[2:]}")
        elif text.startswith("Linux"):
            say(f"  {text}")


def _looks(text):
    """What debugfs said of the pool: (capacity, running, queued) each quarter of a second."""
    for line in text.splitlines():
        for pool in json.loads(line)["pools"]:
            stats = pool["stats"]
            yield stats["capacity"], stats["running"], stats["queued"]


def _too_many(looks):
    """A pool that shrinks has more only until what runs has ended."""
    before = 0
    for capacity, running, _ in looks:
        if running > max(capacity, before):
            yield f"debugfs showed {running} running with capacity {capacity}"
        before = capacity


def faults(done, show, looks):
    """What keeps the demonstration from being one."""
    if done.why:
        yield done.why
    yield from console.faults(done.console)[0]
    if show.corrupt != 0:
        yield f"blocks that do not fit their sum: {show.corrupt}"
    yield from _too_many(looks)
    for capacity in CAPACITIES:
        if not any(look[:2] == (capacity, capacity) for look in looks):
            yield f"debugfs never showed {capacity} running with capacity {capacity}"
    if not any(queued for *_, queued in looks):
        yield "debugfs never showed a task queued"
    least, most = (show.reads.get(capacity, 0) for capacity in (CAPACITIES[0], CAPACITIES[-1]))
    if not 0 < least * 2 < most:
        yield f"{least} reads a second with capacity {CAPACITIES[0]}, {most} with {CAPACITIES[-1]}"


def run(out):
    """Show it, and leave the picture in a file."""
    began = time.monotonic()
    say("demo: building the modules, and a Debian with the programs if there is none yet")
    kernel, built, _ = disk.prepared("stock")
    show = Show()
    env = f"MS={DELAY}\nEACH={EACH}\nCAPACITIES='{' '.join(map(str, CAPACITIES))}'\n"
    done = disk.boot(kernel, "demo_disk", built, env, watch=show.line, limit=LIMIT)
    text = view.document(done, "looks")
    looks = list(_looks(text))
    wrong = list(faults(done, show, looks))
    if wrong:
        raise Failed("\n".join(["", "demo: this is not what it should be:", *wrong]))
    out.parent.mkdir(parents=True, exist_ok=True)
    found = out.with_suffix(".json")
    found.write_text(f"{text}\n")
    proc.run("wpool-plot", [view.VIEW / "wpool-plot", "--pool", POOL, found, out],
             out.with_suffix(".log"), limit=60)
    out.with_suffix(".log").unlink()
    queued = max(queued for *_, queued in looks)
    say(f"\ndemo: a filesystem on wpool_disk was made, filled and checked: {show.corrupt} bad blocks")
    say("demo: reads a second, by capacity: " +
        ", ".join(f"{capacity}: {each}" for capacity, each in show.reads.items()))
    say(f"demo: at most {CAPACITIES[-1]} tasks ran at once (limit {CAPACITIES[-1]}), {queued} were queued")
    say(f"demo: a picture of the pool is in {out} ({time.monotonic() - began:.0f} s in all)")
    say("next: samples/wpool_disk.c is the code, make check K=disk tests it")
    return 0
