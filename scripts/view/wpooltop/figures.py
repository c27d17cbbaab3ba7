# SPDX-License-Identifier: GPL-2.0
"""What the files of a pool mean, and what two looks at it tell: no file is read here."""
import dataclasses

# latency counts units of 1024 ns in 32 bits: nothing that it counts is longer.
LONGEST_US = (1 << 32) * 1024 // 1000
UNBOUNDED = -2     # a queue_depth; one of -1 counts as 0
MINUTE = 60        # seconds
PATIENCE = 10_000  # ms that a task may run in a pool without watchdog_ms
# What may be wrong with a pool, the worst first, and its place in the order.
TROUBLES = {"stuck": 0, "blocks": 1, "refuses": 1, "full": 1, "died": 2, "": 3}
TEXTS = ("owner", "full", "flags", "policy", "cpumask")  # whatever they look like
BUSY = ("running", "submitter")  # states of those inside a function


@dataclasses.dataclass(frozen=True)
class Task:
    """One that runs; or a thread that runs none, whose function is a dash."""
    pid: int
    ms: int
    function: str


@dataclasses.dataclass(frozen=True)
class Pool:
    """A pool at one moment."""
    name: str
    identity: int
    state: str
    stats: dict
    attrs: dict
    threads: list  # [(state, Task)]
    waiting: list  # or None, if it keeps no histogram: [(from_us, tasks)]
    running: list  # likewise

    @property
    def tasks(self):
        return [task for state, task in self.threads if state in BUSY]


@dataclasses.dataclass(frozen=True)
class Sample:
    clock: float
    at: float
    pools: dict


# --- the files -------------------------------------------------------------

def parse_pairs(text):
    """Lines of a name and a value: a number where it looks like one, and is no name or list."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name:
            is_text = name in TEXTS or not value.strip().removeprefix("-").isdecimal()
            found[name] = value.strip() if is_text else int(value)
    return found


def parse_threads(text):
    """The table of the workers, and of submitters that run a task; its first line is the heading."""
    words = (line.split(None, 3) for line in text.splitlines()[1:])
    return [(word[1], Task(int(word[0]), int(word[2]), word[3])) for word in words if len(word) == 4]


def parse_latency(text):
    """Two histograms, of waiting and of running; None each, if the pool keeps none."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("from_us"):
        return None, None
    rows = [tuple(map(int, line.split())) for line in lines[1:]]
    return [(row[0], row[1]) for row in rows], [(row[0], row[2]) for row in rows]


def parse(folder):
    """A Pool of a source.Folder."""
    files = folder.files
    waiting, running = parse_latency(files.get("latency", ""))
    return Pool(folder.name, folder.identity, files.get("state", "?").strip(),
                parse_pairs(files["stats"]), parse_pairs(files.get("attrs", "")),
                parse_threads(files.get("tasks", "")), waiting, running)


def sample(look):
    """A Sample of a source.Look."""
    return Sample(look.clock, look.at, {each.name: parse(each) for each in look.folders})


# --- arithmetic ------------------------------------------------------------

def more(new, old):
    """What has been added to a histogram; old: None, if it is new."""
    if new is None or old is None:
        return new
    return [(start, count - before) for (start, count), (_, before) in zip(new, old)]


def percentile(histogram, share):
    """The time in us that so many of 100 tasks did not exceed; None without a task.

    It is the end of the bucket that this task is in: the true time is between half of it
    and this.
    """
    wanted = sum(count for _, count in histogram) * share / 100
    if not wanted:
        return None
    ends = [start for start, _ in histogram[1:]] + [LONGEST_US]
    for (_, count), end in zip(histogram, ends):
        wanted -= count
        if wanted <= 0:
            return end
    return ends[-1]


def times(histogram):
    """What is shown of a histogram."""
    if histogram is None:
        return None
    found = {f"p{share}": percentile(histogram, share) for share in (50, 90, 99)}
    return {"tasks": sum(count for _, count in histogram), **found}


# What counts as a refusal, all of them together.
REFUSED = ("rejected", "dropped")
# What counts as a death, the greater of them. A worker that dies takes its task along and is
# in both; a submitter that dies in the task that it runs itself is in the second only.
DIED = ("died", "oopsed")


def growth(new, old, names, together=sum):
    """How much counters have grown since a look before; old: None, if the pool was not there."""
    return together(new.stats.get(name, 0) - (old.stats.get(name, 0) if old else 0) for name in names)


@dataclasses.dataclass(frozen=True)
class Row:
    """What is shown of a pool. Rates are a second's; None: not known."""
    pool: Pool
    submitted_rate: float
    completed_rate: float
    refused: int
    refused_now: int    # since the look before
    refused_since: int  # since a minute, or the first look
    died: int
    died_since: int
    waiting: dict       # see times(): of the time between two looks, or of the pool's life
    running: dict
    longest: Task

    def now(self, name):
        """One of the statistics that are of this moment."""
        return self.pool.stats.get(name, 0)

    @property
    def limit(self):
        """How many tasks may be queued at this moment; None: no limit, or not known."""
        depth = self.pool.attrs.get("queue_depth", UNBOUNDED)
        free = max(self.now("capacity") - self.now("running"), 0)
        return None if depth == UNBOUNDED else max(depth, 0) + free

    @property
    def has_room(self):
        """As the kernel decides it; None: not known."""
        if "queue_depth" not in self.pool.attrs:
            return None
        return self.limit is None or self.now("queued") < self.limit

    @property
    def trouble(self):
        """The worst of TROUBLES that it has."""
        lives = self.pool.state == "RUNNING"
        waited_for = not lives or self.now("queued") or self.now("blocked")
        newest = min((task.ms for task in self.pool.tasks), default=0)
        stuck = newest >= (self.pool.attrs.get("watchdog_ms") or PATIENCE) and not self.completed_rate
        found = {"stuck": waited_for and stuck, "blocks": self.now("blocked"),
                 "refuses": self.refused_now, "full": lives and self.has_room is False,
                 "died": self.died, "": True}
        return next(name for name in TROUBLES if found[name])


def row(pool, at, old, first):
    """old, first: the samples before and of a minute before, or None."""
    def then(look):
        """The pool at that look; another one of its name is none."""
        found = look and look.pools.get(pool.name)
        return found if found and found.identity == pool.identity else None

    def since(look, names, together=sum):
        return look and growth(pool, then(look), names, together)

    def rate(name):
        return growth(pool, before, (name,)) / (at - old.at) if before and at > old.at else None

    before = then(old)
    return Row(pool, rate("submitted"), rate("completed"),
               growth(pool, None, REFUSED), since(old, REFUSED), since(first, REFUSED),
               growth(pool, None, DIED, max), since(first, DIED, max),
               times(more(pool.waiting, before and before.waiting)),
               times(more(pool.running, before and before.running)),
               max(pool.tasks, key=lambda task: task.ms, default=None))


def rows(new, old=None, first=None):
    """A row for each pool of a sample; see row()."""
    return [row(pool, new.at, old, first) for pool in new.pools.values()]


def kept(samples, new):
    """The looks of the last minute with a new one, at most one a second."""
    found = [each for each in samples if each.at >= new.at - MINUTE]
    return found if found and new.at < found[-1].at + 1 else [*found, new]


def gone(new, old):
    """The names of the pools that have gone since."""
    return sorted(old.pools.keys() - new.pools.keys()) if old else []


# --- for programs ----------------------------------------------------------

def as_dict(each):
    """A row as --json has it."""
    pool = each.pool
    longest = each.longest and dataclasses.asdict(each.longest)
    return {"name": pool.name, "state": pool.state, "stats": pool.stats, "attrs": pool.attrs,
            "submitted_rate": each.submitted_rate, "completed_rate": each.completed_rate,
            "has_room": each.has_room, "refused": each.refused, "died": each.died,
            "waiting_us": each.waiting, "running_us": each.running, "longest": longest}


def as_object(new, old=None):
    """A look as --json has it."""
    return {"time": new.clock, "seconds": new.at - old.at if old else None,
            "pools": [as_dict(each) for each in rows(new, old)]}
