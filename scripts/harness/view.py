# SPDX-License-Identifier: GPL-2.0
"""What looks at pools, in scripts/view: used in a machine with a Debian's programs on a disk."""
import dataclasses
import io
import pathlib
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile

from harness import cache, debian, kernels, machine, modules, report, user

PACKAGES = ("bpftrace", "trace-cmd", "linux-perf", "python3", "python3-drgn", "tmux", "procps", "kmod")
VIEW = modules.TREE / "scripts/view"
FIXTURES = modules.TREE / "scripts/fixtures"
ADMIN = modules.TREE / "Documentation/admin.md"
LIMIT = 600  # seconds: bpftrace compiles, in an emulated machine


def consumer(kernel, what="view"):
    """The module whose pools are looked at."""
    symbols = modules.home(kernel) / "Module.symvers"
    user.link_anew(modules.home(kernel, what))
    return modules.build(kernel, FIXTURES / what, what, ("Kbuild", "*.[ch]"),
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


def boot(kernel, inside, files=None, limit=LIMIT, disk=None, own=(), **more):
    """Run guest/<inside> in a Debian with the programs; files: {name: a Path or bytes} beside it.

    disk: of a Debian with others; own: modules of the kernel's own that it needs besides.
    """
    own = kernels.own_modules(kernel, "virtio_pci", "virtio_blk", *own) if kernel.modules else {}
    packed = _tar({**user.scripts(), "inside.sh": machine.GUEST / inside, "usleep": kernel.busybox,
                   **(files or {})})
    content = {f"{name}.ko": where for name, where in own.items()}
    content |= {"report.sh": machine.GUEST / "report.sh", "files.tar": packed,
                "env": f"OWN_MODULES='{' '.join(own)}'\n"}
    return machine.boot(kernel, "view", content, limit=limit,
                        drives=[disk or debian.disk_with("debian-view", PACKAGES)], **more)


def stock():
    """The kernel as Debian ships it, and {file: contents} of the modules to be looked at."""
    kernel = kernels.bootable(kernels.get("stock"))
    built, _ = modules.build(kernel)
    photos, warned = consumer(kernel)
    return kernel, {"wpool.ko": built["wpool"], "photos.ko": photos["photos"]}, warned


def mistakes(name):
    """What guest/mistakes sees on that kernel, and what the compiler said of the modules that make them."""
    kernel = kernels.bootable(kernels.get(name))
    built, _ = modules.build(kernel)
    made, warned = consumer(kernel, "mistakes")
    files = {"wpool.ko": built["wpool"], **{f"{module}.ko": made[module] for module in made},
             "env": f"DEBUG={kernel.has('CONFIG_DEBUG_OBJECTS') or ''}\n", **user.scripts()}
    return machine.boot(kernel, "mistakes", files, limit=LIMIT), warned


def document(run, name):
    """What the machine has reported under that name, or nothing."""
    return (report.named(run.report, name) or [""])[-1]


class Dumper:
    """Has QEMU write a machine's memory down once its kernel has crashed."""

    def __init__(self, folder):
        self.monitor, self.dump = folder / "monitor", folder / "dump"
        self.words = ("-monitor", f"unix:{self.monitor},server,nowait", "-device", "vmcoreinfo")

    def enough(self, console):
        if "end Kernel panic" not in console:
            return False
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(str(self.monitor))
            said = talk.makefile("rw")
            said.write(f"dump-guest-memory -p {self.dump}\ninfo status\n")
            said.flush()
            for line in said:
                if "VM status" in line:  # the one before has ended
                    return True
        return False


def crashed(tally, name="dwarf"):
    """drgn in a kernel that runs, and then on what is left of it."""
    kernel = kernels.get(name)
    built, _ = modules.build(kernel)
    photos, _ = consumer(kernel)
    with tempfile.TemporaryDirectory(prefix="wpool-drgn-", dir=cache.folder("debian-view")) as scratch:
        scratch = pathlib.Path(scratch)
        symbols = scratch / "symbols"
        symbols.mkdir()
        shutil.copy(kernel.build / "vmlinux", symbols)
        for module in (("wpool", built), ("photos", photos)):
            (symbols / f"{module[0]}.ko").write_bytes(module[1][module[0]])
        debian.make_disk(symbols, scratch / "disk", 16 << 20)
        dumper = Dumper(scratch)
        files = {f"{each}.ko": symbols / f"{each}.ko" for each in ("wpool", "photos")}
        files["typed"] = re.search(r"^sudo drgn .*\n", ADMIN.read_text(), re.M)[0].encode()
        done = boot(kernel, "drgn.sh", files,
                    words=("-drive", f"file={scratch / 'disk'},format=raw,if=virtio,readonly=on",
                           *dumper.words), append="panic=0", memory=768, enough=dumper.enough)
        # It is not to come to its end.
        user.judge(tally, "drgn", dataclasses.replace(done, why=done.why.replace(machine.ENOUGH, "")))
        tally.check("drgn reads one that has crashed", _of_dump(symbols, dumper.dump, done))


def _of_dump(symbols, dump, done):
    if not dump.exists():
        yield "there is no dump of it"
        return
    said = subprocess.run(["/usr/bin/drgn", "-c", dump, "--no-default-symbols",
                           *(word for path in symbols.iterdir() for word in ("-s", path)),
                           VIEW / "wpool.drgn"], text=True, capture_output=True, check=False, timeout=120)
    pid = document(done, "pid")
    for line in (f", pid {pid}: running", "in write_index(", "upload: WPOOL_STATE_RUNNING, 2 running of 2"):
        if line not in said.stdout:
            yield f"it does not say: {line}"
            yield from (said.stdout + said.stderr).splitlines()[-20:]
            return


def run(tally):
    kernel, files, warned = stock()
    tally.check("the consumer that is looked at builds without a warning", warned)
    for what, inside in (("wpool-top", "top.sh"), ("tracers", "trace.sh")):
        with tally.part(what):
            user.judge(tally, what, boot(kernel, inside, files))
    with tally.part("drgn"):
        crashed(tally)
    for name in ("stock", "debug"):
        with tally.part(f"mistakes on {name}"):
            done, warned = mistakes(name)
            tally.check(f"the modules that make mistakes on {name} build without a warning", warned)
            user.judge(tally, f"mistakes on {name}", done)
