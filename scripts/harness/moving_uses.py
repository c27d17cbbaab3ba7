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


def arms_of(text):
    """What may come out of C ? A : B; nothing if it is no such expression."""
    depth, marks = 0, []
    for at, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char in "?:" and not depth:
            marks.append((char, at))
    if not marks or marks[0][0] != "?":
        return []
    begin, opened = marks[0][1], 0
    for char, at in marks:
        opened += 1 if char == "?" else -1
        if not opened:
            return [text[begin + 1:at].strip() or text[:begin], text[at + 1:]]
    return []


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


def _pointed(site):
    """What a variable points to that is given as the work."""
    name, function = site.work.strip(), site.function
    if function and re.fullmatch(r"\w+", name) and name not in params_of(function):
        for found in re.finditer(rf"(?<![\w.>]){name}\s*=(?!=)([^;]*);", site.source.body(function)):
            value = csource.split(found[1])[0]
            yield from (arm for arm in arms_of(value) or [value] if "&" in arm)


def _of(survey, site):
    for work in _pointed(site):
        yield dataclasses.replace(site, work=work, queue_of=site.queue_of or site)
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
