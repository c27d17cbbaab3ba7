# SPDX-License-Identifier: GPL-2.0
"""Which function is it? A static one is of its file, and one may be there twice, under an #if."""
import re


class Functions:
    """The functions and the macros of a module. A key is a name, and the file if it is only of that."""
    def __init__(self, sources):
        included = {name for source in sources for name in re.findall(
            r'^\s*#\s*include\s+"(?:[^"\n]*/)?([^"/\n]+)"', source.text, re.M)}
        self.by_key, self.macros = {}, {}
        for source in sources:
            shared = source.name.endswith(".h") or source.name.rpartition("/")[2] in included
            for function in source.functions:
                file = source.name if not shared and _static(source, function) else ""
                self.by_key.setdefault((file, function.name), []).append((source, function))
            for macro in source.macros:
                self.macros.setdefault(macro.name, []).append((source, macro))

    def key(self, source, name):
        """What this name means in this file."""
        mine = (source.name, name)
        return mine if mine in self.by_key else ("", name)

    def of(self, key):
        """All that has this key: [(file, function)]."""
        return self.by_key.get(key, [])

    def called(self, source, name):
        """What may be run by a call of this name in this file, with the macros."""
        return self.of(self.key(source, name)) + self.macros.get(name, [])


def values_of(found):
    """What these stand for, if each is an expression, or a function that only returns one; else nothing."""
    values = [re.fullmatch(r"\s*return\b([^;]*);\s*\}", source.body(function)) or
              (function in source.macros and re.fullmatch(r"([^;{}]*)", source.body(function)))
              for source, function in found]
    return [value[1].replace("\\\n", " ") for value in values] if all(values) else []


def _static(source, function):
    return "static" in source.code[function.start:function.body].partition(function.name)[0].split() or \
        re.search(rf"^static\b[^;{{}}()=]*\b{function.name}\(", source.code, re.M)
