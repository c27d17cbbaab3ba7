# SPDX-License-Identifier: GPL-2.0
"""What can be seen of C in the kernel's style without a compiler: calls, functions, members."""
import dataclasses
import re

NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
DEFINITION = re.compile(r"^(?!#|typedef\b|struct \w+ \{)(\w[^;{}#]*?)\b(\w+)(\([^;{}]*\))[^;{}]*\n\{", re.M)

PER_CPU = re.compile(r"\b(?:per_cpu|(?:per|this|raw|get)_cpu_ptr|get_cpu_var)\s*\("
                     r"((?:[^(),]|\([^()]*\))*)(?:,(?:[^()]|\([^()]*\))*)?\)")


@dataclasses.dataclass
class Call:
    name: str
    start: int
    end: int  # behind the closing parenthesis
    args: list
    line: int


@dataclasses.dataclass
class Function:
    name: str
    params: str
    start: int  # of its first line
    body: int
    end: int


def blanked(text):
    """The text with its comments and strings as spaces, so that places stay the same."""
    return NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def close_of(code, opening):
    """Where the parenthesis that is opened there is closed; the end if it is not."""
    depth = 0
    for at in range(opening, len(code)):
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
            if not depth:
                return at
    return len(code) - 1


def split(text, code=None):
    """What the commas outside of parentheses part."""
    code = code or blanked(text)
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(code):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return parts + [text[begin:].strip()]


def unindexed(expression):
    """An element of an array, or what belongs to one CPU, as the whole: a[i] and per_cpu(a, i) are a."""
    return PER_CPU.sub(r"\1", re.sub(r"\[[^][]*\]", "", expression))


def last_word(expression):
    """The name of a member, whatever it is a member of."""
    words = re.findall(r"\w+", unindexed(expression))
    return words[-1] if words else ""


def line_of(text, at):
    return text.count("\n", 0, at) + 1


class Source:
    """One file."""
    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.code = blanked(text)
        self.functions = [Function(found[2], found[3], found.start(), found.end(),
                                   self._end(found.end()))
                          for found in DEFINITION.finditer(self.code)]

    def _end(self, body):
        end = self.code.find("\n}", body - 1)
        return len(self.code) if end < 0 else end + 2

    def calls(self, names, begin=0, end=None):
        """The calls of these, in order; not where they are defined."""
        found = []
        for match in re.finditer(r"\b(\w+)\s*\(", self.code[begin:end]):
            if match[1] not in names:
                continue
            start, opening = begin + match.start(), begin + match.end() - 1
            close = close_of(self.code, opening)
            found.append(Call(match[1], start, close + 1,
                              split(self.text[opening + 1:close], self.code[opening + 1:close]),
                              line_of(self.text, start)))
        return found

    def function_at(self, at):
        for function in self.functions:
            if function.start <= at < function.end:
                return function
        return None

    def body(self, function):
        return self.code[function.body:function.end]
