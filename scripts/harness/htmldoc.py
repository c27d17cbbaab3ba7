# SPDX-License-Identifier: GPL-2.0
"""The documentation as HTML: the pages as they are, and the kernel-doc of each public call."""
import html.parser
import pathlib
import re
import shutil
import tempfile
import urllib.parse

from harness import docs, kernels, proc, versions
from harness.modules import TREE

CONF = TREE / "scripts/htmldoc.conf.py"
HEADER, EVENTS = TREE / "include/linux/wpool.h", TREE / "include/trace/events/wpool.h"
TASKQ = TREE / "include/linux/wpool_taskq.h"
START = "README"  # the page that comes first
# An entry of what kernel-doc writes, and what it describes.
ENTRY = re.compile(r"^(?=\.\. c:(?:function|type|struct|enum|macro):: )", re.M)
NAME = re.compile(r".*?(\w+) ?(?:\(.*)?$", re.M)
TARGET = re.compile(r"\]\((?!\w+:|#)([^)#]+)(#[^)]*)?\)")
LIMIT = 300  # seconds


def kernel_doc(tool, files, *words):
    """{name: its entry in reStructuredText}, in the order of the files."""
    text = proc.output(["perl", tool, "-rst", "-sphinx-version", "5.3.0", *words, *files])
    return {NAME.match(entry)[1]: entry for entry in ENTRY.split(text)[1:]}


def heading(text, line="="):
    return f"{text}\n{line * len(text)}\n\n"


def reference(tool):
    """The page of all that the header has, in its order: types, calls; and the tracepoints."""
    header = kernel_doc(tool, [HEADER])
    code = docs.code_of(HEADER.read_text())
    calls = kernel_doc(tool, sorted((TREE / "core").glob("*.c")), "-export")
    entries = {**calls, **header}
    public = {name: entries.pop(name) for name in docs.FUNCTION.findall(code) if name in entries}
    types = {name: entry for name, entry in entries.items() if name in header
             and not name.startswith("__")}
    yield heading("Every type, call and tracepoint")
    yield "From the kernel-doc of the sources; which call to take is in the :doc:`reference`.\n\n"
    for title, part in (("Types", types), ("Calls", public),
                        ("Tracepoints", kernel_doc(tool, [EVENTS])),
                        ("By the names of taskq(9F)", kernel_doc(tool, [TASKQ, TREE / "lib/taskq.c"]))):
        yield heading(title, "-")
        yield from (f"{entry}\n" for entry in part.values())


def undocumented(page):
    """Functions of the header that have no entry."""
    for name in sorted(set(docs.FUNCTION.findall(docs.code_of(HEADER.read_text())))):
        if f'id="c.{name}"' not in page:
            yield f"{name}() is not described"


def _plain(page):
    """A page whose links to folders are none, as a page of HTML has nothing to show for them."""
    def link(match):
        target = page.parent / match[1]
        return "]()" if target.is_dir() else match[0]

    return re.sub(r"\[([^]]*)\]\(\)", r"\1", TARGET.sub(link, page.read_text()))


def write_sources(folder, pages):
    """What sphinx reads: the pages, what they name, and the reference of the calls."""
    tree, _ = kernels.source("linux-source-6.1", "bookworm")
    for page in pages:
        copy = folder / page.relative_to(TREE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(_plain(page))
        for name, _ in TARGET.findall(page.read_text()):
            source = (page.parent / name).resolve()
            if source.is_file() and source not in pages:
                target = folder / source.relative_to(TREE)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    shutil.copy(CONF, folder / "conf.py")
    (folder / "Documentation/calls.rst").write_text("".join(reference(tree / "scripts/kernel-doc")))
    named = re.findall(r"\((Documentation/\w[\w/-]*)\.md\)", (folder / f"{START}.md").read_text())
    order = list(dict.fromkeys([*named, "Documentation/calls",
                                *(str(page.relative_to(TREE).with_suffix("")) for page in pages)]))
    order.remove(START)
    with open(folder / f"{START}.md", "a", encoding="utf-8") as start:
        start.write("\n```{toctree}\n:hidden:\n\n" + "\n".join(order) + "\n```\n")


def build(out, pages=None):
    """Make it in that folder; returns what sphinx had to say."""
    with tempfile.TemporaryDirectory(prefix="wpool-html-") as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "source").mkdir()
        write_sources(scratch / "source", pages or docs.pages())
        log, warned = scratch / "log", scratch / "warned"
        proc.run("sphinx", ["/usr/bin/sphinx-build", "-q", "-b", "html", "-d", scratch / "doctrees",
                            "-D", f"release={versions.version()}", "-w", warned,
                            scratch / "source", out], log, limit=LIMIT)
        said = warned.read_text().replace(f"{scratch}/source/", "")
    shutil.copy(out / f"{START}.html", out / "index.html")
    return [line for line in said.splitlines() if line.strip()]


class Links(html.parser.HTMLParser):
    """Where a page leads, and what in it can be led to."""

    def __init__(self, text):
        super().__init__()
        self.hrefs, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, _, attrs):
        for name, value in attrs:
            if name in ("href", "src"):
                self.hrefs.append(value)
            elif name in ("id", "name"):
                self.ids.add(value)


def dead_links(out):
    """Links within the pages that lead nowhere."""
    pages = {path: Links(path.read_text()) for path in sorted(out.rglob("*.html"))}
    for path, page in pages.items():
        for href in dict.fromkeys(page.hrefs):
            where = urllib.parse.urlparse(href)
            if where.scheme or where.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(where.path)).resolve() if where.path else path
            if not target.exists():
                yield f"{path.relative_to(out)}: there is no {href}"
            elif where.fragment and target in pages and \
                    urllib.parse.unquote(where.fragment) not in pages[target].ids:
                yield f"{path.relative_to(out)}: nothing is called {href}"


def faults(out):
    """Make it; what is wrong with it."""
    yield from build(out)
    yield from dead_links(out)
    yield from undocumented((out / "Documentation/calls.html").read_text())


def unseen():
    """Links that lead nowhere, planted, and not found."""
    planted = {"a page that is not there": "nothing.html", "an anchor that is not there": "#nothing",
               "one in another page": "other.html#nothing"}
    with tempfile.TemporaryDirectory(prefix="wpool-html-") as out:
        out = pathlib.Path(out).resolve()
        (out / "other.html").write_text('<p id="there">')
        for what, href in planted.items():
            (out / "page.html").write_text(f'<a href="{href}">x</a> <a href="other.html#there">y</a>')
            if len(list(dead_links(out))) != 1:
                yield f"{what} is not found"
