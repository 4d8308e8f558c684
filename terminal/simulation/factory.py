# SPDX-License-Identifier: Apache-2.0
"""The one door to a market: simulated by seed, or recorded from files."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from terminal.errors import UserError
from terminal.simulation.account_book import AccountSpec
from terminal.simulation.costs import Schedule
from terminal.simulation.market import Market
from terminal.simulation.replay.source import ReplaySource
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.source import MarketSource

DEMO_ACCOUNT: Final = "DU9000001"
SECOND_ACCOUNT: Final = "DU9000002"


def account_specs(count: int, schedule: Schedule) -> tuple[AccountSpec, ...]:
    """Return the accounts of `tiller simulate`: one with 250,000 USD, a second one with 100,000 EUR as its base."""
    specs = (
        AccountSpec(name=DEMO_ACCOUNT, schedule=schedule),
        AccountSpec(name=SECOND_ACCOUNT, base="EUR", cash=Decimal(100_000), schedule=schedule),
    )
    return specs[:count]


def open_exchange(
    *,
    seed: int = 1,
    replay: Sequence[Path | str] = (),
    accounts: Sequence[str | AccountSpec] = (DEMO_ACCOUNT,),
    state: Mapping[str, Any] | None = None,
    full_hours: bool = False,
) -> Market:
    """Return a market that is ready to live.

    Args:
        accounts: names (250,000 USD each) or specifications.
        replay: LEAN files or folders; without any the market is simulated.
        state: what `Exchange.dump_state` gave.
        full_hours: let a simulated market live through nights and weekends (docs/decisions/0010).

    Raises:
        UserError: a replay file or the state cannot be used; the message names file, line and rule.
    """
    source: MarketSource = ReplaySource(replay) if replay else SimulatedSource(seed, full_hours=full_hours)
    market = Market(source, accounts, seed)
    _check_currencies(market)
    if state is not None:
        market.load_state(dict(state))
    return market


def _check_currencies(market: Market) -> None:
    for ledger in market.money.ledgers.values():
        try:
            market.money.rate(ledger.base)
        except KeyError as error:
            raise UserError(
                "SIM-016",
                f"account {ledger.account} is kept in {ledger.base}, and this market has no exchange rate for it; "
                "a recording knows USD only: use --accounts 1",
            ) from error
