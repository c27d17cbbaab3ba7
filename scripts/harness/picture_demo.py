# SPDX-License-Identifier: GPL-2.0
"""A recorded run of `make demo` as a terminal that plays: CSS alone, the last screen where that does not."""
import re
import subprocess
import time

from harness import proc, svg
from harness.modules import TREE
from harness.proc import Failed

RECORD = TREE / "scripts/recorded/demo.txt"
COMMAND = ("make", "--silent", "--no-print-directory", "demo")
TYPED = "$ make demo"
COLUMNS, ROWS = 80, 24
WIDE, HIGH, EDGE, BAR = 8.0, 17, 12, 26  # pixels: a character, a row, around them, the bar above
LEAST, MOST = 0.12, 1.0  # seconds between two lines, whatever they took
LONGEST, HOLD = 40, 10  # seconds of the whole, and of the last screen after it
DARK, FRAME = "#16191d", "#2b3038"
# Signs of life in a pause.
ALIVE = re.compile(r"modules for \S+: \d+ s|\s+\.\.\. \d+ s left .*")
COLORS = ((r"\s*\$ ", "#ffffff"), (r"\s+debugfs ", "#6cc7e0"), (r"demo: ", "#8fd18a"),
          (r"next: ", "#e8c46a"), (r"", "#c3c9d1"))


def record():
    """Run it, and keep each line with the second at which it came."""
    began, lines = time.monotonic(), []
    child = proc.start(COMMAND, cwd=TREE, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    try:
        for line in child.stdout:
            proc.say(line.rstrip())
            lines.append(f"{time.monotonic() - began:.2f} {line.rstrip()}".rstrip())
        child.wait()
    finally:
        proc.stop(child)
    if child.returncode:
        raise Failed("pictures: the demo failed, and is not kept")
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text("\n".join(lines) + "\n")


def _rows(recorded):
    """[(second, a row of the screen)]: pauses are cut, a long run plays faster, long lines are wrapped."""
    rows, last, now = [(0.0, TYPED)], 0.0, MOST
    for line in recorded.splitlines():
        second, _, words = line.partition(" ")
        if ALIVE.fullmatch(words):
            continue
        now += min(max(float(second) - last, LEAST), MOST) if len(rows) > 1 else 0
        last = float(second)
        for at in range(0, max(len(words), 1), COLUMNS):
            rows.append((now, words[at:at + COLUMNS]))
    faster = min(1, LONGEST / now)
    return [(second * faster, words) for second, words in rows]


def _colored(rows):
    """[(a row, its color)]: the rows of a wrapped line have one."""
    color = before = ""
    for _, words in rows:
        if len(before) < COLUMNS:
            color = [color for start, color in COLORS if re.match(start, words)][0]
        before = words
        yield words, color


def _play(rows):
    """Keyframes: the text moves up, and a cover of later lines moves down."""
    whole = rows[-1][0] + HOLD
    shown = {}
    for count, (second, _) in enumerate(rows, 1):
        shown[f"{100 * second / whole:.2f}%"] = count
    moved = {at: count - ROWS for at, count in shown.items() if count > ROWS}
    frames = {"up": {"0%": 0} | {at: -rows * HIGH for at, rows in moved.items()},
              "down": {at: count * HIGH for at, count in shown.items()}}
    style = []
    for name, steps in frames.items():
        last = list(steps.values())[-1]
        style.append(f"@keyframes {name}{{" + "".join(
            f"{at}{{transform:translateY({y}px)}}" for at, y in {**steps, "100%": last}.items()) + "}")
        style.append(f".{name}{{animation:{name} {whole:.1f}s step-end infinite}}")
    style.append("@media (prefers-reduced-motion:reduce){.up,.down{animation:none}}")
    return svg.tag("style", "\n".join(style))


def draw(recorded):
    rows = _rows(recorded)
    width, height = COLUMNS * WIDE + 2 * EDGE, BAR + ROWS * HIGH + 2 * EDGE
    texts = []
    for number, (words, color) in enumerate(_colored(rows)):
        bare = words.lstrip()
        if bare:
            texts.append(svg.text((len(words) - len(bare)) * WIDE, number * HIGH + 13, bare,
                                  textLength=svg.number(len(bare) * WIDE), fill=color))
    there = len(rows) * HIGH
    inside = [*texts, svg.tag("g", svg.rect(0, 0, width, ROWS * HIGH, fill=DARK), class_="down",
                              transform=f"translate(0,{there})")]
    scrolled = svg.tag("g", "\n".join(inside), class_="up",
                       transform=f"translate(0,{-max(len(rows) - ROWS, 0) * HIGH})")
    screen = svg.tag("svg", scrolled, x=EDGE, y=BAR + EDGE, width=svg.number(COLUMNS * WIDE),
                     height=ROWS * HIGH)
    above = [svg.rect(0, 0, width, BAR, fill=FRAME),
             svg.text(width / 2, 17, "a recorded run of make demo, not in real time", fill="#aeb6c1",
                      text_anchor="middle", font_size=12)]
    return svg.picture((width, height), "A recorded run of make demo", [_play(rows), *above, screen],
                       font=svg.MONO, background=DARK, points=13)
