# SPDX-License-Identifier: GPL-2.0
"""Run KUnit suites in a machine and judge what came back."""
import fnmatch
import os
import pathlib
import re

from harness import console, ktap, machine, report
from harness.proc import Failed, say

SUITE = re.compile(r"struct kunit_suite \w+[^={;]*=\s*\{[^}]*?\.name\s*=\s*\"([^\"]+)\"", re.S)
# Out of tree, unsigned, and a KUnit test has run; a complaint adds W or D.
TAINT_EXPECTED = (1 << 12) | (1 << 13) | (1 << 18)
TAINT_WARNED = 1 << 9
TAINT_COMPLAINT = (1 << 7) | TAINT_WARNED
TAINT_UNINIT = 1 << 5  # KMSAN has reported
# Seconds: a boot with its kmemleak scans; each further round of the suites.
LIMIT_BOOT, LIMIT_ROUND = 840, 60
# From so many CPUs on a boot takes longer, on a machine that has fewer.
MANY_CPUS = 8
# By how much longer a kernel may take: on a quiet machine debug takes half of the limit.
SLOW = {"debug": 2, "uml": 2, "kcsan": 3, "rt-debug": 2, "arm64-debug": 3, "i386-debug": 2,
        "s390x-debug": 3, "riscv64-debug": 3, "clang": 3, "kmsan": 6}
# What skips each of its tests on a kernel without this.
NEEDS = {suite: need for need, suites in {
    "CONFIG_PROVE_LOCKING": "wpool_hold wpool_lockdep",
    "CONFIG_DEBUG_FS": "wpool_debugfs wpool_latency wpool_shown",
    "CONFIG_FAULT_INJECTION_DEBUG_FS": "wpool_memory",
    "CONFIG_KALLSYMS": "wpool_leaks",
    "CONFIG_MODULE_UNLOAD": "wpool_owner",
    "CONFIG_TRACEPOINTS": "wpool_between wpool_closing wpool_trace",
}.items() for suite in suites.split()}
NO_LEAKS = " kmemleak=off"
# What a kernel says that looks for this.
CAN_LOOK = {"lockdep": "Lock dependency validator:", "kcsan": "kcsan: enabled early",
            "leaks": "kmemleak: Kernel memory leak detector initialized"}
PARAMETER = 1000  # letters: the kernel takes 1,023 of a module's parameter
MOST_USED = 0.9  # of one of lockdep's tables
LAST_WORDS = 30  # lines of the console
# What a test says by kunit_info(), and not KUnit of the test.
REMARK = r" +# {}: (?!pass:|Test should be marked)(.*)"


def suites_in(folder, wanted="*"):
    """Suites that the sources promise: one that does not report is a failure."""
    found = [name for path in sorted(pathlib.Path(folder).glob("*.c"))
             for name in SUITE.findall(path.read_text())]
    patterns = wanted.split(",")
    chosen = [name for name in found if any(fnmatch.fnmatch(name, each) for each in patterns)]
    for pattern in patterns:
        if pattern != "*" and not fnmatch.filter(found, pattern):
            raise Failed(f"no suite '{pattern}'; there are: {' '.join(found) or 'none'}")
    return chosen


def able(kernel, suites):
    """Those that have something to say on the kernel."""
    return [name for name in suites if name not in NEEDS or kernel.has(NEEDS[name])]


def _only(test):
    """What a kernel is told, so that it does not even skip most of what is not asked for.

    It takes one glob, and 6.1 none for the tests of modules.
    """
    globs = test.split(",")
    if len(globs) == 1:
        return f"kunit.filter_glob={test}"
    common = re.split(r"[\[\\]", os.path.commonprefix(globs))[0]
    following = {glob[len(common):][:1] or "*" for glob in globs}
    some = "" if following & set("*?[\\") else f"[{''.join(sorted(following))}]"
    return f"kunit.filter_glob={common}{some}*"


# What a suite has the kernel report, each in a machine of its own: lockdep is off from then
# on, and of the errors that it finds with objects it tells the first few.
PROVOCATION = re.compile(r'^\t\{ "(\w+)", by_', re.M)


def provocations(folder, provoker):
    """What that suite can be told to provoke."""
    texts = [path.read_text() for path in sorted(pathlib.Path(folder).glob("*.c"))]
    return [name for text in texts if provoker in SUITE.findall(text)
            for name in PROVOCATION.findall(text)]


# Suites about NUMA nodes; wpool_set says how many it has found.
NODES = "wpool_set", "wpool_attrs"
NODES_FOUND = re.compile(r"set_by_node: nodes: (\d+)$", re.M)


def has_nodes(kernel, cpus, test):
    return kernel.arch == "x86_64" and cpus > 1 and set(test.split(",")) <= set(NODES)


def judge_nodes(tally, label, run, nodes):
    found = set(NODES_FOUND.findall(run.console))
    tally.check(f"{label} has {nodes} NUMA nodes",
                [] if found == {str(nodes)} else [f"{NODES[0]} has found {', '.join(found) or 'none'}"])


def run(kernel, built, order, cpus, repeat=1, test="*", limit=None, enough=None, provoke="", leaks=True,
        nodes=1):
    """Boot, load the modules in order, and return the machine's run.

    Where there are no others than NODES asked for, a machine of several CPUs has two nodes at least.
    test: only these suites of wpool_kunit; globs, with commas.
    provoke: one of provocations().
    leaks: the kernel looks for them, if it can.
    """
    files = {f"{name}.ko": built[name] for name in order if name in built}
    files["report.sh"] = machine.GUEST / "report.sh"
    settings = [f"REPEAT={repeat}", f"MODULES='{' '.join(order)}'"]
    if test != "*":
        if len(test) > PARAMETER:
            raise Failed(f"a kernel takes {PARAMETER} letters of suites' names, not {len(test)}: use globs")
        settings += [f"ARGS_wpool_kunit='suite={test} provoke={provoke}'"]
    files["env"] = "\n".join(settings) + "\n"
    return machine.boot(kernel, "kunit", files, programs=machine.programs(kernel, "helper"),
                        cpus=cpus, enough=enough, append=f"{_only(test)}{'' if leaks else NO_LEAKS}",
                        words=machine.numa(cpus, max(nodes, 2 if has_nodes(kernel, cpus, test) else 1)),
                        limit=limit or
                        (LIMIT_BOOT + LIMIT_ROUND * repeat) * SLOW.get(kernel.name, 1) *
                        max(1, cpus // MANY_CPUS))


def judge(tally, label, run, suites, repeat=1):
    """Every suite, every round, and what the machine itself had to say."""
    _judge_suites(tally, label, run, suites, repeat)
    judge_verdict(tally, label, run)
    judge_console(tally, label, run)
    judge_lockdep(tally, label, run)
    _judge_leavings(tally, label, run)


def _judge_suites(tally, label, run, suites, repeat):
    rounds = [{suite.name: suite for suite in ktap.parse(log)}
              for log in report.named(run.report, "log")]
    cut = [] if len(rounds) == repeat else [_cut_off(run, len(rounds), repeat)]
    tally.check(f"{label} rounds", cut)
    for name in suites if rounds else []:
        seen = [found[name] for found in rounds if name in found]
        faults = [f"round {number}: {fault}" for number, found in enumerate(rounds, 1)
                  for fault in (found[name].faults() if name in found
                                else ["the suite did not run"])]
        if faults:
            tally.fail(f"{label} {name}", faults[0], faults[1:5])
        judge_tests(tally, f"{label} {name}", seen)


def _cut_off(run, ended, wanted):
    """How far a machine had come, in words."""
    suites = len([suite for suite in ktap.parse(run.console) if suite.verdict])
    return (f"{ended} of {wanted} came to their end, {suites} suites in all;"
            f" under way: {ktap.underway(run.console) or 'none'}")


def _remarks(label, seen):
    """What tests that passed have to say: each line once, however often it was said."""
    found = {f"{label}.{test.name}: {remark[1]}": None for suite in seen for test in suite.tests
             for line in test.said if test.status == "pass"
             if (remark := re.match(REMARK.format(re.escape(test.name)), line))}
    return list(found)


def judge_tests(tally, label, seen):
    passed = []
    for number, suite in enumerate(seen, 1):
        for test in suite.tests:
            if test.status == "pass":
                passed.append(f"{label}.{test.name}")
                for which, why in test.skipped():
                    if why:
                        tally.skip(f"{label}.{test.name}, {which}: {why}", told=number > 1)
                    else:
                        tally.fail(f"{label}.{test.name}, {which}",
                                   f"skipped in round {number}, without a reason")
            elif test.status == "fail":
                tally.fail(f"{label}.{test.name}", f"failed in round {number}", test.said[-30:])
            elif test.status == "skip" and test.why():
                tally.skip(f"{label}.{test.name}: {test.why()}", told=number > 1)
            elif test.status == "skip":
                tally.fail(f"{label}.{test.name}", f"skipped in round {number}, without a reason")
    if passed:
        tally.ok(f"{label}: {len(passed)} passed", passed)
    for remark in _remarks(label, seen):
        say(f"note    {remark}")


def judge_verdict(tally, label, run):
    """A machine without a verdict is shown with its last words."""
    last = run.console.rstrip().splitlines()[-LAST_WORDS:]
    tally.check(f"{label} verdict", [run.why, *last] if run.why else [])


def judge_console(tally, label, run, forgiven=None, shown=console.NAMED):
    for line in console.own_reports(run.console, console.WAIT):
        tally.skip(f"{label} lockdep, off since the kernel tripped over itself: {line.strip()}")
    judge_races(tally, label, run)
    found, missing = console.faults(run.console, shown)
    found = [line for line in found if not (forgiven and forgiven.search(line))]
    faults = [*found, *(f"expected but not said: {line}" for line in missing)]
    told = ["what was said there:", *console.excerpt(run.console, found[0])] if found else []
    tally.check(f"{label} console", [*faults, *told])


def _judge_leavings(tally, label, run):
    """What loading, unloading and memory accounting had to say."""
    if run.why:
        return
    trouble = "\n".join(report.named(run.report, "trouble")).strip()
    tally.check(f"{label} load and unload", trouble.splitlines())
    left = "\n".join(report.named(run.report, "leftovers")).strip()
    tally.check(f"{label} leaves nothing behind", left.splitlines())
    judge_asked(tally, label, run, "leaks")
    for leaks in report.named(run.report, "leaks"):
        tally.check(f"{label} leaks no memory", leaks.splitlines())
    judge_taint(tally, label, run, int(report.named(run.report, "taint")[0]), TAINT_EXPECTED)


def judge_asked(tally, label, run, what):
    """What a kernel looks for, as it said when it began, it must have been asked for."""
    if CAN_LOOK[what] in run.console and not run.why and not report.named(run.report, what):
        tally.fail(f"{label} {what}", "the kernel looks for that, and nobody asked it")


def judge_lockdep(tally, label, run, shown=console.NAMED):
    """Once it has reported something, or has no room for more, lockdep proves nothing."""
    judge_asked(tally, label, run, "lockdep")
    for stats in report.named(run.report, "lockdep"):
        on = re.search(r"debug_locks: +1", stats)
        if on or not console.says_lockdep_ended(run.console, shown):
            tally.check(f"{label} lockdep stays on", [] if on else ["off, and not a word why"])
        tally.check(f"{label} lockdep has room", _nearly_full(stats))


def _nearly_full(stats):
    """The next test may need more, and not in each run: so it is said before lockdep is off."""
    return [f"{row.strip()}, see CONFIG_LOCKDEP_*BITS" for row, used, most
            in re.findall(r"^(.*: +(\d+) \[max: (\d+)\])$", stats, re.M) if int(used) > MOST_USED * int(most)]


def judge_races(tally, label, run):
    """How closely KCSAN looked, and what it saw that is not ours."""
    judge_asked(tally, label, run, "kcsan")
    for counts in report.named(run.report, "kcsan"):
        watched = int(re.search(r"setup_watchpoints: (\d+)", counts)[1])
        races = console.own_reports(run.console, console.RACE)
        say(f"--- {label}: {watched} accesses were watched, {len(races)} races are the kernel's own")
        tally.check(f"{label} has looked for data races", [] if watched else ["no access was watched"])


def judge_taint(tally, label, run, taint, allowed):
    if console.EXPECT.search(run.console):
        allowed |= TAINT_COMPLAINT
    if console.own_reports(run.console, console.UNINIT):
        allowed |= TAINT_UNINIT
    if console.own_reports(run.console, console.LATE_PRINTK):
        allowed |= TAINT_WARNED
    tally.check(f"{label} taint", [] if not taint & ~allowed else
                [f"{taint:#x} has {taint & ~allowed:#x} beyond what loading the module gives"])
