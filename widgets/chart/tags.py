# SPDX-License-Identifier: Apache-2.0
"""Tags: what stands at the right end of an order or position line, and where. No Qt.

A line stays at its price; its tag slides away from its neighbours and from the last price, joined by a short
leader. An order beyond the shown prices keeps its tag at the edge: a working order is never out of sight.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from widgets import formats
from widgets.chart.marks import ChartOrder, ChartPosition, MarkState, OrderDrag
from widgets.chart.viewport import Viewport, slide_apart
from widgets.formats import SignRule
from widgets.freshness import Freshness

TAG_HEIGHT: Final = 18
LAST_HEIGHT: Final = 28
_LAST_ONLY: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One line with its tag. ``line_y`` is where the price is, ``tag_y`` the middle of the tag, in plot pixels.

    ``head`` stands in the filled block, ``detail`` beside it, ``detail_sign`` -1, 0 or 1 where it is money.
    ``beyond`` is -1 or 1 if the price lies below or above what is shown: there is no line then.
    """

    price: Decimal
    head: str
    detail: str
    detail_sign: int | None
    line_y: float
    tag_y: float = 0.0
    order: ChartOrder | None = None
    ghost: bool = False
    beyond: int = 0
    stale: bool = False
    """Whether the detail follows a market that is silent."""


def order_head(order: ChartOrder) -> str:
    """Return ``S 2 LMT``."""
    side = formats.SIDE_LETTERS[order.side]
    return f"{side} {formats.quantity(order.quantity)} {formats.ORDER_TYPES[order.kind]}"


def order_detail(order: ChartOrder, pnl: Decimal | None) -> tuple[str, int | None]:
    """Return P&L if it fills and its sign; for one that is under way or opens a position, its state in words."""
    if order.state is MarkState.WORKING and pnl is not None:
        return formats.number(pnl, 2, SignRule.MONEY), _sign(pnl)
    return order.text or str(order.state), None


def position_head(position: ChartPosition, decimals: int) -> str:
    """Return ``+2 @ 6,751.50``."""
    size = formats.quantity(position.quantity, SignRule.ALWAYS)
    return f"{size} @ {formats.number(position.average_price, decimals)}"


def layout(
    view: Viewport,
    orders: tuple[ChartOrder, ...],
    position: ChartPosition | None,
    drag: OrderDrag | None,
    last_price: float | None,
    decimals: int,
    top: float,
) -> list[Tag]:
    """Return every tag with its place; a dragged order's ghost comes last and stays exactly at its price.

    `top` pixels at the top are the legend's. Sorted by price, lowest first.
    """
    tags = [_order_tag(view, order) for order in orders]
    if position is not None and position.quantity:
        tags.append(_position_tag(view, position, decimals))
    tags.sort(key=lambda tag: tag.price)
    places = _places(view, [tag.line_y for tag in tags], last_price, top)
    placed = [_at(tag, y) for tag, y in zip(tags, places, strict=True)]
    if drag is not None:
        y = view.y_of(float(drag.price))
        detail, sign = order_detail(drag.order, drag.pnl)
        ghost = Tag(
            price=drag.price,
            head=order_head(drag.order),
            detail=detail if sign is not None else formats.number(drag.price, decimals),
            detail_sign=sign,
            line_y=y,
            tag_y=min(max(y, top + TAG_HEIGHT / 2), view.height - TAG_HEIGHT / 2),
            order=drag.order,
            ghost=True,
        )
        placed.append(ghost)
    return placed


def last_block_height(*, countdown: bool) -> int:
    """Return the height of the last-price block on the axis, with or without the bar's countdown."""
    return LAST_HEIGHT if countdown else _LAST_ONLY


def _places(view: Viewport, wishes: list[float], last_price: float | None, top: float) -> list[float]:
    """Slide the tags apart, those above the last price staying above its block, the others below."""
    inside = [min(max(y, top + TAG_HEIGHT / 2), view.height - TAG_HEIGHT / 2) for y in wishes]
    if last_price is None or not view.low <= last_price <= view.high:
        return slide_apart(inside, TAG_HEIGHT + 1, top, view.height)
    block = view.y_of(last_price)
    upper_edge, lower_edge = block - LAST_HEIGHT / 2, block + LAST_HEIGHT / 2
    above = [place for place, y in enumerate(wishes) if y < block]
    below = [place for place, y in enumerate(wishes) if y >= block]
    out = list(inside)
    for group, low, high in ((above, top, upper_edge), (below, lower_edge, view.height)):
        # Without room beside the block: rather over it than over each other.
        fits = high - low >= (TAG_HEIGHT + 1) * len(group)
        zone = (low, high) if fits else (top, view.height)
        for place, y in zip(group, slide_apart([inside[i] for i in group], TAG_HEIGHT + 1, *zone), strict=True):
            out[place] = y
    return out


def _order_tag(view: Viewport, order: ChartOrder) -> Tag:
    detail, sign = order_detail(order, order.pnl_if_filled)
    y = view.y_of(float(order.price))
    beyond = 1 if y < 0 else -1 if y > view.height else 0
    return Tag(
        price=order.price,
        head=order_head(order),
        detail=detail,
        detail_sign=sign,
        line_y=y,
        order=order,
        beyond=beyond,
    )


def _position_tag(view: Viewport, position: ChartPosition, decimals: int) -> Tag:
    pnl = None if position.grade is Freshness.DEAD else position.open_pnl
    y = view.y_of(float(position.average_price))
    return Tag(
        price=position.average_price,
        head=position_head(position, decimals),
        detail=formats.number(pnl, 2, SignRule.MONEY),
        detail_sign=_sign(pnl) if pnl is not None else None,
        line_y=y,
        beyond=1 if y < 0 else -1 if y > view.height else 0,
        stale=position.grade is Freshness.STALE,
    )


def _at(tag: Tag, y: float) -> Tag:
    return replace(tag, tag_y=y)


def _sign(value: Decimal | float) -> int:
    return (value > 0) - (value < 0)
