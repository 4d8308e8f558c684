# SPDX-License-Identifier: Apache-2.0
"""Market: what clients ask of a trading floor; together they fulfil the seam `Exchange`.

Questions are answered for the present moment of the market's clock and change nothing; orders go to the desk.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.model.market import Bar
from terminal.simulation import reference
from terminal.simulation.account_report import account_values
from terminal.simulation.exchange_port import (
    SimExecution,
    SimGreeks,
    SimOrder,
    SimOrderState,
    SimPosition,
    SimPreview,
    SimPrint,
    SimulatorRefusalError,
)
from terminal.simulation.floor import TradingFloor
from terminal.simulation.plan import print_marks
from terminal.simulation.rng import mix
from terminal.simulation.scheduler import Agenda
from terminal.simulation.state import InstrumentOf, LoadedState, dump

MAKERS: Final = ("NSDQ", "ARCA", "BATS", "EDGX", "IEX", "NYSE", "MEMX", "BYX")


class Market(TradingFloor):
    """See the module."""

    # ------------------------------------------------------------ reference

    def instruments(self) -> Sequence[Instrument]:
        return self.source.instruments(self.day_index())

    def find(
        self, *, symbol: str, sec_type: str, expiry: str = "", strike: float = 0.0, right: str = "",
        exchange: str = "", currency: str = "", local_symbol: str = "", trading_class: str = "", multiplier: str = "",
    ) -> Sequence[Instrument]:  # fmt: skip
        wanted = reference.Wanted(
            symbol=symbol, sec_type=sec_type, expiry=expiry, strike=strike, right=right, exchange=exchange,
            currency=currency, local_symbol=local_symbol, trading_class=trading_class, multiplier=multiplier,
        )  # fmt: skip
        return reference.find(self.source, self.day_index(), wanted)

    def search(self, pattern: str) -> Sequence[Instrument]:
        return reference.search(self.instruments(), pattern)

    def option_chain(self, underlying_con_id: int) -> Sequence[tuple[str, str, str, Sequence[str], Sequence[float]]]:
        return self.source.option_chain(underlying_con_id, self.day_index())

    # ------------------------------------------------------------ market data

    def book(
        self, con_id: int, rows: int
    ) -> tuple[Sequence[tuple[float, float, str]], Sequence[tuple[float, float, str]]]:
        instrument = self._need(con_id)
        if not self.source.has_depth(con_id):
            raise SimulatorRefusalError(
                10092, "Deep market data is not supported for this combination of security type/exchange"
            )
        book = self.current_book(con_id)
        sides = [
            [
                (
                    self.price(instrument, tick),
                    self.size(con_id, size),
                    MAKERS[mix(self._venue_key, tick, sign) % len(MAKERS)],
                )
                for tick, size in book.rows(sign, rows, self._now)
            ]
            for sign in (1, -1)
        ]
        return sides[0], sides[1]

    def greeks(self, con_id: int, source: str) -> SimGreeks | None:
        book = self.current_book(con_id)
        return self.source.greeks(con_id, source, self._now, book, self.quote_ticks(con_id)[2])

    def statistics(self, con_id: int) -> dict[str, float]:
        found = self.source.statistics(con_id, self._now)
        if self._need(con_id).asset_class is AssetClass.STOCK:
            borrow = self.source.borrow(con_id, self._now)
            found = {"shortable": borrow.level, "shortable_shares": float(borrow.available), **found}
        return found

    def dividend_text(self, con_id: int) -> str:
        return self.source.dividend_text(con_id, self._now)

    def bars(
        self, con_id: int, *, seconds: int, start_ns: int, end_ns: int, what: str, regular_only: bool
    ) -> Sequence[Bar]:
        self._need(con_id)
        return self.source.bars(
            con_id, seconds=seconds, start_ns=start_ns, end_ns=end_ns, now_ns=self._now, what=what,
            regular_only=regular_only,
        )  # fmt: skip

    def prints(self, con_id: int, *, start_ns: int, end_ns: int, limit: int) -> Sequence[SimPrint]:
        self._need(con_id)
        calendar = self.source.calendar
        found: list[SimPrint] = []
        end = min(end_ns, self._now + 1)
        index = calendar.index_at(start_ns)
        while len(found) < limit and calendar.day(index).start_ns < end:
            day = calendar.day(index)
            rows = self.source.tape(con_id, day.start_ns).prints.between(start_ns, end)
            for ns, tick, size, side, code in zip(
                rows.ns[:limit].tolist(), rows.tick[:limit].tolist(), rows.size[:limit].tolist(),
                rows.side[:limit].tolist(), rows.codes()[:limit].tolist(), strict=True,
            ):  # fmt: skip
                exchange, conditions = print_marks(code)
                found.append(self._print(con_id, ns, tick, size, side, exchange=exchange, conditions=conditions))
            index += 1
        return found[:limit]

    def head_ns(self, con_id: int) -> int:
        return self.source.head_ns(con_id)

    # ------------------------------------------------------------ orders

    def preview(self, order: SimOrder) -> SimPreview:
        return self.desk.preview(order, self.instrument(order.con_id))

    def place(self, order: SimOrder) -> SimOrderState:
        return self.desk.place(order, self.instrument(order.con_id))

    def modify(self, perm_id: int, order: SimOrder) -> SimOrderState:
        return self.desk.modify(perm_id, order)

    def cancel(self, perm_id: int) -> SimOrderState:
        return self.desk.cancel(perm_id)

    def open_orders(self) -> Sequence[SimOrderState]:
        return [working.state for working in self.desk.orders.live()]

    def completed_orders(self) -> Sequence[SimOrderState]:
        today = self.source.calendar.day(self.day_index()).start_ns
        return [working.state for working in self.desk.orders.done(today)]

    def executions(self) -> Sequence[SimExecution]:
        return tuple(self.desk.settlement.executions)

    # ------------------------------------------------------------ accounts

    def positions(self, account: str) -> Sequence[SimPosition]:
        return self.money.positions(account)

    def account_values(self, account: str) -> Sequence[tuple[str, str, str]]:
        return account_values(self.money, account, self.night.outlook(account))

    def pnl(self, account: str) -> tuple[float, float, float]:
        return self.money.pnl(account)

    def exercise(self, account: str, con_id: int, quantity: Decimal, action: int, *, override: bool) -> None:
        self.night.exercise(account, con_id, quantity, action, override=override)

    # ------------------------------------------------------------ state

    def dump_state(self) -> dict[str, object]:
        return dump(
            now_ns=self._now, identity=self.source.identity, desk=self.desk, money=self.money, tapes=self.source.tapes()
        )  # fmt: skip

    def load_state(self, state: dict[str, object]) -> None:
        """Take up a market that has not lived yet where another one stopped.

        Raises:
            UserError: SIM-001, the state is damaged or of another market.
        """
        loaded = LoadedState(state, self.source.identity)
        self._now = loaded.now_ns
        self._agenda = Agenda()
        self._plan_sessions()
        look = InstrumentOf(self.instrument)
        loaded.restore_ledgers(self.money, look)
        for con_id, day, added, removed in loaded.edits:
            tape = self.source.tape(con_id, self.source.calendar.day(day).start_ns)
            for row in added:
                tape.add(*row)
            for ns, size in removed.items():
                tape.remove(ns, size)
        self.desk.next_perm_id = loaded.next_perm_id
        self.desk.settlement.executions.extend(loaded.executions)
        self.combos.recall_orders(state.get("orders"), self.instrument)
        for working in loaded.workings(look):
            self.desk.resume(working)
