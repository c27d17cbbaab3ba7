# SPDX-License-Identifier: GPL-2.0
"""Where each public function may be called: the list at the head of wpool.h, the function's
own kernel-doc, and might_sleep() in its code say the same."""
import re

from harness.modules import TREE

HEADER = TREE / "include/linux/wpool.h"
LIST = re.compile(r"any context .*?never sleeps:\n(.*?) \*\tprocess context", re.S)
DOC = re.compile(r"^/\*\*\n \* ((?:devm_)?wpool_\w+)\(\)(.*?)\*/", re.M | re.S)
CONTEXT = re.compile(r"^ \* Context: (any|process|\S+)", re.M | re.I)
BODY = re.compile(r"^(?!typedef|struct \w+ \{)\w[^;{}=#]*?\b(\w+)\([^;{}]*?\)\s*(?:__\w+\([^)]*\)\s*)*\n"
                  r"\{\n(.*?)^\}", re.M | re.S)
CALL = re.compile(r"\b(\w+)\(")


def _bodies():
    """{function: its text}"""
    found = {}
    for path in [*sorted((TREE / "core").glob("*.[ch]")), HEADER]:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        found.update(BODY.findall(text))
    return found


def _documented():
    """{public function: "any" or "process"}"""
    found = {}
    for path in [*sorted((TREE / "core").glob("*.c")), HEADER]:
        for name, text in DOC.findall(path.read_text()):
            context = CONTEXT.search(text)
            found[name] = context[1].lower() if context else ""
    return found


def _sleeps(name, bodies, seen=()):
    body = bodies.get(name, "")
    if "might_sleep()" in body or "might_sleep_if(" in body:
        return True
    return any(_sleeps(called, bodies, (*seen, name)) for called in set(CALL.findall(body))
               if called not in seen and called != name and called in bodies)


def faults():
    documented, bodies = _documented(), _bodies()
    listed = set(re.findall(r"\b(wpool_\w+)\(\)", LIST.search(HEADER.read_text())[1]))
    for name, context in sorted(documented.items()):
        if context not in ("any", "process"):
            yield f"{name}() does not say from which context it may be called"
        elif context == "any" and name not in listed:
            yield f"{name}() may be called in any context, and the head of {HEADER.name} does not say so"
        elif context == "any" and "might_sleep()" in bodies.get(name, ""):
            yield f"{name}() may be called in any context, and has might_sleep()"
        elif context == "process" and name in listed:
            yield f"{name}() is for process context, and the head of {HEADER.name} says any"
        # What is given THIS_MODULE by a macro has two underscores more.
        elif context == "process" and not (_sleeps(name, bodies) or _sleeps(f"__{name}", bodies)):
            yield f"{name}() is for process context, and nothing in it says might_sleep()"
    for name in sorted(listed - set(documented)):
        yield f"{HEADER.name} lists {name}(), which has no kernel-doc"
