# SPDX-License-Identifier: GPL-2.0
"""Child processes that show progress, keep to a time limit and never outlive us."""
import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import sys
import time

# Debian keeps modinfo and mke2fs where an ordinary user's PATH does not look.
os.environ["PATH"] += ":/usr/sbin:/sbin"

TICK = 10  # seconds between two signs of life
NICE = 10  # of what lets others go first
GRACE = 5  # seconds for make, a compiler or a linker to remove what it has half made


class Failed(Exception):
    """Something the user must read; printed without a traceback."""


def cpus():
    return len(os.sched_getaffinity(0))


def say(text):
    print(text, flush=True)


def pass_on(text):
    """Say what has been added to a file."""
    print(text.read(), end="", flush=True)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def give_way():
    """Let others go first.

    A scheduler may take each session for a group, and all groups for equal: then a nice value
    counts among those of one session alone, and the group has another.
    """
    os.nice(NICE)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="utf-8") as group:
        group.write(str(NICE))


def _begin(behind):
    die_with_parent()
    if behind:
        give_way()


def start(cmd, behind=False, **kwargs):
    """A child in a session of its own, so that stop() reaches its children too.

    behind: it lets others go first.
    """
    return subprocess.Popen([str(word) for word in cmd], start_new_session=True,
                            preexec_fn=functools.partial(_begin, behind), **kwargs)


def stop(child, grace=0):
    """End it and its children; grace: seconds for them to do so by themselves."""
    try:
        if grace:
            _signal(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=grace)
    finally:
        _signal(child, signal.SIGKILL)
        child.wait()


def _signal(child, signum):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signum)


def tail(path, lines=25):
    with open(path, errors="replace", encoding="utf-8") as handle:
        return "".join(handle.readlines()[-lines:])


def run(what, cmd, log, limit=1800, progress=None, **kwargs):
    """Run cmd with its output in log; progress() adds a word to each sign of life.

    kwargs: as start() takes them.
    """
    with open(log, "w", encoding="utf-8") as out:
        child = start(cmd, stdin=subprocess.DEVNULL, stdout=out,
                      stderr=subprocess.STDOUT, **kwargs)
        try:
            _wait(what, child, limit, progress)
        finally:
            stop(child, GRACE)
    if child.returncode:
        raise Failed(f"{what}: failed\n{tail(log)}(by: {' '.join(map(str, cmd))})\n"
                     f"(the whole log: {log})")


def _wait(what, child, limit, progress):
    began = time.monotonic()
    while True:
        try:
            child.wait(timeout=TICK)
            return
        except subprocess.TimeoutExpired:
            spent = time.monotonic() - began
            if spent > limit:
                raise Failed(f"{what}: no end after {limit} s") from None
            say(f"{what}: {spent:.0f} s{' ' + progress() if progress else ''}")


def output(cmd, **kwargs):
    done = subprocess.run([str(word) for word in cmd], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, **kwargs)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, cmd))}: {done.stderr.strip()}")
    return done.stdout


def _interrupt(_signum, _frame):
    raise KeyboardInterrupt


def main(body):
    """Run a script's body: errors in words, and cleaning up on every way out."""
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    try:
        sys.exit(body())
    except Failed as error:
        say(f"{error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
