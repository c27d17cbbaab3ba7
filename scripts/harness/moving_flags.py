# SPDX-License-Identifier: GPL-2.0
"""Flags that a call has in a variable: what that holds there, where all of it can be seen."""
import re

from harness.moving_calls import CREATORS

FLAGS_AT = {"alloc_workqueue": 1, "alloc_ordered_workqueue": 1, "kthread_create_worker": 0,
            "kthread_run_worker": 0}
TYPE = r"(?:const\s+)?(?:unsigned(?:\s+(?:int|long))?|int|long|u32)"


def _seen(source, call, name):
    """What the variable holds in the call, and the spans of the statements that say so; or None.

    That is known if these stand in the order in which they run, so neither in a block of their own
    nor behind a label, and nothing but such calls uses it.
    """
    function = source.function_at(call.start)
    if not function:
        return None
    code = source.code[:function.end]
    declared = re.compile(rf"^[\t ]+{TYPE}\s+{name}(?:\s*=\s*([^;,]*))?;", re.M).search(
        code, function.body, call.start)
    if not declared:
        return None
    held, spans = declared[1], [declared.span()]
    for found in re.compile(rf"(?<=[;{{}}])\s*?^[\t ]*{name}\s*(\|?)=([^;=]*);", re.M).finditer(
            code, declared.end(), call.start):
        body = code[function.body:found.start() + 1]
        if body.count("{") != body.count("}") or (found[1] and not held):
            return None
        held = f"{held} | {found[2].strip()}" if found[1] else found[2].strip()
        spans.append((re.compile(rf"[\t ]*{name}\b").search(code, found.start()).start(), found.end()))
    others = [found.start() for found in re.compile(rf"(?<![\w.>]){name}\b").finditer(
        code, function.body) if not any(low <= found.start() < high for low, high in spans)]
    calls = source.calls(CREATORS, function.body, function.end)
    if not held or re.search(r"^\w+:", code[declared.end():call.start], re.M) or any(
            not any(each.start < at < each.end for each in calls) or at < spans[-1][1]
            for at in others):
        return None
    return held, spans


def _named(call):
    """The variable that has its flags, if one has."""
    at = FLAGS_AT.get(call.name, len(call.args))
    return call.args[at] if re.fullmatch(r"[a-z_]\w*", "".join(call.args[at:at + 1])) else ""


def look(source, call):
    """The call with what its variable holds in place of the variable's name."""
    name = _named(call)
    seen = name and _seen(source, call, name)
    if seen:
        call.args[FLAGS_AT[call.name]] = seen[0]
    return call


def _without(text, span):
    """Its lines, or only the statement if there is more in the last of them."""
    low, high = span
    line = text.find("\n", high) + 1
    if not text[high:line].strip():
        return text[:low] + text[line:]
    indent = re.match(r"\s*", text[low:])[0]
    return text[:low] + indent + text[high:].lstrip()


def inlined(text, source_of):
    """The text with what the variables hold in their place; none of them is left."""
    at = 0
    while True:
        source = source_of(text)
        call = next((each for each in source.calls(CREATORS) if each.start >= at), None)
        if not call:
            return text
        name = _named(call)
        seen = name and _seen(source, call, name)
        at = call.end
        if seen:
            text, at = _put(text, source, call, name, *seen), 0


def _put(text, source, call, name, held, spans):
    """In this call, and in the others of its function."""
    function = source.function_at(call.start)
    for each in reversed(source.calls(CREATORS, function.body, function.end)):
        inside = re.sub(rf"(?<![\w.>]){name}\b", lambda _: held, text[each.start:each.end])
        text = text[:each.start] + inside + text[each.end:]
    for span in reversed(spans):
        text = _without(text, span)
    return text[:function.body] + re.sub(r"\A\n\n", "\n", text[function.body:])
