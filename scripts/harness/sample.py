# SPDX-License-Identifier: GPL-2.0
"""A random sample of the bugs that mutagen makes: which of them do the tests notice?

The order in which they are planted comes from the seed and from what they are, so it is the
same wherever and whenever it is run. Each result is kept in the cache at once: a run that
was stopped goes on, and so does one of a tree in which other files have changed.
"""
import collections
import contextlib
import dataclasses
import hashlib
import json
import re
import time

from harness import cache, kernels, kunit, load, modules, mutagen, mutants, reach, torture
from harness.proc import Failed, say
from harness.tally import overhear

SURVIVORS = modules.TREE / "scripts/mutants.survivors"
# Was chosen before the first sample was run.
SEED = 14
NUMBER = re.compile(r"[0-9a-f]{10}")
KNOWN_SURVIVOR = re.compile(r"(?P<ident>[0-9a-f]{10}) (?P<file>\S+): (?P<reason>\S.*)")

# What became of one. The first two are no bugs: others are planted in their stead.
NOT_COMPILED, SAME_CODE = "does not compile", "makes no other code"
SUITES, TORTURE, LOADING, DEBUG, SURVIVED = "suites", "torture", "loading", "debug", "survived"
NO_BUG = (NOT_COMPILED, SAME_CODE)

TORTURE_SECONDS = {"arm64": 120}  # emulated
TORTURE_LEAST = 60
NOT_COME_TO = "never exercised"
# A console that says nothing for so long is of a machine that hangs. A torture says nothing
# before its end.
SILENT_SECONDS = {"um": 60}
SILENT_LONGER = 240
# The quick suites have a machine of their own, which comes first. A module's parameter
# holds a kilobyte.
QUICK_SECONDS, NAMES_MAX = 20, 900
MOST_EXPLAINED = 0.15  # of a sample
GOAL = 0.95  # of the rest


@dataclasses.dataclass(frozen=True)
class Step:
    """Where the bugs are planted that no step before it has noticed."""
    kernel: str
    suites: str = ""    # the fate of what they notice; empty if it has none
    torture: str = ""
    loading: str = ""   # of what no suite reaches


@dataclasses.dataclass(frozen=True)
class Part:
    """A sample of its own: which kinds, and its steps. Each is done for all before the next one."""
    name: str
    kinds: tuple
    steps: tuple


PARTS = (
    # What leaks, or is used when it is free, is seen on debug; and there CPUs come and go.
    Part("code", tuple(kind for kind in mutagen.KINDS if kind not in mutagen.ORDERING),
         (Step("uml", SUITES, TORTURE, LOADING), Step("debug", DEBUG))),
    Part("ordering", mutagen.ORDERING,
         (Step("kcsan", SUITES, TORTURE), Step("arm64", torture=TORTURE))),
)
FATES = (SUITES, TORTURE, LOADING, DEBUG, SURVIVED)


# --- which ---------------------------------------------------------------------

def order(seed, made):
    return sorted(made, key=lambda mutant: hashlib.sha256(f"{seed}:{mutant.ident}".encode()).digest())


def parts_of(candidates, wanted):
    """(part, its mutants, how many of them): as many of each as it has of all."""
    left, rest = wanted, len(candidates)
    for part in PARTS:
        mine = [mutant for mutant in candidates if mutant.kind in part.kinds]
        n = round(left * len(mine) / rest) if rest else 0
        yield part, mine, n
        left, rest = left - n, rest - len(mine)


def explained():
    """{ident: reason} of those that are known to change nothing that a test could see."""
    found = {}
    for line in SURVIVORS.read_text().splitlines():
        if line and not line.startswith("#"):
            entry = KNOWN_SURVIVOR.fullmatch(line)
            if not entry:
                raise Failed(f"{SURVIVORS.name}: neither 'ID FILE: REASON': {line}")
            found[entry["ident"]] = entry["reason"]
    return found


def stale():
    """What is explained and not made any more."""
    made = {mutant.ident for mutant in mutagen.all_of()}
    return [f"{SURVIVORS.name}: no mutant is made any more that is {ident} ({reason})"
            for ident, reason in explained().items() if ident not in made]


# --- what is known -----------------------------------------------------------------

@dataclasses.dataclass
class Result:
    ident: str
    fate: str
    by: str         # what gave it away
    steps: int      # that were done
    seconds: float
    file_key: str   # of the file as it was
    code_key: str   # of all code
    tests_key: str
    diff: list      # for who reads the file


class Results:
    """Of one seed, from all runs."""

    def __init__(self, seed):
        self.seed, self.path = seed, cache.folder("mutants") / f"seed-{seed}.jsonl"
        self.code_key, self.tests_key = reach.code_key(), reach.tests_key()
        self.file_keys = {name: reach.digest(name) for name in mutagen.files()}
        self.known = explained()
        self.found = {}
        self.read()

    def read(self):
        self.found = {result.ident: result for result in self._kept()}

    def _kept(self):
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            # A run that was killed may have left half a line.
            with contextlib.suppress(json.JSONDecodeError):
                yield Result(**json.loads(line))

    def of(self, mutant):
        """None if it is not known, or not of these tests or of this code.

        What was noticed stays noticed as long as its file is the same, since tests are added;
        what was not is tried again if there is any other code or test. Where no test could
        notice it, other tests say nothing new.
        """
        result = self.found.get(mutant.ident)
        if not result or result.file_key != self.file_keys[mutant.file]:
            return None
        lasts = result.fate != SURVIVED or mutant.ident in self.known
        keys = (result.code_key, result.tests_key)
        return result if lasts or keys == (self.code_key, self.tests_key) else None

    def keep(self, mutant, fate, by, steps, seconds):
        result = Result(mutant.ident, fate, by, steps, round(seconds, 1), self.file_keys[mutant.file],
                        self.code_key, self.tests_key, [str(mutant), *mutant.diff()])
        self.found[mutant.ident] = result
        if self.seed is None:
            return result
        with cache.lock(self.path.name), open(self.path, "a+b") as handle:
            handle.seek(0)
            begin = "" if handle.read()[-1:] in (b"", b"\n") else "\n"
            handle.write(f"{begin}{json.dumps(dataclasses.asdict(result))}\n".encode())
        return result


# --- planting ----------------------------------------------------------------------

class Ground:
    """A copy of the tree, and what is built of it for the kernel of a step."""

    def __init__(self, step, tree, lane):
        self.step, self.tree, self.what = step, tree, f"sample{lane}"
        self.kernel = kernels.get(step.kernel)
        if not step.suites:
            self.kernel = kernels.bootable(self.kernel)
        self.objects = None

    def build(self):
        # The compiler's warnings are nobody's notice. Tests do not wait as long as usual.
        patience = mutants.PATIENCE.get(self.kernel.arch)
        flags = "-w" + (f" -DWPT_SECONDS={patience}" if patience else "")
        tests = "kunit torture stress" if self.step.suites else "torture"
        return modules.build(self.kernel, self.tree, self.what, words=[f"KCFLAGS={flags}"], tests=tests)[0]

    def _objects(self):
        folder = modules.home(self.kernel, self.what)
        return {path.name: hashlib.sha256(path.read_bytes()).digest()
                for part in ("core", "lib") for path in folder.glob(f"{part}/*.o")}

    def prepare(self):
        """Build it without a bug, to know what it is without."""
        built = self.build()
        self.objects = self._objects()
        return built

    def plant(self, mutant):
        """What is built with the bug in it, and why there is no such thing."""
        path = self.tree / mutant.file
        text = path.read_text()
        path.write_text(mutant.apply(text))
        try:
            built = self.build()
            return built, SAME_CODE if self._objects() == self.objects else ""
        except Failed as error:
            if not re.search(r"\berror: |ERROR: modpost", str(error)):
                raise
            return {}, NOT_COMPILED
        finally:
            path.write_text(text)


def runs(suites, seconds):
    """The suites in groups, one a machine: the quick ones first."""
    groups, sum_of = [[]], 0
    for suite in sorted(suites, key=lambda suite: seconds[suite]):
        sum_of += seconds[suite]
        if len(",".join([*groups[-1], suite])) > NAMES_MAX or (len(groups) == 1 and groups[0]
                                                               and sum_of > QUICK_SECONDS):
            groups.append([])
        groups[-1].append(suite)
    return [group for group in groups if group]


class Listener:
    """Has heard enough of a console if there is a sign, or if it has been silent for long."""

    def __init__(self, patience):
        self.patience, self.said, self.since = patience, None, time.monotonic()

    def __call__(self, text):
        if text != self.said:
            self.said, self.since = text, time.monotonic()
        return mutants.sign(text) or time.monotonic() - self.since > self.patience


def _suites_notice(kernel, built, suites, seconds):
    """The first sign; nothing if they do not."""
    for group in runs(kunit.able(kernel, suites), seconds):
        who = ",".join(group)
        listener = Listener(SILENT_SECONDS.get(kernel.arch, SILENT_LONGER))
        run = mutants.boot(kernel, built, who, 0, enough=listener)
        if why := mutants.reason(who, run):
            return why
    return ""


def _torture_notices(kernel, built):
    run = torture.run(kernel, built, TORTURE_SECONDS.get(kernel.arch, TORTURE_LEAST), mutants.CPUS, "",
                      enough=Listener(SILENT_LONGER))
    why = mutants.reason(mutants.TORTURE, run)
    # It is short: a slow kernel may not come to everything. What else is wrong is said before.
    return "" if NOT_COME_TO in why else why


def _loading_notices(kernel, built):
    inner, _ = overhear(load.judge, "loading", load.run(kernel, built))
    return inner.reasons[0] if inner.reasons else ""


def noticed(ground, built, suites, seconds):
    """What becomes of it, and what gives it away."""
    step, kernel = ground.step, ground.kernel
    # Where no suite is known to reach a line, that is of uml.
    if step.suites and (suites or step.kernel != reach.LIKE):
        if why := _suites_notice(kernel, built, suites or list(seconds), seconds):
            return step.suites, why
    if step.torture and (why := _torture_notices(kernel, built)):
        return step.torture, why
    if step.loading and not suites and (why := _loading_notices(kernel, built)):
        return step.loading, why
    return SURVIVED, ""


class Planter:
    def __init__(self, seed, tree, lane):
        self.results, self.tree, self.lane = Results(seed), tree, lane
        self.map = reach.of_suites()
        self.grounds = {}

    def ground(self, step):
        """Where the tests have nothing to say as long as there is no bug."""
        if step not in self.grounds:
            ground = Ground(step, self.tree, self.lane)
            built = ground.prepare()
            self.grounds[step] = ground
            sound = reach.home() / f"sound-{step.kernel}-{self.results.tests_key}"
            if not sound.exists():
                say(f"--- no bug: all on {step.kernel}")
                _, why = noticed(ground, built, list(self.map.seconds), self.map.seconds)
                if why or (step.loading and (why := _loading_notices(ground.kernel, built))):
                    raise Failed(f"without a bug, {step.kernel} has something to say: {why}")
                sound.touch()
        return self.grounds[step]

    def plant(self, part, mutant, number):
        """Do one step of them; keeps the result."""
        step = part.steps[number]
        ground = self.ground(step)
        began = time.monotonic()
        built, why_not = ground.plant(mutant)
        if not why_not:
            suites = self.map.suites(mutant.file, mutant.begin, mutant.lines)
            fate, by = noticed(ground, built, suites, self.map.seconds)
            by = f"{by} on {step.kernel}" if by else "" if suites else "no suite on uml reaches it"
        elif number:
            # It is a bug elsewhere, and no code here.
            fate, by = SURVIVED, ""
        else:
            fate, by = why_not, ""
        return self.results.keep(mutant, fate, by, number + 1, time.monotonic() - began)


# --- a sample ----------------------------------------------------------------------

def _told(result):
    return f"{result.fate}{': ' if result.by else ''}{result.by} ({result.seconds:.0f} s)"


class Clock:
    """How long the rest will take, if it is like what was done."""

    def __init__(self):
        self.took = []

    def left(self, n):
        return f", {n * sum(self.took) / len(self.took) / 60:.0f} min left" if self.took else ""


def _first_step(planter, part, mine, share, clock):
    """Plant until so many bugs are known; returns them."""
    bugs = []
    for mutant in mine:
        if len(bugs) == share:
            break
        if not (result := planter.results.of(mutant)):
            say(f"--- {part.name} {len(bugs) + 1} of {share}{clock.left(share - len(bugs))}: {mutant}")
            result = planter.plant(part, mutant, 0)
            clock.took.append(result.seconds)
            say(f"        {_told(result)}")
        if result.fate not in NO_BUG:
            bugs.append(mutant)
    return bugs


def _sampled(planter, part, mine, wanted, shard, known):
    """Plant the shard's share of the wanted bugs, and those that survive again, step by step.

    Those that are explained come last.
    """
    number, of = shard
    share = wanted // of + (number <= wanted % of)
    mine = order(planter.results.seed, mine)[number - 1::of]
    bugs = _first_step(planter, part, mine, share, Clock())
    for step in range(1, len(part.steps)):
        left = [mutant for mutant in bugs if planter.results.of(mutant).fate == SURVIVED
                and planter.results.of(mutant).steps <= step]
        left.sort(key=lambda mutant: mutant.ident in known)
        clock = Clock()
        for at, mutant in enumerate(left):
            say(f"--- {part.name} on {part.steps[step].kernel}, {at + 1} of {len(left)}"
                f"{clock.left(len(left) - at)}: {mutant}")
            result = planter.plant(part, mutant, step)
            clock.took.append(result.seconds)
            say(f"        {_told(result)}")


def _bugs(fates):
    return [(mutant, result) for mutant, result in fates if result.fate not in NO_BUG]


def _row(name, fates, known):
    bugs = _bugs(fates)
    counts = collections.Counter(result.fate for _, result in bugs)
    argued = sum(result.fate == SURVIVED and mutant.ident in known for mutant, result in bugs)
    rest = len(bugs) - argued
    share = f"{100 * (len(bugs) - counts[SURVIVED]) / rest:.1f}%" if rest else "-"
    return (f"{name:<10}{len(bugs):>8}" + "".join(f"{counts[fate]:>9}" for fate in FATES)
            + f"{argued:>10}{share:>10}")


def _table(part, fates, known):
    say(f"\n{part.name:<10} planted" + "".join(f"{fate:>9}" for fate in FATES)
        + " explained  noticed of the rest")
    for kind in part.kinds:
        say(_row(kind, [(mutant, result) for mutant, result in fates if mutant.kind == kind], known))
    say(_row("all", fates, known))
    counts = collections.Counter(result.fate for _, result in fates)
    say("others took the place of those that are no bugs: "
        + ", ".join(f"{counts[fate]} {fate}" for fate in NO_BUG))


def _judge_survivors(tally, part, fates, known):
    for mutant, result in fates:
        reason = known.get(mutant.ident)
        if result.fate == SURVIVED and not reason:
            so_far = " so far" if result.steps < len(part.steps) else ""
            tally.fail(str(mutant), f"not noticed{so_far}{result.by and ': '}{result.by}", mutant.diff())
        elif result.fate == SURVIVED:
            say(f"explained: {mutant}: {reason}")
        elif reason:
            tally.fail(str(mutant), f"explained as a survivor, but: {result.fate} {result.by}")


def _judge(tally, part, fates, known, wanted):
    """What is known of one part, from all shards."""
    bugs = _bugs(fates)
    _table(part, fates, known)
    _judge_survivors(tally, part, fates, known)
    caught = [str(mutant) for mutant, result in bugs if result.fate != SURVIVED]
    argued = [mutant for mutant, result in bugs if result.fate == SURVIVED and mutant.ident in known]
    if caught:
        tally.ok(f"{part.name}: {len(caught)} were noticed", caught)
    if len(bugs) < wanted:
        say(f"{part.name}: {len(bugs)} of {wanted} so far; the same command goes on")
        return
    rest = len(bugs) - len(argued)
    tally.check(f"{part.name}: few survivors are explained away", [] if
                len(argued) <= MOST_EXPLAINED * len(bugs) else [f"{len(argued)} of {len(bugs)}"])
    tally.check(f"{part.name}: of the rest {GOAL:.0%} were noticed", [] if
                len(caught) >= GOAL * rest else [f"{len(caught)} of {rest}"])


def run(tally, tree, seed, wanted, shard=(1, 1), only=None):
    """A sample, or what is left to do of it; then what is known of all of it."""
    planter = Planter(seed, tree, shard[0])
    known = planter.results.known
    candidates = mutagen.all_of()
    say(f"{len(candidates)} bugs can be planted, seed {seed}; results: {planter.results.path}")
    parts = [(part, mine, n) for part, mine, n in parts_of(candidates, wanted)
             if only in (None, part.name)]
    try:
        for part, mine, n in parts:
            _sampled(planter, part, mine, n, shard, known)
    finally:
        # Who stops it wants to know, too.
        planter.results.read()
        for part, mine, n in parts:
            fates = [(mutant, result) for mutant in order(seed, mine)
                     if (result := planter.results.of(mutant))]
            _judge(tally, part, fates, known, n)


def run_some(tally, tree, idents):
    """Plant these, whatever is known of them, and keep no result."""
    made = {mutant.ident: mutant for mutant in mutagen.all_of()}
    planter = Planter(None, tree, 0)
    for ident in idents:
        if not (mutant := made.get(ident)):
            tally.fail(ident, "no mutant is made that is this")
            continue
        say("\n".join([f"--- {mutant}", *(f"        | {line}" for line in mutant.diff())]))
        part = next(part for part in PARTS if mutant.kind in part.kinds)
        for number in range(len(part.steps)):
            result = planter.plant(part, mutant, number)
            if result.fate != SURVIVED:
                break
        if result.fate == SURVIVED:
            tally.fail(str(mutant), f"not noticed{result.by and ': '}{result.by}")
        else:
            tally.ok(f"{mutant}: {_told(result)}")
