# SPDX-License-Identifier: Apache-2.0
"""One table of IBKR's error and notice codes: what each means, what a person can do, whom it concerns.

Sources: IBKR TWS API documentation, "message codes"; the texts of TWS; issue threads listed in the design
page on TWS. Codes of 9000 to 9099 are our own, for what the connection itself shows. The table gives no
order a state: that comes from order messages alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# our own
CORRUPT_STREAM: Final = 9001
SILENT_SERVER: Final = 9002
NO_START: Final = 9003
ACCOUNT_MISMATCH: Final = 9004
HEARTBEAT_LOST: Final = 9005
ID_RANGE: Final = 9006
CLOSED_BY_PEER: Final = 9007
CLOCK_DRIFT: Final = 9008
SYNC_INCOMPLETE: Final = 9009
TRADES_FALLBACK: Final = 9010
BOOK_BROKEN: Final = 9011
STREAM_SILENT: Final = 9012
UNREADABLE: Final = 9013
NO_TRADES: Final = 9014
SEND_STUCK: Final = 9015
NEVER_SENT: Final = 9016
CANCEL_NEVER_SENT: Final = 9017
QUOTES_FROZEN: Final = 9018
BARS_SILENT: Final = 9019
UNSUPPORTED_VERSION: Final = 503
CANNOT_CONNECT: Final = 502
CLIENT_ID_TAKEN: Final = 326
READ_ONLY: Final = 321


class Kind(StrEnum):
    """What the adapter does with a code, beside showing it."""

    NOTE = "note"
    FAILED = "failed"  # the request it names is over
    LINK_DOWN = "link_down"
    LINK_RESTORED = "link_restored"
    LINK_DATA_LOST = "link_data_lost"
    FARM_DOWN = "farm_down"
    FARM_OK = "farm_ok"
    DELAYED = "delayed"  # data go on, later than live
    DEPTH_RESET = "depth_reset"
    RESUBSCRIBE = "resubscribe"
    QUIET = "quiet"  # expected in races: not worth a line on the screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One row. ``channel`` "" means: that of the request it answers."""

    meaning: str
    way_out: str = ""
    severity: str = "warn"
    channel: str = ""
    kind: Kind = Kind.FAILED


_API: Final = "In TWS: Global Configuration > API > Settings"
_SUBSCRIBE_ONLY: Final = (
    "Subscribe to the exchange's data in Client Portal > Settings > Market Data Subscriptions, share it with the "
    "paper account there, then log in again"
)
_OR_DELAYED: Final = "; or choose delayed data in Tiller's settings"
_SUBSCRIBE: Final = f"{_SUBSCRIBE_ONLY}{_OR_DELAYED}"
NEVER_DELAYED: Final = frozenset({"depth", "ticks"})
"""Channels that have no delayed data: to choose it would not bring them."""
_FEWER: Final = "Close a chart, a chain or a watchlist row, or raise the account's market-data lines"


def _error(meaning: str, way_out: str = "", channel: str = "", kind: Kind = Kind.FAILED) -> Code:
    return Code(meaning=meaning, way_out=way_out, severity="error", channel=channel, kind=kind)


def _warn(meaning: str, way_out: str = "", channel: str = "", kind: Kind = Kind.FAILED) -> Code:
    return Code(meaning=meaning, way_out=way_out, channel=channel, kind=kind)


def _info(meaning: str, way_out: str = "", channel: str = "", kind: Kind = Kind.NOTE) -> Code:
    return Code(meaning=meaning, way_out=way_out, severity="info", channel=channel, kind=kind)


CODES: Final[Mapping[int, Code]] = {
    # ---------------------------------------------------------------- requests and limits
    100: _error("Too many messages per second", "Tiller slows down by itself; tell us if it repeats", "session"),
    101: _error("All market-data lines of this account are in use", _FEWER),
    102: _error("A request id was used twice", "A fault of Tiller: reconnect, and report it"),
    162: _warn("The historical data server refused", "Read the text: no data, no permission or too many requests"),
    165: _info("Note of the historical data server", kind=Kind.QUIET),
    166: _warn("Expired contract: no data this way"),
    200: _warn("No such contract, or several fit", "Check symbol, exchange, currency, expiry and strike"),
    300: _info("The stream was already ended", kind=Kind.QUIET),
    309: _error("All market-depth subscriptions are in use", "Close the book in TWS or in another program", "depth"),
    310: _info("The book was already ended", channel="depth", kind=Kind.QUIET),
    316: _warn("The book was halted and must be asked for again", channel="depth", kind=Kind.RESUBSCRIBE),
    317: _info("The book was reset and starts again", channel="depth", kind=Kind.DEPTH_RESET),
    320: _error("TWS could not read a request", "A fault of Tiller: report it with the text"),
    321: _error("TWS refused a request", f"{_API}: if it says read-only, untick 'Read-Only API'; else read the text"),
    322: _error("TWS could not process a request", "Read the text; reconnect if it speaks of a duplicate id"),
    354: _error("Not subscribed to this market data", _SUBSCRIBE),
    366: _info("The historical request was already ended", kind=Kind.QUIET),
    420: _warn("Real-time request refused (permission or pacing)", _SUBSCRIBE),
    430: _warn("Fundamental data is not available for this contract"),
    10089: _error("This market data needs a further subscription for the API", _SUBSCRIBE),
    10090: _warn("Part of the requested market data is not subscribed; the rest comes", _SUBSCRIBE, kind=Kind.NOTE),
    10091: _error("Part of the requested market data needs a further subscription for the API", _SUBSCRIBE),
    10092: _error("Deep market data is not subscribed or not offered for this exchange", _SUBSCRIBE_ONLY, "depth"),
    10167: _warn("Live data is not subscribed: delayed data is shown", _SUBSCRIBE_ONLY, kind=Kind.DELAYED),
    10168: _error("Live data is not subscribed and delayed data was not asked for", _SUBSCRIBE),
    10182: _warn("Live updates of the bars were interrupted", "Tiller asks again", "history", Kind.RESUBSCRIBE),
    10186: _error("Market data is not subscribed and delayed data is not available", _SUBSCRIBE_ONLY),
    10187: _error("Historical ticks could not be had", "Check the subscription and the period", "history"),
    10189: _error("Tick-by-tick data could not be had", _SUBSCRIBE_ONLY, "ticks"),
    10190: _error(
        "All tick-by-tick streams are in use", "About 5 % of the market-data lines; close another tape", "ticks"
    ),
    10197: _error(
        "Another session of this user takes the market data", "Log out there (mobile app, portal or another TWS)"
    ),
    10225: _warn("A bust ended the bar stream", "Tiller asks again", "history", Kind.RESUBSCRIBE),
    10299: _warn("Size or price of this order looks wrong to TWS", kind=Kind.NOTE),
    10314: _error("The end time of a historical request was not understood", "A fault of Tiller: report it", "history"),
    # ---------------------------------------------------------------- connection
    326: _error(
        "This client id is in use",
        "End the other program, or give this profile another client id; a dead session frees it when TWS restarts",
        "session",
    ),
    501: _info("Already connected", channel="session"),
    502: _error("TWS or IB Gateway cannot be reached", f"{_API}: tick 'Enable ActiveX and Socket Clients'", "session"),
    503: _error("This TWS is too old or too new", "Install TWS or IB Gateway 10.19 or later (API version 157 to 176)"),
    504: _error("Not connected", "Wait for the reconnection", "session"),
    507: _error("The message stream is corrupt", "Tiller reconnects", "session"),
    1100: _error("TWS lost its connection to IBKR", "TWS reconnects by itself", "session", Kind.LINK_DOWN),
    1101: _warn("TWS is connected again, data was lost", "Tiller subscribes again", "session", Kind.LINK_DATA_LOST),
    1102: _info("TWS is connected again, data was kept", channel="session", kind=Kind.LINK_RESTORED),
    1300: _error("TWS changed its API port", f"{_API}: read the socket port and set it in the profile", "session"),
    2110: _error("TWS lost its connection to IBKR's server", "TWS reconnects by itself", "session", Kind.LINK_DOWN),
    2103: _warn("A market-data farm is not connected", "Quotes may stand still", "session", Kind.FARM_DOWN),
    2104: _info("A market-data farm is connected", channel="session", kind=Kind.FARM_OK),
    2105: _warn("A historical-data farm is not connected", "Charts may not load", "session", Kind.FARM_DOWN),
    2106: _info("A historical-data farm is connected", channel="session", kind=Kind.FARM_OK),
    2107: _info("A historical-data farm sleeps until it is needed", channel="session", kind=Kind.FARM_OK),
    2108: _info("A market-data farm sleeps until it is needed", channel="session", kind=Kind.FARM_OK),
    2119: _info("A market-data farm is connecting", channel="session"),
    2157: _warn("The security-definition farm is not connected", "Search may fail", "session", Kind.FARM_DOWN),
    2158: _info("The security-definition farm is connected", channel="session", kind=Kind.FARM_OK),
    2100: _warn("Account data stopped: another program asked for another account", channel="session", kind=Kind.NOTE),
    2152: _warn("The book is partial: some exchanges are not subscribed", _SUBSCRIBE, "depth", Kind.NOTE),
    2168: _info("An outdated order attribute was ignored", channel="session"),
    2169: _info("An outdated order attribute was ignored", channel="session"),
    2174: _info("A time without zone was used", channel="history"),
    2176: _info("Sizes of fractional shares are rounded for this API version", channel="session"),
    # ---------------------------------------------------------------- orders (shown with the order)
    103: _error("The order id was used before", "Reconcile: an earlier sending may have worked"),
    104: _warn("A filled order cannot be changed"),
    105: _warn("The change does not fit the order; the old terms stand"),
    110: _error("The price is not on the contract's tick", "Use a multiple of the tick shown in the ticket"),
    135: _warn("No order with this id"),
    136: _warn("This order cannot be cancelled"),
    161: _warn("This order is not cancellable in its state"),
    201: _error("The order was rejected", "Read the reason"),
    202: _info("The order was cancelled"),
    203: _error("This security is not available to this account"),
    399: _info("Message about the order; it stays"),
    404: _warn("Held while shares to borrow are located", kind=Kind.NOTE),
    434: _error("The order size must not be zero"),
    2109: _info("The 'outside regular hours' attribute was ignored"),
    2102: _warn("The order cannot be changed in its state; the old terms stand"),
    10147: _warn("The order to cancel was not found", "Reconcile: it may be filled or was never there"),
    10148: _warn("The order cannot be cancelled in its state"),
    10268: _error("An outdated order attribute was refused (eTradeOnly, firmQuoteOnly)", "A fault of Tiller"),
    10289: _error("This order needs a cash quantity"),
    10318: _error("This order needs a whole number of shares or another exchange"),
    10349: _info("TWS changed the time in force by its preset; the order is live"),
    # ---------------------------------------------------------------- our own
    CORRUPT_STREAM: _error("The server sent something that is not the TWS protocol", "Check host and port", "session"),
    SILENT_SERVER: _error(
        "Something listens there but does not answer as TWS",
        f"Check the port; {_API}: 'Enable ActiveX and Socket Clients'; answer any open dialog in TWS",
        "session",
    ),
    NO_START: _error(
        "TWS answers but does not open the session",
        "Log in to TWS completely and answer its dialogs (the question to accept the connection too)",
        "session",
    ),
    ACCOUNT_MISMATCH: _error("The account does not fit the mode", "Log in to the other account or change the profile"),
    HEARTBEAT_LOST: _error("The server stopped answering", "Tiller reconnects", "session"),
    ID_RANGE: _error(
        "TWS's order numbers are used up",
        f"{_API}: 'Reset API order ID sequence', with no order working",
        "session",
    ),
    CLOSED_BY_PEER: _error("The server closed the connection", "Tiller reconnects", "session"),
    CLOCK_DRIFT: _warn("This machine's clock and the broker's drift apart", "Check the time service", "session"),
    SYNC_INCOMPLETE: _warn("Account or positions did not arrive in time", "They follow; else reconnect", "session"),
    TRADES_FALLBACK: _warn(
        "Prints come from level 1: those between two updates are missing",
        "Close another tape, or subscribe to the exchange's data",
        "ticks",
        Kind.NOTE,
    ),
    BOOK_BROKEN: _warn("The book did not add up and was asked for again", channel="depth", kind=Kind.NOTE),
    STREAM_SILENT: _info("A silent stream was asked for again", kind=Kind.NOTE),
    UNREADABLE: _warn("A message could not be read and was left out", channel="session", kind=Kind.NOTE),
    NO_TRADES: _info("There are no prints for this kind of contract", channel="ticks", kind=Kind.NOTE),
    SEND_STUCK: _error("The server does not take our messages", "Tiller reconnects", "session"),
    NEVER_SENT: _error("The order still waited to be sent: it never left"),
    QUOTES_FROZEN: _warn(
        "Quotes stand still: the stream says nothing and a question about it brought no answer, or another price",
        "Tiller asks for them again; strategies wait meanwhile",
        "quote",
        Kind.NOTE,
    ),
    BARS_SILENT: _warn("Live updates of the bars stopped", "Tiller asks again", "history", Kind.NOTE),
    CANCEL_NEVER_SENT: _error("The cancel still waited to be sent: it never left", "Cancel again"),
}
"""IBKR code -> what it means. A code that is not here is shown with IBKR's own text."""

_UNKNOWN: Final = Code(meaning="A message of IBKR that Tiller does not know yet", severity="warn", kind=Kind.FAILED)
_UNKNOWN_NOTE: Final = Code(meaning="A notice of IBKR that Tiller does not know yet", severity="info", kind=Kind.NOTE)


def lookup(code: int) -> Code:
    """Return the row of ``code``; for an unknown one a row that says so (21xx are notices)."""
    known = CODES.get(code)
    if known is not None:
        return known
    return _UNKNOWN_NOTE if 2100 <= code < 2200 else _UNKNOWN


def way_out(row: Code, channel: str) -> str:
    """Return what can be done about a code on this channel: delayed data is no advice where there is none."""
    return row.way_out.removesuffix(_OR_DELAYED) if channel in NEVER_DELAYED else row.way_out


def is_read_only(code: int, text: str) -> bool:
    """Say whether this error means that the API takes no orders."""
    return code in (320, READ_ONLY, 322) and "read-only" in text.lower()


class HistoryRefusal(StrEnum):
    """Why the historical data server said no (code 162 has one number for all)."""

    NO_DATA = "no_data"
    PACING = "pacing"
    PERMISSION = "permission"
    CANCELLED = "cancelled"
    OTHER = "other"


_HISTORY_TEXTS: Final = (
    ("no data", HistoryRefusal.NO_DATA),
    ("pacing violation", HistoryRefusal.PACING),
    ("permission", HistoryRefusal.PERMISSION),
    ("not subscribed", HistoryRefusal.PERMISSION),
    ("query cancelled", HistoryRefusal.CANCELLED),
    ("query canceled", HistoryRefusal.CANCELLED),
)


def history_refusal(text: str) -> HistoryRefusal:
    """Classify the text of error 162."""
    lowered = text.lower()
    return next((kind for needle, kind in _HISTORY_TEXTS if needle in lowered), HistoryRefusal.OTHER)
