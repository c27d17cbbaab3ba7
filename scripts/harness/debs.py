# SPDX-License-Identifier: GPL-2.0
"""The Debian packages, built from a copy of the tree."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from harness import docs, modules, proc
from harness.proc import Failed

CONSUMER = modules.TREE / "samples/squares-dkms"
OWN = ("debian/files", "debian/.debhelper")  # what a build by hand may have left in a tree
NOBODY = "Your Name <you@example.org>"  # in debian/, for the builder


def files(tree):
    """Those under version control, and those that are new."""
    names = proc.output(["git", "-C", tree, "ls-files", "-coz", "--exclude-standard"]).split("\0")
    return [name for name in names if (tree / name).is_file() and not name.startswith(OWN)]


def leave(paths, target):
    """Copy them into a folder, in the place of the same packages of other versions; what is there then."""
    target.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path.suffix == ".deb":
            for old in target.glob(f"{path.name.split('_')[0]}_*.deb"):
                old.unlink()
    return [pathlib.Path(shutil.copy(path, target)) for path in paths]


def _builder():
    """Who builds, as Debian's tools or git know it, if they do."""
    name, address = (os.environ.get(variable) or
                     proc.output(["git", "config", "--default", "", f"user.{key}"]).strip()
                     for variable, key in (("DEBFULLNAME", "name"), ("DEBEMAIL", "email")))
    return f"{name} <{address}>" if name and address else NOBODY


def _sign(copy):
    for path in (copy / "debian/control", copy / "debian/changelog"):
        path.write_text(path.read_text().replace(NOBODY, _builder()))


def build(target, tree=modules.TREE, change=None, upload=False):
    """The packages of tree in the folder target; change(copy) may change the copy first.

    Returns the paths of the .deb files; with upload, of the .changes file of all that an upload has,
    the source package too.
    """
    with tempfile.TemporaryDirectory(prefix="wpool-deb-") as scratch:
        copy = pathlib.Path(scratch) / "source"
        for name in files(tree):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tree / name, copy / name)
        _sign(copy)
        if change:
            change(copy)
        log = modules.home_of_all() / "deb.log"
        proc.run("build of the packages",
                 ["dpkg-buildpackage", "-us", "-uc", "-tc", *([] if upload else ["-b"])], log, cwd=copy)
        made = leave([path for path in copy.parent.iterdir()
                      if path.is_file() and (upload or path.suffix == ".deb")], target)
        if not made:
            raise Failed(f"dpkg-buildpackage has built nothing\n{proc.tail(log)}")
        return sorted(path for path in made if path.suffix == (".changes" if upload else ".deb"))


def _lintian(packages):
    done = subprocess.run(["lintian", "--allow-root", "--display-info",
                           "--fail-on", "error,warning,info", *packages],
                          text=True, check=False, capture_output=True)
    said = done.stdout.splitlines() + (done.stderr.splitlines() if done.returncode else [])
    return said or ([f"lintian: status {done.returncode} without a word"] if done.returncode else [])


def link_faults(root):
    """Links of the pages installed there that lead nowhere, as all do to and from a compressed page."""
    pages = sorted(pathlib.Path(root).glob("usr/share/doc/wpool-*/**/*.md*"))
    for page in pages:
        yield from docs.link_faults(page) if page.suffix == ".md" else [f"{page.name} is compressed"]
    if not pages:
        yield "there are no pages in the packages"


def _links(packages):
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as root:
        for package in sorted(path for changes in packages for path in changes.parent.glob("*.deb")):
            proc.output(["dpkg-deb", "-x", package, root])
        return list(link_faults(root))


def faults():
    """What lintian says of the packages, and of the sample's; dead links."""
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as folder:
        folder = pathlib.Path(folder)
        ours = build(folder / "wpool", upload=True)
        return _lintian(ours + build(folder / "consumer", CONSUMER, upload=True)) + _links(ours)


# What is planted, in a package, in the source package and in a page, and what it is called then.
PLANTED = ("no-manual-page", "required-field", "no heading planted", "install.md.gz is compressed")


def _plant(copy):
    (copy / "debian/wpool-tools.manpages").unlink()
    control = copy / "debian/control"
    control.write_text(re.sub(r"^Standards-Version:.*\n", "", control.read_text(), flags=re.M))
    with open(copy / "README.md", "a", encoding="utf-8") as page:
        page.write("[dead](#planted)\n")
    rules = copy / "debian/rules"
    rules.write_text(rules.read_text().replace("-X/wpool-dkms/Documentation/ ", ""))


def unseen():
    """What is not found of what is planted."""
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as folder:
        packages = build(pathlib.Path(folder), change=_plant, upload=True)
        said = _lintian(packages) + _links(packages)
    missed = [f"{tag} is not found" for tag in PLANTED if not any(tag in line for line in said)]
    return missed + said if missed else []
