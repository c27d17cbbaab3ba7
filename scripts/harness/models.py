# SPDX-License-Identifier: GPL-2.0
"""Models in Promela of the module's protocols, and SPIN, which tries every order of steps.

The head of a model names its properties and its seeded errors: `BUG_X  what is wrong:
property...`. A model says `check(property, condition)`. That every order comes to an end
is the property never_rests, which SPIN knows by itself. A model as it is has two searches:
while SPIN looks for orders without an end, it does not see threads that are stuck.
"""
import pathlib
import re
import subprocess
import tempfile
import time

from harness import proc
from harness.modules import TREE
from harness.proc import Failed, say

MODELS = TREE / "scripts/model"
ENDLESS = "never_rests"
STUCK = "a thread is stuck"
LIMIT = 300  # seconds: many times what one needs
STEPS = 60  # of those that led to the fault, the last

# A full search (no states hashed away) for states that break a check or, with cycles,
# for orders of steps that go on for ever; without, for threads that are stuck where the model
# has no label end. To compile well takes longer than to find an error.
SEARCH = ("spin {define} -a '{model}' && gcc -O{level} -w {cycles} -DNOFAIR -DCOLLAPSE -o pan pan.c"
          " && ./pan {search} -m100000 -w22 && if [ -e *.trail ]; then "
          "spin {define} -t -p -k *.trail '{model}' >steps; fi")


class Run:
    """One search of a model, as it is or with one error in it."""

    def __init__(self, model, error=None, wanted=(), cycles=False):
        self.model, self.error, self.wanted = model, error, wanted
        self.cycles = cycles or ENDLESS in wanted
        self.found = self.states = self.steps = self.child = None
        self.home = self.log = self.began = None

    def start(self):
        self.home = tempfile.TemporaryDirectory(prefix="wpool-model-")
        self.log = pathlib.Path(self.home.name) / "log"
        define = f"-D{self.error}" if self.error else ""
        with open(self.log, "w", encoding="utf-8") as out:
            self.child = proc.start(
                ["sh", "-c", SEARCH.format(define=define, model=self.model.path,
                                           level=0 if self.error else 1,
                                           cycles="-DNP" if self.cycles else "",
                                           search="-l" if self.cycles else "")],
                cwd=self.home.name, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.began = time.monotonic()

    def over(self):
        if self.child.poll() is None and time.monotonic() - self.began < LIMIT:
            return False
        told = self.log.read_text()
        steps = self.log.with_name("steps")
        # What follows the steps are the values of all variables.
        self.steps = (steps.read_text().split("spin: trail ends")[0].splitlines()
                      if steps.exists() else [])
        self.judge(told)
        return True

    def judge(self, told):
        broken = re.search(r"assertion violated\s+!\((\w+)\)", told)
        states = re.search(r"(\d+) states, stored", told)
        if broken:
            self.found = broken[1]
        elif "non-progress cycle (at" in told:
            self.found = ENDLESS
        elif "invalid end state (at" in told:
            self.found = STUCK
        elif "errors: 0" not in told or re.search("not completed|too small", told):
            self.found = "no end of the search"
            self.steps = told.splitlines()
        self.states = int(states[1]) if states else 0

    def stop(self):
        if self.child:
            proc.stop(self.child)
            self.home.cleanup()

    def verdict(self):
        if not self.error:
            how = "rests in the end, in" if self.cycles else "holds in"
            return f"{self.model.name}: {how} all of {self.states:,} states"
        return f"{self.model.name}: {self.error} is found: {self.found}"

    def faults(self):
        if self.found in (self.wanted or (None,)):
            return []
        return [f"found {self.found}, not {' or '.join(self.wanted) or 'nothing'}",
                *self.steps[-STEPS:]]


class Model:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.head, self.body = path.read_text().split("*/\n", 2)[1:]
        entries = re.sub(r"\n \*\t+", " ", self.head)  # an entry a line
        errors = re.findall(r"^ \* (BUG_\w+)\t.*:([\w ]+)$", entries, re.M)
        self.errors = {name: broken.split() for name, broken in errors}
        self.twice = {name for name, _ in errors if [one for one, _ in errors].count(name) > 1}
        self.told = set(re.findall(r"^ \* (\w+)\t", self.head, re.M)) - set(self.errors)

    def runs(self):
        return [Run(self, cycles=True), Run(self),
                *[Run(self, *error) for error in self.errors.items()]]

    def unbroken(self, runs):
        """Properties that no error has broken: perhaps they are not checked where it matters."""
        found = {run.found for run in runs if run.model is self}
        return [f"no error has broken {name}" for name in sorted(self.told - found)]

    def faults(self):
        """What its head tells must be so, in its body and in the code that it names."""
        yield from self.code_faults()
        yield from (f"{name} is told twice" for name in sorted(self.twice))
        body = set(re.findall(r"\bBUG_\w+", self.body))
        for name in sorted(body ^ set(self.errors)):
            yield f"{name} is in the {'body' if name in body else 'head'} only"
        checks = set(re.findall(r"check\((\w+),", self.body)) - {"property"}
        checks |= self.told & {ENDLESS}
        for name in sorted(checks ^ self.told):
            yield f"{name} is {'checked' if name in checks else 'told'} only"
        for name in sorted(checks.difference(*self.errors.values())):
            yield f"no error breaks {name}"

    def code_faults(self):
        for name in re.findall(r"core/\w+\.c", self.head):
            if self.path.name not in (TREE / name).read_text():
                yield f"{name} does not name it"
        code = "\n".join(path.read_text() for path in (TREE / "core").glob("*.[ch]"))
        known = set(re.findall(r"\b(\w+)\(", code))
        said = "\n".join([self.head, *re.findall(r"/\*.*?\*/", self.body, re.S)])
        for name in sorted(set(re.findall(r"\b(\w+)\(\)", said)) - known):
            yield f"there is no {name}() in core"


def choose(names):
    found = {path.stem: path for path in sorted(MODELS.glob("*.pml"))}
    unknown = set(names) - set(found)
    if unknown or not found:
        raise Failed(f"no model {', '.join(unknown)} in {MODELS}; there are {', '.join(found)}")
    return [Model(found[name]) for name in names or found]


def run_all(waiting):
    """As many at a time as there are CPUs; yields them as they come to an end."""
    waiting, running, spoke = list(waiting), [], time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < proc.cpus():
                running.append(waiting.pop(0))
                running[-1].start()
            for run in [run for run in running if run.over()]:
                running.remove(run)
                run.stop()
                spoke = time.monotonic()
                yield run
            if time.monotonic() - spoke > proc.TICK:
                spoke = time.monotonic()
                say(f"        {len(waiting) + len(running)} searches to go")
            time.sleep(0.05)
    finally:
        for run in running:
            run.stop()


def show(chosen, error):
    """How an error comes about, step by step."""
    runs = [run for model in chosen for run in model.runs() if run.error == error]
    if not runs:
        raise Failed(f"no error {error} in {', '.join(model.name for model in chosen)}")
    for run in run_all(runs):
        say("\n".join(run.steps))
        say(run.verdict())
    return 0
