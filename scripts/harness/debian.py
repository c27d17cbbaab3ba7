# SPDX-License-Identifier: GPL-2.0
"""A Debian of its own: made once, copied for each run, changed in a chroot, booted from a disk.

Root is needed for it. Nothing outlives a run: what is mounted is so in a namespace.
"""
import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import apt, cache, kernels, machine, proc
from harness.proc import Failed, say

RELEASE = "bookworm"
FLAVOUR = "cloud-amd64"
PACKAGES = (f"linux-image-{FLAVOUR}", f"linux-headers-{FLAVOUR}", "dkms", "initramfs-tools", "kmod",
            "openssl", "python3", "systemd-sysv", "udev")
SPARE = 512 << 20  # bytes of the disk beyond what is on it
UNIT = "etc/systemd/system/wpool-test.service"
STARTER = "etc/systemd/system/multi-user.target.wants/wpool-test.service"
# The folder that it is in, and a command for sh there.
INSIDE = """
mount -t proc proc "$0/proc"
cp /etc/resolv.conf "$0/etc/"
exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root \\
	DEBIAN_FRONTEND=noninteractive sh -euc "$1"
"""


# What is mounted, and which process runs, only as long as the command.
ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def _make_base(tar, packages):
    options = [word for line in apt.settings() for word in ("--aptopt", line)]
    with tempfile.TemporaryDirectory(prefix="wpool-root-", dir=tar.parent) as scratch:
        made = pathlib.Path(scratch) / "made"
        proc.run("mmdebstrap", [*ALONE, "mmdebstrap", "--mode=root", "--format=tar", "--variant=minbase",
                                f"--include={','.join(packages)}", *options, RELEASE, made,
                                *apt.sources(RELEASE).splitlines()],
                 tar.with_suffix(".log"), limit=900, env={**os.environ, "TMPDIR": scratch})
        made.rename(tar)


def _tar(folder, packages, release):
    what = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    return folder / f"{RELEASE}-{release.version(packages[0])}-{what}.tar"


def _base(folder, packages):
    """The files of a fresh one with these packages, in a tar in that folder."""
    if os.geteuid():
        raise Failed("This installs packages in a Debian of its own, and needs root to make one.")
    with cache.lock(folder.name):
        tar = _tar(folder, packages, apt.Release(RELEASE))
        if not tar.exists():
            # mmdebstrap takes the newest that the mirror has: the name is to say which.
            tar = _tar(folder, packages, apt.Release(RELEASE, at_once=True))
            for stale in [*folder.glob("*.tar"), *folder.glob("*.disk"), *folder.glob("archives/*.deb")]:
                stale.unlink()
            say(f"{folder.name}: making a root of {RELEASE}")
            _make_base(tar, packages)
    return tar


def prepare():
    """Make what root() copies, if need be: a kernel of Debian that is got afterwards is the same."""
    _base(cache.folder("debian"), PACKAGES)


def make_disk(root, disk, spare):
    """A file system of what is in a folder, with so many bytes beyond."""
    used = int(proc.output(["du", "-sB1", root]).split()[0])
    disk.unlink(missing_ok=True)
    proc.run("disk", ["mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", root, disk,
                      f"{(used * 5 // 4 + spare) >> 10}k"], disk.with_suffix(".log"))


def disk_with(name, packages):
    """A disk with these packages installed, which is not to be changed."""
    folder = cache.folder(name)
    disk = _base(folder, packages).with_suffix(".disk")
    with cache.lock(f"{name}-disk"), tempfile.TemporaryDirectory(prefix="wpool-root-", dir=folder) as top:
        if not disk.exists():
            made = pathlib.Path(top) / "disk"
            _unpack(disk.with_suffix(".tar"), pathlib.Path(top) / "root")
            make_disk(pathlib.Path(top) / "root", made, 16 << 20)
            made.rename(disk)
    return disk


def _unpack(tar, target):
    target.mkdir()
    subprocess.run(["tar", "-C", target, "-xf", tar], check=True)


class Root:
    """One that may be changed."""

    def __init__(self, top):
        self.top, self.scratch = top / "root", top

    def run(self, what, command):
        """What a shell in it says; Failed if it fails."""
        log = self.scratch / "command.log"
        with self._archives():
            proc.run(what, [*ALONE, "sh", "-euc", INSIDE, self.top, command], log, limit=900)
        return log.read_text(errors="replace")

    @contextlib.contextmanager
    def _archives(self):
        """What apt has fetched in a run before is there, and what it fetches is kept."""
        kept, own = cache.folder("debian", "archives"), self.top / "var/cache/apt/archives"
        for path in kept.glob("*.deb"):
            os.link(path, own / path.name)
        try:
            yield
        finally:
            for path in own.glob("*.deb"):
                with contextlib.suppress(FileExistsError):
                    os.link(path, kept / path.name)
                path.unlink()

    def install(self, what, packages):
        """Install .deb files as an administrator does, with what they depend on; what apt says."""
        for path in packages:
            shutil.copy(path, self.top / "tmp")
        named = " ".join(f"/tmp/{path.name}" for path in packages)
        said = self.run(what, f"apt-get -qy update; apt-get -qy install {named}")
        for path in packages:
            (self.top / "tmp" / path.name).unlink()
        return said

    def kernels(self):
        return sorted(path.name for path in (self.top / "lib/modules").iterdir())

    def files(self):
        """The names of all that is in it."""
        return {str(path.relative_to(self.top)) for path in self.top.rglob("*")}

    @contextlib.contextmanager
    def _with_test(self, script, files):
        """While a disk is made: the test, and what starts it at boot."""
        folder = self.top / "wpool-test"
        folder.mkdir()
        shutil.copy(machine.GUEST / "debian.service", self.top / UNIT)
        (self.top / STARTER).symlink_to(f"/{UNIT}")
        for name, content in {"start": machine.GUEST / "debian", "test": machine.GUEST / script,
                              **files}.items():
            if isinstance(content, pathlib.Path):
                content = content.read_bytes()
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            yield
        finally:
            (self.top / STARTER).unlink()
            (self.top / UNIT).unlink()
            shutil.rmtree(folder)

    def boot(self, release, script, files, limit=300, secure=None, empty=0):
        """Boot it with its kernel of that release, and run guest/<script> there; the rest: see there."""
        disk = self.scratch / "disk"
        with self._with_test(script, files):
            make_disk(self.top, disk, SPARE)
        kernel = kernels.Kernel(
            "debian", "x86_64", f"debian-{release}", self.top / f"usr/src/linux-headers-{release}",
            image=self.top / f"boot/vmlinuz-{release}")
        return machine.boot_disk(kernel, self.top / f"boot/initrd.img-{release}", disk, script, limit=limit,
                                 secure=secure, empty=empty)


@contextlib.contextmanager
def root():
    """A fresh one, which is gone at the end."""
    base = _base(cache.folder("debian"), PACKAGES)
    with tempfile.TemporaryDirectory(prefix="wpool-root-", dir=cache.folder("debian")) as top:
        made = Root(pathlib.Path(top))
        _unpack(base, made.top)
        yield made
