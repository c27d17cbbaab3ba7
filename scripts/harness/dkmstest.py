# SPDX-License-Identifier: GPL-2.0
"""What DKMS and consumers use of scripts/dkms, on a folder that looks like DKMS's."""
import os
import pathlib
import subprocess
import tempfile

from harness.modules import TREE

DKMS = TREE / "scripts/dkms"
RELEASE, MACHINE = "6.1.0", "armv7l"
# {module: what its dkms.conf says that it needs}; "elsewhere" is of another kernel.
NEEDS = {"wpool": "", "top": 'BUILD_DEPENDS[0]="middle"\nBUILD_DEPENDS[1]="wpool"', "alone": "",
         "middle": 'BUILD_DEPENDS=("zlib" "wpool")', "wpool-like": 'BUILD_DEPENDS[0]="wpool-other"',
         "elsewhere": 'BUILD_DEPENDS[0]="wpool"'}
REBUILT = ["middle/1.0", "top/1.0"]


def _tree(folder):
    for name, needs in NEEDS.items():
        (folder / name / "1.0/source").mkdir(parents=True)
        (folder / name / "1.0/source/dkms.conf").write_text(f'PACKAGE_NAME="{name}"\n{needs}\n')
        release = "6.1.0-2" if name == "elsewhere" else RELEASE
        (folder / name / f"kernel-{release}-{MACHINE}").symlink_to(f"1.0/{release}/{MACHINE}")
    for release, machine in ((RELEASE, MACHINE), ("6.1.0-2", "arm")):
        built = folder / "wpool/1.0" / release / machine
        built.mkdir(parents=True)
        (built / "Module.symvers").touch()
    # Of another kernel, whose release begins like this one's.
    (folder / "wpool/kernel-6.1.0-2-arm").symlink_to("1.0/6.1.0-2/arm")


def _said(words, **more):
    return subprocess.run(words, text=True, check=False, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, **more)


def _wpool(folder, release):
    """Where wpool.mk finds wpool."""
    text = f"include {DKMS}/wpool.mk\n$(info $(WPOOL))\nall:;@:\n"
    kbuild = folder / "Kbuild"
    kbuild.write_text(text)
    words = ["make", "-s", "-f", kbuild, f"KERNELRELEASE={release}", "UTS_MACHINE=arm"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return _said(words, env={**environment, "DKMS_TREE": str(folder)}).stdout.strip().splitlines()[-1]


def faults():
    with tempfile.TemporaryDirectory(prefix="wpool-dkms-") as folder:
        folder = pathlib.Path(folder)
        _tree(folder)
        done = _said([DKMS / "rebuild-dependants", "--kernel", RELEASE, "--arch", MACHINE, "--tree", folder,
                      "--list"])
        if done.stdout.split() != REBUILT:
            yield f"rebuild-dependants: {done.stdout.split()}, not {REBUILT}: {done.stderr.strip()}"
        for release, machine in ((RELEASE, MACHINE), ("6.1.0-2", "arm"), ("6.9", "arm")):
            wanted = f"{folder}/wpool/kernel-{release}-{machine}"
            if (found := _wpool(folder, release)) != wanted:
                yield f"wpool.mk for {release}: {found}, not {wanted}"
