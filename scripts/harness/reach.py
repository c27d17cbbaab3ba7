# SPDX-License-Identifier: GPL-2.0
"""Which KUnit suites reach which lines of core/: one machine a suite, counted by gcov.

It is kept in the cache until the module or its tests change, suite by suite, so that a
run that was stopped goes on.
"""
import hashlib
import json
import pathlib
import subprocess
import tempfile

from harness import cache, coverage, kernels, kunit, modules
from harness.proc import Failed, say

KERNEL, LIKE = "uml-gcov", "uml"  # it counts, and has what the other has
CPUS = 2
KUNIT = modules.TREE / "kunit"


def digest(*patterns):
    """Changes whenever one of these files does."""
    made = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in modules.TREE.glob(pattern)):
        if path.is_file() and path.suffix in modules.SUFFIXES - {""} and not path.name.endswith(".mod.c"):
            made.update(f"{path.relative_to(modules.TREE)}\n{path.read_text()}".encode())
    return made.hexdigest()[:10]


def code_key():
    return digest("wpool_mod.c", "core/*", "lib/*", "include/**/*")


def tests_key():
    return digest("kunit/*")


def home():
    """Where all is kept that is known of the mutants of this code."""
    made = cache.folder("mutants", code_key())
    cache.mark_ready(made)
    cache.prune(made.parent, "*")
    return made


class Reach:
    def __init__(self, found):
        # found: of each suite, the seconds that it took, and of each file the lines that it
        # reached and those that are there.
        # A boot takes some of the time.
        boot = min(entry["seconds"] for entry in found.values())
        self.seconds = {suite: entry["seconds"] - boot for suite, entry in found.items()}
        self.lines = {suite: {file: set(lines) for file, lines in entry["reached"].items()}
                      for suite, entry in found.items()}
        self.known = {}
        for entry in found.values():
            for file, lines in entry["known"].items():
                self.known.setdefault(file, set()).update(lines)

    def suites(self, file, begin, lines):
        """The suites that reach one of the lines, which are of a function that begins there.

        Of some lines gcov knows nothing: a call that was inlined, a return that others share.
        Then those that reach the function before it; all suites if it knows nothing of that.
        """
        known = self.known.get(file, set())
        seen = known & set(lines) or known & set(range(begin, lines[0]))
        return [suite for suite, reached in self.lines.items()
                if not seen or reached.get(file, set()) & seen]


def _read(folder, source):
    """What gcov makes of what was unpacked there: lines reached, and all lines, by file."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", *sorted(folder.rglob("*.gcda"))],
                          cwd=folder, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise Failed(f"gcov: {done.stderr.decode(errors='replace').strip()[-400:]}")
    reached, known = {}, {}
    for text in done.stdout.decode().splitlines():
        for entry in json.loads(text)["files"]:
            name = entry["file"].rpartition(f"{source.name}/")[2]
            if name.startswith(("core/", "lib/")):
                for line in entry["lines"]:
                    known.setdefault(name, set()).add(line["line_number"])
                    if line["count"]:
                        reached.setdefault(name, set()).add(line["line_number"])
    return reached, known


def _measure(kernel, built, suite):
    run = kunit.run(kernel, built, ["wpool", "wpool_kunit"], CPUS, test=suite)
    if run.why:
        raise Failed(f"{suite} on {kernel.name}: {run.why}")
    with tempfile.TemporaryDirectory(prefix="wpool-reach-") as scratch:
        coverage.unpack(run, kernel, pathlib.Path(scratch))
        reached, known = _read(pathlib.Path(scratch), modules.home(kernel, coverage.WHAT))
    return {"seconds": run.seconds, "reached": {name: sorted(lines) for name, lines in reached.items()},
            "known": {name: sorted(lines) for name, lines in known.items()}}


def of_suites():
    """The map, made if need be."""
    folder = home() / f"reach-{tests_key()}"
    folder.mkdir(exist_ok=True)
    suites = kunit.suites_in(KUNIT)
    with cache.lock(f"reach-{folder.parent.name}-{folder.name}"):
        missing = [suite for suite in suites if not (folder / f"{suite}.json").exists()]
        if missing:
            kernel = kernels.get(KERNEL)
            built, _ = coverage.build(kernel)
        for number, suite in enumerate(missing, 1):
            say(f"what {suite} reaches ({number} of {len(missing)}; kept for the next time)")
            made = folder / f"{suite}.new"
            made.write_text(json.dumps(_measure(kernel, built, suite)))
            made.rename(folder / f"{suite}.json")
    return Reach({suite: json.loads((folder / f"{suite}.json").read_text()) for suite in suites})
