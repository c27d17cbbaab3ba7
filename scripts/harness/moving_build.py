# SPDX-License-Identifier: GPL-2.0
"""Does it compile, what scripts/from-workqueue has made of those under scripts/fixtures/moving?

That of which something is left for a human does not, on purpose, but for what stays as it was.
"""
import pathlib
import re
import tempfile

from harness import kernels, modules, moving_check

KBUILD = "ccflags-y := -I$(WPOOL)\n"


def whole(folder):
    """Has nothing of it been left, but for what stays as it was, with all that belongs to it?"""
    report = (folder / moving_check.REPORT).read_text()
    left = report.partition("left for a human:\n")[2].partition("\nconverted, to be looked at:")[0]
    return all(": as it was (" in line for line in left.splitlines())


def lay_out(place, folders):
    """The modules as one folder for make."""
    kbuild = KBUILD
    for folder in folders:
        (place / folder.name).mkdir()
        parts = []
        for moved in sorted(folder.glob("*.[ch].moved")):
            (place / folder.name / moved.stem).write_text(moved.read_text())
            if moved.stem.endswith(".c"):
                parts.append(f"{folder.name}/{moved.stem[:-2]}.o")
        kbuild += f"obj-m += moved_{folder.name}.o\nmoved_{folder.name}-y := {' '.join(parts)}\n"
    (place / "forms").mkdir()
    (place / "forms/forms.c").write_text(moving_check.forms().files[0].after)
    kbuild += "obj-m += moved_forms.o\nmoved_forms-y := forms/forms.o\n"
    (place / "Kbuild").write_text(kbuild)


def warned(place, kernel):
    """What the compiler says of them, without that a symbol is exported by wpool.ko."""
    _, said = modules.build(kernel, place, "moved", ("Kbuild", "*/*.c", "*/*.h"), (
        "W=1", f"WPOOL={modules.TREE / 'include'}", "KBUILD_MODPOST_WARN=1"))
    missing = re.compile(r'modpost: ("\w*wpool_\w+" .* undefined!|suppressed)')
    return [line for line in said if not missing.search(line)]


def faults(kernel=None):
    """Warnings of the compiler. An error of it stops the check."""
    kernel = kernel or kernels.get("stock")
    with tempfile.TemporaryDirectory(prefix="wpool-moved-") as place:
        place = pathlib.Path(place)
        lay_out(place, [folder for folder in moving_check.modules() if whole(folder)])
        yield from warned(place, kernel)


def unseen():
    """A statement without effect must be noticed."""
    kernel = kernels.get("stock")
    with tempfile.TemporaryDirectory(prefix="wpool-moved-") as place:
        place = pathlib.Path(place)
        lay_out(place, [moving_check.FIXTURES / "awaited"])
        file = place / "awaited/awaited.c"
        text = file.read_text()
        file.write_text(text.replace("\twpool_wait(&gauge->measure);",
                                     "\t!wpool_wait(&gauge->measure);"))
        if text == file.read_text() or not any("unused" in line or "not used" in line
                                               for line in warned(place, kernel)):
            yield "a statement without effect is compiled, and nobody notices"
