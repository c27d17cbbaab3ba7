# SPDX-License-Identifier: GPL-2.0
"""The pictures of the documents: each is made of what is in the tree, the same to the byte each time."""
import pathlib
import tempfile

from harness import picture_bench, picture_demo, picture_house, proc
from harness.modules import TREE

PICTURES = {  # where it is, and how it is made
    "Documentation/demo.svg": lambda: picture_demo.draw(picture_demo.RECORD.read_text()),
    "Documentation/bench.svg": lambda: picture_bench.draw(picture_bench.FIGURES.read_text()),
    "Documentation/dev/house.svg": picture_house.house,
}
KINDS = (".svg", ".png", ".gif", ".jpg", ".webp")
LARGEST = 60000  # bytes


def made():
    """{where: what it has to be}"""
    return {name: draw() for name, draw in PICTURES.items()}


def write(tree=TREE):
    """Make all again; the names of those that are new."""
    new = made()
    changed = [name for name, text in new.items() if not _is(tree / name, text)]
    for name in changed:
        (tree / name).write_text(new[name])
    return changed


def _is(path, text):
    return path.exists() and path.read_text() == text


def _differ(new, tree, there):
    """new: what made() says; there: the names of all files of the tree."""
    for name, text in new.items():
        if not _is(tree / name, text):
            yield f"{name} is not what it is made of: scripts/pictures"
        if len(text) > LARGEST:
            yield f"{name} has {len(text)} bytes, and {LARGEST} is the limit"
    for name in there:
        if pathlib.Path(name).suffix in KINDS and name not in new:
            yield f"{name} is a picture that scripts/pictures does not make"


def faults():
    names = proc.output(["git", "-C", TREE, "ls-files", "-coz", "--exclude-standard"]).split("\0")
    return list(_differ(made(), TREE, [name for name in names if (TREE / name).exists()]))


def _planted(new, tree):
    """What is planted, one after the other: (its name, the complaints about it)."""
    for name, text in new.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    names = [*new]
    yield "", list(_differ(new, tree, names))
    for name, text in new.items():
        (tree / name).write_text(text.replace("</svg>", " </svg>", 1))
        yield f"a byte more in {name}", list(_differ(new, tree, names))
        (tree / name).unlink()
        yield f"no {name}", list(_differ(new, tree, names))
        (tree / name).write_text(text)
    yield "a picture that nothing makes", list(_differ(new, tree, [*names, "a/b.png"]))


def _data_unseen():
    """Data that is changed, and the picture is the same."""
    recorded, figures = picture_demo.RECORD.read_text(), picture_bench.FIGURES.read_text()
    if picture_demo.draw(recorded) == picture_demo.draw(recorded + "99999 next: planted\n"):
        yield "a line more of the recording is not seen"
    first = figures.splitlines()[2]
    if picture_bench.draw(figures) == picture_bench.draw(figures.replace(first, first + "0")):
        yield "a figure that is ten times as large is not seen"
    needs = {"one": set(), "two": {"one"}}
    if [name for name, _ in picture_house.grouped({"one": "b", "two": "a"}, needs, {})[0]] != ["b", "a"]:
        yield "folders are not in the order of what they need"
    groups, arrows = picture_house.grouped({"one": "", "two": ""}, needs, {"one": 0, "two": 1})
    if groups != [("row 1", ["one"]), ("row 2", ["two"])] or arrows != {"row 2": {"row 1": 1}}:
        yield "rows of the table are not the groups"


def unseen():
    """What is planted, and is not found."""
    with tempfile.TemporaryDirectory(prefix="wpool-pictures-") as folder:
        for what, said in _planted(made(), pathlib.Path(folder)):
            if len(said) != bool(what):
                yield f"{what or 'nothing planted'}: {said or 'not found'}"
    yield from _data_unseen()
