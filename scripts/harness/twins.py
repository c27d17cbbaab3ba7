# SPDX-License-Identifier: GPL-2.0
"""Some samples, and their twins that do the same on a workqueue: is the sample shorter?

Documentation/dev/comparison.md has a table of both.
"""
import re

from harness import csource, kernels, modules

TWINS = modules.TREE / "scripts/fixtures/twins"
PAGE = modules.TREE / "Documentation/dev/comparison.md"
ROW = r"^\| \[{}\]\(\S+\) \| (\d+) \| \[(\d+)\]\(\S+\) \|"
# Two lines of code.
PLANTED = '/* a\n * b\n */\n\nint c; /* d */\n// e\nchar *f = "/* g";\n'


def lines_of_code(text):
    """Those that are neither blank nor only a comment."""
    code = csource.NOT_CODE.sub(lambda match: "" if match[0][0] == "/" else match[0], text)
    return sum(bool(line.strip()) for line in code.splitlines())


def counted():
    """(the sample's name, its lines, its twin's) for each."""
    for twin in sorted(TWINS.glob("*.c")):
        sample = modules.TREE / f"samples/wpool_{twin.name}"
        yield sample.name, lines_of_code(sample.read_text()), lines_of_code(twin.read_text())


def wrong(name, sample, twin):
    """Not shorter, or the table says otherwise."""
    if sample >= twin:
        yield f"{name} has {sample} lines of code, on a workqueue it has {twin}"
    row = re.search(ROW.format(re.escape(name)), PAGE.read_text(), re.M)
    if not row or (int(row[1]), int(row[2])) != (sample, twin):
        yield f"{PAGE.name} has {row and row.groups()} for {name}, and it is {sample, twin}"


def check(tally):
    for name, sample, twin in counted():
        tally.check(f"{name}: {sample} lines of code, {twin} on a workqueue",
                    wrong(name, sample, twin))


def unseen():
    """What is planted, and not noticed."""
    if lines_of_code(PLANTED) != 2:
        yield "comments or blank lines are counted as code"
    for name, sample, twin in counted():
        if not any("on a workqueue" in fault for fault in wrong(name, sample, sample)):
            yield f"{name}: a twin as short as it"
        if not list(wrong(name, sample, twin + 1)):
            yield f"{name}: a table that is out of date"


def build(kernel):
    """The twins, and what the compiler says of them; scripts/guest/user runs them."""
    return modules.build(kernel, TWINS, "twins", ("Kbuild", "*.c"))


def warned(kernel=None):
    return build(kernel or kernels.get("stock"))[1]
