# SPDX-License-Identifier: GPL-2.0
"""What looks at pools, in scripts/view: used in a machine with a Debian's programs on a disk."""
import io
import pathlib
import random
import tarfile
import tempfile

from harness import debian, kernels, machine, modules, report, user
from harness.proc import Failed

PACKAGES = ("bpftrace", "trace-cmd", "linux-perf", "python3", "python3-drgn", "tmux", "procps", "kmod")
VIEW = modules.TREE / "scripts/view"
FIXTURE = modules.TREE / "scripts/fixtures/view"
LIMIT = 400  # seconds
# The sample whose pool is plotted, and a disk that is slow.
CRC, CRC_SIZE, SLOW = "chunk=131072 workers=4", 24 << 20, 2 << 20  # bytes, and bytes a second


def consumer(kernel):
    """The module whose pools are looked at."""
    symbols = modules.home(kernel) / "Module.symvers"
    return modules.build(kernel, FIXTURE, "view", ("Kbuild", "*.c"),
                         ("W=1", f"WPOOL_INCLUDE={modules.TREE / 'include'}",
                          f"KBUILD_EXTRA_SYMBOLS={symbols}"))


def _tar(files):
    """{name: a Path or bytes} and scripts/view, in a tar."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(VIEW, "view", filter=lambda info: None if "__pycache__" in info.name else info)
        for name, content in files.items():
            data = content.read_bytes() if isinstance(content, pathlib.Path) else content
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def boot(kernel, inside, files=None, limit=LIMIT, **more):
    """Run guest/<inside> in a Debian with the programs; files: {name: a Path or bytes} beside it."""
    own = kernels.own_modules(kernel, "virtio_pci", "virtio_blk") if kernel.modules else {}
    packed = _tar({**user.scripts(), "inside.sh": machine.GUEST / inside, "usleep": kernel.busybox,
                   **(files or {})})
    content = {f"{name}.ko": where for name, where in own.items()}
    content |= {"report.sh": machine.GUEST / "report.sh", "files.tar": packed,
                "env": f"OWN_MODULES='{' '.join(own)}'\n"}
    return machine.boot(kernel, "view", content, limit=limit,
                        drives=[debian.disk_with("debian-view", PACKAGES)], **more)


def stock():
    """The kernel as Debian ships it, and {file: contents} of the modules to be looked at."""
    kernel = kernels.bootable(kernels.get("stock"))
    built, _ = modules.build(kernel)
    photos, warned = consumer(kernel)
    return kernel, {"wpool.ko": built["wpool"], "photos.ko": photos["photos"]}, warned


def document(run, name):
    """What the machine has reported under that name, or nothing."""
    return (report.named(run.report, name) or [""])[-1]


def looks_at_crc():
    """What wpool-top sees of the sample wpool_crc, a line of JSON each."""
    kernel = kernels.bootable(kernels.get("stock"))
    built, _ = modules.build(kernel, samples="crc")
    files = {f"{name}.ko": built[name] for name in ("wpool", "wpool_crc")}
    files["env"] = f"CRC='{CRC}'\n".encode()
    with tempfile.TemporaryDirectory(prefix="wpool-crc-") as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "root").mkdir()
        (scratch / "root/data").write_bytes(random.Random(1).randbytes(CRC_SIZE))
        debian.make_disk(scratch / "root", scratch / "disk", 16 << 20)
        slow = f"file={scratch / 'disk'},format=raw,if=virtio,readonly=on,throttling.bps-read={SLOW}"
        done = boot(kernel, "plot.sh", files, words=("-drive", slow))
    if done.why:
        raise Failed("\n".join([done.why, *done.console.splitlines()[-20:]]))
    return document(done, "looks")


def run(tally):
    kernel, files, warned = stock()
    tally.check("the consumer that is looked at builds without a warning", warned)
    for what, inside in (("wpool-top", "top.sh"),):
        with tally.part(what):
            user.judge(tally, what, boot(kernel, inside, files))
