# SPDX-License-Identifier: GPL-2.0
"""Which acts the torture began while which others were in flight, and why not the others.

Some pairs cannot be, and the torture knows: to meet one of these is a fault. Others it does not
meet though they may be: scripts/pairs.unmet says why. A pair that is met though its entry says
"never" is a fault, and so is an entry for what there is not. Names may be globs.
"""
import collections
import dataclasses
import fnmatch
import re
import textwrap

from harness import modules
from harness.proc import Failed, say

UNMET = modules.TREE / "scripts" / "pairs.unmet"
LINE = re.compile(r"wpool_torture: pairs (acts|flights|kinds|absent|excluded|missed): (.*)")
ENTRY = re.compile(r"(\S+) while (\S.*): (never|seldom)")


@dataclasses.dataclass
class Entry:
    """A reason why acts, begun while others are in flight, are not met."""
    act: str
    flights: list
    kind: str
    reason: str

    def explains(self, pair):
        return fnmatch.fnmatchcase(pair[0], self.act) and any(
            fnmatch.fnmatchcase(pair[1], flight) for flight in self.flights)


@dataclasses.dataclass
class Found:
    """What there is, what could be met, what was; and why not more could be."""
    acts: set = dataclasses.field(default_factory=set)
    flights: list = dataclasses.field(default_factory=list)  # in their order
    possible: set = dataclasses.field(default_factory=set)
    met: set = dataclasses.field(default_factory=set)
    reasons: collections.Counter = dataclasses.field(default_factory=collections.Counter)


def _pairs(line):
    act, flights = line.split(" while ")
    return {(act, flight) for flight in flights.split()}


def entries():
    """Those of the file."""
    found = []
    text = re.sub(r"^#.*\n", "", UNMET.read_text(), flags=re.M).strip()
    for part in re.split(r"\n{2,}", text) if text else []:
        lines = part.splitlines()
        heads = [match.groups() for line in lines if (match := ENTRY.fullmatch(line))]
        reason = " ".join(line.strip() for line in lines[len(heads):])
        if not heads or not reason or ENTRY.search(reason):
            raise Failed(f"{UNMET.name}: neither ACT while ACTS: never, nor seldom, with a reason: "
                         f"{lines[0]}")
        found += [Entry(act, flights.split(), kind, reason) for act, flights, kind in heads]
    return found


def _read(text, found):
    """Adds what one run says."""
    said = collections.defaultdict(list)
    for match in LINE.finditer(text):
        said[match[1]].append(match[2])
    words = {what: " ".join(said[what]).split() for what in ("acts", "flights", "kinds")}
    possible = {(act, flight) for act in words["acts"] for flight in words["flights"]}
    possible |= {("hotplug", kind) for kind in words["kinds"]}
    reasons = collections.Counter()
    for line in said["absent"]:
        name, why = line.split(": ", 1)
        gone = {pair for pair in possible if name in pair}
        reasons[why] += len(gone)
        possible -= gone
    for line in said["excluded"]:
        line, why = line.rsplit(": ", 1)
        gone = _pairs(line) & possible
        reasons[why] += len(gone)
        possible -= gone
    missed = set().union(*(_pairs(line) for line in said["missed"]))
    found.acts |= {*words["acts"], *words["flights"], *words["kinds"]}
    found.flights = words["flights"]
    found.possible |= possible
    found.met |= possible - missed
    found.reasons |= reasons


def read(consoles):
    """What the runs whose consoles these are have met together."""
    found = Found()
    for text in consoles:
        _read(text, found)
    return found


def outdated(found):
    """What is wrong with the entries."""
    for entry in entries():
        for name in (entry.act, *entry.flights):
            if not fnmatch.filter(found.acts, name):
                yield f"{UNMET.name}: there is no act {name}"
        if entry.kind == "never":
            for act, flight in sorted(filter(entry.explains, found.met)):
                yield f"{UNMET.name}: {act} while {flight} is met, though it says never"


def _show(pairs):
    by_act = collections.defaultdict(list)
    for act, flight in sorted(pairs):
        by_act[act].append(flight)
    for act, flights in by_act.items():
        say(textwrap.fill(f"{act} while {' '.join(flights)}", 98, initial_indent=" " * 8,
                          subsequent_indent=" " * 12))


def _explain(found):
    """What was not met: the pairs of each reason that there is, and those without one."""
    left, by_reason = found.possible - found.met, {}
    for entry in entries():
        explained = {pair for pair in left if entry.explains(pair)}
        by_reason.setdefault(entry.reason, set()).update(explained)
        left = left - explained
    return by_reason, left


def unexplained(found):
    """The pairs that were not met and have no reason."""
    return _explain(found)[1]


def handed_on(found):
    """What has the next run try first what those before have left: its parameter."""
    where = {name: number for number, name in enumerate(found.flights)}
    numbers = [where[act] * len(where) + where[flight] for act, flight in unexplained(found)
               if flight in where]
    return f"left={','.join(map(str, sorted(numbers)))}" if numbers else ""


def show(found):
    """How many of how many, and each that was not, with its reason. Return: those without one."""
    by_reason, left = _explain(found)
    say(f"    pairs: {len(found.met)} of {len(found.possible)} met")
    for why, number in found.reasons.items():
        say(f"    {number} cannot be: {why}")
    for why, explained in by_reason.items():
        if explained:
            say(textwrap.indent(textwrap.fill(f"{len(explained)} not met: {why}", 94), " " * 4))
            _show(explained)
    if left:
        say(f"    {len(left)} not met, and not explained:")
        _show(left)
    return left
