# SPDX-License-Identifier: GPL-2.0
"""Words that this project does not use, as the field has others, or as they are not plain English.

A line must not match what stands on the left; the right side says what to write instead.
"""
import re

from harness.modules import TREE

WHERE = ("core/*.[ch]", "lib/*.[ch]", "include/**/*.h", "kunit/*.[ch]", "samples/*.[ch]", "wpool_mod.c",
         "Documentation/**/*.md", "README.md", "scripts/model/*.pml", "scripts/mutants/*.patch")
INSTEAD = {
    r"(?<![a-z])whom\b": "the thread that",
    r"(?<![a-z])(?:he|him|his|himself|she|herself)\b": "it: a thread is no person",
    r"\w*(?<!f)luck\w*": "spin credit, or chance",
    r"(?<![a-z])(?:bury|buries|buried|burial)\w*": "reap",
    r"(?<![a-z])undone\b": "in flight, or reverted",
    r"\bheld back\b": "deferred",
    r"(?<![a-z])(?:recall|loose|grip|gripped)\w*": "cancel, queued, lock",
    r"\bways? in\b": "submitting",
    r"(?<![a-z])(?:clerk|office)s?\b": "worker, pool",
    r"\b(?:is|are|be|was|were|been) told\b(?! (?:apart|to)\b)": "woken, completed, reported",
    r"\bwho (?:is|are) to be\b": "threads to ...",
    r"\b(?:takes?|took|taken) (?:\w+ )?(?:worker|thread) down\b": "kill, die",
    r"\b(?:for|to|of|by|but|from) who\b": "a thread that ...: 'who' needs the one that it is said of",
    r"(?:^[\s*/#|+-]*|[.:;!?] )(?-i:Who)\b[^?]*$": "a thread that ...: such a sentence is a question",
}
# The same for what a reader of a release reads: pages, headers, samples, messages, exported calls.
READ = ("README.md", "Documentation/*.md", "Documentation/dev/*.md", "Documentation/man/*",
        "Documentation/ABI/*/*", "include/**/*.h", "samples/*.[ch]", "core/*.[ch]", "lib/*.[ch]",
        "wpool_mod.c")
TABLES = ("promises.md", "contract.md")  # what tests cite, and what is made of a test's table
PLAIN = {
    r"\bbeside\b": "compared with, next to",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\b(?:takes?|taking|taken|took)(?: \w+){0,3} back\b": "cancel",
    r"\bbut for\b": "except",
    r"\b(?:go|goes|going|went) on\b": "is still running, continues",
    r"\bof (?:its|their|my|your|\w+'s) own\b(?! [a-z%])": "its own, private",
    r"\bwhat (?:waits|runs|comes)\b": "queued tasks, running tasks, new tasks",
    r"\bthe like\b": "and others, or a list",
    r"\bnor (?:does|do|is|are|has|can)\b": "a sentence for each",
    r"\bfor want of\b": "without",
    r"\blets? go of\b": "cancels, frees",
    r"\basked nobody\b": "has not asked",
    r"\btold\b(?! apart\b)": "learns, gets",
    # The counter, the flags of a bio and members of samples keep the name; so does the submitter.
    r"(?<![\w@.>%\"])(?<!%llu )(?-i:[Ss]ubmi)(?:ts?|tted|tting|ssions?)\b(?!\.[ch]|-)": "schedule",
}
FENCED = re.compile(r"^ *```.*?^ *```|`[^`\n]+`", re.M | re.S)
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.S)
EXPORTED = re.compile(r"/\*\*\n \* (?:wpool|taskq)_\w+\(\)")


def _found(line, table):
    """[(what stands there, what to write)]"""
    return [(match[0], better) for word, better in table.items()
            for match in re.finditer(word, line, re.I)]


def _blank(text):
    return FENCED.sub(lambda code: "\n" * code[0].count("\n"), text)


def _read(path, text):
    """(line number, text) of what is read there: not code, nor in core/ what is said of its insides."""
    pieces = [(0, text)]
    if path.suffix in (".c", ".h"):
        pieces = [(text.count("\n", 0, match.start()), match[0]) for match in COMMENT_OR_STRING.finditer(text)
                  if not match[0].endswith('.h"') and
                  (match[0][0] == '"' or path.parent.name not in ("core", "lib") or EXPORTED.match(match[0]))]
    for before, piece in pieces:
        yield from enumerate(_blank(piece).split("\n"), before + 1)


def _where(tree, places):
    return sorted({path for where in places for path in tree.glob(where)})


def faults(tree=TREE):
    for path in _where(tree, WHERE):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for word, better in _found(line, INSTEAD):
                yield f"{path.relative_to(tree)}:{number}: '{word}': {better}"
    for path in _where(tree, READ):
        for number, line in _read(path, path.read_text()) if path.name not in TABLES else ():
            for word, better in _found(line, PLAIN):
                yield f"{path.relative_to(tree)}:{number}: '{word}': {better}"


def unseen(planted):
    """What is planted, a line for each word, and is not found; what is code, and is."""
    lines = [line for line in planted.read_text().splitlines() if line and line[0] != "#"]
    for line in lines:
        if not _found(line, INSTEAD | PLAIN):
            yield f"not found: {line}"
    for word in INSTEAD | PLAIN:
        if not any(re.search(word, line, re.I) for line in lines):
            yield f"{planted.name} has nothing for {word}"
    for name, text, there in (("a.md", "`submit`\n```c\nsubmit();\n```\nsubmit\n", [5]),
                              ("samples/a.c", "submit();\n/* submit */\np(\"to submit\");\n", [2, 3]),
                              ("core/a.c", "/* submit */\n/**\n * wpool_x() - submit\n */\n", [3])):
        found = [number for number, line in _read(TREE / name, text) if _found(line, PLAIN)]
        if found != there:
            yield f"{name}: found in lines {found}, and not {there}"
