# SPDX-License-Identifier: GPL-2.0
"""The kernels that lack this or that: any two of what there is to choose meet in one of them.

Each pair would take a hundred kernels more; what fails for want of two things at once is rare, and
of three rarer.
"""
import itertools

from harness import kernels

# (what is lacked, what is there beside that all the same): Kconfig knows no such kernel.
IMPOSSIBLE = {frozenset({("smp", True), ("numa", False)})}
DEBUG = (kernels.OLDER, "PREEMPT", 250, "")  # beside them


def _chosen(tree, preemption, hertz, lacks):
    """Of a row: (what there is to choose, what was chosen)"""
    return {("preemption", (tree, preemption)), ("HZ", hertz),
            *((what, what in lacks.split()) for what in kernels.CORNERED)}


def faults(rows=kernels.CORNER_ROWS):
    met = {frozenset(pair) for row in (*rows, DEBUG) for pair in itertools.combinations(_chosen(*row), 2)}
    to_choose = set().union(*(_chosen(*row) for row in kernels.CORNER_ROWS))
    for one, other in itertools.combinations(sorted(to_choose, key=str), 2):
        pair = frozenset({one, other})
        if one[0] != other[0] and pair not in met | IMPOSSIBLE:
            yield f"no kernel has {one[0]}: {one[1]} with {other[0]}: {other[1]}"


def lacking():
    """What the kernel beside them, which lacks nothing, is not asked to have."""
    asked = "".join((kernels.CONFIGS / f"{part}.config").read_text()
                    for part in kernels.KERNELS["debug"].configs)
    for what, options in kernels.CORNERED.items():
        if not any(f"CONFIG_{option}=y\n" in asked for option in options.split()):
            yield f"debug is not asked for {what}"


def unseen():
    """Which rows nobody would miss."""
    rows = kernels.CORNER_ROWS
    for number, row in enumerate(rows):
        if not any(faults(rows[:number] + rows[number + 1:])):
            yield f"without {row} all pairs are met, too"
