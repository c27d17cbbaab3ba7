# SPDX-License-Identifier: GPL-2.0
"""Debian's own test of what packages leave behind: piuparts, in a Debian with a kernel's headers."""
import pathlib
import subprocess
import tempfile

from harness import debian, debs, proc
from harness.proc import Failed

# DKMS makes its key when it first signs a module, and keeps it when it is purged itself.
THEIRS = r"/var/lib/dkms/mok\.(key|pub)$"
PLANTED = "/var/lib/wpool-left"


def _run(packages):
    """(whether all is well, what is wrong): both from piuparts."""
    with debian.root() as root:
        log = root.scratch / "piuparts.log"
        done = subprocess.run([*debian.ALONE, "piuparts", "-e", root.top, "--keep-sources-list",
                               "-d", debian.RELEASE, "--no-upgrade-test", "--no-eatmydata",
                               "-I", THEIRS, "-l", log, *packages], check=False, timeout=900,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        if not log.exists():
            raise Failed("piuparts did not begin")
        said = log.read_text(errors="replace").splitlines()
    first = next((number for number, line in enumerate(said) if "FAIL" in line), len(said) - 5)
    if not done.returncode:
        return True, []
    return False, said[first:first + 10] or [f"status {done.returncode} without a word"]


def _plant(copy):
    (copy / "debian/wpool-tools.postinst").write_text(
        f"#!/bin/sh\nset -e\ntouch {PLANTED}\n#DEBHELPER#\n")


def run(tally):
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as folder:
        folder = pathlib.Path(folder)
        proc.say("piuparts: some four minutes, and two")
        tally.check("piuparts: installed and purged, nothing is left",
                    _run(debs.build(folder / "now"))[1])
        planted = [path for path in debs.build(folder / "planted", change=_plant)
                   if path.name.startswith("wpool-tools")]
        well, said = _run(planted)
        tally.check("piuparts: a file that is left is found",
                    [] if not well and any(PLANTED in line for line in said) else said or ["it is not"])
