# SPDX-License-Identifier: GPL-2.0
"""Modules that nobody here wrote, moved over by scripts/from-workqueue, beside themselves.

Their sources come from Debian's packages. One copy is built as it is, the other as the script has
changed it, and a Debian runs the same tests on both, in turn. No text of theirs is kept here.
"""
import dataclasses
import pathlib
import re
import shutil
import statistics

from harness import (apt, cache, debian, disk, kernels, kunit, load, modules, moving, proc, report, user,
                     view)
from harness.proc import Failed, say

SIDES = ("workqueue", "wpool")
STOCK, DEBUG = "stock", "debug-disk"
LIMIT = 3000  # seconds for a machine
SWAP = 512 << 20  # bytes of a disk of its own, for what is encrypted and swapped to
ROUNDS = 3
RUNTIME = 5  # seconds of each measurement, on each side
MEASURES = {"measured", "pings"}  # the parts of a test that do so
# What is done on each kernel. MiB of a job of fio, and of a disk whose sums are checked; how often
# a thing is repeated under load, and a peer comes and goes; how many pings.
SIZES = {STOCK: {"job": 16, "disk_size": 64, "times": 10, "peers": 8, "pings": 200},
         DEBUG: {"job": 4, "disk_size": 16, "times": 3, "peers": 3, "pings": 50}}
FIXTURES = modules.TREE / "scripts/fixtures/outside"


@dataclasses.dataclass(frozen=True)
class Module:
    """One that is tested."""
    name: str       # of the .ko
    script: str     # in the guest
    packages: str   # of the guest
    fetch: object   # puts the source into a folder
    words: object   # for make, of that folder
    boots: tuple    # its parts on the debug kernel, which is not to be measured
    stuck: str = ""  # a function of it that a test makes hang
    on_cpu: tuple = ()  # queues whose works are to run on the CPU that queues them, as --on-cpu has it
    before: str = ""  # a semantic patch: what a debug kernel finds in it as it is, mended on both sides
    after: str = ""  # another for what was moved, as its author would change it by hand
    parts: str = ""  # of its tests, but for others that are asked for; all if none


# --- sources -------------------------------------------------------------------------

def _fetch_target(name, objects, others=()):
    """What copies a target of the device mapper out of the kernel's tree."""
    def fetch(folder):
        tree, version = kernels.source("linux-source-6.1", "bookworm")
        for each in [*others, *(path.name for path in (tree / "drivers/md").glob(f"{name}*.[ch]"))]:
            shutil.copy(tree / "drivers/md" / each, folder)
        (folder / "Kbuild").write_text(f"obj-m := {name}.o\n{objects}ccflags-y := -I$(WPOOL)\n")
        return f"linux-source-6.1 {version}"
    return fetch


def _target_words(_folder, _kernel):
    return (f"WPOOL={modules.TREE / 'include'}",)


def _fetch_ovpn(folder):
    release = apt.Release("bookworm")
    (source,) = release.unpack("openvpn-dco-dkms").glob("usr/src/ovpn-dco-*")
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return f"openvpn-dco-dkms {release.version('openvpn-dco-dkms')}"


def _ovpn_words(folder, kernel):
    proc.run("gen-compat", ["sh", folder / "gen-compat-autoconf.sh", folder / "compat-autoconf.h"],
             folder / "compat.log", env={"PATH": "/usr/bin:/bin", "KERNEL_SRC": str(kernel.build)})
    return (f"PWD={folder}", "CONFIG_OVPN_DCO_V2=m", f"CFLAGS=-I{modules.TREE / 'include'}")


VERITY = """dm-verity-y := dm-verity-target.o
dm-verity-$(CONFIG_DM_VERITY_FEC) += dm-verity-fec.o
dm-verity-$(CONFIG_DM_VERITY_VERIFY_ROOTHASH_SIG) += dm-verity-verify-sig.o
"""
MODULES = {
    "crypt": Module("dm-crypt", "outside-crypt", "dmsetup fio",
                    _fetch_target("dm-crypt", "", ["dm-audit.h"]), _target_words,
                    ("verified across suspended reloaded removed",)),
    "verity": Module("dm-verity", "outside-verity", "cryptsetup-bin dmsetup fio",
                     _fetch_target("dm-verity", VERITY, ["dm-audit.h"]), _target_words,
                     ("verified corrupt suspended reloaded removed",)),
    "ovpn": Module("ovpn-dco-v2", "outside-ovpn", "openvpn openssl iperf3 iproute2 iputils-ping",
                   _fetch_ovpn, _ovpn_words, ("tunnel peers stuck",), stuck="ovpn_encrypt_work",
                   on_cpu=("crypto_wq",), before="ovpn-dco-v2.cocci"),
}
# Both ends of its tunnel are devices of one machine.
MODULES["ovpn-shared"] = dataclasses.replace(
    MODULES["ovpn"], boots=("tunnel peers",), stuck="", after="ovpn-dco-v2-shared.cocci",
    parts="tunnel pings")
# Of the Debian for all of them on the debug kernel; the first gives it its name.
PACKAGES = ("kmod", "procps", "python3", *dict.fromkeys(
    package for module in MODULES.values() for package in module.packages.split()))


# --- moving and building -------------------------------------------------------------

def move(module, folder):
    """Change what is in the folder as scripts/from-workqueue does; what that reports."""
    files = {str(path): moving.read(path) for path in sorted(folder.rglob("*.[ch]"))}
    moved = moving.move(files, moving.Options(on_cpu=module.on_cpu))
    for each in moved.files:
        if each.after != each.before:
            moving.write(pathlib.Path(each.name), each.after)
    return moved


def _patch(folder, name):
    """Change what is in the folder by a semantic patch of that name."""
    files = sorted(folder.rglob("*.[ch]"))
    before = [path.read_bytes() for path in files]
    proc.run("spatch", ["spatch", "--very-quiet", "--no-includes", "--in-place", "--no-show-diff",
                        "--sp-file", FIXTURES / name, *files], folder / "spatch.log")
    if before == [path.read_bytes() for path in files]:
        raise Failed(f"{name} changes nothing in {folder}")


def build(kernel, module, side):
    """The .ko of one side as bytes; what it was made from; what the mover reported, or None."""
    folder = modules.home(kernel, f"outside-{module.name}-{side}")
    with cache.lock(f"outside-{module.name}-{side}"):
        shutil.rmtree(folder)
        folder.mkdir()
        origin, moved = module.fetch(folder), None
        if module.before:
            _patch(folder, module.before)
        if side == "wpool":
            moved = move(module, folder)
            if module.after:
                _patch(folder, module.after)
        symbols = modules.home(kernel) / "Module.symvers"
        modules.make(kernel, folder, folder / "make.log", *module.words(folder, kernel),
                     f"KBUILD_EXTRA_SYMBOLS={symbols}")
        found = next(folder.rglob(f"{module.name}.ko"), None)
        if not found:
            raise Failed(f"{module.name} on {side}: make built none, see {folder / 'make.log'}")
        return found.read_bytes(), origin, moved


def _judge_move(tally, name, moved):
    for queue in MODULES[name].on_cpu:
        say(f"        --on-cpu {queue}: a set with a pool for each CPU")
    for line in moved.lines():
        say(f"        {line}")
    share = 100 * moved.converted // moved.found
    tally.check(f"{name}: at least 90% of the call sites are converted ({moved.converted} of {moved.found})",
                [] if share >= 90 else [f"{share}%"])


# --- figures -------------------------------------------------------------------------

def figures(run):
    """{what was measured: {side: a value of each round}}"""
    found = {}
    for line in "\n".join(report.named(run.report, "figures")).splitlines():
        side, value, name = line.split(maxsplit=2)
        found.setdefault(name, {side: [] for side in SIDES})[side].append(float(value))
    return found


def _unmeasured(found, rounds):
    """What did not take place in each round, and on each side."""
    if not found:
        yield "no figure at all"
    for name, sides in found.items():
        for side, got in sides.items():
            if len(got) != rounds or not all(got):
                yield f"{name} on {side}: {got}"


def _judge_figures(tally, label, found, rounds):
    wrong = list(_unmeasured(found, rounds))
    tally.check(f"{label}: what is measured takes place", wrong)
    for line in [] if wrong else table(found):
        say(line)


def table(found):
    """The median of each figure on both sides, and how far the rounds are apart: lines."""
    yield f"{'':<44}{'workqueue':>22}{'wpool':>22}   wpool/workqueue"
    for name, sides in found.items():
        middle = [statistics.median(sides[side]) for side in SIDES]
        cells = [f"{statistics.median(got):,.0f} ({min(got):,.0f}..{max(got):,.0f})"
                 for got in (sides[side] for side in SIDES)]
        ratio = f"{middle[1] / middle[0]:.2f}" if middle[0] else "-"
        yield f"{name:<44}{cells[0]:>22}{cells[1]:>22}   {ratio}"


# --- what wpool says -----------------------------------------------------------------

# Of what a module has done wrong with a pool, or of what has befallen one of its tasks.
COMPLAINT = re.compile(r"has not destroyed it|is being unloaded: |: BUG: | died in |: refused: | refused")


def _judge_complaints(tally, label, run):
    tally.check(f"{label}: wpool has no complaint",
                [line for line in run.console.splitlines() if "wpool: " in line and COMPLAINT.search(line)])


# --- running -------------------------------------------------------------------------

def _stuck_ko(kernel):
    built, _ = modules.build(kernel, FIXTURES, "outside-stuck", ("Kbuild", "*.c"))
    return built["stuck"]


def _built(tally, kernel, name):
    """What is beside the test in the machine: {name: contents}."""
    module = MODULES[name]
    built, _ = modules.build(kernel)
    files = {"wpool.ko": built["wpool"]}
    for side in SIDES:
        files[f"on-{side}.ko"], origin, moved = build(kernel, module, side)
        say(f"--- {name} on {side}: {origin}")
        if moved:
            _judge_move(tally, name, moved)
    if module.stuck:
        files["stuck.ko"] = _stuck_ko(kernel)
    return files


def _env(kernel, module, parts, rounds):
    return (f"PARTS='{parts}'\nROUNDS={rounds}\nRUNTIME={RUNTIME}\nSTUCK={module.stuck}\n"
            f"{user.settings(SIZES[kernel.name])}").encode()


def _in_debian(kernel, module, files):
    """In a Debian that boots its own kernel, with what it has by default."""
    with debian.root() as root:
        (release,) = root.kernels()
        if release not in str(kernel.build):
            raise Failed(f"Debian's kernel is {release}; the modules are for {kernel.build}")
        root.run("packages", "apt-get -qy update; "
                             f"apt-get -qy --no-install-recommends install {module.packages}")
        return root.boot(release, module.script, user.scripts() | files, limit=LIMIT, empty=SWAP)


def _below_debian(kernel, module, files):
    """On a kernel that was built here, with a Debian's programs."""
    with disk.drive() as words:
        return view.boot(kernel, module.script, files, limit=LIMIT, memory=disk.MEMORY, words=words,
                         disk=debian.disk_with("debian-outside", PACKAGES))


def run(tally, name, parts="", on=STOCK, rounds=ROUNDS):
    """Build one module on both sides and test them; lockdep and kmemleak judge, too, where they are."""
    if on == STOCK:
        debian.prepare()
    module, kernel = MODULES[name], kernels.get(on)
    parts = parts or (module.parts if on == STOCK else "")
    files = _built(tally, kernel, name)
    boot = _in_debian if on == STOCK else _below_debian
    label = name if on == STOCK else f"{name} on {on}"
    for some in [parts] if parts or on == STOCK else module.boots:
        found = boot(kernel, module, {**files, "env": _env(kernel, module, some, rounds)})
        user.judge(tally, label, found)
        kunit.judge_lockdep(tally, label, found)
        load.judge_leaks(tally, label, found)
        _judge_complaints(tally, label, found)
        if MEASURES & set((some or "measured").split()):
            _judge_figures(tally, label, figures(found), rounds)
        say(f"--- {label}: {found.seconds:.1f} s")


def words_of(text):
    """The names of modules in what a user gave; Failed if there is another."""
    names = re.split(r"[ ,]+", text) if text else list(MODULES)
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        raise Failed(f"there is no {unknown[0]}: {', '.join(MODULES)}")
    return names
