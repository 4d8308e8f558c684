# SPDX-License-Identifier: Apache-2.0
"""What a market knows besides quotes and prints: auctions, halts, dividends, splits, earnings, borrow, settlement.

Values that matching (auctions, halts) and accounts (corporate actions, borrow, settlement) ask a source for. Plain
data; who makes them is the source.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Auction:
    """A cleared auction. ``kind`` is open, close or reopen; ``tick`` the price, ``size`` the background's volume."""

    kind: str
    ns: int
    tick: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Indication:
    """What is published before an auction: indicative clearing price, paired size, imbalance (+ on the buy side)."""

    kind: str
    auction_ns: int
    tick: int
    paired: int
    imbalance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """No trade in [start, end). ``code`` 1 regulatory, 2 volatility (LULD), as tick type 49 has it.

    ``low`` and ``high`` are the price band, in ticks, that the market left.
    """

    start_ns: int
    end_ns: int
    code: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """A cash dividend. ``amount`` is money per share."""

    ex_date: date
    record_date: date
    pay_date: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """From ``ex_date`` on there are ``new`` shares for ``old`` ones."""

    ex_date: date
    new: int
    old: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """A quarterly report, before the opening or after the close of ``date``."""

    date: date
    after_close: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrow:
    """Shares to borrow. ``fee`` and ``rebate`` per year; ``level`` as generic tick 46: 3 easy, 2 to locate, 1 none."""

    available: int
    fee: float
    rebate: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTerms:
    """How an option ends. ``morning``: it settles against the opening quotation of the day after its last trade."""

    style: str
    settlement: str
    morning: bool
    last_trade_ns: int
    settle_ns: int
    underlying: int
    multiplier: Decimal

    @property
    def expiry_ns(self) -> int:
        """The moment at which it is worth its intrinsic value."""
        return self.settle_ns
