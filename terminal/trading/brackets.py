# SPDX-License-Identifier: Apache-2.0
"""Brackets: an entry with its stop and target, as the orders that go out together.

The exits belong to one OCA group and hang on the entry; only the last of the group transmits, so the broker
has all of it or none. Pure: it makes drafts, the sender sends them.
"""

from collections.abc import Sequence
from decimal import Decimal

from terminal.model.commands import BracketLeg, BracketSpec, OrderSpec, SubmitOrder
from terminal.model.enums import BracketRole, OrderType, Side
from terminal.model.ids import new_client_order_id, new_group_id


def legs_of(command: SubmitOrder, now_ns: int) -> Sequence[BracketLeg]:
    """Return the orders of a submission in sending order: the entry, then its exits. A plain order is one leg."""
    group = new_group_id(now_ns)
    entry = BracketLeg(
        role=BracketRole.ENTRY if command.bracket is not None else BracketRole.NONE,
        spec=command.spec,
        client_order_id=new_client_order_id(now_ns),
        group_id=group,
    )
    if command.bracket is None:
        return (entry,)
    exits = [
        BracketLeg(role=role, spec=spec, client_order_id=new_client_order_id(now_ns), group_id=group)
        for role, spec in exit_specs(command.spec, command.bracket)
    ]
    return (entry, *exits)


def exit_specs(entry: OrderSpec, bracket: BracketSpec) -> Sequence[tuple[BracketRole, OrderSpec]]:
    """Return the target and stop orders of an entry, those that the bracket names."""
    found: list[tuple[BracketRole, OrderSpec]] = []
    if bracket.target_price is not None:
        found.append((BracketRole.TARGET, _exit(entry, bracket, OrderType.LIMIT, limit=bracket.target_price)))
    if bracket.stop_price is not None:
        found.append((BracketRole.STOP, _exit(entry, bracket, OrderType.STOP, stop=bracket.stop_price)))
    return found


def _exit(
    entry: OrderSpec,
    bracket: BracketSpec,
    kind: OrderType,
    *,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
) -> OrderSpec:
    return OrderSpec(
        instrument_id=entry.instrument_id,
        side=entry.side.opposite,
        quantity=entry.quantity,
        order_type=kind,
        limit_price=limit,
        stop_price=stop,
        time_in_force=bracket.time_in_force,
        outside_regular_hours=entry.outside_regular_hours,
    )


def bracket_fault(entry: OrderSpec, bracket: BracketSpec, reference: Decimal | None) -> str | None:
    """Return what is wrong with the order of stop, entry and target, or None.

    ``reference`` is the price at which the entry is expected to fill; None leaves only stop against target.
    """
    stop, target = bracket.stop_price, bracket.target_price
    if stop is None and target is None:
        return "a bracket needs a stop, a target or both"
    long = entry.side is Side.BUY
    if stop is not None and target is not None and (stop >= target if long else stop <= target):
        return f"the stop ({stop}) must lie {'below' if long else 'above'} the target ({target})"
    if reference is None:
        return None
    if stop is not None and (stop >= reference if long else stop <= reference):
        return f"the stop ({stop}) must lie {'below' if long else 'above'} the entry ({reference})"
    if target is not None and (target <= reference if long else target >= reference):
        return f"the target ({target}) must lie {'above' if long else 'below'} the entry ({reference})"
    return None
