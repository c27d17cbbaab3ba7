# SPDX-License-Identifier: GPL-2.0
"""Rows as lines of text, each piece of which has a style."""
import dataclasses
import textwrap
import typing

from . import figures

# What a piece of text is, not how it looks.
PLAIN, HEAD, WARN, BAD, FAINT = "plain", "head", "warn", "bad", "faint"
TIMES = (("us", 1), ("ms", 1000), ("s", 10 ** 6), ("m", 60 * 10 ** 6), ("h", 3600 * 10 ** 6),
         ("d", 86400 * 10 ** 6))
THOUSANDS = (("", 1), ("k", 10 ** 3), ("M", 10 ** 6), ("G", 10 ** 9), ("T", 10 ** 12))


def _scaled(value, units):
    """A number in the largest unit that it has one of, in at most six characters."""
    name, unit = [each for each in units if each[1] <= max(value, 1)][-1]
    value /= unit
    return f"{value:.1f}{name}" if value < 10 and unit > 1 else f"{value:.0f}{name}"


def duration(us):
    """A time, given in us; "-" for None."""
    return "-" if us is None else _scaled(us, TIMES)


def count(number):
    """A number, or a rate; "-" for None."""
    if number is None:
        return "-"
    if number >= 10_000:
        return _scaled(number, THOUSANDS)
    return f"{number:.1f}" if 0 < number < 10 and number % 1 else f"{number:.0f}"


def printable(text):
    """Nothing that a terminal obeys."""
    return "".join(char if char.isprintable() else "?" for char in text)


def cut(text, size):
    """At most so many characters, with a mark where some are left out: both ends tell most."""
    end = (size - 1) // 2
    return text if len(text) <= size else f"{text[:size - 1 - end]}~{text[len(text) - end:]}"


# --- the columns -----------------------------------------------------------

def _state(row):
    if row.pool.state != "RUNNING":
        return row.pool.state, BAD if row.trouble == "stuck" else WARN
    return row.trouble, BAD if row.died_since or row.trouble not in ("died", "") else PLAIN


def _running(row):
    running, capacity = row.now("running"), row.now("capacity")
    return f"{count(running)}/{count(capacity)}", WARN if running >= capacity else PLAIN


def _queued(row):
    queued = count(row.now("queued"))
    style = BAD if row.has_room is False else WARN if row.now("queued") else PLAIN
    return (queued if row.limit is None else f"{queued}/{count(row.limit)}"), style


def _total(total, since=None):
    if since:
        return f"{count(total)} +{count(since)}", BAD
    return count(total), PLAIN if total else FAINT


def _time(us):
    return duration(us), PLAIN


def _wait(row, share):
    return ("off", FAINT) if row.waiting is None else _time(row.waiting[share])


def _function(row):
    owner = f"[{row.pool.attrs.get('owner', '?')}]"
    return (row.longest.function, PLAIN) if row.longest else (owner, FAINT)


@dataclasses.dataclass(frozen=True)
class Column:
    title: str
    cell: typing.Callable  # of a row: (text, style)
    worth: int             # the least is left out first, where there is no room: see CORE
    meaning: str
    least: int = 0         # characters, if it may be cut; such columns are the left ones


COLUMNS = (
    Column("POOL", lambda row: (row.pool.name, PLAIN), 99, "its name; ~ stands for what is cut", 8),
    Column("STATE", _state, 88, "empty: all is well; a word from below; or the stage of its shutdown", 10),
    Column("RUNNING", _running, 95, "tasks that run, of those that may (its capacity)"),
    Column("QUEUED", _queued, 90, "tasks that are queued, of those that may be: depth + free workers"),
    Column("BLOCKED", lambda row: _total(row.now("blocked")), 30, "threads that sleep for room"),
    Column("NEW/s", lambda row: _total(row.submitted_rate), 10, "tasks accepted in a second"),
    Column("DONE/s", lambda row: _total(row.completed_rate), 70, "tasks done in a second"),
    Column("WAIT50", lambda row: _wait(row, "p50"), 20,
           "half of the tasks were queued no longer than this; off: not measured"),
    Column("WAIT99", lambda row: _wait(row, "p99"), 60,
           "99 of 100 tasks were queued no longer than this"),
    Column("REFUSED", lambda row: _total(row.refused, row.refused_since), 85,
           "tasks refused or dropped in all, and +n in the last minute"),
    Column("DIED", lambda row: _total(row.died, row.died_since), 86,
           "threads killed by a task, release or hook: likewise"),
    Column("LONGEST", lambda row: _time(row.longest and row.longest.ms * 1000), 80,
           "for how long the oldest running task has run"),
    Column("FUNCTION", _function, 75, "its function [and module]; or the [owner] of an idle pool", 10),
)
CORE = 70  # a column of less is shown only where nothing is cut
WORDS = {
    "stuck": "tasks are queued; for 10 s, or watchdog_ms, none has begun or ended",
    "blocks": "threads sleep until it has room for their tasks",
    "refuses": "tasks were refused or dropped since the last look",
    "full": "it has no room for another task",
    "died": "a thread was killed by a task, release or hook",
    "h, s, q": "this help, and back; sort by the next order; quit",
    "arrows": "go to a pool, as page up and page down do",
    "w": "or Enter: that pool's workers, and back",
}


def explained(width):
    """What the columns, the states and the keys mean, as lines() has it."""
    meanings = {"WORD": "MEANING", **{column.title: column.meaning for column in COLUMNS}, **WORDS}
    return [[(line, PLAIN)] for name, meaning in meanings.items()
            for line in textwrap.wrap(meaning, max(width, 30), initial_indent=f"{name:<9}",
                                      subsequent_indent=" " * 9)]


def _chosen(grid, width):
    """The columns that there is room for, {column: its width}; width: None, no limit."""
    full = {column: max([len(column.title), *(len(text) for text, _ in cells)])
            for column, cells in grid.items()}
    least = {column: min(size, column.least or size) for column, size in full.items()}
    found = list(full)

    def missing(sizes):
        return sum(sizes[column] + 1 for column in found) - 1 - width

    if width is None or missing(full) <= 0:
        return full
    for column in sorted(full, key=lambda column: column.worth)[:-1]:
        if missing(full if column.worth < CORE else least) > 0:
            found.remove(column)
    spare, wish = max(-missing(least), 0), missing(full) - missing(least)
    return {column: least[column] + min(spare, wish) * (full[column] - least[column]) // max(wish, 1)
            for column in found}


def _line(cells, widths):
    """[(text, style)] of [(text, style)], one for each column."""
    return [(f"{cut(text, size):{'<' if column.least else '>'}{size}} ", style)
            for (text, style), (column, size) in zip(cells, widths.items())]


def lines(rows, width=None):
    """The heading and a line for each row, each a list of (text, style); width: None, no limit."""
    grid = {column: [(printable(text), style) for text, style in map(column.cell, rows)]
            for column in COLUMNS}
    widths = _chosen(grid, width)
    return [_line([(column.title, HEAD) for column in widths], widths),
            *(_line(cells, widths) for cells in zip(*(grid[column] for column in widths)))]


def unfolded(row, width):
    """A line for each thread of a pool, as lines() has them; those that run longest come first."""
    threads = sorted(row.pool.threads, key=lambda thread: (thread[0] not in figures.BUSY, -thread[1].ms))
    return [[(cut(f"  {task.pid:>7} {state:<9} {duration(task.ms * 1000):>6} {printable(task.function)}",
                  max(width, 1)), PLAIN if state in figures.BUSY else FAINT)]
            for state, task in threads] or [[("  no worker", FAINT)]]


def plain(line):
    return "".join(text for text, _ in line).rstrip()


# --- their order -----------------------------------------------------------

SORTS = {
    "trouble": lambda row: figures.TROUBLES[row.trouble],
    "name": lambda row: row.pool.name,
    "running": lambda row: -row.now("running"),
    "queued": lambda row: -row.now("queued"),
    "rate": lambda row: -(row.completed_rate or 0),
    "wait": lambda row: -((row.waiting and row.waiting["p99"]) or 0),
    "longest": lambda row: -(row.longest.ms if row.longest else -1),
}


def in_order(rows, sort):
    """By name where the rest is the same."""
    return sorted(sorted(rows, key=SORTS["name"]), key=SORTS[sort])
