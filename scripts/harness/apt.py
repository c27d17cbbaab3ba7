# SPDX-License-Identifier: GPL-2.0
"""Debian packages of any release, unpacked into the cache, never installed.

The mirror is the one in the machine's own apt configuration, which is only
read. Each release gets an apt directory of its own; signatures are checked
against Debian's keyring as usual.
"""
import re
import time

from harness import cache, proc
from harness.proc import Failed, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
REFRESH = 24 * 3600  # a day-old list of packages is fresh enough


def _codename():
    with open("/etc/os-release", encoding="utf-8") as handle:
        return re.search(r"^VERSION_CODENAME=\"?(\w+)", handle.read(), re.M).group(1)


def _private(folder):
    """Options that make apt keep what it fetches in folder, for an ordinary user too."""
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    places = (("State", folder), ("State::Lists", folder / "lists"),
              ("State::status", "/var/lib/dpkg/status"), ("Cache", folder))
    # Only root has an unprivileged helper user, who cannot enter a home directory.
    return ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none",
            *(word for key, path in places for word in ("-o", f"Dir::{key}={path}"))]


def _targets():
    """What the machine's own sources offer; apt tells only after an update."""
    ask = ["indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)",
           "Created-By: Packages", "Origin: Debian"]
    told = proc.output(["apt-get", *ask])
    if not told:
        folder = cache.folder("apt", "machine")
        options = _private(folder)
        proc.run("apt update", ["apt-get", *options, "update"], folder / "update.log", limit=300)
        told = proc.output(["apt-get", *options, *ask])
    return dict.fromkeys(told.splitlines())


def settings():
    """How this machine reaches its mirrors, if not directly: a line each of apt's configuration."""
    return [line for line in proc.output(["apt-config", "dump"]).splitlines()
            if re.match(r"Acquire::\w+::Proxy", line)]


def sources(release):
    """apt lines for a release, on the mirrors that this machine uses."""
    own, lines = _codename(), []
    for target in _targets():
        name, component, mirror = target.split()
        if component != "main" or not name.startswith(own):
            continue
        suffix = name[len(own):]
        wanted = release + suffix if release == "bookworm" else release
        if suffix == "" or (release == "bookworm" and suffix in ("-security", "-updates")):
            lines.append(f"deb [signed-by={KEYRING}] {mirror} {wanted} main\n")
    if not lines:
        raise Failed(f"apt names no Debian mirror for {own} on this machine")
    return "".join(lines)


class Release:
    """A release, for this machine's architecture or for another."""

    def __init__(self, name, arch="", at_once=False):
        """At once: with the mirror's list of now, as with what another program fetches beside."""
        self.name, self.arch = name, arch
        self.own = f"{name}-{arch}" if arch else name
        self.dir = cache.folder("apt", self.own)
        self.options = _private(self.dir)
        if arch:
            self.options += ["-o", f"APT::Architecture={arch}", "-o", f"APT::Architectures={arch}"]
        for key, value in (("SourceList", self.dir / "sources.list"), ("SourceParts", "/dev/null"),
                           ("Preferences", "/dev/null"), ("PreferencesParts", "/dev/null")):
            self.options += ["-o", f"Dir::Etc::{key}={value}"]
        self._refresh(0 if at_once else REFRESH)

    def _refresh(self, old_enough):
        lists = self.dir / "lists"
        stamp = self.dir / ".ready"
        with cache.lock(f"apt-{self.own}"):
            if stamp.exists() and time.time() - stamp.stat().st_mtime < old_enough:
                return
            say(f"apt: reading the list of packages of {self.own}")
            wanted = sources(self.name)
            try:
                self._update(wanted)
            except Failed as error:
                without = "".join(line for line in wanted.splitlines(True) if "-security main" not in line)
                if stamp.exists():
                    say(f"{error}\napt: going on with the list from before ({lists})")
                elif without != wanted:
                    # A mirror may be about to follow; the kernel's version is said in any case.
                    say(f"{error}\napt: going on without security updates")
                    self._update(without)
                else:
                    raise
            stamp.touch()

    def _update(self, wanted):
        (self.dir / "sources.list").write_text(wanted)
        proc.run(f"apt update ({self.own})",
                 ["apt-get", *self.options, "-o", "APT::Update::Error-Mode=any", "update"],
                 self.dir / "update.log", limit=300)

    def fields(self, package):
        """The newest version's control fields."""
        text = proc.output(["apt-cache", *self.options, "show", "--no-all-versions", package])
        return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line[1:])

    def version(self, package):
        return self.fields(package)["Version"]

    def depends(self, package, pattern):
        """The one package among those that package depends on that matches pattern."""
        found = re.search(pattern, self.fields(package)["Depends"])
        if not found:
            raise Failed(f"{package} of {self.name} depends on nothing like {pattern}")
        return found.group(0)

    def unpack(self, package):
        """The package's files in the cache; returns their folder."""
        version = self.version(package)
        target = cache.folder("deb") / f"{package}_{version.replace(':', '%3a')}"
        if self.arch:
            target = target.with_name(f"{target.name}_{self.arch}")
        with cache.lock(f"deb-{target.name}"):
            if cache.ready(target):
                return target
            say(f"apt: fetching {package} {version}")
            target.mkdir(exist_ok=True)
            for stale in target.glob("*.deb"):
                stale.unlink()
            proc.run(f"fetch {package}", ["apt-get", *self.options, "download", f"{package}={version}"],
                     target / "fetch.log", limit=900, cwd=target)
            deb = next(target.glob("*.deb"))
            proc.run(f"unpack {package}", ["dpkg", "-x", deb, target], target / "unpack.log")
            deb.unlink()
            cache.mark_ready(target)
        return target
