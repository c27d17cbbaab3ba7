# SPDX-License-Identifier: GPL-2.0
"""Which queue does a work go to? Known by the structure and the member, or by the name of a variable.

An element of an array, a variable that was given one of several, and what is not seen here may be any.
"""
import re

from harness import csource, moving_functions, moving_uses
from harness.moving_calls import CREATORS, SYSTEM

UNKNOWN = ("?", "")
POINTER = r"\b(?:struct\s+(?:workqueue_struct|kthread_worker)|void)\s*\*"
READS = r"(?:READ_ONCE|rcu_dereference\w*|rcu_access_pointer)\s*\("
CONSTANT = r"\[\s*(?:\d+|[A-Z_][A-Z_\d]*)\s*\]"
DEEPEST = 8


def _stripped(expression):
    """Without parentheses around it, and without what only reads it."""
    text = expression.strip()
    while True:
        call = re.match(READS, text)
        opening = call.end() - 1 if call else 0
        if text[opening:opening + 1] != "(" or csource.close_of(text, opening) != len(text) - 1:
            return text
        inner = text[opening + 1:-1]
        text = csource.split(inner)[0] if call else inner.strip()


def _index(expression):
    found = re.search(r"\[([^\[\]]*)\]\W*$", expression)
    return found[1].strip() if found else None


class Queues:
    """The queues of a module."""
    def __init__(self, survey, declared):
        self.survey = survey
        self.members = {}  # name to the structures that have a queue of this name
        for struct, name, pointer in declared:
            if struct and pointer:
                self.members.setdefault(name, set()).add(struct)

    def of(self, site):
        """What the work may go to by this call: a set, with UNKNOWN in it for what is not seen."""
        return self._of(site.queue, site.queue_of or site, 0)

    def _of(self, expression, site, depth):
        text = _stripped(expression)
        arms = moving_uses.arms_of(text)
        pool = self.survey.options.system_pool
        if arms and depth < DEEPEST:
            return set().union(*(self._of(arm, site, depth + 1) for arm in arms))
        if text in SYSTEM or (pool and text == pool.strip()):
            return {("", "system_wq")}
        stands_for = self._values(text, site)
        if stands_for and depth < DEEPEST:
            return set().union(*(self._of(value, site, depth + 1) for value in stands_for))
        found = re.fullmatch(r"(?:(.*)(?:->|\.))?\s*(\w+)\s*(\[.*\])?", text, re.S)
        if not found or depth > DEEPEST:
            return {UNKNOWN}
        holder, name, index = found.groups(default="")
        if not holder and self._local(site, name):
            return self._assigned(site, name, depth) if not index else {UNKNOWN}
        scope, mine = self._scope(site, holder, name), index and _index(text) == _index(site.work)
        seen = scope is not None and (mine or re.fullmatch(CONSTANT, index or "[0]"))
        # The element that has the number of the work is one queue for each work.
        return {(scope, name + ("[]" if mine else index)) if seen else UNKNOWN}

    def _values(self, text, site):
        """What a call stands for, if that is of a macro or of a function that only returns an expression."""
        calls = csource.Source("", text).calls(re.findall(r"^\w+", text))
        if not calls or calls[0].end != len(text):
            return []
        found = self.survey.known.called(site.source, calls[0].name)
        return [moving_uses.put(value, moving_uses.params_of(each), calls[0].args, each in source.macros)
                for (source, each), value in zip(found, moving_functions.values_of(found))]

    @staticmethod
    def _local(site, name):
        """Is it a variable of this function, or a parameter of it or of the macro?"""
        around = moving_uses.macro_at(site.source, site.call.start) or site.function
        return around and (name in moving_uses.params_of(around) or re.search(
            rf"{POINTER}\s*(?:const\s+)?(?:\w+\s*(?:=[^;,]*)?,[\s*]*)*{name}\b", site.source.body(around)))

    def _assigned(self, site, name, depth):
        """All that a variable of a function gets there."""
        function = site.function
        values = [csource.split(found[1])[0] for found in re.finditer(
            rf"(?<![\w.>]){name}\s*=(?!=)([^;]*);", site.source.body(function))] if function else []
        if not values or name in moving_uses.params_of(function):
            return {UNKNOWN}
        found = set()
        for value in values:
            if re.match(rf"(?:{'|'.join(CREATORS)})\s*\(", value):  # and where is it put?
                put = re.findall(rf"([^;{{}}=]*[^;{{}}=!<>\s])\s*=\s*{name}\s*;", site.source.body(function))
                found |= self._of(put[0], site, depth + 1) if len(put) == 1 else {UNKNOWN}
            elif value != "NULL":
                found |= self._of(value, site, depth + 1)
        return found

    def _scope(self, site, holder, name):
        """The structure that it is in, or the file of a static variable; None if that is not seen."""
        structs = self.members.get(name, set())
        if not holder:
            return site.source.name if site.source.has_static(name) else ""
        if len(structs) < 2:
            return f"struct {''.join(structs)}"
        types = self._types_of(_stripped(holder), site) & structs
        return f"struct {types.pop()}" if len(types) == 1 else None

    def _types_of(self, holder, site):
        """The structures that this may be a pointer to, by how its last word is declared."""
        call = re.match(r"(\w+)\s*\(", holder)
        if call and csource.close_of(holder, call.end() - 1) == len(holder) - 1:
            return {kind for source, function in self.survey.known.called(site.source, call[1])
                    for kind in re.findall(rf"\bstruct\s+(\w+)\s*\*\s*{call[1]}\s*\(",
                                           source.code[function.start:function.body])}
        word, places = csource.last_word(holder), [site.source.code, *(
            source.code for source in self.survey.sources)]
        if re.fullmatch(r"\w+", holder) and site.function:
            places.insert(0, site.function.params + site.source.body(site.function))
        named = "|".join(sorted(set().union(*self.members.values())))  # a typedef, too
        form = re.compile(rf"\b(?:struct\s+(\w+)|({named}))[\s*]+(?:\w+\s*,[\s*]*)*{word}\b(?!\s*\()")
        kinds = ({found[1] or found[2] for found in form.finditer(code)} for code in places)
        return next((found for found in kinds if found), set())


def why_left(survey, sites):
    """Why a work that is queued by these calls cannot be waited for, or nothing."""
    queues = set().union(*(survey.which.of(site) for site in sites))
    if UNKNOWN in queues:
        return "it is waited for, and not seen to go to one queue only: a running task is refused by " \
               "another pool"
    return "it is waited for and goes to several queues: a running task is refused by another pool" \
        if len(queues) > 1 else ""
