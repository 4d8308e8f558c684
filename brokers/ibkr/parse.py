# SPDX-License-Identifier: Apache-2.0
"""IBKR -> domain, pure. The last place that sees nan, -1 and 1.797e308: past here absent is None.

The quote is built field by field through the slots: it is made once per changed ticker and packet, and the
dataclass constructor costs three times as much.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from brokers.ibkr.contracts import ContractRegister, WireContract, decimal
from brokers.ibkr.hours import parse_time, zone
from terminal.clock import NS_PER_S
from terminal.model.enums import BarSource, DataType, OptionPriceSource
from terminal.model.events import AccountValueReported, PositionReported
from terminal.model.ids import AccountId, InstrumentId
from terminal.model.market import Bar, OptionQuote, OptionStatistics, Quote, Trade

if TYPE_CHECKING:
    from ib_insync import OptionComputation, Ticker

DATA_TYPES: Final = {
    1: DataType.LIVE,
    2: DataType.FROZEN,
    3: DataType.DELAYED,
    4: DataType.DELAYED_FROZEN,
}
DATA_TYPE_NUMBERS: Final = {data_type: number for number, data_type in DATA_TYPES.items()}
UNSET_DOUBLE: Final = 1.7976931348623157e308
_HUGE: Final = 1e300

_SLOT: Final[dict[str, Callable[[Quote, Any], None]]] = {
    item.name: Quote.__dict__[item.name].__set__ for item in fields(Quote)
}
_set_id = _SLOT["instrument_id"]
_set_received = _SLOT["received_ns"]
_set_bid = _SLOT["bid"]
_set_bid_size = _SLOT["bid_size"]
_set_ask = _SLOT["ask"]
_set_ask_size = _SLOT["ask_size"]
_set_last = _SLOT["last"]
_set_last_size = _SLOT["last_size"]
_set_volume = _SLOT["volume"]
_set_open = _SLOT["open"]
_set_high = _SLOT["high"]
_set_low = _SLOT["low"]
_set_close = _SLOT["previous_close"]
_set_halted = _SLOT["halted"]
_set_type = _SLOT["data_type"]
_new = object.__new__


def quote(ticker: "Ticker", instrument_id: InstrumentId, received_ns: int, data_type: DataType) -> Quote:
    """Return level 1 as the ticker stands. nan, -1 and 0 mean no price; a size without a price is absent."""
    made: Quote = _new(Quote)
    _set_id(made, instrument_id)
    _set_received(made, received_ns)
    price = ticker.bid
    if price > 0 or (price < 0 and price != -1):
        _set_bid(made, price)
        size = ticker.bidSize
        _set_bid_size(made, size if size >= 0 else None)
    else:
        _set_bid(made, None)
        _set_bid_size(made, None)
    price = ticker.ask
    if price > 0 or (price < 0 and price != -1):
        _set_ask(made, price)
        size = ticker.askSize
        _set_ask_size(made, size if size >= 0 else None)
    else:
        _set_ask(made, None)
        _set_ask_size(made, None)
    price = ticker.last
    if price > 0 or (price < 0 and price != -1):
        _set_last(made, price)
        size = ticker.lastSize
        _set_last_size(made, size if size >= 0 else None)
    else:
        _set_last(made, None)
        _set_last_size(made, None)
    size = ticker.volume
    _set_volume(made, size if size >= 0 else None)
    price = ticker.open
    _set_open(made, price if price > 0 or (price < 0 and price != -1) else None)
    price = ticker.high
    _set_high(made, price if price > 0 or (price < 0 and price != -1) else None)
    price = ticker.low
    _set_low(made, price if price > 0 or (price < 0 and price != -1) else None)
    price = ticker.close
    _set_close(made, price if price > 0 or (price < 0 and price != -1) else None)
    _set_halted(made, ticker.halted > 0)
    _set_type(made, data_type)
    return made


def _known(value: float | None, absent: float) -> float | None:
    """-1 or -2 by field, nan and unset all mean: not computed."""
    if value is None or value == absent or not abs(value) < _HUGE:
        return None
    return value


def option_quote(
    computation: "OptionComputation", instrument_id: InstrumentId, received_ns: int, source: OptionPriceSource
) -> OptionQuote:
    """Return one option computation."""
    volatility = _known(computation.impliedVol, -1)
    return OptionQuote(
        instrument_id=instrument_id,
        received_ns=received_ns,
        source=source,
        implied_volatility=volatility if volatility is not None and volatility >= 0 else None,
        price=_known(computation.optPrice, -1),
        delta=_known(computation.delta, -2),
        gamma=_known(computation.gamma, -2),
        vega=_known(computation.vega, -2),
        theta=_known(computation.theta, -2),
        underlying_price=_known(computation.undPrice, -1),
        pv_dividend=_known(computation.pvDividend, -1),
    )


def statistics(
    ticker: "Ticker", instrument_id: InstrumentId, received_ns: int, right_is_call: bool | None
) -> OptionStatistics | None:
    """Return open interest and day volume, None before anything of both is known.

    ``right_is_call`` None is an underlying (calls and puts added up) or a future.
    """
    if right_is_call is None:
        interest = _sum(ticker.callOpenInterest, ticker.putOpenInterest)
        interest = interest if interest is not None else _sum(ticker.futuresOpenInterest, 0.0)
        volume = _sum(ticker.callVolume, ticker.putVolume)
    else:
        interest = _sum(ticker.callOpenInterest if right_is_call else ticker.putOpenInterest, 0.0)
        volume = _sum(ticker.volume, 0.0)
    if interest is None and volume is None:
        return None
    return OptionStatistics(instrument_id=instrument_id, received_ns=received_ns, open_interest=interest, volume=volume)


def _sum(first: float, second: float) -> float | None:
    total = first + second
    return total if total >= 0 else None


def trade(fields: Sequence[str], instrument_id: InstrumentId, received_ns: int) -> Trade | None:
    """Read tick-by-tick (message 99) of type Last or AllLast; None for the other types.

    Raises:
        ValueError, IndexError: the message is not what its id says.
    """
    if fields[2] not in ("1", "2"):
        return None
    price, size = float(fields[4]), float(fields[5])
    if not abs(price) < _HUGE or not 0 <= size < _HUGE:
        raise ValueError(f"a print needs finite numbers, was {fields[4][:40]} x {fields[5][:40]}")
    return Trade(
        instrument_id=instrument_id,
        received_ns=received_ns,
        event_ns=int(fields[3]) * NS_PER_S,
        price=price,
        size=size,
        exchange=fields[7],
        conditions=fields[8],
    )


# ---------------------------------------------------------------- bars
def bar_start(text: str, zone_name: str) -> int:
    """Read a bar's date: epoch seconds for intraday, ``YYYYMMDD`` (midnight of the exchange) for daily bars.

    Raises:
        ValueError: neither.
    """
    if len(text) == 8:
        ns = parse_time(f"{text} 00:00:00", zone_name if zone(zone_name) else "UTC")
    else:
        ns = int(text) * NS_PER_S if text.isdigit() else parse_time(text)
    if ns is None:
        raise ValueError(f"a bar's date must be epoch seconds or YYYYMMDD, was {text[:40]!r}")
    return ns


def bar(
    row: Sequence[str], instrument_id: InstrumentId, seconds: int, source: BarSource, zone_name: str, *, closed: bool
) -> Bar:
    """Read date, open, high, low, close, volume, average, count.

    Raises:
        ValueError: a number is missing or not finite.
    """
    prices = [float(text) for text in row[1:5]]
    volume, average, count = float(row[5] or 0), float(row[6] or 0), int(float(row[7] or 0))
    if not all(abs(price) < _HUGE for price in prices) or not abs(volume) < _HUGE:
        raise ValueError(f"a bar needs finite numbers, was {list(row)}")
    return Bar(
        instrument_id=instrument_id,
        seconds=seconds,
        start_ns=bar_start(row[0], zone_name),
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=max(volume, 0.0),
        vwap=average if 0 < abs(average) < _HUGE and average != -1 else None,
        count=max(count, 0),
        source=source,
        closed=closed,
    )


# ---------------------------------------------------------------- account
def pnl_number(text: str) -> float | None:
    """Read a P&L figure; the unset double and empty mean not known.

    Raises:
        ValueError: not a number.
    """
    value = float(text) if text else UNSET_DOUBLE
    return value if abs(value) < _HUGE else None


def account_value(fields: Sequence[str], ns: int) -> AccountValueReported:
    """Read message 6 (account updates) or 63 (account summary).

    Raises:
        IndexError: too few fields.
    """
    if fields[0] == "63":
        account, tag, value, currency = fields[3], fields[4], fields[5], fields[6]
    else:
        tag, value, currency, account = fields[2], fields[3], fields[4], fields[5]
    return AccountValueReported(ns=ns, account_id=AccountId(account), tag=tag, value=value, currency=currency)


def position(fields: Sequence[str], ns: int, register: ContractRegister) -> PositionReported:
    """Read message 61.

    Raises:
        ValueError, IndexError: the message is not what its id says.
    """
    wire = WireContract(
        con_id=int(fields[3]),
        symbol=fields[4],
        sec_type=fields[5],
        expiry=fields[6],
        strike=fields[7],
        right=fields[8],
        multiplier=fields[9],
        exchange=fields[10],
        currency=fields[11],
        local_symbol=fields[12],
        trading_class=fields[13],
    )
    quantity = decimal(fields[14], Decimal(0))
    cost = float(fields[15] or 0)
    if not abs(cost) < _HUGE:
        raise ValueError(f"an average cost must be finite, was {fields[15][:40]}")
    return PositionReported(
        ns=ns,
        account_id=AccountId(fields[2]),
        instrument_id=register.identify(wire).id,
        quantity=quantity,
        average_cost=cost,
    )
