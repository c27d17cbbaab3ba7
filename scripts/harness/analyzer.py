# SPDX-License-Identifier: GPL-2.0
"""clang's static analyzer on core/ and lib/: all that it finds is mended, or explained."""
import collections
import re
import subprocess

from harness import kernels, modules
from harness.modules import TREE
from harness.proc import Failed

CHECK = TREE / "scripts/harness/clang-analyzer"
EXPLAINED = TREE / "scripts/analyzer.explained"
PLANTED = TREE / "scripts/fixtures/analyzer.c"
FOUND = re.compile(r"(?:^|.*/)((?:core|lib|include)/\S+?\.[ch]):\d+:\d+: warning: .* \[([\w.]+)\]")
ENTRY = re.compile(r"(\S+) ([\w.]+) (\d+|\*): \S.*")


def _explained():
    """{(file, checker): how often, "*" for any number of times}"""
    found = {}
    for line in EXPLAINED.read_text().splitlines():
        if line and not line.startswith("#"):
            entry = ENTRY.fullmatch(line)
            if not entry:
                raise Failed(f"{EXPLAINED.name}: {line}")
            found[entry[1], entry[2]] = entry[3]
    return found


def _differences(warned, explained):
    """What was found and is not explained, and what is explained and was not found."""
    lines = collections.defaultdict(list)
    for line in warned:
        found = FOUND.match(line)
        lines[found.groups() if found else ("", "")].append(line)
    for key in sorted({*lines, *explained}):
        times, wanted = len(lines[key]), explained.get(key, "0")
        if wanted == "*":
            continue
        if times > int(wanted):
            yield from lines[key]
        elif times < int(wanted):
            yield f"{EXPLAINED.name}: {' '.join(key)}: {times} times, not {wanted}"


def faults():
    _, warned = modules.build(kernels.get("stock"), what="analyzer", words=("C=2", f"CHECK={CHECK}"))
    return list(_differences(warned, _explained()))


def unseen():
    """What is planted and not found, or found and not said."""
    said = subprocess.run([CHECK, "-O2", PLANTED], capture_output=True, text=True, check=False)
    warned = [line.replace(str(PLANTED), "core/planted.c")
              for line in modules.warnings(said.stdout + said.stderr)]
    planted = ("core/planted.c", "core.NullDereference")
    if [FOUND.match(line).groups() for line in warned if FOUND.match(line)] != [planted]:
        return [f"the analyzer finds {warned}"]
    missed = [] if list(_differences(warned, {})) == warned else ["what is not explained"]
    missed += ["what is"] if list(_differences(warned, {planted: "1"})) else []
    missed += [] if list(_differences(warned, {planted: "2"})) else ["what is not there any more"]
    return missed
