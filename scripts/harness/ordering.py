# SPDX-License-Identifier: GPL-2.0
"""Documentation/dev/ordering.md, what is read without a lock: all that it names exists.

And each row names an error of a model with weakly ordered memory, or says why it needs none; and each
function that orders its accesses by more than a lock is named.
"""
import fnmatch
import re

from harness.csource import Source
from harness.modules import TREE

PAGE = TREE / "Documentation/dev/ordering.md"
ROW = re.compile(r"^\| (?!pair |---)(.*) \|$", re.M)
FILE = re.compile(r"\b\w+\.(?:[ch]|pml)\b")
NAME = re.compile(r"\b_*[a-z]+_\w+\b(?!\.)")
BUG = re.compile(r"\bBUG_\w+\*?")
MUTANTS = re.compile(r"\bmutants? ([\w-]+(?:, [\w-]+)*)")
ORDERS = re.compile(r"\b(?:smp_\w+|\w*cmpxchg\w*|\w*xchg\w*|test_and_\w+|data_race|"
                    r"atomic\w*_(?:acquire|release|and_test|return\w*|fetch_\w+)|rcu_assign_pointer|"
                    r"rcu_dereference\w*|synchronize_rcu\w*|call_rcu|rcu_barrier)\(")
SOURCES = ("core/*.[ch]", "lib/*.[ch]", "include/linux/*.h")
NEEDS_NONE = ("no order needed", "one lock", "the kernel's order")
PLANTED = """
| a | gone.c gone_by | core.h | - | gone.pml BUG_GONE, BUG_GONE_*; mutant gone-mutant; gone_kunit |
| steps alone | - | - | - | inbox.pml BUG_OPEN_* |
| needless | - | - | - | no order needed |
| weak | - | - | - | weak_task.pml BUG_DONE_PLAIN |
"""


def _all(pattern):
    return "\n".join(path.read_text() for path in sorted(TREE.glob(pattern)))


def unnamed(text, sources):
    """The functions of these files that order something, and that the text does not name."""
    for source in sources:
        for function in source.functions:
            if ORDERS.search(source.body(function)) and not re.search(rf"\b{function.name}\b", text):
                yield f"{PAGE.name}: no row names {source.name} {function.name}"


def _errors(pattern):
    return set(re.findall(BUG, _all(pattern)))


def faults(text=None):
    files = {path.name for pattern in ("core/*", "lib/*", "include/linux/*", "scripts/model/*")
             for path in TREE.glob(pattern)}
    code = "\n".join(map(_all, SOURCES))
    bugs, weak = _errors("scripts/model/*.pml"), _errors("scripts/model/weak_*.pml")
    tests = {path.stem for path in TREE.glob("kunit/*_kunit.c")}
    shown = set()
    for row in ROW.findall(PAGE.read_text() if text is None else text):
        pair, writes, reads, _, checked = row.split(" | ")
        missing = [name for name in FILE.findall(row) if name not in files]
        missing += [name for name in NAME.findall(writes + " " + reads)
                    if not re.search(rf"\b{name}\b", code)]
        named = BUG.findall(checked)
        missing += [name for name in named if not fnmatch.filter(bugs, name)]
        missing += [name for names in MUTANTS.findall(checked) for name in names.split(", ")
                    if not (TREE / f"scripts/mutants/{name}.patch").exists()]
        missing += [name for name in re.findall(r"\b\w+_kunit\b", checked) if name not in tests]
        yield from (f"{PAGE.name}: there is no {name}" for name in missing)
        scenes = {bug for name in named for bug in fnmatch.filter(weak, name)}
        shown |= scenes
        if not scenes and not any(reason in checked for reason in NEEDS_NONE):
            yield f"{PAGE.name}: '{pair}' has no scene in weak_*.pml, and no reason for that"
    yield from (f"{PAGE.name}: no row names {bug}" for bug in sorted(weak - shown))
    if text is None:
        cells = "\n".join(" ".join(row.split(" | ")[1:3]) for row in ROW.findall(PAGE.read_text()))
        yield from unnamed(cells, [Source(path.name, path.read_text()) for pattern
                           in SOURCES for path in sorted(TREE.glob(pattern))])


def planted():
    """What is not found of what is planted, or found and was not."""
    found = "\n".join(faults(PLANTED))
    for name in ("gone.c", "gone_by", "gone.pml", "BUG_GONE\n", "BUG_GONE_*", "gone-mutant",
                 "gone_kunit", "'steps alone' has no scene", "no row names BUG_TIME_NO_WMB"):
        if name not in found:
            yield f"{name.strip()} is not missed"
    code = Source("a.c", "void wake(void)\n{\n\tsmp_mb();\n}\n\nvoid nap(void)\n{\n\tschedule();\n}\n")
    missed = [list(unnamed(text, [code])) for text in ("sleep", "wake")]
    if missed != [[f"{PAGE.name}: no row names a.c wake"], []]:
        yield "a function that no row names is not missed"
    for name in ("'needless'", "'weak'", "BUG_DONE_PLAIN", "BUG_OPEN_*"):
        if name in found:
            yield f"{name} is reported"
