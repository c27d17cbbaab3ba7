# SPDX-License-Identifier: GPL-2.0
"""The sections of wpool.h: each says in its first line which files of core/ have its calls."""
import re

from harness.modules import TREE

CORE = TREE / "core"
HEADER = TREE / "include/linux/wpool.h"
SECTION = re.compile(r"^/\* ([A-Z].*\bcore/\w+\.c.*) \*/$", re.M)
FILE = re.compile(r"\b(\w+\.c)\b")
EXPORT = re.compile(r"^EXPORT_SYMBOL_GPL\((\w+)\);$", re.M)
DECLARED = re.compile(r"^(?!static\b|typedef\b)(?:\w+[ *]+)+(\w+)\(", re.M)


def _homes():
    """{exported function: the file that has it}"""
    return {name: path.name for path in sorted(CORE.glob("*.c"))
            for name in EXPORT.findall(path.read_text())}


def _sections(text):
    """(its first line, what follows) of each section"""
    heads = list(SECTION.finditer(text))
    for head, after in zip(heads, [*heads[1:], None]):
        yield head[1], text[head.end():after.start() if after else len(text)]


def _faults(text):
    homes = _homes()
    for head, body in _sections(text):
        named, used = set(FILE.findall(head)), set()
        for name in DECLARED.findall(body):
            home = homes.get(name)
            used.add(home)
            if home and home not in named:
                yield f"{HEADER.name}: '{head}': {name}() is in {home}"
        for file in sorted(named - used):
            yield f"{HEADER.name}: '{head}': none of these calls is in {file}"


def faults():
    yield from _faults(HEADER.read_text())


def unseen():
    """Files that could be left out of a section's first line, or another one be named there."""
    text = HEADER.read_text()
    for head, _ in _sections(text):
        for file in FILE.findall(head):
            wrong = text.replace(head, head.replace(file, f"other_{file}"))
            if len({fault.rsplit(" ", 1)[1] for fault in _faults(wrong)}) != 2:
                yield f"'{head}' without {file} is not found"
