# SPDX-License-Identifier: GPL-2.0
"""KUnit results out of a kernel log.

The log, not /sys/kernel/debug/kunit/*/results: before 6.6 those files hold
at most 512 bytes a test, and so lose the verdict of a talkative one.
"""
import dataclasses
import re

STAMP = re.compile(r"^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
RESULT = re.compile(r"^(not ok|ok) (\d+)(?: -)? ?([^#]*?)(?: *# *(SKIP)?(.*))?$")
UNDERWAY = re.compile(r"\] {5}# Subtest: (\S+)")
COUNTED = re.compile(r" +# \w+: pass:\d+ fail:\d+ skip:(\d+) total:(\d+)")
FAILED = ": EXPECTATION FAILED at"
INDENT = 4


@dataclasses.dataclass
class Test:
    name: str
    status: str            # pass, fail or skip
    said: list             # the lines before its verdict
    reason: str = ""       # why it was skipped

    def named(self):
        """(which of its parameters was skipped, why), as far as the kernel names them"""
        results = [RESULT.match(line.strip()) for line in self.said if line.startswith(" " * 2 * INDENT)]
        return [(result[3].strip(), result[5].strip()) for result in results if result and result[4]]

    def skipped(self):
        """(which of its parameters, why)"""
        found = self.named()
        for counted in filter(None, map(COUNTED.match, self.said)):
            # 6.1 counts them, and names none.
            if unnamed := int(counted[1]) - len(found):
                found.append((f"{unnamed} of {counted[2]} parameters", "this kernel does not name them"))
        return found

    def why(self):
        """Why it was skipped; 7.2 leaves that to its parameters, if it skipped them all."""
        return self.reason or "; ".join(dict.fromkeys(why for _, why in self.named() if why))


@dataclasses.dataclass
class Suite:
    name: str
    plan: int = None
    verdict: str = None
    tests: list = dataclasses.field(default_factory=list)

    def faults(self):
        """What is wrong with the document itself, whatever its tests say."""
        if self.plan is None:
            yield "has no plan"
        elif self.plan != len(self.tests):
            yield f"planned {self.plan} tests, gave results of {len(self.tests)}"
        if self.plan == 0:
            yield "has no tests"
        if self.verdict is None:
            yield "has no closing result"
        failed = any(test.status == "fail" for test in self.tests)
        if self.verdict == "fail" and not failed:
            yield "failed as a whole"
        if self.tests and all(test.status == "skip" for test in self.tests):
            yield "skipped every test"


def underway(log):
    """The suite that the log is in, or nothing."""
    suite = (UNDERWAY.findall(log) or [""])[-1]
    return "" if re.search(rf"\] (?:not )?ok \d+ (?:- )?{re.escape(suite)}\b", log) else suite


def _status(ok, skipped, said):
    """KUnit calls a test skipped that skips itself, even if an expectation failed before."""
    if not ok or any(FAILED in line for line in said):
        return "fail"
    return "skip" if skipped else "pass"


def parse(log):
    """All suites in the log, in order."""
    suites, suite, said = [], None, []
    for raw in log.splitlines():
        line = STAMP.sub("", raw)
        text = line.lstrip(" ")
        depth = (len(line) - len(text)) // INDENT
        if depth == 1 and text.startswith("# Subtest: "):
            suite, said = Suite(text[len("# Subtest: "):].strip()), []
            suites.append(suite)
        elif suite and depth == 1 and suite.plan is None and re.fullmatch(r"1\.\.\d+", text):
            suite.plan = int(text[3:])
        elif suite and (result := RESULT.match(text)) and depth <= 1:
            status = _status(result[1] == "ok", result[4], said)
            if depth == 1:
                suite.tests.append(Test(result[3].strip(), status, said, (result[5] or "").strip()))
            elif result[3].strip() == suite.name:
                suite.verdict, suite = status, None
            said = []
        elif suite:
            said.append(line)
    return suites
