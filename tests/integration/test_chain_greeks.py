# SPDX-License-Identifier: Apache-2.0
"""The chain's Greeks as the terminal has them, against finite differences of the simulator's own price function.

Every figure goes the whole way: simulator, wire, adapter, hub. The price is differentiated at the spot and the
volatility that came with the Greeks.
"""

from collections.abc import Sequence
from functools import lru_cache

import pytest

from terminal.model.enums import OptionPriceSource
from terminal.model.instrument import Instrument
from terminal.model.market import OptionQuote
from terminal.options.pricing import YEAR_NS
from terminal.paths import ProfilePaths
from terminal.simulation.simulated import SimulatedSource
from tests.support.world import World, world

POINT = 0.01
DAY = 1 / 365


@lru_cache(maxsize=1)
def market() -> SimulatedSource:
    return SimulatedSource(1)


async def chain(w: World, symbol: str, nth_expiry: int, around: int) -> Sequence[Instrument]:
    """Return the contracts of one expiry at the strikes nearest to the money."""
    underlying = w.instrument(symbol)
    parameters = await w.ask(w.core.broker.option_parameters(underlying))
    offered = next(each for each in parameters if each.exchange == "SMART")
    contracts = await w.ask(
        w.core.broker.option_contracts(underlying, sorted(offered.expiries)[nth_expiry], offered.trading_class)
    )
    spot = w.core.hub.mark(underlying.id)
    assert spot is not None
    strikes = sorted({each.strike for each in contracts if each.strike}, key=lambda strike: abs(float(strike) - spot))
    return [each for each in contracts if each.strike in strikes[:around]]


def oracle(quote: OptionQuote, instrument: Instrument) -> dict[str, float]:
    """Return price and Greeks by central differences of the simulator's price, in IBKR's units.

    A market of the same seed values the contract: American, with interest and dividends.
    """
    spot, volatility = quote.underlying_price, quote.implied_volatility
    assert spot is not None
    assert volatility is not None
    con_id = instrument.broker_id or 0
    source = market()

    def at(*, ds: float = 0.0, dv: float = 0.0, dt: float = 0.0) -> float:
        found = source.evaluate(con_id, volatility + dv, spot + ds, quote.received_ns - round(dt * YEAR_NS))
        assert found is not None
        assert found.option_price is not None
        return found.option_price

    step = spot * 1e-4
    return {
        "price": at(),
        "delta": (at(ds=step) - at(ds=-step)) / (2 * step),
        "gamma": (at(ds=step) - 2 * at() + at(ds=-step)) / step**2,
        "vega": (at(dv=1e-4) - at(dv=-1e-4)) / (2 * 1e-4) * POINT,
        "theta": (at(dt=-1e-5) - at(dt=1e-5)) / (2 * 1e-5) * DAY,
    }


@pytest.mark.parametrize(("symbol", "nth_expiry"), [("AAPL", 1), ("AAPL", 6), ("SPY", 3)])
async def test_greeks_are_the_differences_of_the_price(profile: ProfilePaths, symbol: str, nth_expiry: int) -> None:
    async with world(profile) as w:
        core = await w.ready()
        contracts = await chain(w, symbol, nth_expiry, 8)
        assert len(contracts) == 16
        for each in contracts:
            core.subscriptions.watch(each, "quote", "chain")

        def known() -> bool:
            return all(core.hub.option_quote(each.id) is not None for each in contracts)

        await w.until(known, 30)
        await w.step(5)
        for each in contracts:
            quote = core.hub.option_quote(each.id, OptionPriceSource.MODEL)
            assert quote is not None
            assert quote.underlying_price is not None
            expected = oracle(quote, each)
            assert quote.price == pytest.approx(expected["price"], rel=1e-4, abs=1e-4), each.id
            assert quote.delta == pytest.approx(expected["delta"], abs=2e-4), each.id
            assert quote.gamma == pytest.approx(expected["gamma"], rel=2e-3, abs=2e-4), each.id
            assert quote.vega == pytest.approx(expected["vega"], rel=1e-3, abs=1e-4), each.id
            assert quote.theta == pytest.approx(expected["theta"], rel=2e-3, abs=1e-4), each.id


async def test_bid_and_ask_volatilities_reproduce_their_prices(profile: ProfilePaths) -> None:
    """The volatility beside a bid or an ask is the one at which the price function gives that bid or ask."""
    async with world(profile) as w:
        core = await w.ready()
        contracts = await chain(w, "AAPL", 4, 4)
        for each in contracts:
            core.subscriptions.watch(each, "quote", "chain")
        await w.until(lambda: all(core.hub.option_quote(each.id, _BID) is not None for each in contracts), 30)
        for each in contracts:
            for source in (_BID, OptionPriceSource.ASK):
                quote = core.hub.option_quote(each.id, source)
                assert quote is not None
                if quote.implied_volatility is not None:
                    expected = oracle(quote, each)
                    assert quote.price == pytest.approx(expected["price"], abs=2e-4), (each.id, source)


_BID = OptionPriceSource.BID
