# SPDX-License-Identifier: GPL-2.0
"""Calls that queue a work, in a macro or a function that is given the work or the queue, as uses have them.

So of queue_work((d)->wq, &(d)->w) in KICK(d, w) a use is queue_work((dev)->wq, &(dev)->event).
"""
import dataclasses
import re

from harness import csource, moving_text
from harness.moving_calls import QUEUEING

DEEPEST = 4  # of these in one another


def params_of(function):
    return [csource.last_word(each) for each in csource.split(function.params[1:-1])]


def macro_at(source, at):
    """The macro with parameters that this place is in, if it is in one."""
    return next((each for each in source.macros if each.start <= at < each.end), None)


def put(text, params, args, members):
    """The text with these in place of the parameters; members: also of those that name one, as in a macro."""
    given = dict(zip(params, args))

    def one(found):
        arg = given.get(found[0], found[0])
        return arg if re.fullmatch(r"[\w&]*", arg) else f"({arg})"
    joined = re.sub(r"\s*##\s*", "\0", text)
    return re.sub(r"\w+" if members else r"(?<![.>])\b\w+", one, joined).replace("\0", "")


def calls_of(survey, macro):
    """All uses of a macro: (file, call)."""
    for source in survey.sources:
        for call in source.calls({macro.name}):
            if not any(each.start <= call.start < each.body for each in source.macros):
                yield source, call


def _calls(survey, site):
    """The macro or the function around this call, and all uses of that: (file, call)."""
    macro = macro_at(site.source, site.call.start)
    if macro:
        return macro, calls_of(survey, macro)
    function = site.function
    if not function or not {site.queue.strip(), site.work.strip()} & set(params_of(function)):
        return None, ()
    return function, ((source, call) for source in survey.sources for call in source.calls({function.name})
                      if survey.known.key(source, function.name) == survey.key_at(site)
                      and (moving_text.in_macro(source.code, call.start) or any(
                          each.body <= call.start < each.end for each in source.functions)))


def _of(survey, site):
    around, calls = _calls(survey, site)
    for source, call in calls:
        work, queue, *args = (put(text, params_of(around), call.args, around is not site.function)
                              for text in (site.work, site.queue, *site.call.args))
        yield dataclasses.replace(
            site, source=source, function=source.function_at(call.start), work=work, queue=queue,
            call=dataclasses.replace(call, name=site.call.name, args=args),
            queue_of=None if queue != site.queue else site.queue_of or site)


def of(survey):
    """The uses of all such calls; the ids of the calls that have some, which stand for themselves no more."""
    todo, uses, used = [(site, 0) for site in survey.sites if site.what in QUEUEING], [], set()
    while todo:
        site, depth = todo.pop()
        found = list(_of(survey, site)) if depth < DEEPEST else []
        if found:
            used.add(id(site))
        uses += found
        todo += [(each, depth + 1) for each in found]
    return [each for each in uses if id(each) not in used], used
