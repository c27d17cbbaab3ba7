# SPDX-License-Identifier: GPL-2.0
"""Load wpool rightly, wrongly, and as what it needs fails; judge what came back."""
import re

from harness import console, kunit, machine, modules, report, user, versions

FIXTURES = modules.TREE / "scripts/fixtures"
# The kernel shows the stack of the thread that it refuses a slab cache, a stack, or memory of each
# CPU; what leaks is judged by itself.
SHOWN = re.compile(r"kmem_cache_create\w*\(wpool_\w+\) failed with error|vmalloc error: size|"
                   r"percpu: allocation failed|kmemleak: \d+ new suspected|" + console.NAMED.pattern)
# The kernel's own: 6.1 forgets the name of a slab cache that has no place in sysfs.
OWN_LEAK = "sysfs_slab_add"
# One allocation in so many fails, where a machine is emulated. An even number may meet only every
# other one, that of what is noted of each.
STEP, STEP_EMULATED = {"um": 1, "x86_64": 7}, 3
# By its tracepoints it is seen that init is called, and from then on allocations fail.
TRACED = "CONFIG_EVENT_TRACING"
LIMIT = 1200  # seconds: many loads on the slowest kernel


def run(kernel, built):
    planted, _ = modules.build(kernel, FIXTURES, "fixtures", ("Kbuild", "*.c"))
    files = {"wpool.ko": built["wpool"], "no_hotplug.ko": planted["no_hotplug"],
             "wpool_stress.ko": built["wpool_stress"],
             "env": f"TRACED={'y' if kernel.has(TRACED) else ''}\n"
                    f"STEP={STEP.get(kernel.arch, STEP_EMULATED)}\nVERSION={versions.version()}\n",
             **user.scripts()}
    # Each load that fails waits for RCU: all of them for half of the time, with nothing to do.
    return machine.boot(kernel, "load", files, programs=machine.programs(kernel, "helper"), limit=LIMIT,
                        append="rcupdate.rcu_expedited=1")


def judge(tally, label, run):
    user.judge(tally, label, run, shown=SHOWN)
    kunit.judge_lockdep(tally, label, run, SHOWN)
    judge_leaks(tally, label, run)


def judge_leaks(tally, label, run):
    kunit.judge_asked(tally, label, run, "leaks")
    for said in report.named(run.report, "leaks"):
        leaks = [leak for leak in re.split(r"\n(?=unreferenced object)", said.strip())
                 if leak and OWN_LEAK not in leak]
        tally.check(f"{label} leaks no memory", "\n".join(leaks).splitlines())
