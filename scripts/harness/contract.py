# SPDX-License-Identifier: GPL-2.0
"""The contract as a table: what kunit/contract_table.h says, as a page; the suite wpool_contract
runs the same file."""
import collections
import itertools
import re

from harness import docs
from harness.modules import TREE

TABLE = TREE / "kunit/contract_table.h"
SETS = TREE / "kunit/contract_sets.h"
PAGE = TREE / "Documentation/dev/contract.md"
BEGIN = "<!-- From here on scripts/contract writes this page. -->\n"
LINE = re.compile(r"^([A-Z_]+)\((\w[^\n]*(?:\n[ \t]+[^\n]*)*)\)$", re.M)
SET = re.compile(r"^\t([A-Z]_\w+) = ([^()\n]*),$", re.M)
OUTCOME = re.compile(r"^\t([A-Z]\w+) = .*,\t+/\* (.*) \*/$", re.M)
COLUMNS = (("WHO", "by", "The caller"), ("STATE", "pool", "The pool"), ("KIND", "task", "The task"),
           ("EVENT", "meanwhile", "What befalls the task"))
HEAD = """
`kunit/contract_table.h` says what each call returns and how its task ends: for each caller, state of
the pool, kind of task, and event meanwhile. The suite `wpool_contract` runs each pair of these values,
except the pairs under [What is not run](#what-is-not-run).
"""
ELSE = """
Where none of these lines fits, the call returns what the table above says. If several fit, the
last one holds. Calls are named by what they are; a call must be all that is named.
"""
END = """
What a thread that waits for the task learns in the end. If several lines fit, the last one holds.
"""
OUT = """
What makes no sense is not run, for one of these reasons.
"""
SHARE = """
Lines about one column or two exclude pairs: {} of {}, which is {:.1f}%. More than {}% would be a
fault. Lines about more columns exclude no pair, as others run it.
"""
MOST_EXCLUDED = 30  # percent of all pairs, as in the suite


def lines():
    """(macro, its arguments) of each line of the table, in order."""
    text = re.sub(r"/\*.*?\*/", "", TABLE.read_text(), flags=re.S)
    while include := re.search(r'^#include "(\w+\.h)"$', text, re.M):
        more = re.sub(r"/\*.*?\*/", "", (TABLE.parent / include[1]).read_text(), flags=re.S)
        text = text[:include.start()] + more + text[include.end():]
    for macro, words in LINE.findall(re.sub(r"^#.*$", "", text, flags=re.M)):
        quoted = re.match(r'(.*), "(.*)"$', words)
        rest = quoted[1] if quoted else words
        yield macro, [" ".join(word.split()) for word in rest.split(",")] + \
            ([quoted[2]] if quoted else [])


def _shown(name):
    """A row of wpool_schedule_how() has the flags at its end, in lower case what is no flag."""
    how, flags = re.match(r"(\w+?_how)_(\w+)$|()", name).group(1, 2)
    return f"`{how}()`, `{flags.replace('_', ' ')}`" if how else f"`{name}()`"


class Contract:
    """The table, read."""

    def __init__(self):
        self.lines = list(lines())
        self.sets, self.names = {}, {}
        for column in (*(name for name, _, _ in COLUMNS), "TRAIT"):
            for place, words in enumerate(self.of(column)):
                self.sets[words[0]] = 1 << place
                self.names[words[0]] = words[-1]
        for name, expression in SET.findall(SETS.read_text()):
            self.sets[name] = self.bits(expression)
        self.texts = dict(OUTCOME.findall(SETS.read_text()))

    def of(self, macro):
        return [words for have, words in self.lines if have == macro]

    def bits(self, expression):
        value = -1 if expression == "ANY" else eval(  # pylint: disable=eval-used
            re.sub(r"\b[A-Z]_\w+", lambda name: str(self.sets[name[0]]), expression))
        return value

    def calls(self):
        return [words[0] for words in self.of("CALL")]

    def excluded(self):
        """(reason, the values of each column, or None for any) of each line that excludes."""
        for macro, (reason, calls, *sets) in self.lines:
            if macro not in ("EXCLUDE", "EXCLUDE_OF"):
                continue
            values = [None if calls == "0" else self.calls_of(macro, calls)]
            for (column, _, _), expression in zip(COLUMNS, sets):
                names = [words[0] for words in self.of(column)]
                inside = [name for name in names if self.sets[name] & self.bits(expression)]
                values.append(None if inside == names else inside)
            yield reason, values

    def calls_of(self, macro, word):
        """Those that a line is about: one, or all that have these traits."""
        if macro.endswith("_OF"):
            return [word]
        wanted = set(word.split(" | "))
        return [name for name, traits, _ in self.of("CALL") if wanted <= set(traits.split(" | "))]

    def pairs(self):
        """How many pairs of values of two columns there are, and how many each reason excludes.

        A pair is excluded only by a line that is about these two columns and no other, and counts
        for the first such line: as in kunit/contract_rows.c, which runs all other pairs.
        """
        columns = [self.calls(), *([words[0] for words in self.of(column)] for column, _, _ in COLUMNS)]
        number, why = 0, {}
        for two in itertools.combinations(range(len(columns)), 2):
            number += len(columns[two[0]]) * len(columns[two[1]])
            for reason, values in self.excluded():
                if any(some is not None and place not in two for place, some in enumerate(values)):
                    continue
                for pair in itertools.product(*(columns[place] if values[place] is None
                                                else values[place] for place in two)):
                    why.setdefault(pair, reason)
        return number, collections.Counter(why.values())

    def set_text(self, column, expression):
        """The values of a set, or all but the others."""
        names, bits = [words[0] for words in self.of(column)], self.bits(expression)
        inside = [name for name in names if self.sets[name] & bits]
        outside = [name for name in names if not self.sets[name] & bits]
        if not outside:
            return "any"
        few, all_but = (inside, "") if len(inside) <= len(outside) + 1 else (outside, "not ")
        return all_but + ", ".join(f"`{name}`" for name in few)

    def calls_text(self, macro, word):
        if macro.endswith("_OF"):
            return _shown(word)
        if word == "0":
            return "any"
        return " and ".join(f"`{name}`" for name in word.split(" | "))

    def outcome(self, word):
        if word in self.texts:
            return self.texts[word]
        return "0" if word == "0" else f"`{word}`"


def _table(*head):
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"


def _rules(contract, macro, last, text):
    yield from _table("calls", *(name for _, name, _ in COLUMNS), last)
    for have, words in contract.lines:
        if have not in (macro, f"{macro}_OF"):
            continue
        words = words[1:] + words[:1] if macro == "EXCLUDE" else words
        sets = [contract.set_text(column, word)
                for (column, _, _), word in zip(COLUMNS, words[1:5])]
        yield f"| {contract.calls_text(have, words[0])} | {' | '.join(sets)} | {text(words[5])} |"


def _columns(contract):
    for column, _, title in COLUMNS:
        yield f"\n{title}:\n"
        yield from _table("", "")
        yield from (f"| `{words[0]}` | {words[-1]} |" for words in contract.of(column))
    yield "\nWhat calls are:\n"
    yield from _table("", "")
    yield from (f"| `{name}` | {text} |" for name, text in contract.of("TRAIT"))


def _share(contract):
    """How much is excluded, and why."""
    number, why = contract.pairs()
    yield SHARE.format(why.total(), number, 100 * why.total() / number, MOST_EXCLUDED)
    yield from _table("why", "pairs")
    yield from (f"| {text} | {why[name]} |" for name, text in contract.of("REASON"))


def page():
    contract = Contract()
    reasons = dict(contract.of("REASON"))
    written = PAGE.read_text().partition(BEGIN)[0]
    out = [written + BEGIN + HEAD, "## The columns", *_columns(contract), "\n## What the calls return\n",
           *_table("call", "is", "returns")]
    for name, traits, returns in contract.of("CALL"):
        traits = "" if traits == "0" else ", ".join(f"`{one}`" for one in traits.split(" | "))
        out.append(f"| {_shown(name)} | {traits} | {contract.outcome(returns)} |")
    out += ["\n## Where they return something else", ELSE,
            *_rules(contract, "RETURNS", "returns", contract.outcome),
            "\n## How the task ends", END, *_table("meanwhile", "it ends with")]
    out += [f"| {text} | {contract.outcome(end)} |" for _, end, text in contract.of("EVENT")]
    out += ["", *_rules(contract, "ENDS", "it ends with", contract.outcome),
            "\n## What is not run", OUT,
            *_rules(contract, "EXCLUDE", "why", lambda name: reasons[name]), *_share(contract)]
    return "\n".join(out) + "\n"


def _real(name):
    """A row of wpool_schedule_how() has the flags at its end."""
    return re.sub(r"_how_\w+$", "_how", name)


def _unchecked(contract, code):
    """The calls that submit, or call, and whose result may be dropped without a warning."""
    for words in contract.of("CALL"):
        name, traits = _real(words[0]), words[1]
        if "T_SUBMITS" not in traits and not re.match(r"wpool_(group_)?(try_|run|schedule)", name):
            continue
        if not re.search(rf"__must_check[^;{{]*?\b_*{name}\(|define {name}\([^;]*?__wpool_checked\(", code):
            yield name


def _too_much(number, why):
    if 100 * why.total() > MOST_EXCLUDED * number:
        yield f"{TABLE.name} excludes {why.total()} of {number} pairs: {dict(why)}"


def faults():
    contract, code = Contract(), docs.code_of(docs.header())
    wanted = set(docs.FUNCTION.findall(code))
    have = {_real(name) for name in contract.calls()}
    for name in _unchecked(contract, code):
        yield f"{name}() submits, and its result is not __must_check"
    for name in sorted(wanted - set(have)):
        yield f"{name}() is not in {TABLE.name}"
    for name in sorted(set(have) - wanted):
        yield f"{TABLE.name}: there is no {name}()"
    yield from _too_much(*contract.pairs())
    if PAGE.read_text() != page():
        yield f"{PAGE.name} is not what scripts/contract makes"


def unseen():
    """What is planted, and not noticed."""
    if not list(_too_much(99, collections.Counter(TYPE=20, HANGS=10))):
        yield "30 of 99 pairs are excluded"
    if list(_too_much(100, collections.Counter(TYPE=20, HANGS=10))):
        yield "30 of 100 pairs are taken for too many"
