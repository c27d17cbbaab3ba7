# SPDX-License-Identifier: GPL-2.0
"""May a work function free the object that its work is in, or let another thread do so?

A pool touches an ordinary task until its result is set, which is after the function has returned.
So such a function is for a task that frees itself, which nobody can wait for.
"""
import re

from harness import csource
from harness.moving_calls import CALLS, QUEUEING

# These may free what they are given: the object, or the one that a member of it is in.
FREES = re.compile(r"(?:^|_)(?:[kv]*free|[dfi]?put|release|destroy|unref|drop|dec_and_\w+|end_?io|"
                   r"end_request)(?:_|$)|^call_\w*rcu\w*$")
# These let another thread go on, which may free it. A pointer to what that thread waits for is
# enough.
TELLS = re.compile(r"(?:^|_)(?:complete|complete_all|s?wake_up|kthread_stop|eventfd_signal)(?:_|$)|"
                   r"^(?:up|clear_and_wake_up_bit)$")
# These do not keep what they are given, or only while they are told to.
KEEPS = re.compile(
    r"(?:^|_)(?:lock|unlock|trylock|locked|lockdep|read|set|get|test|clear|find|init|setup|reset|"
    r"empty|del|cmp|inc|dec|sub|cmpxchg|xchg|count|size|len|dereference|begin|end|retry|copy|clone|"
    r"name|id|is|can|has|may|should|to|of|first|next|last|peek|entry|pending|cancel|stop|flush|"
    r"irqsave|irqrestore|up_read|up_write|down|warn|err|info|dbg|debug|notice|trace|offset|valid|"
    r"wait|assign|for_each|uses|needs|from|alloc|[kv]*[zm]alloc|min|max|consume|pop|dequeue|"
    r"print\w*|assert\w*)(?:_|$)|"
    r"^(?:mem|str|s?n?print|READ_|WRITE_|BUG|WARN|INIT_|IS_|list_(?:splice|move)|atomic|refcount|"
    r"smp_(?!store_release)|bitmap_|hlist_un|check_|pr_|dev_(?!put)|__?builtin|[A-Z_]+$|list_for|"
    r"(?:if|while|for|switch|return|sizeof|typeof|likely|unlikely|defined)$|ktime|time_|jiffies|"
    r"msecs|usecs|cond_resched|might_sleep|u?sleep|msleep)")
ARGUMENT = re.compile(r"(?:\([^()]*\*\s*\)\s*)?(&?)\s*(\w+)\s*((?:->|\.).*)?", re.S)
# These tell what something is in.
OBJECT_OF = re.compile(r"(?:^|_)(?:to|of|from|entry|drvdata|priv)(?:_|$)|^[A-Z_]+$")
INNER = re.compile(r"\b(\w+)\s*\(\s*(&?)\s*(\w+)\s*((?:->|\.)[\w.>\s-]*)?[,)]")
MAKES = re.compile(r"(?:^|_)(?:[kv]*[zm]?alloc|new|create|clone|dup)(?:_|$)")


def _frees(name):
    name = name.lower()  # a macro may, too
    return FREES.search(name) and not name.startswith("smp_")


class Freeing:
    """What the work functions of a module do with their objects. A function is known by its key."""
    def __init__(self, survey):
        self.survey = survey
        self.known, self.key = {}, ()
        self.seen_held = set()  # where something was followed that a member holds

    def why(self, key):
        """The call with which this work function lets go of its object, or nothing."""
        return self._of(key)[0]

    def doubts(self, key):
        """The calls that get its object, and of which nothing is known."""
        return sorted(self._of(key)[1])

    def _of(self, key):
        if key not in self.known:
            self.key, self.seen_held, doubts = key, set(), set()
            self.known[key] = self._look(self.survey.known.of(key), 0, set(), doubts), doubts
        return self.known[key]

    def _given(self, source, text):
        """What an argument is about: a name, and whether it is only what a member of it holds."""
        text = re.sub(r"(?<!\w)\(\s*(\w+)\s*\)", r"\1", text.strip())
        plain = ARGUMENT.fullmatch(text)
        if plain:
            return plain[2], bool(plain[3]) and not plain[1]
        inner = INNER.search(text)
        if inner and (OBJECT_OF.search(inner[1]) or self._accessor(source, inner[1])):
            return inner[3], bool(inner[4]) and not inner[2]
        return "", False

    def _accessor(self, source, name):
        """Is it the module's, and may it tell what something is in?"""
        if MAKES.search(name):
            return False
        found = self.survey.known.of(self.survey.known.key(source, name))
        return any(re.search(rf"\*\s*{name}\s*\(", each.code[function.start:function.body])
                   for each, function in found) if found else name in self.survey.known.macros

    def _globals(self):
        """Variables of the file by which others get at a work with this function."""
        words = {re.findall(r"\w+", site.work)[0] for site in self.survey.sites
                 if site.work and re.search(r"->|\.", site.work)
                 and self.key in self.survey.functions_of(self.survey.work_of(site))}
        return {word for word in words if any(
            re.search(rf"^(?:static|struct)\b[^\n(){{}}]*\b{word}\b", source.code, re.M)
            for source in self.survey.sources)}

    def _mine(self, source, function, place):
        """The names of the object, or of a part of it, in this function; those of what it holds."""
        params = csource.split(function.params.strip("()"))
        if place >= len(params):
            return set(), set()
        body = source.body(function)
        held = set()
        mine = {csource.last_word(params[place])}
        mine |= self._globals() if self.survey.known.key(source, function.name) == self.key else set()
        for _ in range(3):
            for found in re.finditer(r"\b(\w+)\s*=\s*([^;{}]*)[;{]", body):
                word, member = self._given(source, found[2])
                if word in mine and not member:
                    mine.add(found[1])
                elif word in mine | held:
                    held.add(found[1])
        return mine, held - mine

    def _look(self, found, place, seen, doubts):
        """What these do with their argument at this place: all that a name stands for."""
        for source, function in found:
            if (source.name, function.start, place) in seen:
                continue
            seen.add((source.name, function.start, place))
            names_of = self._mine(source, function, place)
            names = set(re.findall(r"\b(\w+)\s*\(", source.body(function))) - {function.name}
            for call in source.calls(names, function.body, function.end):
                why = self._call(source, call, names_of, seen, doubts)
                if why:
                    return why if " in " in why else f"{why} in {function.name}()"
        return ""

    def _call(self, source, call, names, seen, doubts):
        """What this call does with the object."""
        mine, held = names
        own = self.survey.known.called(source, call.name)
        for at, arg in enumerate(call.args):
            word, member = self._given(source, arg)
            if (word in held or (member and word in mine)) and self._lets_go(call, at, own):
                doubts.add(call.name)
            if word not in mine:
                continue
            if TELLS.search(call.name.lower()) and not own and not call.name.startswith("trace_"):
                return f"{call.name}()"
            if member:
                continue
            if _frees(call.name):
                if not self._waits_first(source, [call.name, *call.args]):
                    return f"{call.name}()"
                doubts.add(call.name)
                continue
            if call.name in CALLS:
                why = self._queued(source, call, at, seen, doubts)
            elif own:
                why = self._look(own, at, seen, doubts)
            else:
                why = ""
                if not KEEPS.search(call.name):
                    doubts.add(call.name)
            if why:
                return why
        return ""

    def _lets_go(self, call, at, own):
        """May this call free what a member of the object holds? That may be what the object is in."""
        doubts = set()
        if _frees(call.name):
            return call.name not in CALLS
        return own and (self._look(own, at, self.seen_held, doubts) or any(map(_frees, doubts)))

    def _waits_first(self, source, words):
        """Does what frees the object wait for the work before, in another thread?"""
        known = self.survey.known
        waits = {self.survey.key_at(site) for site in self.survey.sites
                 if site.what in ("wait", "cancel_sync") and site.function
                 and self.key in self.survey.functions_of(self.survey.work_of(site))}
        seen, found = set(), {known.key(source, word) for text in words for word in re.findall(r"\w+", text)}
        while found - seen:
            key = (found - seen).pop()
            seen.add(key)
            for each, function in known.of(key) + known.macros.get(key[1], []):
                found |= {known.key(each, word) for word in re.findall(r"\w+", each.body(function))}
        return bool(seen & waits)

    def _queued(self, source, call, at, seen, doubts):
        """Another work of the object: its function may run before this one has returned."""
        kind = CALLS[call.name]
        if kind.what not in QUEUEING or kind.work != at:
            return ""
        site = next((site for site in self.survey.sites
                     if site.source is source and site.call.start == call.start), None)
        keys = self.survey.functions_of(self.survey.work_of(site)) if site else ()
        whys = (self._look(self.survey.known.of(key), 0, seen, doubts) for key in sorted(keys))
        return next((why for why in whys if why), "")
