# SPDX-License-Identifier: GPL-2.0
"""Documentation/ordering.md, what is read without a lock: all that it names exists."""
import re

from harness.modules import TREE

PAGE = TREE / "Documentation/ordering.md"
ROW = re.compile(r"^\| (?!pair |---)(.*) \|$", re.M)
FILE = re.compile(r"\b\w+\.(?:[ch]|pml)\b")
NAME = re.compile(r"\b_*[a-z]+_\w+\b(?!\.)")
BUG = re.compile(r"\bBUG_\w+(?!\w*\*)")
MUTANTS = re.compile(r"\bmutants? ([\w-]+(?:, [\w-]+)*)")
PLANTED = "| a | gone.c gone_by | core.h | - | gone.pml BUG_GONE; mutant gone-mutant; gone_kunit |"


def _all(pattern):
    return "\n".join(path.read_text() for path in sorted(TREE.glob(pattern)))


def faults(text=None):
    files = {path.name for pattern in ("core/*", "include/linux/*", "scripts/model/*")
             for path in TREE.glob(pattern)}
    code = _all("core/*.[ch]") + _all("include/linux/*.h")
    bugs = _all("scripts/model/*.pml")
    tests = {path.stem for path in TREE.glob("kunit/*_kunit.c")}
    for row in ROW.findall(PAGE.read_text() if text is None else text):
        _, writes, reads, _, checked = row.split(" | ")
        missing = [name for name in FILE.findall(row) if name not in files]
        missing += [name for name in NAME.findall(writes + " " + reads)
                    if not re.search(rf"\b{name}\b", code)]
        missing += [name for name in BUG.findall(checked) if not re.search(rf"\b{name}\b", bugs)]
        missing += [name for names in MUTANTS.findall(checked) for name in names.split(", ")
                    if not (TREE / f"scripts/mutants/{name}.patch").exists()]
        missing += [name for name in re.findall(r"\b\w+_kunit\b", checked) if name not in tests]
        yield from (f"{PAGE.name}: there is no {name}" for name in missing)


def planted():
    """What is not found of what is planted."""
    found = "\n".join(faults(PLANTED))
    for name in ("gone.c", "gone_by", "gone.pml", "BUG_GONE", "gone-mutant", "gone_kunit"):
        if name not in found:
            yield f"{name} is not missed"
