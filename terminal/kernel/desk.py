# SPDX-License-Identifier: Apache-2.0
"""The strategies' desk: what the core offers to the strategy layer, and nothing more."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from terminal.market.hub import MarketHub
from terminal.model.commands import CancelOrder, CancelOrders, ClosePosition, SubmitOrder
from terminal.model.enums import Mode, TradingState
from terminal.model.ids import ClientOrderId, InstrumentId, StrategyId
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from terminal.model.order import Order
from terminal.model.position import Position
from terminal.trading.execution import ExecutionEngine


class StrategyDoor:
    """Fulfils `terminal.strategy.runner.StrategyDesk` over the execution engine."""

    def __init__(self, execution: ExecutionEngine, hub: MarketHub, mode: Callable[[], Mode]) -> None:
        self._execution = execution
        self._hub = hub
        self._mode = mode

    def submit(self, command: SubmitOrder) -> object:
        return self._execution.submit(command)

    def cancel(self, command: CancelOrder) -> None:
        self._execution.cancel(command)

    def cancel_orders(self, command: CancelOrders) -> object:
        return self._execution.cancel_orders(command)

    def close_position(self, command: ClosePosition) -> object:
        return self._execution.close_position(command)

    def position(self, instrument_id: InstrumentId, strategy_id: StrategyId) -> Position:
        return self._execution.portfolio.position(instrument_id, strategy_id)

    def working(self, instrument_id: InstrumentId, strategy_id: StrategyId) -> Sequence[Order]:
        return [
            order for order in self._execution.orders.working_for(instrument_id) if order.strategy_id == strategy_id
        ]

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        return self._execution.orders.get(client_order_id)

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self._hub.quote(instrument_id)

    def net_liquidation(self) -> Decimal | None:
        return self._execution.portfolio.account().net_liquidation

    def rate_to_base(self, currency: str) -> float | None:
        return self._execution.portfolio.rate_to_base(currency)

    def largest_order(self, instrument: Instrument, price: float) -> tuple[Decimal, str]:
        return self._execution.risk.largest_order(instrument, price)

    def live_allowed(self) -> str | None:
        """Return why strategies may not go live now, None when they may."""
        if self._mode() is Mode.LIVE:
            return "live accounts are read-only in this version; use a demo or paper account"
        if not self._execution.link.connected:
            return "there is no connection to the broker"
        if not self._execution.link.reconciled:
            return "orders and positions are not compared with the broker yet"
        if self._execution.trading.state is not TradingState.ACTIVE:
            return f"trading is {self._execution.trading.state}: {self._execution.trading.reason}"
        return None
