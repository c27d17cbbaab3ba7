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
    r"(?<![a-z])inbox\w*": "staging queue",
    r"(?<![a-z])(?:recall|loose|grip|gripped)\w*": "reclaim, batched, grab",
    r"\bways? in\b": "submitting",
    r"(?<![a-z])(?:clerk|office)s?\b": "worker, pool",
    r"\b(?:is|are|be|was|were|been) told\b(?! (?:apart|to)\b)": "woken, completed, reported",
    r"\bwho (?:is|are) to be\b": "threads to ...",
    r"\b(?:takes?|took|taken) (?:\w+ )?(?:worker|thread) down\b": "kill, die",
    r"\b(?:for|to|of|by|but|from) who\b": "a thread that ...: 'who' needs the one that it is said of",
    r"(?:^[\s*/#|+-]*|[.:;!?] )(?-i:Who)\b[^?]*$": "a thread that ...: such a sentence is a question",
}


def _found(line):
    """[(what stands there, what to write)]"""
    return [(match[0], better) for word, better in INSTEAD.items()
            for match in re.finditer(word, line, re.I)]


def faults(tree=TREE):
    for path in sorted({path for where in WHERE for path in tree.glob(where)}):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for word, better in _found(line):
                yield f"{path.relative_to(tree)}:{number}: '{word}': {better}"


def unseen(planted):
    """What is planted, a line for each word, and is not found."""
    lines = [line for line in planted.read_text().splitlines() if line and line[0] != "#"]
    for line in lines:
        if not _found(line):
            yield f"not found: {line}"
    for word in INSTEAD:
        if not any(re.search(word, line, re.I) for line in lines):
            yield f"{planted.name} has nothing for {word}"
