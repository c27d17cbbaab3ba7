# SPDX-License-Identifier: GPL-2.0
"""Proof that runs take nothing half made for whole, and remove nothing that is not theirs."""
import contextlib
import os
import pathlib
import subprocess
import tempfile
import time
import types
from unittest import mock

from harness import cache, compare, coverage, debs, machine, modules, mutagen, proc, sample
from harness.proc import Failed


def _pages(folder):
    """What make coverage leaves of a folder that it is to put its pages in."""
    (folder / "pages").mkdir()
    (folder / "pages/mine").touch()
    with mock.patch.object(coverage, "_gcovr", lambda _, found, *_words: found.write_text('{"files": []}')), \
            mock.patch.object(modules, "home", lambda *_: folder):
        coverage.bring_together(None, folder, folder / "pages")
    return [] if (folder / "pages/mine").exists() else ["the file is gone"]


def _debs(folder):
    """Which packages there are once those of another version were built."""
    for part in ("build", "made"):
        (folder / part).mkdir()
    for name in ("wpool-dev_1_all.deb", "wpool-dkms_1_all.deb", "mine_1_all.deb"):
        (folder / "build" / name).touch()
    (folder / "made/wpool-dev_2_all.deb").touch()
    debs.leave([folder / "made/wpool-dev_2_all.deb"], folder / "build")
    left = sorted(path.name for path in (folder / "build").iterdir())
    wanted = ["mine_1_all.deb", "wpool-dev_2_all.deb", "wpool-dkms_1_all.deb"]
    return [] if left == wanted else left


def _half_made(folder):
    """What a program leaves that is stopped in the middle, though it would tidy up."""
    half, ready = folder / "half", folder / "ready"
    child = proc.start(["sh", "-c", 'trap "rm $0; exit 1" TERM; : >$0; : >$1; sleep 60 & wait', half, ready])
    end = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.01)
    proc.stop(child, proc.GRACE)
    return [] if ready.exists() and not half.exists() else ["it could not"]


# What kbuild does of it.
MAKEFILE = """
$(M)/all.ko: $(M)/a.o $(M)/b.o
	ld -r -o $@ $^
%.o: %.c
	gcc -Wall -c -o $@ $<
"""


def _warned_before(folder):
    """What is said of a file that warned when another one failed, once that is mended."""
    source, home = folder / "source", folder / "build/0/tree"
    for made in (source, home):
        made.mkdir(parents=True)
    (folder / "Makefile").write_text(MAKEFILE)
    (source / "a.c").write_text("static int unused;\n")
    kernel = types.SimpleNamespace(name="planted", key="planted", build=folder, make=())

    def warned(text):
        (source / "b.c").write_text(text)
        return modules.build(kernel, source, patterns=("*.c",))[1]

    with mock.patch.object(modules, "home", lambda *_: home):
        with contextlib.suppress(Failed):
            warned("int wrong\n")
        said = warned("int right;\n")
    return [] if len(said) == 1 and "unused" in said[0] else said or ["nothing"]


def _sparse():
    """Which of its words count: it has errors of its own, and make goes on."""
    said = ["core/task.c:1:2: error: undefined identifier 'new'", "core/task.c:3:4: warning: symbol"]
    return [] if modules.warnings("\n".join(said)) == said else ["only some"]


def _half_line(folder):
    """Which results are read after a run was killed that was writing one."""
    results = sample.Results("planted")
    results.path = folder / "results"
    name = mutagen.files()[0]
    for ident in ("a", "half", "b"):
        mutant = types.SimpleNamespace(ident=ident, file=name, diff=lambda: [])
        results.keep(mutant, sample.SUITES, "", 1, 0)
        if ident == "half":
            results.path.write_text(results.path.read_text()[:-20])
    results.read()
    return [] if list(results.found) == ["a", "b"] else list(results.found)


def _parts():
    """What a guest says that is asked for a part which it does not have."""
    done = subprocess.run(["sh", "-c", 'exec 3>&1; . "$0"; there() { verdict ok ran; }; '
                           "run_part there; run_part elsewhere", machine.GUEST / "cases.sh"],
                          text=True, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    said = done.stdout.splitlines()
    return [] if said == ["ok 1 - ran", "not ok 2 - there is no part elsewhere"] else said or ["nothing"]


# Of wpool's own functions, by architecture; and what %p makes of them, as UML's look, too.
ADDRESSES = {"x86-64": ("ffffffffc0123456", 1), "arm64": ("ffff80007a123456", 1),
             "s390": ("000003ff6004e024", 1), "i386": ("f7cab024", 1),
             "hashed": ("000000006283f970", 0), "hidden": ("0000000000000000", 0)}
KNOWN = """. "$0"; form=$(form_of $1)
[ -z "$form" ] || { echo "a=$1 b"; echo "0x$1"; echo "$1$1"; echo 1700000000000000; } | with_address "$form"
"""


def _addresses():
    """Which of them a guest does not know when it sees them, twice; it takes no time for one."""
    for name, (address, known) in ADDRESSES.items():
        done = subprocess.run(["sh", "-c", KNOWN, machine.GUEST / "hostile.sh", address], text=True,
                              check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.stdout.strip() != ("2" if known else ""):
            yield f"{name}: {done.stdout.strip() or 'not known'}"


def _alone():
    """What is said of rows that one side of a comparison lacks, beside one that both have."""
    head = "work,by,unit,round,value\n"
    runs = {"old": [{"samples": f'{head}"both",wpool,ns,1,2\n"gone",wpool,ns,1,3\n'}],
            compare.THIS: [{"samples": f'{head}"both",wpool,ns,1,2\n"new",wpool,ns,1,4\n'}]}
    text, alone = compare.table("old", runs)
    said = [" ".join(line.split()) for line in text.splitlines()[1:]]
    wanted = ["both wpool ns 2.000 (2.000-2.000) 2.000 (2.000-2.000) +0.0%",
              "new wpool ns 4.000 (4.000-4.000) only this", "gone wpool ns 3.000 (3.000-3.000) only old"]
    return [] if said == wanted and alone == 2 else [*said, f"{alone} alone"]


def _refused(base):
    """Whether a cache may be there."""
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": base}):
        try:
            return f"{base} is taken: {cache.root()}"
        except Failed:
            return ""


def prove(tally):
    for what, test in (("make coverage leaves what else lies in its folder", _pages),
                       ("packages take the place of those of another version, and of no others", _debs),
                       ("a program that is stopped can remove what it has half made", _half_made),
                       ("what warned is told again if another file failed meanwhile", _warned_before),
                       ("half a line of results is no result, nor is what comes after it lost", _half_line)):
        with tempfile.TemporaryDirectory(prefix="wpool-red-") as folder:
            tally.check(what, test(pathlib.Path(folder)))
    tally.check("a row that one side of a comparison lacks", _alone())
    tally.check("errors of sparse count", _sparse())
    tally.check("a part of a guest's tests that is misspelt", _parts())
    tally.check("an address of the kernel's, on any architecture", _addresses())
    tally.check("a cache where kbuild cannot build", filter(None, map(_refused, ("/a b", "/a:b"))))
