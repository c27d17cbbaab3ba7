# SPDX-License-Identifier: GPL-2.0
"""Reads of memory that may be gone: where a module on x86 goes on after a fault.

core/task_waiters.c reads a word that may be unmapped, by an asm goto with an output. Some versions
of GCC (its bug 113921) lose what the code says of a fault there: then it goes on behind the read
as if that had been done, with what happened to be in the register.
"""
import pathlib
import re
import struct
import subprocess
import tempfile

from harness import proc
from harness.proc import Failed

TEXT = ".text"
ENTRY = 12  # bytes: two addresses, and a type
# Of the kernel's types of entries those that change no register (asm/extable_fixup_types.h).
PLAIN = {1, 2, 3}


def _code(module):
    """{address: (the function, the address behind the instruction)}"""
    code, function, last = {}, "", None
    for line in proc.output(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", module]).splitlines():
        if start := re.match(r"[0-9a-f]+ <(.*)>:", line):
            function = start[1]
        elif found := re.match(r" +([0-9a-f]+):\t", line):
            address = int(found[1], 16)
            if last is not None:
                code[last] = (code[last][0], address)
            code[address], last = (function, None), address
    return code


def _entries(module):
    """(where the instruction is, where it goes on after a fault), each by section and offset"""
    with tempfile.NamedTemporaryFile() as raw:
        proc.output(["objcopy", "-O", "binary", "-j", "__ex_table", module, raw.name])
        types = pathlib.Path(raw.name).read_bytes()
    targets = {int(at, 16): (section, int(offset or "0", 16)) for at, section, offset in re.findall(
        r"^([0-9a-f]+) R_\S+ +(\S+?)(?:\+0x([0-9a-f]+))?$", _relocations(module), re.M)}
    for at in range(0, len(types) - ENTRY + 1, ENTRY):
        if not {at, at + 4} <= targets.keys():
            raise Failed(f"{module}: entry {at:#x} of __ex_table says nothing of where it is")
        if struct.unpack_from("<I", types, at + 8)[0] & 0xff in PLAIN:
            yield targets[at], targets[at + 4]


def _relocations(module):
    done = subprocess.run(["objdump", "-r", "-j", "__ex_table", module], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout  # it fails if there is no such section: then nothing may fault


def faults(module):
    """The functions of a module, as bytes, that take a fault for a read."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as file:
        pathlib.Path(file.name).write_bytes(module)
        code = _code(file.name)
        wrong = [code[read][0] for (section, read), goes_on in _entries(file.name)
                 if section == TEXT and goes_on == (TEXT, code[read][1])]
    return [f"{function}: a fault is taken for a read, {wrong.count(function)} times"
            for function in sorted(set(wrong))]


def judge(tally, kernel, module):
    """Nothing is said of other machines than x86, whose kernels have other ways to do it."""
    if kernel.arch in ("x86_64", "i386"):
        tally.check(f"{kernel.name}: no fault is taken for a read", faults(module))
