# SPDX-License-Identifier: GPL-2.0
"""The Debian packages, built from a copy of the tree."""
import pathlib
import shutil
import tempfile

from harness import modules, proc
from harness.proc import Failed

OWN = ("debian/files", "debian/.debhelper")  # what a build by hand may have left in a tree


def _files(tree):
    """Those under version control, and those that are new."""
    names = proc.output(["git", "-C", tree, "ls-files", "-co", "--exclude-standard"]).split()
    return [name for name in names if (tree / name).is_file() and not name.startswith(OWN)]


def build(target, tree=modules.TREE, change=None):
    """The packages of tree in the folder target; change(copy) may change the copy first.

    Returns the paths of the .deb files.
    """
    with tempfile.TemporaryDirectory(prefix="wpool-deb-") as scratch:
        copy = pathlib.Path(scratch) / "source"
        for name in _files(tree):
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
