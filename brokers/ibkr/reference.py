# SPDX-License-Identifier: Apache-2.0
"""Contract facts: search, qualification, market rules, option chains. Asked through the library, bounded by us.

The library waits for ever for most of these and swallows the time-outs of the rest; here every call ends
with an answer or a BrokerError. Facts that do not change in a day (market rules) are kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from brokers.ibkr.connection import Connection
from brokers.ibkr.contracts import (
    SEC_TYPES,
    ContractRegister,
    decimal,
    from_description,
    from_details,
    market_rule_id,
    to_ib,
)
from brokers.ibkr.hours import format_utc
from brokers.ibkr.library import load
from terminal.clock import Clock
from terminal.errors import BrokerError, DataError, LinkLostError, RefusedError
from terminal.model.enums import AssetClass
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument, TickBand, instrument_id
from terminal.model.market import OptionParameters

if TYPE_CHECKING:
    from ib_insync import Contract, ContractDescription, ContractDetails

T = TypeVar("T")
DETAILS_S: Final = 10.0
CHAIN_S: Final = 30.0
"""A whole expiry: IBKR throttles these answers."""
SEARCH_S: Final = 5.0
RULE_S: Final = 4.0
_MAX_CANDIDATES: Final = 16
_SHOWN_CANDIDATES: Final = 6
_NEXT_FUTURES: Final = 4
_LONGEST_ROOT: Final = 5
_CURRENCIES: Final = frozenset(
    {"AUD", "CAD", "CHF", "CNH", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "NOK", "NZD"}
    | {"PLN", "SEK", "SGD", "USD", "ZAR"}
)
_SEARCHED: Final = frozenset({"STK", "IND", "FUT", "CASH"})


class Reference:
    """Answers about contracts, over the connection that is open now."""

    def __init__(self, clock: Clock, register: ContractRegister) -> None:
        self._clock = clock
        self._register = register
        self._connection: Connection | None = None
        self._rules: dict[int, tuple[TickBand, ...]] = {}
        self._rule_waits: dict[int, asyncio.Future[tuple[TickBand, ...]]] = {}

    def begin(self, connection: Connection) -> None:
        self._connection = connection

    def end(self, connection: Connection) -> None:
        self._rule_waits.clear()
        if not connection.alive:
            self._connection = None

    async def _ask(self, seconds: float, what: str, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Bound one library request and turn its failures into ours."""
        connection = self._connection
        if connection is None or not connection.alive:
            raise LinkLostError(504, f"not connected: no {what}")
        request_error = load().RequestError
        try:
            return await connection.answer(seconds, ask(connection), what)
        except request_error as refused:
            raise RefusedError(refused.code, f"{what}: {refused.message}") from None
        except ConnectionError:
            raise LinkLostError(504, f"the connection broke before the {what} came") from None

    # ------------------------------------------------------------ search
    async def search(self, pattern: str) -> Sequence[Instrument]:
        """Return candidates for what a person typed; a pair such as EUR.USD and futures by their root too."""
        text = pattern.strip().upper()
        if not text:
            return ()
        pair = _forex(text)
        if pair is not None:
            return (pair,)
        samples, futures = await asyncio.gather(self._samples(text), self._futures(text))
        found = [
            from_description(sample.contract)
            for sample in samples
            if sample.contract is not None and sample.contract.secType in _SEARCHED
        ]
        exact = [one for one in found if one.symbol == text]
        others = [one for one in found if one.symbol != text]
        unique = {candidate.id: candidate for candidate in reversed([*exact, *futures, *others])}
        return tuple(unique[key] for key in reversed(unique))[:_MAX_CANDIDATES]

    async def _samples(self, text: str) -> "list[ContractDescription]":
        answer = await self._ask(SEARCH_S, "search result", lambda c: c.ib.reqMatchingSymbolsAsync(text))
        if answer is None:
            raise BrokerError(0, f"no search result for {text} in time")
        return answer

    async def _futures(self, root: str) -> list[Instrument]:
        """Return the next expiries of a futures root: the symbol search of IBKR knows no futures."""
        if len(root) > _LONGEST_ROOT or not root.isalnum():
            return []
        query = load().Contract(secType="FUT", symbol=root)
        try:
            details = await self._details(query, SEARCH_S, f"futures of {root}")
        except LinkLostError:
            raise
        except BrokerError:
            return []  # none of this name, or no answer: the stocks are worth showing alone
        made = {one.id: one for one in (from_details(each, (), None) for each in details)}
        now = self._today()
        coming = [one for one in made.values() if one.expiry is not None and f"{one.expiry:%Y%m%d}" >= now]
        coming.sort(key=lambda one: str(one.expiry))
        return coming[:_NEXT_FUTURES]

    def _today(self) -> str:
        return format_utc(self._clock.now_ns())[:8]

    # ------------------------------------------------------------ qualification
    async def qualify(self, instrument: Instrument) -> Instrument:
        """Return the one complete contract; see `ReferenceData.qualify`."""
        contract = to_ib(instrument)
        details = await self._details(contract, DETAILS_S, f"contract {instrument.id}")
        if instrument.broker_id is None:
            details = _narrow(details, instrument)
        if not details:
            raise RefusedError(200, f"no contract fits {instrument.id}: check symbol, exchange, currency and expiry")
        if len(details) > 1:
            shown = "; ".join(_describe(one) for one in details[:_SHOWN_CANDIDATES])
            more = f" and {len(details) - _SHOWN_CANDIDATES} more" if len(details) > _SHOWN_CANDIDATES else ""
            raise RefusedError(200, f"{len(details)} contracts fit {instrument.id}, name one: {shown}{more}")
        return await self._complete(details[0])

    async def _details(self, contract: "Contract", seconds: float, what: str) -> "list[ContractDetails]":
        return list(await self._ask(seconds, what, lambda c: c.ib.reqContractDetailsAsync(contract)))

    async def _complete(self, details: "ContractDetails") -> Instrument:
        rule = market_rule_id(details)
        bands = await self._bands(rule) if rule is not None else ()
        try:
            made = from_details(details, bands, self._underlying_of(details))
        except DataError as fault:
            raise BrokerError(0, f"the contract cannot be used: {fault}") from None
        return self._register.remember(made)

    def _underlying_of(self, details: "ContractDetails") -> InstrumentId | None:
        """Name the underlying by its conId where it is known, else by its symbol and type."""
        if not details.underSymbol or details.contract is None:
            return None
        known = self._register.by_con_id(details.underConId)
        if known is not None:
            return known.id
        asset_class = {name: kind for kind, name in SEC_TYPES.items()}.get(details.underSecType)
        if asset_class not in (AssetClass.STOCK, AssetClass.INDEX):
            return None
        return instrument_id(asset_class, details.underSymbol, currency=details.contract.currency)

    async def _bands(self, rule_id: int) -> tuple[TickBand, ...]:
        """Return the price steps of a market rule; without an answer the contract's minimum tick must do."""
        known = self._rules.get(rule_id)
        if known is not None:
            return known
        try:
            return await self._ask(RULE_S, "market rule", lambda c: self._ask_rule(c, rule_id))
        except LinkLostError:
            raise
        except BrokerError:
            self._rule_waits.pop(rule_id, None)
            return ()

    async def _ask_rule(self, connection: Connection, rule_id: int) -> tuple[TickBand, ...]:
        """Ask once, however many wait for it."""
        waiting = self._rule_waits.get(rule_id)
        if waiting is None:
            waiting = self._rule_waits[rule_id] = asyncio.get_running_loop().create_future()
            connection.client.reqMarketRule(rule_id)
        return await asyncio.shield(waiting)

    def on_market_rule(self, fields: list[str]) -> None:
        """Take message 93. Raises ValueError, IndexError when it cannot be read."""
        rule_id, count = int(fields[1]), int(fields[2])
        steps = [decimal(text) for text in fields[3 : 3 + 2 * count]]
        pairs = zip(steps[::2], steps[1::2], strict=True)
        bands = [TickBand(low_edge=edge, increment=increment) for edge, increment in pairs]
        if len(bands) != count or any(band.increment <= 0 for band in bands):
            raise ValueError(f"market rule {rule_id} needs {count} positive increments")
        self._rules[rule_id] = tuple(sorted(bands, key=lambda band: band.low_edge))
        waiting = self._rule_waits.pop(rule_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(self._rules[rule_id])

    # ------------------------------------------------------------ options
    async def option_parameters(self, underlying: Instrument) -> Sequence[OptionParameters]:
        """Return expiries and strikes per class and exchange."""
        if underlying.broker_id is None:
            underlying = await self.qualify(underlying)
        con_id, sec_type = underlying.broker_id or 0, SEC_TYPES[underlying.asset_class]
        exchange = underlying.exchange if underlying.asset_class is AssetClass.FUTURE else ""
        chains = await self._ask(
            DETAILS_S,
            f"option chain of {underlying.id}",
            lambda c: c.ib.reqSecDefOptParamsAsync(underlying.symbol, exchange, sec_type, con_id),
        )
        return tuple(
            OptionParameters(
                underlying_id=underlying.id,
                exchange=chain.exchange,
                trading_class=chain.tradingClass,
                multiplier=chain.multiplier,
                expiries=tuple(sorted(chain.expirations)),
                strikes=tuple(sorted(chain.strikes)),
            )
            for chain in chains
        )

    async def option_contracts(self, underlying: Instrument, expiry: str, trading_class: str) -> Sequence[Instrument]:
        """Return every contract of one expiry, complete, by strike and right."""
        query = load().Contract(
            secType="OPT",
            symbol=underlying.symbol,
            lastTradeDateOrContractMonth=expiry,
            exchange="SMART",
            currency=underlying.currency,
            tradingClass=trading_class,
        )
        details = await self._details(query, CHAIN_S, f"options of {underlying.id} {expiry}")
        rules = {rule for one in details if (rule := market_rule_id(one)) is not None}
        await asyncio.gather(*(self._bands(rule) for rule in rules))
        made = []
        for one in details:
            bands = self._rules.get(market_rule_id(one) or -1, ())
            option = replace(from_details(one, bands, underlying.id), underlying_id=underlying.id)
            made.append(self._register.remember(option))
        made.sort(key=lambda option: (option.strike or Decimal(0), str(option.right)))
        return tuple(made)


def _forex(text: str) -> Instrument | None:
    """Read ``EUR.USD``, ``EUR/USD`` or ``EURUSD``."""
    letters = text.replace(".", "").replace("/", "")
    base, quote = letters[:3], letters[3:]
    if base not in _CURRENCIES or quote not in _CURRENCIES or base == quote:
        return None
    return Instrument(
        id=instrument_id(AssetClass.FOREX, base, currency=quote),
        asset_class=AssetClass.FOREX,
        symbol=base,
        currency=quote,
        exchange="IDEALPRO",
        local_symbol=f"{base}.{quote}",
        min_tick=Decimal("0.00005"),
        time_zone="America/New_York",
    )


def _narrow(details: "list[ContractDetails]", wanted: Instrument) -> "list[ContractDetails]":
    """Keep what fits the listing exchange, class and local symbol that were named; all when none does."""
    for name, value in (
        ("primaryExchange", wanted.primary_exchange),
        ("tradingClass", wanted.trading_class),
        ("localSymbol", wanted.local_symbol),
    ):
        fitting = [one for one in details if getattr(one.contract, name, "") == value]
        if value and fitting:
            details = fitting
    return details


def _describe(details: "ContractDetails") -> str:
    contract = details.contract
    if contract is None:
        return "?"
    parts = (
        contract.localSymbol or contract.symbol,
        contract.lastTradeDateOrContractMonth,
        contract.tradingClass,
        contract.primaryExchange or contract.exchange,
        contract.currency,
    )
    return " ".join(part for part in parts if part)
