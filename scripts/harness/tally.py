# SPDX-License-Identifier: GPL-2.0
"""Counts what passed and what failed, and says so in one closing line."""
import contextlib
import io

from harness.proc import Failed, say

MOST_DETAILS = 40  # lines
MOST_REASON = 160  # characters


def overhear(judge, *args):
    """A judge's tally, and his words, which nobody else hears."""
    inner, said = Tally(), io.StringIO()
    with contextlib.redirect_stdout(said):
        judge(inner, *args)
    return inner, said.getvalue()


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = []

    def ok(self, what, count=1):
        self.passed += count
        say(f"ok      {what}")

    def skip(self, what, told=False):
        self.skipped += 1
        if not told:
            say(f"skip    {what}")

    def fail(self, what, reason, details=()):
        self.failed += 1
        self.reasons.append(f"{what}: {reason}"[:MOST_REASON])
        say(f"NOT OK  {what}: {reason}")
        for line in details:
            say(f"        | {line}")

    def check(self, what, faults):
        """One test that passes if it has nothing to complain of."""
        faults = list(faults)
        if faults:
            self.fail(what, faults[0], faults[1:MOST_DETAILS])
        else:
            self.ok(what)

    def add(self, other):
        """Count what another tally has counted and said."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons

    @contextlib.contextmanager
    def part(self, what):
        """What cannot even be done is one failure, and the rest goes on."""
        try:
            yield
        except Failed as error:
            reason, *details = str(error).splitlines()
            self.fail(what, reason, details)

    def close(self):
        """The closing line; returns the exit status."""
        if self.failed > 1:
            say("\nfailed:")
            for reason in self.reasons:
                say(f"  {reason}")
        if not self.passed and not self.failed:
            self.fail("all", "not one test ran")
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        say(f"{self.passed} passed, {self.failed} failed{skipped}")
        return 1 if self.failed else 0
