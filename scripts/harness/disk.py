# SPDX-License-Identifier: GPL-2.0
"""The sample wpool_disk in a Debian: filesystems, deaths, power cuts, swap, removal."""
import re

from harness import debian, kernels, machine, modules, user
from harness.proc import Failed, say

PACKAGES = "e2fsprogs fio dmsetup"
LIMIT = 900  # seconds
DEATH = re.compile(r"kernel BUG at .*/samples/wpool_disk\.c:|wpool0: worker \d+ .* died in disk_fn|"
                   r"invalid opcode")


def run(tally, parts=""):
    stock = kernels.get("stock")
    built, warned = modules.build(stock, samples="disk")
    tally.check("wpool_disk builds without a warning", warned)
    with debian.root() as root:
        (release,) = root.kernels()
        if release not in str(stock.build):
            raise Failed(f"Debian's kernel is {release}; the modules are for {stock.build}")
        root.run("packages", f"apt-get -qy update; apt-get -qy --no-install-recommends install {PACKAGES}")
        files = {f"{name}.ko": built[name] for name in ("wpool", "wpool_disk")}
        files |= {name: machine.GUEST / name for name in ("report.sh", "cases.sh")}
        files["env"] = f"PARTS='{parts}'\n"
        found = root.boot(release, "disk", files, limit=LIMIT)
    user.judge(tally, "disk", found, DEATH)
    say(f"--- disk: {found.seconds:.1f} s")
