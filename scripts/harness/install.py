# SPDX-License-Identifier: GPL-2.0
"""What `make` and `make modules_install` leave on a user's machine: wpool.ko alone."""
import re
import subprocess
import tempfile

from harness import cache, modules, proc

OURS = ["wpool.ko"]
# Of the rest the one that is made quickest stands for all.
BESIDE = "WPOOL_SAMPLES=hello"


def _make(kernel, folder, *words):
    """What make's exit status is; its words are in the log."""
    with open(folder / "user.log", "a", encoding="utf-8") as log:
        return subprocess.run(["make", "-s", "-C", folder, f"KERNELDIR={kernel.build}",
                               *kernel.make, *words], check=False, stdin=subprocess.DEVNULL,
                              stdout=log, stderr=subprocess.STDOUT).returncode


def _installed(kernel, folder, *words):
    """(whether it succeeds, the modules that are there then)"""
    with tempfile.TemporaryDirectory(prefix="wpool-install-") as root:
        failed = _make(kernel, folder, "modules_install", f"INSTALL_MOD_PATH={root}", *words)
        return not failed, _named(root)


def _named(folder):
    """The modules there, compressed as the kernel wants them or not."""
    found = proc.output(["find", folder, "-name", "*.ko*", "-type", "f", "-printf", "%f\n"])
    return sorted(re.sub(r"\.(xz|zst|gz)$", "", name) for name in found.split()
                  if not name.endswith(".cmd"))


def faults(kernel):
    """Nothing if a user who makes and installs the module gets it and nothing else."""
    folder = modules.home(kernel, "install")
    with cache.lock(f"build-{folder.parent.name}-{folder.name}"):
        (folder / "user.log").unlink(missing_ok=True)
        modules.mirror(modules.TREE, folder, ("Makefile", *modules.SOURCES))
        for stale in folder.rglob("*.ko"):
            stale.unlink()
        yield from _faults(kernel, folder)


def _faults(kernel, folder):
    if _make(kernel, folder):
        yield f"make failed\n{proc.tail(folder / 'user.log')}"
        return
    if (made := _named(folder)) != OURS:
        yield f"make makes {' '.join(made)}"
    if (got := _installed(kernel, folder)) != (True, OURS):
        yield f"make modules_install installs {' '.join(got[1]) or 'nothing'}"
    _make(kernel, folder, BESIDE)
    if (got := _installed(kernel, folder)) != (False, []):
        yield f"after make {BESIDE}, modules_install installs {' '.join(got[1]) or 'nothing'}"
    if (got := _installed(kernel, folder, BESIDE)) != (True, ["wpool.ko", "wpool_hello.ko"]):
        yield f"make modules_install {BESIDE} installs {' '.join(got[1]) or 'nothing'}"
