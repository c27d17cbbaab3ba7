# SPDX-License-Identifier: GPL-2.0
"""How much there is: lines of each part, what core/ exports, what a consumer sees in wpool.h, words.

The limits are those of the version that is being made. They are lowered as it shrinks, and not raised.
"""
import pathlib
import re
import tempfile

from harness import docs
from harness.modules import TREE

LINES = {"core": 19300, "lib": 1200, "include/linux": 1900, "wpool_mod.c": 150}
EXPORTS, CALLS = 60, 78
README, USERS, DEVELOPERS = 900, 16000, 9000  # words
# Not counted: what has a number for each test, and what lint makes anew.
TABLES = ("promises.md", "contract.md")
GENERATED = re.compile(r"<!-- made by: .*?<!-- end -->", re.S)
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


def _words(paths):
    """As wc -w counts them, without what is made by a script."""
    return sum(len(GENERATED.sub("", path.read_text()).split()) for path in paths)


def _pages():
    """{what: (words, the limit)}: README is one of the users' pages."""
    readme, docs_, dev = TREE / "README.md", TREE / "Documentation", TREE / "Documentation/dev"
    users = [readme, *docs_.glob("*.md"), *docs_.glob("man/*.[1-9]"), *docs_.glob("ABI/*/*")]
    return {"words of README.md": (_words([readme]), README),
            "words for users": (_words(users), USERS),
            "words for developers": (_words(path for path in dev.glob("*.md")
                                            if path.name not in TABLES), DEVELOPERS)}


def counted():
    """{what: (how much, the limit)}"""
    what = {f"lines of {name}": (_lines(TREE / name), limit) for name, limit in LINES.items()}
    core = exports(path.read_text() for path in (TREE / "core").rglob("*.c"))
    what["exports of core"] = (len(core), EXPORTS)
    header = docs.code_of(docs.header())
    calls = {*docs.FUNCTION.findall(header), *MACRO.findall(header)}
    what["calls in wpool.h"] = (len(calls), CALLS)
    return what | _pages()


def faults():
    return [f"{name}: {there}, and {limit} is the limit" for name, (there, limit) in counted().items()
            if there > limit]


def unseen():
    """What is planted, and not counted."""
    text = "EXPORT_SYMBOL_GPL(one);\n#if IS_ENABLED(CONFIG_KUNIT)\nEXPORT_SYMBOL_GPL(two);\n#endif\n"
    if exports([text, "EXPORT_SYMBOL_GPL(three);\n"]) != ["one", "three"]:
        yield "exports are not counted as they are"
    with tempfile.TemporaryDirectory(prefix="wpool-words-") as folder:
        page = pathlib.Path(folder) / "page.md"
        page.write_text("one two\n<!-- made by: make bench -->\n| three |\n<!-- end -->\nfour\n")
        if _words([page]) != 3:
            yield "words are not counted as they are"
