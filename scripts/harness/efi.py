# SPDX-License-Identifier: GPL-2.0
"""A machine with UEFI and Secure Boot: firmware with Microsoft's keys, Debian's signed shim and GRUB.

The owner's key is put where MokManager puts it, which asks at the machine's own screen.
"""
import shutil
import struct
import uuid

from harness import apt
from harness.proc import Failed

SHIM_LOCK = uuid.UUID("605dab50-e046-4300-abb6-3dd810dd8b23")  # whose variables MOKs are
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
# The parts of a variable store, as UEFI's platform initialization has them.
STORE = struct.Struct("<16sIBBHI")
VARIABLE = struct.Struct("<HBBIQ16sIII16s")
START, ADDED, UNUSED = 0x55aa, 0x3f, 0xffff
BOOT_ONLY = 0x3  # non-volatile, and only the boot loaders see it


def _aligned(offset):
    return (offset + 3) & ~3


def _end(store):
    """Where in the firmware's variables there is room for one more."""
    offset = struct.unpack_from("<H", store, 48)[0] + STORE.size
    while True:
        start = struct.unpack_from("<H", store, offset)[0]
        if start == UNUSED:
            return offset
        if start != START:
            raise Failed("the firmware's variables are not as they were expected")
        *_, name, data, _ = VARIABLE.unpack_from(store, offset)
        offset = _aligned(offset + VARIABLE.size + name + data)


def _signature_list(certificate):
    return struct.pack("<16sIII16s", CERT_X509.bytes_le, 44 + len(certificate), 0,
                       16 + len(certificate), SHIM_LOCK.bytes_le) + certificate


def enrolled(store, certificates):
    """The firmware's variables with these (DER) as keys of the machine's owner."""
    data, name = b"".join(map(_signature_list, certificates)), "MokList\0".encode("utf-16le")
    whole = VARIABLE.pack(START, ADDED, 0, BOOT_ONLY, 0, bytes(16), 0, len(name), len(data),
                          SHIM_LOCK.bytes_le) + name + data
    at = _end(store)
    return store[:at] + whole + store[at + len(whole):]


def machine(folder, image, initrd, words, certificates):
    """QEMU's words for a machine that starts that kernel from a disk in folder."""
    release = apt.Release("bookworm")
    ovmf = release.unpack("ovmf") / "usr/share/OVMF"
    store = (ovmf / "OVMF_VARS_4M.ms.fd").read_bytes()
    (folder / "vars").write_bytes(enrolled(store, certificates) if certificates else store)
    boot, grub = folder / "esp/EFI/BOOT", folder / "esp/EFI/debian"
    boot.mkdir(parents=True)
    grub.mkdir()
    shutil.copy(release.unpack("shim-signed") / "usr/lib/shim/shimx64.efi.signed", boot / "BOOTX64.EFI")
    shutil.copy(release.unpack("grub-efi-amd64-signed")
                / "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", boot / "grubx64.efi")
    shutil.copy(image, folder / "esp/vmlinuz")
    shutil.copy(initrd, folder / "esp/initrd")
    (grub / "grub.cfg").write_text(f"linux /vmlinuz {words}\ninitrd /initrd\nboot\n")
    return ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
            "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={ovmf / 'OVMF_CODE_4M.secboot.fd'}",
            "-drive", f"if=pflash,format=raw,unit=1,file={folder / 'vars'}",
            "-drive", f"file=fat:rw:{folder / 'esp'},format=raw,if=virtio"]
