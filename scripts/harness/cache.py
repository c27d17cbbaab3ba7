# SPDX-License-Identifier: GPL-2.0
"""Where downloads and builds are kept, and how two runs share them."""
import contextlib
import fcntl
import itertools
import os
import pathlib
import shutil
import time

from harness.proc import Failed, say

UNUSED = 7 * 24 * 3600  # seconds


def root():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    if set(" :") & set(str(base)):
        raise Failed(f"{base}: kbuild takes no folder with a space or a colon in its name; "
                     "let XDG_CACHE_HOME name another")
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


# --- folders that are built in ---------------------------------------------

OWNER = ".owner"
held = []  # open while this process runs


def claim(parent, owner):
    """A folder of parent which the owner's runs alone use until they end.

    Its own of last time, or what was used last and is free now: what another owner has built
    there is rebuilt only where it differs, as each is built under the same name.
    """
    with lock(f"claim-{parent.name}"):
        had = [path for path in parent.iterdir() if path.is_dir()]
        had.sort(key=lambda path: (owned_by(path) != owner, -_last_use(path)))
        new = (parent / str(number) for number in itertools.count())
        return next(path for path in itertools.chain(had, new) if _take(path, owner))


def remove(parent, owner):
    """Remove the folders of parent that are the owner's; Failed if one of his runs is in one."""
    with lock(f"claim-{parent.name}"):
        for path in [path for path in parent.iterdir() if path.is_dir() and owned_by(path) == owner]:
            with open(_lock_of(path), "w", encoding="utf-8") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise Failed(f"{path}: another run of {owner} is in it") from None
                shutil.rmtree(path)


def _lock_of(path):
    return path.with_name(f".{path.name}.lock")


def owned_by(path):
    """Who has used it last."""
    return (path / OWNER).read_text() if (path / OWNER).exists() else ""


def _last_use(path):
    return (path / OWNER).stat().st_mtime if (path / OWNER).exists() else 0


def _take(path, owner):
    """Whether the folder is the owner's now: no run of another has it."""
    handle = open(_lock_of(path), "w", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if owned_by(path) != owner:
            handle.close()
            return False
    path.mkdir(exist_ok=True)
    (path / OWNER).write_text(owner)
    mark_ready(path)  # no other run prunes it now
    # From now on with others of the owner's.
    fcntl.flock(handle, fcntl.LOCK_SH)
    held.append(handle)
    return True


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
