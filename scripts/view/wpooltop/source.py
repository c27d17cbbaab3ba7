# SPDX-License-Identifier: GPL-2.0
"""What the kernel says of its pools, as text: files of debugfs, and why there are none."""
import dataclasses
import os
import pathlib
import time

DEBUGFS = pathlib.Path("/sys/kernel/debug")
MODULE = pathlib.Path("/sys/module/wpool")
FILES = ("state", "stats", "tasks", "latency", "attrs")


class Nothing(Exception):
    """There is nothing to be read; in one line, why."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """A pool's files; one that is missing or closed has no text."""
    name: str
    identity: int  # another one of the same name has another
    files: dict


@dataclasses.dataclass(frozen=True)
class Look:
    """All pools, one after the other: each at a moment of its own."""
    clock: float  # seconds since the epoch
    at: float     # seconds of a clock that nobody sets
    folders: list


def _text(path):
    """What a file holds; None: it has gone, or it may not be read."""
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        # What is there and is closed to root, the kernel has closed.
        if isinstance(error, PermissionError) and path.name == "stats" and path.exists():
            raise Nothing(f"{path}: {error.strerror}: the kernel is locked down") from None
        return None


def _folder(path):
    """None: the pool has gone meanwhile."""
    try:
        identity = path.stat().st_ino
        read = {name: _text(path / name) for name in FILES}
        # If another one has come with its name, what was read may be of both.
        if read["stats"] is None or path.stat().st_ino != identity:
            return None
    except FileNotFoundError:
        return None
    return Folder(path.name, identity, {name: text for name, text in read.items() if text is not None})


def _missing(debugfs):
    """Why there is no folder of wpool's."""
    if debugfs == DEBUGFS and not MODULE.exists():
        return "the module wpool is not loaded"
    return f"there is no {debugfs}/wpool: is debugfs mounted?"


def look(debugfs=DEBUGFS, only=None):
    """only: the name of the one pool that is wanted."""
    top = debugfs / "wpool"
    clock, at = time.time(), time.monotonic()
    try:
        paths = sorted(entry for entry in top.iterdir() if entry.is_dir())
    except PermissionError as error:
        why = "only root can look into debugfs" if os.geteuid() else f"{top}: {error.strerror}"
        raise Nothing(why) from None
    except OSError:
        raise Nothing(_missing(debugfs)) from None
    if only is not None:
        paths = [path for path in paths if path.name == only]
    folders = [folder for folder in map(_folder, paths) if folder]
    if only is not None and not folders:
        raise Nothing(f"there is no pool {only}")
    return Look(clock, at, folders)
