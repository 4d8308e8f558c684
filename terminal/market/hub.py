# SPDX-License-Identifier: Apache-2.0
"""MarketHub: first validate, then cache, then publish. One synchronous step per changed instrument.

It also knows the age of everything: counted from the last word of the source, heartbeat included while
the link is sound, so a quiet market is not stale and a dead feed is. A quote whose stream has ended, was refused or
may be broken is as old as itself until it is heard again: heartbeats speak only for what is followed.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from terminal.bus import Bus
from terminal.clock import NS_PER_S, Clock
from terminal.market import sanity
from terminal.market.reference import EVERY_NS, Reference
from terminal.market.sanity import FAR_CLOSE, LEAST_CLOSE, TIMES_CLOSE, highest_price, plain_depth
from terminal.model.enums import AssetClass, DataType, LinkState, OptionPriceSource
from terminal.model.events import DataNotice, LinkChanged, QuotesFrozen, SourceSpoke
from terminal.model.ids import InstrumentId
from terminal.model.instrument import Instrument
from terminal.model.market import HIGHEST_PRICE, LARGEST_SIZE, Depth, OptionQuote, OptionStatistics, Quote, Trade

_log = structlog.get_logger("market")
_WARN_EVERY_NS: Final = 60 * NS_PER_S
_CROSSED_NS: Final = NS_PER_S
_TRADES_KEPT: Final = 2_000
_FARM_BROKEN: Final = 2103
"""IBKR: a market-data farm is not connected."""


class MarketHub:
    """Cache of the latest market data.

    Publishes: Quote, Trade, Depth, OptionQuote, OptionStatistics (after validation), unchanged in kind.
    """

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._publish = bus.publish
        self._clock = clock
        self._instruments: dict[InstrumentId, Instrument] = {}
        self._quotes: dict[InstrumentId, Quote] = {}
        self._depths: dict[InstrumentId, Depth] = {}
        self._options: dict[InstrumentId, dict[OptionPriceSource, OptionQuote]] = {}
        self._statistics: dict[InstrumentId, OptionStatistics] = {}
        self._trades: dict[InstrumentId, deque[Trade]] = {}
        self._references: dict[InstrumentId, Reference] = {}
        self._noted_ns = 0
        """When the prices of all were taken last."""
        self._link_ready = False
        self._spoke_ns: int | None = None
        self._lapsed: set[InstrumentId] = set()
        self._warned: dict[str, int] = {}
        self._crossed_ns: dict[InstrumentId, int] = {}
        self.rejected: dict[str, int] = {}
        """How many values of each kind of nonsense were refused."""
        self.messages = 0
        """Market events taken since start: the rate in the status bar."""
        bus.subscribe(SourceSpoke, self._on_spoke)
        bus.subscribe(LinkChanged, self._on_link)
        bus.subscribe(DataNotice, self._on_notice)
        bus.subscribe(QuotesFrozen, lambda event: self._lapsed.update(event.instrument_ids))

    # ------------------------------------------------------------ reading
    def instrument(self, instrument_id: InstrumentId) -> Instrument | None:
        return self._instruments.get(instrument_id)

    def instruments(self) -> Sequence[Instrument]:
        return tuple(self._instruments.values())

    def add_instrument(self, instrument: Instrument) -> None:
        self._instruments[instrument.id] = instrument

    def quote(self, instrument_id: InstrumentId) -> Quote | None:
        return self._quotes.get(instrument_id)

    def depth(self, instrument_id: InstrumentId) -> Depth | None:
        return self._depths.get(instrument_id)

    def option_quote(
        self, instrument_id: InstrumentId, source: OptionPriceSource = OptionPriceSource.MODEL
    ) -> OptionQuote | None:
        by_source = self._options.get(instrument_id)
        return by_source.get(source) if by_source else None

    def statistics(self, instrument_id: InstrumentId) -> OptionStatistics | None:
        return self._statistics.get(instrument_id)

    def recent_trades(self, instrument_id: InstrumentId) -> Sequence[Trade]:
        """Return the last prints heard, oldest first."""
        return tuple(self._trades.get(instrument_id, ()))

    def mark(self, instrument_id: InstrumentId) -> float | None:
        """Return the valuation price of an instrument, None when nothing is known."""
        quote = self._quotes.get(instrument_id)
        return quote.mark if quote is not None else None

    def reference(self, instrument_id: InstrumentId) -> float | None:
        """Return the price of about a minute ago, None when nothing was heard yet."""
        known = self._references.get(instrument_id)
        return known.price(self._clock.now_ns()) if known is not None else None

    def age_s(self, instrument_id: InstrumentId) -> float | None:
        """Return seconds since the source last spoke for this instrument; None when it never did."""
        quote = self._quotes.get(instrument_id)
        if quote is None:
            return None
        if instrument_id in self._lapsed:
            return self._clock.seconds_since(quote.received_ns)
        return self.age_of(quote.received_ns)

    def age_of(self, received_ns: int) -> float:
        """Return the age in seconds of a value heard at ``received_ns``; heartbeats count while the link is sound."""
        heard = received_ns
        if self._link_ready and self._spoke_ns is not None and self._spoke_ns > heard:
            heard = self._spoke_ns
        return self._clock.seconds_since(heard)

    def source_age_s(self) -> float | None:
        """Return seconds since the source said anything at all."""
        if self._spoke_ns is None:
            return None
        return self._clock.seconds_since(self._spoke_ns)

    # ------------------------------------------------------------ taking
    def on_quote(self, quote: Quote) -> None:
        self.messages += 1
        self._spoke_ns = quote.received_ns
        bid, ask, last, close = quote.bid, quote.ask, quote.last, quote.previous_close
        if close is None:
            highest = HIGHEST_PRICE
        elif LEAST_CLOSE <= close < FAR_CLOSE:  # as `highest_price`, but for every quote
            highest = close * TIMES_CLOSE
        else:
            highest = HIGHEST_PRICE if 0 < close < HIGHEST_PRICE else 0.0
        if bid is None or ask is None:
            side = ask if bid is None else bid
            sound = side is None or 0 < side < highest
        else:
            sound = 0 < bid <= ask < highest
        if not sound or not highest or (last is not None and not 0 < last < highest):
            quote = self._mend(quote)
        if not 0 <= quote.received_ns - self._noted_ns < EVERY_NS:
            self._note_prices(quote.received_ns)
        self._quotes[quote.instrument_id] = quote
        if self._lapsed:
            self._lapsed.discard(quote.instrument_id)
        self._publish(quote)

    def _mend(self, quote: Quote) -> Quote:
        """Return the quote without the values that cannot be; count them and say so once a minute."""
        instrument = self._instruments.get(quote.instrument_id)
        signed = instrument is not None and instrument.asset_class in (AssetClass.COMBO, AssetClass.FUTURE)
        bad = sanity.price_faults(quote, signed=signed) | sanity.size_faults(quote)
        for kind in bad.values():
            self._refuse(kind, quote.instrument_id)
        crossed = quote.bid is not None and quote.ask is not None and quote.bid > quote.ask
        if crossed and not bad.keys() & {"bid", "ask"}:
            bad |= {"bid": "crossed", "ask": "crossed"}
            self._refuse("crossed", quote.instrument_id, warn=self._stays_crossed(quote.instrument_id))
        absent: dict[str, Any] = dict.fromkeys(bad)
        return replace(quote, **absent) if bad else quote

    def _note_prices(self, now_ns: int) -> None:
        """Remember what everything cost until now, before a new quote counts."""
        self._noted_ns = now_ns
        for name, quote in self._quotes.items():
            reference = self._references.get(name)
            if reference is None:
                reference = self._references[name] = Reference()
            middle = quote.mid
            reference.note(now_ns, quote.last if middle is None else middle)

    def _stays_crossed(self, instrument_id: InstrumentId) -> bool:
        """Say whether it is more than the moment between a bid and the ask that follows it."""
        now = self._clock.monotonic_ns()
        known = self._quotes.get(instrument_id)
        if known is None or known.bid is not None or known.ask is not None:
            self._crossed_ns[instrument_id] = now  # until now it was not
        return now - self._crossed_ns.get(instrument_id, now) >= _CROSSED_NS

    def _refuse(self, kind: str, instrument_id: InstrumentId, *, warn: bool = True) -> None:
        self.rejected[kind] = self.rejected.get(kind, 0) + 1
        if not warn:
            return
        now = self._clock.monotonic_ns()
        key = f"{kind} {instrument_id}"
        warned = self._warned.get(key)
        if warned is None or now - warned >= _WARN_EVERY_NS:
            self._warned[key] = now
            _log.warning("value refused", kind=kind, instrument=instrument_id, so_far=self.rejected[kind])

    def on_trade(self, trade: Trade) -> None:
        self.messages += 1
        self._spoke_ns = trade.received_ns
        quote = self._quotes.get(trade.instrument_id)
        highest = HIGHEST_PRICE if quote is None else highest_price(quote.previous_close)
        if not (0 < trade.price < highest and 0 <= trade.size < LARGEST_SIZE):
            self._refuse("bad print", trade.instrument_id)
            return
        kept = self._trades.get(trade.instrument_id)
        if kept is None:
            kept = self._trades[trade.instrument_id] = deque(maxlen=_TRADES_KEPT)
        kept.append(trade)
        self._publish(trade)

    def on_depth(self, depth: Depth) -> None:
        self.messages += 1
        self._spoke_ns = depth.received_ns
        if not plain_depth(depth):
            depth = sanity.sound_depth(depth)
            self._refuse("bad level", depth.instrument_id)
        self._depths[depth.instrument_id] = depth
        self._publish(depth)

    def on_option_quote(self, quote: OptionQuote) -> None:
        self.messages += 1
        self._spoke_ns = quote.received_ns
        sound = sanity.sound_option(quote)
        if sound is not quote:
            quote = sound
            self._refuse("bad computation", quote.instrument_id)
        by_source = self._options.get(quote.instrument_id)
        if by_source is None:
            by_source = self._options[quote.instrument_id] = {}
        by_source[quote.source] = quote
        self._publish(quote)

    def on_statistics(self, statistics: OptionStatistics) -> None:
        known = self._statistics.get(statistics.instrument_id)
        if known is not None:
            statistics = replace(
                statistics,
                open_interest=known.open_interest if statistics.open_interest is None else statistics.open_interest,
                volume=known.volume if statistics.volume is None else statistics.volume,
            )
        self._statistics[statistics.instrument_id] = statistics
        self._publish(statistics)

    def data_type(self, instrument_id: InstrumentId) -> DataType | None:
        quote = self._quotes.get(instrument_id)
        return quote.data_type if quote is not None else None

    def forget(self, instrument_id: InstrumentId) -> None:
        """Drop book and prints of an instrument nobody looks at any more (its quote keeps its age)."""
        self._depths.pop(instrument_id, None)
        self._trades.pop(instrument_id, None)

    def lapse(self, instrument_id: InstrumentId) -> None:
        """Count heartbeats for this quote no more, until it is heard again: nobody follows it, or it was refused."""
        self._lapsed.add(instrument_id)

    # ------------------------------------------------------------ the source
    def _on_spoke(self, _: SourceSpoke) -> None:
        self._spoke_ns = self._clock.now_ns()

    def _on_link(self, event: LinkChanged) -> None:
        self._link_ready = event.state in (LinkState.READY, LinkState.SYNCING)
        if not self._link_ready or event.data_lost:
            self._lapsed.update(self._quotes)

    def _on_notice(self, notice: DataNotice) -> None:
        if notice.code == _FARM_BROKEN:
            self._lapsed.update(self._quotes)  # which instruments come from that farm is not told
        elif notice.channel == "quote" and notice.instrument_id is not None and notice.severity != "info":
            self.lapse(notice.instrument_id)
