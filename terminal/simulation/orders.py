# SPDX-License-Identifier: Apache-2.0
"""What an order may say, and the refusals of what it may not, in IBKR's codes.

Pure checks of one order against its instrument; money, sessions and other orders are desk.py's. The rule of the
simulated market: what is accepted is simulated, everything else is refused.
Codes from IBKR's message code page (https://www.interactivebrokers.com/campus/ibkr-api-page/twsapi-doc/#api-error-codes).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimOrder, SimOrderState, SimulatorRefusalError

ORDER_TYPES: Final = frozenset({"MKT", "LMT", "STP", "STP LMT", "TRAIL"})
TIME_IN_FORCE: Final = frozenset({"DAY", "GTC", "IOC"})
HARMLESS: Final = frozenset(
    {
        "origin", "openClose", "clearingAccount", "clearingIntent", "exemptCode", "shortSaleSlot", "designatedLocation",
        "usePriceMgmtAlgo", "overridePercentageConstraints", "settlingFirm", "solicited", "isOmsContainer",
        "autoCancelParent", "discretionaryUpToLimitPrice", "rule80A", "deltaNeutralOrderType", "optOutSmartRouting",
        "dontUseAutoPriceForHedge", "auctionStrategy", "eTradeOnly", "firmQuoteOnly",
    }
)  # fmt: skip
"""Attributes without effect on a simulated fill: who clears, how it is marked, what IBKR itself no longer uses."""


class Stage(StrEnum):
    """Where an order is inside the venue."""

    HELD = "held"  # transmit was false
    CHILD = "child"  # waits for its parent's fill
    QUEUED = "queued"  # waits for the session
    FLIGHT = "flight"  # on its way to the exchange
    TRIGGER = "trigger"  # stop or trail that watches the market
    BOOK = "book"  # rests in the book
    MARKET = "market"  # market order that found too little
    DONE = "done"


@dataclass(slots=True)
class Working:
    """One order inside the venue, prices in ticks, sizes in whole units."""

    state: SimOrderState
    instrument: Instrument
    sign: int
    unit: Decimal
    """Money per tick of the book, which may be finer than the instrument's order prices."""
    stage: Stage = Stage.HELD
    limit: int | None = None
    stop: int | None = None
    triggered: bool = False
    filled: int = 0
    value: Decimal = field(default_factory=Decimal)
    executions: int = 0
    expires_day: int = 0
    latest: int = 0
    """Number of the latest request; an arrival scheduled by an older one does nothing."""
    told_ns: int = 0
    """When the client last heard of a trail's stop."""
    opposite_quotes: int = 0
    """Consecutive quotes beyond the trigger (options and currencies need two)."""

    @property
    def perm_id(self) -> int:
        return self.state.perm_id

    @property
    def con_id(self) -> int:
        return self.state.order.con_id

    @property
    def quantity(self) -> int:
        return int(self.state.order.quantity)

    @property
    def left(self) -> int:
        return self.quantity - self.filled


def price_to_tick(unit: Decimal, price: float | Decimal) -> int:
    """Return ``price`` in ticks of ``unit``, rounded to the nearest."""
    value = price if isinstance(price, Decimal) else Decimal(repr(price))
    return int((value / unit).to_integral_value())


def check_order(order: SimOrder, instrument: Instrument) -> None:
    """Refuse what the market does not simulate or what makes no sense.

    Raises:
        SimulatorRefusalError: with IBKR's code.
    """
    if order.order_type not in ORDER_TYPES or instrument.asset_class is AssetClass.INDEX:
        raise SimulatorRefusalError(387, "Unsupported order type for this exchange and security type.")
    if order.tif not in TIME_IN_FORCE:
        raise SimulatorRefusalError(10052, f"Invalid time in force:{order.tif}")
    if order.tif == "IOC" and order.order_type not in {"MKT", "LMT"}:
        raise SimulatorRefusalError(10052, f"Invalid time in force:IOC (not with {order.order_type})")
    if order.action not in {"BUY", "SELL"}:
        raise SimulatorRefusalError(321, f"Error validating request: action must be BUY or SELL, was {order.action}")
    _check_attributes(order)
    _check_quantity(order, instrument)
    _check_prices(order, instrument)
    if order.oca_type not in {0, 1, 2, 3}:
        raise SimulatorRefusalError(321, f"Error validating request: ocaType must be 1, 2 or 3, was {order.oca_type}")


def _check_attributes(order: SimOrder) -> None:
    for name, value in order.attributes.items():
        if name in HARMLESS:
            continue
        if name == "cashQty":
            raise SimulatorRefusalError(10244, "Cash quantity cannot be used for this order.")
        raise SimulatorRefusalError(321, f"Error validating request: {name}={value} is not supported by the simulator")


def _check_quantity(order: SimOrder, instrument: Instrument) -> None:
    if not order.quantity.is_finite() or order.quantity <= 0:
        raise SimulatorRefusalError(434, "The order size cannot be zero.")
    if order.quantity != order.quantity.to_integral_value():
        raise SimulatorRefusalError(10243, "Fractional-sized order cannot be placed via API.")
    if order.quantity % instrument.size_increment or order.quantity < instrument.min_size:
        raise SimulatorRefusalError(
            201, f"Order rejected - reason:The size must be a multiple of {instrument.size_increment}"
        )


def _check_prices(order: SimOrder, instrument: Instrument) -> None:
    needs_limit = order.order_type in {"LMT", "STP LMT"}
    needs_stop = order.order_type in {"STP", "STP LMT"}
    if needs_limit and order.limit_price is None:
        raise SimulatorRefusalError(321, f"Error validating request: {order.order_type} needs a limit price")
    if needs_stop and order.aux_price is None:
        raise SimulatorRefusalError(321, f"Error validating request: {order.order_type} needs a stop price")
    prices = [order.limit_price] if needs_limit else []
    prices += [order.aux_price] if needs_stop else []
    if order.order_type == "TRAIL":
        if (order.aux_price is None) == (order.trailing_percent is None):
            raise SimulatorRefusalError(
                321, "Error validating request: TRAIL needs either a trailing amount or a trailing percent"
            )
        if order.trailing_percent is not None and not 0 < order.trailing_percent < 100:
            raise SimulatorRefusalError(
                321, f"Error validating request: trailing percent must lie in (0, 100), was {order.trailing_percent}"
            )
        prices += [order.aux_price, order.trail_stop_price]
    for price in prices:
        if price is not None:
            check_price(price, instrument)


def check_price(price: float, instrument: Instrument) -> None:
    """Refuse a price that is not positive (negative prices exist for combos only) or not on its tick."""
    value = Decimal(repr(price))
    if not value.is_finite() or value <= 0:
        raise SimulatorRefusalError(201, f"Order rejected - reason:The price {price} must be positive")
    if not instrument.on_tick(value):
        raise SimulatorRefusalError(110, "The price does not conform to the minimum price variation for this contract.")
