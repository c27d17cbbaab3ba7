# SPDX-License-Identifier: GPL-2.0
"""What a kernel's console says that no green run may contain.

A test that provokes a complaint prints a line "wpool_kunit: expect: REGEX"
before it, once for each line that is to come; exactly those are forgiven, and one
that does not come is a fault itself.
"""
import re

# Each begins a report of its own ...
HEADS = (r"WARNING:", r"\bBUG:", r"\bBUG\b.* Objects remaining", r"\bOops\b", r"\bKASAN:",
         r"\bKCSAN:", r"\bUBSAN:", r"Kernel panic", r"kernel BUG at", r"general protection fault",
         r"possible circular locking", r"possible recursive locking", r"inconsistent lock state",
         r"suspicious RCU usage", r"bad unlock balance", r"held lock freed", r"still held",
         r"possible irq lock inversion", r"invalid wait context", r"irq-unsafe lock order",
         r"ODEBUG:", r"list_(add|del) corruption", r"kmemleak: [1-9]\d* new suspected",
         r"blocked for more than", r"soft lockup", r"hard LOCKUP", r"self-detected stall",
         r"detected stalls", r"scheduling while atomic", r"sleeping function called",
         r"refcount_t:", r"workqueue lockup", r"Unable to handle kernel",
         r"segfault at", r"stack guard page", r"Out of memory")
# ... while a trace is part of the report above it, or a fault if there is none.
TRACE = r"Call Trace:"
NEAR = 80  # lines: how far above its trace a report may begin
EXPECT = re.compile(r"wpool_kunit: expect: (.*)")
HEAD = re.compile("|".join(HEADS))
# Said at every boot and no fault.
HARMLESS = re.compile(r"Command line:|RCU self tests|lockdep.*(?:MAX|size)|"
                      r"Core dump limits|kmemleak: Kernel memory leak detector")
# Lockdep complains of 6.1's own printk() in a hard interrupt (as happens when the
# machine is slow), and in 6.1.176 still of its KASAN and its object debugging.
WAIT = "Invalid wait context"
OWN = re.compile(r"serial8250_console_write|per_cpu_remove_cache|fill_pool")


def _own(lines, number):
    """Whether the report that begins here is about the kernel's own doings alone."""
    report = "\n".join(lines[number:number + NEAR]).split("</TASK>")[0]
    # What an interrupt does is not the doing of whom it hit.
    stack = report.split("Call Trace:")[-1].split("</IRQ>")[0]
    return WAIT in lines[number] and OWN.search(report) and "[wpool" not in stack


def own_reports(text):
    """Reports that are no faults of ours; lockdep is off from the first on."""
    lines = text.splitlines()
    return [line for number, line in enumerate(lines) if _own(lines, number)]


def faults(text):
    """Lines that are faults, and complaints that were promised but did not come."""
    expected, found, last_head = [], [], -NEAR
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if promise := EXPECT.search(line):
            expected.append(promise[1].strip())
        elif HARMLESS.search(line):
            continue
        elif HEAD.search(line):
            last_head = number
            if _own(lines, number):
                continue
            match = next((regex for regex in expected if re.search(regex, line)), None)
            if match is None:
                found.append(line.strip())
            else:
                expected.remove(match)
        elif TRACE in line and number - last_head > NEAR:
            found.append(line.strip())
    return found, expected
