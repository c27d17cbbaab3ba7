# SPDX-License-Identifier: GPL-2.0
"""What is easier in the text of a file than in its syntax, before the semantic patch sees it.

That is: declarations, work functions, what stands in macros, and options of scripts/from-workqueue.
"""
import re

from harness import csource
from harness.moving_calls import CALLS, QUEUEING, SYSTEM

LONGEST = 100  # columns
WORK = r"struct\s+(?:kthread_)?work(?:_struct)?\s*"
DECLARATION = re.compile(r"\n*\t(?!return\b|goto\b)(?:\w+[\s*]+)+\w+(?:\[[^\]]*\])*\s*[=,;]")
ACCEPTED = "WAS_ACCEPTED"
OF_A_CPU = {name for name, kind in CALLS.items() if kind.what in QUEUEING and name.endswith("_on")}
FORCED = "FORCED"  # in the semantic patch, which would take several lines for what it stands for
HIDDEN = "LEFT_AS_IT_IS_"  # before the name of what is not to be changed


def functions(text, survey, before):
    """Work functions return an int, and take any pointer."""
    mine = {name for _, name in survey.functions if survey.known.key(before, name) in survey.functions
            and survey.known.key(before, name) not in survey.left_functions}
    for name in mine:
        text = csource.sub(rf"\bvoid(\s+{name}\()\s*{WORK}(\*\w*\);)", r"int\1void \2", text)
    source = csource.Source("", text)
    for function in reversed(source.functions):
        takes = re.fullmatch(rf"\(\s*({WORK})\*\s*(\w+)\s*\)", function.params)
        if function.name in mine and takes:
            body = _returning(text, source.code, function)
            word = "work" if not survey.typed(source, function) else "arg"
            if word == "arg":
                gap = "" if DECLARATION.match(body) else "\n"
                body = f"\n\t{takes[1].strip()} *{takes[2]} = arg;{gap}{body}"
            else:
                word = takes[2]
            head = text[function.start:function.body]
            at = head.rindex(function.params)
            head = re.sub(r"\bvoid\b", "int", head[:at]) + f"(void *{word})" + \
                head[at + len(function.params):]
            text = text[:function.start] + head + body + text[function.end:]
    return text


def _returning(text, code, function):
    """The body of a function that returned nothing, as that of one that returns 0."""
    body, code = text[function.body:function.end], code[function.body:function.end]
    ends = re.search(r"[;{}:]\s*return;\s*\}$", code)
    for found in reversed(list(re.finditer(r"\breturn\s*;", code))):
        body = f"{body[:found.start()]}return 0;{body[found.end():]}"
    return body if ends else f"{body[:-1].rstrip(' ')}\treturn 0;\n}}"


def in_macro(code, at):
    """Does this place belong to a macro?"""
    line = code.rfind("\n", 0, at) + 1
    while code[:line].endswith("\\\n"):
        line = code.rfind("\n", 0, line - 1) + 1
    return re.match(r"#\s*define\b", code[line:])


def of_hidden(code, at):
    """Does this place belong to a call that is hidden?"""
    return re.search(rf"\b{HIDDEN}\w+\s*\([^;{{}}]*$", code[:at])


def in_pool(text, pool):
    """The kernel's queues that are as system_wq is become this pool, but for work that is left."""
    code = csource.blanked(text)
    for found in reversed(list(re.finditer(
            rf"\b(?:{'|'.join(SYSTEM)})\b|\bschedule_((?:delayed_)?work\()", code))):
        if not of_hidden(code, found.start()):
            new = f"queue_{found[1]}{pool}, " if found[1] else pool
            text = text[:found.start()] + new + text[found.end():]
    return text


def on_any(text):
    """Calls that queue a work on a certain CPU, as those that queue it on any."""
    while True:
        calls = csource.Source("", text).calls(OF_A_CPU)
        if not calls:
            return text
        call = calls[-1]
        first = re.compile(rf"\(\s*{re.escape(call.args[0])}\s*,\s*").search(text, call.start)
        text = f"{text[:call.start]}{call.name[:-len('_on')]}({text[first.end():]}"


def contained(text, survey):
    """A function is given a delayed task, and not what is in that."""
    for call in reversed(csource.Source("", text).calls({"container_of"})):
        struct = re.match(r"struct\s+(\w+)$", "".join(call.args[1:2]))
        name = re.match(r"(?:\w+\.)*(\w+)(?:\[[^\]]*\])?\.work$", "".join(call.args[2:3]))
        if name and name[1] in survey.delayed_moved and not (
                struct and survey.is_left(survey.work_in(struct[1], name[1]))):
            text = f"{text[:call.end - 1].removesuffix('.work')}{text[call.end - 1:]}"
    return text


def values(text):
    """Marks those that are the value of a macro: it is not known whether anybody looks at it."""
    source = csource.Source("", text)
    names = [name for name, kind in CALLS.items() if kind.what in ("queue", "delay")]
    for call in reversed(source.calls(names)):
        if in_macro(source.code, call.start) and "mod_delayed" not in call.name and \
                not re.match(r"\s*\\?\s*;", source.code[call.end:]):
            text = f"{text[:call.start]}{ACCEPTED}({text[call.start:call.end]}){text[call.end:]}"
    return text


def tested(text):
    """What the semantic patch has made of those."""
    for call in reversed(csource.Source("", text).calls({ACCEPTED})):
        made = re.fullmatch(r"!\s*(.*)", call.args[0], re.S)
        new = call.args[0]
        if made:
            error = "-ENOENT" if FORCED in made[1] else "-ESHUTDOWN"
            new = f"({{ \\\n\tint err_ = {made[1]}; \\\n\tWARN_ON_ONCE(err_ == {error}); \\\n" \
                  "\t!err_; \\\n})"
        text = text[:call.start] + new + text[call.end:]
    return text


def forced(text):
    """With what FORCED stands for, below the other arguments where the line would be too long."""
    text = re.sub(rf"\b{FORCED}\b", "&(struct wpool_how) { .flags = WPOOL_FORCE }", text)
    return re.sub(r"^(\t*)(.*\bwpool_schedule_how\()(.*,) (&\(struct wpool_how\).*[^\\])$", _aligned, text,
                  flags=re.M)


def _aligned(match):
    indent, call, args, how = match.groups()
    if len(match[0].expandtabs(8)) <= LONGEST:
        return match[0]
    tabs, spaces = divmod(len(call), 8)
    below = f"{indent}{chr(9) * tabs}{' ' * spaces}{how}"
    if len(below.expandtabs(8)) > LONGEST:
        below = below.replace(" == ", f" ==\n{indent}\t     ", 1)
    return f"{indent}{call}{args}\n{below}"


def prepare(text, survey, before):
    """All of this."""
    text = contained(text, survey)
    text = csource.sub(r"\bDE(?:CLARE|FINE_KTHREAD)_WORK\((\w+),\s*(\w+)\)",
                       r"DEFINE_WPOOL_TASK(\1, \2, &\1)", text)
    text = csource.sub(r"\b(?:DECLARE_DELAYED|DECLARE_DEFERRABLE|DEFINE_KTHREAD_DELAYED)_WORK"
                       r"\((\w+),\s*\w+\)", r"struct delayed_work \1", text)
    text = functions(text, survey, before)
    pool = survey.options.system_pool
    if survey.options.any_cpu:
        text = on_any(text)
    if pool:
        text = in_pool(text, pool)
    return values(text)
