# SPDX-License-Identifier: GPL-2.0
"""Calls whose work, queue or function is not known by a name, or that would be made twice of once.

A change of such a call might pass the compiler and be wrong, so a human makes it.
"""
import re

from harness import csource, moving_text
from harness.moving_calls import CALLS, SYSTEM, SYSTEM_OTHER

AWAITING = ("wait", "cancel_sync")
INITS = ("init", "static", "static delayed")
CHANGES = re.compile(r"\+\+|--|(?<![=!<>])=(?!=)|\b\w*(?:xchg|alloc|pop|dequeue|take|del)\w*\s*\(")
ENDS_IN_CALL = re.compile(r"\w\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[\s)]*$")
TWICE = "its argument would be evaluated twice"
LOST = "what its first argument changes would be lost"
MACRO = "in a macro: which of its uses is of which work or queue?"


def plain(text):
    """Without what a name may be given in: fn, &fn or (fn)."""
    return re.sub(r"[\s&()]", "", text)


def why(survey, site):
    """Why this call is left for a human, or nothing."""
    twice = site.what in ("init", "destroy")
    if twice and moving_text.in_macro(site.source.code, site.call.start):
        return MACRO
    if twice and CHANGES.search(site.queue if site.what == "destroy" else site.work):
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
        yield found.start(), found[0], "not as a call: it still means a workqueue"
    for found in re.finditer(rf"\b(?:{'|'.join(SYSTEM | SYSTEM_OTHER)})\b", code):
        if not moving_text.of_hidden(code, found.start()):
            yield found.start(), found[0], "the kernel's queue where a pool is expected"
    delayed = survey.delayed_moved
    for found in re.finditer(rf"\b(?:{'|'.join(sorted(delayed))})(?:\[[^\]]*\])?(?:\.|->)timer\b",
                             code) if delayed else ():
        yield found.start(), found[0], "the timer of a delayed task is the pool's"
    if survey.queues:
        yield from _tests(code, "|".join(sorted(survey.queues)))


def _tests(code, queue):
    """Pointers to pools that are looked at as if NULL were all that can be wrong with them."""
    name = rf"(?<![\w.>])(?:\w[\w.>\-\[\]]*(?:\([\w\s,&*]*\))?(?:->|\.))?(?:{queue})(?:\[[^\]]*\])?"
    for found in re.finditer(rf"!\s*\(?({name})(?![\w(\[.]|->)|({name})\)?\s*[!=]=\s*NULL\b|"
                             rf"(?:!|\b(?:if|while)\s*\()\s*\(?(?:\*|READ_ONCE\s*\()\s*({name})"
                             r"(?![\w(\[.]|->)|"
                             rf"(?<!IS_ERR)(?<!OR_NULL)(?<!for )\(\s*({name})\s*=(?!=)", code):
        yield (found.start(), "".join(filter(None, found.groups())),
               "a test for NULL: a pool that was not made is an error pointer")
