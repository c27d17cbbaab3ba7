# SPDX-License-Identifier: GPL-2.0
"""Documentation/dev/promises.md and the numbers that the tests cite: each names the other; what core/
cites is there."""
import re

from harness.modules import TREE

PAGE = TREE / "Documentation/dev/promises.md"
ROW = re.compile(r"^\| (\d+) \| .* \| `([^`]+)` \|$", re.M)
SUITE = re.compile(r"\.name\s*=\s*\"(wpool_\w+)\"")
# A comment that begins with numbers, and the function right below it.
CITED = re.compile(r"^/\*[\s*]*(\d+(?:, \d+)*): (?:(?!\*/).)*\*/\n(?:static )?\w+ (\w+)\(", re.M | re.S)

# In a comment of core/; the number may be on its next line.
SAID = re.compile(r"romise(?: |\n[\s*]*)([0-9]+)")
PLANTED = "/* As promise 64 says, and Promise\n * 65000. */"


def cited():
    """{suite.case: the numbers that stand before it}"""
    found = {}
    for path in sorted((TREE / "kunit").glob("*_kunit.c")):
        text = path.read_text()
        for suite in SUITE.findall(text):
            for numbers, case in CITED.findall(text):
                found[f"{suite}.{case}"] = numbers.split(", ")
    return found


def _said(text):
    """(line, number) of each promise that a source cites"""
    for found in SAID.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[1]


def _core_faults(known):
    for path in sorted((*TREE.glob("core/*.[ch]"), *TREE.glob("lib/*.[ch]"))):
        for line, number in _said(path.read_text()):
            if number not in known:
                yield (f"{path.relative_to(TREE)}:{line} cites promise {number}, "
                       f"which {PAGE.name} does not have")


def unseen():
    """What is planted, and is not found."""
    if list(_said(PLANTED)) != [(1, "64"), (1, "65000")]:
        yield "the promises that a comment cites are not found"


def faults():
    rows, tests = ROW.findall(PAGE.read_text()), cited()
    known = [number for number, _ in rows]
    if known != sorted(set(known), key=int):
        yield f"{PAGE.name}: the numbers do not go up"
    for number, test in rows:
        if "/" in test:
            if not (TREE / test).exists():
                yield f"{PAGE.name}: {number}: there is no {test}"
        elif number not in tests.get(test, ()):
            yield f"{PAGE.name}: {number}: {test} does not cite it"
    for test, numbers in tests.items():
        for number in sorted(set(numbers) - set(known)):
            yield f"{test} cites {number}, which {PAGE.name} does not have"
    yield from _core_faults(known)
