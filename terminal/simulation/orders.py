# SPDX-License-Identifier: Apache-2.0
"""An order inside the venue, and the refusals of what it may not say, in IBKR's codes.

What may be ordered stands in order_table.py; here one order is held against it and against its instrument. Money,
sessions and other orders are desk.py's. The rule: what is accepted is simulated, everything else is refused.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from terminal.model.enums import AssetClass
from terminal.model.instrument import Instrument
from terminal.simulation.exchange_port import SimOrder, SimOrderState, SimulatorRefusalError
from terminal.simulation.order_table import (
    HARMLESS,
    PEGGED,
    TRIGGER_METHODS,
    TYPES,
    Refusal,
    attribute_refusal,
    refusal_of,
    unsupported,
)

_CONDITION_KINDS: Final = frozenset({1, 3, 4, 5, 6, 7})
_LARGEST_PRICE: Final = 1e9
_LARGEST_SIZE: Final = Decimal(10) ** 12
_NUMBERS: Final = (
    "limit_price",
    "aux_price",
    "trail_stop_price",
    "trailing_percent",
    "limit_offset",
    "percent_offset",
    "cash_quantity",
)


class Stage(StrEnum):
    """Where an order is inside the venue."""

    HELD = "held"  # transmit was false
    CHILD = "child"  # waits for its parent's fill
    QUEUED = "queued"  # waits for the session, or for its good-after time
    CONDITION = "condition"  # waits for its conditions
    LOCATE = "locate"  # a short sale that waits for shares to borrow
    FLIGHT = "flight"  # on its way to the exchange
    TRIGGER = "trigger"  # stop, trail or touched order that watches the market
    AUCTION = "auction"  # waits for an opening or closing auction
    BOOK = "book"  # rests in the book
    MARKET = "market"  # market order that found too little
    WATCH = "watch"  # fills as a whole or not at all, in no queue: all-or-none, combinations
    DONE = "done"


@dataclass(slots=True)
class Working:
    """One order inside the venue, prices in ticks, sizes in whole units of ``size_unit``."""

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
    """Number of the latest way to the exchange; an arrival that belongs to an older one does nothing."""
    requests: int = 0
    told_ns: int = 0
    """When the client last heard of a trail's stop."""
    hits: int = 0
    """Consecutive quotes or prints beyond the trigger (double methods need two)."""
    size_unit: Decimal = Decimal(1)
    armed: bool = False
    """Its conditions have been met."""
    located: bool = False
    """Shares for its short sale were found."""
    cancelling: bool = False
    """A cancel is on its way."""

    @property
    def perm_id(self) -> int:
        return self.state.perm_id

    @property
    def con_id(self) -> int:
        return self.state.order.con_id

    @property
    def quantity(self) -> int:
        return self.units(self.state.order.quantity)

    @property
    def left(self) -> int:
        return self.quantity - self.filled

    @property
    def peak(self) -> int:
        """What an iceberg displays; 0 when it displays all."""
        return self.units(Decimal(self.state.order.display_size))

    @property
    def is_bag(self) -> bool:
        return self.instrument.asset_class is AssetClass.COMBO

    def units(self, quantity: Decimal) -> int:
        """Return a quantity in whole units."""
        return int(quantity / self.size_unit)

    def tick(self, price: float) -> int:
        return price_to_tick(self.unit, price)


def price_to_tick(unit: Decimal, price: float | Decimal) -> int:
    """Return ``price`` in ticks of ``unit``, rounded to the nearest."""
    value = price if isinstance(price, Decimal) else Decimal(repr(price))
    return int((value / unit).to_integral_value())


def refuse(refusal: Refusal | None) -> None:
    """Raise SimulatorRefusalError when there is a refusal."""
    if refusal is not None:
        raise SimulatorRefusalError(refusal.code, refusal.text)


def invalid(reason: str) -> SimulatorRefusalError:
    """Return TWS's refusal of a request that does not make sense."""
    return SimulatorRefusalError(321, f"Error validating request.-'b' : cause - {reason}")


def check_order(order: SimOrder, instrument: Instrument) -> None:
    """Refuse what the market does not simulate or what makes no sense.

    Raises:
        SimulatorRefusalError: with IBKR's code.
    """
    if order.action not in {"BUY", "SELL"}:
        raise invalid(f"Invalid order side '{order.action}', must be BUY or SELL")
    refuse(refusal_of(instrument.asset_class, order.order_type, order.tif))
    _check_attributes(order, instrument)
    _check_quantity(order, instrument)
    _check_prices(order, instrument)
    _check_conditions(order)
    if order.oca_type not in {0, 1, 2, 3}:
        raise invalid(f"ocaType must be 1, 2 or 3, was {order.oca_type}")
    if order.what_if and not order.transmit:
        raise SimulatorRefusalError(413, "What-if order should have the transmit flag set to true.")


def check_range(order: SimOrder) -> None:
    """Refuse numbers that no order can mean, before anybody calculates with them."""
    if order.quantity.is_finite() and order.quantity > _LARGEST_SIZE:
        raise SimulatorRefusalError(
            383, "The size specified violates the size constraint specified in the default order settings."
        )
    for name in _NUMBERS:
        value: float | None = getattr(order, name)
        if value is not None and not abs(value) <= _LARGEST_PRICE:
            raise invalid(f"{name.replace('_', ' ')} {value} is out of range")


def _check_attributes(order: SimOrder, instrument: Instrument) -> None:
    kind = instrument.asset_class
    wanted = {
        "goodAfterTime": bool(order.good_after_time),
        "hidden": order.hidden,
        "displaySize": order.display_size != 0,
        "allOrNone": order.all_or_none,
        "ocaGroup": bool(order.oca_group),
        "parentId": order.parent_perm_id != 0,
        "conditions": bool(order.conditions) and not order.conditions_cancel_order,
        "conditionsCancelOrder": bool(order.conditions) and order.conditions_cancel_order,
        "triggerMethod": order.trigger_method != 0,
        "cashQty": order.cash_quantity is not None,
    }
    for name, asked in wanted.items():
        if asked:
            refuse(attribute_refusal(name, kind, order.order_type, order.tif))
    for name in order.attributes:
        if name not in HARMLESS:
            refuse(unsupported(name))
    if order.trigger_method not in TRIGGER_METHODS:
        raise SimulatorRefusalError(146, "Invalid trigger method.")
    if order.hidden and order.display_size:
        raise SimulatorRefusalError(152, 'The "hidden" order attribute may not be specified for this order.')
    if order.display_size < 0 or (order.display_size and order.display_size >= order.quantity):
        raise SimulatorRefusalError(10020, "Display size should be smaller than order size.")
    if order.tif == "GTD" and not order.good_till_date:
        raise SimulatorRefusalError(334, "Invalid Good Till Date order")
    if order.good_till_date and order.tif != "GTD":
        raise SimulatorRefusalError(334, "Invalid Good Till Date order")


def _check_quantity(order: SimOrder, instrument: Instrument) -> None:
    if not order.quantity.is_finite() or order.quantity <= 0:
        raise SimulatorRefusalError(434, "The order size cannot be zero.")
    step = instrument.size_increment
    if step == step.to_integral_value() and order.quantity != order.quantity.to_integral_value():
        raise SimulatorRefusalError(10243, "Fractional-sized order cannot be placed via API.")
    if order.quantity % step:
        raise SimulatorRefusalError(
            10250, f"The size does not conform to the minimum variation of {step} for this contract"
        )
    if order.quantity < instrument.min_size:
        raise SimulatorRefusalError(388, "Order size is smaller than the minimum requirement.")


def _check_prices(order: SimOrder, instrument: Instrument) -> None:
    row = TYPES[order.order_type]
    given = {"limit": order.limit_price, "aux": order.aux_price}
    for name in row.prices:
        if given[name] is None:
            raise invalid(f"{order.order_type} needs a {'limit' if name == 'limit' else 'stop'} price")
    _check_trail(order)
    if order.order_type == "REL":
        _check_relative(order)
    prices = [given[name] for name in (*row.prices, *row.optional) if name in given]
    if "trail_stop" in row.optional:
        prices.append(order.trail_stop_price)
    combination = instrument.asset_class is AssetClass.COMBO
    for price in prices:
        if price is not None and not (order.order_type in PEGGED and price == 0):
            check_price(price, instrument, any_sign=combination)


def _check_relative(order: SimOrder) -> None:
    if order.percent_offset is not None and not 0 <= order.percent_offset <= 1:
        raise SimulatorRefusalError(159, "The percent offset value must be between 0% and 100%.")
    if not order.aux_price and not order.percent_offset:
        raise SimulatorRefusalError(158, "You must specify an offset amount or a percent offset value.")


def _check_trail(order: SimOrder) -> None:
    if order.order_type not in {"TRAIL", "TRAIL LIMIT"}:
        return
    if order.aux_price is None and order.trailing_percent is None:
        raise SimulatorRefusalError(158, "You must specify an offset amount or a percent offset value.")
    if order.aux_price is not None and order.trailing_percent is not None:
        raise invalid(f"{order.order_type} needs either a trailing amount or a trailing percent")
    if order.trailing_percent is not None and not 0 < order.trailing_percent < 100:
        raise SimulatorRefusalError(159, "The percent offset value must be between 0% and 100%.")
    if order.order_type == "TRAIL LIMIT":
        if (order.limit_price is None) == (order.limit_offset is None):
            raise invalid("TRAIL LIMIT needs either a limit price or a limit price offset")
        if order.limit_price is not None and order.trail_stop_price is None:
            raise invalid("TRAIL LIMIT with a limit price needs a trail stop price")


def _check_conditions(order: SimOrder) -> None:
    for one in order.conditions:
        if one.kind not in _CONDITION_KINDS:
            raise SimulatorRefusalError(398, f"{one.kind} cannot be used as a condition trigger.")
        if (one.kind in {1, 6, 7} and not one.con_id) or (one.kind == 5 and not one.symbol):
            raise SimulatorRefusalError(147, "The conditional contract info is incomplete.")
        if one.joined not in {"a", "o"}:
            raise invalid(f"conjunction of a condition must be a or o, was {one.joined!r}")
        if one.kind == 1 and one.trigger_method not in TRIGGER_METHODS:
            raise SimulatorRefusalError(146, "Invalid trigger method.")


def check_price(price: float, instrument: Instrument, *, any_sign: bool = False) -> None:
    """Refuse a price that is not positive (other signs exist for combinations only) or not on its tick."""
    value = Decimal(repr(price))
    if not value.is_finite() or (not any_sign and value <= 0):
        raise SimulatorRefusalError(201, f"Order rejected - reason:The price {price} must be positive")
    if not instrument.on_tick(value):
        raise SimulatorRefusalError(110, "The price does not conform to the minimum price variation for this contract.")
