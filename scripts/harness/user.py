# SPDX-License-Identifier: GPL-2.0
"""The user-level test: a stock kernel, the module and its consumers as a user has them."""
import collections
import functools
import random
import re
import zlib

from harness import cache, console, kunit, machine, modules, proc, report, versions
from harness.proc import Failed

GUIDE = modules.TREE / "Documentation/guide.md"
DATA_SIZE = 3_000_017  # odd, so that no chunk size divides it
CPUS = 3  # the last of them isolated
LIMIT, LIMIT_CROSS = 600, 1200  # seconds; KVM is of no help to another architecture
CASE = re.compile(r"^(ok|not ok) (\d+) - ([^#]*?)(?: # (.*))?$")
SKIP = "SKIP "
# What wpool_stress says of a death to come, and what wpool says of it after.
DIES = re.compile(r"wpool_stress: (\S+): pid (\d+) dies (?:in (\S+)|outside of a task)")
DIED = re.compile(r"wpool: (\S+): worker \d+ \(pid (\d+)\) died "
                  r"(?:in (?:the release )?(\S+) \[wpool_stress\]|outside of a task)")
# Stock modules show up in the console as unsigned and out of tree, no more.
TAINT_EXPECTED = (1 << 12) | (1 << 13)


def scripts():
    return {path.name: path for path in machine.GUEST.glob("*.sh")}


def settings(sizes):
    return "".join(f"{name.upper()}={value}\n" for name, value in sizes.items())


def _alone(build):
    """Two runs of one owner have the same folders."""
    @functools.wraps(build)
    def locked(kernel):
        home = modules.home(kernel)
        with cache.lock(f"{build.__name__}-{home.parent.name}-{home.name}"):
            return build(kernel)
    return locked


def link_anew(folder):
    """kbuild does not see that the symbols of another module have new versions."""
    (folder / "Module.symvers").unlink(missing_ok=True)
    return folder


@_alone
def consumers(kernel):
    """The samples, built as another project would: elsewhere, told where wpool's headers are."""
    folder = modules.home(kernel, "consumer-source")
    for path in (modules.TREE / "samples").iterdir():
        if path.suffix in (".c", ".h") and not path.name.endswith(".mod.c"):
            (folder / path.name).write_bytes(path.read_bytes())
    kbuild = (modules.TREE / "samples" / "Kbuild").read_text()
    (folder / "Kbuild").write_text(kbuild.replace("$(src)/../include",
                                                  str(modules.home(kernel) / "include")))
    symbols = modules.home(kernel) / "Module.symvers"
    link_anew(modules.home(kernel, "consumer"))
    return modules.build(kernel, folder, "consumer", ("Kbuild", "*.[ch]"),
                         ("W=1", f"KBUILD_EXTRA_SYMBOLS={symbols}"))


@_alone
def guides_consumer(kernel):
    """The consumer that the guide has one write, built as it says; the module."""
    folder = link_anew(modules.home(kernel, "squares"))
    text = GUIDE.read_text()
    for name in ("Kbuild", "Makefile", "squares.c"):
        code = re.search(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)^```", text, re.M | re.S)
        if not code:
            raise Failed(f"{GUIDE.name}: there is no {name} to be written")
        (folder / name).write_text(code[1].replace("/path/to/wpool", str(modules.home(kernel))))
    proc.run("the guide's consumer", ["make", "-s", "-C", folder, f"KERNELDIR={kernel.build}",
                                      *kernel.make], folder / "make.log")
    return (folder / "squares.ko").read_bytes()


def guide_says():
    """What the guide says of the consumer's last words."""
    return re.search(r"# (squares: .*)", GUIDE.read_text())[1]


def undocumented():
    """Parameters without a description that says their default (modinfo shows it)."""
    text = (modules.TREE / "wpool_mod.c").read_text()
    for name in re.findall(r"^module_param(?:_named|_cb)?\((\w+)", text, re.M):
        described = re.search(rf"MODULE_PARM_DESC\({name},(.*?)\);", text, re.S)
        if not described or "(default " not in described[1]:
            yield f"parameter {name}: its description says no default"


def run(kernel, built, users, sizes):
    data = random.Random(1).randbytes(DATA_SIZE)
    scratch = modules.home(kernel, "data") / "data"
    scratch.write_bytes(data)
    files = {"wpool.ko": built["wpool"], "wpool_stress.ko": built["wpool_stress"], "data": scratch,
             "env": f"CRC=0x{zlib.crc32(data):08x}\nSQUARES='{guide_says()}'\n"
                    f"VERSION={versions.version()}\n"
                    f"ISOLATED={CPUS - 1}\nHOUSEKEEPING=0-{CPUS - 2}\n"
                    f"ISOMASK={1 << CPUS - 1:x}\nHOUSEMASK={(1 << CPUS - 1) - 1:x}\n"
                    f"{settings(sizes)}",
             **scripts(), **{f"{name}.ko": path for name, path in users.items()}}
    return machine.boot(kernel, "user", files, programs=machine.programs(kernel, "helper", "fuzz"), cpus=CPUS,
                        append=f"isolcpus={CPUS - 1}", limit=LIMIT_CROSS if kernel.cross else LIMIT)


def judge_deaths(tally, label, run):
    """Who died said before what wpool must say of it, once: pool, function, process."""
    announced = collections.Counter(DIES.findall(run.console))
    told = collections.Counter(DIED.findall(run.console))
    wrong = [f"{pool}: {pid} died in {where or 'no task'}: said {told[death]} times, not {times}"
             for death in announced | told for pool, pid, where in [death]
             if (times := announced[death]) != told[death]]
    tally.check(f"{label}: each of {announced.total()} deaths is logged once", wrong)


def judge(tally, label, run, forgiven=None, taint=0, shown=console.NAMED):
    """forgiven, taint, shown: what it may say and be that others may not."""
    cases, plan = [], None
    for line in run.report.splitlines():
        if case := CASE.match(line):
            cases.append(case)
        elif line.startswith("1.."):
            plan = int(line[3:])
    for case in cases:
        what, why = f"{label}: {case[3]}", case[4] or ""
        if case[1] != "ok":
            tally.fail(what, why or "failed")
        elif why.startswith(SKIP):
            tally.skip(f"{what}: {why.removeprefix(SKIP)}")
        else:
            tally.ok(what)
    kunit.judge_verdict(tally, label, run)
    tally.check(f"{label} plan", [] if cases and plan == len(cases) else
                [f"planned {plan} cases, saw {len(cases)}"])
    kunit.judge_console(tally, label, run, forgiven, shown)
    judge_deaths(tally, label, run)
    for found in report.named(run.report, "taint"):
        kunit.judge_taint(tally, label, run, int(found), TAINT_EXPECTED | taint)
