# SPDX-License-Identifier: GPL-2.0
"""What a kernel's console says that no green run may contain.

A test that provokes a complaint prints a line "wpool_kunit: expect: REGEX" (or
wpool_stress) before it, once for each line that is to come; exactly those are
forgiven, and one that does not come is a fault itself. "expect some:" is one line
or more.
"""
import itertools
import re

# Each begins a report of its own ...
HEADS = (r"WARNING:", r"\bBUG:", r"\bBUG\b.* Objects remaining", r"\bOops\b", r"\bKASAN:",
         r"\bKCSAN:", r"\bUBSAN:", r"CFI failure", r"Kernel panic", r"kernel BUG at",
         r"general protection fault",
         r"possible circular locking", r"possible recursive locking", r"inconsistent lock state",
         r"suspicious RCU usage", r"bad unlock balance", r"held lock freed", r"still held",
         r"possible irq lock inversion", r"invalid wait context", r"irq-unsafe lock order",
         r"ODEBUG:", r"list_(add|del) corruption", r"kmemleak: [1-9]\d* new suspected",
         r"trying to register non-static key", r"turning off the locking correctness validator",
         r"blocked for more than", r"soft lockup", r"hard LOCKUP", r"self-detected stall",
         r"detected (?:expedited )?stalls", r"scheduling while atomic", r"sleeping function called",
         r"refcount_t:", r"workqueue lockup", r"Unable to handle kernel",
         r"refusing to freeze", r"segfault at", r"stack guard page", r"Out of memory",
         r"invoked oom-killer", r"page allocation failure", r"invalid opcode",
         r"a bug in wpool")
# ... while a trace is part of the report above it, one to each, or a fault if there is none.
TRACE = re.compile(r"Call [Tt]race:")  # arm64 writes it small
# wpool's watchdog shows the stack of the thread that it names; to be slow is no fault.
NAMED = re.compile(r"wpool: .*(?:has been in .* for \d+ ms|is not in a task|"
                   r"the releases of \d+ tasks that have ended have not returned)")
NEAR = 80  # lines: how far above its trace a report may begin
SHOWN = 60  # lines of the first report
EXPECT = re.compile(r"wpool_(?:kunit|stress): expect( some)?: (.*)")
HEAD = re.compile("|".join(HEADS))
# Said at every boot and no fault.
HARMLESS = re.compile(r"Command line:|RCU self tests|lockdep.*(?:MAX|size)|"
                      r"Core dump limits|kmemleak: Kernel memory leak detector")
# KASAN of 6.1 allocates a page for a stack that it has not seen yet, whoever frees memory
# where; lockdep complains, and is off from then on.
WAIT = "Invalid wait context"
OWN_WAIT = "__stack_depot_save"
# Lockdep reports once. The death of a worker by an oops ends it, too, but no test of KUnit's does that.
LOCKDEP_ENDS = re.compile(r"possible circular locking")


# KCSAN tells two accesses, each by a stack; a race is ours if one of them is. What
# works on memory that it is handed, and on no other, accesses on behalf of its caller.
RACE = "BUG: KCSAN:"
ACCESS = re.compile(r"\bto 0x[0-9a-f]+ of \d+ bytes by ")
HANDED = re.compile(r"\] +(__list_\w+_valid|llist_\w+|(__)?rb_\w+|_*bitmap_\w+|_find_\w+|"
                    r"(__)?mem(set|cpy|move|cmp)|str\w+)\+")
IN_MODULE = re.compile(r"\[\w+\]$")


def _own_wait(report):
    report = "\n".join(report).split("</TASK>", maxsplit=1)[0]
    # What an interrupt does is not the doing of the thread that it hit, another interrupt or not.
    stack = report.split("Call Trace:")[-1].split("</IRQ>")[0].split("asm_sysvec_")[0]
    return OWN_WAIT in stack


def _own_race(report):
    accesses = [number + 1 for number, line in enumerate(report) if ACCESS.search(line)]
    by_whom = [next((line for line in report[start:] if not HANDED.search(line)), "")
               for start in accesses]
    return accesses and not any(IN_MODULE.search(line) for line in by_whom)


# On arm64 6.1 a BUG() is a debug exception, which nobody leaves if its thread ends in it. The
# CPU's next sleep finds that one was not left, and puts it right. Told once.
NOT_LEFT = re.compile(r"WARNING: .* at kernel/context_tracking\.c:\d+ ct_kernel_exit")
DIED_OF_BUG = "Internal error: Oops - BUG"


# The kernel shows the stack of a thread that may run on meanwhile: what it takes for saved
# registers may be anything by then. The unwinder is spared by KMSAN, what prints them is not.
UNINIT = "BUG: KMSAN:"
SHOWS_REGS = "uninit-value in __show_regs"
OF_ANOTHER = "sched_show_task"


# printk() of 7.x looks how a message goes out, stores it, and warns if another CPU has begun to
# suspend the consoles meanwhile.
LATE_PRINTK = "WARNING: kernel/printk/printk.c:"
SUSPENDING = "printk: Suspending console(s)"


def _own(lines, number):
    """Whether the report that begins here is about the kernel's own doings alone."""
    if LATE_PRINTK in lines[number]:
        return ("at vprintk_emit+" in lines[number] and
                any(SUSPENDING in line for line in lines[max(0, number - NEAR):number]))
    if NOT_LEFT.search(lines[number]):
        return any(DIED_OF_BUG in line for line in lines[:number])
    report = lines[number:number + NEAR]
    if RACE in lines[number]:
        return _own_race(_until(report, "======"))
    if UNINIT in lines[number]:
        return SHOWS_REGS in lines[number] and OF_ANOTHER in "\n".join(_until(report, "======"))
    return WAIT in lines[number] and _own_wait(report)


def _until(lines, word):
    return list(itertools.takewhile(lambda line: word not in line, lines))


def own_reports(text, what):
    """Reports of this kind that are no faults of ours."""
    lines = text.splitlines()
    return [line for number, line in enumerate(lines) if what in line and _own(lines, number)]


class Promises:
    """Lines that are to come: each once, or as often as it likes."""

    def __init__(self):
        self.once, self.some = [], {}

    def add(self, some, regex):
        if some:
            self.some.setdefault(regex, False)
        else:
            self.once.append(regex)

    def keep(self, line):
        """Whether the line was promised."""
        for regex in self.once:
            if re.search(regex, line):
                self.once.remove(regex)
                return True
        kept = [regex for regex in self.some if re.search(regex, line)]
        self.some.update((regex, True) for regex in kept)
        return bool(kept)

    def broken(self):
        return self.once + [regex for regex, came in self.some.items() if not came]


def faults(text, shown=NAMED):
    """Lines that are faults, and complaints that were promised but did not come.

    shown: which lines are none, though a trace comes with each.
    """
    promises, found, heads = Promises(), [], []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if promise := EXPECT.search(line):
            promises.add(promise[1], promise[2].strip())
        elif HARMLESS.search(line):
            continue
        elif shown.search(line):
            heads.append(number)
            promises.keep(line)
        elif HEAD.search(line):
            heads.append(number)
            if not _own(lines, number) and not promises.keep(line):
                found.append(line.strip())
        elif TRACE.search(line):
            heads = [head for head in heads if number - head <= NEAR]
            if heads:
                heads.pop(0)
            else:
                found.append(line.strip())
    return found, promises.broken()


def excerpt(text, line):
    """The report that begins with this line, as far as its trace goes."""
    lines = text.splitlines()
    first = next((number for number, said in enumerate(lines) if said.strip() == line), len(lines))
    return lines[first + 1:first + SHOWN]


def says_lockdep_ended(text, shown=NAMED):
    """Whether something is said that turns lockdep off: a fault, or what a test has the kernel report."""
    return bool(faults(text, shown)[0] or own_reports(text, WAIT)
                or any(LOCKDEP_ENDS.search(promise[2]) for promise in EXPECT.finditer(text)))
