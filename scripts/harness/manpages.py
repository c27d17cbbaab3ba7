# SPDX-License-Identifier: GPL-2.0
"""The manual pages name exactly what their program takes, or the module; the page of the ABI, the files."""
import re
import subprocess

from harness.modules import TREE

MAN = TREE / "Documentation/man"
PROGRAMS = TREE / "scripts/view"
MODULE = MAN / "wpool.4", TREE / "wpool_mod.c"
EVERYWHERE = {"--help"}
ABI, SETTINGS = TREE / "Documentation/ABI/testing/sysfs-kernel-wpool", TREE / "core/settings.c"


def _section(page, title):
    found = re.search(rf"^\.SH {title}\n(.*?)(?=^\.SH |\Z)", page, re.M | re.S)
    return found[1].replace("\\-", "-") if found else ""


def _options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def _differences(where, wanted, named):
    for what in sorted(wanted - named):
        yield f"{where} does not name {what}"
    for what in sorted(named - wanted):
        yield f"{where} names {what}, which there is not"


def of_program(name, page):
    """What is wrong with the text of its page."""
    said = subprocess.run([PROGRAMS / name, "--help"], text=True, check=True, capture_output=True,
                          timeout=60).stdout
    takes = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", said, re.M)) - EVERYWHERE
    for section in ("SYNOPSIS", "OPTIONS"):
        yield from _differences(f"{name}, {section}", takes, _options(_section(page, section)))


def of_module(page):
    takes = set(re.findall(r"^module_param(?:_named|_cb)?\((\w+)", MODULE[1].read_text(), re.M))
    named = set(re.findall(r"^\.BR (\w+) =", _section(page, "PARAMETERS"), re.M))
    return _differences("wpool, PARAMETERS", takes, named)


def of_abi(page):
    files = set(re.findall(r"__ATTR\w*\((\w+)", SETTINGS.read_text()))
    named = set(re.findall(r"^What:\s+/sys/kernel/wpool/<pool>/(\w+)$", page, re.M))
    return _differences(ABI.name, files, named)


def faults():
    for path in sorted([*MAN.glob("*.1"), *MAN.glob("*.8")]):
        yield from of_program(path.stem, path.read_text())
    yield from of_module(MODULE[0].read_text())
    yield from of_abi(ABI.read_text())


def unseen():
    """What is planted and not found."""
    page = (MAN / "wpool-top.8").read_text()
    if not list(of_program("wpool-top", page.replace("\\-\\-sort", "\\-\\-order"))):
        yield "an option that there is not is not found"
    if not list(of_module(MODULE[0].read_text().replace(".BR spin_us", ".BR spin_ms"))):
        yield "a parameter that there is not is not found"
    if not list(of_abi(ABI.read_text().replace("/nice", "/priority"))):
        yield "a file that there is not is not found"
