# SPDX-License-Identifier: Apache-2.0
"""The rules of the risk gate in their order (reliability 2a): the first that refuses gives the answer."""

from collections.abc import Callable, Sequence
from typing import Final

from terminal.trading import rules_gate, rules_limits, rules_market, rules_terms
from terminal.trading.request import Denial, OrderRequest, RiskContext

Rule = Callable[[OrderRequest, RiskContext], Denial | None]

RULES: Final[Sequence[Rule]] = (
    rules_gate.mode,
    rules_gate.arming,
    rules_gate.connection,  # before the state: a lost link halts too, and this says it in its own words
    rules_gate.trading_state,
    rules_gate.journal,
    rules_gate.clock_skew,
    rules_gate.read_only_api,
    rules_gate.change_state,
    rules_terms.known_instrument,
    rules_terms.supported,
    rules_terms.prices,
    rules_terms.quantity,
    rules_limits.max_quantity,
    rules_limits.stale_quote,  # before what needs a price
    rules_market.price_jump,
    rules_market.market_order,
    rules_limits.max_notional,
    rules_limits.price_collar,
    rules_limits.max_position,
    rules_limits.daily_loss,
    rules_limits.order_rate,
    rules_limits.duplicate,
    rules_limits.max_open,
    rules_terms.bracket,
)

_NONSENSE: Final = frozenset({"INSTRUMENT_UNKNOWN", "PRICE_INVALID", "QTY_INVALID"})
"""After one of these the later rules have nothing sound to look at."""


def judge(request: OrderRequest, context: RiskContext) -> list[Denial]:
    """Return every refusal that stands, in order. Soft ones that the person has confirmed do not.

    For a strategy no refusal is soft.
    """
    found = []
    for rule in RULES:
        denial = rule(request, context)
        if denial is None or _confirmed(denial, request):
            continue
        found.append(denial)
        if denial.code in _NONSENSE:
            break
    return found


def first_refusal(request: OrderRequest, context: RiskContext) -> Denial | None:
    """Return the first refusal that stands: what the send path needs."""
    for rule in RULES:
        denial = rule(request, context)
        if denial is not None and not _confirmed(denial, request):
            return denial
    return None


def _confirmed(denial: Denial, request: OrderRequest) -> bool:
    return denial.soft and request.by_person and denial.code in request.confirmed
