# SPDX-License-Identifier: GPL-2.0
"""Looks at all files of a module, and decides what becomes of each work and of each call."""
import dataclasses
import re

from harness import (csource, moving_calls, moving_context, moving_flags, moving_notes,
                     moving_queues, moving_text, moving_unclear, moving_uses, moving_which)
from harness.csource import last_word
from harness.moving_calls import CALLS, QUEUEING, SYSTEM, SYSTEM_OTHER
from harness.moving_freeing import Freeing
from harness.moving_functions import Functions

WORK_TYPES = r"\bstruct\s+(?:kthread_)?(?:delayed_)?work(?:_struct)?\b"
DELAYED_TYPES = r"\bstruct\s+(?:kthread_)?delayed_work\b"
QUEUE_TYPES = r"\bstruct\s+(?:workqueue_struct|kthread_worker)\b"


@dataclasses.dataclass
class Site:
    """One call."""
    source: csource.Source
    call: csource.Call
    function: csource.Function
    work: str  # as it stands there
    queue: str
    left: str = ""
    queue_of: "Site" = None  # where the queue is to be looked at, of a use

    @property
    def kind(self):
        return CALLS[self.call.name]

    @property
    def what(self):
        return self.kind.what


@dataclasses.dataclass(frozen=True)
class Work:
    """What works are told apart by: the structure they are in, as far as it is known.

    Of one that is in none it is the file, with a colon, if it is static there, and else nothing.
    """
    struct: str
    name: str

    def may_be(self, other):
        structs = {self.struct, other.struct}
        return self.name == other.name and (len(structs) == 1 or "?" in structs or (
            "" in structs and max(structs).endswith(":")))


def declared(sources, types):
    """The names that are declared with one of these types: (structure or None, name, a pointer)."""
    for source in sources:
        for found in re.finditer(rf"{types}([^;(){{}}=]*)[;=]", source.code):
            struct = struct_at(source.code, found.start())
            for one in found[1].split(","):
                name = re.match(r"\s*(?:__\w+\s+)?(\**)\s*(?:const\s+)?(\w+)", one)
                if name:
                    yield struct, name[2], bool(name[1])


def parameters(sources, types):
    """The names of parameters that are pointers to one of these types."""
    for source in sources:
        yield from re.findall(rf"[(,]\s*(?:const\s+)?{types}\s*\*+\s*(?:const\s+)?(\w+)\s*[,)]",
                              source.code)


def struct_at(code, at):
    """The structure around this place, or what it is by a typedef; None outside of any."""
    head, depth, outer = code[:at], 0, None
    for found in re.finditer(r"[{}]", head[::-1]):
        depth += 1 if found[0] == "}" else -1
        if depth < 0:
            opening = len(head) - found.start() - 1
            name = re.search(r"\bstruct\s+(\w+)\s*$", head[:opening])
            if name:
                return name[1]
            if not re.search(r"\b(?:struct|union)\s*$", head[:opening]):
                return None
            depth, outer = 0, opening
    typedef = outer and re.search(r"\btypedef\s+(?:struct|union)\s*$", head[:outer])
    name = typedef and re.match(r"[^;]*?(\w+)\s*;", code[csource.close_of(code, outer) + 1:])
    return name[1] if name else None


def takes_work(function):
    """Has it the parameters of a work function?"""
    return re.fullmatch(r"\(\s*struct\s+(?:kthread_)?work(?:_struct)?\s*\*\s*\w+\s*\)", function.params)


class Survey:
    """All that is known of a module."""
    def __init__(self, sources, options):
        self.sources, self.options = sources, options
        self.known = Functions(sources)
        fields = list(declared(sources, WORK_TYPES))
        self.fields = [(struct, name) for struct, name, pointer in fields
                       if struct and not pointer]
        self.delayed_in = {(struct, name) for struct, name, _ in declared(sources, DELAYED_TYPES)}
        self.given_queues = set(parameters(sources, QUEUE_TYPES))
        self.queues = self.given_queues | {
            name for _, name, pointer in declared(sources, QUEUE_TYPES) if pointer}
        workers = r"\bstruct\s+kthread_worker\b"
        self.workers = set(parameters(sources, workers)) | {
            name for _, name, pointer in declared(sources, workers) if pointer}
        self.bools = {name.strip() for source in sources for names in re.findall(
            r"\bbool\s+([\w\s,]+)[;=]", source.code) for name in names.split(",")}
        self.pointers = {name for _, name, pointer in fields if pointer} | set(
            parameters(sources, WORK_TYPES))
        self.which = moving_which.Queues(self, declared(sources, QUEUE_TYPES))
        self.sites = [site for source in sources for site in self._sites(source)]
        self.fixed = [site for site in self.sites if site.what.startswith("static")]
        self.delayed_in |= {(None, site.work) for site in self.fixed if site.what == "static delayed"}
        self.delayed = {name for _, name in self.delayed_in}
        self.functions = self._work_functions()
        self.uses, self.used = moving_uses.of(self)
        self.delayed_functions = {self.function_of(site) for site in self.sites
                                  if site.what in ("init", "static delayed") and
                                  re.search("DELAYED|DEFERRABLE|delayed", site.call.name)}
        self.left_works, self.left_functions = set(), set()
        # In a work function it is what that is given; elsewhere it has a type.
        self.outside = [(source, call) for source in sources for call in source.calls({"to_delayed_work"})
                        if self._outside(source, call)]
        self.freeing = Freeing(self)
        self.decide()

    @staticmethod
    def _sites(source):
        for call in source.calls(CALLS):
            kind, args = CALLS[call.name], moving_flags.look(source, call).args
            if re.search(r"#\s*define\s+$", source.code[:call.start]):
                continue
            yield Site(source, call, source.function_at(call.start),
                       args[kind.work] if kind.work is not None and kind.work < len(args) else "",
                       args[kind.queue] if kind.queue is not None and kind.queue < len(args)
                       else "system_wq" if call.name.startswith("schedule_") else "")

    def function_of(self, site):
        """The key of the function that this call sets up a work with; None if it does not."""
        if site.what not in moving_unclear.INITS or len(site.call.args) < 2:
            return None
        return self.known.key(site.source, moving_unclear.plain(site.call.args[1]))

    def _work_functions(self):
        given, found = {self.function_of(site) for site in self.sites}, {}
        for key, functions in self.known.by_key.items():
            taken = re.compile(rf"\b{key[1]}\b(?!\s*\()")
            if any(takes_work(function) for _, function in functions) and (
                    key in given or any(taken.search(each.code) for each in self.sources
                                        if self.known.key(each, key[1]) == key)):
                found[key] = functions
        return found

    def _outside(self, source, call):
        function = source.function_at(call.start)
        return function and self.known.key(source, function.name) not in self.functions

    @staticmethod
    def typed(source, function):
        """Does it more with its argument than to look what that is in?"""
        word = last_word(function.params)
        looks = source.calls({"container_of", "from_work", "to_delayed_work"}, function.body,
                             function.end)
        return any(not any(look.start < found.start() < look.end for look in looks)
                   for found in re.compile(rf"(?<![.>\w]){word}\b").finditer(
                       source.code, function.body, function.end))

    # Which work is it?

    def work_of(self, site):
        name = re.sub(r"[\s&()]", "", csource.unindexed(site.work))
        pointer = "&" not in site.work
        if self.in_delayed(name):
            pointer = pointer or name.endswith("->work")
            name = re.sub(r"(?:\.|->)work$", "", name)
        words = re.findall(r"\w+", name)
        if not words:
            return Work("?", "")
        last, root = words[-1], words[0]
        structs = {struct for struct, field in self.fields if field == last}
        if pointer and last in self.pointers:
            return Work("*", last)
        if len(words) == 1:
            in_macro = moving_text.in_macro(site.source.code, site.call.start)
            return Work("*", last) if in_macro and pointer else self.work_in(None, last, site.source)
        if len(structs) == 1:
            return Work(structs.pop(), last)
        if len(words) == 2 and site.function:
            text = site.function.params + site.source.body(site.function)
            types = set(re.findall(rf"\bstruct\s+(\w+)[\s*]+(?:\w+\s*,[\s*]*)*{root}\b", text))
            if len(types) == 1 and types <= structs:
                return Work(types.pop(), last)
        return Work("?", last)

    def in_delayed(self, name):
        words = re.findall(r"\w+", name)
        return len(words) > 1 and words[-1] == "work" and words[-2] in self.delayed

    def sites_of(self, work, *kinds):
        return [site for site in self.sites if site.work and site.what in kinds
                and self.work_of(site).may_be(work)]

    def queueings_of(self, work):
        """The calls that queue it, as the uses of macros and functions have them."""
        return [site for site in self.sites + self.uses if site.what in QUEUEING and site.work
                and id(site) not in self.used and self.work_of(site).may_be(work)]

    def functions_of(self, work):
        """The keys of all functions that it is set up with."""
        return {self.function_of(site) for site in self.sites_of(work, *moving_unclear.INITS)} - {None}

    def key_at(self, site):
        """The key of the function that this call is in; None outside of any."""
        return self.known.key(site.source, site.function.name) if site.function else None

    # What becomes of it?

    def decide(self):
        for site in self.sites:
            site.left = site.kind.left
            if site.what == "create":
                site.left = moving_queues.why_left(site.call, site.source.code)
            if self.options.any_cpu and site.call.name in moving_text.OF_A_CPU:
                site.left = moving_unclear.LOST if moving_unclear.CHANGES.search(site.call.args[0]) else ""
        for site in self.sites:
            why = moving_unclear.why(self, site)
            if why.startswith("which function"):
                self._leave_work(self.work_of(site), why)
            site.left = site.left or why
        self._leave_system()
        for work in {self.work_of(site) for site in self.sites if site.work}:
            if work not in self.left_works and self.sites_of(work, *moving_unclear.AWAITING):
                self._decide_awaited(work)
        for site in self.sites:
            if not site.left:
                site.left = self._why_left(site)
        self.notes = moving_notes.of(self)

    def _leave_system(self):
        """Works on the kernel's queues whose delay or repetition would pin the module."""
        for site in self.sites:
            if site.what not in QUEUEING:
                continue
            queue = site.queue.strip()
            why = ""
            if queue in SYSTEM_OTHER:
                self._leave_work(self.work_of(site), f"{queue} is not as system_wq is: as it was "
                                                     "(a pool of your own that is as that is)")
            elif self.options.system_pool:
                continue
            elif queue in SYSTEM and (site.what == "delay" or self.in_delayed(site.work)):
                why = "a delayed task in the default pool pins its module"
            elif queue in SYSTEM and self._queues_itself(self.work_of(site)):
                why = "a task in the default pool that comes back pins its module"
            if why:
                self._leave_work(self.work_of(site),
                                 f"{why}: as it was (--system-pool: a pool of your own)")
        for site in self.sites:
            if site.what == "flush" and site.queue.strip() in SYSTEM_OTHER | (
                    set() if self.options.system_pool else SYSTEM):
                site.left = "a flush of a pool that all modules share"

    def _leave_work(self, work, why):
        """Leaves it as it is, with all that belongs to it."""
        if work in self.left_works:
            return
        self.left_works.add(work)
        for site in self.sites:
            if site.work and self.work_of(site).may_be(work):
                site.left = why
        for key in self.functions_of(work):
            self.left_functions.add(key)
            for site in self.sites:
                if self.key_at(site) == key and re.search(
                        rf"\b{last_word(site.work) or '-'}\s*=\s*to_delayed_work\b",
                        site.source.body(site.function)):
                    site.left = why
                if site.work and self.function_of(site) == key:
                    self._leave_work(self.work_of(site), why)

    def is_left(self, work):
        """Does this work stay as it is?"""
        return any(work.may_be(left) for left in self.left_works)

    @staticmethod
    def work_in(struct, name, source=None):
        """The work that has this name in this structure; or in none, seen from this file."""
        return Work(struct or (f"{source.name}:" if source and source.has_static(name) else ""), name)

    @property
    def delayed_moved(self):
        """The names of delayed works that are not left, at least in one structure."""
        return {name for struct, name in self.delayed_in if not self.is_left(self.work_in(struct, name))}

    def _queues_itself(self, work):
        """Does its function queue it, itself or by way of what it calls?"""
        # A pointer may point to it.
        keys = {self.key_at(site) for site in self.sites + self.uses if site.function and site.work
                and site.what in QUEUEING and (self.work_of(site).struct == "*"
                                               or self.work_of(site).may_be(work))}
        return any(self._reaches(key, keys, set()) for key in self.functions_of(work))

    def _reaches(self, key, wanted, seen):
        if key in wanted:
            return True
        if key in seen:
            return False
        seen.add(key)
        return any(self._reaches(self.known.key(source, name), wanted, seen)
                   for source, function in self.known.of(key)
                   for name in sorted(set(re.findall(r"\b(\w+)\s*\(", source.body(function)))))

    def _decide_awaited(self, work):
        waits = [site for site in self.sites_of(work, *moving_unclear.AWAITING) if not site.left]
        functions = self.functions_of(work)
        frees = next((why for why in map(self.freeing.why, sorted(functions)) if why), "")
        if frees:
            for site in waits:
                site.left = "its function may free it, or let another thread do so, by " \
                            f"{frees}: a task that frees itself cannot be waited for"
        why = moving_which.why_left(self, self.queueings_of(work)) or (
            "it is waited for and has several functions: a running task is not set up again"
            if len(functions) > 1 else "")
        if why:
            for site in waits:
                site.left = why
        if self._queues_itself(work):
            for site in waits:
                if site.what == "wait":
                    site.left = site.left or "it queues itself: wpool_wait() waits for all runs"

    def anything_awaited(self):
        return any(site.what in moving_unclear.AWAITING for site in self.sites)

    def awaited(self, work):
        """Does anybody wait for it, in a way that a pool has?"""
        return any(not site.left for site in self.sites_of(work, *moving_unclear.AWAITING))

    def waited_for(self, key):
        """Does anybody wait for a work with this function?"""
        return any(self.awaited(self.work_of(site)) for site in self.sites
                   if site.work and self.function_of(site) == key)

    def _why_left(self, site):
        return (self._why_work_left(site) or self._why_not_queued(site) if site.work else "") or (
            self._why_not_flushed(site) if site.what == "flush" else "")

    def _why_not_flushed(self, site):
        mine = self.queue_name(site)
        delayed = {self.queue_name(other) for other in self.sites if other.what == "delay"}
        delayed -= SYSTEM | SYSTEM_OTHER
        why = "wpool_flush() waits for delayed tasks, too, until their time comes"
        if mine in delayed:
            return why
        if delayed and not all(map(self._made_here, {mine} | delayed)):
            return f"is it a queue of delayed work? {why}"
        return ""

    def queue_name(self, site):
        pool = self.options.system_pool
        queue = pool if pool and site.queue.strip() in SYSTEM else site.queue
        return last_word(queue) if "?" not in queue else ""

    def _made_here(self, name):
        """Is this a queue of its own, and not another name for one that somebody else has made?"""
        assigned = [value for source in self.sources for value in re.findall(
            rf"\b{name}\s*(?:\[[^\]]*\]\s*)?=(?!=)\s*(\w*)", source.code)]
        return name and name not in self.given_queues and assigned and \
            not set(assigned) - {"NULL", *moving_calls.CREATORS}

    def _why_not_queued(self, site):
        if self.options.blocking and site.what == "queue" and moving_context.atomic(site):
            return f"in an atomic context: {moving_context.atomic(site)}"
        return ""

    def _why_work_left(self, site):
        work = self.work_of(site)
        by_pointer = work.struct == "*"
        on_stack = site.call.name == "INIT_WORK_ONSTACK" or site.what == "stack"
        if site.what in moving_unclear.AWAITING and (by_pointer or not self.functions_of(work)):
            return "which work is it?"
        if on_stack and not any(other.function is site.function and other.work == site.work
                                for other in self.sites_of(work, *moving_unclear.AWAITING)):
            return "on the stack, and not waited for here"
        if site.what == "init" and by_pointer and self.anything_awaited():
            return "is this work waited for somewhere?"
        if site.what == "queue" and by_pointer and site.function and \
                self.key_at(site) in self.delayed_functions and \
                not self.in_delayed(moving_unclear.plain(site.work)):
            return "a delayed task is submitted by calls of its own"
        if site.what == "static delayed" and not self.start_of(site):
            return "to be set up by wpool_delayed_task_init() when the module is loaded"
        return ""

    @staticmethod
    def start_of(site):
        """The name of the function that loads the module, if that is in the same file."""
        found = re.search(r"\bmodule_init\((\w+)\)", site.source.code)
        return found[1] if found else None

    def detached(self, site):
        """A work is not touched once its function has begun; so is a detached task."""
        return (site.what == "init" and not site.left and not self.awaited(self.work_of(site))
                and site.call.name != "INIT_WORK_ONSTACK")
