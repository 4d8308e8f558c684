# SPDX-License-Identifier: Apache-2.0
"""One fresh demo as a newcomer meets it: when did each panel show live data?

``python -m benchmarks.streaming START_NS``: that is the monotonic clock of the machine when this process was started;
the figures, printed as JSON, are milliseconds since then. The layout stays as it opens. When every panel in sight has
its data, those behind a tab are raised one after the other, each when the one before has shown its own, so that a
figure counts what raising costs. Live means:

- watchlist, ticket, ladder, tape: quotes of all symbols; quote and draft; a book; prints
- chart: bars, and a quote that moves the last one
- orders: compared with the broker's, and said so (a newcomer has none)
- chain: Greeks of options in sight; strategies and log: their rows
- account: the broker's figures; risk: excess liquidity and the day's loss of the account, every limit with what is used

Fills and positions are empty before the first trade: they are raised and have no figure. With ``--modules`` the names
of all imported modules are printed in the order of their import instead.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from benchmarks import demo

if TYPE_CHECKING:
    from widgets.desk import Desk

EMPTY: Final = ("fills", "positions")
"""Nothing to show before a trade."""
_PATIENCE_NS: Final = 20_000_000_000
_POLL_S: Final = 0.01
_DAY_LOSS: Final = "Day loss, halt"


def _live(desk: "Desk", key: str) -> Callable[[], bool]:
    """Return the question whether a panel shows live data now."""
    from widgets.shots import has_data  # not before the first paint

    kernel, shows = desk.kernel, has_data(desk, key) if key not in ("orders", "risk") else bool

    def chart() -> bool:
        return shows() and desk.market.current is not None and kernel.hub.quote(desk.market.current.id) is not None

    def risk() -> bool:
        excess, limits = kernel.portfolio.account().value("ExcessLiquidity"), desk.risk.limits
        return excess is not None and _DAY_LOSS in limits.ids and all(limits.text(row, "bar") for row in limits.ids)

    special = {"chart": chart, "risk": risk, "orders": lambda: bool(desk.orders.match.text())}
    return special.get(key, shows)


async def watch(desk: "Desk", start_ns: int) -> dict[str, dict[str, float]]:
    """Return, for panels in sight and for those raised, milliseconds from ``start_ns`` until each had data.

    A panel that never had is left out.
    """
    sight = [key for key, dock in desk.docks.items() if dock.in_front]
    behind = [key for key in desk.docks if key not in sight]
    found: dict[str, dict[str, float]] = {"sight": await _until(desk, sight, start_ns), "raised": {}}
    for key in behind:
        desk.docks[key].raise_()
        if key in EMPTY:
            await asyncio.sleep(_POLL_S)
        else:
            found["raised"] |= await _until(desk, [key], start_ns)
    return found


async def _until(desk: "Desk", keys: list[str], start_ns: int) -> dict[str, float]:
    waiting = {key: _live(desk, key) for key in keys}
    found: dict[str, float] = {}
    deadline = time.monotonic_ns() + _PATIENCE_NS
    while waiting and time.monotonic_ns() < deadline:
        for key in [key for key, question in waiting.items() if question()]:
            found[key] = (time.monotonic_ns() - start_ns) / 1e6
            del waiting[key]
        if waiting:
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
