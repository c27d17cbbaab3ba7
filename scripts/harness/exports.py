# SPDX-License-Identifier: GPL-2.0
"""Does a module load into a kernel that is not Debian's?

All kernels that it is tried on here are built from Debian's sources, whose patches export a few
functions more than mainline does, for Android's binder as a module.
"""
import pathlib
import tempfile

from harness import proc

BY_DEBIAN = {
    "__wake_up_pollfree", "can_nice", "close_fd_get_file", "file_close_fd", "init_ipc_ns", "put_ipc_ns",
    "security_binder_set_context_mgr", "security_binder_transaction", "security_binder_transfer_binder",
    "security_binder_transfer_file", "shmem_zero_setup", "task_work_add", "zap_page_range",
}


def faults(built, cross=""):
    """Nothing if none of the modules, {name: bytes}, needs one of those."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as module:
        for name, content in built.items():
            pathlib.Path(module.name).write_bytes(content)
            needed = set(proc.output([f"{cross}nm", "-u", module.name]).split())
            if "U" not in needed:
                yield f"{name} seems to need nothing at all"
            yield from (f"{name} needs {symbol}, which only Debian's kernels export"
                        for symbol in sorted(needed & BY_DEBIAN))
