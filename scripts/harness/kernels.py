# SPDX-License-Identifier: GPL-2.0
"""The kernels that wpool is tested on: one line each in KERNELS."""
import dataclasses
import hashlib
import lzma
import os
import pathlib
import re
import shutil

from harness import apt, cache, proc
from harness.proc import Failed, say

CONFIGS = pathlib.Path(__file__).resolve().parent.parent / "configs"


@dataclasses.dataclass(frozen=True)
class Built:
    """Compiled here from Debian's source package, with the named fragments."""
    source: str
    release: str
    arch: str
    configs: tuple
    append: str = ""     # to its command line
    make: tuple = ()     # what make needs to be told besides: which compiler, what KASAN leaves out
    options: str = ""    # of the configuration, besides what is in the fragments


@dataclasses.dataclass(frozen=True)
class Packaged:
    """As Debian ships it: the image to boot and the headers to build against."""
    release: str
    # Debian's build tools for it want a newer C library and compiler than
    # bookworm's: make them from this source package.
    source: str = ""
    flavour: str = "cloud-amd64"
    arch: str = "x86_64"
    append: str = ""     # to its command line
    make: tuple = ()     # what make needs to be told besides


# What looks at all else, and is asked so often that KASAN in it takes a quarter of the time: later
# kernels leave it out of some of these themselves. A lock in memory that was freed is still
# seen, by the code of the lock.
UNWATCHED = tuple(f"KASAN_SANITIZE_{name}.o=n" for name in
                  ("lockdep", "debugobjects", "kmemleak", "stacktrace", "unwind_frame"))

# Without what a kernel may lack, by pairs: each two of these, had or not, meet in one of the
# rows or in debug, where they can be had so.
CORNERED = {"debugfs": "DEBUG_FS KUNIT_DEBUGFS FAULT_INJECTION_DEBUG_FS",
            "tracing": "TRACING FTRACE ENABLE_DEFAULT_TRACERS", "smp": "SMP HOTPLUG_CPU CPU_ISOLATION",
            "freezer": "SUSPEND PM_DEBUG", "kallsyms": "KALLSYMS", "unload": "MODULE_UNLOAD", "numa": "NUMA"}
NEWER = ("linux-source-7.2", "sid")
OLDER = ("linux-source-6.1", "bookworm")


def _corner(tree, preemption, hertz, lacks):
    options = [f"{option}=n" for lack in lacks.split() for option in CORNERED[lack].split()]
    if preemption != "PREEMPT":
        options += ["PREEMPT=n", f"{preemption}=y"]
    return Built(*tree, "x86_64", ("base", "x86", "corner"),
                 options=" ".join([*options, f"HZ_{hertz}=y"]))


# corners.py finds out whether all pairs are there.
CORNER_ROWS = (
    (OLDER, "PREEMPT", 100, "debugfs tracing smp freezer kallsyms unload numa"),
    (OLDER, "PREEMPT_NONE", 1000, "tracing freezer kallsyms"),
    (NEWER, "PREEMPT_LAZY", 1000, "debugfs smp unload numa"),
    (NEWER, "PREEMPT", 100, "debugfs kallsyms"),
    (OLDER, "PREEMPT_VOLUNTARY", 100, "tracing smp numa"),
    (NEWER, "PREEMPT", 1000, "tracing freezer unload numa"),
    (OLDER, "PREEMPT_VOLUNTARY", 1000, "debugfs freezer kallsyms unload"),
    (NEWER, "PREEMPT_LAZY", 100, "tracing freezer kallsyms"),
    (OLDER, "PREEMPT_NONE", 100, "debugfs smp unload numa"),
    (OLDER, "PREEMPT", 1000, "smp freezer kallsyms unload numa"),
    (NEWER, "PREEMPT", 1000, "debugfs smp kallsyms numa"),
)
CORNERS = {f"corner-{number}": _corner(*row) for number, row in enumerate(CORNER_ROWS, 1)}

# Where all takes several times as long, by an emulator or what the compiler adds: after how long
# the kernel says that something hangs, and a test that nothing comes.
PATIENT = "sysctl.kernel.hung_task_timeout_secs=240 watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
PATIENTLY = ("KCFLAGS=-DWPT_SECONDS=120",)

# An emulated serial port raises more interrupts than its thread has words to send.
SERIAL_ON_RT = "noirqdebug"

KERNELS = {
    # DEBUG_PREEMPT and PROVE_RCU_LIST are with uml: lockdep and KASAN have them at each step, which
    # is a fifth of all that is emulated.
    "debug": Built("linux-source-6.1", "bookworm", "x86_64", ("base", "x86", "debug"), make=UNWATCHED),
    "kcsan": Built("linux-source-6.1", "bookworm", "x86_64", ("base", "x86", "kcsan")),
    "debug-disk": Built("linux-source-6.1", "bookworm", "x86_64",
                        ("base", "x86", "debug", "disk", "outside")),
    "uml": Built("linux-source-7.2", "sid", "um", ("base", "uml")),
    "gcov": Built("linux-source-6.1", "bookworm", "x86_64", ("base", "x86", "gcov", "kprobes")),
    "uml-gcov": Built("linux-source-7.2", "sid", "um", ("base", "uml", "gcov")),
    "uml-isol": Built("linux-source-7.2", "sid", "um", ("base", "uml", "isol"), "isolcpus=domain,1"),
    "uml-bench": Built("linux-source-7.2", "sid", "um", ("bench",)),
    # Counts how often each lock is taken, and finds no fault.
    "locks": Built("linux-source-6.1", "bookworm", "x86_64", ("base", "x86"), options="LOCK_STAT=y"),
    "dwarf": Built("linux-source-6.1", "bookworm", "x86_64", ("base", "x86", "dwarf")),
    # 7.3 has renamed one.
    "next": Built("linux-source-7.3", "experimental", "um", ("base", "uml"),
                  options="PROC_SYSCTL=n SYSCTL=y"),
    "rt-debug": Built("linux-source-7.2", "sid", "x86_64", ("base", "x86", "rt"), SERIAL_ON_RT),
    "arm64-debug": Built("linux-source-7.2", "sid", "arm64", ("base", "arm64")),
    "i386-debug": Built("linux-source-7.2", "sid", "i386", ("base", "x86", "i386")),
    "s390x-debug": Built("linux-source-7.2", "sid", "s390", ("base", "s390"), PATIENT, PATIENTLY),
    # QEMU of Debian 12 describes its CPUs in the older way.
    "riscv64-debug": Built("linux-source-7.2", "sid", "riscv", ("base", "riscv"),
                           f"riscv_isa_fallback {PATIENT}", PATIENTLY),
    "clang": Built("linux-source-7.2", "sid", "x86_64", ("base", "x86", "clang"), make=("LLVM=-19",)),
    "kmsan": Built("linux-source-7.2", "sid", "x86_64", ("base", "x86", "kmsan"), PATIENT,
                   ("LLVM=-19", *PATIENTLY)),
    **CORNERS,
    "stock": Packaged("bookworm"),
    "6.12": Packaged("bookworm-backports"),
    "7.2": Packaged("sid", source="linux-source-7.2"),
    "rt": Packaged("bookworm", flavour="rt-amd64", append=SERIAL_ON_RT),
    "arm64": Packaged("bookworm", flavour="cloud-arm64", arch="arm64"),
    "i386": Packaged("bookworm", flavour="686-pae", arch="i386"),
    "s390x": Packaged("bookworm", flavour="s390x", arch="s390"),
    "riscv64": Packaged("sid", source="linux-source-7.2", flavour="riscv64", arch="riscv",
                        append="riscv_isa_fallback"),
}
# Of another architecture than this machine's: compilers' prefix, and Debian's name for it.
CROSS = {"arm64": "aarch64-linux-gnu-", "i386": "i686-linux-gnu-", "s390": "s390x-linux-gnu-",
         "riscv": "riscv64-linux-gnu-"}
DEBIAN = {"arm64": "arm64", "i386": "i386", "s390": "s390x", "riscv": "riscv64"}
IMAGE = {"um": "linux", "x86_64": "arch/x86/boot/bzImage", "i386": "arch/x86/boot/bzImage",
         "arm64": "arch/arm64/boot/Image", "s390": "arch/s390/boot/bzImage",
         "riscv": "arch/riscv/boot/Image"}


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    arch: str            # as the kernel calls it
    key: str             # changes whenever the kernel does
    build: pathlib.Path  # what modules are built against
    image: pathlib.Path = None
    modules: pathlib.Path = None  # its own loadable modules, if it has any
    make: tuple = ()     # what make needs to be told for this kernel
    busybox: pathlib.Path = pathlib.Path("/bin/busybox")
    append: str = ""     # to its command line

    def has(self, option):
        return f"\n{option}=" in (self.build / ".config").read_text()

    @property
    def cross(self):
        """What the names of its compiler and its binutils begin with."""
        return CROSS.get(self.arch, "")


def names():
    return list(KERNELS)


def get(name):
    """The kernel, made if need be."""
    if name not in KERNELS:
        raise Failed(f"no kernel '{name}'; there are: {' '.join(KERNELS)}")
    spec = KERNELS[name]
    return _built(name, spec) if isinstance(spec, Built) else _packaged(name, spec)


def _jobs():
    return f"-j{proc.cpus()}"


# --- kernels compiled here -------------------------------------------------

def source(package, release):
    """The unpacked tree of a linux-source package, and its version."""
    release = apt.Release(release)
    version = release.version(package)
    tree = cache.folder("source") / f"{package}_{version}"
    with cache.lock(f"source-{package}"):
        if not cache.ready(tree):
            deb = release.unpack(package)
            tarball = next(deb.glob("usr/src/linux-source-*.tar.*"))
            say(f"{package} {version}: unpacking")
            tree.mkdir(exist_ok=True)
            proc.run(f"unpack {package}", ["tar", "-C", tree, "--strip-components=1", "-xf", tarball],
                     tree / ".unpack.log")
            cache.mark_ready(tree)
            shutil.rmtree(deb)
    return tree, version


def _built(name, spec):
    tree, version = source(spec.source, spec.release)
    wanted = "".join((CONFIGS / f"{part}.config").read_text() for part in spec.configs)
    wanted += "".join(f"CONFIG_{option}\n" for option in spec.options.split())
    words = _words(spec)
    compiler = proc.output(_compiler(spec))
    told = "".join(spec.make)
    digest = hashlib.sha256((wanted + spec.arch + compiler + told).encode()).hexdigest()[:10]
    key = f"{name}-{version}-{digest}"
    build = cache.folder("kernel") / key
    with cache.lock(f"kernel-{key}"):
        if not cache.ready(build):
            _compile(name, spec, tree, build, wanted, words)
            cache.prune(build.parent, f"{name}-*")
        cache.mark_ready(build)
    kernel = Kernel(name, spec.arch, key, build, build / IMAGE[spec.arch], make=words,
                    append=spec.append)
    return _with_busybox(kernel, spec)


def _words(spec):
    """What make needs to be told for it."""
    cross = CROSS.get(spec.arch, "")
    return (f"ARCH={spec.arch}", *([f"CROSS_COMPILE={cross}"] if cross else ()), *_nm(spec, cross),
            *spec.make)


def _nm(spec, cross):
    """Which nm is asked about each object that is made.

    6.1 asks it of each, and plain nm loads all plug-ins that it finds: where LLVM has left its
    own, that takes a sixth of what modules take to make. The compiler's loads its own alone.
    """
    return () if any(word.startswith("LLVM=") for word in spec.make) else (f"NM={cross}gcc-nm",)


def _compiler(spec):
    """The command that says the version of its compiler."""
    for word in spec.make:
        if word.startswith("LLVM="):
            return [f"clang{word.removeprefix('LLVM=')}", "-dumpversion"]
    return [f"{CROSS.get(spec.arch, '')}gcc", "-dumpfullversion"]


def _with_busybox(kernel, spec):
    """What a kernel of another architecture runs, of that architecture."""
    if not kernel.cross:
        return kernel
    release = apt.Release(spec.release, DEBIAN[kernel.arch])
    top = release.unpack("busybox-static")
    return dataclasses.replace(kernel, busybox=next(top.rglob("bin/busybox")))


def _compile(name, spec, tree, build, wanted, words):
    say(f"kernel {name}: building {spec.source} once; it is kept in {build}")
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    make = ["make", "-s", "-C", tree, f"O={build}", *words]
    fragment = build / "wanted.config"
    fragment.write_text(wanted)
    proc.run(f"kernel {name}: configure", [*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"],
             build / "configure.log", behind=True)
    verify_config(wanted, (build / ".config").read_text(), name)
    proc.run(f"kernel {name}", [*make, _jobs()], build / "build.log", limit=7200, behind=True,
             progress=lambda: f"({_objects(build)} objects so far)")


def _objects(build):
    """How many there are; folders may vanish while they are counted."""
    return sum(name.endswith(".o") for _, _, names in os.walk(build) for name in names)


def verify_config(wanted, got, name):
    """Kconfig drops what it cannot have without a word: say so and stop. The last fragment wins."""
    lines = set(got.splitlines())
    missing = []
    for symbol, value in dict(re.findall(r"^(CONFIG_\w+)=(.*)$", wanted, re.M)).items():
        absent = not any(have.startswith(f"{symbol}=") for have in lines)
        if f"{symbol}={value}" not in lines and not (value == "n" and absent):
            missing.append(f"{symbol}={value}")
    if missing:
        raise Failed(f"kernel {name}: not in its .config although asked for: {' '.join(missing)}")


# --- kernels as Debian ships them ------------------------------------------

def _release(spec):
    return apt.Release(spec.release, DEBIAN.get(spec.arch, ""))


def _packaged(name, spec):
    release = _release(spec)
    package = release.depends(f"linux-headers-{spec.flavour}",
                              rf"linux-headers-[0-9][^ ,]*-{spec.flavour}")
    key = f"{name}-{release.version(package)}"
    top = cache.folder("headers") / key
    build = top / "usr/src" / package
    with cache.lock(f"kernel-{name}"):
        if not (cache.ready(top) and build.exists()):
            shutil.rmtree(top, ignore_errors=True)
            _headers(spec, release, package, top)
            if spec.source:
                _refit(name, spec, top, build)
            cache.mark_ready(top)
    # No BTF: it needs the very pahole that built the kernel, and tests nothing here.
    words = ("CONFIG_DEBUG_INFO_BTF_MODULES=", f"CC={CROSS.get(spec.arch, '')}gcc", *_words(spec))
    return Kernel(name, spec.arch, key, build, make=words, append=spec.append)


def _headers(spec, release, package, top):
    """Debian's headers, made to work from where they lie, with tools that run here."""
    common = release.depends(package, r"linux-headers-[^ ,]*-common[^ ,]*")
    kbuild = release.depends(package, r"linux-kbuild-[^ ,]*")
    for source, part in ((release, package), (release, common), (apt.Release(spec.release), kbuild)):
        shutil.copytree(source.unpack(part), top, symlinks=True, dirs_exist_ok=True)
    (top / ".ready").unlink(missing_ok=True)
    makefile = top / "usr/src" / package / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{top}/usr/src/"))


def _refit(name, spec, top, build):
    """Replace build tools that cannot run here, and forget what this compiler lacks.

    The configuration stays Debian's in all that shapes a structure, so that
    the modules load into Debian's kernel.
    """
    say(f"kernel {name}: making its build tools for this machine")
    tree, _ = source(spec.source, spec.release)
    made = top / "tools"
    made.mkdir()
    shutil.copy(build / ".config", made)
    make = ["make", "-s", "-C", tree, f"O={made}", *_words(spec)]
    proc.run(f"kernel {name}: configure", [*make, "olddefconfig"], top / "configure.log", behind=True)
    proc.run(f"kernel {name}: tools", [*make, _jobs(), "modules_prepare"], top / "prepare.log",
             behind=True)
    for tool in next(top.glob("usr/lib/linux-kbuild-*")).rglob("*"):
        own = made / tool.relative_to(next(top.glob("usr/lib/linux-kbuild-*")))
        if own.is_file() and own.read_bytes()[:4] == b"\x7fELF":
            shutil.copy(own, tool)
    fitted = (made / ".config").read_text()
    known = r"^(CONFIG_(?:(?:CC_(?:HAS|OPT)|TOOLCHAIN_HAS)_|RISCV_ISA_Z)\w+)="
    lacking = [symbol for symbol in re.findall(known, (build / ".config").read_text(), re.M)
               if f"\n{symbol}=" not in fitted]
    for part in ("include/config/auto.conf", "include/generated/autoconf.h"):
        lines = (build / part).read_text().splitlines(keepends=True)
        (build / part).write_text("".join(line for line in lines if not any(
            re.search(rf"\b{symbol}\b", line) for symbol in lacking)))


def bootable(kernel):
    """A packaged kernel with its image and its own modules fetched too."""
    if kernel.image:
        return kernel
    spec = KERNELS[kernel.name]
    release = _release(spec)
    package = release.depends(f"linux-image-{spec.flavour}",
                              rf"linux-image-[0-9][^ ,]*-{spec.flavour}")
    abi = package[len("linux-image-"):]
    # Newer releases ship the image and the modules apart.
    parts = re.findall(rf"linux-(?:binary|modules)-{re.escape(abi)}", release.fields(package)["Depends"])
    tops = [release.unpack(part) for part in [package, *parts]]

    def find(*patterns):
        return next(path for pattern in patterns for top in tops for path in top.glob(pattern))

    image = find(f"boot/vmlinuz-{abi}", f"usr/lib/modules/{abi}/vmlinuz")
    modules = find(f"lib/modules/{abi}/kernel", f"usr/lib/modules/{abi}/kernel")
    return _with_busybox(dataclasses.replace(kernel, image=image, modules=modules), spec)


def own_modules(kernel, *wanted):
    """A packaged kernel's own modules, each after those that it needs: paths, or what is in them.

    What is built in is left out.
    """
    files = {path.name.split(".")[0].replace("-", "_"): path
             for path in kernel.modules.rglob("*.ko*")}
    order = {}

    def add(name):
        needs = proc.output(["modinfo", "-F", "depends", files[name]]).strip().replace("-", "_")
        for need in needs.split(","):
            if need and need not in order:
                add(need)
        path = files[name]
        order[name] = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path

    for name in wanted:
        if name in files:
            add(name)
    return order
