# SPDX-License-Identifier: GPL-2.0
"""How much there is: lines of each part, what core/ exports, what a consumer sees in wpool.h.

The limits are those of the version that is being made. They are lowered as it shrinks, and not raised.
"""
import re

from harness import docs
from harness.modules import TREE

LINES = {"core": 20500, "lib": 1200, "include/linux": 1900, "wpool_mod.c": 150}
EXPORTS, CALLS = 60, 78
EXPORT = re.compile(r"^EXPORT_SYMBOL_GPL\((\w+)\);", re.M)
MACRO = re.compile(r"^#define ((?:DEFINE_)?WPOOL_\w+)\(", re.M)
# What is exported for the tests alone does not count.
FOR_TESTS = re.compile(r"^#if IS_ENABLED\(CONFIG_KUNIT\)\n.*?^#endif", re.M | re.S)


def _lines(place):
    paths = [place] if place.is_file() else [path for path in place.glob("*") if path.suffix in (".c", ".h")]
    return sum(path.read_text().count("\n") for path in paths)


def exports(texts):
    """The names that the files export to others than the tests."""
    return sorted(name for text in texts for name in EXPORT.findall(FOR_TESTS.sub("", text)))


def counted():
    """{what: (how much, the limit)}"""
    what = {f"lines of {name}": (_lines(TREE / name), limit) for name, limit in LINES.items()}
    core = exports(path.read_text() for path in (TREE / "core").rglob("*.c"))
    what["exports of core"] = (len(core), EXPORTS)
    header = docs.code_of(docs.header())
    calls = {*docs.FUNCTION.findall(header), *MACRO.findall(header)}
    what["calls in wpool.h"] = (len(calls), CALLS)
    return what


def faults():
    return [f"{name}: {there}, and {limit} is the limit" for name, (there, limit) in counted().items()
            if there > limit]


def unseen():
    """What is planted, and not counted."""
    text = "EXPORT_SYMBOL_GPL(one);\n#if IS_ENABLED(CONFIG_KUNIT)\nEXPORT_SYMBOL_GPL(two);\n#endif\n"
    if exports([text, "EXPORT_SYMBOL_GPL(three);\n"]) != ["one", "three"]:
        yield "exports are not counted as they are"
