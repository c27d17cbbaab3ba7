# SPDX-License-Identifier: GPL-2.0
"""Rows as lines of text, each piece of which has a style."""
import dataclasses
import typing

GAUGE = 8  # characters
# What a piece of text is, not how it looks.
PLAIN, HEAD, GOOD, WARN, BAD, ALARM, FAINT = "plain", "head", "good", "warn", "bad", "alarm", "faint"
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
    if number >= 100_000:
        return _scaled(number, THOUSANDS)
    return f"{number:.1f}" if 0 < number < 10 and number % 1 else f"{number:.0f}"


def gauge(part, whole):
    """How much of it is in use: some as soon as anything is, all only if all is."""
    if not whole:
        return ""
    filled = min(part * GAUGE // whole, GAUGE)
    filled = max(filled, 1) if part else 0
    return f"[{'#' * filled:<{GAUGE}}] "


def printable(text):
    """Nothing that a terminal obeys."""
    return "".join(char if char.isprintable() else "?" for char in text)


# --- the columns -----------------------------------------------------------

def _state(row):
    return row.pool.state, PLAIN if row.pool.state == "RUNNING" else WARN


def _running(row):
    running, capacity = row.now("running"), row.now("capacity")
    style = WARN if running >= capacity else GOOD if running else PLAIN
    return f"{gauge(running, capacity)}{running}/{capacity}", style


def _queued(row):
    queued, depth = row.now("queued"), row.depth
    if depth is None:
        return f"{queued}", PLAIN
    style = BAD if row.has_room is False else WARN if queued else PLAIN
    return f"{gauge(queued, depth)}{queued}/{depth}", style


def _trouble(total, now):
    return count(total), ALARM if now else BAD if total else FAINT


def _wait(share):
    def cell(row):
        return duration(row.waiting and row.waiting[share]), PLAIN
    return cell


def _longest(row):
    return duration(row.longest and row.longest.ms * 1000), PLAIN


def _function(row):
    return (row.longest.function if row.longest else "-"), PLAIN


@dataclasses.dataclass(frozen=True)
class Column:
    title: str
    cell: typing.Callable  # of a row: (text, style)
    worth: int             # the least is left out first, where there is no room
    left: bool = False


COLUMNS = (
    Column("POOL", lambda row: (row.pool.name, PLAIN), 99, left=True),
    Column("STATE", _state, 40, left=True),
    Column("RUNNING", _running, 95),
    Column("QUEUED", _queued, 90),
    Column("BLOCKED", lambda row: (count(row.now("blocked")),
                                   WARN if row.now("blocked") else FAINT), 30),
    Column("NEW/s", lambda row: (count(row.submitted_rate), PLAIN), 10),
    Column("DONE/s", lambda row: (count(row.completed_rate), PLAIN), 70),
    Column("WAIT50", _wait("p50"), 20),
    Column("WAIT99", _wait("p99"), 60),
    Column("REFUSED", lambda row: _trouble(row.refused, row.refused_now), 85),
    Column("DIED", lambda row: _trouble(row.died, row.died_now), 86),
    Column("LONGEST", _longest, 80),
    Column("FUNCTION", _function, 75, left=True),
)
LEAST_FUNCTION = 10  # characters of the last column, which is cut


def _width(column, cells):
    return max([len(column.title), *(len(text) for text, _ in cells)])


def _chosen(grid, width):
    """The columns that there is room for, {column: its width}."""
    widths = {column: _width(column, cells) for column, cells in grid.items()}
    least = {column: min(size, LEAST_FUNCTION) if column is COLUMNS[-1] else size
             for column, size in widths.items()}
    for column in sorted(widths, key=lambda column: column.worth):
        if width is None or sum(least[each] + 1 for each in widths) <= width + 1:
            break
        del widths[column]
    return widths


def _line(cells, widths):
    """[(text, style)] of [(text, style)], one for each column."""
    return [(f"{text:<{size}} " if column.left else f"{text:>{size}} ", style)
            for (text, style), (column, size) in zip(cells, widths.items())]


def lines(rows, width=None):
    """The heading and a line for each row, each a list of (text, style); width: None, no limit."""
    grid = {column: [(printable(text), style) for text, style in map(column.cell, rows)]
            for column in COLUMNS}
    widths = _chosen(grid, width)
    found = [_line([(column.title, HEAD) for column in widths], widths)]
    for number in range(len(rows)):
        found.append(_line([grid[column][number] for column in widths], widths))
    return found


def plain(line):
    return "".join(text for text, _ in line).rstrip()


# --- their order -----------------------------------------------------------

SORTS = {
    "name": lambda row: row.pool.name,
    "running": lambda row: -row.now("running"),
    "queued": lambda row: -row.now("queued"),
    "rate": lambda row: -(row.completed_rate or 0),
    "wait": lambda row: -((row.waiting and row.waiting["p99"]) or 0),
    "longest": lambda row: -(row.longest.ms if row.longest else -1),
    "trouble": lambda row: -(row.refused + row.died),
}


def in_order(rows, sort):
    """By name where the rest is the same."""
    return sorted(sorted(rows, key=SORTS["name"]), key=SORTS[sort])
