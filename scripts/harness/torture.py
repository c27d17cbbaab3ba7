# SPDX-License-Identifier: GPL-2.0
"""Run wpool_torture in a machine and judge what came back."""
import re

from harness import console, kunit, machine, report
from harness.proc import say

# How many seconds of it a kernel gets where nothing else is asked for: more where all is slow, so that
# what is to be met is met there, too.
SECONDS, OTHERS = {"s390x-debug": 180, "riscv64-debug": 180, "kmsan": 480, "kcsan": 120, "rt-debug": 120,
                   "clang": 120, "arm64-debug": 120, "debug": 120, "rt": 120, "arm64": 120}, 60
SPARE = 300  # seconds: to boot, to end, to look for leaks
STALL, STALL_EMULATED = {"um": 30}, 90  # seconds without progress
LINE = re.compile(r"wpool_torture: (.*)")
FAULT = re.compile(r"wpool_torture: FAULT: (.*)")
COUNT = re.compile(r"wpool_torture: count (\S+) (\d+)")
# A worker's death is told by wpool and asked for by the torture, and taints nothing.
HARD = re.compile(r"kernel NULL pointer|Oops|KASAN: null-ptr-deref|general protection fault|"
                  r"exited with (preempt|irqs)|Call [Tt]race")
TAINT_DIED = 1 << 7


def seconds(name):
    return SECONDS.get(name, OTHERS)


def seeks_leaks(kernel):
    return kernel.has("CONFIG_DEBUG_KMEMLEAK")


def run(kernel, built, duration, cpus, words, nodes=1, memory=1024, enough=None):
    args = f"seconds={duration} stall={STALL.get(kernel.arch, STALL_EMULATED)} {words}"
    files = {"wpool.ko": built["wpool"], "wpool_torture.ko": built["wpool_torture"],
             "report.sh": machine.GUEST / "report.sh",
             "env": f"ARGS='{args}'\n"}
    return machine.boot(kernel, "torture", files, cpus=cpus, memory=memory, limit=duration + SPARE,
                        words=machine.numa(cpus, nodes, memory), watch=_show, enough=enough)


def _show(line):
    """The guest passes on what the torture says of itself now and then."""
    if line.startswith("progress "):
        say(f"        {line[len('progress '):]}")


def judge(tally, label, run, hard=False, seeks=False):
    """seeks: whether the kernel looks for leaks."""
    lines = [match[1] for match in LINE.finditer(run.console)]
    faults = [line for line in lines if line.startswith("FAULT")]
    verdict = "".join(report.named(run.report, "verdict")).strip()
    closing = [line for line in lines if line.startswith("verdict")]
    tally.check(f"{label} oracle", faults)
    tally.check(f"{label} verdict", [] if verdict == "passed" and not run.why else
                [run.why or f"verdict '{verdict}'", *closing, *run.console.splitlines()[-40:]])
    kunit.judge_races(tally, label, run)
    found, _ = console.faults(run.console)
    if hard:
        found = [line for line in found if not HARD.search(line)]
    tally.check(f"{label} console", found)
    kunit.judge_lockdep(tally, label, run)
    if not run.why:
        wanted = ["trouble", "taint"]
        if verdict == "passed":
            wanted += ["leftovers", "leaks"] if seeks else ["leftovers"]
        _judge_leavings(tally, label, run, hard, wanted)
    for line in [*(line for line in lines if line.startswith("pairs:")), *closing]:
        say(f"        {line}")
    counts = dict(COUNT.findall(run.console))
    say("        " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def _judge_leavings(tally, label, run, hard, wanted):
    """wanted: what it must have looked at."""
    for name in ("trouble", "leftovers", "leaks"):
        for said in report.named(run.report, name):
            tally.check(f"{label} {name}", said.strip().splitlines())
    for name in wanted:
        if not report.named(run.report, name):
            tally.fail(f"{label} {name}", "nobody looked")
    for taint in report.named(run.report, "taint"):
        kunit.judge_taint(tally, label, run, int(taint),
                          (1 << 12) | (1 << 13) | (1 << 18) | (TAINT_DIED if hard else 0))
