# SPDX-License-Identifier: GPL-2.0
"""The version, which include/linux/wpool_version.h has, and the files that must repeat it."""
import pathlib
import re
import shutil
import tempfile

from harness.modules import TREE
from harness.proc import Failed

HEADER = "include/linux/wpool_version.h"
PARTS = ("MAJOR", "MINOR", "PATCH")
# Where else it stands, since a tool or a reader looks there: the first match counts.
COPIES = {
    "dkms.conf": r"^PACKAGE_VERSION=\"([^\"]*)\"$",
    "debian/changelog": r"^wpool \(([^)]*)\)",
    "CHANGES": r"^(\d\S*)$",
    "Documentation/install.md": r"^sudo dkms install wpool/(\S+)$",
    "Documentation/man/wpool.4": r"^\.TH \S+ \d \S+ \"wpool (\S+)\"",
}


def version(tree=TREE):
    """As three numbers with dots between them, and what makes it a candidate."""
    text = (tree / HEADER).read_text()
    numbers = [re.search(rf"^#define WPOOL_VERSION_{part}\t(\d+)$", text, re.M) for part in PARTS]
    if None in numbers:
        raise Failed(f"{HEADER} says no version")
    extra = re.search(r"^#define WPOOL_VERSION_EXTRA\t\"(\S*)\"", text, re.M)
    return ".".join(number[1] for number in numbers) + (extra[1] if extra else "")


def faults(tree=TREE):
    wanted = version(tree)
    for name, pattern in COPIES.items():
        found = re.search(pattern, (tree / name).read_text(), re.M)
        if not found or found[1] != wanted:
            yield f"{name} has version {found and found[1]}, {HEADER} has {wanted}"


def _replace(path, pattern, new):
    text = path.read_text()
    found = re.search(pattern, text, re.M)
    path.write_text(text[:found.start(1)] + new + text[found.end(1):])


def unseen():
    """The copies of which a wrong one is not found."""
    for name, pattern in COPIES.items():
        with tempfile.TemporaryDirectory(prefix="wpool-versions-") as scratch:
            scratch = pathlib.Path(scratch)
            for part in (HEADER, *COPIES):
                (scratch / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TREE / part, scratch / part)
            _replace(scratch / name, pattern, f"1{version()}")
            if [fault.split()[0] for fault in faults(scratch)] != [name]:
                yield f"a wrong version in {name} is not found"
