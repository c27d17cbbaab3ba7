# SPDX-License-Identifier: GPL-2.0
"""Sentences of the users' pages: none is long, and none stands there twice."""
import re

from harness import budget
from harness.modules import TREE

MOST = 30  # words of a sentence; 25 is the aim
SAME = 8  # a sentence of so many words stands in one place
CODE = re.compile(r"^ *```.*?^ *```|<!--.*?-->", re.M | re.S)
# Where another paragraph begins: an empty line, an item of a list, a heading, a row of a table.
BREAK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.|[#|>]) ?)|\n(?=[^\n]* ?\|)")
END = re.compile(r"(?<=[.?!])[)\"]?\s+(?=[^a-z])|:\s*$")
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
PLANTED = """
One sentence of eight words stands here twice.

- One sentence of eight words
  stands here twice. This is short. """ + "word " * 31 + """.

| One sentence of eight words stands here twice. |
"""


def _sentences(text):
    text = CODE.sub("\n\n", budget.GENERATED.sub("", text))
    for paragraph in BREAK.split("\n" + text):
        if paragraph.lstrip()[:1] != "#" and "|" not in paragraph:
            yield from END.split(LINK.sub(r"\1", " ".join(paragraph.split())).lstrip("-*> "))


def _faults(pages):
    """@pages: {name: its text}"""
    seen = {}
    for name, text in pages.items():
        for sentence in _sentences(text):
            words = re.findall(r"[^\s.,;:]\S*", sentence.lower().rstrip(".?!: "))
            if len(words) > MOST:
                yield f"{name}: {len(words)} words: {sentence[:70]}..."
            if len(words) >= SAME and tuple(words) in seen:
                yield f"{name}: stands in {seen[tuple(words)]} already: {sentence[:70]}..."
            seen[tuple(words)] = name


def faults():
    yield from _faults({path.name: path.read_text() for path in
                        (TREE / "README.md", *sorted((TREE / "Documentation").glob("*.md")))})


def unseen():
    """What is planted, and is not found."""
    found = list(_faults({"a.md": PLANTED}))
    if len(found) != 2:
        yield f"a long sentence and one that stands twice: found {found}"
