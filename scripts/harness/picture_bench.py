# SPDX-License-Identifier: GPL-2.0
"""The bench's picture: how many times as long wpool's peers take, from a small CSV of medians."""
import csv
import io
import math
import statistics

from harness import svg
from harness.modules import TREE

FIGURES = TREE / "scripts/recorded/bench.csv"
# By the name that a reader knows: the bench's lane, and its color. The first is 1.
LANES = {
    "wpool": ("wpool", "#222222"),
    "wpool, a pool for each CPU": ("wpool by CPU", "#8a8a8a"),
    "unbound workqueue": ("unbound", "#c2410c"),
    "per-CPU workqueue": ("per-CPU", "#2563a8"),
    "kthread_worker": ("kthread_worker", "#3f8f4f"),
}
OURS, *OTHERS = LANES
# By the bench's name: the reader's.
WORKS = {
    "empty 1": "empty task, 1 producer",
    "empty 4": "empty task, 4 producers",
    "bounded 1": "empty task, bounded queue, 1 producer",
    "bounded 4": "empty task, bounded queue, 4 producers",
    "bounded, 10 us 4": "task of 10 us, bounded queue, 4 producers",
    "chain": "each task schedules the next one",
    "round trip, own wait": "schedule, wait for the end",
    "call: queued already": "schedule what is queued already",
    "call: move a delay": "change a delay",
    "call: delay, cancel": "schedule with a delay, cancel",
}
TITLE = "Time of a task as a multiple of wpool's: less is better"
LEFT, WIDE, EDGE = 290, 520, 20  # pixels: the names, the bars, around them
BAR, GAP, HEAD, FOOT = 11, 11, 84, 44
LEAST, MOST, TICKS = 1 / 24, 32, (0.125, 0.25, 0.5, 1, 2, 4, 8, 16)


def figures(samples, where):
    """As CSV: the medians in ns, and above them where they were measured."""
    found = {}
    for row in csv.DictReader(io.StringIO(samples)):
        if row["work"] in WORKS and row["unit"] == "ns":
            found.setdefault((row["work"], row["by"]), []).append(float(row["value"]))
    out = io.StringIO()
    rounds = max(map(len, found.values()), default=0)
    print(f"# {where}; medians of {rounds} rounds", file=out)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["ns", *LANES])
    for work, name in WORKS.items():
        row = [found.get((work, by)) for by, _ in LANES.values()]
        if any(row):
            writer.writerow([name, *(f"{statistics.median(each):.0f}" if each else "" for each in row)])
    return out.getvalue()


def _read(text):
    """(where, {work: {lane: ns}})"""
    where, _, rest = text.partition("\n")
    rows = {row["ns"]: {by: float(row[by]) for by in LANES if row[by]}
            for row in csv.DictReader(io.StringIO(rest))}
    return where.removeprefix("# "), {work: row for work, row in rows.items() if OURS in row}


def _at(ratio):
    """Where on the picture that is."""
    share = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return EDGE + LEFT + WIDE * share


def _row(top, work, row):
    lanes = [by for by in OTHERS if by in row]
    yield svg.text(EDGE + LEFT - 12, top + len(lanes) * BAR / 2 + 4, work, text_anchor="end")
    for each, by in enumerate(lanes):
        ratio = row[by] / row[OURS]
        begin, end = sorted((_at(1), _at(ratio)))
        y = top + each * BAR
        yield svg.rect(begin, y, max(end - begin, 1), BAR - 1, fill=LANES[by][1])
        right = ratio >= 1
        yield svg.text(end + 4 if right else begin - 4, y + BAR - 2.5, f"{ratio:.2g}", font_size=9,
                       text_anchor="start" if right else "end")


def _legend():
    x = EDGE
    for by, (_, color) in LANES.items():
        yield svg.rect(x, 50, 2 if by == OURS else 12, 12, fill=color)
        yield svg.text(x + (6 if by == OURS else 16), 60, f"{by} = 1" if by == OURS else by)
        x += 46 + 5.7 * len(by)


def draw(text):
    where, rows = _read(text)
    parts, top = [], HEAD
    for work, row in rows.items():
        parts += _row(top, work, row)
        top += BAR * sum(by in row for by in OTHERS) + GAP
    axis = []
    for tick in TICKS:
        ours = tick == 1
        axis.append(svg.line(_at(tick), HEAD - 8, _at(tick), top, stroke_width=2 if ours else 1,
                             stroke=LANES[OURS][1] if ours else "#dddddd"))
        axis.append(svg.text(_at(tick), top + 14, f"{tick:g}", text_anchor="middle"))
    size = (LEFT + WIDE + 2 * EDGE, top + FOOT)
    heads = [svg.text(EDGE, 28, TITLE, font_size=15, font_weight="bold"),
             svg.text(size[0] - EDGE, top + 34, where, text_anchor="end", font_size=10, fill="#555555"),
             svg.text(_at(1) - 10, HEAD - 8, "faster than wpool", text_anchor="end", fill="#555555"),
             svg.text(_at(1) + 10, HEAD - 8, "slower than wpool", fill="#555555")]
    return svg.picture(size, TITLE, [*heads, *_legend(), *axis, *parts])
