# SPDX-License-Identifier: GPL-2.0
"""core/ as one picture: its nouns in groups, and which group needs which.

A folder is a group. As long as there is none, a row of the table in design.md is one.
"""
import collections

from harness import layers, svg

CORE = layers.CORE
FLAT = "core"  # the group of what is in no folder, where there are folders
STEP = 50  # lines of code are said in steps, so that most changes of the code leave the picture
WIDE, EDGE, NAME, LANE = 760, 20, 110, 26  # pixels: the boxes, around, the group's name, a lane of arrows
BOX, SPACE, PAD, HEAD = 30, 4, 6, 66
TITLE = "core/: what is in it, and what needs what"
NOTE = ("A box is a noun: NOUN.c and NOUN.h, with about how many lines they have. "
        "An arrow: a group needs another one, so often.")
STRUCTURES = "structures"  # what is in no row: all need them
DARKEST = 500  # lines
INK, PAPER, ARROW = "#1f2933", "#f4f6f8", "#2563a8"


def sizes(paths):
    """{noun: lines}"""
    found = collections.Counter()
    for path in paths:
        found[path.stem] += path.read_text().count("\n")
    return {noun: max(STEP, round(lines / STEP) * STEP) for noun, lines in sorted(found.items())}


def _lowest_first(groups, needs):
    """The order of folders: always the one that needs fewest of those that are left."""
    left = sorted(groups)
    while left:
        lowest = min(left, key=lambda group: len(needs.get(group, set()) & {*left} - {group}))
        left.remove(lowest)
        yield lowest


def _between(arrows, group_of):
    """{group: {group: how many needs}}"""
    found = {}
    for noun, needs in sorted(arrows.items()):
        for other in sorted(needs):
            one, two = group_of[noun], group_of[other]
            if one != two:
                found.setdefault(one, collections.Counter())[two] += 1
    return found


def grouped(folders, arrows, rows):
    """([(name of the group, its nouns)], lowest first; {name: {name: how many needs}}).

    folders: {noun: its folder, or "" of one that is in none}; rows: {noun: the number of its row}.
    """
    if any(folders.values()):
        group_of = {noun: folder or FLAT for noun, folder in folders.items()}
        needs = _between(arrows, group_of)
        names = list(_lowest_first(set(group_of.values()), {name: {*row} for name, row in needs.items()}))
    else:
        group_of = {noun: f"row {rows[noun] + 1}" if noun in rows else STRUCTURES for noun in folders}
        needs = _between({noun: {*row} & rows.keys() for noun, row in arrows.items() if noun in rows},
                         group_of)
        names = sorted(set(group_of.values()), key=lambda name: int(name[4:]) if name[4:].isdigit() else 0)
    order = sorted(folders, key=lambda noun: (rows.get(noun, 0), [*rows].index(noun) if noun in rows else 0,
                                              noun))
    return [(name, [noun for noun in order if group_of[noun] == name]) for name in names], needs


def _shade(lines):
    light = 238 - round(88 * min(lines / DARKEST, 1))
    return f"#{light:02x}{light + 6:02x}{light + 14:02x}"


def _boxes(nouns):
    """(x, y in the group, width, noun), from left to right, in as many lines as it takes."""
    x, y = 0, 0
    for noun in nouns:
        width = max(6.3 * len(noun) + 12, 46)
        if x + width > WIDE:
            x, y = 0, y + BOX + SPACE
        yield x, y, width, noun
        x += width + SPACE


def _group(top, name, boxes, lines):
    height = boxes[-1][1] + BOX + 2 * PAD
    yield svg.rect(EDGE, top, NAME + WIDE + 2 * PAD, height, fill=PAPER, rx=4)
    yield svg.text(EDGE + 8, top + height / 2, name, font_weight="bold", fill=INK)
    whole = sum(lines[noun] for *_, noun in boxes)
    yield svg.text(EDGE + 8, top + height / 2 + 13, f"{whole:,} lines", font_size=10, fill=INK)
    for x, y, width, noun in boxes:
        left, up = EDGE + NAME + PAD + x, top + PAD + y
        yield svg.rect(left, up, width, BOX, fill=_shade(lines[noun]), rx=3)
        yield svg.text(left + width / 2, up + 13, noun, text_anchor="middle", font_size=10, fill=INK)
        yield svg.text(left + width / 2, up + 25, str(lines[noun]), text_anchor="middle", font_size=9,
                       fill=INK)


def _arrows(lane, middle, name, needs):
    """A lane from the group past all that it needs, with an arrow at each."""
    right = EDGE + NAME + WIDE + 2 * PAD
    x = right + 26 + lane * LANE
    ends = [middle[name], *(middle[other] for other in needs)]
    yield svg.line(right, middle[name], x, middle[name], stroke=ARROW)
    yield svg.tag("circle", cx=float(x), cy=float(middle[name]), r=3, fill=ARROW)
    yield svg.line(x, min(ends), x, max(ends), stroke=ARROW)
    for other, count in needs.items():
        y = middle[other]
        yield svg.tag("path", d=f"M{x - 8:.0f},{y:.0f} l8,-4 v8 z", fill=ARROW)
        yield svg.text(x - 9, y + 3.5, str(count), text_anchor="end", font_size=9, fill=ARROW)


def draw(lines, folders, arrows, rows):
    groups, needs = grouped(folders, arrows, rows)
    parts, middle, top = [], {}, HEAD
    # What needs most is above.
    for name, nouns in reversed(groups):
        boxes = list(_boxes(nouns))
        parts += _group(top, name, boxes, lines)
        height = boxes[-1][1] + BOX + 2 * PAD
        middle[name] = top + height / 2
        top += height + 8
    lanes = [name for name, _ in groups if name in needs]
    for lane, name in enumerate(lanes):
        parts += _arrows(lane, middle, name, needs[name])
    size = EDGE * 2 + NAME + WIDE + 2 * PAD + 20 + LANE * len(lanes), top + EDGE
    note = NOTE + f" All need the {STRUCTURES}." * (STRUCTURES in middle)
    heads = [svg.text(EDGE, 28, TITLE, font_size=15, font_weight="bold", fill=INK),
             svg.text(EDGE, 48, note, fill="#555555")]
    return svg.picture(size, TITLE, heads + parts)


def house():
    """As the code is."""
    paths = sorted(CORE.rglob("*.[ch]"))
    folders = {path.stem: "" if path.parent == CORE else path.parent.name for path in paths}
    return draw(sizes(paths), folders, *layers.house())
