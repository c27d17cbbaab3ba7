# SPDX-License-Identifier: GPL-2.0
"""What README.md and the pages under Documentation/ name must exist: functions, tests, code."""
import re

from harness.modules import TREE

DOCS = TREE / "Documentation"
NAMED = re.compile(r"`([^`]+)`")
WORDS_OF_C = {"struct", "enum"}
CASE = re.compile(r"KUNIT_CASE\w*\((\w+)")
SUITE = re.compile(r"\.name\s*=\s*\"(wpool_\w+)\"")
STOP = re.compile(r"\{ \"[^\"]+\",\s*(show_\w+) \}")
EVENT = re.compile(r"^(?:TRACE_EVENT\(|DEFINE_EVENT\(\w+,\s*)(\w+)", re.M)
FUNCTION = re.compile(r"^(?!typedef|#define __)(?:[a-z].*?[\s*]|#define )\b((?:devm_)?wpool_\w+)\(", re.M)


def header():
    return (TREE / "include/linux/wpool.h").read_text()


def code_of(header_text):
    return re.sub(r"/\*.*?\*/", "", header_text, flags=re.S)


def tests():
    """Everything that may stand in the last column of a table."""
    found = set()
    for path in (TREE / "kunit").glob("*_kunit.c"):
        text = path.read_text()
        for suite in SUITE.findall(text):
            found.update(f"{suite}.{case}" for case in CASE.findall(text))
    for path in (TREE / "samples").glob("tour_*.c"):
        found.update(STOP.findall(path.read_text()))
    return found


def unclear_events():
    """Tracepoints whose kernel-doc does not say whether they are stable."""
    text = (TREE / "include/trace/events/wpool.h").read_text()
    said = dict(re.findall(r"^/\*\*\n \* (\w+) - (.*?)\*/", text, re.M | re.S))
    for name in EVENT.findall(text):
        if not re.search(r"^ \* (Stable: |Not stable: )", said.get(name, ""), re.M):
            yield f"{name}: its kernel-doc does not say whether it is stable"


def rows(page):
    """The rows of the tables whose second column says whether wpool has it."""
    wanted = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            wanted = False
        elif cells[1:] == ["wpool", "by", "shown by"]:
            wanted = True
        elif wanted and not set(line) <= set("|- "):
            yield number, cells


def table_faults(page):
    taskqs = (TREE / "include/linux/wpool_taskq.h").read_text()
    words, shown = set(re.findall(r"\w+", code_of(header() + taskqs))), tests()
    for number, cells in rows(page):
        where = f"{page.name}:{number}"
        if len(cells) != 4 or cells[1] not in ("yes", "no"):
            yield f"{where}: not a row of feature, yes or no, by, shown by"
            continue
        if cells[1] == "yes" and not (cells[2] and re.search(r"`\w+[./][^`]+`", cells[3])):
            yield f"{where}: a yes names what it is by, and a test or a sample besides the tour"
        for name in NAMED.findall(cells[2]):
            for word in re.findall(r"\w+", re.sub(r"-E[A-Z]+", "", name)):
                if word not in words | WORDS_OF_C and not (TREE / name).exists():
                    yield f"{where}: {word} is not in wpool.h"
        for name in NAMED.findall(cells[3]):
            if name not in shown and not ("/" in name and (TREE / name).exists()):
                yield f"{where}: there is no {name}"


def calls_faults(page):
    """Calls named in running text."""
    functions = set(re.findall(r"\bwpool_\w+", code_of(header())))
    for name in sorted(set(re.findall(r"`(wpool_\w+)\(", page.read_text()))):
        if name not in functions:
            yield f"{page.name}: there is no {name}()"


def example_faults(page):
    """Each example must be part of a sample, so that it is built and run."""
    samples = ["\n".join(line.strip() for line in path.read_text().splitlines())
               for path in sorted((TREE / "samples").glob("*.c"))]
    for name, block in re.findall(r"^(`[^`\n]*`:\n\n)?```c\n(.*?)^```", page.read_text(), re.M | re.S):
        if name:
            continue  # a file that the user-level test writes, builds and runs
        example = "\n".join(line.strip() for line in block.strip().splitlines())
        if not any(all(part.strip("\n") in text for part in example.split("\n...\n"))
                   for text in samples):
            yield f"{page.name}: in no sample: {example.splitlines()[0]}"


def tour_faults():
    """The tour shows every feature, so it calls every function and has every flag of a pool."""
    tour = "\n".join(path.read_text() for path in (TREE / "samples").glob("tour_*.c"))
    for name in FUNCTION.findall(code_of(header())):
        if f"{name}(" not in tour:
            yield f"the tour does not call {name}()"
    flags = re.search(r"^/\* Bits of &wpool_attrs.flags.*?\n\n", header(), re.M | re.S)[0]
    for name in re.findall(r"^#define (WPOOL_\w+)", flags, re.M):
        if name not in tour:
            yield f"the tour has no {name}"


def event_faults():
    """The reference lists the tracepoints."""
    reference = (DOCS / "reference.md").read_text()
    for name in EVENT.findall((TREE / "include/trace/events/wpool.h").read_text()):
        if f"`{name}`" not in reference:
            yield f"reference.md: tracepoint {name} is not listed"


def test_faults(page):
    """Suites and cases named in running text."""
    shown = tests()
    for name in re.findall(r"`(wpool_\w+(?:\.\w+)?)`", page.read_text()):
        if "." in name and name != "wpool_x.y" and name not in shown \
                and not name.endswith((".ko", ".c", ".h", ".conf")):
            yield f"{page.name}: there is no test {name}"


def _anchors(page):
    """What the page's headings are called in a link."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", text, re.M)}


def link_faults(page):
    """Links into this tree lead somewhere."""
    for path, anchor in re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", page.read_text()):
        target = (page.parent / path) if path else page
        if not target.exists():
            yield f"{page.name}: there is no {path}"
        elif anchor and anchor not in _anchors(target):
            yield f"{page.name}: {path or page.name} has no heading {anchor}"


def seen_faults(page):
    """Outputs that scripts/outputs puts in, and that something must show."""
    shows = "".join((TREE / "scripts/guest" / name).read_text() for name in ("admin.sh", "mistakes"))
    for name, output in re.findall(r"<!-- seen: (\S+) -->\n```\n(.*?)```", page.read_text(), re.S):
        if not re.search(rf"\b(seen|document|keeps) {re.escape(name)}\b", shows):
            yield f"{page.name}: nothing shows {name}"
        elif not output:
            yield f"{page.name}: {name} is empty: make outputs"


def pages():
    return [TREE / "README.md", *sorted(DOCS.rglob("*.md"))]


def faults():
    for page in pages():
        yield from calls_faults(page)
        yield from test_faults(page)
        yield from link_faults(page)
        yield from seen_faults(page)
        yield from example_faults(page)
    for page in sorted(DOCS.rglob("*.md")):
        yield from table_faults(page)
    yield from tour_faults()
    yield from event_faults()
    yield from unclear_events()
