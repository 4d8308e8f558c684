# SPDX-License-Identifier: Apache-2.0
"""The demo with a benchmark in the place of the person: the program as it is, started by its own front door."""

import argparse
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import main as front
from benchmarks.harness import disk

if TYPE_CHECKING:
    from widgets.desk import Desk


def run(session: "Callable[[Desk], Awaitable[int]]", *, settings: str = "", **overrides: Any) -> int:
    """Run the demo in a fresh profile, offscreen, until ``session`` returns its exit code.

    ``settings``: text of the profile's settings file. ``overrides``: parts of the kernel that are other ones.
    """
    from widgets.app import run as run_app

    with tempfile.TemporaryDirectory(prefix="tiller-bench-", dir=disk()) as folder:
        options = argparse.Namespace(data_dir=Path(folder), demo=True)
        paths = front._paths(options)
        if settings:
            paths.root.mkdir(parents=True, mode=0o700)
            paths.settings.touch(0o600)
            paths.settings.write_text(settings, encoding="utf-8")
        with front._session(options) as opened:
            return run_app(
                mode="demo",
                profile=opened.paths.profile,
                theme_name="dark",
                density="compact",
                build=lambda: front._build(opened, **overrides),
                session=session,
            )
