# SPDX-License-Identifier: GPL-2.0
"""Bugs to be planted, and what gives them away.

Each is a patch in mutants/: a bug that a careful author might write. Before the
patch come two lines, what it breaks and who must notice:

    A worker that leaves wakes nobody in its stead.
    Noticed by: wpool_resize on uml

KUnit suites, with commas between them, or `torture on uml within 40 s`.
"""
import dataclasses
import fnmatch
import os
import pathlib
import re
import subprocess

from harness import console, kernels, ktap, kunit, modules, torture
from harness.proc import Failed
from harness.tally import overhear

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "mutants"
HEAD = re.compile(r"(?P<what>.+)\n"
                  r"Noticed by: (?P<who>\S+) on (?P<kernel>\S+?)(?: within (?P<seconds>\d+) s)?\n")
TORTURE = "torture"
# Nobody waits long for what a bug keeps from happening, where a kernel is quick. In
# seconds: a test, and a torture without progress (a round of it has been seen to take 10 on a
# machine that others used, too).
PATIENCE, STALL = {"um": 10}, 20
# A machine hangs if it takes so many times as long as without a bug, and so many seconds.
HANGS, AT_LEAST = 3, 60
CPUS = 2
FAILED_TEST = re.compile(r"# (\w+): (?:EXPECTATION|ASSERTION) FAILED")


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    patch: pathlib.Path
    what: str     # what it breaks
    who: str      # suites, or TORTURE
    kernel: str
    seconds: int  # of torture


def _read(patch):
    head = HEAD.match(patch.read_text())
    if not head:
        raise Failed(f"{patch.name}: does not begin with what it breaks and 'Noticed by: WHO on KERNEL'")
    if head["kernel"] not in kernels.names():
        raise Failed(f"{patch.name}: there is no kernel '{head['kernel']}'")
    if head["who"] != TORTURE:
        kunit.suites_in(modules.TREE / "kunit", head["who"])
    elif not head["seconds"]:
        raise Failed(f"{patch.name}: does not say within how many seconds")
    return Mutant(patch.stem, patch, head["what"], head["who"], head["kernel"],
                  int(head["seconds"] or 0))


def chosen(globs=()):
    patches = sorted(FOLDER.glob("*.patch"))
    for glob in globs:
        if not fnmatch.filter([patch.stem for patch in patches], glob):
            raise Failed(f"no mutant '{glob}'; --list names them")
    return [_read(patch) for patch in patches
            if not globs or any(fnmatch.fnmatch(patch.stem, glob) for glob in globs)]


def apply(mutant, tree, *options):
    """Patch a tree; returns what git has to complain of."""
    done = subprocess.run(["git", "apply", *options, mutant.patch], cwd=tree, check=False, text=True,
                          env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)},
                          stdin=subprocess.DEVNULL, capture_output=True)
    if not done.returncode:
        return []
    return done.stderr.splitlines() or [f"git apply: status {done.returncode} without a word"]


def stale():
    """Those that fit the tree no more."""
    try:
        for mutant in chosen():
            yield from apply(mutant, modules.TREE, "--check")
    except Failed as error:
        yield str(error)


def build(kernel, tree, who):
    patience = PATIENCE.get(kernel.arch)
    return modules.build(kernel, tree, "mutant",
                         words=[f"KCFLAGS=-DWPT_SECONDS={patience}"] if patience else [],
                         tests="torture" if who == TORTURE else "kunit")


def boot(kernel, built, who, seconds, limit=None, enough=None):
    if who == TORTURE:
        return torture.run(kernel, built, seconds, CPUS, f"stall={STALL}", enough=enough)
    return kunit.run(kernel, built, ["wpool", "wpool_kunit"], CPUS, limit=limit, test=who,
                     enough=enough)


def _during(text):
    suite = ktap.underway(text)
    return f", during {suite}" if suite else ""


def sign(text):
    """What on the console gives a bug away; empty if nothing does yet."""
    if test := FAILED_TEST.search(text):
        return f"{ktap.underway(text[:test.start()])}.{test[1]}"
    if fault := torture.FAULT.search(text):
        return f"torture: {fault[1]}"
    found, _ = console.faults(text)
    if not found:
        return ""
    return f"console: {ktap.STAMP.sub('', found[0])}{_during(text[:text.index(found[0])])}"


def reason(who, run):
    """Why a run is not green: the first reason; empty if it is."""
    if said := sign(run.console):
        return said
    if run.why:
        return f"{run.why}{_during(run.console)}"
    if who == TORTURE:
        inner, _ = overhear(torture.judge, who, run)
    else:
        inner, _ = overhear(kunit.judge, who, run, who.split(","))
    return inner.reasons[0] if inner.reasons else ""
