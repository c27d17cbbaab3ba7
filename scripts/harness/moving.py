# SPDX-License-Identifier: GPL-2.0
"""Turns the users of workqueues in a module into users of pools, for scripts/from-workqueue.

Python looks at the whole module and decides, the semantic patch changes the code. What is not to
be changed is hidden from it behind other names meanwhile.
"""
import dataclasses
import difflib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import csource, moving_cpu, moving_queues, moving_text, moving_unclear
from harness.moving_calls import CALLS, SYSTEM
from harness.moving_text import HIDDEN
from harness.moving_survey import DELAYED_TYPES, QUEUE_TYPES, WORK_TYPES, Survey, struct_at
from harness.proc import Failed

PATCHES = Path(__file__).resolve().parents[1] / "moving"
PARTS = ("facts", "set_up", "kthread_worker", "queueing", "waiting", "made", "types")  # in order
LIMIT = 600  # seconds for one file
NO_START = "to be set up in {}(), where no place that is always run was found for it"
NO_PARAMETER = "outside of a work function: what is in a delayed task is its member task"
NO_MATCH = "its result is used, or it stands where the semantic patch does not expect it"


@dataclasses.dataclass
class Options:
    system_pool: str = ""
    any_cpu: bool = False
    blocking: bool = False
    on_cpu: tuple = ()  # names of queues that become sets with a pool for each CPU


@dataclasses.dataclass
class Moved:
    """What came out of one file."""
    name: str
    before: str
    after: str

    def line(self, at):
        """The line there now of what was at this place."""
        line = csource.line_of(self.before, at) - 1
        for _, low, high, new, end in self._blocks():
            if low <= line < high:
                return new + 1 + min(line - low, max(end - new - 1, 0))
        return line + 1

    def origin(self, at, word):
        """The line that was there before, with this word, of what is at this place now."""
        line, lines = csource.line_of(self.after, at) - 1, self.before.split("\n")
        for _, low, high, new, end in self._blocks():
            if new <= line < end:
                line += low - new
                return 1 + min((each for each in range(low, high) if word in lines[each]),
                               key=lambda each: abs(each - line), default=min(line, max(high - 1, 0)))
        return line + 1

    def _blocks(self):
        return difflib.SequenceMatcher(None, self.before.split("\n"), self.after.split("\n"),
                                       autojunk=False).get_opcodes()


@dataclasses.dataclass
class Report:
    files: list
    found: int
    left: list  # (file, line, what, why)
    notes: list  # (file, line, what)

    @property
    def converted(self):
        return self.found - len(self.left)

    def lines(self):
        for moved in self.files:
            if moved.before != moved.after:
                yield f"changed {moved.name}"
        share = f" ({100 * self.converted // self.found} %)" if self.found else ""
        yield f"{self.found} call sites found, {self.converted} converted{share}, " \
              f"{len(self.left)} left"
        for title, rows in (("left for a human:",
                             [(name, line, f"{what}: {why}")
                              for name, line, what, why in self.left]),
                            ("converted, to be looked at:", self.notes)):
            if rows:
                yield title
            for name, line, text in sorted(rows):
                yield f"  {name}:{line}: {text}"


def read(path):
    """A file of the kernel, some of which are not in UTF-8."""
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def write(path, text):
    path.write_text(text, encoding="utf-8", errors="surrogateescape")


def delayed_in(source, name):
    """Where a function that is left makes its work a delayed one, and the types of what that becomes."""
    places = []
    for function in [each for each in source.functions if each.name == name]:
        made = re.compile(r"(?:\b(\w+)\s*=\s*)?\b(to_delayed_work)\s*\(")
        found = list(made.finditer(source.code, function.body, function.end))
        places += [each.start(2) for each in found]
        names = "|".join(each[1] for each in found if each[1])
        kind = re.compile(rf"\bstruct\s+(delayed_work)\s*\*\s*(?:{names})\b")
        places += [each.start(1) for each in (
            kind.finditer(source.code, function.body, function.end) if names else ())]
    return places


def hide(survey):
    """The texts, with other names for what is left, and for what sets up detached tasks."""
    texts = {}
    for source in survey.sources:
        places = [site.call.start for site in survey.sites if site.source is source and site.left]
        places += [call.start for each, call in survey.outside if each is source]
        for name in (name for file, name in survey.left_functions
                     if survey.known.key(source, name) == (file, name)):
            places += delayed_in(source, name)
            for found in re.finditer(rf"\b{re.escape(name)}\s*\(\s*(struct\s+\w+)", source.code):
                places.append(found.start(1) + len(re.match(r"struct\s+", found[1])[0]))
        for work in survey.left_works:
            for found in re.finditer(rf"{WORK_TYPES}\s+{work.name}\s*[;,]", source.code):
                if survey.work_in(struct_at(source.code, found.start()), work.name, source).may_be(work):
                    places.append(found.start() + len(re.match(r"struct\s+", found[0])[0]))
        for site in survey.sites:  # its name, as another work may have the same
            if site.source is source and site.left and site.work and survey.is_left(survey.work_of(site)):
                name = re.compile(rf"\b{survey.work_of(site).name}\b")
                places += [found.start() for found in name.finditer(
                    source.code, site.call.start, site.call.end)]
        marks = dict.fromkeys(places, HIDDEN)
        marks.update({site.call.start + len(site.call.name): "_DETACHED"
                      for site in survey.sites
                      if site.source is source and survey.detached(site)})
        text = source.text
        for at, mark in sorted(marks.items(), reverse=True):
            text = text[:at] + mark + text[at:]
        texts[source.name] = text
    return texts


def facts(survey):
    """What the semantic patch is told of all files; what is to be set up: {file: {function: sites}}."""
    starts = {}
    for site in survey.fixed:
        if site.what == "static delayed" and not site.left:
            mine = starts.setdefault(site.source.name, {})
            mine.setdefault(survey.start_of(site), []).append(site)
    return {
        "queues": sorted(survey.queues),
        "delayed": sorted(survey.delayed_moved),
        "system": sorted(SYSTEM),
    }, starts


def patched(text, name, said, survey):
    """What the semantic patch makes of one file."""
    if not shutil.which("spatch"):
        raise Failed("there is no spatch: install coccinelle")
    with tempfile.TemporaryDirectory(prefix="wpool-moving-") as place:
        file, known = Path(place, os.path.basename(name)), Path(place, "facts.json")
        patch = Path(place, "from-workqueue.cocci")
        patch.write_text("\n".join((PATCHES / f"{part}.cocci").read_text() for part in PARTS),
                         encoding="utf-8")
        write(file, text)
        known.write_text(json.dumps(said), encoding="utf-8")
        done = subprocess.run(
            ["spatch", "--very-quiet", "--no-includes", "--in-place", "--no-show-diff",
             *(["-D", "blocking"] if survey.options.blocking else []), "--sp-file", patch, file],
            env={**os.environ, "WPOOL_MOVING_FACTS": str(known),
                 "PYTHONPATH": str(PATCHES.parent)}, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        if done.returncode:
            raise Failed(f"spatch failed on {name}:\n{done.stderr.strip()[-400:]}")
        return read(file)


def finish(text, survey, starts):
    """The rest: pools are made, static delayed tasks are set up, and the header is included."""
    text = moving_text.forced(moving_text.tested(text))
    text = moving_queues.translate(text, lambda text: csource.Source("", text),
                                   survey.options.blocking, survey.options.on_cpu)
    code = csource.blanked(text)
    for found in reversed(list(re.finditer(f"{WORK_TYPES}|{QUEUE_TYPES}", code))):  # in a macro
        new = "wpool" if re.search(QUEUE_TYPES, found[0]) else \
            "wpool_delayed_task" if "delayed" in found[0] else "wpool_task"
        text = f"{text[:found.start()]}struct {new}{text[found.end():]}"
    for function, sites in starts.items():
        text = started(text, function, sites)
    text = moving_cpu.converted(text, survey.options.on_cpu)
    text = re.sub(r"\}\n\s*else\b", "} else", text)
    return included(re.sub(r"^(\t*)(WARN_ON_ONCE\(.* ==) (-E\w+\);)$", folded, text, flags=re.M))


def conditional(source, at):
    """Is this place between an #if of its function and the #endif?"""
    function = source.function_at(at)
    before = source.code[function.body if function else 0:at]
    return len(re.findall(r"^\s*#\s*if", before, re.M)) > len(re.findall(r"^\s*#\s*endif", before, re.M))


def started(text, function, sites):
    """With the static delayed tasks set up in this function. If that cannot be, they are left."""
    place, source = f"\tSTART_OF({function});", csource.Source("", text)
    starts = [found.start() for found in re.finditer(re.escape(place), text)]
    bodies = [(each.start, each.end) for each in source.functions if each.name == function]
    if bodies and all(any(start < at < end for at in starts) for start, end in bodies) and \
            not any(conditional(source, at) for at in starts):
        return text.replace(place, "\n".join(
            f"\twpool_delayed_task_init(&{name}, {fn}, &{name});"
            for name, fn in (site.call.args for site in sites)))
    text = text.replace(f"{place}\n", "")
    for site in sites:
        name, fn = site.call.args
        site.left = NO_START.format(function)
        text = re.sub(rf"\bstruct wpool_delayed_task {name}\b",
                      f"{HIDDEN}{site.call.name}({name}, {fn})", text)
    return text


def folded(match):
    """A check whose line is too long, in two, or in three."""
    indent, call, error = match.groups()
    if len(match[0].expandtabs(8)) <= moving_text.LONGEST:
        return match[0]
    if len(f"{indent}{call}".expandtabs(8)) > moving_text.LONGEST:
        call = call.replace(", &", f",\n{indent}\t     &", 1)
    return f"{indent}{call}\n{indent}\t     {error}"


def included(text):
    """With wpool's header, in place of the workqueue's if nothing of that is left."""
    code = csource.blanked(text)
    if not re.search(r"\bwpool_|\bstruct wpool\b|WPOOL_", code):
        return text
    ours = "#include <linux/wpool.h>\n"
    has = re.search(rf"^{ours}", text, re.M)
    theirs = re.search(r"#include <linux/(?:workqueue|kthread)\.h>\n", text)
    remains = re.search(rf"\b(?:{HIDDEN})?(?:{'|'.join(CALLS)})\s*\(|workqueue_struct|work_struct"
                        r"|delayed_work\b|kthread_\w+\(", code)
    if theirs and not remains and "workqueue" in theirs[0]:
        return text.replace(theirs[0], "" if has else ours, 1)
    if has:
        return text
    last = theirs or list(re.finditer(r"#include <linux/[^>]*>\n", text) or [None])[-1:]
    if isinstance(last, list):
        last = last[0] if last else None
    at = last.end() if last else 0
    return text[:at] + ours + text[at:]


def unfit(text):
    """The calls that the semantic patch did not change, though it should have."""
    return csource.Source("", text).calls(
        list(CALLS))


def move(files, options):
    """files: name to text. Returns a Report, whose files have the new texts."""
    sources = [csource.Source(name, text) for name, text in sorted(files.items())]
    survey = Survey(sources, options)
    moving_cpu.refuse(survey)
    said, starts = facts(survey)
    texts, moved, left, found = {}, [], [], len(survey.sites) + len(survey.outside)
    for source, text in zip(sources, hide(survey).values()):
        name, text = source.name, moving_text.prepare(text, survey, source)
        if re.search(rf"\b(?:{'|'.join(CALLS)})\b|{WORK_TYPES}|{DELAYED_TYPES}"
                     r"|workqueue_struct|kthread_worker|work_func_t", text):
            mine = starts.get(name, {})
            text = finish(patched(text, name, {**said, "starts": sorted(mine)}, survey), survey, mine)
        texts[name] = text.replace("_DETACHED(", "(")
    moving_cpu.refuse_others([Moved(name, files[name], text.replace(HIDDEN, ""))
                              for name, text in texts.items()], options.on_cpu)
    for name, text in texts.items():
        text = moving_queues.sets_made(text, csource.Source("", text))
        left += [(name, call.line, f"{call.name}()", NO_MATCH) for call in unfit(text)]
        rest = [(name, csource.line_of(text, at), what, why) for at, what, why in
                moving_unclear.mentions(csource.blanked(text), survey)]
        left, found = left + rest, found + len(rest)
        moved.append(Moved(name, files[name], text.replace(HIDDEN, "")))
    by_name = {each.name: each for each in moved}
    for source, call, why in [(site.source, site.call, site.left) for site in survey.sites if site.left] + [
            (source, call, NO_PARAMETER) for source, call in survey.outside]:
        left.append((source.name, by_name[source.name].line(call.start), f"{call.name}()", why))
    notes = {(source.name, by_name[source.name].line(at), what)
             for source, at, what in survey.notes}
    return Report(moved, found, left, sorted(notes))
