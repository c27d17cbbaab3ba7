# SPDX-License-Identifier: GPL-2.0
"""What can be seen of C in the kernel's style without a compiler: calls, functions, members."""
import dataclasses
import re

NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*", re.M)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\([^()\n]*\))((?:[^\n\\]|\\.)*)", re.M | re.S)
PER_CPU = re.compile(r"\b(?:per_cpu|(?:per|this|raw|get)_cpu_ptr|get_cpu_var)\s*\("
                     r"((?:[^(),]|\([^()]*\))*)(?:,(?:[^()]|\([^()]*\))*)?\)")

NO_CALLS = {"if", "while", "for", "switch", "return"}


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


def sub(pattern, new, text):
    """As re.sub(), but in code only."""
    for found in reversed(list(re.finditer(pattern, blanked(text)))):
        text = text[:found.start()] + found.expand(new) + text[found.end():]
    return text


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


def _begin_of(head):
    """The last line at column 0 at which no parenthesis is open, or that of the type above it."""
    begin, at, depth, last = 0, 0, 0, ""
    for line in head.splitlines(keepends=True):
        if not depth:
            if re.match(r"(?!__\w+\()\w", line) and ("(" in last or not last.strip()):
                begin = at
            last = line
        depth = max(0, depth + line.count("(") - line.count(")"))
        at += len(line)
    return begin


def _named(head):
    """Where the name in this head of a function is, and where its parameters end; or None."""
    named, close = [], 0
    for found in re.finditer(r"\b(\w+)\(", head):
        if found.start() >= close:
            close = close_of(head, found.end() - 1) + 1
            if head[close:close + 1] == "(":  # a macro makes the name
                close = close_of(head, close) + 1
            named.append((found.start(1), found.end(1), close))
    # Those with underscores may be attributes.
    name, after, close = next((each for each in named if not head.startswith("__", each[0])),
                              (named or [(0, 0, 0)])[0])
    fits = head[close - 1] == ")" and not re.search("[=#]", head[:name]) and \
        (head[:name].strip() or head[:after].isupper())
    return (name, after, close) if fits and not re.match(r"typedef\b", head) else None


def calls_around(before):
    """The names of the calls whose parentheses are open at the end, the outermost first."""
    opened = []
    for at, char in enumerate(before):
        if char == "(":
            opened.append(re.search(r"(\w*)\s*$", before[:at])[1])
        elif char == ")" and opened:
            opened.pop()
    return [name for name in opened if name and name not in NO_CALLS]


class Source:
    """One file."""
    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.code = blanked(text)
        self.functions = list(self._functions())
        self.macros = [Function(found[1], found[2], found.start(), found.start(3), found.end())
                       for found in MACRO.finditer(self.code)]

    def _functions(self):
        """Each parenthesis at column 0 is looked at once, with what stands before it."""
        code, behind = DIRECTIVE.sub(lambda match: " " * len(match[0]), self.code), 0
        for found in re.finditer(r"[;{}]", code):
            head = code[behind:found.start()]
            if found[0] == "{" and head.endswith("\n") and "(" in head:
                begin = _begin_of(head)
                named = _named(head[begin:])
                if named:
                    start = behind + begin
                    name, after, end = (start + each for each in named)
                    yield Function(self.code[name:after], self.code[after:end], start, found.end(),
                                   self._end(found.end()))
            behind = found.end()

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

    def has_static(self, name):
        """Is this a static variable of the file?"""
        return re.search(rf"^static\b[^;{{}}=]*\b{name}\b", self.code, re.M)

    def function_at(self, at):
        for function in self.functions:
            if function.start <= at < function.end:
                return function
        return None

    def body(self, function):
        return self.code[function.body:function.end]
