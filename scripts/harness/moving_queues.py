# SPDX-License-Identifier: GPL-2.0
"""The calls that make a workqueue, or a kthread_worker, as calls that make a pool."""
import re

from harness import moving_calls, moving_flags
from harness.csource import last_word

LONGEST = 31  # WPOOL_NAME_MAX
NUMBER = 6  # characters that WPOOL_NUMBERED may add
NTH = 5  # characters that a set may add, for WPOOL_SET_MAX pools
UNSEEN = {"WQ_CPU_INTENSIVE", "WQ_POWER_EFFICIENT", "WQ_UNBOUND", "WQ_PERCPU", "WQ_SYSFS",
          "__WQ_LEGACY", "__WQ_ORDERED", "0"}
FLAGS = {"WQ_MEM_RECLAIM": "WPOOL_MEM_RECLAIM", "WQ_FREEZABLE": "WPOOL_FREEZABLE",
         "KTW_FREEZABLE": "WPOOL_FREEZABLE"}
LEGACY = {
    "create_workqueue": ("WQ_MEM_RECLAIM", "1"),
    "create_freezable_workqueue": ("WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM", "1"),
    "create_singlethread_workqueue": ("WQ_MEM_RECLAIM", "ordered"),
}
# What these numbers are in 6.1, as max_active.
ACTIVE = {"WQ_MAX_ACTIVE": "512", "WQ_DFL_ACTIVE": "256", "WQ_MAX_UNBOUND_PER_CPU": "4",
          "WQ_UNBOUND_MAX_ACTIVE": "max_t(unsigned int, 512, 4 * num_possible_cpus())"}
MAKES_SET = "MAKES_SET"  # (attributes, format, ...), until it is known that there is no other use of it
FORMATTED = """({{
{indent}\tchar name_[WPOOL_NAME_MAX + 1];

{indent}\tsnprintf(name_, sizeof(name_), {words});
{indent}\t{made};
{indent}}})"""
PIECE = r"\"(?:\\.|[^\"\\])*\""


def joined(text):
    """What is written as several literals as one; the same if there is more than literals in it."""
    if not re.fullmatch(rf"{PIECE}(?:\s*{PIECE})+", text):
        return text
    return "\"" + "".join(each[1:-1] for each in re.findall(PIECE, text)) + "\""


def is_literal(text):
    return re.fullmatch(PIECE, text)


def parts_of(call):
    """The format, the flags, how many at once, and the arguments of the format."""
    args = [joined(call.args[0]), *call.args[1:]]
    if call.name in LEGACY:
        flags, active = LEGACY[call.name]
        return (args[0], flags, active, []) if is_literal(args[0]) else ("\"%s\"", flags, active, args)
    if call.name == "alloc_workqueue":
        active = re.sub(r"\bWQ_\w+", lambda found: ACTIVE.get(found[0], found[0]), args[2])
        return args[0], args[1], active, args[3:]
    if call.name == "alloc_ordered_workqueue":
        return args[0], args[1], "ordered", args[2:]
    return joined(args[1]), args[0], "ordered", args[2:]


def target(code, at):
    """The name of the variable, or of the member, that gets what is called there."""
    return last_word(re.split(r"[;{}]", code[:at])[-1].rstrip("= \t\n"))


def why_left(call, code):
    """Why a human must make this pool, or nothing."""
    if not re.search(r"[\w\])]\s*=\s*$", code[:call.start]) or \
            not re.match(r"\s*[;)]", code[call.end:]):
        return "NULL is an error pointer now, and this is not an assignment"
    needed = {"alloc_workqueue": 3}.get(call.name, 2 if call.name not in LEGACY else 1)
    if len(call.args) < needed:
        return "not the arguments of 6.1"
    _, flags, active, _ = parts_of(call)
    unknown = [word for word in re.split(r"[|\s()]+", flags)
               if word and word not in UNSEEN and word not in FLAGS and word != "WQ_HIGHPRI"]
    unknown += re.findall(r"\bWQ_\w+", active)
    if unknown:
        return f"what does {' '.join(unknown)} hold?"
    return ""


def name_of(literal, longest=LONGEST - NUMBER):
    """A format whose result is a name for a pool: no space, no slash, and not too long."""
    words = re.sub(r"[\s/]+", "-", literal[1:-1])
    rest = len(re.sub(r"%(?:l|ll|h|z)?\w", "", words))
    room = longest - rest - 10 * len(re.findall(r"%(?:l|ll|h|z)?[duxi]", words))
    strings = words.count("%s")
    if strings:
        words = words.replace("%s", f"%.{max(room // strings, 4)}s")
    elif rest > longest:
        words = words[:longest]
    return f"\"{words}\""


def capacity_of(flags, active, kept=False):
    """The member that says how many run at once; kept: in a pool for one CPU, of a set."""
    if active == "ordered" or (active == "1" and "WQ_UNBOUND" in flags):
        return ""
    if kept or "WQ_UNBOUND" in flags:
        return f".capacity = {'256' if active == '0' else active}"
    if active == "0":
        return ".capacity_percent = WPOOL_MAX_PERCENT"
    if active.isdigit():
        return f".capacity_percent = {min(100 * int(active), 10000)}"
    return f".capacity_percent = min_t(unsigned int, 100 * ({active}), WPOOL_MAX_PERCENT)"


def members_of(call, bounded, kept):
    _, flags, active, _ = parts_of(call)
    capacity = capacity_of(flags, active, kept)
    bits = ["WPOOL_NUMBERED"]
    bits += [mine for theirs, mine in FLAGS.items() if theirs in flags.split("|")
             or re.search(rf"\b{theirs}\b", flags)]
    bits += [] if capacity else ["WPOOL_ORDERED"]
    members = [capacity] if capacity else []
    members += [".nice = MIN_NICE"] if "WQ_HIGHPRI" in flags else []
    members += [] if bounded else [".queue_depth = WPOOL_QUEUE_UNBOUNDED"]
    return members + [f".flags = {' | '.join(bits)}"]


def translated(call, indent, bounded, kept):
    """The call that makes the pool instead; kept: the set with one for each CPU."""
    literal, _, _, args = parts_of(call)
    inner = "\n".join(f"{indent}\t\t{member}," for member in members_of(call, bounded, kept))
    # The parentheses keep the commas together for what makes it, which is a macro.
    longest = LONGEST - NUMBER - (NTH if kept else 0)
    words = [name_of("\"%s\"", longest), literal] if not args else [literal, *args]
    if is_literal(literal):
        words = [name_of(literal, longest), *args]
    name = MAKES_SET if kept else "wpool_create_fmt"
    return f"{name}((&(struct wpool_attrs) {{\n{inner}\n{indent}\t}}), {', '.join(words)})"


def translate(text, source_of, bounded, on_cpu):
    """The text with pools in place of queues, and sets in place of those that are held by these names."""
    text = moving_flags.inlined(text, source_of)
    source = source_of(text)
    for call in reversed(source.calls(moving_calls.CREATORS)):
        if why_left(call, source.code):
            continue
        line = text.rfind("\n", 0, call.start) + 1
        indent = re.match(r"\s*", text[line:])[0]
        new = translated(call, indent, bounded, target(source.code, call.start) in on_cpu)
        text = text[:call.start] + new + text[call.end:]
    return text


def sets_made(text, source):
    """The text with the calls that make sets; a name that has arguments is formatted before."""
    for call in reversed(source.calls({MAKES_SET})):
        attrs, *words = call.args
        plain = len(words) == 1 and is_literal(words[0]) and "%" not in words[0]
        new = f"wpool_set_create({words[0] if plain else 'name_'}, {attrs}, 0, WPOOL_RULE_CPU)"
        if not plain:
            indent = re.match(r"\s*", text[text.rfind("\n", 0, call.start) + 1:])[0]
            new = FORMATTED.format(indent=indent, words=", ".join(words), made=new.replace("\n", "\n\t"))
        text = text[:call.start] + new + text[call.end:]
    return text
