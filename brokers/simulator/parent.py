# SPDX-License-Identifier: Apache-2.0
"""Whether the process that started us still lives, on every platform."""

import os
import sys

if sys.platform == "win32":
    import ctypes

    _SYNCHRONIZE = 0x00100000
    _STILL_RUNNING = 0x00000102

    def parent_is_gone(pid: int, first_parent: int) -> bool:
        """Say whether process ``pid`` has ended."""
        del first_parent
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            return True
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) != _STILL_RUNNING)
        finally:
            kernel.CloseHandle(handle)

else:

    def parent_is_gone(pid: int, first_parent: int) -> bool:
        """Say whether process ``pid`` has ended; ``first_parent`` is our parent when we started."""
        if first_parent == pid:
            return os.getppid() != pid
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
