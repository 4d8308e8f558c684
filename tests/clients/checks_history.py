# SPDX-License-Identifier: Apache-2.0
"""Checks of history: bars of every size and kind, streams of bars, ticks, schedules."""

from itertools import pairwise
from typing import Any, Final

from tests.clients.conversation import AAPL, DELAYED, EUR, IBM, SPY, Conversation, check, close_to, each, moment

# size -> (duration, seconds, fewest bars)
SIZES: Final = (
    ("1 secs", "120 S", 1, 60), ("5 secs", "600 S", 5, 60), ("10 secs", "600 S", 10, 40), ("15 secs", "900 S", 15, 40),
    ("30 secs", "1800 S", 30, 30), ("1 min", "1 D", 60, 5), ("2 mins", "2 D", 120, 100), ("3 mins", "2 D", 180, 100),
    ("5 mins", "2 D", 300, 70), ("10 mins", "2 D", 600, 30), ("15 mins", "1 W", 900, 50), ("20 mins", "1 W", 1200, 50),
    ("30 mins", "1 W", 1800, 30), ("1 hour", "1 W", 3600, 20), ("2 hours", "1 W", 7200, 10),
    ("3 hours", "1 W", 10800, 7), ("4 hours", "1 W", 14400, 6), ("8 hours", "2 W", 28800, 6),
)  # fmt: skip


def sound(bars: list[Any]) -> None:
    """Bars that contradict nothing."""
    for bar in bars:
        assert bar["low"] <= min(bar["open"], bar["close"])
        assert bar["high"] >= max(bar["open"], bar["close"])
    days = [str(bar["date"]) for bar in bars]
    assert days == sorted(days)
    assert len(set(days)) == len(days)


@each("bars of {}", SIZES)
def sizes(talk: Conversation, case: tuple[str, str, int, int]) -> None:
    size, duration, seconds, fewest = case
    end = "20250303 16:00:00 US/Eastern" if seconds <= 30 else ""
    contract = {1: AAPL, 5: SPY, 10: IBM, 15: AAPL, 30: SPY}.get(seconds, AAPL)
    bars = talk.ask("bars", contract=contract, duration=duration, size=size, end=end).value
    assert len(bars) >= fewest, len(bars)
    sound(bars)
    for bar in bars[1:]:
        assert moment(bar["date"]) % min(seconds, 300) == 0


@each("bars of {}", [("1 day", "1 M", 18, 24), ("1 week", "6 M", 24, 28), ("1 month", "1 Y", 11, 14)])
def days(talk: Conversation, case: tuple[str, str, int, int]) -> None:
    size, duration, fewest, most = case
    bars = talk.ask("bars", contract=AAPL, duration=duration, size=size).value
    assert fewest <= len(bars) <= most, len(bars)
    sound(bars)
    assert all(len(str(bar["date"])) == 8 for bar in bars)


@check("a year of days")
def year(talk: Conversation) -> None:
    bars = talk.ask("bars", contract=SPY, duration="1 Y", size="1 day").value
    assert 245 <= len(bars) <= 256, len(bars)


@each("bars to show {}", ["TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"])
def what(talk: Conversation, kind: str) -> None:
    bars = talk.ask("bars", contract=AAPL, duration="1 D", size="15 mins", what=kind).value
    assert bars
    sound(bars) if kind != "BID_ASK" else None
    assert all(bar["low"] > 0 for bar in bars)


@check("daily bars of the historical volatility")
def volatility(talk: Conversation) -> None:
    bars = talk.ask("bars", contract=AAPL, duration="1 M", size="1 day", what="HISTORICAL_VOLATILITY").value
    assert len(bars) >= 18
    assert all(0 < bar["low"] <= bar["close"] <= bar["high"] < 3 for bar in bars)


@each("daily bars of {}", ["ADJUSTED_LAST", "OPTION_IMPLIED_VOLATILITY", "FEE_RATE"])
def of_market(talk: Conversation, kind: str) -> None:
    bars = talk.ask("bars", contract=AAPL, duration="1 M", size="1 day", what=kind).value
    assert len(bars) >= 18
    sound(bars)


@check("midpoints lie between bids and asks")
def between(talk: Conversation) -> None:
    rows = {
        kind: talk.ask("bars", contract=EUR, duration="1 D", size="1 hour", what=kind).value
        for kind in ("BID", "MIDPOINT", "ASK")
    }
    for bid, middle, ask in zip(rows["BID"][:-1], rows["MIDPOINT"][:-1], rows["ASK"][:-1], strict=False):
        assert bid["close"] <= middle["close"] <= ask["close"]


@check("bars of an option")
def option(talk: Conversation) -> None:
    bars = talk.ask("bars", contract=talk.memory["option"], duration="1 D", size="5 mins", what="MIDPOINT").value
    assert bars
    sound(bars)


@check("trades of a currency pair are refused with 162")
def pair(talk: Conversation) -> None:
    talk.ask("bars", contract=EUR, duration="1 D", size="1 hour", what="TRADES").refused(162)


@check("bars of a future")
def future(talk: Conversation) -> None:
    bars = talk.ask("bars", contract=talk.memory["future"], duration="1 D", size="1 hour").value
    assert bars
    sound(bars)


@check("with and without regular hours")
def regular(talk: Conversation) -> None:
    inside, every = (
        talk.ask("bars", contract=AAPL, duration="2 D", size="30 mins", rth=rth, end="20250228-23:00:00").value
        for rth in (True, False)
    )
    assert len(every) > len(inside)
    assert min(moment(bar["date"]) for bar in every) < min(moment(bar["date"]) for bar in inside)


@check("dates as text mean what the epochs mean", lambda talk: talk.callbacks or talk.version >= 174)
def formats(talk: Conversation) -> None:
    arguments: dict[str, Any] = {"contract": AAPL, "duration": "1 D", "size": "1 hour", "end": "20250303-21:00:00"}
    text = talk.ask("bars", **arguments, format_date=1).value
    epochs = talk.ask("bars", **arguments, format_date=2).value
    assert [moment(bar["date"]) for bar in text] == [moment(bar["date"]) for bar in epochs]


@check("the end may be UTC or in a zone")
def ends(talk: Conversation) -> None:
    utc, local = (
        talk.ask("bars", contract=AAPL, duration="1 D", size="30 mins", end=end).value
        for end in ("20250303-21:00:00", "20250303 16:00:00 US/Eastern")
    )
    assert utc == local
    assert utc


@check("larger bars agree with smaller ones")
def agree(talk: Conversation) -> None:
    small, large = (
        talk.ask("bars", contract=IBM, duration="1 D", size=size, end="20250303-21:00:00").value
        for size in ("5 mins", "1 hour")
    )
    assert sum(bar["volume"] for bar in small) == sum(bar["volume"] for bar in large)
    assert max(bar["high"] for bar in small) == max(bar["high"] for bar in large)
    assert small[0]["open"] == large[0]["open"]
    assert small[-1]["close"] == large[-1]["close"]


@each(
    "refused: {}",
    [
        ("a bar size that does not exist", {"size": "7 mins"}, 321),
        ("a duration that does not exist", {"duration": "5 parsecs"}, 321),
        ("an end that is no time", {"end": "yesterday"}, 10314),
        ("bars of an unknown kind", {"what": "MOONLIGHT"}, 431),
        ("a format of dates that does not exist", {"format_date": 7}, 321),
    ],
)
def refusals(talk: Conversation, case: tuple[str, dict[str, Any], int]) -> None:
    arguments = {"contract": AAPL, "duration": "1 D", "size": "1 hour", **case[1]}
    talk.ask("bars", **arguments).refused(case[2])


@check("no data before the head is refused with 162")
def before_head(talk: Conversation) -> None:
    answer = talk.ask("bars", contract=AAPL, duration="1 D", size="1 hour", end="19500103-21:00:00")
    answer.refused(162, "no data")


@check("no permission is refused with 162")
def no_permission(talk: Conversation) -> None:
    talk.ask("bars", contract=DELAYED, duration="1 D", size="1 hour").refused(162, "permission")


@check("bars that are kept up to date grow and are joined by new ones")
def growing(talk: Conversation) -> None:
    found = talk.ask("growing_bars", contract=AAPL, duration="1800 S", size="1 min", updates=4, bars=1).value
    assert found["new"] >= 1
    sound(found["bars"])


@each("real-time bars of {}", ["TRADES", "MIDPOINT", "BID", "ASK"])
def real_time(talk: Conversation, kind: str) -> None:
    bars = talk.ask("real_time_bars", contract=AAPL, what=kind, want=3).value
    times = [bar["time"] for bar in bars]
    assert all(two - one >= 5 for one, two in pairwise(times))
    assert all(time % 5 == 0 for time in times)
    assert all(bar["low"] <= bar["close"] <= bar["high"] for bar in bars)


@check("real-time bars of another size are refused")
def real_time_size(talk: Conversation) -> None:
    talk.ask("real_time_bars", contract=AAPL, what="TRADES", want=1, size=30).refused(321)


@check("the head of the data")
def head(talk: Conversation) -> None:
    assert 0 < talk.ask("head", contract=AAPL).value < talk.memory["now"]


@each("historical ticks {}", [("TRADES", "price"), ("BID_ASK", "priceBid"), ("MIDPOINT", "price")])
def ticks(talk: Conversation, case: tuple[str, str]) -> None:
    what, price = case
    found = talk.ask("ticks", contract=AAPL, what=what, count=50, start="20250303 10:00:00 US/Eastern").value
    assert len(found) >= 50
    times = [tick["time"] for tick in found]
    assert times == sorted(times)
    assert times[0] >= moment("20250303 10:00:00 US/Eastern")
    assert all(tick[price] > 0 for tick in found)


@check("the last historical ticks before an end")
def last_ticks(talk: Conversation) -> None:
    found = talk.ask("ticks", contract=AAPL, what="TRADES", count=30, end="20250303 15:00:00 US/Eastern").value
    assert len(found) >= 30
    assert found[-1]["time"] <= moment("20250303 15:00:00 US/Eastern")


@check("historical ticks with start and end are refused")
def both_ends(talk: Conversation) -> None:
    answer = talk.ask(
        "ticks", contract=AAPL, what="TRADES", count=5, start="20250303-15:00:00", end="20250303-16:00:00"
    )
    answer.refused(321)


@check("the schedule of past sessions", lambda talk: talk.version >= 165)
def schedule(talk: Conversation) -> None:
    found = talk.ask("schedule", contract=AAPL, days=10).value
    assert found["timeZone"] == "US/Eastern"
    assert len(found["sessions"]) == 10
    dates = [session["refDate"] for session in found["sessions"]]
    assert dates == sorted(dates)
    assert all(session["startDateTime"].endswith("-09:30:00") for session in found["sessions"])


@check("volumes of a stock are in shares")
def shares(talk: Conversation) -> None:
    bars = talk.ask("bars", contract=AAPL, duration="1 W", size="1 day").value
    assert all(bar["volume"] > 1e6 for bar in bars[:-1])
    assert close_to(bars[0]["volume"], round(bars[0]["volume"]))
