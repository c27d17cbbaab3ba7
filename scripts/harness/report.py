# SPDX-License-Identifier: GPL-2.0
"""The documents in a machine's report."""


def documents(text):
    """[(name, contents)] of every document that was sent whole."""
    found, name, lines = [], None, []
    for line in text.splitlines():
        if line.startswith("@begin "):
            name, lines = line[len("@begin "):], []
        elif line == "@end" and name is not None:
            found.append((name, "\n".join(lines)))
            name = None
        elif name is not None:
            lines.append(line)
    return found


def named(text, name):
    return [content for have, content in documents(text) if have == name]
