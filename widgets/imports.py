# SPDX-License-Identifier: Apache-2.0
"""Python's own import, given back after PySide has wrapped it.

PySide replaces ``__import__`` so that a module can say ``from __feature__ import snake_case``. Behind every import
it then reads the whole source text of the new module, and Python keeps that text: for what a desk imports, 0.2 s and
20 MB. Tiller uses no such feature, so the wrapper goes as soon as Qt is there.
"""

import builtins


def unwrap_import() -> None:
    """Take PySide's wrapper off; does nothing where there is none (any more). To be called before what is heavy."""
    original = getattr(builtins, "__orig_import__", None)
    if original is not None:
        builtins.__import__ = original
