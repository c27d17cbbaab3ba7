# SPDX-License-Identifier: GPL-2.0
"""The Debian packages, built from a copy of the tree."""
import pathlib
import shutil
import subprocess
import tempfile

from harness import modules, proc
from harness.proc import Failed

CONSUMER = modules.TREE / "samples/squares-dkms"
OWN = ("debian/files", "debian/.debhelper")  # what a build by hand may have left in a tree


def files(tree):
    """Those under version control, and those that are new."""
    names = proc.output(["git", "-C", tree, "ls-files", "-co", "--exclude-standard"]).split()
    return [name for name in names if (tree / name).is_file() and not name.startswith(OWN)]


def build(target, tree=modules.TREE, change=None):
    """The packages of tree in the folder target; change(copy) may change the copy first.

    Returns the paths of the .deb files.
    """
    with tempfile.TemporaryDirectory(prefix="wpool-deb-") as scratch:
        copy = pathlib.Path(scratch) / "source"
        for name in files(tree):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tree / name, copy / name)
        if change:
            change(copy)
        log = modules.home_of_all() / "deb.log"
        proc.run("build of the packages", ["dpkg-buildpackage", "-b", "-us", "-uc", "-tc"], log,
                 cwd=copy)
        made = list(copy.parent.glob("*.deb"))
        if not made:
            raise Failed(f"dpkg-buildpackage has built nothing\n{proc.tail(log)}")
        target.mkdir(parents=True, exist_ok=True)
        return sorted(pathlib.Path(shutil.copy(path, target)) for path in made)


def _lintian(packages):
    done = subprocess.run(["lintian", "--allow-root", "--display-info",
                           "--fail-on", "error,warning,info", *packages],
                          text=True, check=False, capture_output=True)
    return done.stdout.splitlines() + (done.stderr.splitlines() if done.returncode else [])


def faults():
    """What lintian says of the packages, and of the sample's."""
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as folder:
        folder = pathlib.Path(folder)
        return _lintian(build(folder / "wpool") + build(folder / "consumer", CONSUMER))


def _unpaged(copy):
    (copy / "debian/wpool-tools.manpages").unlink()


def unseen():
    """Nothing if lintian finds that a program has no manual page."""
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as folder:
        said = _lintian(build(pathlib.Path(folder), change=_unpaged))
    return [] if any("no-manual-page" in line for line in said) else said or ["lintian says nothing"]
