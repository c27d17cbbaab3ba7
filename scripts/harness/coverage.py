# SPDX-License-Identifier: GPL-2.0
"""Which lines of wpool were run: counted by gcov in several machines, and added up.

A line that none of them reached must be explained in coverage.unreached, which says
how. It goes by a line's function and text, so that it holds when lines move.
"""
import base64
import collections
import dataclasses
import io
import json
import pathlib
import re
import shutil
import tarfile
import textwrap

from harness import modules, proc, report
from harness.proc import Failed, say

UNREACHED = pathlib.Path(__file__).resolve().parent.parent / "coverage.unreached"
WHAT = "coverage"  # the build folder's name
COUNTED = ("core/", "lib/", "wpool_mod.c")
# A function begins in the first column; so do labels, which end with a colon.
FUNCTION = re.compile(r"^[A-Za-z_][\w\s*]*?\b(\w+)\([^:]*$")
ENTRY = re.compile(r"(?P<file>\S+) (?P<function>\w+): (?P<kind>never|seldom)")


@dataclasses.dataclass(frozen=True)
class Line:
    file: str
    function: str
    text: str
    number: int = dataclasses.field(compare=False, default=0)

    def __str__(self):
        return f"{self.file}:{self.number} {self.function}: {self.text}"


@dataclasses.dataclass
class Counts:
    """Of one file."""
    reached: list       # of Line
    unreached: list
    branches: int
    taken: int

    def lines(self):
        return len(self.reached) + len(self.unreached)


@dataclasses.dataclass
class Explained:
    file: str
    function: str
    kind: str           # never, or seldom: only if several meet just so
    texts: list         # none: the whole function
    reason: str

    def is_of(self, line):
        return (line.file, line.function) == (self.file, self.function)


# --- counting ----------------------------------------------------------------

def objects():
    """Those that wpool.ko is made of."""
    lines = re.findall(r"^wpool-y\b.*", (modules.TREE / "Kbuild").read_text(), re.M)
    return [path for line in lines for path in line.split() if path.endswith(".o")]


def words():
    """What make is told so that gcov counts in wpool's own objects, and in no test's.

    6.1 goes by an object's name, 7.2 by its path. Counted atomically: where one CPU's
    count is lost, gcov takes lines for reached that are not, for it counts only some and
    gets the others by subtraction.
    """
    names = {spelling for path in objects() for spelling in (path, pathlib.Path(path).name)}
    return ["W=1", "KCFLAGS=-fprofile-update=atomic",
            *(f"GCOV_PROFILE_{name}=y" for name in sorted(names))]


def build(kernel):
    return modules.build(kernel, what=WHAT, words=words(), tests="1")


def unpack(run, kernel, target):
    """What a machine has counted, beside what the compiler says that it means."""
    home = modules.home(kernel, WHAT)
    sent = report.named(run.report, "gcov")
    if not sent:
        raise Failed("the machine sent nothing that it has counted")
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(sent[0]))) as archive:
        for member in archive.getmembers():
            # Elsewhere lies what this kernel has counted of other modules.
            _, ours, name = member.name.rpartition(f"/{home.name}/")
            if not member.isfile() or not ours:
                continue
            data = target / name
            data.parent.mkdir(parents=True, exist_ok=True)
            data.write_bytes(archive.extractfile(member).read())
            notes = pathlib.Path(name).with_suffix(".gcno")
            shutil.copy(home / notes, target / notes)
    silent = [path for path in objects() if not (target / path).with_suffix(".gcda").exists()]
    if silent:
        raise Failed(f"the machine has counted nothing in {' '.join(silent)}")


def add_up(kernel, counted):
    """Of all that was unpacked below a folder: a file beside it, for bring_together()."""
    _gcovr(kernel, counted, "--json", counted.with_suffix(".json"), *(
        word for part in COUNTED for word in ("--filter", part)), counted)


def bring_together(kernel, scratch, pages):
    """{file: Counts} of what add_up() left here for all kernels; and pages to look at."""
    found = scratch / "all" / "found.json"
    found.parent.mkdir()
    # What lies there may be anything: pages of before are written over, and no more.
    pages.mkdir(parents=True, exist_ok=True)
    _gcovr(kernel, found, "--add-tracefile", scratch / "*.json", "--json", found,
           "--html-details", pages / "index.html")
    home = modules.home(kernel, WHAT)
    return {entry["file"]: _counts(home / entry["file"], entry)
            for entry in json.loads(found.read_text())["files"]}


def _gcovr(kernel, target, *arguments):
    """Where the sources are that the kernel's modules were made of."""
    proc.run("gcovr", ["gcovr", "--root", ".", *arguments], target.with_suffix(".log"),
             cwd=modules.home(kernel, WHAT))


def functions_of(source):
    """The function that each line is in."""
    names, name = [], ""
    for text in source:
        if match := FUNCTION.match(text):
            name = match[1]
        names.append(name)
    return names


def _counts(path, entry):
    source = path.read_text().splitlines()
    names = functions_of(source)
    counts = Counts([], [], 0, 0)
    for found in entry["lines"]:
        if found["gcovr/noncode"]:
            continue
        index = found["line_number"] - 1
        line = Line(entry["file"], names[index], source[index].strip(), index + 1)
        (counts.reached if found["count"] else counts.unreached).append(line)
        counts.branches += len(found["branches"])
        counts.taken += sum(1 for branch in found["branches"] if branch["count"])
    return counts


# --- judging -----------------------------------------------------------------

def explained(text):
    """The entries of coverage.unreached."""
    found = []
    for part in re.split(r"\n{2,}", re.sub(r"^#.*\n", "", text, flags=re.M).strip()):
        head, *rest = part.splitlines()
        entry = ENTRY.fullmatch(head)
        texts = [line[2:].strip() for line in rest if line.startswith("| ")]
        reason = " ".join(line.strip() for line in rest if not line.startswith("| "))
        if not entry or not reason:
            raise Failed(f"{UNREACHED.name}: neither FILE FUNCTION: never, nor seldom, with a reason: {head}")
        found.append(Explained(**entry.groupdict(), texts=texts, reason=reason))
    return found


def _explain(lines, entries):
    """(line, its entry or None) of each; an entry explains each of its texts once."""
    left = [(entry, collections.Counter(entry.texts)) for entry in entries]
    for line in lines:
        for entry, texts in left:
            if entry.is_of(line) and (not entry.texts or texts[line.text] > 0):
                texts[line.text] -= 1
                yield line, entry
                break
        else:
            yield line, None


def _outdated(entry, counts):
    """What is wrong with an entry: it explains what is not there, or is reached."""
    reached = [line.text for line in counts.reached if entry.is_of(line)] if counts else []
    unreached = [line.text for line in counts.unreached if entry.is_of(line)] if counts else []
    where = f"{UNREACHED.name}: {entry.file} {entry.function}"
    if not reached and not unreached:
        yield f"{where}: there is no such function"
    for text in entry.texts:
        if text not in reached + unreached:
            yield f"{where}: there is no such line: {text}"
        elif text not in unreached and entry.kind == "never":
            yield f"{where}: is reached, though it says never: {text}"
    if not entry.texts and entry.kind == "never" and reached:
        yield f"{where}: is reached, though it says never"


def _percent(part, whole):
    return f"{part:5} of {whole:5} {100 * part / whole if whole else 100:6.1f}%"


def _row(name, files):
    lines = sum(counts.lines() for counts in files)
    missing = sum(len(counts.unreached) for counts in files)
    return (f"{name:<20} lines {_percent(lines - missing, lines)}, branches "
            + _percent(sum(counts.taken for counts in files), sum(counts.branches for counts in files)))


def show(files, entries):
    """What was not reached, with its reason if there are any, and a line a file."""
    say("\nnever reached:")
    for counts in files.values():
        for line, entry in _explain(counts.unreached, entries):
            say(f"  {line}")
            if entries:
                reason = entry.reason if entry else "NOT EXPLAINED"
                say(textwrap.indent(textwrap.fill(reason, 92), " " * 6))
    say("")
    for name, counts in sorted(files.items()):
        say(_row(name, [counts]))
    say(_row("total", files.values()) + "\n")


def judge(tally, files, entries):
    """Each line of each file was reached, or it is explained why not."""
    for name, counts in sorted(files.items()):
        tally.check(f"{name}: all is reached or explained",
                    [f"line {line.number}, in {line.function}: {line.text}" for line, entry
                     in _explain(counts.unreached, entries) if not entry])
    tally.check("what is explained is so", [fault for entry in entries
                                            for fault in _outdated(entry, files.get(entry.file))])
