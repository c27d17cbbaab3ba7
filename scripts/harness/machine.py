# SPDX-License-Identifier: GPL-2.0
"""One small machine: boot a kernel, run a script in it, bring back what it reported.

The report comes on a channel of its own beside the console, and its last line
must be "@done": a machine that panics, hangs or is cut off has not written it.
"""
import dataclasses
import functools
import pathlib
import re
import subprocess
import tempfile
import time

from harness import apt, cache, efi, initramfs, ktap, modules, proc, results
from harness.proc import say

GUEST = pathlib.Path(__file__).resolve().parent.parent / "guest"
LAST = "@done"
ENOUGH = "stopped, for it had said enough"
MEMORY = 1024  # MB
LOOK = 0.5  # seconds between two looks at the console
# Where so many virtual CPUs share a real one, those that wait for a lock with interrupts off, mostly one
# of lockdep's, may keep its holder off for longer than RCU waits for a CPU.
CROWD = 8
# And the timer of the scheduler's fair server warns if its CPU was off for long, and another has started
# it meanwhile: so guest/init does without these servers.
PATIENT = ("rcupdate.rcu_cpu_stall_timeout=120", "wpool_fair_server=0")
KVM_ANSWER = 8  # seconds: a boot under KVM takes one or two
# Loud, complete and final: every message on the console, no reboot after a panic.
APPEND = ("panic=-1 ignore_loglevel log_buf_len=4M printk.devkmsg=on "
          "kunit.enable=1 kunit.autorun=1")


@dataclasses.dataclass(frozen=True)
class Kind:
    """What QEMU makes of an architecture."""
    start: tuple  # the program, and the machine that it is to be
    tcg: tuple    # how it is emulated
    report: tuple # its second serial port, to a file
    append: str   # where the kernel has its console and its report


QEMU = {
    # QEMU 7.2 emulates cmpxchg16b with garbled flags, of which 6.12's slab allocator dies.
    # At boot x86 counts the ticks of a few milliseconds, and panics if there are none: an
    # emulated machine may just have had to wait for its turn.
    "x86_64": Kind(("qemu-system-x86_64",), ("-cpu", "max,-cx16"), ("-serial", "file:{}"),
                   "console=ttyS0 wpool_report=ttyS1 no_timer_check"),
    # As AMD's it would warn that it is none for several CPUs, and lockdep would be off from then on.
    # It cannot do without cmpxchg8b, of which the same is true: see BETTER.
    "i386": Kind(("qemu-system-i386",), ("-cpu", "max,vendor=GenuineIntel"), ("-serial", "file:{}"),
                 "console=ttyS0 wpool_report=ttyS1 no_timer_check"),
    # Pointers signed as the architecture says take most of an emulator's time.
    "arm64": Kind(("qemu-system-aarch64", "-M", "virt,gic-version=3"),
                  ("-cpu", "max,pauth-impdef=on"),
                  ("-chardev", "file,id=report,path={}", "-device", "pci-serial,chardev=report"),
                  "console=ttyAMA0 wpool_report=ttyS0"),
    "s390": Kind(("qemu-system-s390x", "-M", "s390-ccw-virtio"), ("-cpu", "max"),
                 ("-device", "virtio-serial-ccw", "-chardev", "file,id=report,path={}",
                  "-device", "virtconsole,chardev=report"),
                 "console=ttysclp0 wpool_report=hvc0"),
    "riscv": Kind(("qemu-system-riscv64", "-M", "virt"), ("-cpu", "rv64"),
                  ("-chardev", "file,id=report,path={}", "-device", "pci-serial,chardev=report"),
                  "console=ttyS0 wpool_report=ttyS1"),
}


# The driver of the serial port takes a lock that may sleep on PREEMPT_RT. So where lockdep minds
# that, the first message out of a hard interrupt would turn it off for the rest of the run; and
# one always comes if the machine is slow ("hrtimer: interrupt took ..."). What the kernel writes
# to at boot takes none. That is no terminal: see guest/init for what the guest says itself.
LOCKLESS = {"x86": "console=null earlyprintk=serial,ttyS0,115200,keep wpool_console=ttyS0",
            "riscv": "console=null earlycon=uart8250,mmio,0x10000000 keep_bootcon wpool_console=ttyS0"}


def _console_of(kernel, append):
    """What is appended, with a console that does not meet lockdep's own rules."""
    if kernel.has("CONFIG_PROVE_RAW_LOCK_NESTING"):
        kind = "riscv" if kernel.arch == "riscv" else "x86"
        return append.replace("console=ttyS0", LOCKLESS[kind])
    return append


# The version of QEMU that emulates these right, and the package that has it: 7.2 garbles flags of i386,
# and has s390x meet faults at addresses that nothing there reads, of which an insmod died.
SOUND = 8
BETTER = {"i386": "qemu-system-x86", "s390": "qemu-system-s390x"}


@dataclasses.dataclass
class Run:
    console: str
    report: str
    seconds: float
    why: str = ""  # why there is no verdict; empty if there is one


def programs(kernel, *names):
    """The guest's static C programs."""
    made = {}
    for name in names:
        source = GUEST / f"{name}.c"
        target = modules.home_of_all() / f"{name}{kernel.cross and '-' + kernel.arch}"
        with cache.lock(f"program-{target.parent.name}-{target.name}"):
            if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
                partial = target.with_suffix(".partial")
                proc.run(f"guest's {name}",
                         [f"{kernel.cross}gcc", "-static", "-O1", "-Wall", "-Werror", "-D_GNU_SOURCE",
                          "-D_FILE_OFFSET_BITS=64", "-o", partial, source], target.with_suffix(".log"))
                partial.rename(target)
        made[name] = target
    return made


def boot(kernel, script, files=None, programs=None, cpus=2, memory=MEMORY, limit=300, drives=(), append="",
         watch=None, enough=None, accel=None, words=()):
    """Run guest/<script> in a machine; watch(line) sees each report line as it comes.

    enough(console): whether it may be stopped, because it has said enough.
    words: what QEMU is told besides.
    """
    content = {"init": (GUEST / "init", True), "bin/busybox": (kernel.busybox, True),
               "test": (GUEST / script, False)}
    if kernel.arch == "s390" and kernel.modules:
        content["virtio_console.ko"] = (kernel.modules / "drivers/char/virtio_console.ko", False)
    content.update({name: (data, False) for name, data in (files or {}).items()})
    content.update({name: (data, True) for name, data in (programs or {}).items()})
    with tempfile.TemporaryDirectory(prefix="wpool-vm-") as scratch:
        scratch = pathlib.Path(scratch)
        initramfs.write(scratch / "initrd", content)
        append = f"{kernel.append} {append}"
        if kernel.arch == "um":
            command = _uml(kernel, scratch, cpus, memory, append)
        else:
            accel = accel or _acceleration(kernel)
            command = _qemu(kernel, scratch, cpus, memory, append, drives, accel) + list(words)
        # A user-mode Linux beside it suffers more where CPUs are few: one of its own spins for a
        # lock while the one that has it is put off.
        run = _keep(script, command, scratch, limit, watch, enough, behind=kernel.arch != "um")
        run.why = run.why or lacking(run.console, cpus)
        return run


def lacking(console, cpus):
    """A kernel uses no more CPUs than it was made for; one without SMP does not say how many."""
    brought = re.search(r"Brought up .* (\d+) CPU", console)
    return f"it has {brought[1]} CPUs, not {cpus}" if brought and int(brought[1]) < cpus else ""


def boot_disk(kernel, initrd, disk, what, cpus=2, memory=MEMORY, limit=300, secure=None, empty=0):
    """Boot what is installed on a disk, which stays as it is; what: its name in the results.

    secure: by UEFI with Secure Boot, with these keys (DER) of the machine's owner.
    empty: so many bytes has a second disk, on which nothing is.
    """
    with tempfile.TemporaryDirectory(prefix="wpool-vm-") as scratch:
        scratch = pathlib.Path(scratch)
        accel, words = _acceleration(kernel), "root=LABEL=root rw"
        if secure is None:
            (scratch / "initrd").symlink_to(initrd)
            command = _qemu(kernel, scratch, cpus, memory, words, (), accel)
        else:
            command = _hardware(kernel, scratch, cpus, memory, accel)
            command += efi.machine(scratch, kernel.image, initrd, _words(kernel, words), secure)
        command += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
        if empty:
            with open(scratch / "empty", "wb") as second:
                second.truncate(empty)
            command += ["-drive", f"file={scratch / 'empty'},format=raw,if=virtio,cache=unsafe"]
        return _keep(what, command, scratch, limit)


def _keep(what, command, scratch, limit, watch=None, enough=None, behind=False):
    """Run a machine, and keep what it said, also if it is interrupted."""
    try:
        run = execute(command, scratch, limit, watch, enough, behind)
    except KeyboardInterrupt:
        results.keep_machine(what, command, Run(_console(scratch), "", 0, "interrupted"))
        raise
    results.keep_machine(what, command, run)
    return run


def _uml(kernel, scratch, cpus, memory, append):
    words = [*APPEND.split(), *append.split()]
    if cpus > CROWD * proc.cpus():
        words += PATIENT
    # The report is file descriptor 3 of the kernel's process.
    return ["sh", "-c", 'exec "$@" 3>"$0"', scratch / "report",
            kernel.image, f"mem={memory}M", f"ncpus={cpus}", "seccomp=on",
            f"initrd={scratch / 'initrd'}", "con0=null,fd:1", "con=null", "ssl0=null,fd:3",
            "ssl=null", "noreboot", "wpool_report=ttyS0", *words]


def _qemu(kernel, scratch, cpus, memory, append, drives, accel):
    command = [*_hardware(kernel, scratch, cpus, memory, accel), "-kernel", kernel.image,
               "-initrd", scratch / "initrd", "-append", _words(kernel, append)]
    for drive in drives:
        command += ["-drive", f"file={drive},format=raw,if=virtio,readonly=on"]
    return command


def _emulator(kernel):
    """The program, and the machine that it is to be."""
    program, *rest = QEMU[kernel.arch].start
    if kernel.arch in BETTER and _major(program) < SOUND:
        package = apt.Release("bookworm-backports").unpack(BETTER[kernel.arch])
        program = package / "usr/bin" / program
    return [program, *rest]


@functools.cache
def _major(program):
    """QEMU's version."""
    return int(re.search(r"version (\d+)", proc.output([program, "--version"]))[1])


def _hardware(kernel, scratch, cpus, memory, accel):
    kind = QEMU[kernel.arch]
    return [*_emulator(kernel), *accel, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-smp", cpus, "-m", memory, "-serial", f"file:{scratch / 'console'}",
            *(word.format(scratch / "report") for word in kind.report)]


def _words(kernel, append):
    """The kernel's command line."""
    return f"{_console_of(kernel, QEMU[kernel.arch].append)} {APPEND} {append}"


def numa(cpus, nodes, memory=MEMORY):
    """What makes QEMU a machine of several nodes, each with its share."""
    words = ["-smp", f"{cpus},sockets={nodes}"] if nodes > 1 else []
    for node in range(nodes if nodes > 1 else 0):
        first, last = cpus * node // nodes, cpus * (node + 1) // nodes - 1
        words += ["-object", f"memory-backend-ram,id=ram{node},size={memory // nodes}M",
                  "-numa", f"node,nodeid={node},cpus={first}-{last},memdev=ram{node}"]
    return words


def execute(command, scratch, limit, watch=None, enough=None, behind=False):
    """Run a machine until it ends or the limit is reached; its files lie in scratch.

    behind: it lets others go first.
    """
    began = time.monotonic()
    (scratch / "report").touch()
    with open(scratch / "output", "w", encoding="utf-8") as output:
        child = proc.start(command, behind, stdin=subprocess.DEVNULL, stdout=output,
                           stderr=subprocess.STDOUT)
        try:
            why = _follow(child, scratch, began + limit, limit, watch, enough)
        finally:
            proc.stop(child)
    return Run(_console(scratch), _report(scratch), time.monotonic() - began, why)


def _report(scratch):
    return (scratch / "report").read_text(errors="replace").replace("\r", "")


def _done(scratch):
    return _report(scratch).rstrip("\n").split("\n")[-1] == LAST


def _console(scratch):
    """What QEMU or UML itself said, and the serial console if it is a file."""
    return "\n".join((scratch / name).read_text(errors="replace").replace("\r", "")
                     for name in ("output", "console") if (scratch / name).exists())


def _follow(child, scratch, deadline, limit, watch, enough):
    """Wait for the machine to power itself off; says why it gave no verdict."""
    sign = time.monotonic() + proc.TICK
    look = 0
    with open(scratch / "report", errors="replace", encoding="utf-8") as report:
        partial = ""
        while True:
            ended = child.poll() is not None
            for piece in report:
                partial += piece
                if partial.endswith("\n") and watch:
                    watch(partial.rstrip("\r\n"))
                if partial.endswith("\n"):
                    partial = ""
                sign = time.monotonic() + proc.TICK
            now = time.monotonic()
            if ended:
                return "" if _done(scratch) else "the machine stopped without a verdict"
            if now > deadline:
                return f"no {'power off' if _done(scratch) else 'verdict'} within {limit} s"
            if enough and now > look:
                if enough(_console(scratch)):
                    return ENOUGH
                # A long console takes its time, of which the machine needs most.
                look = time.monotonic() + max(LOOK, 20 * (time.monotonic() - now))
            if now > sign:
                suite = ktap.underway(_console(scratch))
                say(f"  ... {suite}{', ' if suite else ''}{deadline - now:.0f} s left"
                    " before it counts as hung")
                sign = now + proc.TICK
            time.sleep(0.05)


# --- which accelerator -----------------------------------------------------

TCG = ("-accel", "tcg,thread=multi")
KVM = ("-accel", "kvm", "-cpu", "host")
# One instruction takes a nanosecond of the machine's time, and one CPU runs at a time: so
# it is not told apart from a busy machine whether this one is.
COUNTING = ("-accel", "tcg,thread=single", *QEMU["x86_64"].tcg, "-icount", "shift=0,sleep=off")


def kind(kernel, accel):
    """In words: by what a kernel is run."""
    if accel == COUNTING:
        return "QEMU counting instructions, 1 ns each"
    return "QEMU with KVM" if _acceleration(kernel) == KVM else "QEMU without KVM"


def _acceleration(kernel):
    """KVM only where this very kernel has answered under it since the machine started."""
    emulated = (*TCG, *QEMU[kernel.arch].tcg)
    if kernel.cross:
        return emulated
    with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as handle:
        boot_id = handle.read().strip()
    note = cache.folder("kvm") / f"{boot_id}-{kernel.key}"
    if not note.exists():
        note.write_text("yes" if _kvm_answers(kernel) else "no")
    return KVM if note.read_text() == "yes" else emulated


def _kvm_answers(kernel):
    try:
        open("/dev/kvm", "rb+", buffering=0).close()
    except OSError:
        return False
    run = boot(kernel, "nothing", limit=KVM_ANSWER, accel=KVM)
    say(f"qemu: {'KVM works' if not run.why else 'KVM does not answer; emulating instead'}")
    return not run.why
