# SPDX-License-Identifier: Apache-2.0
"""The one door to a market: simulated by seed, or recorded from files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from terminal.simulation.market import Market
from terminal.simulation.replay.source import ReplaySource
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.source import MarketSource

DEMO_ACCOUNT: Final = "DU9000001"


def open_exchange(
    *,
    seed: int = 1,
    replay: Sequence[Path | str] = (),
    accounts: Sequence[str] = (DEMO_ACCOUNT,),
    state: Mapping[str, Any] | None = None,
) -> Market:
    """Return a market that is ready to live.

    Args:
        replay: LEAN files or folders; without any the market is simulated.
        state: what `Exchange.dump_state` gave.

    Raises:
        UserError: a replay file or the state cannot be used; the message names file, line and rule.
    """
    source: MarketSource = ReplaySource(replay) if replay else SimulatedSource(seed)
    market = Market(source, accounts, seed)
    if state is not None:
        market.load_state(dict(state))
    return market
