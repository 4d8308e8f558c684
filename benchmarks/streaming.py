# SPDX-License-Identifier: Apache-2.0
"""One fresh demo: when did each panel show live data? ``python -m benchmarks.streaming START_NS`` prints JSON.

``START_NS`` is the monotonic clock of the machine when this process was started; the figures are milliseconds
since then. With ``--modules`` it prints the names of all imported modules in the order of their import instead.
"""

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Final

from benchmarks import demo

if TYPE_CHECKING:
    from widgets.desk import Desk

PANELS: Final = (
    "watchlist",
    "chart",
    "ladder",
    "tape",
    "ticket",
    "account",
    "chain",
    "strategies",
    "log",
)
"""Those that show something without a trade; orders, fills, positions and risk are empty in a fresh profile."""
_PATIENCE_NS: Final = 20_000_000_000
_POLL_S: Final = 0.01


async def watch(desk: "Desk", start_ns: int) -> dict[str, float]:
    """Return milliseconds from ``start_ns`` until each panel had data; a panel that never had is left out."""
    from widgets.shots import has_data  # not before the first paint

    desk.docks["chain"].raise_()  # it streams only what is seen
    waiting = {key: has_data(desk, key) for key in PANELS}
    found: dict[str, float] = {}
    deadline = time.monotonic_ns() + _PATIENCE_NS
    while waiting and time.monotonic_ns() < deadline:
        for key in [key for key, question in waiting.items() if question()]:
            found[key] = (time.monotonic_ns() - start_ns) / 1e6
            del waiting[key]
        await asyncio.sleep(_POLL_S)
    return found


def main() -> int:
    async def session(desk: "Desk") -> int:
        if sys.argv[1] == "--modules":
            await watch(desk, 0)
            print(json.dumps([name for name in sys.modules if not name.startswith(("benchmarks", "__"))]))
        else:
            print(json.dumps(await watch(desk, int(sys.argv[1]))))
        return 0

    return demo.run(session)


if __name__ == "__main__":
    sys.exit(main())
