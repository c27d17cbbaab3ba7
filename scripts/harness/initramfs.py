# SPDX-License-Identifier: GPL-2.0
"""A cpio archive (newc) of a few files: what the kernel unpacks and starts."""
import gzip
import pathlib

ALIGN = 4


def _entry(number, name, mode, data=b""):
    name = name.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return _pad(head) + _pad(data)


def _pad(data):
    return data + b"\0" * (-len(data) % ALIGN)


def _bytes(content):
    if isinstance(content, pathlib.Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


def write(target, files):
    """files: {path in the guest: (a Path or text or bytes, executable)}"""
    folders = sorted({str(parent) for name in files
                      for parent in pathlib.PurePosixPath(name).parents} - {"."})
    entries = [(name, 0o040755, b"") for name in folders]
    for name, (content, executable) in files.items():
        data = _bytes(content)
        entries.append((name, 0o100755 if executable else 0o100644, data))
    entries.append(("TRAILER!!!", 0, b""))
    with gzip.open(target, "wb", compresslevel=1) as out:
        for number, (name, mode, data) in enumerate(entries, 1):
            out.write(_entry(number, name, mode, data))
