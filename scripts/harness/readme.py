# SPDX-License-Identifier: GPL-2.0
"""The commands of README.md, word by word, by a user with sudo and by root, in a Debian.

What builds and installs is typed in a chroot, as it needs a network; what loads the module, or
looks at it, once that Debian has booted.
"""
import re
import shutil

from harness import debian, debs, machine, proc, user
from harness.modules import TREE
from harness.proc import say

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
# These boot machines of their own, and are tested by being called.
NOT_HERE = re.compile(r"make (demo|check)\b")
BOOTED = re.compile(r"\b(modprobe|insmod|rmmod|modinfo)\b|/sys/")
WHO = {"user": "home/user", "root": "root"}  # and their homes
LIMIT = 600  # seconds
# As on any Debian where README.md begins, and what a person answers to apt.
BEFORE = """
apt-get -qy update
apt-get -qy install sudo git make
echo 'user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/user
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/answers
useradd --create-home --shell /bin/sh user
"""
# To all programs the kernel is that of the Debian, not of the machine around it.
UNAME = """
#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
int uname(struct utsname *name)
{
	long err = syscall(SYS_uname, name);
	strcpy(name->release, RELEASE);
	return err;
}
"""


def blocks():
    return [[line for line in block.splitlines() if line.strip() and not NOT_HERE.search(line)]
            for block in BLOCK.findall((TREE / "README.md").read_text())]


def _prepare(root, kernel):
    root.run("sudo", BEFORE)
    source, library = root.top / "root/uname.c", root.top / "usr/lib/uname.so"
    source.write_text(UNAME)
    proc.run("uname", ["gcc", "-shared", "-fPIC", "-O1", f'-DRELEASE="{kernel}"', "-o", library, source],
             root.scratch / "uname.log")
    for who, home in WHO.items():
        clone = root.top / home / "wpool"
        for name in debs.files(TREE):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TREE / name, clone / name)
        root.run("clone", f"cd /{home}/wpool; git init -q; git add -A; chown -R {who}: .")


def _build(tally, root):
    """What is typed before it boots."""
    preload = root.top / "etc/ld.so.preload"
    preload.write_text("/usr/lib/uname.so\n")
    for who in WHO:
        for lines in blocks():
            typed = "\n".join(line for line in lines if not BOOTED.search(line))
            if typed:
                (root.top / "tmp/typed").write_text(f"cd ~/wpool\n{typed}\n")
                try:
                    root.run(f"README: {typed.splitlines()[0]}", f"su -l {who} -c 'sh -eux /tmp/typed'")
                    wrong = []
                except proc.Failed as error:
                    wrong = str(error).splitlines()
                tally.check(f"README, by {who}: {'; '.join(typed.splitlines())}", wrong)
    preload.unlink()


def _boot(tally, root, kernel):
    """What is typed then."""
    files = {name: machine.GUEST / name for name in ("report.sh", "cases.sh")}
    typed = ["\n".join(filter(BOOTED.search, lines)) for lines in blocks()]
    files |= {f"typed-{number}": f"cd ~/wpool\n{text}\n" for number, text in enumerate(typed) if text}
    run = root.boot(kernel, "readme", files, limit=LIMIT)
    user.judge(tally, "README", run)
    say(f"--- README: {run.seconds:.1f} s")


def run(tally):
    with debian.root() as root:
        (kernel,) = root.kernels()
        _prepare(root, kernel)
        _build(tally, root)
        _boot(tally, root, kernel)
