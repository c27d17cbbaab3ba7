# SPDX-License-Identifier: GPL-2.0
"""The files of core/ by what they are about: NOUN.c and NOUN.h. What one needs of another it
includes, or calls by an exported name. That is in its own row of the table in design.md or
above it, and there is no circle."""
import re

from harness.modules import TREE

CORE = TREE / "core"
TABLE = TREE / "Documentation/dev/design.md"
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.M)
INCLUDE = re.compile(r'^#include "(\w+)\.h"$', re.M)
EXPORT = re.compile(r"^EXPORT_SYMBOL_GPL\((\w+)\);$", re.M)
STRUCTURES = "types", "pool"  # of these it is members that are used
COMMENT = re.compile(r"/\*.*?\*/|\bstruct \w+", re.S)
NO_USE = re.compile(r"/\*.*?\*/|^struct \w+;", re.S | re.M)
NAME = re.compile(r"\b(\w+)\b")
# What a header declares or defines, at the begin of a line.
OFFER = re.compile(r"^\w[^\n(=;]*?\b(\w+)\(|^#define (\w+)|^(?:struct|enum) (\w+) \{|"
                   r"^extern .*?(\w+);|^\t(\w+)(?:,| = )", re.M)


def _nouns():
    """{noun: its text without comments}"""
    found = {}
    for path in sorted(CORE.glob("*.[ch]")):
        found[path.stem] = found.get(path.stem, "") + COMMENT.sub("", path.read_text())
    return found


def _arrows(nouns):
    """{noun: those that it needs}"""
    owner = {name: noun for noun, text in nouns.items() for name in EXPORT.findall(text)}
    return {noun: ({*INCLUDE.findall(text)} |
                   {owner[name] for name in NAME.findall(text) if name in owner}) - {noun}
            for noun, text in nouns.items()}


def _circle(arrows):
    """The nouns of which each needs another of them."""
    left = dict(arrows)
    while True:
        lowest = [noun for noun, needs in left.items() if not needs & left.keys()]
        if not lowest:
            break
        for noun in lowest:
            del left[noun]
    # Off those that nobody needs, too.
    while True:
        needed = set().union(*left.values()) if left else set()
        highest = [noun for noun in left if noun not in needed]
        if not highest:
            return left
        for noun in highest:
            del left[noun]


def _unused():
    """Includes of which nothing is used."""
    for path in sorted(CORE.glob("*.[ch]")):
        text = NO_USE.sub("", path.read_text())
        for other in {*INCLUDE.findall(text)} - {path.stem, *STRUCTURES}:
            header = CORE / f"{other}.h"
            if not header.exists():
                yield f"core/{path.name}: there is no {other}.h"
                continue
            offered = {name for names in OFFER.findall(header.read_text()) for name in names}
            if not offered & set(NAME.findall(INCLUDE.sub("", text))):
                yield f"core/{path.name} includes {other}.h, and uses nothing of it"


def _rows():
    """{noun: the number of its row}"""
    return {noun: number for number, row in enumerate(ROW.findall(TABLE.read_text()))
            for noun in NAME.findall(row)}


def _upward(arrows):
    """Arrows to a row further down in the table than one's own: that needs more."""
    rows = _rows()
    for noun, needs in sorted(arrows.items()):
        if noun in STRUCTURES:
            continue
        if noun not in rows:
            yield f"core/{noun} is not in the table of {TABLE.name}"
            continue
        for other in sorted(needs - {*STRUCTURES}):
            if rows.get(other, 0) > rows[noun]:
                yield f"core/{noun} needs {other}, which is in a later row of {TABLE.name}"
    for noun in sorted(rows.keys() - arrows.keys()):
        yield f"{TABLE.name} names {noun}, of which there is no file in core/"


def house():
    """{noun: those that it needs}, and {noun: the number of its row}, for the picture"""
    return _arrows(_nouns()), _rows()


def faults():
    nouns = _nouns()
    arrows = _arrows(nouns)
    yield from _upward(arrows)
    yield from _unused()
    circle = _circle(arrows)
    for noun in sorted(circle):
        yield f"core/{noun} is in a circle: it needs {', '.join(sorted(circle[noun] & circle.keys()))}"
