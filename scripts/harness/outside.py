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

from harness import apt, cache, debian, kernels, machine, modules, moving, proc, report, user
from harness.proc import Failed, say

LIMIT = 1500  # seconds for a machine
SIDES = ("workqueue", "wpool")
ROUNDS, RUNTIME = 3, 5  # of each measurement, on each side
STUCK = modules.TREE / "scripts/fixtures/outside"


@dataclasses.dataclass(frozen=True)
class Module:
    """name: of the .ko; folder: what it is built from; words: for make, in the folder."""
    name: str
    script: str     # in the guest
    packages: str   # of the guest
    fetch: object   # puts the source into a folder
    words: object   # for make, of that folder
    stuck: str = ""  # a function of it that a test makes hang


# --- sources -------------------------------------------------------------------------

def _fetch_crypt(folder):
    tree, version = kernels.source("linux-source-6.1", "bookworm")
    for name in ("dm-crypt.c", "dm-audit.h"):
        shutil.copy(tree / "drivers/md" / name, folder)
    (folder / "Kbuild").write_text("obj-m := dm-crypt.o\nccflags-y := -I$(WPOOL)\n")
    return f"linux-source-6.1 {version}"


def _fetch_ovpn(folder):
    release = apt.Release("bookworm")
    (source,) = release.unpack("openvpn-dco-dkms").glob("usr/src/ovpn-dco-*")
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return f"openvpn-dco-dkms {release.version('openvpn-dco-dkms')}"


def _ovpn_words(folder, kernel):
    proc.run("gen-compat", ["sh", folder / "gen-compat-autoconf.sh", folder / "compat-autoconf.h"],
             folder / "compat.log", env={"PATH": "/usr/bin:/bin", "KERNEL_SRC": str(kernel.build)})
    return (f"PWD={folder}", "CONFIG_OVPN_DCO_V2=m", f"CFLAGS=-I{modules.TREE / 'include'}")


MODULES = {
    "crypt": Module("dm-crypt", "outside-crypt", "dmsetup fio", _fetch_crypt,
                    lambda folder, kernel: (f"WPOOL={modules.TREE / 'include'}",)),
    "ovpn": Module("ovpn-dco-v2", "outside-ovpn", "openvpn openssl iperf3 iproute2 iputils-ping",
                   _fetch_ovpn, _ovpn_words, stuck="ovpn_encrypt_work"),
}


# --- moving and building -------------------------------------------------------------

def move(folder):
    """Change what is in the folder as scripts/from-workqueue does; what that reports."""
    files = {str(path): moving.read(path) for path in sorted(folder.rglob("*.[ch]"))}
    moved = moving.move(files, moving.Options())
    for each in moved.files:
        if each.after != each.before:
            pathlib.Path(each.name).write_text(each.after, encoding="utf-8")
    return moved


def build(kernel, module, side):
    """The .ko of one side as bytes; what it was made from; what the mover reported, or None."""
    folder = modules.home(kernel, f"outside-{module.name}-{side}")
    with cache.lock(f"outside-{module.name}-{side}"):
        shutil.rmtree(folder)
        folder.mkdir()
        origin, moved = module.fetch(folder), None
        if side == "wpool":
            moved = move(folder)
        symbols = modules.home(kernel) / "Module.symvers"
        modules.make(kernel, folder, folder / "make.log", *module.words(folder, kernel),
                     f"KBUILD_EXTRA_SYMBOLS={symbols}")
        found = next(folder.rglob(f"{module.name}.ko"), None)
        if not found:
            raise Failed(f"{module.name} on {side}: make built none, see {folder / 'make.log'}")
        return found.read_bytes(), origin, moved


def _judge_move(tally, name, moved):
    for line in moved.lines():
        say(f"        {line}")
    share = 100 * moved.converted // moved.found
    tally.check(f"{name}: at least 90% of the call sites are converted ({moved.converted} of {moved.found})",
                [] if share >= 90 else [f"{share}%"])


# --- figures -------------------------------------------------------------------------

def table(run):
    """The median of each figure on both sides, and how far the rounds are apart: lines."""
    found = {}
    for line in "\n".join(report.named(run.report, "figures")).splitlines():
        side, value, name = line.split(maxsplit=2)
        found.setdefault(name, {}).setdefault(side, []).append(float(value))
    yield f"{'':<44}{'workqueue':>22}{'wpool':>22}   wpool/workqueue"
    for name, sides in found.items():
        middle = [statistics.median(sides[side]) for side in SIDES]
        cells = [f"{statistics.median(got):,.0f} ({min(got):,.0f}..{max(got):,.0f})"
                 for got in (sides[side] for side in SIDES)]
        ratio = f"{middle[1] / middle[0]:.2f}" if middle[0] else "-"
        yield f"{name:<44}{cells[0]:>22}{cells[1]:>22}   {ratio}"


# --- running -------------------------------------------------------------------------

def _stuck_ko(kernel):
    built, _ = modules.build(kernel, STUCK, "outside-stuck", ("Kbuild", "*.c"))
    return built["stuck"]


def run(tally, name, parts=""):
    """Build one module on both sides and test them in one Debian."""
    module, stock = MODULES[name], kernels.get("stock")
    built, _ = modules.build(stock)
    files = {"wpool.ko": built["wpool"]}
    for side in SIDES:
        files[f"on-{side}.ko"], origin, moved = build(stock, module, side)
        say(f"--- {name} on {side}: {origin}")
        if moved:
            _judge_move(tally, name, moved)
    if module.stuck:
        files["stuck.ko"] = _stuck_ko(stock)
    with debian.root() as root:
        (release,) = root.kernels()
        if release not in str(stock.build):
            raise Failed(f"Debian's kernel is {release}; the modules are for {stock.build}")
        root.run("packages", "apt-get -qy update; "
                             f"apt-get -qy --no-install-recommends install {module.packages}")
        files |= {script: machine.GUEST / script for script in ("report.sh", "cases.sh")}
        files["env"] = f"PARTS='{parts}'\nROUNDS={ROUNDS}\nRUNTIME={RUNTIME}\nSTUCK={module.stuck}\n"
        found = root.boot(release, module.script, files, limit=LIMIT)
    user.judge(tally, name, found)
    for line in table(found):
        say(line)
    say(f"--- {name}: {found.seconds:.1f} s")


def words_of(text):
    """The names of modules in what a user gave; Failed if there is another."""
    names = re.split(r"[ ,]+", text) if text else list(MODULES)
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        raise Failed(f"there is no {unknown[0]}: {', '.join(MODULES)}")
    return names
