# SPDX-License-Identifier: GPL-2.0
"""The packages in a Debian: installed, upgraded, with another kernel, booted, purged.

An administrator's steps, in a chroot but for the boots; nothing is done by hand that a
package or DKMS is to do.
"""
import pathlib
import re
import tempfile

from harness import apt, debian, debs, machine, modules, piuparts, proc, readme, user, versions
from harness.proc import say

# The version that consumers upgrade from, and its commit: its header is another one.
BEFORE, BEFORE_AT = "0.9.0", "07b5079c2ff4"
NEWER = "bookworm-backports"
LIMIT = 600  # seconds for a boot and its test
OURS = ("wpool", "squares")
# Written by apt, dpkg, dpkg's triggers and DKMS for their own ends, whatever is installed.
THEIRS = re.compile(r"(var/(log|cache|lib/(apt|dpkg|systemd/deb-systemd-helper-enabled))|tmp|run)(/|$)|"
                    r"var/lib/dkms/mok\.(key|pub)$")


def _older(folder):
    """The tree of the version before."""
    proc.output(["git", "clone", "-q", "--shared", "--no-checkout", modules.TREE, folder])
    proc.output(["git", "-C", folder, "checkout", "-q", BEFORE_AT])
    return folder


def _status(root, kernel):
    """{module: its version} of what DKMS has installed for that kernel."""
    lines = root.run("dkms status", "dkms status").splitlines()
    return dict(re.match(r"(\w+)/([^,]+), ", line).groups() for line in lines
                if f", {kernel}, " in line and line.endswith(": installed"))


def _fits(root, kernel):
    """Each symbol that the consumer takes from wpool has the version that wpool gives it."""
    given = root.run("symbols", f"cat /var/lib/dkms/wpool/kernel-{kernel}-*/Module.symvers")
    given = {line.split("\t")[1]: line.split("\t")[0] for line in given.splitlines()}
    taken = root.run("versions", f"modprobe --dump-modversions $(modinfo -k {kernel} -n squares)")
    taken = [line.split("\t")[::-1] for line in taken.splitlines() if "wpool_" in line]
    if not taken:
        yield "squares takes no symbol of wpool"
    for name, number in taken:
        if int(given.get(name, "0"), 16) != int(number, 16):
            yield f"{name}: squares has {number}, wpool {given.get(name)}"


def _expect(tally, what, root, kernel, version):
    wanted, got = {"wpool": version, "squares": "1.0"}, _status(root, kernel)
    tally.check(what, [] if got == wanted else [f"DKMS has {got}, not {wanted}"])
    tally.check(f"{what}: the consumer fits wpool", _fits(root, kernel))


def _examples(root):
    """The examples of the package, where they are read at boot."""
    root.run("examples", "cd /usr/share/doc/wpool-dkms/examples && "
             "cp modprobe.conf /etc/modprobe.d/wpool.conf && "
             "cp modules-load.conf /etc/modules-load.d/wpool.conf")


def _boot(tally, what, root, kernel, script="installed", secure=None):
    files = {name: machine.GUEST / name for name in ("report.sh", "cases.sh")}
    files["env"] = (f"KERNEL={kernel}\nVERSION={versions.version()}\n"
                    f"ENROLLED={'yes' if secure else 'no'}\n")
    run = root.boot(kernel, script, files, limit=LIMIT, secure=secure)
    user.judge(tally, what, run)
    say(f"--- {what}: {run.seconds:.1f} s")


def _boot_securely(tally, root, kernel):
    """With the key of DKMS enrolled, and without."""
    key = (root.top / "var/lib/dkms/mok.pub").read_bytes()
    _boot(tally, "Secure Boot", root, kernel, "secured", [key])
    _boot(tally, "Secure Boot without the key", root, kernel, "secured", [])


def _out(root, how):
    root.run(how, "rm /etc/modprobe.d/wpool.conf /etc/modules-load.d/wpool.conf; "
             f"apt-get -qy {how} wpool-dkms wpool-dev wpool-tools squares-dkms")


def upgraded(tally, now, before, consumer):
    """Installed in the version before, upgraded, booted, purged: nothing else has changed."""
    with debian.root() as root:
        fresh, (kernel,) = root.files(), root.kernels()
        root.install("install", before + consumer)
        _expect(tally, f"{BEFORE} and its consumer are installed", root, kernel, BEFORE)
        said = root.install("upgrade", now)
        tally.check("the upgrade says that it builds the consumer again",
                    [] if "building squares/1.0, which depends on it" in said else
                    ["it does not", *said.splitlines()])
        _expect(tally, f"{versions.version()} replaces it", root, kernel, versions.version())
        _examples(root)
        _boot(tally, f"Debian with {kernel}", root, kernel)
        _boot_securely(tally, root, kernel)
        _out(root, "purge")
        left = sorted(name for name in root.files() ^ fresh if not THEIRS.match(name))
        tally.check("purged, nothing else has come or gone", left)


def updated(tally, now, consumer):
    """Installed, and then another kernel is."""
    with debian.root() as root:
        (kernel,) = root.kernels()
        root.install("install", now + consumer)
        _expect(tally, "installed afresh", root, kernel, versions.version())
        tally.check("no link of the installed pages is dead", debs.link_faults(root.top))
        _examples(root)
        with open(root.top / "etc/apt/sources.list", "a", encoding="utf-8") as file:
            file.write(apt.sources(NEWER))
        root.run("another kernel",
                 f"apt-get -qy update; apt-get -qy -t {NEWER} install linux-image-{debian.FLAVOUR} "
                 f"linux-headers-{debian.FLAVOUR}")
        (newer,) = set(root.kernels()) - {kernel}
        _expect(tally, f"DKMS has built both for {newer}", root, newer, versions.version())
        _boot(tally, f"Debian with {newer}", root, newer)
        _out(root, "remove")
        tally.check("removed, nothing of it is left",
                    sorted(name for name in root.files() if not THEIRS.match(name)
                           and any(ours in name for ours in OURS)))


def updates(tally):
    with tempfile.TemporaryDirectory(prefix="wpool-debs-") as folder:
        folder = pathlib.Path(folder)
        now = debs.build(folder / "now")
        before = debs.build(folder / "before", _older(folder / "tree"))
        consumer = debs.build(folder / "consumer", debs.CONSUMER)
        with tally.part("upgrade"):
            upgraded(tally, now, before, consumer)
        with tally.part("another kernel"):
            updated(tally, now, consumer)


def run(tally, parts=""):
    """parts: packages, readme, piuparts; all if it names none."""
    wanted = parts.split() or ["packages", "readme", "piuparts"]
    if "packages" in wanted:
        updates(tally)
    if "readme" in wanted:
        with tally.part("README"):
            readme.run(tally)
    if "piuparts" in wanted:
        with tally.part("piuparts"):
            piuparts.run(tally)
