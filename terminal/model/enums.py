# SPDX-License-Identifier: Apache-2.0
"""The closed vocabularies of the domain. Values are stable lower-case English: they are journaled.

Text that a person reads for them lives in widgets/formats.py.
"""

from enum import StrEnum


class AssetClass(StrEnum):
    STOCK = "stock"
    OPTION = "option"
    FUTURE = "future"
    FOREX = "forex"
    INDEX = "index"
    CRYPTO = "crypto"
    COMBO = "combo"


class OptionRight(StrEnum):
    CALL = "call"
    PUT = "put"


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAIL = "trail"


class TimeInForce(StrEnum):
    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"


class OrderStatus(StrEnum):
    """Life cycle ``L`` of an order. PARTIAL and FILLED are derived from executions alone."""

    INITIALIZED = "initialized"  # a draft that the risk gate has not seen
    DENIED = "denied"  # we refused it; it never left the house
    STAGED = "staged"  # intent durable
    SENDING = "sending"  # about to write; a crash from here on leaves the outcome unknown
    SENT = "sent"  # bytes handed to the transport
    ACKED = "acked"  # any broker evidence
    WORKING = "working"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    INACTIVE = "inactive"  # held by the venue, may revive: counts as exposure
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # outcome not known: counts as live exposure
    LOST = "lost"  # reconciliation proved absence


class PendingRequest(StrEnum):
    """Overlay ``P``: what we asked of a live order and have no answer for."""

    NONE = "none"
    CANCEL = "cancel"
    REPLACE = "replace"


class Knowledge(StrEnum):
    """Axis ``K``: how sure we are of what the other axes say."""

    CONFIRMED = "confirmed"
    ASSUMED = "assumed"
    STALE = "stale"
    CONFLICT = "conflict"


class Evidence(StrEnum):
    """Where a statement about an order comes from. Stronger evidence may reopen a finished order, weaker never."""

    LOCAL = "local"  # our own intent, time-outs and proofs of absence
    ERROR = "error"  # error() text
    STATUS = "status"  # orderStatus
    OPEN_ORDER = "open_order"
    COMPLETED = "completed"  # completedOrder
    EXECUTION = "execution"

    def outranks(self, other: "Evidence") -> bool:
        """Say whether this is strictly stronger than ``other``."""
        return _EVIDENCE_RANK[self] > _EVIDENCE_RANK[other]


_EVIDENCE_RANK = {evidence: rank for rank, evidence in enumerate(Evidence)}


class OrderOrigin(StrEnum):
    MANUAL = "manual"
    STRATEGY = "strategy"
    EXTERNAL = "external"  # made in TWS or by another client: tracked, never modified unless claimed


class BracketRole(StrEnum):
    NONE = "none"
    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"


class DataType(StrEnum):
    """What kind of number a price is. Every shown number carries it."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"
    DELAYED_FROZEN = "delayed_frozen"


class Mode(StrEnum):
    """What money is at stake. Comes from the profile and is cross-checked against the account."""

    DEMO = "demo"
    PAPER = "paper"
    LIVE = "live"


class TradingState(StrEnum):
    ACTIVE = "active"
    REDUCING = "reducing"  # only orders that reduce a position
    HALTED = "halted"  # nothing but cancels


class LinkState(StrEnum):
    """The way to the broker."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    SYNCING = "syncing"  # API ready, broker truth being fetched and reconciled
    READY = "ready"
    DEGRADED = "degraded"  # socket up, broker's own link or a farm down
    RECONNECTING = "reconnecting"


class StrategyState(StrEnum):
    OFF = "off"
    OBSERVE = "observe"  # decides and logs, sends nothing
    LIVE = "live"
    FAULTED = "faulted"  # an exception stopped it


class OptionPriceSource(StrEnum):
    """Which price the Greeks of an option quote were computed from."""

    BID = "bid"
    ASK = "ask"
    LAST = "last"
    MODEL = "model"


class BarSource(StrEnum):
    TRADES = "trades"
    MIDPOINT = "midpoint"
