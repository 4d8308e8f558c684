# SPDX-License-Identifier: Apache-2.0
"""TicketModel: the order being written, with its mistakes in words. No Qt.

It turns fields into one `SubmitOrder` or says what is wrong with which field. Prices are Decimal on the
instrument's tick; what a person has not typed follows the market (limit at the near touch).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from terminal.model.commands import BracketSpec, OrderSpec, SubmitOrder
from terminal.model.enums import OrderType, Side, TimeInForce
from terminal.model.instrument import Instrument
from terminal.model.market import Quote
from widgets import formats
from widgets.ticket.size import SizeBasis, needs_stop, parse_size

NEEDS_LIMIT: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
NEEDS_STOP: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
LargestOrder = Callable[[Instrument, float, Side], tuple[Decimal, str]]
"""The largest quantity that the risk limits let through at a price, and the rule that sets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFields:
    """What the person has typed. Prices as text are never rounded behind their back."""

    side: Side = Side.BUY
    size_text: str = "100"
    order_type: OrderType = OrderType.LIMIT
    limit_text: str = ""
    stop_text: str = ""
    trail_text: str = ""
    """An amount, or a percentage such as ``1%``."""
    time_in_force: TimeInForce = TimeInForce.DAY
    outside_regular_hours: bool = False
    with_stop: bool = False
    bracket_stop_text: str = ""
    with_target: bool = False
    bracket_target_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDefaults:
    """Presets from the settings."""

    risk_fraction: Decimal = Decimal("0.0025")
    stop_percent: Decimal = Decimal("1.0")
    target_r: Decimal = Decimal("2.0")

    @classmethod
    def of(cls, *, stop_percent: float, target_ratio: float) -> "TicketDefaults":
        """Return the presets that the settings hold as floats."""
        return cls(stop_percent=Decimal(repr(stop_percent)), target_r=Decimal(repr(target_ratio)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket that could be read: the command, and words for the button and the confirmation."""

    command: SubmitOrder
    words: str
    reference: Decimal | None
    """Price that the value is estimated with."""
    value: Decimal | None
    """Estimated value in the instrument's currency."""
    risk: Decimal | None
    """Loss when the bracket's stop fills."""
    reward: Decimal | None
    of_market: bool
    """Whether ``reference``, and with it value, risk and reward, is the market's price and not the order's own."""
    size_words: str = ""


def _unknown(_: str) -> float | None:
    return None


@dataclass(slots=True)
class TicketModel:
    """Fields, market and account as they stand; ``read`` makes sense of them."""

    defaults: TicketDefaults = field(default_factory=TicketDefaults)
    instrument: Instrument | None = None
    quote: Quote | None = None
    net_liquidation: Decimal | None = None
    rate_to_base: Callable[[str], float | None] = _unknown
    """Money of the account per unit of a currency, None where it is not known."""
    delta: float | None = None
    largest: LargestOrder | None = None
    fields: TicketFields = field(default_factory=TicketFields)

    def set_instrument(self, instrument: Instrument | None, quote: Quote | None, size_text: str) -> None:
        """Start a fresh ticket: prices of another instrument are never carried over."""
        self.instrument, self.quote, self.delta = instrument, quote, None
        self.fields = replace(
            self.fields,
            size_text=size_text,
            limit_text="",
            stop_text="",
            trail_text="",
            with_stop=False,
            with_target=False,
            bracket_stop_text="",
            bracket_target_text="",
        )

    def change(self, fields: TicketFields) -> None:
        """Take new fields; an amount of risk switches the exits on, since it means nothing without a stop."""
        typed_risk = fields.size_text != self.fields.size_text and needs_stop(fields.size_text)
        if typed_risk and not fields.with_stop:
            fields = replace(fields, with_stop=True, with_target=True)
        self.fields = fields

    # ------------------------------------------------------------ suggestions
    def near_touch(self) -> Decimal | None:
        """Return the price that joins the own side of the market."""
        return self._touch("bid" if self.fields.side is Side.BUY else "ask")

    def far_touch(self) -> Decimal | None:
        """Return the price that would trade at once."""
        return self._touch("ask" if self.fields.side is Side.BUY else "bid")

    def _touch(self, side: str) -> Decimal | None:
        if self.instrument is None or self.quote is None:
            return None
        value: float | None = getattr(self.quote, side)
        if value is None:
            value = self.quote.mark
        return self.instrument.snap(value) if value is not None else None

    def suggested_stop(self, entry: Decimal) -> Decimal:
        return self._away(entry, -self.defaults.stop_percent / 100)

    def suggested_target(self, entry: Decimal, stop: Decimal) -> Decimal:
        instrument = self._instrument()
        return instrument.snap(entry + (entry - stop) * self.defaults.target_r)

    def _away(self, entry: Decimal, share: Decimal) -> Decimal:
        return self._instrument().snap(entry * (1 + share * self.fields.side.sign))

    def _instrument(self) -> Instrument:
        if self.instrument is None:
            raise ValueError("choose an instrument first")
        return self.instrument

    # ------------------------------------------------------------ reading
    def read(self) -> tuple[Draft | None, dict[str, str]]:
        """Return the draft, or None and what is wrong by field name (empty name: the ticket as a whole)."""
        errors: dict[str, str] = {}
        if self.instrument is None:
            return None, {"": "choose an instrument in the watchlist or the search field"}
        instrument, fields = self.instrument, self.fields
        limit = self._price("limit_text", errors, wanted=fields.order_type in NEEDS_LIMIT, fall_back=self.near_touch())
        stop = self._price("stop_text", errors, wanted=fields.order_type in NEEDS_STOP, fall_back=None)
        amount, percent = self._trail(errors)
        reference = limit or stop or self.far_touch()
        bracket = self._bracket(reference, errors)
        basis = SizeBasis(
            instrument=instrument,
            price=reference,
            stop_price=bracket.stop_price if bracket else None,
            net_liquidation=self.net_liquidation,
            risk_fraction=self.defaults.risk_fraction,
            rate=self._rate(instrument.currency),
            delta=self.delta,
            largest=self._largest(reference),
        )
        try:
            size = parse_size(fields.size_text, basis)
        except ValueError as error:
            errors["size_text"] = str(error)
            return None, errors
        if errors:
            return None, errors
        spec = OrderSpec(
            instrument_id=instrument.id,
            side=fields.side,
            quantity=size.quantity,
            order_type=fields.order_type,
            limit_price=limit,
            stop_price=stop,
            trail_amount=amount,
            trail_percent=percent,
            time_in_force=fields.time_in_force,
            outside_regular_hours=fields.outside_regular_hours,
        )
        own = limit is not None or stop is not None
        return self._draft(SubmitOrder(spec=spec, bracket=bracket), reference, size.words, of_market=not own), {}

    def _rate(self, currency: str) -> Decimal | None:
        rate = self.rate_to_base(currency)
        return Decimal(repr(rate)) if rate else None

    def _largest(self, reference: Decimal | None) -> tuple[Decimal, str] | None:
        if self.largest is None or self.instrument is None or reference is None:
            return None
        most, rule = self.largest(self.instrument, float(reference), self.fields.side)
        return (most, formats.SIZE_RULES.get(rule, rule)) if most > 0 else None

    def _draft(self, command: SubmitOrder, reference: Decimal | None, size_words: str, *, of_market: bool) -> Draft:
        spec, instrument = command.spec, self._instrument()
        worth = instrument.multiplier * spec.quantity
        bracket = command.bracket
        risk = reward = None
        if reference is not None and bracket is not None:
            risk = abs(reference - bracket.stop_price) * worth if bracket.stop_price is not None else None
            reward = abs(bracket.target_price - reference) * worth if bracket.target_price is not None else None
        return Draft(
            command=command,
            words=order_words(spec, instrument),
            reference=reference,
            value=reference * worth if reference is not None else None,
            risk=risk,
            reward=reward,
            of_market=of_market,
            size_words=size_words,
        )

    def _price(self, name: str, errors: dict[str, str], *, wanted: bool, fall_back: Decimal | None) -> Decimal | None:
        if not wanted:
            return None
        text = str(getattr(self.fields, name)).strip()
        if not text:
            if fall_back is None:
                errors[name] = "a price is needed"
            return fall_back
        return self._parse_price(text, name, errors)

    def _parse_price(self, text: str, name: str, errors: dict[str, str]) -> Decimal | None:
        try:
            price = Decimal(text.replace(",", "").replace(formats.MINUS, "-"))
        except InvalidOperation:
            errors[name] = f"price must be a number, was {text!r}"
            return None
        instrument = self._instrument()
        if not price.is_finite() or price <= 0:
            errors[name] = f"price must be above zero, was {text}"
            return None
        if not instrument.on_tick(price):
            errors[name] = f"price must be a multiple of {instrument.tick_at(price)}, was {text}"
            return None
        return price

    def _trail(self, errors: dict[str, str]) -> tuple[Decimal | None, Decimal | None]:
        if self.fields.order_type is not OrderType.TRAIL:
            return None, None
        text = self.fields.trail_text.strip()
        try:
            value = Decimal(text.rstrip("%").strip())
        except InvalidOperation:
            errors["trail_text"] = f"trailing amount must be a number or a percentage such as 1%, was {text!r}"
            return None, None
        if not value.is_finite() or value <= 0:
            errors["trail_text"] = f"trailing amount must be above zero, was {text}"
            return None, None
        return (None, value) if text.endswith("%") else (value, None)

    def _bracket(self, reference: Decimal | None, errors: dict[str, str]) -> BracketSpec | None:
        fields = self.fields
        if not (fields.with_stop or fields.with_target):
            return None
        if reference is None:
            errors["bracket_stop_text"] = "exits need a price to stand from; wait for a quote or type a limit"
            return None
        stop = target = None
        if fields.bracket_stop_text.strip():
            stop = self._parse_price(fields.bracket_stop_text.strip(), "bracket_stop_text", errors)
        else:
            stop = self.suggested_stop(reference)
        if fields.with_target and stop is not None:
            if fields.bracket_target_text.strip():
                target = self._parse_price(fields.bracket_target_text.strip(), "bracket_target_text", errors)
            else:
                target = self.suggested_target(reference, stop)
        sign = fields.side.sign
        if fields.with_stop and stop is not None and (reference - stop) * sign <= 0:
            errors["bracket_stop_text"] = f"stop must be {'below' if sign > 0 else 'above'} {reference}, was {stop}"
        if target is not None and (target - reference) * sign <= 0:
            errors["bracket_target_text"] = (
                f"target must be {'above' if sign > 0 else 'below'} {reference}, was {target}"
            )
        return BracketSpec(stop_price=stop if fields.with_stop else None, target_price=target)


def order_words(spec: OrderSpec, instrument: Instrument) -> str:
    """Return the order as the button says it: ``Buy 100 AAPL at 238.10 LMT``."""
    decimals = instrument.decimals
    side = formats.SIDES[spec.side]
    kind = formats.ORDER_TYPES[spec.order_type]
    where = ""
    if spec.limit_price is not None and spec.stop_price is not None:
        where = f" at {formats.number(spec.limit_price, decimals)} from {formats.number(spec.stop_price, decimals)}"
    elif spec.limit_price is not None:
        where = f" at {formats.number(spec.limit_price, decimals)}"
    elif spec.stop_price is not None:
        where = f" at {formats.number(spec.stop_price, decimals)}"
    elif spec.trail_amount is not None:
        where = f" by {formats.number(spec.trail_amount, decimals)}"
    elif spec.trail_percent is not None:
        where = f" by {spec.trail_percent.normalize():f}%"
    return f"{side} {formats.quantity(spec.quantity)} {instrument.label}{where} {kind}"
