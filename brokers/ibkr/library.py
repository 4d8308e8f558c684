# SPDX-License-Identifier: Apache-2.0
"""The one place that imports ib_insync, late: eventkit reads the event loop when it is imported.

It also keeps the library's own logging out of ours: its lines carry whole messages, account numbers
included. What matters of them is told by our own parse.
"""

import importlib
import logging
from types import ModuleType
from typing import Final

_VERSION: Final = "0.9.86"
_LOGGERS: Final = ("ib_insync", "eventkit")


def load() -> ModuleType:
    """Return ib_insync. Call it inside the running loop.

    Raises:
        ImportError: another version than the one that this adapter was proved with.
    """
    module = importlib.import_module("ib_insync")
    if module.__version__ != _VERSION:
        raise ImportError(f"ib_insync must be {_VERSION}, was {module.__version__}")
    return module


def quiet() -> None:
    """Silence the library's loggers."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
