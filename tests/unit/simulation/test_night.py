# SPDX-License-Identifier: Apache-2.0
"""What the night does: exercise, assignment, expiry, dividends and splits, told by the positions of the morning."""

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.facts import Dividend, OptionTerms, Split
from terminal.simulation.market import Market
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.trading_days import MINUTE_NS, NS, local_ns
from tests.unit.simulation.floor_case import AAPL, ACCOUNT, Recorder, order, pass_time

FRIDAY, LATER = "20250307", "20250321"


class PlannedSource(SimulatedSource):
    """The simulated market with corporate actions and terms that a test decides."""

    def __init__(self) -> None:
        super().__init__(1)
        self.planned_dividends: list[Dividend] = []
        self.planned_splits: list[Split] = []
        self.settles: dict[int, tuple[OptionTerms, float]] = {}

    def dividends(self, con_id: int, first: date, last: date) -> Sequence[Dividend]:
        return [one for one in self.planned_dividends if con_id == AAPL and first <= one.ex_date <= last]

    def splits(self, con_id: int, first: date, last: date) -> Sequence[Split]:
        return [one for one in self.planned_splits if con_id == AAPL and first <= one.ex_date <= last]

    def interest_rate(self, currency: str, ns: int) -> float:
        del currency, ns
        return 0.0

    def terms(self, con_id: int) -> OptionTerms | None:
        return self.settles[con_id][0] if con_id in self.settles else None

    def settlement_price(self, con_id: int, index: int) -> float | None:
        return self.settles[con_id][1] if con_id in self.settles else None


def opened() -> tuple[Market, PlannedSource, Recorder]:
    source, heard = PlannedSource(), Recorder()
    exchange = Market(source, (ACCOUNT,), 1)
    exchange.set_listener(heard)
    return exchange, source, heard


def option(exchange: Market, right: str, away: float, expiry: str = FRIDAY) -> Instrument:
    """Return the option whose strike is nearest to the spot + ``away``."""
    spot = exchange.mark(AAPL)
    chain = exchange.find(symbol="AAPL", sec_type="OPT", expiry=expiry, right=right)
    return min(chain, key=lambda item: abs(float(item.strike or 0) - spot - away))


def buy(exchange: Market, instrument: Instrument, quantity: int, side: str = "BUY") -> int:
    con_id = instrument.broker_id or 0
    exchange.place(order(side, quantity, con_id=con_id))
    pass_time(exchange, 20)
    assert abs(exchange.money.ledger(ACCOUNT).quantity(con_id)) == quantity
    return con_id


def to_last_hour(exchange: Market) -> None:
    exchange.advance_to(exchange.source.calendar.day(3).close_ns - 30 * MINUTE_NS)


def over_night(exchange: Market) -> None:
    exchange.advance_to(exchange.source.calendar.day(exchange.day_index()).end_ns)


def held(exchange: Market, con_id: int = AAPL) -> int:
    return int(exchange.money.ledger(ACCOUNT).quantity(con_id))


def cash(exchange: Market) -> Decimal:
    return exchange.money.ledger(ACCOUNT).cash["USD"]


def test_a_call_in_the_money_is_exercised_and_told_in_the_morning() -> None:
    exchange, _, heard = opened()
    to_last_hour(exchange)
    call = option(exchange, "C", -20)
    con_id = buy(exchange, call, 2)
    cost = exchange.money.ledger(ACCOUNT).holdings[con_id].cost
    exchange.advance_to(exchange.source.calendar.day(3).end_ns - 1)
    before, known = cash(exchange), len(heard.events)
    over_night(exchange)
    assert held(exchange) == 200
    assert before - cash(exchange) == 200 * (call.strike or 0)
    position = exchange.money.ledger(ACCOUNT).holdings[AAPL]
    assert position.cost == 200 * (call.strike or 0) + cost
    told = [event[1] for event in heard.events[known:] if event[0] == "position"]
    assert [(one.con_id, one.quantity) for one in told] == [(con_id, 0), (AAPL, 200)]
    assert heard.events.index(("session", "day_end")) < heard.events.index(("position", told[0]))
    assert not exchange.executions()


def test_a_short_put_in_the_money_is_assigned() -> None:
    exchange, _, _ = opened()
    to_last_hour(exchange)
    put = option(exchange, "P", 15)
    con_id = buy(exchange, put, 1, "SELL")
    premium = -exchange.money.ledger(ACCOUNT).holdings[con_id].cost
    over_night(exchange)
    assert (held(exchange), held(exchange, con_id)) == (100, 0)
    assert exchange.money.ledger(ACCOUNT).holdings[AAPL].cost == 100 * (put.strike or 0) - premium


def test_an_option_out_of_the_money_ends_worthless() -> None:
    exchange, _, _ = opened()
    to_last_hour(exchange)
    con_id = buy(exchange, option(exchange, "C", 12), 3)
    before = cash(exchange)
    over_night(exchange)
    assert (held(exchange), held(exchange, con_id)) == (0, 0)
    assert cash(exchange) == before


def test_a_lapse_keeps_part_of_a_position_from_exercise() -> None:
    exchange, _, _ = opened()
    to_last_hour(exchange)
    con_id = buy(exchange, option(exchange, "C", -10), 3)
    with pytest.raises(SimulatorRefusalError, match="set override"):
        exchange.exercise(ACCOUNT, con_id, Decimal(2), 2, override=False)
    exchange.exercise(ACCOUNT, con_id, Decimal(2), 2, override=True)
    over_night(exchange)
    assert (held(exchange), held(exchange, con_id)) == (100, 0)


def test_an_option_out_of_the_money_is_exercised_against_its_natural_outcome() -> None:
    exchange, _, _ = opened()
    to_last_hour(exchange)
    put = option(exchange, "P", -3)
    con_id = buy(exchange, put, 2)
    exchange.exercise(ACCOUNT, con_id, Decimal(1), 1, override=True)
    over_night(exchange)
    assert (held(exchange), held(exchange, con_id)) == (-100, 0)


def test_an_american_option_is_exercised_before_its_expiry() -> None:
    exchange, _, heard = opened()
    con_id = buy(exchange, option(exchange, "C", -20, LATER), 3)
    known = len(heard.events)
    exchange.exercise(ACCOUNT, con_id, Decimal(1), 1, override=False)
    assert heard.events[known:] == []
    assert held(exchange) == 0
    over_night(exchange)
    assert (held(exchange), held(exchange, con_id)) == (100, 2)
    over_night(exchange)
    assert held(exchange) == 100  # the instruction was for one night


@pytest.mark.parametrize(
    ("quantity", "action", "why"),
    [
        ("4", 1, "1 to the 3 contracts held"),
        ("0", 1, "1 to the 3 contracts held"),
        ("1.5", 1, "1 to the 3 contracts held"),
        ("1", 3, r"must be 1 \(exercise\) or 2 \(lapse\)"),
        ("1", 2, "only lapse on its last trading day"),
    ],
)
def test_instructions_that_cannot_be_are_refused(quantity: str, action: int, why: str) -> None:
    exchange, _, _ = opened()
    con_id = buy(exchange, option(exchange, "C", -20, LATER), 3)
    with pytest.raises(SimulatorRefusalError, match=why) as refusal:
        exchange.exercise(ACCOUNT, con_id, Decimal(quantity), action, override=True)
    assert refusal.value.code == 321
    with pytest.raises(SimulatorRefusalError) as unknown:
        exchange.exercise(ACCOUNT, AAPL, Decimal(1), 1, override=True)
    assert unknown.value.code == 200


def test_short_options_cannot_be_exercised_by_their_writer() -> None:
    exchange, _, _ = opened()
    con_id = buy(exchange, option(exchange, "P", -10, LATER), 1, "SELL")
    with pytest.raises(SimulatorRefusalError, match="0 contracts held"):
        exchange.exercise(ACCOUNT, con_id, Decimal(1), 1, override=True)


def terms(exchange: Market, **changes: Any) -> OptionTerms:
    day = exchange.source.calendar.day(3)
    values: dict[str, Any] = {
        "style": "european", "settlement": "cash", "morning": False, "last_trade_ns": day.close_ns,
        "settle_ns": day.close_ns, "underlying": AAPL, "multiplier": Decimal(100),
    }  # fmt: skip
    return OptionTerms(**{**values, **changes})


def test_a_cash_settled_option_pays_its_difference_to_the_settlement_price() -> None:
    exchange, source, _ = opened()
    call = option(exchange, "C", -20)
    con_id = buy(exchange, call, 2)
    settlement = float(call.strike or 0) + 31.25
    source.settles[con_id] = (terms(exchange), settlement)
    with pytest.raises(SimulatorRefusalError, match="European"):
        exchange.exercise(ACCOUNT, con_id, Decimal(1), 1, override=True)
    exchange.advance_to(exchange.source.calendar.day(3).end_ns - 1)
    before = cash(exchange)
    over_night(exchange)
    assert cash(exchange) - before == 6_250
    assert (held(exchange), held(exchange, con_id)) == (0, 0)


def test_a_morning_settled_option_is_held_until_its_settlement() -> None:
    """It stops trading on Wednesday; what it is worth is known on Thursday morning."""
    exchange, source, _ = opened()
    put = option(exchange, "P", -10)
    con_id = buy(exchange, put, 1)
    calendar = exchange.source.calendar
    source.settles[con_id] = (
        terms(exchange, morning=True, last_trade_ns=calendar.day(1).close_ns, settle_ns=calendar.day(2).open_ns),
        float(put.strike or 0) - 4.0,
    )
    exchange.advance_to(calendar.day(2).start_ns)
    assert held(exchange, con_id) == 1
    exchange.advance_to(calendar.day(2).end_ns - 1)
    before = cash(exchange)
    over_night(exchange)
    assert held(exchange, con_id) == 0
    assert cash(exchange) - before == 400


def test_with_full_hours_positions_are_told_at_half_past_two() -> None:
    heard = Recorder()
    exchange = Market(SimulatedSource(1, full_hours=True), (ACCOUNT,), 1)
    exchange.set_listener(heard)
    to_last_hour(exchange)
    con_id = buy(exchange, option(exchange, "C", -20), 1)
    day = exchange.source.calendar.day(3)
    exchange.advance_to(day.end_ns + MINUTE_NS)
    assert held(exchange) == 100
    half_past_two = local_ns(date(2025, 3, 8), time(2, 30))
    known = len([event for event in heard.events if event[0] == "position"])
    exchange.advance_to(half_past_two - 1)
    assert len([event for event in heard.events if event[0] == "position"]) == known
    exchange.advance_to(half_past_two)
    told = [event[1] for event in heard.events if event[0] == "position"][known:]
    assert [(one.con_id, one.quantity) for one in told] == [(con_id, 0), (AAPL, 100)]


def test_the_margin_after_tonights_expiry_is_foretold() -> None:
    exchange, _, _ = opened()
    to_last_hour(exchange)
    assert amount(exchange, "PostExpirationMargin") == 0
    put = option(exchange, "P", 20)
    buy(exchange, put, 4, "SELL")
    foretold = amount(exchange, "PostExpirationMargin")
    assert foretold == pytest.approx(0.25 * 400 * exchange.mark(AAPL), rel=1e-6)
    excess = amount(exchange, "PostExpirationExcess")
    over_night(exchange)
    assert amount(exchange, "MaintMarginReq") == pytest.approx(foretold, rel=0.05)
    assert amount(exchange, "ExcessLiquidity") == pytest.approx(excess, rel=0.05)


# ------------------------------------------------------------------ corporate actions


def dividend(ex: date, pay: date, amount: str) -> Dividend:
    return Dividend(ex_date=ex, record_date=ex, pay_date=pay, amount=Decimal(amount))


def amount(exchange: Market, tag: str) -> float:
    return next(float(value) for name, value, _ in exchange.account_values(ACCOUNT) if name == tag)


@pytest.mark.parametrize(("side", "sign"), [("BUY", 1), ("SELL", -1)])
def test_a_dividend_accrues_on_its_ex_date_and_moves_cash_on_its_pay_date(side: str, sign: int) -> None:
    exchange, source, _ = opened()
    source.planned_dividends = [dividend(date(2025, 3, 5), date(2025, 3, 7), "0.25")]
    exchange.place(order(side, 400))
    pass_time(exchange, 60)
    before = cash(exchange)
    over_night(exchange)
    assert amount(exchange, "AccruedDividend") == sign * 100
    interest = cash(exchange) - before
    assert amount(exchange, "NetLiquidation") == pytest.approx(
        float(cash(exchange)) + exchange.positions(ACCOUNT)[0].market_value + sign * 100, abs=0.02
    )
    over_night(exchange)
    assert cash(exchange) == before + interest
    over_night(exchange)
    assert amount(exchange, "AccruedDividend") == 0
    assert cash(exchange) == before + interest + sign * 100


def test_shares_bought_on_the_ex_date_earn_nothing() -> None:
    exchange, source, _ = opened()
    source.planned_dividends = [dividend(date(2025, 3, 4), date(2025, 3, 6), "0.25")]
    exchange.place(order("BUY", 400))
    pass_time(exchange, 60)
    over_night(exchange)
    assert amount(exchange, "AccruedDividend") == 0


def test_a_short_call_is_assigned_early_when_the_dividend_is_worth_more_than_its_time() -> None:
    exchange, source, _ = opened()
    con_id = buy(exchange, option(exchange, "C", -30), 2, "SELL")
    source.planned_dividends = [dividend(date(2025, 3, 5), date(2025, 3, 20), "4.00")]
    over_night(exchange)
    assert (held(exchange), held(exchange, con_id)) == (-200, 0)
    assert amount(exchange, "AccruedDividend") == -800  # who delivers late owes the dividend
    again, planned, _ = opened()
    other = buy(again, option(again, "C", -3, LATER), 2, "SELL")
    planned.planned_dividends = [dividend(date(2025, 3, 5), date(2025, 3, 20), "0.25")]
    over_night(again)
    assert (held(again), held(again, other)) == (0, -2)


def test_a_split_restates_shares_and_pays_the_fraction_in_cash() -> None:
    exchange, source, heard = opened()
    source.planned_splits = [Split(ex_date=date(2025, 3, 5), new=3, old=2)]
    exchange.place(order("BUY", 101))
    pass_time(exchange, 60)
    cost, before = exchange.money.ledger(ACCOUNT).holdings[AAPL].cost, cash(exchange)
    over_night(exchange)
    assert held(exchange) == 151
    assert cash(exchange) - before == pytest.approx(Decimal(repr(exchange.mark(AAPL))) / 2, abs=Decimal(1))
    assert exchange.money.ledger(ACCOUNT).holdings[AAPL].cost == pytest.approx(cost * 151 / Decimal("151.5"))
    assert ("session", "day_end") in heard.events


def test_a_whole_split_multiplies_contracts_divides_strikes_and_cancels_orders() -> None:
    exchange, source, heard = opened()
    call = option(exchange, "C", 5, LATER)
    con_id = buy(exchange, call, 4)
    cost = exchange.money.ledger(ACCOUNT).holdings[con_id].cost
    resting = exchange.place(order("BUY", 10, "LMT", limit_price=100.0, tif="GTC"))
    source.planned_splits = [Split(ex_date=date(2025, 3, 5), new=5, old=1)]
    over_night(exchange)
    holdings = exchange.money.ledger(ACCOUNT).holdings
    ((new_id, new),) = [(key, one) for key, one in holdings.items() if one.quantity]
    assert new_id != con_id
    assert (new.quantity, new.cost, new.instrument.multiplier) == (Decimal(20), cost, Decimal(100))
    assert new.instrument.strike == (call.strike or Decimal(0)) / 5
    assert (new.instrument.expiry, new.instrument.right) == (call.expiry, call.right)
    assert resting.status == "Cancelled"
    told = [event[1] for event in heard.events if event[0] == "position"][-2:]
    assert {(one.con_id, one.quantity) for one in told} == {(con_id, 0), (new_id, 20)}


def test_an_index_option_of_the_market_settles_against_the_opening_quotation() -> None:
    """SPX stops trading on Thursday 20 March and settles on Friday's opening; nothing is delivered."""
    exchange, heard = Market(SimulatedSource(1), (ACCOUNT,), 1), Recorder()
    exchange.set_listener(heard)
    day = exchange.source.calendar.day
    index = exchange.source.calendar.index_of(date(2025, 3, 20))
    exchange.advance_to(day(index).open_ns + 10 * MINUTE_NS)
    spot = exchange.mark(exchange.find(symbol="SPX", sec_type="IND")[0].broker_id or 0)
    chain = exchange.find(symbol="SPX", sec_type="OPT", expiry="20250320", right="C", trading_class="SPX")
    call = min(chain, key=lambda item: abs(float(item.strike or 0) - spot + 150))
    con_id = buy(exchange, call, 1)
    exchange.advance_to(day(index + 1).open_ns + MINUTE_NS)
    assert held(exchange, con_id) == 1
    before = cash(exchange)
    opening = exchange.source.settlement_price(con_id, index + 1)
    assert opening is not None
    exchange.advance_to(day(index + 1).end_ns)
    assert held(exchange, con_id) == 0
    paid = float(cash(exchange) - before)
    assert paid == pytest.approx(100 * max(opening - float(call.strike or 0), 0.0), abs=40)  # interest of a week-end


def test_instructions_and_accruals_survive_a_restart() -> None:
    exchange, source, _ = opened()
    source.planned_dividends = [dividend(date(2025, 3, 5), date(2025, 3, 7), "0.25")]
    exchange.place(order("BUY", 400))
    con_id = buy(exchange, option(exchange, "C", -20, LATER), 3)
    over_night(exchange)
    exchange.exercise(ACCOUNT, con_id, Decimal(1), 1, override=False)
    saved = exchange.dump_state()
    again, later, _ = opened()
    later.planned_dividends = source.planned_dividends
    again.load_state(saved)
    assert again.money.books[ACCOUNT] == exchange.money.books[ACCOUNT]
    assert amount(again, "AccruedDividend") == 100
    for one in (exchange, again):
        one.advance_to(one.source.calendar.day(2).start_ns + NS)
    assert held(again) == held(exchange) == 500
    assert cash(again) == cash(exchange)
