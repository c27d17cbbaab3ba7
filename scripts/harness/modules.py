# SPDX-License-Identifier: GPL-2.0
"""The tree's modules, built for one kernel in a folder of their own."""
import functools
import pathlib
import re

from harness import cache, proc
from harness.proc import Failed

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = ("Kbuild", "*.c", "core/**/*", "lib/**/*", "include/**/*", "kunit/**/*", "samples/**/*")
SUFFIXES = {".c", ".h", ""}


@functools.cache
def home_of_all():
    """Where everything is that is built from this checkout."""
    return cache.claim(cache.folder("build"), str(TREE))


def clean():
    """Remove what was built from this checkout, unless another has built there since."""
    cache.remove(cache.folder("build"), str(TREE))


def home(kernel, what="tree"):
    """This checkout's build folder for that kernel."""
    return cache.folder(home_of_all(), f"{what}-{kernel.key}")


def mirror(source, target, patterns=SOURCES):
    """Copy what changed and drop what is gone, so that make rebuilds only that; whether any did."""
    wanted = {path.relative_to(source): path for pattern in patterns
              for path in source.glob(pattern) if path.is_file() and path.suffix in SUFFIXES
              and not path.name.startswith(".") and not path.name.endswith(".mod.c")}
    changed = False
    for have in list(target.rglob("*")):
        name = have.relative_to(target)
        if have.is_file() and name not in wanted and have.suffix in (".c", ".h") \
                and not have.name.endswith(".mod.c"):
            have.unlink()
            changed = True
    for name, path in wanted.items():
        copy, data = target / name, path.read_bytes()
        if not copy.exists() or copy.read_bytes() != data:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
            changed = True
    return changed


def _remove(folder, *patterns):
    for pattern in patterns:
        for stale in folder.rglob(pattern):
            stale.unlink()


def make(kernel, folder, log, *words, limit=1800):
    """Run kbuild over folder; returns what the compiler said."""
    try:
        proc.run(f"modules for {kernel.name}",
                 ["make", "-s", "-C", kernel.build, f"M={folder}", f"-j{proc.cpus()}",
                  *kernel.make, *words], log, limit=limit, behind=True)
    except Failed as error:
        raise Failed(str(error).replace(f"{folder}/", "")) from None
    return log.read_text(errors="replace").replace(f"{folder}/", "")


def warnings(text):
    """What a compiler or a checker complains of; an error of sparse does not stop make."""
    return [line for line in text.splitlines() if re.search(r"\bwarning:|^WARNING:|: error:", line, re.I)
            and "pahole version differs" not in line]


def build(kernel, source=TREE, what="tree", patterns=SOURCES, words=("W=1",), *, tests="", samples=""):
    """Build source for kernel; returns ({module name: the .ko as bytes}, warnings).

    tests, samples: which of them to make besides wpool; "1" makes all.
    """
    folder = home(kernel, what)
    cache.mark_ready(folder.parent)
    cache.prune(folder.parent.parent, "*")
    with cache.lock(f"build-{folder.parent.name}-{folder.name}"):
        words = (*words, f"WPOOL_TESTS={tests}", f"WPOOL_SAMPLES={samples}")
        # Forgotten first: if this run is cut off, what lies there is not what was made.
        had = _forget_made(folder)
        if not had:
            _forget_warned(folder)
        if mirror(source, folder, patterns) or not _is_made(folder, words, had):
            warned = _make_anew(kernel, folder, words)
        else:
            warned = []
        if not warned:
            (folder / MADE).write_text(" ".join(words))
        # Their contents, since another run may build here as soon as the lock is gone.
        found = {path.stem: path.read_bytes() for path in folder.rglob("*.ko")}
    if not found:
        raise Failed(f"{folder}: make built no module")
    return found, warned


LOG = "make.log"  # what the compiler said, when make last ran there
MADE = ".made"  # what make was told, when it last made all there without a warning


def _forget_made(folder):
    had = (folder / MADE).read_text() if (folder / MADE).exists() else ""
    (folder / MADE).unlink(missing_ok=True)
    return had


def _forget_warned(folder):
    """What warned before make failed, or was cut off, would not warn again: as in _make_anew()."""
    log = folder / LOG
    said = warnings(log.read_text(errors="replace")) if log.exists() else []
    # What has an error was not made, or is checked each time.
    if any(": error:" not in line for line in said):
        _remove(folder, "*.o")


def _is_made(folder, words, had):
    """Has make nothing to do? It takes seconds to find that out; it alone knows files that words name."""
    return (not any("=/" in word for word in words) and had == " ".join(words)
            and any(folder.rglob("*.ko")))


def _make_anew(kernel, folder, words):
    """Returns what the compiler warned of."""
    # A module that is no longer made must not be found.
    _remove(folder, "*.ko")
    warned = warnings(make(kernel, folder, folder / LOG, *words))
    if warned:
        # What is not compiled again would not warn again.
        _remove(folder, "*.o")
    return warned
