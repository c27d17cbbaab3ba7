# SPDX-License-Identifier: GPL-2.0
"""The files that look at the kernel's version are those that contributing.md names."""
import re

from harness.modules import TREE

PAGE = TREE / "Documentation/dev/contributing.md"
WHERE = ("core/*.[ch]", "lib/*.[ch]", "include/**/*.h", "kunit/*.[ch]", "samples/*.[ch]", "wpool_mod.c")
PARAGRAPH = re.compile(r"^Only these files may look at the kernel's version.*?\n\n", re.M | re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
VERSION = re.compile(r"\b(?:LINUX_VERSION_CODE|KERNEL_VERSION)\b")
PLANTED = {"#if LINUX_VERSION_CODE >= 1": True, "x = KERNEL_VERSION(6, 1, 0);": True,
           "/* As KERNEL_VERSION(). */": False, "LINUX_VERSION": False}


def _looks(text):
    return bool(VERSION.search(COMMENT.sub("", text)))


def _named():
    return set(re.findall(r"`([\w/]+\.[ch])`", PARAGRAPH.search(PAGE.read_text())[0]))


def faults():
    named = _named()
    looking = {str(path.relative_to(TREE)) for where in WHERE for path in TREE.glob(where)
               if _looks(path.read_text())}
    for name in sorted(looking - named):
        yield f"{name} looks at the kernel's version, and {PAGE.name} does not name it"
    for name in sorted(named - looking):
        yield f"{PAGE.name} names {name}, which does not look at the kernel's version"


def unseen():
    """What is planted, and is not found, or is found though it is no fault."""
    for text, looks in PLANTED.items():
        if _looks(text) != looks:
            yield f"{'not found' if looks else 'no fault'}: {text}"
