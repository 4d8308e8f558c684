# SPDX-License-Identifier: Apache-2.0
"""The kernel: builds, starts and stops the trading application in order, and offers it as one object."""

from terminal.kernel.core import Kernel
from terminal.kernel.parts import KernelParts
from terminal.kernel.preferences import limits_of

__all__ = ["Kernel", "KernelParts", "limits_of"]
