# SPDX-License-Identifier: GPL-2.0
"""wpool in the tree of a kernel, built in and as a module, as a maintainer of the kernel tries it.

The tree and its build are kept; a tree's files are the source's own, but for those that
scripts/copy-in-tree writes.
"""
import os
import shutil
import time

from harness import cache, kernels, ktap, kunit, modules, proc
from harness.machine import Run
from harness.proc import Failed, say

SOURCE = "linux-source-7.2", "sid"
COPY = modules.TREE / "scripts/copy-in-tree"
CHANGED = "lib/Kconfig", "lib/Makefile"  # by copy-in-tree, where they lie
# What copy-in-tree says, too: several CPUs of this kernel need the second.
ARGS = "ncpus=2", "seccomp=on"
LIMIT, LIMIT_BUILD = 900, 3600  # seconds
AS_MODULES = ("CONFIG_WPOOL=m", "CONFIG_WPOOL_KUNIT_TEST=m",
              # What the machine needs that loads them.
              "CONFIG_BLK_DEV_INITRD=y", "CONFIG_RD_GZIP=y", "CONFIG_BINFMT_SCRIPT=y",
              "CONFIG_DEVTMPFS=y", "CONFIG_TMPFS=y", "CONFIG_SSL=y", "CONFIG_NULL_CHAN=y",
              "CONFIG_STDERR_CONSOLE=y")
# Built in, the suites run before there is a program: what each of these lacks then.
LACKING = {"wpool_debugfs": "/bin/sh", "wpool_latency": "/bin/sh", "wpool_memory": "/bin/sh",
           "wpool_owner": "module", "wpool_shown": "/bin/sh", "wpool_sysfs": "sysfs",
           "wpool_sysfs_gone": "sysfs", "wpool_trace": "/bin/sh"}


def linux():
    """The tree, with this checkout's wpool in it."""
    source, version = kernels.source(*SOURCE)
    tree = cache.folder("tree") / f"linux-{version}"
    if not cache.ready(tree):
        shutil.rmtree(tree, ignore_errors=True)
        say(f"tree: a copy of {source.name}")
        proc.run("tree", ["cp", "-al", source, tree], tree.with_suffix(".log"))
        for name in CHANGED:
            (tree / name).unlink()
            shutil.copy(source / name, tree / name)
    proc.run("copy-in-tree", [COPY, tree], tree.with_suffix(".log"))
    cache.mark_ready(tree)
    cache.prune(tree.parent, "linux-*")
    return tree


def _kunit_py(what, tree, command, *words, **more):
    """Run the kernel's kunit.py; what it says."""
    log = tree.with_suffix(f".{command}.log")
    proc.run(what, ["tools/testing/kunit/kunit.py", command, "--kunitconfig=lib/wpool",
                    f"--build_dir={build_of(tree)}", *words], log, LIMIT_BUILD, cwd=tree, **more)
    return log.read_text(errors="replace")


def build_of(tree):
    return tree.with_name(tree.name.replace("linux", "build"))


def _objects(folder):
    """How many there are while a build makes folders, and takes them away: os.walk() minds neither."""
    return sum(name.endswith(".o") for _, _, names in os.walk(folder) for name in names)


def _build(what, tree, *words):
    """Warnings of the compiler about wpool."""
    say(f"--- {what}: building; the kernel itself but once")
    said = _kunit_py(f"{what}: build", tree, "build", f"--jobs={proc.cpus()}", *words,
                     progress=lambda: f"({_objects(build_of(tree))} objects so far)")
    return [line for line in said.splitlines() if "wpool" in line and "warning" in line.lower()]


def built_in(tally, tree, suites):
    """By kunit.py alone, which has no program run."""
    tally.check("built in, without a warning", _build("built in", tree))
    say("--- built in: kunit.py runs the suites")
    began, wrong = time.monotonic(), []
    try:
        _kunit_py("built in: run", tree, "exec", f"--timeout={LIMIT}",
                  *(f"--kernel_args={word}" for word in ARGS))
    except Failed as error:
        wrong = str(error).splitlines()
    tally.check("built in: kunit.py is content", wrong)
    log = (build_of(tree) / "test.log").read_text(errors="replace")
    judge(tally, Run(log, "", time.monotonic() - began), suites)


def judge(tally, run, suites):
    """Every suite reports; skipped are those alone that lack something."""
    found = {suite.name: suite for suite in ktap.parse(run.console)}
    for name in suites:
        if name not in found:
            tally.fail(f"built in {name}", "the suite did not run")
            continue
        suite, lacks = found[name], LACKING.get(name)
        faults = [fault for fault in suite.faults() if not (lacks and fault == "skipped every test")]
        bad = [test.name for test in suite.tests if lacks
               and (test.status != "skip" or lacks not in test.why())]
        if bad:
            faults.append(f"{bad[0]} did not skip for want of a {lacks}")
        if faults:
            tally.fail(f"built in {name}", faults[0], faults[1:])
        kunit.judge_tests(tally, f"built in {name}", [suite])
    kunit.judge_console(tally, "built in", run)
    say(f"--- built in: {run.seconds:.1f} s")


def as_modules(tally, tree, suites):
    """Loaded in a machine, as out of the tree."""
    words = [f"--kconfig_add={word}" for word in AS_MODULES]
    tally.check("as modules, without a warning", _build("as modules", tree, *words))
    build = build_of(tree)
    kernel = kernels.Kernel("tree", "um", "tree", build, build / "linux")
    built = {path.stem: path.read_bytes() for path in (build / "lib/wpool").glob("*.ko")}
    run = kunit.run(kernel, built, ["wpool", "wpool_kunit"], 2)
    kunit.judge(tally, "as modules", run, suites)
    say(f"--- as modules: {run.seconds:.1f} s")


def run(tally):
    with cache.lock("tree"):
        tree, suites = linux(), kunit.suites_in(modules.TREE / "kunit")
        with tally.part("built in"):
            built_in(tally, tree, suites)
        with tally.part("as modules"):
            as_modules(tally, tree, suites)
