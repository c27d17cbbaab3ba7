# SPDX-License-Identifier: GPL-2.0
"""The sample wpool_disk, with a Debian's programs: filesystems, deaths, power cuts, swap, removal."""
import contextlib
import pathlib
import re
import tempfile

from harness import cache, debian, kernels, kunit, load, modules, user, view
from harness.proc import say

# The first gives the Debian its name.
PACKAGES = ("e2fsprogs", "fio", "dmsetup", "kmod", "procps", "python3")
OWN = ("libcrc32c", "dm_mod", "dm_flakey", "dm_delay", "loop", "null_blk")
LIMIT = 1800  # seconds, on the slowest kernel
MEMORY = 1280  # MB
SPACE = 2 << 30  # bytes below /var
# The usual one tells by a loop of ACPI's where interrupts go, which with KASAN takes half a minute
# a device.
# QEMU 7.2 emulates "rep stosb" so slowly, where there was code before, that a kernel which clears
# pages by it takes its own threads for stuck.
MACHINE = ("-machine", "q35", "-cpu", "max,-cx16,-erms,-fsrm")
DEATH = re.compile(r"kernel BUG at .*/samples/wpool_disk_tasks\.h:|wpool0: worker \d+ .* died in disk_fn|"
                   r"invalid opcode")
TAINT_DIED = 1 << 7
# What a kernel is booted for: a death ends lockdep, so it has a boot of its own; and what is slow
# is not to come after all else in one.
DEADLY = "deaths deaths_in_verify deaths_in_removal"
HARMLESS = ("bad_input filesystem corruption", "fio_verifies pressure",
            "capacity_live power_cut", "swap charged pulled")
BOOTS = {"stock": (" ".join((*HARMLESS, DEADLY)),), "debug-disk": (*HARMLESS, DEADLY)}


@contextlib.contextmanager
def drive():
    """What QEMU is told: of a second disk, which is empty and gone at the end."""
    with tempfile.TemporaryDirectory(prefix="wpool-disk-", dir=cache.folder("debian-disk")) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "root").mkdir()
        debian.make_disk(scratch / "root", scratch / "disk", SPACE)
        yield *MACHINE, "-drive", f"file={scratch / 'disk'},format=raw,if=virtio,cache=unsafe"


def boot(kernel, inside, built, env, **more):
    """Run guest/<inside> with the modules, and a second disk on /var."""
    files = {f"{name}.ko": built[name] for name in ("wpool", "wpool_disk")}
    files["env"] = env.encode()
    own = OWN if kernel.modules else ()
    with drive() as words:
        return view.boot(kernel, inside, files, disk=debian.disk_with("debian-disk", PACKAGES), own=own,
                         words=words, **{"memory": MEMORY, "limit": LIMIT, **more})


def run_parts(tally, kernel, built, parts):
    label = f"disk on {kernel.name}"
    done = boot(kernel, "disk", built, f"PARTS='{parts}'\n")
    deadly = "deaths" in parts
    user.judge(tally, label, done, DEATH if deadly else None, TAINT_DIED if deadly else 0)
    kunit.judge_lockdep(tally, label, done)
    load.judge_leaks(tally, label, done)
    say(f"--- {label}: {done.seconds:.1f} s")


def prepared(name):
    """The kernel, its modules, and what the compiler said."""
    kernel = kernels.get(name)
    if isinstance(kernels.KERNELS[name], kernels.Packaged):
        kernel = kernels.bootable(kernel)
    return kernel, *modules.build(kernel, samples="disk")


def run(tally, name, parts=""):
    """On that kernel; parts: only these of guest/disk."""
    kernel, built, warned = prepared(name)
    tally.check(f"wpool_disk builds without a warning on {name}", warned)
    for some in [parts] if parts else BOOTS[name]:
        run_parts(tally, kernel, built, some)
