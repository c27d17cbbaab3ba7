# SPDX-License-Identifier: GPL-2.0
"""Proof that a red run cannot look green: plant a fault, and see the check fail for it.

Each fault is planted twice: quickly, as the words of a machine that met it, and
really, by a module of fixtures/ that commits it in a machine.
"""
import contextlib
import fnmatch
import functools
import pathlib
import subprocess
import tempfile

from harness import (cache, coverage, extable, kernels, kunit, load, machine, modules, mutants, resume,
                     torture, user)
from harness.proc import Failed
from harness.tally import overhear

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
HANG_LIMIT = 60  # seconds: several times what a machine needs for the green one

# What is planted: the fixture that does it, and the reason that the check must give.
PLANTED = {
    "a failing assertion": ("red_assert", "red_assert.red_assert_test: failed in round 1"),
    "a test module that does not load": ("red_load", "load and unload: insmod: can't insert"),
    "a panic mid-test": ("red_panic", "verdict: the machine stopped without a verdict"),
    "a hang": ("red_hang", "verdict: no verdict within"),
    "a lockdep splat": ("red_lockdep", "console: *WARNING: possible circular locking"),
    "a KASAN report": ("red_kasan", "console: *BUG: KASAN: use-after-free"),
    "a data race": ("red_kcsan", "console: *BUG: KCSAN: data-race in *red_kcsan_"),
    "a shift too far": ("red_ubsan", "console: *UBSAN: shift-out-of-bounds"),
    "a call by the wrong type": ("red_cfi", "console: *CFI failure at red_cfi_test"),
    "memory without a value": ("red_kmsan", "console: *BUG: KMSAN: uninit-value in red_kmsan_test"),
    "a leak": ("red_leak", "leaks no memory: unreferenced object"),
    "an empty log": ("red_empty", "red_empty: round 1: the suite did not run"),
    "a suite that is silently not run": (
        "red_silent", "red_silent_forgotten: round 1: the suite did not run"),
}


# The same for the user-level test, on a kernel as Debian ships it: what red_user is to do.
PLANTED_USER = {
    "a run that is right": ("nothing", None),
    "a case that fails": ("refuse", "the planted module loads: insmod: can't insert"),
    "a panic": ("panic", "verdict: the machine stopped without a verdict"),
    "a hang": ("hang", "verdict: no verdict within"),
    "a script that ends before its time": ("cut", "plan: planned None cases, saw 1"),
    "a warning": ("warn", "console: *WARNING: CPU:"),
    "an oops": ("oops", "console: *kernel NULL pointer dereference"),
    "a thread that sleeps where it must not": ("sleep", "console: *BUG: scheduling while atomic"),
    "a death that wpool does not log": ("unlogged", "each of 1 deaths is logged once"),
    "a taint": ("taint", "taint: 0x3010 has 0x10 beyond"),
}
# What a kernel must have been made with to notice one.
NEEDS = {"sleep": "CONFIG_PREEMPT_COUNT"}


# What only another kernel than the usual one notices.
KERNELS = {"red_kcsan": "kcsan", "red_ubsan": "clang", "red_cfi": "clang", "red_kmsan": "kmsan"}


def suites_of(module):
    """What check would expect of the module; an empty log has no module to ask."""
    if module == "red_empty":
        return [module]
    return [name for name in kunit.suites_in(FIXTURES) if name.startswith(module)]


def prove(tally, planted, module, reason, run):
    """Judge a run of a KUnit module as check does; it must fail, and for that reason."""
    _prove(tally, planted, reason, kunit.judge, run, suites_of(module))


def prove_user(tally, kernel, planted):
    """The same of a user-level test."""
    how, reason = PLANTED_USER[planted]
    if how in NEEDS and not kernel.has(NEEDS[how]):
        tally.skip(f"{planted} on {kernel.name}: it has no {NEEDS[how]}")
        return
    _prove(tally, f"{planted} on {kernel.name}", reason, user.judge, _boot_user(kernel, how))


def _prove(tally, planted, reason, judge, run, *args):
    inner, said = overhear(judge, "planted", run, *args)
    given = next((line for line in inner.reasons if fnmatch.fnmatch(line, f"*{reason}*")), None)
    if reason is None and inner.passed and not inner.failed:
        tally.ok(f"{planted}: the check passed")
    elif given:
        tally.ok(f"{planted}: the check failed: {given.removeprefix('planted ')}")
    else:
        tally.fail(planted, f"wanted {reason or 'a pass'}, got:", said.splitlines())


# --- really -----------------------------------------------------------------

def boot(kernel, built, module):
    order = [] if module == "red_empty" else [module]
    return kunit.run(kernel, built, order, cpus=2,
                     limit=HANG_LIMIT if module == "red_hang" else 180)


def _boot_user(kernel, how):
    built, _ = modules.build(kernel, FIXTURES, "fixtures", ("Kbuild", "*.c"))
    return machine.boot(kernel, "red", {"red_user.ko": built["red_user"], "env": f"HOW={how}\n",
                                        **user.scripts()},
                        limit=HANG_LIMIT if how == "hang" else 180)


# --- quickly ----------------------------------------------------------------

LOG = """[    1.0] KTAP version 1
[    1.0] 1..1
[    1.0]     KTAP version 1
[    1.0]     # Subtest: {suite}
[    1.0]     1..{plan}
[    1.0]     {verdict} 1 {suite}_test
[    1.0] {verdict} 1 {suite}"""
SKIPS_AFTER = LOG.replace("{suite}_test\n", "{suite}_test # SKIP why not\n").replace(
    "    {verdict} 1", "    # {suite}_test: EXPECTATION FAILED at kunit/green.c:1\n[    1.0]     {verdict} 1")
PARAMETERS = """[    1.0] KTAP version 1
[    1.0] 1..1
[    1.0]     KTAP version 1
[    1.0]     # Subtest: green
[    1.0]     1..2
[    1.0]         KTAP version 1
[    1.0]         # Subtest: some
[    1.0]         ok 1 one
[    1.0]         ok 2 two{why}
[    1.0]     # some: pass:1 fail:0 skip:1 total:2
[    1.0]     ok 1 some
[    1.0]         KTAP version 1
[    1.0]         # Subtest: all
[    1.0]         ok 1 one{why}
[    1.0]     # all: pass:0 fail:0 skip:1 total:1
[    1.0]     ok 2 all # SKIP {whole}
[    1.0] ok 1 green"""
LEAK = "unreferenced object 0xffff888005987000 (size 2048):"
LOCKDEP = "[    4.8] WARNING: possible circular locking dependency detected"
UBSAN = "[    6.5] UBSAN: shift-out-of-bounds in red_ubsan.c:11:36"
CFI = "[    6.5] CFI failure at red_cfi_test+0x11/0x20 [red_cfi] (target: red_cfi_fn+0x0/0x10 [red_cfi]; " \
      "expected type: 0x3c3e9f5d)"
KASAN = "[    6.6] BUG: KASAN: use-after-free in red_kasan_test+0x11f/0x140"
WAIT_CONTEXT = """
[    2.6] [ BUG: Invalid wait context ]
[    2.6] (&zone->lock){{-.-.}}-{{3:3}}, at: get_page_from_freelist+0x933/0x1190
[    2.6] Call Trace:
[    2.6]  {}"""
RACE = """
[    7.1] ==================================================================
[    7.1] BUG: KCSAN: data-race in {0} / {1}
[    7.1]
[    7.1] write to 0xffffffffc0002118 of 4 bytes by task 71 on cpu 1:
[    7.1]  {0}
[    7.1]  kthread+0x11f/0x140
[    7.1]
[    7.1] read to 0xffffffffc0002118 of 4 bytes by task 70 on cpu 0:
[    7.1]  {1}
[    7.1]  red_kcsan_test+0x11f/0x140 [red_kcsan]
[    7.1]
[    7.1] ==================================================================
"""
UNINIT = """
[    7.6] =====================================================
[    7.6] BUG: KMSAN: uninit-value in {0}
[    7.6]  {0}
[    7.6]  show_stack+0x42/0x80
[    7.6]  {1}
[    7.6] =====================================================
"""
DIED_OF_BUG = """
[    8.2] Internal error: Oops - BUG: 00000000f2000800 [#2] SMP
[    8.3] Call trace:
"""
NOT_LEFT = """
[    8.4] WARNING: CPU: 1 PID: 0 at kernel/context_tracking.c:128 ct_kernel_exit.constprop.0+0xa0/0xb0
[    8.5] Call trace:
"""
SUSPENDING = "\n[   18.1] printk: Suspending console(s) (use no_console_suspend to debug)"
LATE_PRINTK = """
[   18.2] WARNING: kernel/printk/printk.c:4634 at {}+0x326/0x330, CPU#1: wpool-manager/64
[   18.3] Call Trace:
"""
PROMISE_OF_BUG = "[    8.1] wpool_stress: expect: Internal error: Oops - BUG"
PROMISE = "[    1.0] wpool_kunit: expect: BUG: as promised\n"
PROMISE_OF_LOCKDEP = "[    4.7] wpool_kunit: expect: WARNING: possible circular locking\n"
TRACE = "\n[    4.9] Call Trace:"
WATCHED = "\n[    4.8] wpool: a: worker 1 (pid 7) has been in run_job [wpool_kunit] for 20 ms"
LOCKDEP_OFF = " debug_locks:                   0"


def words(suite="green", verdict="ok", plan=1, log=None, trouble="", leaks="", taint="4096", **more):
    """The report of a machine that came to its end."""
    log = LOG.format(suite=suite, verdict=verdict, plan=plan) if log is None else log
    return sent(log=log, trouble=trouble, leftovers="", leaks=leaks, taint=taint, **more)


def sent(**documents):
    said = "".join(f"@begin {name}\n{text}\n@end\n" for name, text in documents.items())
    return f"{said}{machine.LAST}\n"


def pretend(report, console="", ending="", limit=20):
    """A child process in the place of a machine, which says these words and then ends."""
    with tempfile.TemporaryDirectory(prefix="wpool-red-") as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "words").write_text(report)
        (scratch / "console").write_text(console)
        return machine.execute(["sh", "-c", f"cat '{scratch}/words' >'{scratch}/report'; {ending}"],
                               scratch, limit)


def cut(report):
    """As much as a machine had reported when it met its end."""
    return report[:report.index("@begin trouble")]


def quick():
    """(what is planted, module, reason, run) of every fault, told and not committed."""
    promised = PROMISE + "[    1.1] BUG: as promised"
    yield "a run that is right", "green", None, pretend(words(), promised)
    runs = {
        "a failing assertion": pretend(words("red_assert", "not ok")),
        "a test module that does not load": pretend(
            words(log="", trouble="insmod: can't insert '/red_load.ko': No such device")),
        "a panic mid-test": pretend(cut(words("red_panic")), "Kernel panic - not syncing"),
        "a hang": pretend(cut(words("red_hang")), ending="sleep 60", limit=1),
        "a lockdep splat": pretend(words("red_lockdep"), LOCKDEP),
        "a KASAN report": pretend(words("red_kasan"), KASAN),
        "a data race": pretend(words("red_kcsan"), RACE.format(
            "red_kcsan_count+0x1/0x2 [red_kcsan]", "red_kcsan_count+0x3/0x4 [red_kcsan]")),
        "a shift too far": pretend(words("red_ubsan"), UBSAN),
        "a call by the wrong type": pretend(words("red_cfi"), CFI),
        "memory without a value": pretend(words("red_kmsan"), UNINIT.format(
            "red_kmsan_test+0x1/0x2 [red_kmsan]", "kthread+0x1/0x2")),
        "a leak": pretend(words("red_leak", leaks=LEAK)),
        "an empty log": pretend(words(log="")),
        "a suite that is silently not run": pretend(words("red_silent_run")),
    }
    for planted, (module, reason) in PLANTED.items():
        yield planted, module, reason, runs[planted]
    green = "green"
    yield "an empty report", green, "verdict: the machine stopped without a verdict", pretend("")
    yield ("a result that is missing", green, "green: round 1: planned 2 tests, gave results of 1",
           pretend(words(plan=2)))
    yield ("a suite whose tests were all skipped", green, "green: round 1: skipped every test",
           pretend(words(log=LOG.format(suite=green, verdict="ok", plan=1)
                         .replace("green_test", "green_test # SKIP why not"))))
    yield ("a test that fails and then skips itself", green, "green.green_test: failed in round 1",
           pretend(words(log=SKIPS_AFTER.format(suite=green, verdict="ok", plan=1))))
    yield ("a promised complaint that does not come", green, "expected but not said",
           pretend(words(), PROMISE))
    yield ("a complaint beyond those promised", green, "console: *BUG: as promised",
           pretend(words(), promised + "\nBUG: as promised"))
    yield ("a wait context that is wrong in the module", green, "console: *Invalid wait context",
           pretend(words(), WAIT_CONTEXT.format("submit+0x1/0x2 [wpool]")))
    yield ("one that is wrong in the kernel alone", green, None,
           pretend(words(), promised + WAIT_CONTEXT.format("__stack_depot_save+0x1/0x2")))
    yield ("a data race of what is handed memory of the module", green, "console: *BUG: KCSAN",
           pretend(words(), promised + RACE.format("try_to_wake_up+0x1/0x2",
                                                   "llist_add_batch+0x1/0x2")))
    yield ("one of what works on a tree of the module's", green, "console: *BUG: KCSAN",
           pretend(words(), promised + RACE.format("rb_erase+0x1/0x2", "rb_insert_color+0x1/0x2")))
    yield ("KCSAN that watches nothing", green, "has looked for data races: no access was watched",
           pretend(words(kcsan="setup_watchpoints: 0"), promised))
    yield ("a test that skips itself without a reason", green, "skipped in round 1, without a reason",
           pretend(words(log=PARAMETERS.format(why="", whole=""))))
    yield ("a parameter that skips itself without a reason", green, "green.some, two: skipped in round 1",
           pretend(words(log=PARAMETERS.format(why=" # SKIP ", whole="why not"))))
    yield ("KCSAN that nobody asked", green, "kcsan: the kernel looks for that",
           pretend(words(), f"{promised}\n[    0.1] {kunit.CAN_LOOK['kcsan']}"))
    yield ("a data race of the kernel alone", green, None,
           pretend(words(), promised + RACE.format("try_to_wake_up+0x1/0x2",
                                                   "ttwu_queue+0x1/0x2")))
    yield ("an uninitialised value in the module", green, "console: *BUG: KMSAN",
           pretend(words(), promised + UNINIT.format("submit+0x1/0x2 [wpool]", "kthread+0x1/0x2")))
    yield ("one in what the kernel shows of the thread itself", green, "console: *BUG: KMSAN",
           pretend(words(), promised + UNINIT.format("__show_regs+0x1/0x2", "dump_stack+0x1/0x2")))
    yield ("one in what it shows of another thread", green, None,
           pretend(words(taint="4128"), promised + UNINIT.format("__show_regs+0x1/0x2",
                                                                 "sched_show_task+0x1/0x2")))
    yield ("a taint like that of an uninitialised value", green, "taint: 0x1020 has 0x20 beyond",
           pretend(words(taint="4128")))
    yield ("a debug exception that arm64 did not leave", green, None,
           pretend(words(), PROMISE_OF_BUG + DIED_OF_BUG + NOT_LEFT))
    yield ("one without a death", green, "console: *WARNING: CPU: 1",
           pretend(words(), promised + NOT_LEFT))
    yield ("a death on arm64 that nobody promised", green, "console: *Internal error: Oops",
           pretend(words(), promised + DIED_OF_BUG))
    yield ("a message stored while consoles are suspended", green, None,
           pretend(words(taint="4608"), promised + SUSPENDING + LATE_PRINTK.format("vprintk_emit")))
    yield ("one stored at another time", green, "console: *WARNING: kernel/printk",
           pretend(words(taint="4608"), promised + LATE_PRINTK.format("vprintk_emit")))
    yield ("another warning of printk's then", green, "console: *WARNING: kernel/printk",
           pretend(words(taint="4608"), promised + SUSPENDING + LATE_PRINTK.format("con_add")))
    yield "a taint", green, "taint: 0x1200 has 0x200 beyond", pretend(words(taint="4608"))
    yield ("lockdep that goes off beside a promised complaint", green, "lockdep stays on: off, and not a",
           pretend(words(lockdep=LOCKDEP_OFF), promised))
    yield ("lockdep that nobody asked", green, "lockdep: the kernel looks for that",
           pretend(words(), f"{promised}\n[    0.1] {kunit.CAN_LOOK['lockdep']} Copyright (c) 2006"))
    yield ("leaks that nobody asked for", green, "leaks: the kernel looks for that",
           pretend(words().replace("@begin leaks\n\n@end\n", ""),
                   f"{promised}\n[    0.9] {kunit.CAN_LOOK['leaks']} (mem pool available: 15000)"))
    yield ("lockdep that a promised report turns off", green, None,
           pretend(words(lockdep=LOCKDEP_OFF), PROMISE_OF_LOCKDEP + LOCKDEP + TRACE))
    yield ("a second trace below a promised complaint", green, "console: *Call Trace",
           pretend(words(), promised + TRACE * 2))
    yield ("one below what the watchdog shows", green, "console: *Call Trace",
           pretend(words(), WATCHED + TRACE * 2))


# What a kernel says as its allocations fail, and what it must not say.
REFUSED = "[    4.8] __kmem_cache_create_args(wpool_task) failed with error -12" + TRACE
CASE = "ok 1 - planted\n1..1\n"


def prove_loading(tally):
    for planted, reason, said, documents in (
            ("a slab cache that is refused", None, REFUSED, {}),
            ("a trace that nothing explains", "console: *Call Trace", TRACE, {}),
            ("a second trace below such a cache", "console: *Call Trace", REFUSED + TRACE, {}),
            ("a lock without a key", "console: *non-static key",
             "[    4.8] INFO: trying to register non-static key." + TRACE, {}),
            ("a stall of RCU", "console: *expedited stalls",
             "[    4.8] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 0-.... }", {}),
            ("a kernel without room for locks", "console: *turning off the locking",
             "[    4.8] turning off the locking correctness validator.", {}),
            ("lockdep that goes off", "lockdep stays on", REFUSED, {"lockdep": LOCKDEP_OFF})):
        _prove(tally, f"loading: {planted}", reason, load.judge,
               pretend(CASE + sent(taint="4096", **documents), said))


def prove_torture(tally):
    """What nobody looked for is not said to be right."""
    end = {"verdict": "passed", "leftovers": "", "trouble": "", "taint": "4096"}
    for planted, reason, documents, seeks in (
            ("a run that is right", None, end | {"leaks": ""}, True),
            ("a leak", "leaks: unreferenced object", end | {"leaks": LEAK}, True),
            ("leaks that nobody looked for", "leaks: nobody looked", end, True),
            ("a kernel that cannot look for them", None, end, False),
            ("a taint that is not said", "taint: nobody looked", end | {"taint": None}, False),
            ("a run that failed", "verdict: verdict 'failed'", end | {"verdict": "failed", "leftovers": None},
             True)):
        run = pretend(sent(**{name: text for name, text in documents.items() if text is not None}))
        _prove(tally, f"torture: {planted}", reason, torture.judge, run, False, seeks)
        inner, _ = overhear(torture.judge, "planted", run, False, seeks)
        claimed = {case.what.removeprefix("planted ") for case in inner.cases if case.outcome == "passed"}
        tally.check(f"torture: {planted}: no more is said to be right than was looked at",
                    sorted(name for name in claimed & {"leaks", "leftovers", "trouble", "taint"}
                           if documents.get(name) is None))


def prove_skips(tally):
    """What is skipped of a test that passed is named as far as the kernel names it, and counted once."""
    for planted, why, whole, wanted in (
            ("a parameter", " # SKIP why not", "", "green.some, two: why not"),
            ("one that 6.1 does not name", "", "why not",
             "green.some, 1 of 2 parameters: this kernel does not name them")):
        run = pretend(words(log=PARAMETERS.format(why=why, whole=whole)))
        inner, _ = overhear(kunit.judge, "planted", run, ["green"])
        found = [case.what.removeprefix("planted ") for case in inner.cases if case.outcome == "skipped"]
        tally.check(f"what is skipped is said: {planted}",
                    [] if sorted(found) == ["green.all: why not", wanted] and not inner.failed
                    else found or ["nothing"])
    run = pretend("ok 1 - a # SKIP why not\n1..1\n" + sent(taint="4096"))
    inner, said = overhear(user.judge, "planted", run)
    tally.check("what is skipped is said: by a guest", [] if inner.skipped and not inner.failed
                else said.splitlines())


def prove_config(tally):
    """Kconfig drops what it cannot have; the build of a kernel must not go on then."""
    planted = "a kernel option that was asked for and dropped"
    try:
        kernels.verify_config("CONFIG_A=y\nCONFIG_B=n\nCONFIG_SLUB=y\n",
                              "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_SLOB=y\n", "planted")
        tally.fail(planted, "nobody noticed")
    except Failed as error:
        wrong = [] if str(error).endswith("asked for: CONFIG_SLUB=y") else [str(error)]
        tally.check(f"{planted}: the build failed: {error}", wrong)


def prove_cpus(tally):
    """A kernel that was made for two CPUs does not mind that it is to have more."""
    said = "smp: Brought up 1 node, 2 CPUs\n"
    tally.check("a machine with fewer CPUs than were asked for",
                [] if machine.lacking(said, 4) and not machine.lacking(said, 2) and not machine.lacking("", 2)
                else ["nobody noticed"])


def count_of(function, reached, unreached):
    """What gcov would count of core/green.c, which has this one function."""
    lines = [[coverage.Line("core/green.c", function, text) for text in texts]
             for texts in (reached, unreached)]
    return {"core/green.c": coverage.Counts(*lines, 0, 0)}


def prove_coverage(tally):
    """A line that no test reaches must be explained, and what explains it must be so."""
    never = "core/green.c test: never\n| a();\nThere is no a."
    for planted, entries, unreached, wanted in (
            ("a line that is explained", never, ["a();"], ""),
            ("one that is reached seldom", never.replace("never", "seldom"), [], ""),
            ("a function that is explained", "core/green.c test: never\nIt cannot.", ["a();", "b();"], ""),
            ("a line that is not explained", never, ["a();", "b();"], "line 0, in test: b();"),
            ("one that is explained elsewhere", never.replace("test", "other"), ["a();"], "a();"),
            ("a second one of the same text", never, ["a();", "a();"], "a();"),
            ("one that is reached after all", never, [], "is reached, though it says never"),
            ("one that is not there any more", never, ["b();"], "there is no such line: a();")):
        reached = [] if unreached else ["a();"]
        inner, said = overhear(coverage.judge, count_of("test", reached, unreached),
                               coverage.explained(entries))
        right = wanted in "".join(inner.reasons) if wanted else not inner.failed
        tally.check(f"coverage: {planted}", [] if right else said.splitlines())


# A read, and where it goes on after a fault.
READ = """
read:	mov (%rdi), %rax
1:	ret
2:	xor %eax, %eax
	ret
	.section __ex_table, "a"
	.long read - ., {goes_on} - ., 3
"""


def prove_extable(tally):
    """What a compiler makes of it that loses what the code says of the fault, and any other."""
    with tempfile.NamedTemporaryFile(suffix=".o") as made:
        for planted, goes_on, wanted in (("a fault that is taken for a read", "1b", 1),
                                         ("a fault that is not", "2b", 0)):
            subprocess.run(["as", "--64", "-o", made.name], input=READ.format(goes_on=goes_on),
                           text=True, check=True)
            found = extable.faults(pathlib.Path(made.name).read_bytes())
            tally.check(planted, [] if len(found) == wanted else found or ["nobody noticed"])


def prove_claims(tally):
    """Where two checkouts build, neither does while the other's run lasts."""
    with tempfile.TemporaryDirectory(prefix="wpool-claims-") as scratch:
        parent = pathlib.Path(scratch) / "build"
        parent.mkdir()
        got, before = [], len(cache.held)
        for owner, ended in (("a", 0), ("a", 0), ("b", 0), ("c", 1), ("a", 0)):
            for handle in cache.held[len(cache.held) - ended:]:
                handle.close()
            got.append(cache.claim(parent, owner).name)
        tally.check("a folder that another run builds in is left alone, and taken when that has ended",
                    [] if got == ["0", "0", "1", "1", "0"] else [f"folders {got}"])
        tally.check("it is not removed while a run of its owner is in it", _removed(parent, [], ["0", "1"]))
        tally.check("but afterwards, and no other's", _removed(parent, cache.held[before:], ["1"]))


def _removed(parent, ended, wanted):
    """What is wrong with the folders that there are once the owner a has removed his, if he may."""
    for handle in ended:
        handle.close()
    with contextlib.suppress(Failed):
        cache.remove(parent, "a")
    left = sorted(path.name for path in parent.iterdir() if path.is_dir())
    return [] if left == wanted else [f"folders {left}"]


def prove_resume(tally):
    """A run that was cut off does again what failed, what had no end, and all if a file changes."""
    done = []

    def job(own, what):
        done.append(what)
        if what == "cut off" and len(done) == 3:
            raise KeyboardInterrupt
        own.check(what, ["planted"] if what == "fails" else [])

    with tempfile.TemporaryDirectory(prefix="wpool-resume-") as scratch:
        tree, kept = pathlib.Path(scratch, "tree"), pathlib.Path(scratch, "kept")
        kept.mkdir()
        subprocess.run(["git", "init", "-q", tree], check=True)
        (tree / "README.md").touch()
        for name, text in (("Kbuild", "a"), ("README.md", "a"), ("README.md", "b"),
                           ("README.md", "```\nb\n```\n")):
            (tree / name).write_text(text)
            run = resume.Resumed(kept, tree)
            some = [(what, functools.partial(job, what=what)) for what in ("passes", "fails", "cut off")]
            overhear(_all_of, run.jobs(some))
        done.append("closed")
        run.close()
        overhear(_all_of, resume.Resumed(kept, tree).jobs(some[:1]))
    wanted = ["passes", "fails", "cut off", "fails", "cut off", "fails",
              "passes", "fails", "cut off", "closed", "passes"]
    tally.check("a run that was cut off goes on with what has not passed",
                [] if done == wanted else [f"done: {done}"])


def _all_of(tally, some):
    with contextlib.suppress(KeyboardInterrupt):
        for _, job in some:
            job(tally)


def prove_quickly(tally):
    differ = []
    for planted, module, reason, run in quick():
        prove(tally, planted, module, reason, run)
        if bool(mutants.reason(",".join(suites_of(module)), run)) != bool(reason):
            differ.append(planted)
    tally.check("what fails a check is how a planted bug is caught", differ)
    prove_loading(tally)
    prove_torture(tally)
    prove_skips(tally)
    prove_config(tally)
    prove_extable(tally)
    prove_claims(tally)
    prove_cpus(tally)
    prove_coverage(tally)
    prove_resume(tally)
