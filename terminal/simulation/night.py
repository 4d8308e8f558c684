# SPDX-License-Identifier: Apache-2.0
"""The night: expiry, exercise and assignment after the close; splits, dividends and interest before the opening.

As at IBKR nothing is said when it happens: the positions of the next morning show it. Long options in the money by
0.01 are exercised unless their holder let them lapse (OCC rule 805), short ones are assigned; shares are delivered at
the strike, index options settle in cash. A short call that is worth less alive than the dividend of the next morning
is mostly assigned early. Everything is a function of positions, prices and the seed.
"""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Final, Protocol

from terminal.model.enums import AssetClass, OptionRight
from terminal.model.instrument import Instrument
from terminal.simulation import corporate_actions, interest
from terminal.simulation.account_book import Instruction
from terminal.simulation.accounts import Accounts
from terminal.simulation.exchange_port import MarketListener, SimPosition, SimulatorRefusalError
from terminal.simulation.ledger import Ledger
from terminal.simulation.rng import label_key, mix
from terminal.simulation.source import MarketSource
from terminal.simulation.trading_days import TradingDay, local_ns, to_local
from terminal.simulation.valuation import Standing

EXERCISE: Final = 1
LAPSE: Final = 2
IN_THE_MONEY: Final = Decimal("0.01")
"""OCC exercises by exception from this amount on."""
TOLD_AT: Final = time(2, 30)
"""IBKR's positions change between 02:00 and 03:00 after an assignment."""
_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)
_ASSIGNED_OF_100: Final = 90
"""Of a hundred short calls whose dividend is worth more than their time, so many are assigned (assumption)."""
_DEEP_PUT_OF_100: Final = 10
"""The same per night for puts without time value (assumption)."""


class Host(Protocol):
    """What the night needs of the market."""

    source: MarketSource
    money: Accounts
    listener: MarketListener

    @property
    def desk(self) -> corporate_actions.Orders: ...
    def now_ns(self) -> int: ...
    def schedule(self, ns: int, action: Callable[[], None]) -> None: ...
    def day_index(self) -> int: ...
    def mark(self, con_id: int) -> float: ...
    def instrument(self, con_id: int) -> Instrument | None: ...
    def today(self) -> tuple[int, date]: ...


class Night:
    """See the module."""

    def __init__(self, host: Host, seed: int) -> None:
        self._host = host
        self._key = label_key("assignment", seed)
        self._moved: dict[tuple[str, int], None] = {}

    # ------------------------------------------------------------ what holders want

    def exercise(self, account: str, con_id: int, quantity: Decimal, action: int, *, override: bool) -> None:
        """Take an instruction for tonight; a later one for the same contract replaces it.

        Raises:
            SimulatorRefusalError: not a long option position of that size, or not possible.
        """
        if action not in {EXERCISE, LAPSE}:
            raise _refused(f"exercise action must be 1 (exercise) or 2 (lapse), was {action}")
        ledger = self._host.money.ledger(account)
        instrument = self._host.instrument(con_id)
        if instrument is None or instrument.asset_class is not AssetClass.OPTION:
            raise SimulatorRefusalError(200, "No security definition has been found for the request")
        held = ledger.quantity(con_id)
        if quantity <= 0 or quantity != quantity.to_integral_value() or quantity > held:
            raise _refused(f"exercise quantity must be 1 to the {max(held, _ZERO)} contracts held, was {quantity}")
        last_day = self._ends_today(con_id, instrument)
        if action == LAPSE and not last_day:
            raise _refused("an option can only lapse on its last trading day")
        if action == EXERCISE and not last_day and self._style(con_id, instrument) != "american":
            raise _refused("a European option can only be exercised on its last trading day")
        inside = self._intrinsic(instrument, self._spot(con_id, instrument)) >= IN_THE_MONEY
        if not override and inside != (action == EXERCISE):
            state = "in the money" if inside else "not in the money"
            raise _refused(f"the option is {state}; set override to act against its natural outcome")
        self._host.money.books[account].instructions[con_id] = Instruction(
            action=action, quantity=quantity, override=override
        )

    def outlook(self, account: str) -> Standing | None:
        """Return the account as it would stand if options ended now that end today; None when there are none."""
        money = self._host.money
        ending = [
            con_id
            for con_id, held in money.ledger(account).holdings.items()
            if held.quantity
            and held.instrument.asset_class is AssetClass.OPTION
            and self._ends_today(con_id, held.instrument)
        ]
        if not ending:
            return None
        trial = money.trial(account)
        for con_id in ending:
            self._end(trial, account, con_id, self._intrinsic_now(trial, con_id))
        return money.value(trial)

    def _intrinsic_now(self, ledger: Ledger, con_id: int) -> Decimal:
        instrument = ledger.holdings[con_id].instrument
        return self._intrinsic(instrument, self._spot(con_id, instrument))

    # ------------------------------------------------------------ after the close

    def close_day(self) -> None:
        """Carry out what ends with this trading day."""
        day = self._host.source.calendar.day(self._host.day_index())
        for account, ledger in self._host.money.ledgers.items():
            for con_id in list(ledger.holdings):
                held = ledger.holdings[con_id]
                if not held.quantity:
                    continue
                if held.instrument.asset_class is AssetClass.OPTION:
                    self._option(account, ledger, con_id, day)
                elif held.instrument.expiry is not None and held.instrument.expiry <= day.date:
                    self._settle(account, ledger, con_id, self._final_price(con_id, held.instrument, day.index))
            self._host.money.books[account].instructions.clear()

    def _option(self, account: str, ledger: Ledger, con_id: int, day: TradingDay) -> None:
        held = ledger.holdings[con_id]
        if self._ends_by(con_id, held.instrument, day):
            self._expire(account, ledger, con_id, day.index)
            return
        wanted = self._host.money.books[account].instructions.get(con_id)
        if wanted is not None and wanted.action == EXERCISE and held.quantity > 0:
            self._deliver(account, ledger, con_id, min(wanted.quantity, held.quantity))
        elif held.quantity < 0:
            assigned = self._assigned_early(account, con_id, held.instrument, -held.quantity)
            if assigned:
                self._deliver(account, ledger, con_id, assigned)

    def _expire(self, account: str, ledger: Ledger, con_id: int, index: int) -> None:
        instrument = ledger.holdings[con_id].instrument
        final = self._host.source.settlement_price(con_id, index)
        worth = self._intrinsic(instrument, self._spot(con_id, instrument) if final is None else final)
        for changed in self._end(ledger, account, con_id, worth):
            self._moved[account, changed] = None

    def _end(self, ledger: Ledger, account: str, con_id: int, worth: Decimal) -> tuple[int, ...]:
        """Exercise, assign, settle or drop an option that has ended; return the contracts whose position changed."""
        held = ledger.holdings[con_id]
        inside = worth >= IN_THE_MONEY
        if self._cash_settled(con_id, held.instrument):
            ledger.close(con_id, worth if inside else _ZERO)
            return (con_id,)
        contracts = abs(held.quantity) if inside else _ZERO
        wanted = self._host.money.books[account].instructions.get(con_id)
        if wanted is not None and held.quantity > 0:
            asked = min(wanted.quantity, held.quantity)
            if wanted.action == EXERCISE:
                contracts = max(contracts, asked)
            elif inside:
                contracts = held.quantity - asked
        changed = self._exchange(ledger, con_id, contracts) if contracts else (con_id,)
        if ledger.holdings[con_id].quantity:
            ledger.close(con_id, _ZERO)
        return changed

    def _assigned_early(self, account: str, con_id: int, instrument: Instrument, contracts: Decimal) -> Decimal:
        """Return how many short contracts are assigned tonight though they live on."""
        underlying = self._underlying(con_id, instrument)
        if underlying is None or self._style(con_id, instrument) != "american":
            return _ZERO
        index, today = self._host.today()
        source = self._host.source
        spot = self._spot(con_id, instrument)
        inside = self._intrinsic(instrument, spot)
        time_value = self._host.mark(con_id) - float(inside)
        if inside < IN_THE_MONEY:
            return _ZERO
        draw = mix(self._key, con_id, index, label_key(account)) % 100
        if instrument.right is OptionRight.CALL:
            morning = source.calendar.day(source.next_day(index)).date
            dividends = source.dividends(underlying, _day_after(today), morning)
            amount = float(sum((one.amount for one in dividends), _ZERO))
            return contracts if amount > max(time_value, 0.0) and draw < _ASSIGNED_OF_100 else _ZERO
        return contracts if time_value <= 0.0 and draw < _DEEP_PUT_OF_100 else _ZERO

    # ------------------------------------------------------------ before the opening

    def open_day(self) -> None:
        """Begin the new trading day: splits, dividends, interest; positions are told at the first 02:30 New York."""
        host = self._host
        corporate_actions.cancel_orders(host)
        for account, con_id in corporate_actions.apply_splits(host):
            self._moved[account, con_id] = None
        corporate_actions.apply_dividends(host)
        interest.accrue(host)
        ended = to_local(host.source.calendar.day(host.today()[0] - 1).end_ns).date()
        morning = local_ns(_day_after(ended), TOLD_AT)
        if host.now_ns() >= morning:
            self._tell()
        else:
            host.schedule(morning, self._tell)

    def _tell(self) -> None:
        for account, con_id in self._moved:
            self._host.listener.on_position(self._position(account, con_id))
        self._moved.clear()

    def _position(self, account: str, con_id: int) -> SimPosition:
        if con_id in self._host.money.ledger(account).holdings:
            return self._host.money.position(account, con_id)
        return SimPosition(
            account=account, con_id=con_id, quantity=_ZERO, average_cost=0.0, market_price=0.0, market_value=0.0,
            unrealized=0.0, realized=0.0, daily=0.0,
        )  # fmt: skip

    # ------------------------------------------------------------ bookings

    def _settle(self, account: str, ledger: Ledger, con_id: int, price: Decimal) -> None:
        ledger.close(con_id, price)
        self._moved[account, con_id] = None

    def _deliver(self, account: str, ledger: Ledger, con_id: int, contracts: Decimal) -> None:
        for changed in self._exchange(ledger, con_id, contracts):
            self._moved[account, changed] = None

    def _exchange(self, ledger: Ledger, con_id: int, contracts: Decimal) -> tuple[int, ...]:
        """Exchange options for shares at the strike; return the contracts whose position changed."""
        held = ledger.holdings[con_id]
        underlying = self._underlying(con_id, held.instrument)
        stock = None if underlying is None else self._host.instrument(underlying)
        if underlying is None or stock is None:  # nothing that could be delivered is listed: cash
            ledger.close(con_id, self._intrinsic_now(ledger, con_id), contracts)
            return (con_id,)
        call = held.instrument.right is OptionRight.CALL
        comes_in = call == (held.quantity > 0)
        ledger.deliver(
            con_id, underlying, stock, contracts=contracts, sign=1 if comes_in else -1,
            strike=held.instrument.strike or _ZERO,
        )  # fmt: skip
        return con_id, underlying

    # ------------------------------------------------------------ terms

    def _ends_today(self, con_id: int, instrument: Instrument) -> bool:
        terms = self._host.source.terms(con_id)
        day = self._host.source.calendar.day(self._host.day_index())
        if terms is None:
            return instrument.expiry is not None and instrument.expiry <= day.date
        return terms.last_trade_ns <= day.end_ns

    def _ends_by(self, con_id: int, instrument: Instrument, day: TradingDay) -> bool:
        terms = self._host.source.terms(con_id)
        if terms is None:
            return instrument.expiry is not None and instrument.expiry <= day.date
        return terms.settle_ns <= day.end_ns

    def _style(self, con_id: int, instrument: Instrument) -> str:
        terms = self._host.source.terms(con_id)
        if terms is not None:
            return terms.style
        return "european" if _on_index(instrument) else "american"

    def _cash_settled(self, con_id: int, instrument: Instrument) -> bool:
        terms = self._host.source.terms(con_id)
        return _on_index(instrument) if terms is None else terms.settlement == "cash"

    def _underlying(self, con_id: int, instrument: Instrument) -> int | None:
        terms = self._host.source.terms(con_id)
        return self._host.source.underlying_of(instrument) if terms is None else terms.underlying

    def _spot(self, con_id: int, instrument: Instrument) -> float:
        underlying = self._underlying(con_id, instrument)
        return 0.0 if underlying is None else self._host.mark(underlying)

    def _final_price(self, con_id: int, instrument: Instrument, index: int) -> Decimal:
        known = self._host.source.settlement_price(con_id, index)
        price = self._host.mark(con_id) if known is None else known
        return instrument.min_tick * round(price / float(instrument.min_tick))

    @staticmethod
    def _intrinsic(instrument: Instrument, spot: float) -> Decimal:
        strike = instrument.strike or _ZERO
        price = Decimal(repr(round(spot, 4)))
        worth = price - strike if instrument.right is OptionRight.CALL else strike - price
        return max(worth, _ZERO).quantize(_CENT)


def _on_index(instrument: Instrument) -> bool:
    return str(instrument.underlying_id or "").startswith("^")


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _refused(why: str) -> SimulatorRefusalError:
    return SimulatorRefusalError(321, f"Error validating request.-'b' : cause - {why}")
