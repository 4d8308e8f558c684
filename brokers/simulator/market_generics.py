# SPDX-License-Identifier: Apache-2.0
"""Generic ticks: which number asks for which ticks, and where each is found among the market's figures.

Source: IBKR's API documentation, "available tick types". A number that is not here is refused.
"""

from collections.abc import Mapping
from typing import Final

from brokers.simulator.contracts import invalid
from brokers.simulator.market_lines import DIVIDENDS, MARK, RT_TRADE_VOLUME, RT_VOLUME
from brokers.simulator.request import Request

# generic tick -> (message kind, tick type, name in Exchange.statistics)
GENERIC: Final[Mapping[str, tuple[tuple[str, int, str], ...]]] = {
    "100": (("size", 29, "call_volume"), ("size", 30, "put_volume")),
    "101": (("size", 27, "call_open_interest"), ("size", 28, "put_open_interest")),
    "104": (("generic", 23, "historical_volatility"),),
    "105": (("size", 87, "average_option_volume"),),
    "106": (("generic", 24, "implied_volatility"),),
    "165": (
        ("size", 21, "average_volume"),
        ("price", 15, "low_13_week"),
        ("price", 16, "high_13_week"),
        ("price", 17, "low_26_week"),
        ("price", 18, "high_26_week"),
        ("price", 19, "low_52_week"),
        ("price", 20, "high_52_week"),
    ),
    "236": (("generic", 46, "shortable"), ("size", 89, "shortable_shares")),
    "293": (("generic", 54, "trade_count"),),
    "294": (("generic", 55, "trade_rate"),),
    "295": (("generic", 56, "volume_rate"),),
    "411": (("generic", 58, "realtime_historical_volatility"),),
    "588": (("size", 86, "open_interest"),),
    MARK: (),
    DIVIDENDS: (),
    RT_VOLUME: (),
    RT_TRADE_VOLUME: (),
}


def wanted_generics(request: Request) -> frozenset[str]:
    """The generic ticks of a request. Raises SimulatorRefusalError 321 for one that does not exist."""
    wanted = frozenset(one.strip() for one in request.text("generic_ticks").split(",") if one.strip())
    unknown = sorted(wanted - set(GENERIC))
    if unknown:
        legal = ", ".join(sorted(GENERIC, key=int))
        raise invalid(f"Incorrect generic tick list of {','.join(unknown)}. Legal ones are: {legal}")
    if wanted and request.flag("snapshot"):
        raise invalid("Snapshot market data subscription is not applicable to generic ticks")
    return wanted
