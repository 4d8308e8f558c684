# SPDX-License-Identifier: Apache-2.0
"""One process from days to prints: every bar size agrees, in every kind of market, in demo and full hours."""

from datetime import date, time

import numpy as np
import pytest

from terminal.model.enums import AssetClass
from terminal.model.market import Bar
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.listings import STOCKS, UNDERLYINGS
from terminal.simulation.paths import BLOCK_DAYS
from terminal.simulation.profiles import EVENING, LENGTHS, MORNING, NIGHT, REGULAR
from terminal.simulation.simulated import SimulatedSource
from terminal.simulation.trading_days import MINUTE_NS, NS, local_ns

AAPL, SPX, VIX, EUR, JPY, BTC, GME, PLTR = 265598, 416904, 13455763, 12087792, 15016059, 479624278, 36285627, 444857009
DAY = 86_400


@pytest.fixture(scope="module")
def demo() -> SimulatedSource:
    return SimulatedSource(1)


@pytest.fixture(scope="module")
def full() -> SimulatedSource:
    return SimulatedSource(1, full_hours=True)


def future(source: SimulatedSource, symbol: str) -> int:
    found = next(item for item in source.instruments(0) if item.symbol == symbol and item.expiry is not None)
    return found.broker_id or 0


def bars(source: SimulatedSource, con_id: int, seconds: int, index: int, what: str, *, regular: bool) -> list[Bar]:
    day = source.calendar.day(index)
    found = source.bars(
        con_id, seconds=seconds, start_ns=day.start_ns, end_ns=day.end_ns, now_ns=source.calendar.day(0).open_ns,
        what=what, regular_only=regular,
    )  # fmt: skip
    return list(found)


# ------------------------------------------------------------------ days, minutes, seconds, prints


@pytest.mark.parametrize("key", ["AAPL", "SPX", "EUR.USD", "BTC.USD", "WTI"])
def test_minutes_end_where_days_end(full: SimulatedSource, key: str) -> None:
    paths = full.listed.paths
    for number in (-3, 0, 2):
        level = paths.days(key, number).level
        for segment in (NIGHT, MORNING, REGULAR, EVENING):
            block = paths.segment(key, number, segment)
            assert block.open[:, 0] == pytest.approx(level[:, segment], abs=1e-12)
            assert block.close[:, -1] == pytest.approx(level[:, segment + 1], abs=1e-12)
            assert (block.high >= np.maximum(block.open, block.close) - 1e-12).all()
            assert (block.low <= np.minimum(block.open, block.close) + 1e-12).all()
        for row in range(BLOCK_DAYS):
            gap = paths.gap(key, number * BLOCK_DAYS + row)
            if len(gap.open):
                assert (gap.open[0], gap.close[-1]) == pytest.approx((level[row, 0], level[row, 1]), abs=1e-12)
    assert paths.days(key, 1).level[0, 0] == pytest.approx(paths.days(key, 0).level[-1, 5], abs=1e-12)


CASES = [
    ("AAPL", "TRADES"), ("AAPL", "BID"), ("AAPL", "ASK"), ("AAPL", "MIDPOINT"), ("EUR", "MIDPOINT"), ("JPY", "BID"),
    ("BTC", "TRADES"), ("ES", "TRADES"), ("CL", "ASK"), ("SPX", "TRADES"), ("VIX", "TRADES"), ("PLTR", "TRADES"),
]  # fmt: skip
IDS = {"AAPL": AAPL, "EUR": EUR, "JPY": JPY, "BTC": BTC, "SPX": SPX, "VIX": VIX, "PLTR": PLTR}


@pytest.mark.parametrize("hours", ["demo", "full"])
@pytest.mark.parametrize(("name", "what"), CASES)
def test_bars_of_every_size_agree(
    demo: SimulatedSource, full: SimulatedSource, hours: str, name: str, what: str
) -> None:
    source = demo if hours == "demo" else full
    con_id = IDS.get(name) or future(source, name)
    for index in (-1, -2):
        for regular in (True, False):
            (whole,) = bars(source, con_id, DAY, index, what, regular=regular)
            for seconds in (5, 60, 900, 3600):
                parts = bars(source, con_id, seconds, index, what, regular=regular)
                assert max(bar.high for bar in parts) == whole.high
                assert min(bar.low for bar in parts) == whole.low
                assert (parts[0].open, parts[-1].close) == (whole.open, whole.close)
                assert sum(bar.volume for bar in parts) == pytest.approx(whole.volume, abs=1e-6)


def test_an_index_has_values_and_neither_volume_nor_quotes(demo: SimulatedSource) -> None:
    ns = demo.start_ns()
    assert demo.touch(SPX, ns) == (None, None)
    last = demo.tape(SPX, ns).figures(ns)
    assert last is not None
    assert last[1:3] == (0, 0)
    assert {bar.volume for bar in bars(demo, SPX, 60, -1, "TRADES", regular=True)} == {0.0}
    with pytest.raises(SimulatorRefusalError):
        bars(demo, SPX, 60, -1, "BID", regular=True)


def test_two_sources_of_one_seed_are_the_same_and_of_two_seeds_not() -> None:
    first, second, other = SimulatedSource(7), SimulatedSource(7), SimulatedSource(8)
    second.listed.plan(GME, 40)  # asked in another order
    for con_id in (AAPL, GME, SPX, VIX, EUR, BTC):
        plans = [source.listed.plan(con_id, 3) for source in (first, second, other)]
        columns = [b"".join(getattr(plan, name).tobytes() for name in type(plan).__slots__) for plan in plans]
        assert columns[0] == columns[1] != columns[2]


# ------------------------------------------------------------------ sessions


def test_each_kind_trades_in_its_own_hours(full: SimulatedSource) -> None:
    monday = 4
    day = full.calendar.day(monday)
    assert day.start_ns == full.calendar.day(monday - 1).end_ns  # no time is skipped
    saturday, sunday = local_ns(date(2025, 3, 8), time(12, 0)), local_ns(date(2025, 3, 9), time(18, 30))
    night, pause = local_ns(date(2025, 3, 10), time(2, 0)), local_ns(date(2025, 3, 10), time(17, 5))
    es = future(full, "ES")
    open_at = {
        saturday: {BTC}, sunday: {BTC, EUR, es}, night: {BTC, EUR, es, AAPL}, pause: {BTC, AAPL},
    }  # fmt: skip
    for ns, trading in open_at.items():
        assert {con_id for con_id in (AAPL, EUR, es, BTC) if full.touch(con_id, ns)[0] is not None} == trading
    instrument = full.instrument(AAPL, monday)
    assert instrument is not None
    hours = [(one.start_ns - local_ns(date(2025, 3, 10), time(0, 0))) // (60 * MINUTE_NS) for one in
             instrument.trading_hours[:1]]  # fmt: skip
    assert hours == [4]
    overnight = [code for code in np.unique(full.listed.plan(AAPL, monday).code).tolist() if code >= 8]
    assert overnight


def test_half_days_end_at_one(demo: SimulatedSource, full: SimulatedSource) -> None:
    for source in (demo, full):
        index = source.calendar.index_of(date(2025, 11, 28))
        day = source.calendar.day(index)
        assert day.close_ns == local_ns(date(2025, 11, 28), time(13, 0))
        closing = source.auctions(AAPL, index)[-1]
        assert (closing.kind, closing.ns) == ("close", day.close_ns - 1_000_000)
        assert source.touch(AAPL, day.close_ns + 10 * MINUTE_NS)[0] is not None
        assert source.touch(SPX, day.close_ns) == (None, None)
    assert demo.calendar.day(demo.calendar.index_of(date(2025, 11, 28))).end_ns == local_ns(
        date(2025, 11, 28), time(13, 30)
    )


# ------------------------------------------------------------------ auctions and halts


def test_auctions_open_and_close_the_session_with_their_share_of_the_volume(demo: SimulatedSource) -> None:
    shares = []
    for index in range(-40, 0):
        opening, closing = (one for one in demo.auctions(AAPL, index) if one.kind != "reopen")
        day, plan = demo.calendar.day(index), demo.listed.plan(AAPL, index)
        inside = np.flatnonzero((plan.ns >= day.open_ns) & (plan.ns < day.close_ns) & (plan.size > 0))
        for place, auction, code in ((inside[0], opening, 1), (inside[-1], closing, 2)):
            assert (plan.ns[place], plan.tick[place], plan.size[place]) == (auction.ns, auction.tick, auction.size)
            assert plan.code[place] == code
        shares.append(closing.size / plan.size[inside].sum())
        assert demo.official_close(AAPL, index) == pytest.approx(closing.tick / 100)
    assert 0.06 < float(np.mean(shares)) < 0.14


def test_an_indication_is_published_before_an_auction_and_converges(demo: SimulatedSource) -> None:
    closing = demo.auctions(AAPL, 0)[-1]
    assert demo.indication(AAPL, "close", closing.ns - 11 * MINUTE_NS) is None
    seen = [demo.indication(AAPL, "close", closing.ns - back * MINUTE_NS) for back in (9, 5, 1, 0)]
    found = [one for one in seen if one is not None]
    assert len(found) == 4
    assert [one.paired for one in found] == sorted(one.paired for one in found)
    assert (found[-1].tick, found[-1].paired, found[-1].imbalance) == (closing.tick, closing.size, 0)
    assert demo.indication(SPX, "close", closing.ns) is None


def test_prices_that_leave_their_band_pause_for_five_minutes(demo: SimulatedSource) -> None:
    volatile = [spec for spec in STOCKS if spec.volatility >= 0.6]
    found = [(spec.con_id, index) for spec in volatile for index in range(-256, 0) if demo.halts(spec.con_id, index)]
    assert 2 <= len(found) <= 40
    calm = [index for index in range(-256, 0) if demo.halts(8894, index)]
    assert not calm
    for con_id, index in found:
        plan = demo.listed.plan(con_id, index)
        for halt in demo.halts(con_id, index):
            assert halt.end_ns - halt.start_ns == 5 * MINUTE_NS
            inside = (plan.ns >= halt.start_ns) & (plan.ns < halt.end_ns)
            assert not plan.size[inside].any()
            assert inside.sum() == 5  # one unchanged quote a minute
            assert len({(bid, ask) for bid, ask in zip(plan.bid[inside], plan.ask[inside], strict=True)}) == 1
            before = (plan.ns >= halt.start_ns - MINUTE_NS) & (plan.ns < halt.start_ns) & (plan.size > 0)
            assert halt.low <= plan.tick[before].min()
            assert plan.tick[before].max() <= halt.high
            assert demo.halt_at(con_id, halt.start_ns) == halt
            assert demo.halt_at(con_id, halt.end_ns) is None
            reopening = [one for one in demo.auctions(con_id, index) if one.kind == "reopen"]
            assert reopening[0].ns == demo.halts(con_id, index)[0].end_ns + 5_000_000
            minutes = bars(demo, con_id, 60, index, "TRADES", regular=True)
            paused = [bar for bar in minutes if halt.start_ns <= bar.start_ns < halt.end_ns]
            assert {(bar.volume, bar.count) for bar in paused} == {(0.0, 0)}


def test_the_band_follows_the_price_and_is_wider_for_tier_2_and_before_the_close(demo: SimulatedSource) -> None:
    day = demo.calendar.day(-1)
    for con_id, share in ((AAPL, 0.05), (GME, 0.10)):
        for ns, factor in ((day.open_ns + 100 * MINUTE_NS, 1), (day.close_ns - MINUTE_NS, 2 if con_id == AAPL else 1)):
            band = demo.price_band(con_id, ns)
            assert band is not None
            middle = sum(band) / 2
            assert (band[1] - band[0]) / 2 / middle == pytest.approx(share * factor, rel=0.02)
            assert demo.listed.price(con_id, ns) * 100 == pytest.approx(middle, rel=0.05)
    assert demo.price_band(AAPL, day.open_ns - MINUTE_NS) is None
    assert demo.price_band(EUR, day.open_ns + MINUTE_NS) is None


# ------------------------------------------------------------------ corporate actions


def test_a_price_falls_by_the_dividend_on_its_ex_date(demo: SimulatedSource) -> None:
    listed = demo.listed.need(8314)
    (paid,) = demo.dividends(8314, date(2025, 5, 1), date(2025, 5, 31))
    ex = demo.calendar.index_of(paid.ex_date)
    before = demo.listed.scale(listed, ex - 1) * np.exp(demo.listed.paths.day_level("IBM", ex, 0))
    after = demo.listed.scale(listed, ex) * np.exp(demo.listed.paths.day_level("IBM", ex, 0))
    assert before - after == pytest.approx(float(paid.amount), abs=1e-9)
    past = demo.dividends(8314, date(2024, 5, 1), date(2024, 5, 31))[0]
    back = demo.calendar.index_of(past.ex_date)
    level = np.exp(demo.listed.paths.day_level("IBM", back, 0))
    fall = (demo.listed.scale(listed, back - 1) - demo.listed.scale(listed, back)) * level
    assert fall == pytest.approx(float(past.amount), abs=1e-9)
    assert demo.dividend_text(AAPL, demo.start_ns()) == "1.00,1.00,20250512,0.25"
    assert demo.dividend_text(GME, demo.start_ns()) == ""


def test_a_split_divides_the_price_and_adjusted_history_does_not_show_it(demo: SimulatedSource) -> None:
    netflix = 15124833
    (split,) = demo.splits(netflix, date(2025, 1, 1), date(2026, 1, 1))
    at = demo.calendar.index_of(split.ex_date)
    day = demo.calendar.day(at)

    def closes(what: str) -> list[float]:
        found = demo.bars(
            netflix, seconds=DAY, start_ns=demo.calendar.day(at - 3).start_ns, end_ns=day.end_ns, now_ns=day.end_ns,
            what=what, regular_only=True,
        )  # fmt: skip
        return [bar.close for bar in found]

    plain, adjusted = closes("TRADES"), closes("ADJUSTED_LAST")
    assert plain[-2] / plain[-1] == pytest.approx(split.new / split.old, rel=0.2)
    assert adjusted[-2] / adjusted[-1] == pytest.approx(1.0, rel=0.2)
    assert adjusted[-2] == pytest.approx(plain[-2] * split.old / split.new, abs=0.01)
    before = demo.figures(netflix, day.open_ns + NS).previous_close
    assert before == pytest.approx(plain[-2] * 100 * split.old / split.new, abs=1)
    (row,) = demo.option_chain(netflix, at)
    assert max(row[4]) < plain[-2] * 0.5
    assert demo.statistics(netflix, day.open_ns)["historical_volatility"] < 1.0


def test_volatility_is_high_before_a_report_and_crushed_after_it(demo: SimulatedSource) -> None:
    (report, *_) = demo.earnings(4815747, date(2025, 5, 1), date(2025, 6, 30))
    spec = demo.listed.need(4815747).spec
    before, after = demo.calendar.index_of(report.date), demo.calendar.index_of(report.date) + 1
    week = 7 * DAY * NS

    def short(index: int) -> float:
        smile = demo.listed.smiles.day(spec, index)
        ns = demo.calendar.day(index).open_ns
        event = smile.event_variance(ns, np.array([ns + week]))
        return float(smile.surface.volatility(0.0, 7 / 365, 1.0, event)[0])

    assert report.after_close
    assert short(before) > 1.08 * short(after)
    moves = [
        one.size
        for number in range(-16, 16)
        for one in demo.listed.corporate.shocks("NVDA", number * 32, number * 32 + 32)
    ]
    assert 12 <= len(moves) <= 17
    assert 0.03 < float(np.std(moves)) < 0.14


def test_what_can_be_borrowed_is_plenty_of_most_and_little_of_some(demo: SimulatedSource) -> None:
    easy, hard = demo.borrow(AAPL, demo.start_ns()), demo.borrow(GME, demo.start_ns())
    assert (easy.level, easy.fee) == (3.0, 0.0025)
    assert easy.available > 1_000_000
    assert hard.level < 2.5
    assert hard.fee >= 0.04
    assert demo.borrow(EUR, demo.start_ns()).available == 0


# ------------------------------------------------------------------ the catalogue


def test_the_market_is_as_wide_as_it_says(demo: SimulatedSource) -> None:
    items = demo.instruments(0)
    count = {kind: sum(item.asset_class is kind for item in items) for kind in AssetClass}
    assert count[AssetClass.STOCK] >= 30
    assert {item.local_symbol for item in items if item.asset_class is AssetClass.FOREX} == {
        "EUR.USD", "GBP.USD", "AUD.USD", "NZD.USD", "USD.JPY", "USD.CHF", "USD.CAD",
    }  # fmt: skip
    assert {item.local_symbol for item in items if item.asset_class is AssetClass.CRYPTO} == {"BTC.USD", "ETH.USD"}
    assert {item.symbol for item in items if item.asset_class is AssetClass.INDEX} == {"SPX", "VIX"}
    futures = [item for item in items if item.asset_class is AssetClass.FUTURE]
    assert {item.symbol: item.exchange for item in futures} == {
        "ES": "CME", "NQ": "CME", "CL": "NYMEX", "GC": "COMEX",
    }  # fmt: skip
    # Rule books: CLJ5 ended on 20 March 2025, GCJ5 on 28 April, ESM5 on 20 June.
    ends = {item.local_symbol: item.expiry for item in futures}
    assert (ends["CLJ5"], ends["GCJ5"], ends["ESM5"]) == (date(2025, 3, 20), date(2025, 4, 28), date(2025, 6, 20))
    assert len({item.broker_id for item in items}) == len({item.id for item in items}) == len(items)


def test_a_future_meets_its_index_on_its_last_day(demo: SimulatedSource) -> None:
    es = future(demo, "ES")
    last = demo.calendar.index_of(date(2025, 3, 21))
    assert demo.settlement_price(es, last) == pytest.approx(demo.official_open(SPX, last), abs=0.6)
    ahead = demo.official_close(es, 0)
    assert ahead is not None
    assert ahead > (demo.official_close(SPX, 0) or 0) * 1.0005


def test_currencies_are_worth_what_their_pairs_say(demo: SimulatedSource) -> None:
    ns = demo.start_ns()
    assert demo.fx_rate("USD", ns) == 1.0
    assert demo.fx_rate("EUR", ns) == pytest.approx(1.055, rel=0.03)
    assert demo.fx_rate("JPY", ns) == pytest.approx(1 / 149.4, rel=0.03)
    with pytest.raises(KeyError):
        demo.fx_rate("SEK", ns)


def test_a_long_sample_has_the_models_volatilities_and_correlations() -> None:
    """Five seeds of two years: deviations within 12 % and correlations within 0.1 of what the loadings say."""
    names = ("AAPL", "JPM", "XOM", "SPX", "WTI", "EUR.USD", "BTC.USD")
    moves = []
    for seed in range(1, 6):
        paths = SimulatedSource(seed).listed.paths
        blocks = [[paths.days(name, number).level[:, 4] for number in range(-16, 0)] for name in names]
        moves.append(np.diff(np.concatenate([np.stack(row) for row in zip(*blocks, strict=True)], axis=1), axis=1))
    sample = np.concatenate(moves, axis=1)
    specs = {spec.path_key: spec for spec in UNDERLYINGS if spec.con_id != VIX}
    known = {name: specs[name] for name in names if name in specs}
    for name, spec in known.items():
        year = sample[names.index(name)].std() * np.sqrt(252)
        usual = spec.volatility * (np.sqrt(1.04) if name == "BTC.USD" else 1.0)
        assert year == pytest.approx(usual, rel=0.12), name
    found = np.corrcoef(sample)
    loads = {name: dict(spec.common_loads) for name, spec in known.items()}
    for one, other in (("AAPL", "JPM"), ("AAPL", "SPX"), ("JPM", "XOM"), ("SPX", "EUR.USD")):
        shared = sum(loads[one].get(factor, 0.0) * loads[other].get(factor, 0.0) for factor in loads[one])
        wanted = shared / (known[one].volatility * known[other].volatility)
        assert found[names.index(one), names.index(other)] == pytest.approx(wanted, abs=0.1), (one, other)
    assert found[names.index("XOM"), names.index("WTI")] > 0.35


def test_falls_raise_volatility_and_volatility_clusters() -> None:
    moves, heats = [], []
    for seed in range(1, 5):
        paths = SimulatedSource(seed).listed.paths
        for number in range(-16, 0):
            days = paths.days("SPX", number)
            moves.append(np.diff(days.level[:, 4]))
            heats.append(days.volatility[1:])
    move, heat = np.stack(moves), np.stack(heats)
    ahead = np.log(heat[:, 1:]) - np.log(heat[:, :-1])
    assert np.corrcoef(move[:, :-1].ravel(), ahead.ravel())[0, 1] < -0.2
    assert np.corrcoef(heat[:, :-5].ravel(), heat[:, 5:].ravel())[0, 1] > 0.4
    assert LENGTHS[REGULAR] == 390


@pytest.mark.parametrize("hours", ["demo", "full"])
@pytest.mark.parametrize("day", [date(2025, 3, 21), date(2025, 7, 3), date(2025, 11, 28), date(2026, 3, 9)])
def test_every_name_lives_through_expiries_half_days_and_changes_of_clocks(hours: str, day: date) -> None:
    source = SimulatedSource(3, full_hours=hours == "full")
    index = source.calendar.index_of(day)
    lived = source.calendar.day(index)
    noon = lived.open_ns + 3600 * NS
    for item in source.instruments(index)[::4]:
        con_id = item.broker_id or 0
        plan = source.listed.plan(con_id, index)
        assert (np.diff(plan.ns) >= 0).all()
        assert lived.start_ns <= plan.ns[0]
        assert plan.ns[-1] < lived.end_ns
        assert item.asset_class is AssetClass.INDEX or (plan.ask > plan.bid).all(), item.id
        assert (plan.tick[plan.size > 0] > 0).all()
        assert source.figures(con_id, noon).previous_close is not None
        assert source.statistics(con_id, noon)
    for symbol in ("NFLX", "SPX", "VIX", "TLT"):
        expiry = source.expiries(symbol, index)[2]
        found = source.options.listing.select(symbol, index, expiry=f"{expiry:%Y%m%d}")
        for contract in found[:: max(len(found) // 5, 1)]:
            bid, ask = source.touch(contract.con_id, noon)
            assert ask is not None
            assert (bid or 0) < ask
