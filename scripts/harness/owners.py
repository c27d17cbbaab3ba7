# SPDX-License-Identifier: GPL-2.0
"""The state of core/ has owners: each member of struct wpool and of struct wpool_worker says in
the comment at its line, or at the struct that it is, "Owner: NOUN.c". No other file touches it;
with "All may read" no other writes it. "Owner: all" is what all of core/ is made of."""
import re

from harness.modules import TREE

CORE = TREE / "core"
PLANTED = TREE / "scripts/fixtures/owners.c"
# Of these all members have owners, if they are reached by one of these names.
VARIABLES = {"wpool": r"\w*pool|home", "wpool_worker": r"\w*worker|dead|runner|member|victim|owner"}
# Nobody's yet.
LEFT = set()

COMMENT = re.compile(r"/\*.*?\*/", re.S)
STRUCT = re.compile(r"(?P<comment>/\*(?:(?!\*/).)*\*/)?\nstruct (?P<name>\w+) \{\n(?P<body>.*?)^\}",
                    re.M | re.S)
MEMBER = re.compile(r"(?P<above>^\t+/\*(?:(?!\*/).)*\*/\n)?^\t+(?:struct (?P<type>\w+)\t+)?"
                    r"(?:[a-z_][^\n;/]*?\b)?(?P<name>\w+)\)?(?:\[[^;\n]*\])?(?: ____\w+)?;[ \t]*"
                    r"(?P<comment>/\*(?:(?!\*/).)*\*/)?", re.M | re.S)
OWNER = re.compile(r"Owner: (all\b|(\w+)\.[ch])")
# What is left of, and right of, a member that is written to.
BEFORE = re.compile(r"(?:\+\+|--|(?<!smp_load_acquire\()&|\b(?:WRITE_ONCE|shared_inc|shared_dec)\()"
                    r"[\w>()-]*$")
AFTER = re.compile(r"(?:\.\w+|\[[^]]*\])*\s*(?:(?:[-+|&^*/%]|<<|>>)?=(?!=)|\+\+|--)")


class Part:
    """A member that has an owner."""
    def __init__(self, whole, member, comment):
        comment = " ".join(comment.replace("*", " ").split())
        owner = OWNER.search(comment)
        self.name = member["name"]
        self.known = bool(owner)
        self.owner = owner[2] if owner else None  # None: everybody
        self.readable = "All may read" in comment
        self.variable = VARIABLES[whole]


def _structs():
    """{struct: what it matched}"""
    return {found["name"]: found for path in sorted(CORE.glob("*.h"))
            for found in STRUCT.finditer(path.read_text())}


def _parts():
    structs = _structs()
    for whole in VARIABLES:
        for member in MEMBER.finditer(structs[whole]["body"]):
            comment = member["above"] or member["comment"] or ""
            struct = structs.get(member["type"])
            if struct and "Owner:" not in comment:
                comment = struct["comment"] or ""
            yield whole, Part(whole, member, comment)


def _blank(text):
    """Without comments and strings, of as many lines."""
    text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return re.sub(r'"[^"\n]*"', '""', text)


def _touches(parts, path):
    """(line, what) of what is not the file's own."""
    names = {}
    for part in parts:
        if part.owner and part.owner != path.stem:
            names.setdefault(part.name, part)
    text = _blank(path.read_text())
    for found in re.finditer(r"(\w+)\)?(?:->|\.)(?=(\w+))", text):
        part = names.get(found[2])
        if not part or not re.fullmatch(part.variable, found[1]):
            continue
        if part.readable and not AFTER.match(text, found.end(2)) and \
           not BEFORE.search(text[:found.start(1)].rsplit("\n", 1)[-1]):
            continue
        yield text.count("\n", 0, found.start()) + 1, part


def _foreign(parts, paths):
    for path in paths:
        for line, part in _touches(parts, path):
            yield f"{path.relative_to(TREE)}:{line}: {part.name} is {part.owner}.c's"


def planted():
    """Each line of the fixture that says it is a fault, and no other, must be found."""
    parts = [part for _, part in _parts()]
    lines = PLANTED.read_text().splitlines()
    wanted = {number for number, line in enumerate(lines, 1) if "/* fault */" in line}
    found = {line for line, _ in _touches(parts, PLANTED)}
    yield from (f"{PLANTED.name}:{line}: not found" for line in sorted(wanted - found))
    yield from (f"{PLANTED.name}:{line}: is no fault" for line in sorted(found - wanted))


def faults():
    parts = list(_parts())
    for whole, part in parts:
        if part.known == (part.name in LEFT):
            yield f"struct {whole}: {part.name} " + \
                  ("has an owner now" if part.known else "says no owner")
        if part.owner and not any((CORE / f"{part.owner}{end}").exists() for end in (".c", ".h")):
            yield f"struct {whole}: {part.name}: there is no {part.owner}.c"
    yield from _foreign([part for _, part in parts], sorted(CORE.glob("*.[ch]")))
