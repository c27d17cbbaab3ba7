# SPDX-License-Identifier: GPL-2.0
"""A run of hours that was cut off goes on with the same command.

What a job found is kept if nothing failed, until the whole has come to its end or a file of the
tree changes. Not a page that only people read: one of them says when what has run.
"""
import dataclasses
import functools
import hashlib
import json
import re
import shutil
import time

from harness import cache, debs, modules
from harness.proc import say
from harness.tally import Case, Tally

# The pages of which a machine types what they have between fences, and what no job of such a run looks at.
DONE = ("README.md", "Documentation/guide.md", "Documentation/admin.md")
FENCED = re.compile(rb"^```.*?^```", re.M | re.S)
OTHERS = ("scripts/model/", "scripts/mutants/")


def digest(tree):
    """Of all that is tested there."""
    found = hashlib.sha256()
    for name in debs.files(tree):
        if (not name.endswith(".md") or name in DONE) and not name.startswith(OTHERS):
            found.update(f"{name}\n".encode() + hashlib.sha256(_tested(tree, name)).digest())
    return found.hexdigest()[:16]


def _tested(tree, name):
    text = (tree / name).read_bytes()
    return b"".join(FENCED.findall(text)) if name in DONE else text


class Resumed:
    """The jobs of a run, of which some may have been done when it was cut off."""

    def __init__(self, parent=None, tree=modules.TREE):
        self.folder = (parent or cache.folder("check")) / digest(tree)
        self.folder.mkdir(exist_ok=True)
        cache.mark_ready(self.folder)
        cache.prune(self.folder.parent, "*")

    def jobs(self, some):
        """The same (what, a function of a tally), but what was done is not done again."""
        for number, (what, job) in enumerate(some):
            yield what, functools.partial(self._do, what=what, job=job,
                                          path=self.folder / f"{number}-{what.replace('/', '-')}.json")

    def _do(self, tally, what, job, path):
        if path.exists():
            kept = json.loads(path.read_text())
            say(f"kept    {what}: passed {kept['when']}, before the run was cut off")
            tally.cases += [Case(**case) for case in kept["cases"]]
            return
        own = Tally()
        with own.part(what):
            job(own)
        if own.passed and not own.failed:
            self._keep(path, own.cases)
        tally.add(own)

    @staticmethod
    def _keep(path, cases):
        new = path.with_suffix(".new")
        new.write_text(json.dumps({"when": time.strftime("%F %T"),
                                   "cases": [dataclasses.asdict(case) for case in cases]}))
        new.rename(path)

    def close(self):
        """The whole has come to its end: the next run begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
