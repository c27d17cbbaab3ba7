# SPDX-License-Identifier: GPL-2.0
"""core/ with delays between its steps, so that threads meet there that otherwise hardly do."""
import dataclasses
import pathlib
import re
import tempfile

from harness import modules
from harness.proc import Failed

TYPES, OWNER = "core/types.h", "core/refs.c"  # included everywhere; where the one variable is

DELAY = """#include <linux/delay.h>
#include <linux/percpu.h>
#include <linux/sched.h>

/* One step in %(odds)d is followed by a delay, of less than %(longest)d us. */
DECLARE_PER_CPU(u32, wpool_delay_state);
static inline void planted_delay(void)
{
	u32 x = raw_cpu_read(wpool_delay_state);

	x = x * 1664525u + 1013904223u + (u32)(unsigned long)current;
	raw_cpu_write(wpool_delay_state, x);
	if ((x >> 16) %% %(odds)d == 0)
		udelay((x >> 8) %% %(longest)d);
}

"""
STATE = """
DEFINE_PER_CPU(u32, wpool_delay_state) = 1;
EXPORT_PER_CPU_SYMBOL_GPL(wpool_delay_state);
"""


@dataclasses.dataclass(frozen=True)
class Place:
    """Steps that get a delay."""
    what: str
    files: str
    step: re.Pattern
    delayed: str


PLACES = (
    Place("what is counted under the lock", "core/counter.h",
          re.compile(r"(pool->stats\.count\[stat\] \+= n;)"), r"\1 planted_delay();"),
    Place("what is read without the lock", "core/counter.h",
          re.compile(r"(#define shared_add\(x, n\)\s+)(WRITE_ONCE.*)"),
          r"\1do { \2; planted_delay(); } while (0)"),
    Place("a hold that begins", "core/pool_lock.h",
          re.compile(r"(\tinbox_collect\(pool\);)(\s+\\)"), r"\1 planted_delay();\2"),
    Place("a hold that ends", "core/pool_lock.h",
          re.compile(r"(\tif \(unlikely\(pool_marks\(pool\) \|\| queue_unseen)"),
          r"\tplanted_delay();\n\1"),
    Place("a lock that has been dropped", "core/pool_lock.h",
          re.compile(r"(\t\traw_spin_unlock_irq\w*\(&pool->lock.*\);\n)\}"), r"\1\tplanted_delay();\n}"),
    Place("a thread that is woken, a module that is let go", "core/*.[ch]",
          re.compile(r"^(\t+)((?:module_put|complete|wake_up_process)\(.*\);)$", re.M),
          r"\1do { planted_delay(); \2 planted_delay(); } while (0);"),
    Place("a task that changes its state", "core/*.[ch]",
          re.compile(r"^(\t+)(WRITE_ONCE\(task->state, .*\);)$", re.M),
          r"\1do { \2 planted_delay(); } while (0);"),
)


def _plant(tree, place):
    found = 0
    for path in sorted(tree.glob(place.files)):
        text, n = place.step.subn(place.delayed, path.read_text())
        path.write_text(text)
        found += n
    if not found:
        raise Failed(f"{place.files}: has no more, as it seems, of: {place.what}")
    return found


def build(kernel, odds, longest):
    """({module name: the .ko as bytes}, how many places there are)"""
    with tempfile.TemporaryDirectory(prefix="wpool-delays-") as folder:
        tree = pathlib.Path(folder)
        modules.mirror(modules.TREE, tree)
        places = sum(_plant(tree, place) for place in PLACES)
        types = tree / TYPES
        types.write_text(types.read_text().replace(
            "#include", DELAY % {"odds": odds, "longest": longest} + "#include", 1))
        owner = tree / OWNER
        owner.write_text(owner.read_text() + STATE)
        built, _ = modules.build(kernel, tree, "delays", words=(), tests="kunit")
    return built, places
