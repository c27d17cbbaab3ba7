# SPDX-License-Identifier: GPL-2.0
"""The live view, on a terminal."""
import curses
import sys
import time

from . import figures, source, table

REMEMBERED = 10  # seconds for which a pool that has gone is named
KEYS = "keys: h help, s sort, w workers, q quit"
COLOURS = {table.WARN: curses.COLOR_YELLOW, table.BAD: curses.COLOR_RED}
# Also where there are no colours.
MANNERS = {table.HEAD: curses.A_REVERSE, table.BAD: curses.A_BOLD, table.FAINT: curses.A_DIM}


def _styles():
    """{style: what curses calls it}"""
    found = dict.fromkeys((table.PLAIN, *COLOURS), curses.A_NORMAL) | MANNERS
    if curses.has_colors():
        curses.use_default_colors()
        for number, (style, colour) in enumerate(COLOURS.items(), 1):
            curses.init_pair(number, colour, -1)
            found[style] |= curses.color_pair(number)
    return found


class Screen:
    """Looks, draws and obeys keys until it is to end."""

    def __init__(self, window, look, sample, interval, sort):
        self.window, self.look, self.interval, self.sort = window, look, interval, sort
        self.styles = _styles()
        self.minute, self.now, self.before = [sample], sample, None
        self.gone = {}     # names, and until when
        self.trouble = ""  # why there is nothing to be seen now
        self.top = 0       # the first line that is seen
        self.at = None     # the chosen line
        self.pools = []    # (the name of its pool, where that begins) of each line
        self.unfolded = None  # the name of the pool whose workers are seen
        self.help = False  # is seen in their place
        # What ends at once, as /dev/null, is not waited for.
        self.keys = sys.stdin.isatty()

    def _advance(self):
        try:
            sample = figures.sample(self.look())
        except source.Nothing as error:
            self.trouble = str(error)
            return
        self.now, self.before, self.trouble = sample, self.now, ""
        self.minute = figures.kept(self.minute, sample)
        self.gone |= dict.fromkeys(figures.gone(sample, self.before), sample.at + REMEMBERED)
        self.gone = {name: until for name, until in self.gone.items()
                     if until > sample.at and name not in sample.pools}

    def _summary(self, rows):
        if self.trouble:
            return [(self.trouble, table.BAD)]
        text = f"wpool-top {time.strftime('%T', time.localtime(self.now.clock))}  pools: {len(rows)}"
        for name in ("stuck", "blocks", "refuses", "full"):
            number = sum(row.trouble == name for row in rows)
            text += f", {name}: {number}" if number else ""
        for name in ("running", "queued"):
            text += f", {name}: {table.count(sum(row.now(name) for row in rows))}"
        line = [(text, table.PLAIN)]
        if self.gone:
            line.append((f", gone: {table.printable(' '.join(sorted(self.gone)))}", table.WARN))
        return line

    def _put(self, y, line, manner=curses.A_NORMAL):
        """A line, as much of it as there is room for."""
        height, width = self.window.getmaxyx()
        x = 0
        for text, style in line:
            # curses minds a character in the last corner, which moves its cursor out.
            room = width - x - (y == height - 1)
            if y >= height or room <= 0:
                return
            self.window.addnstr(y, x, text, room, self.styles[style] | manner)
            x += len(text)

    def _lines(self, rows, width):
        """The heading and the lines below it."""
        if self.help:
            return table.explained(width)
        head, *body = table.lines(rows, width)
        found, self.pools = [head], []
        for row, line in zip(rows, body):
            workers = table.unfolded(row, width) if row.pool.name == self.unfolded else []
            found += [line, *workers]
            self.pools += [(row.pool.name, len(self.pools))] * (1 + len(workers))
        return found

    def _scroll(self, lines, room):
        """The chosen line is seen; of the help there is none."""
        if self.at is not None and not self.help:
            self.at = max(min(self.at, lines - 1), 0)
            self.top = max(min(self.top, self.at), self.at - room + 1)
        self.top = max(min(self.top, lines - room), 0)

    def _draw(self):
        height, width = self.window.getmaxyx()
        rows = [] if self.trouble else \
            table.in_order(figures.rows(self.now, self.before, self.minute[0]), self.sort)
        head, *body = self._lines(rows, width)
        room = max(height - 3, 1)
        self._scroll(len(body), room)
        self.window.erase()
        self._put(0, self._summary(rows))
        self._put(1, [(f"sorted by {self.sort}, every {self.interval:g} s; "
                      f"{KEYS if self.keys else 'Ctrl-C quits'}", table.FAINT)])
        self._put(2, [(table.plain(head).ljust(width), table.HEAD)])
        for number, line in enumerate(body[self.top:self.top + room], self.top):
            chosen = number == self.at and not self.help
            self._put(number - self.top + 3, line, curses.A_REVERSE if chosen else curses.A_NORMAL)
        self.window.refresh()

    def _obey(self, key):
        """False: to end."""
        page = self.window.getmaxyx()[0] - 3
        moves = {curses.KEY_DOWN: 1, curses.KEY_UP: -1, curses.KEY_NPAGE: page, curses.KEY_PPAGE: -page}
        if key in map(ord, "qQ") and not self.help:
            return False
        if key in map(ord, "hH?qQ"):
            self.help, self.top = not self.help, 0
        elif key in (*map(ord, "wW\n\r"), curses.KEY_ENTER) and self.pools and not self.help:
            name, self.at = self.pools[self.at or 0]
            self.unfolded = None if name == self.unfolded else name
        elif key in map(ord, "sS"):
            names = list(table.SORTS)
            self.sort = names[(names.index(self.sort) + 1) % len(names)]
        if key in moves and self.help:
            self.top += moves[key]
        elif key in moves:
            self.at = (-1 if self.at is None else self.at) + moves[key]
        return True

    def _wait(self, seconds):
        """For a key, no longer than that. False: to end."""
        if not self.keys:
            time.sleep(seconds)
            return True
        self.window.timeout(max(int(seconds * 1000), 1))
        return self._obey(self.window.getch())

    def loop(self):
        due = time.monotonic() + self.interval
        while True:
            self._draw()
            left = due - time.monotonic()
            if left > 0:
                if not self._wait(left):
                    return
            else:
                self._advance()
                due = time.monotonic() + self.interval


def show(look, interval, sort):
    """look: what there is to be seen, each time that it is called."""
    first = figures.sample(look())  # before the terminal is touched: there may be nothing

    def body(window):
        try:
            curses.curs_set(0)
        except curses.error:
            pass  # a terminal whose cursor cannot be hidden
        Screen(window, look, first, interval, sort).loop()

    curses.wrapper(body)
