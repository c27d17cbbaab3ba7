# SPDX-License-Identifier: GPL-2.0
"""Where downloads and builds are kept, and how two runs share them."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import time

from harness.proc import say

UNUSED = 7 * 24 * 3600  # seconds


def root():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "wpool"


def folder(*parts):
    path = root().joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(name):
    """Held while one run makes what another may want too."""
    with open(folder("lock") / name.replace("/", "-"), "w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{name}: another run is making it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ready(path):
    """A thing counts as made only once its stamp lies beside it."""
    return (path / ".ready").exists()


def mark_ready(path):
    """Stamps a thing as made, and as in use today."""
    (path / ".ready").touch()


def prune(folder, pattern):
    """Remove what was made from older versions and that nobody has used for a while."""
    for path in folder.glob(pattern):
        stamp = path / ".ready"
        if stamp.exists() and time.time() - stamp.stat().st_mtime > UNUSED:
            shutil.rmtree(path, ignore_errors=True)
