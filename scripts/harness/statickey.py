# SPDX-License-Identifier: GPL-2.0
"""What a feature behind a static key costs those who do not ask for it.

Where the code asks the key stands an instruction that the kernel rewrites when the
key is turned. As built, with the key off, it must be one that does nothing.
"""
import re

from harness import proc

ENTRY = r"P(?:C|REL)32 +(\.\S+?)\+0x(\w+)\n.*P(?:C|REL)32 .*\n.*P(?:C|REL)64 +{key}\b"
AT = re.compile(r"<(\w+)[^>]*>:\n +\w+:\t(.*)")
NOTHING = re.compile(r"nop|xchg +%ax,%ax|jgnop")


def places(module, key, cross):
    """(function, instruction) of each place in a built module that asks the key."""
    table = proc.output([f"{cross}objdump", "-r", "-j", "__jump_table", module])
    for section, offset in re.findall(ENTRY.format(key=key), table):
        code = proc.output([f"{cross}objdump", "-d", "--no-show-raw-insn", "-j", section,
                            f"--start-address=0x{offset}", f"--stop-address={int(offset, 16) + 8}",
                            module])
        yield AT.search(code).groups()


def faults(module, key, functions, cross=""):
    """Nothing if the key is asked in none but these functions, and costs nothing there."""
    found = list(places(module, key, cross))
    asked = {function for function, instruction in found}
    if not asked or asked - set(functions):
        yield f"{key} is asked in {' '.join(sorted(asked)) or 'no function'}"
    for function, instruction in found:
        if not NOTHING.match(instruction):
            yield f"{function}: {instruction}"
