# SPDX-License-Identifier: GPL-2.0
"""Queues whose works still run on the CPU that queues them: sets with a pool for each CPU (--on-cpu).

The calls that make them are in moving_queues.py. The rest is done here, when each is a pool already.
A queue that is used in a way for which a set has no call is refused.
"""
import re

from harness import csource, moving_queues, moving_uses
from harness.moving_queues import MAKES_SET
from harness.moving_survey import QUEUE_TYPES
from harness.proc import Failed

SETS = {f"wpool_{what}": f"wpool_set_{what}" for what in ("try_schedule", "flush", "drain", "destroy")}
TESTS = {"IS_ERR", "IS_ERR_OR_NULL", "PTR_ERR", "PTR_ERR_OR_ZERO"}
ASSIGNED = r"(?<![=!<>])=(?!=)"
DELAYED = "delayed work, for which a set has no call"


def _is_queue(expression, names):
    """Does this stand for one of these queues, and for nothing else?"""
    path = csource.unindexed(expression).strip()
    while path.startswith("(") and csource.close_of(path, 0) == len(path) - 1:
        path = path[1:-1].strip()
    while re.search(r"\([^()]*\)", path):
        path = re.sub(r"\([^()]*\)", "", path)
    return re.fullmatch(rf"(?:[^?,=&|]*(?:->|\.)\s*)?(?:{'|'.join(names)})", path)


def _declarations(code, kind, names):
    """Where only such queues are declared as pointers to this structure."""
    for found in re.finditer(rf"\bstruct\s+{kind}\b([^;(){{}}=]*)[;=]", code):
        each = [re.match(r"\s*(?:__\w+\s+)?\*\s*(?:const\s+)?(\w+)", one) for one in found[1].split(",")]
        if all(one and one[1] in names for one in each) and not _goes_on(code, found):
            yield found


def _goes_on(code, found):
    """Is another variable declared behind an initialiser?"""
    value = re.match(r"[^;{]*(?:\{[^}]*\})?[^;]*", code[found.end():])[0] if found[0].endswith("=") else ""
    while re.search(r"[({][^(){}]*[)}]", value):
        value = re.sub(r"[({][^(){}]*[)}]", "", value)
    return "," in value


# --- what they become ----------------------------------------------------------------

def converted(text, names):
    """The text with sets in place of these pools, where that is possible."""
    if not names:
        return text
    code, edits = csource.blanked(text), []
    for found in _declarations(code, "wpool", names):
        edits.append((found.start(1), found.start(1), "_set"))
    for call in csource.Source("", code).calls(SETS):
        if _is_queue(call.args[0], names):
            edits.append((call.start, call.start + len(call.name), SETS[call.name]))
            if call.name == "wpool_try_schedule":
                edits.append((call.end - 1, call.end - 1, ", 0"))
    for low, high, new in sorted(set(edits), reverse=True):
        text = text[:low] + new + text[high:]
    return text


# --- what is refused -----------------------------------------------------------------

def _refuse(file, line, name, why):
    raise Failed(f"{file}:{line}: --on-cpu {name}: {why}")


def _why_not_made(survey, site):
    if survey.options.blocking:
        return "a task stays with its CPU by a call that does not sleep for room, as --blocking wants"
    if site.left:
        return site.left
    _, flags, active, _ = moving_queues.parts_of(site.call)
    return "it is ordered, so it has one worker for all CPUs" if active == "ordered" else \
        "with WQ_UNBOUND its works run on any CPU" if "WQ_UNBOUND" in flags else ""


def _declared(survey, name):
    """The first place where a queue of this name is declared: (file, line)."""
    return next((source.name, csource.line_of(source.code, found.start())) for source in survey.sources
                for found in re.finditer(rf"{QUEUE_TYPES}[^;{{}}=]*?\b{name}\b", source.code))


def _joined(survey, names):
    """Where a macro makes one of these names by ##: (file, call, name)."""
    for source in survey.sources:
        for macro in source.macros if names else ():
            body = source.body(macro)
            for user, call in moving_uses.calls_of(survey, macro) if "##" in body else ():
                made = moving_uses.put(body, moving_uses.params_of(macro), call.args, True)
                for name in set(re.findall(r"\w+", made)) & set(names) - set(re.findall(r"\w+", body)):
                    yield user, call, name


def refuse(survey):
    """Failed if it is seen in the calls of workqueues that one of these queues cannot be a set."""
    names, made = survey.options.on_cpu, set()
    for name in names:
        if name not in survey.queues:
            raise Failed(f"--on-cpu {name}: no queue has this name")
    for site in survey.sites:
        name, why = csource.last_word(site.queue), site.left
        if site.what == "create":
            name = moving_queues.target(site.source.code, site.call.start)
            made.add(name)
            why = _why_not_made(survey, site)
        elif site.what == "delay":
            why = DELAYED
        if name in names and why:
            _refuse(site.source.name, site.call.line, name, f"{site.call.name}(): {why}")
    for source, call, name in _joined(survey, names):
        _refuse(source.name, call.line, name, f"{call.name}() makes its name by ##")
    for name in names:
        if name not in made:
            _refuse(*_declared(survey, name), name, "it is made elsewhere, as one queue")


def _fits(code, names):
    """Where these queues are used as a set may be used: (begin, end)."""
    for found in _declarations(code, "wpool_set", names):
        if found[0].endswith(";") or re.match(
                rf"\s*(?:{{[\s,]*)?(?:NULL|{MAKES_SET}|}})", code[found.end():]):
            yield found.span()
    source = csource.Source("", code)
    for call in source.calls({*SETS.values(), *TESTS}):
        first, made = call.args[0], re.match(rf"([^=]*)=\s*{MAKES_SET}\b", call.args[0])
        if _is_queue(first, names) or (call.name in TESTS and made and _is_queue(made[1], names)):
            at = code.index(first, call.start + len(call.name))
            yield at, at + len(made[1] if made else first)
    ends = {call.start: call.end for call in source.calls({MAKES_SET})}
    for found in re.finditer(rf"\b(?:{'|'.join(names)})\b(?:\s*\[[^\]]*\])?\s*=\s*"
                             rf"(?:(NULL\s*[;,}}])|(?={MAKES_SET}\b))", code):
        ended = found[1] or re.match(r"\s*;", code[ends[found.end()]:])
        if ended and not re.search(rf"{ASSIGNED}|\bstruct\s+wpool\b", _statement(code, found.start())):
            yield found.span()


def _statement(code, at):
    """What stands before this place in its statement."""
    return re.split(r"[;{}]", code[:at])[-1]


def _why(code, found):
    """What is done with it, for which there is no set."""
    before, after = _statement(code, found.start()), code[found.end():]
    calls = csource.calls_around(before)
    call = calls[-1] if calls else ""
    reasons = [
        (re.search(r"\(.*\bstruct\s+wpool\s*\*+\s*(?:const\s+)?$", before, re.S), "it is a parameter"),
        (re.search(r"\bstruct\s+wpool\b[^()=]*$", before), "it is not declared by itself, as a pointer"),
        (call.endswith("_delayed"), DELAYED),
        (re.match(rf"(?:\s*\[[^\]]*\])?\s*{ASSIGNED}(?!\s*(?:NULL|{MAKES_SET})\b)", after),
         "it gets what is not made there"),
        (call, f"it is given to {call}(), which does not take a set"),
        (re.search(rf"{ASSIGNED}[\s(&*]*[\w\s.>\-\[\]]*$", before), "another variable gets it, too"),
        (re.search(r"\breturn\b", before), "it is returned"),
        (re.match(rf"(?:\s*\[[^\]]*\])?\s*{ASSIGNED}", after), "what is made for it is used at once"),
    ]
    return next((why for seen, why in reasons if seen), "it is used as a set cannot be")


def refuse_others(moved, names):
    """Failed if one of these queues is still used otherwise, in what has become of all files."""
    for each in moved if names else ():
        code = csource.blanked(each.after)
        fits = list(_fits(code, names))
        for found in re.finditer(rf"\b(?:{'|'.join(names)})\b", code):
            if not any(low <= found.start() < high for low, high in fits):
                _refuse(each.name, each.origin(found.start(), found[0]), found[0], _why(code, found))
