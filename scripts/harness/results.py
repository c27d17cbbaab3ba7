# SPDX-License-Identifier: GPL-2.0
"""A folder a run, for whoever must find out why, and for a CI that reads JUnit's XML.

It has the command line, the console and the report of each machine that the run booted, by
the time of their end, and junit.xml, what was tested. $WPOOL_RESULTS names it; otherwise it is one of
the last few in log/ of the cache.
"""
import contextlib
import fcntl
import functools
import os
import pathlib
import shlex
import shutil
import threading
import time
import xml.etree.ElementTree as xml

from harness import cache

KEPT = 20  # runs

_one_at_a_time = threading.Lock()


@functools.cache
def _folder():
    if named := os.environ.get("WPOOL_RESULTS"):
        made = pathlib.Path(named)
        made.mkdir(parents=True, exist_ok=True)
        return made
    logs = cache.folder("log")
    for old in sorted(logs.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        _remove(old)
    mine = cache.folder("log", time.strftime("%m%d-%H%M%S") + f"-{os.getpid()}")
    _locked(mine, fcntl.LOCK_SH)  # until this process ends
    return mine


def _locked(folder, how):
    """A descriptor of a folder that is locked as long as that is open; None if a run is in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove(folder):
    """Not that of a run which goes on: its machine may take half an hour."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = _locked(folder, fcntl.LOCK_EX)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def folder():
    """This run's."""
    with _one_at_a_time:
        return _folder()


def keep_machine(what, command, run):
    """What a machine was started with, and what it said."""
    name = f"{time.strftime('%H%M%S')}-{what}-{os.getpid()}"
    for suffix, text in (("command", shlex.join(map(str, command)) + "\n"),
                         ("console", run.console), ("report", run.report)):
        (folder() / f"{name}.{suffix}").write_text(text)


def _printable(text):
    """XML takes no control characters."""
    return "".join(char if char.isprintable() else " " for char in text)


def keep_cases(cases):
    """cases: of a tally"""
    suite = xml.Element("testsuite", name="wpool", tests=str(len(cases)),
                        failures=str(sum(case.outcome == "failure" for case in cases)),
                        skipped=str(sum(case.outcome == "skipped" for case in cases)))
    for case in cases:
        test = xml.SubElement(suite, "testcase", classname="wpool", name=_printable(case.what))
        if case.outcome != "passed":
            said = xml.SubElement(test, case.outcome, message=_printable(case.reason))
            said.text = "\n".join(map(_printable, case.details))
    xml.indent(suite)
    xml.ElementTree(suite).write(folder() / "junit.xml", encoding="utf-8", xml_declaration=True)
