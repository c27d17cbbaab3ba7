# SPDX-License-Identifier: GPL-2.0
"""Run wpool_stress and the fuzzing of debugfs in machines, and judge what came back."""
import re

from harness import machine, report, user
from harness.proc import say

# How much of everything: parameters of wpool_stress, and reads and writes of debugfs.
FULL = {"tasks": 10_000_000, "queued": 1_000_000, "queue": 10_000, "workers": 1_000,
        "pools": 10_000, "operations": 1_000_000, "row": 1_000, "hard_row": 1_000}
# These are not made smaller: what they mean is in their number, or they cost nothing.
WHOLE = {"workers", "row"}
LOW_MEMORY = 128  # megabytes
KILLED = re.compile(r"Out of memory: Killed process \d+ \(helper\)")
# How far it is, on the console, while the report has nothing new.
FAR = re.compile(r"wpool_stress: ((?:begins:|so far|took) .*)\n")
OOM = re.compile(rf"invoked oom-killer|{KILLED.pattern}")


def sizes(share):
    """One in share of everything."""
    return {name: size if name in WHOLE else max(size // share, 1) for name, size in FULL.items()}


def _boot(kernel, built, part, settings, cpus, memory, limit, append=""):
    files = {f"{name}.ko": built[name] for name in ("wpool", "wpool_stress", "wpool_tour")}
    files.update(user.scripts(), env=user.settings(settings | {"part": part}))
    return machine.boot(kernel, "stress", files, programs=machine.programs(kernel, "helper", "fuzz"),
                        cpus=cpus, memory=memory, limit=limit, append=append, watch=_show,
                        enough=_follower())


def _show(line):
    """How far it is, as it comes."""
    if line.startswith("at: "):
        say(f"        {line[len('at: '):]}")


def _follower():
    """What says the console's news each time that it is shown, and never has enough."""
    seen = 0

    def follow(console):
        nonlocal seen
        for news in FAR.finditer(console, seen):
            say(f"          {news[1]}")
            seen = news.end()
        return False

    return follow


def run(kernel, built, share, cpus, memory, limit):
    # Room for what a thousand oopses say.
    return _boot(kernel, built, "load", sizes(share), cpus, memory, limit, "log_buf_len=16M")


def run_low(kernel, built, limit):
    return _boot(kernel, built, "memory", {}, 2, LOW_MEMORY, limit)


def judge(tally, label, run, forgiven=None):
    user.judge(tally, label, run, forgiven)
    for name in ("grown", "leaks"):
        for said in report.named(run.report, name):
            tally.check(f"{label} {name}", said.splitlines())
    for said in report.named(run.report, "fuzzed"):
        say(f"        {said.splitlines()[-1]}")


def judge_low(tally, label, run):
    """The kernel must have killed, and only the process that is there for it."""
    killed = len(KILLED.findall(run.console))
    tally.check(f"{label}: memory ran out", [] if killed else ["and nobody was killed"])
    say(f"        {killed} processes were killed")
    judge(tally, label, run, OOM)
