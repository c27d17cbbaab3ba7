# SPDX-License-Identifier: GPL-2.0
"""Calls whose work, queue or function is not known by a name, or that would be made twice of once.

A change of such a call might pass the compiler and be wrong, so a human makes it.
"""
import re

from harness import csource, moving_functions, moving_text
from harness.moving_calls import CALLS, SYSTEM, SYSTEM_OTHER

AWAITING = ("wait", "cancel_sync")
INITS = ("init", "static", "static delayed")
CHANGES = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)|\b\w*(?:xchg|alloc|pop|dequeue|take|del)\w*\s*\(")
ENDS_IN_CALL = re.compile(r"\w\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[\s)]*$")
DEEPEST = 4
TWICE = "its argument would be evaluated twice"
# These only tell what something is in, or where it is.
PURE = re.compile(r"container_of|to_\w+|\w+_of|(?:per|this|raw)_cpu_ptr|per_cpu|READ_ONCE|rcu_dereference\w*|"
                  r"\w+_drvdata|\w*priv|list_(?:first_|last_|next_|prev_)?entry|sizeof|typeof")
LABEL = re.compile(r"\bgoto\s+\w+;$|^\s*\w+:$")
LOST = "what its first argument changes would be lost"
READS = r"(?:READ_ONCE|rcu_\w+|smp_load_acquire)"
NO_TEST = "a test for NULL: a pool that was not made is an error pointer"
MACRO = "in a macro: which of its uses is of which work or queue?"


def plain(text):
    """Without what a name may be given in: fn, &fn or (fn)."""
    return re.sub(r"[\s&()]", "", text)


def changes(survey, source, text, depth=0):
    """May it matter how often this expression is evaluated?"""
    if CHANGES.search(text):
        return True
    for name in set(re.findall(r"\b(\w+)\s*\(", text)):
        found = survey.known.called(source, name) if depth < DEEPEST else []
        values = moving_functions.values_of(found)
        if not PURE.fullmatch(name) and (not values or any(
                changes(survey, each, value, depth + 1) for (each, _), value in zip(found, values))):
            return True
    return False


def why(survey, site):
    """Why this call is left for a human, or nothing."""
    twice = site.what in ("init", "destroy")
    if twice and moving_text.in_macro(site.source.code, site.call.start):
        return MACRO
    if twice and changes(survey, site.source, site.queue if site.what == "destroy" else site.work):
        return TWICE
    if site.work and ENDS_IN_CALL.search(csource.unindexed(site.work)) and survey.anything_awaited():
        return "which work is it?"
    if site.call.name == "flush_work" and survey.in_delayed(plain(site.work)):
        return "it does not wait for the delay to pass, and wpool_wait() does"
    # If nobody waits for it, it is one that its function may free.
    if survey.function_of(site) and survey.function_of(site) not in survey.functions and \
            survey.sites_of(survey.work_of(site), *AWAITING):
        return "which function is it?"
    return ""


def mentions(code, survey):
    """What is still said of workqueues in a file that was changed: (place, name, what it is)."""
    for found in re.finditer(rf"\b(?:(?:{'|'.join(CALLS)})\b(?!\s*\()|"
                             r"(?:__(?:DELAYED_)?WORK_INITIALIZER|devm_\w*work_autocancel)\b)", code):
        if not LABEL.search(code[:found.end() + 1].rpartition("\n")[2]):
            yield found.start(), found[0], "not as a call: it still means a workqueue"
    for found in re.finditer(rf"\b(?:{'|'.join(SYSTEM | SYSTEM_OTHER)})\b", code):
        if not moving_text.of_hidden(code, found.start()):
            yield found.start(), found[0], "the kernel's queue where a pool is expected"
    delayed = survey.delayed_moved
    for found in re.finditer(rf"\b(?:{'|'.join(sorted(delayed))})(?:\[[^\]]*\])?(?:\.|->)timer\b",
                             code) if delayed else ():
        yield found.start(), found[0], "the timer of a delayed task is the pool's"
    yield from _inside(code, survey)
    if survey.queues:
        yield from _tests(code, survey)


def _inside(code, survey):
    """What is looked at inside of a work or a worker."""
    names = "|".join(sorted({name for struct, name in survey.fields if not survey.is_left(
        survey.work_in(struct, name))}))
    for found in re.finditer(rf"\b(?:{names})(?:\[[^\]]*\])?(?:\.work)?\.func\b", code) if names else ():
        yield found.start(), found[0], "no member of a task"
    source = csource.Source("", code)
    for found in re.finditer(r"\b(\w+)->func\b", code):
        around, pointer = source.function_at(found.start()), rf"\bstruct wpool_\w+\s*\*\s*{found[1]}\b"
        if around and re.search(pointer, code[around.start:around.end]):
            yield found.start(), found[0], "no member of a task"
    names = "|".join(sorted(survey.workers))
    for found in re.finditer(rf"\b(?:{names})(?:\[[^\]]*\])?->task\b", code) if names else ():
        yield found.start(), found[0], "a pool has more than one thread: see struct wpool_attrs"


def _tests(code, survey):
    """Pointers to pools that are looked at as if NULL were all that can be wrong with them."""
    queue = "|".join(sorted(survey.queues))
    name = rf"(?<![\w.>])(?:\w[\w.>\-\[\]]*(?:\([\w\s,&*]*\))?(?:->|\.))?(?:{queue})(?:\[[^\]]*\])?"
    for found in re.finditer(rf"!\s*\(?({name})(?![\w(\[.]|->)|({name})\)?\s*[!=]=\s*NULL\b|"
                             rf"(?:!|\b(?:if|while)\s*\()\s*\(?(?:\*|{READS}\s*\()\s*({name})"
                             r"(?![\w(\[.]|->)|"
                             rf"(?<!IS_ERR)(?<!OR_NULL)(?<!for )\(\s*({name})\s*=(?!=)", code):
        yield (found.start(), "".join(filter(None, found.groups())),
               NO_TEST)
    yield from _truths(code, name, survey.bools)


def _truths(code, name, bools):
    """Pointers to pools that become a bool without an operator."""
    for found in re.finditer(rf"\breturn\s+\(?({name})\)?\s*;|(\w+)\s*=\s*({name})\s*[;,]", code):
        if found[2] in bools or (found[1] and _is_bool(code, found.start())):
            yield found.start(), found[1] or found[3], NO_TEST


def _is_bool(code, at):
    """Is this in a function that returns a bool?"""
    function = csource.Source("", code).function_at(at)
    return function and re.search(rf"\bbool\s+{function.name}\(", code[function.start:function.body])
