# SPDX-License-Identifier: Apache-2.0
"""What clients asked for of accounts: which rows, and what they know already.

Records of handlers_account.py; nothing here sends or asks the market.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from brokers.simulator.session import Session
from terminal.simulation.exchange_port import SimPosition

_LEDGER: Final = "$LEDGER"
BASE: Final = "BASE"
Row: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of an account a client asked for: tags of the account, and currencies of its ledger."""

    tags: frozenset[str] | None = None
    """None is all."""
    ledger: frozenset[str] | None = None
    """Currencies, ``BASE`` for the total; None is all."""

    @classmethod
    def of_summary(cls, text: str) -> "Wanted":
        """Read a comma-separated list of tags with $LEDGER, $LEDGER:CURRENCY and $LEDGER:ALL."""
        tags: set[str] = set()
        currencies: set[str] | None = set()
        for one in (part.strip() for part in text.split(",")):
            if not one.startswith(_LEDGER):
                tags.add(one)
            elif one == f"{_LEDGER}:ALL":
                currencies = None
            elif currencies is not None:
                currencies.add(one.partition(":")[2] or BASE)
        return cls(frozenset(tags - {""}), None if currencies is None else frozenset(currencies))

    def takes(self, tag: str, currency: str, *, in_ledger: bool) -> bool:
        if in_ledger:
            return self.ledger is None or currency in self.ledger
        return self.tags is None or tag in self.tags

    @property
    def nothing(self) -> bool:
        return self.tags == frozenset() == self.ledger


@dataclass(eq=False, slots=True)
class Subscription:
    """One stream of figures; what was sent last is not repeated."""

    session: Session
    account: str
    req_id: int = -1
    con_id: int = 0
    model_code: str = ""
    wanted: Wanted = field(default_factory=Wanted)
    sent: dict[object, object] = field(default_factory=dict)

    def changed(self, key: object, value: object) -> bool:
        if key in self.sent and self.sent[key] == value:
            return False
        self.sent[key] = value
        return True


@dataclass(slots=True)
class Seen:
    """Figures of one moment, asked once for all who want them."""

    values: dict[str, Sequence[Row]] = field(default_factory=dict)
    positions: dict[str, Mapping[int, SimPosition]] = field(default_factory=dict)
