# SPDX-License-Identifier: GPL-2.0
"""Makes bugs out of the lines of core/ and lib/, one a mutant.

It reads C as it is written here: kernel style, a statement begins its line, and functions
begin and end in the first column. What it makes of a line need not compile; whoever plants
it finds out. Lines stay where they are, so that a line number means the same in all mutants.
"""
import collections
import dataclasses
import hashlib
import re

from harness import coverage, modules

# By what they do. Of the last two only other kernels than uml tell anything.
KINDS = {
    "dropped": "a statement is dropped",
    "negated": "a condition is negated",
    "bound": "a bound is moved by one",
    "lock": "a function does without a lock",
    "swapped": "two lines are swapped",
    "barrier": "a barrier is removed",
    "once": "a READ_ONCE or WRITE_ONCE is a plain access",
}
ORDERING = ("barrier", "once")
PLANTED = modules.TREE / "scripts/fixtures/bugs.c"

HEAD = re.compile(r"(?:\} )?(?:else )?(if|while|for|switch|\w*for_each\w*) ?\(")
ALONE = re.compile(r"(?:\} )?else|do")
LABEL = re.compile(r"\w+:|case .*:|default:")
CALL = re.compile(r"(?!return\b|if\b|while\b|for\b|switch\b|sizeof\b)\w+\(")
PLACE = r"\*?\(?[\w.>\[\]-]+(?:\[[^\]]*\])?\)?"
ASSIGNMENT = re.compile(rf"{PLACE} (?:[-+|&^*/]|<<|>>)?= |{PLACE}(?:\+\+|--);|(?:\+\+|--){PLACE};")
STORE = re.compile(r"WRITE_ONCE\(|shared_\w+\(|atomic\w*_set\(|\w+_init\(|INIT_\w+\(")
LEAVING = re.compile(r"(?:return|goto|break|continue)\b")
# It says something to a checker, and does nothing.
ASSERTION = re.compile(r"(?:lockdep_assert\w*|might_sleep\w*|__acquire|__release|WARN_ON\w*|BUILD_BUG_ON\w*|"
                       r"ASSERT_\w+|kcsan_\w+|lock_map_\w+|rcu_lockdep_\w+|trace_\w+)\(")

RELATION = re.compile(r"(?<= )(<=|>=|<|>)(?= )")
MOVED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
ONE = re.compile(r" [+-] 1\b(?![.\w])")

# What takes and what gives back: each pair of kinds, by the name of what is called.
LOCKS = tuple((re.compile(taken + r"\((.*)\);"), re.compile(given + r"\((.*)\);")) for taken, given in (
    (r"pool_lock\w*", r"pool_unlock\w*"),
    (r"down", r"up"),
    (r"(?:raw_)?spin_lock(?:_irq|_irqsave|_bh)?", r"(?:raw_)?spin_unlock(?:_irq|_irqrestore|_bh)?"),
    (r"mutex_lock\w*", r"mutex_unlock"),
    (r"rcu_read_lock", r"rcu_read_unlock"),
    (r"preempt_disable", r"preempt_enable"),
))
FENCE = re.compile(r"(?:smp_mb|smp_rmb|smp_wmb|smp_mb__\w+|barrier)\(\);")
ACQUIRE = re.compile(r"\bsmp_load_acquire\(")
RELEASE = re.compile(r"\bsmp_store_release\(")
ATOMIC = re.compile(r"\b(atomic\w*|cmpxchg|xchg)_(?:acquire|release)\(")
READ_ONCE = re.compile(r"\bREAD_ONCE\(")
WRITE_ONCE = re.compile(r"\bWRITE_ONCE\(")


@dataclasses.dataclass(frozen=True)
class Mutant:
    ident: str      # stays as long as the line and its function's name do
    file: str
    function: str
    kind: str
    what: str
    begin: int      # number of the line where the function begins
    lines: tuple    # the numbers of those that are changed
    edits: tuple    # (number of the first line, lines that were, lines that are) of each

    def __str__(self):
        return f"{self.ident} {self.file}:{self.lines[0]} {self.function}: {self.what}"

    def apply(self, text):
        lines = text.split("\n")
        for first, old, new in self.edits:
            assert lines[first - 1:first - 1 + len(old)] == list(old) and len(old) == len(new)
            lines[first - 1:first - 1 + len(new)] = new
        return "\n".join(lines)

    def diff(self):
        for _, old, new in self.edits:
            yield from (f"-{line}" for line in old)
            yield from (f"+{line}" for line in new if line.strip())


@dataclasses.dataclass(frozen=True)
class Statement:
    """Whole lines: one that ends with a semicolon, or a head, or a label."""
    first: int      # number of its first line
    text: str       # as it is
    code: str       # as long, with blanks for comments and strings
    depth: int      # tabs

    @property
    def bare(self):
        return self.code.strip()

    def lines(self):
        return range(self.first, self.first + self.text.count("\n") + 1)

    def changed(self, begin, end, by):
        """An edit: text[begin:end] is replaced, its lines remain lines."""
        new = self.text[:begin] + by + self.text[end:]
        missing = self.text.count("\n") - new.count("\n")
        return self.first, tuple(self.text.split("\n")), tuple((new + "\n" * missing).split("\n"))

    def emptied(self):
        return self.changed(len(self.code) - len(self.code.lstrip()), len(self.text), ";")

    def does(self):
        """It does something, and control goes on after it."""
        return (CALL.match(self.bare) or ASSIGNMENT.match(self.bare)) and self.bare.endswith(";") \
            and not ASSERTION.match(self.bare)


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    begin: int      # number of its first line
    is_bool: bool
    statements: tuple


# --- reading C -----------------------------------------------------------------

HIDDEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def code_of(text):
    """As long as the text, with blanks for what comments and strings say."""
    return HIDDEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _depth(code):
    return sum(code.count(char) for char in "([") - sum(code.count(char) for char in ")]")


def closing(code, opening):
    """Where the parenthesis is closed that is opened there."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if not depth:
            return at
    raise ValueError("not closed")


def _ends(code):
    bare = code.strip()
    if _depth(bare):
        return False
    if bare[-1] in ";{}" or ALONE.fullmatch(bare) or LABEL.fullmatch(bare):
        return True
    head = HEAD.match(bare)
    return bool(head) and closing(bare, head.end() - 1) == len(bare) - 1


def _statements(text, code, first, last):
    """Those in lines first to last, which are counted from 0."""
    at = first
    while at <= last:
        if not code[at].strip() or code[at].startswith("#"):
            at += 1
            continue
        end = at + 1
        while end <= last and not _ends("\n".join(code[at:end])):
            end += 1
        yield Statement(at + 1, "\n".join(text[at:end]), "\n".join(code[at:end]),
                        len(code[at]) - len(code[at].lstrip("\t")))
        at = end


def functions(text):
    lines, code = text.split("\n"), code_of(text).split("\n")
    names = coverage.functions_of(code)
    begin = None
    for number, line in enumerate(code):
        if line == "{":
            begin = number + 1
        elif line.rstrip() == "}" and begin is not None:
            name = names[begin - 1]
            is_bool = re.search(rf"^[\w ]*\bbool\s+{name}\(", text, re.M)
            head = max(at for at in range(begin) if not at or names[at - 1] != name)
            yield Function(name, head + 1, bool(is_bool),
                           tuple(_statements(lines, code, begin, number - 1)))
            begin = None


# --- making bugs ---------------------------------------------------------------

def _argument_ends(code, opening):
    """Where the first comma after that parenthesis is that belongs to it, and where it is closed."""
    end = closing(code, opening)
    comma = next((at for at in range(opening + 1, end)
                  if code[at] == "," and not _depth(code[opening + 1:at])), end)
    return comma, end


def _dropped(statement, is_last):
    bare = statement.bare
    if any(form.fullmatch(bare) for pair in LOCKS for form in pair) or FENCE.fullmatch(bare):
        return
    # What a function returns at its end is no early way out.
    if statement.does() or (LEAVING.match(bare) and not is_last):
        yield "dropped", "dropped", [statement.emptied()]


def _condition(statement, is_bool):
    """Where a condition begins and ends."""
    code = statement.code
    head = re.search(r"\b(if|while|for) \(", code)
    if HEAD.match(statement.bare) and head:
        begin, end = head.end(), closing(code, head.end() - 1)
        if head[1] == "for":
            parts = [at for at in range(begin, end) if code[at] == ";"]
            begin, end = parts[0] + 1, parts[1]
        return begin, end
    given = re.search(r"\breturn (.*);", code, re.S)
    return given.span(1) if is_bool and given else None


def _negated(statement, is_bool):
    span = _condition(statement, is_bool)
    condition = span and statement.text[slice(*span)]
    if condition and condition.strip():
        plain = {"true": "false", "false": "true"}
        by = plain.get(condition, f"!({condition})")
        yield "negated", "negated", [statement.changed(*span, by)]


def _bounds(statement):
    for match in RELATION.finditer(statement.code):
        by = MOVED[match[1]]
        yield "bound", f"{match[1]} becomes {by}", [statement.changed(*match.span(), by)]
    for match in ONE.finditer(statement.code):
        yield "bound", f"without{match[0]}", [statement.changed(*match.span(), "")]


def _ordering(statement):
    code, text = statement.code, statement.text
    if FENCE.fullmatch(statement.bare):
        yield "barrier", f"without {statement.bare[:-1]}", [statement.emptied()]
    for kind, form, what, by in (
            ("barrier", ACQUIRE, "without acquire", "READ_ONCE(*({0}){1})"),
            ("barrier", RELEASE, "without release", "WRITE_ONCE(*({0}){1})"),
            ("once", READ_ONCE, "without READ_ONCE", "({0}{1})"),
            ("once", WRITE_ONCE, "without WRITE_ONCE", "({0}) = ({1})")):
        for match in form.finditer(code):
            comma, end = _argument_ends(code, match.end() - 1)
            rest = text[comma:end]
            if form is WRITE_ONCE:
                rest = rest.lstrip(", ")
            yield kind, what, [statement.changed(match.start(), end + 1,
                                                 by.format(text[match.end():comma], rest))]
    for match in ATOMIC.finditer(code):
        yield "barrier", f"{match[1]} relaxed", [statement.changed(*match.span(), f"{match[1]}_relaxed(")]


def _unlocked(function):
    """Without one lock: all that takes it, and all that gives it back."""
    for taken, given in LOCKS:
        found = collections.defaultdict(lambda: ([], []))
        for statement in function.statements:
            for which, form in enumerate((taken, given)):
                if match := form.fullmatch(statement.bare):
                    found[match[1].split(",")[0]][which].append(statement)
        for name, (takes, gives) in found.items():
            if takes and gives:
                lines = sorted(takes + gives, key=lambda each: each.first)
                what = takes[0].bare.split("(")[0] + (f" of {name}" if name else "")
                yield "lock", f"without {what}", lines


def _swapped(one, other):
    """What only stores does the same in either order nearly always: one must be more."""
    pair = (one, other)
    if one.depth == other.depth and other.first == one.first + 1 and one.bare != other.bare \
            and all(each.does() and "\n" not in each.text for each in pair) \
            and not all(STORE.match(each.bare) or not CALL.match(each.bare) for each in pair):
        old = tuple(each.text for each in pair)
        yield "swapped", "swapped with the next line", [(one.first, old, old[::-1])]


def _in_function(function):
    """(kind, what, edits, the statements)"""
    for number, statement in enumerate(function.statements):
        is_last = statement is function.statements[-1]
        for made in (_dropped(statement, is_last), _negated(statement, function.is_bool),
                     _bounds(statement), _ordering(statement)):
            yield from ((*each, [statement]) for each in made)
        for following in function.statements[number + 1:number + 2]:
            yield from ((*each, [statement, following]) for each in _swapped(statement, following))
    for kind, what, statements in _unlocked(function):
        yield kind, what, [each.emptied() for each in statements], statements


def of_file(name, text):
    seen = collections.Counter()
    for function in functions(text):
        for kind, what, edits, statements in _in_function(function):
            told = "\n".join([name, function.name, kind, what, *(each.bare for each in statements)])
            seen[told] += 1
            digest = hashlib.sha256(f"{told}\n{seen[told]}".encode()).hexdigest()[:10]
            lines = tuple(number for each in statements for number in each.lines())
            yield Mutant(digest, name, function.name, kind, what, function.begin, lines, tuple(edits))


def _for_checkers(tree):
    """Files that only kernels with some option of theirs have: they look at wpool's users."""
    return set(re.findall(r"((?:core|lib)/\w+)\.o", "".join(
        re.findall(r"^wpool-\$\(CONFIG.*", (tree / "Kbuild").read_text(), re.M))))


def files(tree=modules.TREE):
    """What every kernel has of core/ and lib/."""
    left_out = _for_checkers(tree)
    names = [path.relative_to(tree) for folder in ("core", "lib")
             for path in sorted((tree / folder).glob("*.[ch]"))]
    return [str(name) for name in names if str(name.with_suffix("")) not in left_out]


def all_of(tree=modules.TREE):
    """Every mutant that can be made of that."""
    return [mutant for name in files(tree) for mutant in of_file(name, (tree / name).read_text())]


def planted():
    """Of each line of the fixture just those kinds must be made that it says."""
    lines = PLANTED.read_text().split("\n")
    wanted = {number: sorted(match[1].split(", ")) for number, line in enumerate(lines, 1)
              if (match := re.search(r"\S\s+/\* ([a-z, ]+) \*/$", line))}
    made = collections.defaultdict(list)
    for mutant in of_file(PLANTED.name, PLANTED.read_text()):
        made[mutant.lines[0]].append(mutant.kind)
    for number in sorted({*wanted, *made}):
        if wanted.get(number, []) != sorted(made[number]):
            yield f"{PLANTED.name}:{number}: {' '.join(made[number]) or 'nothing'} is made of it"
