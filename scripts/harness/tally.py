# SPDX-License-Identifier: GPL-2.0
"""Counts what passed and what failed, and says so in one closing line."""
import contextlib
import dataclasses
import io

from harness import results
from harness.proc import Failed, say

MOST_DETAILS = 70  # lines
MOST_REASON = 160  # characters


def overhear(judge, *args):
    """A judge's tally, and his words, which nobody else hears."""
    inner, said = Tally(), io.StringIO()
    with contextlib.redirect_stdout(said):
        judge(inner, *args)
    return inner, said.getvalue()


@dataclasses.dataclass
class Case:
    """What was tested: one that passed, or a failure, or skipped."""
    what: str
    outcome: str
    reason: str = ""
    details: tuple = ()


class Tally:
    def __init__(self):
        self.cases = []

    def _count(self, outcome):
        return sum(case.outcome == outcome for case in self.cases)

    @property
    def passed(self):
        return self._count("passed")

    @property
    def failed(self):
        return self._count("failure")

    @property
    def skipped(self):
        return self._count("skipped")

    @property
    def reasons(self):
        return [f"{case.what}: {case.reason}"[:MOST_REASON] for case in self.cases
                if case.outcome == "failure"]

    def ok(self, what, cases=None):
        """cases: the names of those that passed, where one line says so for all."""
        self.cases += [Case(name, "passed") for name in cases or [what]]
        say(f"ok      {what}")

    def skip(self, what, told=False):
        self.cases.append(Case(what, "skipped"))
        if not told:
            say(f"skip    {what}")

    def fail(self, what, reason, details=()):
        self.cases.append(Case(what, "failure", reason, tuple(details)))
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
        self.cases += other.cases

    @contextlib.contextmanager
    def part(self, what):
        """What cannot even be done is one failure, and the rest goes on."""
        try:
            yield
        except Failed as error:
            reason, *details = str(error).splitlines()
            self.fail(what, reason, details)

    def close(self, left_out=""):
        """The closing line, after what was left out and why; returns the exit status."""
        if self.failed:
            say("\nfailed:")
            for reason in self.reasons:
                say(f"  {reason}")
        if not self.passed and not self.failed:
            self.fail("all", "not one test ran")
        results.keep_cases(self.cases)
        if left_out:
            say(left_out)
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        say(f"{self.passed} passed, {self.failed} failed{skipped}")
        return 1 if self.failed else 0
