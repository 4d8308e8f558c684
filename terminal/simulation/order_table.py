# SPDX-License-Identifier: Apache-2.0
"""What may be ordered: order type x security class x time in force x attribute, one table.

The desk refuses by it, contract details list it, the documentation prints it. Nothing is accepted that no row names,
and every row is simulated. Pure data; what a row means is in routing.py, triggers.py, auctions.py and combos.py.

Codes and words from IBKR's message code page
(https://www.interactivebrokers.com/campus/ibkr-api-page/twsapi-doc/#api-error-codes). Which product takes which type:
IBKR's order type pages (https://www.interactivebrokers.com/en/trading/ordertypes.php); a market or limit order on the
open is written MKT or LMT with the time in force OPG, as the API documentation says.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from terminal.model.enums import AssetClass

STK, OPT, FUT, CASH = AssetClass.STOCK, AssetClass.OPTION, AssetClass.FUTURE, AssetClass.FOREX
CRYPTO, BAG, IND = AssetClass.CRYPTO, AssetClass.COMBO, AssetClass.INDEX

Classes = frozenset[AssetClass]
LISTED: Final[Classes] = frozenset({STK, OPT, FUT, CASH})
DAYS: Final = ("DAY", "GTC", "GTD")


class Refusal(NamedTuple):
    """How something is refused."""

    code: int
    text: str


class TypeRow(NamedTuple):
    """One order type. ``code`` is its word in contract details; ``tifs`` by class, classes not named refuse the type.

    ``prices`` are the order fields that must be set ("limit", "aux"); ``optional`` those that may be.
    """

    name: str
    code: str
    tifs: dict[AssetClass, tuple[str, ...]]
    prices: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    waits: bool = False
    """It watches the market for a trigger."""


def _each(classes: Classes, *tifs: str) -> dict[AssetClass, tuple[str, ...]]:
    return dict.fromkeys(sorted(classes), tifs)


_PLAIN: Final = (*DAYS, "IOC", "FOK")

TYPES: Final[dict[str, TypeRow]] = {
    row.name: row
    for row in (
        TypeRow("MKT", "MKT", {**_each(LISTED, *_PLAIN), STK: (*_PLAIN, "OPG"), CRYPTO: ("IOC",),
                               BAG: ("DAY", "GTC", "IOC")}),
        TypeRow("LMT", "LMT", {**_each(LISTED, *_PLAIN), STK: (*_PLAIN, "OPG"), CRYPTO: ("DAY", "GTC", "IOC"),
                               BAG: ("DAY", "GTC", "GTD", "IOC")}, ("limit",)),
        TypeRow("STP", "STP", _each(LISTED, *DAYS), ("aux",), waits=True),
        TypeRow("STP LMT", "STPLMT", _each(LISTED, *DAYS), ("limit", "aux"), waits=True),
        TypeRow("TRAIL", "TRAIL", _each(LISTED, *DAYS), (), ("aux", "trail_stop", "trail_percent"), waits=True),
        TypeRow("TRAIL LIMIT", "TRAILLMT", _each(LISTED, *DAYS), (),
                ("aux", "trail_stop", "trail_percent", "limit", "limit_offset"), waits=True),
        TypeRow("MIT", "MIT", _each(LISTED, *DAYS), ("aux",), waits=True),
        TypeRow("LIT", "LIT", _each(LISTED, *DAYS), ("limit", "aux"), waits=True),
        TypeRow("MOC", "MOC", {STK: ("DAY",)}),
        TypeRow("LOC", "LOC", {STK: ("DAY",)}, ("limit",)),
        TypeRow("MIDPRICE", "MIDPX", {STK: ("DAY",)}, (), ("limit",)),
        TypeRow("REL", "REL", {STK: DAYS}, (), ("limit", "aux", "percent_offset")),
    )
}  # fmt: skip
"""Every order type that is simulated."""

TIMES: Final = ("DAY", "GTC", "GTD", "IOC", "FOK", "OPG")
PEGGED: Final = frozenset({"MIDPRICE", "REL"})
AT_CLOSE: Final = frozenset({"MOC", "LOC"})
TRIGGER_METHODS: Final = frozenset({0, 1, 2, 3, 4, 7, 8})

UNSUPPORTED_TYPE: Final = Refusal(387, "Unsupported order type for this exchange and security type.")
CLOSE_NEEDS_DAY: Final = Refusal(113, "The Tif option should be set to DAY for MOC and LOC orders.")
INCOMPATIBLE: Final = Refusal(111, "The TIF (Tif type) and the order type are incompatible.")
STOCKS_ONLY: Final = Refusal(114, "Relative orders are valid for stocks only.")


class AttributeRow(NamedTuple):
    """An attribute that is simulated: for which classes and types, and how it is refused elsewhere."""

    name: str
    code: str
    classes: Classes
    types: frozenset[str]
    refusal: Refusal
    tifs: frozenset[str] = frozenset(TIMES)


_ALL_TYPES: Final = frozenset(TYPES)
_CONTINUOUS: Final = _ALL_TYPES - AT_CLOSE
_RESTING: Final = frozenset({"LMT", "STP LMT", "LIT"})
_NO_AUCTION: Final = frozenset(TIMES) - {"OPG"}
_WORKING: Final = frozenset(DAYS)

ATTRIBUTES: Final[dict[str, AttributeRow]] = {
    row.name: row
    for row in (
        AttributeRow("goodAfterTime", "GAT", LISTED, _CONTINUOUS - PEGGED,
                     Refusal(338, "Good After Time orders are currently disabled on this exchange."), _NO_AUCTION),
        AttributeRow("hidden", "HID", frozenset({STK}), frozenset({"LMT"}),
                     Refusal(152, 'The "hidden" order attribute may not be specified for this order.'), _WORKING),
        AttributeRow("displaySize", "ICE", frozenset({STK, FUT}), _RESTING | {"REL"},
                     Refusal(10340, "The following order attribute is not supported: displaySize"), _WORKING),
        AttributeRow("allOrNone", "AON", frozenset({STK, OPT}), frozenset({"LMT", "MKT"}),
                     Refusal(10340, "The following order attribute is not supported: allOrNone"), _WORKING),
        AttributeRow("ocaGroup", "OCA", LISTED, _CONTINUOUS, Refusal(10325, "OCA group is not supported"), _WORKING),
        AttributeRow("parentId", "", LISTED, _ALL_TYPES, Refusal(358, "Smart combo child order not supported.")),
        AttributeRow("conditions", "COND", LISTED, frozenset({"LMT", "MKT", "MIDPRICE", "REL"}), Refusal(
            148, "Conditional submission of orders is supported for Limit, Market, MidPrice, Relative and Snap order "
            "types only. Conditional cancelation of orders is supported for Limit and MidPrice order types only."),
            _NO_AUCTION),
        AttributeRow("conditionsCancelOrder", "", LISTED, frozenset({"LMT", "MIDPRICE"}), Refusal(
            148, "Conditional submission of orders is supported for Limit, Market, MidPrice, Relative and Snap order "
            "types only. Conditional cancelation of orders is supported for Limit and MidPrice order types only."),
            _WORKING),
        AttributeRow("triggerMethod", "", LISTED, frozenset(name for name, row in TYPES.items() if row.waits),
                     Refusal(146, "Invalid trigger method.")),
        AttributeRow("cashQty", "CASHQTY", frozenset({CRYPTO}), frozenset({"MKT"}),
                     Refusal(10244, "Cash Quantity cannot be used for this order")),
    )
}  # fmt: skip

COMBO_REFUSALS: Final[dict[str, Refusal]] = {
    "ocaGroup": Refusal(356, "Smart-combo order does not support OCA group."),
    "goodAfterTime": Refusal(349, 'Generic combo does not support "Good After" attribute.'),
    "conditions": Refusal(402, "Conditions are not allowed for this contract."),
    "minQty": Refusal(350, "Minimum quantity is not supported for best combo order."),
}
"""What a combination is refused with instead."""

HARMLESS: Final = frozenset(
    {
        "origin", "openClose", "clearingAccount", "clearingIntent", "exemptCode", "usePriceMgmtAlgo",
        "overridePercentageConstraints", "settlingFirm", "solicited", "isOmsContainer", "autoCancelParent",
        "discretionaryUpToLimitPrice", "rule80A", "deltaNeutralOrderType", "optOutSmartRouting",
        "dontUseAutoPriceForHedge", "auctionStrategy", "eTradeOnly", "firmQuoteOnly",
    }
)  # fmt: skip
"""Attributes that IBKR takes without effect on a fill: who clears, how it is marked, what it no longer uses."""

REFUSED: Final[dict[str, Refusal]] = {
    "discretionaryAmt": Refusal(
        325, "Discretionary orders are not supported for this combination of exchange and order type."
    ),
    "algoStrategy": Refusal(442, "Specified algorithm is not allowed for this order."),
    "hedgeType": Refusal(10007, "Invalid hedge type."),
    "notHeld": Refusal(10297, "Not Held attribute is invalid for this order."),
    "nbboPriceCap": Refusal(10270, "The 'nbboPriceCap' order attribute is not supported"),
    "shortSaleSlot": Refusal(348, "Order not a short sale - type must be SSHORT to specify short sale slot."),
    "designatedLocation": Refusal(353, "Short sale slot value of 1 requires no location be specified."),
    "volatilityType": Refusal(
        367, "Volatility type if set must be 1 or 2 for VOL orders. Do not set it for other order types."
    ),
    "volatility": Refusal(
        371, "VOL order requires positive floating point value for volatility. Do not set it for other order types."
    ),
    "referencePriceType": Refusal(
        368, "Reference Price Type must be 1 or 2 for dynamic volatility management. Do not set it for non-VOL orders."
    ),
    "minTradeQty": Refusal(10302, "Min trade trade quantity is not allowed for this order"),
    "deltaNeutralContract": Refusal(429, "Delta neutral orders are only supported for combos (BAG security type)."),
    "faGroup": Refusal(344, "The account logged into is not a financial advisor account."),
    "faMethod": Refusal(344, "The account logged into is not a financial advisor account."),
    "faPercentage": Refusal(344, "The account logged into is not a financial advisor account."),
    "faProfile": Refusal(344, "The account logged into is not a financial advisor account."),
}
"""Attributes with a code of their own; every other one that is set is refused with `unsupported`."""


def unsupported(name: str) -> Refusal:
    """Return the refusal of an attribute that nothing here knows."""
    return REFUSED.get(name) or Refusal(10340, f"The following order attribute is not supported: {name}")


def refusal_of(kind: AssetClass, order_type: str, tif: str) -> Refusal | None:
    """Say how this type and time in force are refused for this class; None when they are simulated."""
    row = TYPES.get(order_type)
    if row is None or kind not in row.tifs:
        return STOCKS_ONLY if order_type == "REL" and kind in LISTED else UNSUPPORTED_TYPE
    if tif in row.tifs[kind]:
        return None
    if tif not in TIMES:
        return Refusal(10052, f"Invalid time in force:{tif}")
    return CLOSE_NEEDS_DAY if order_type in AT_CLOSE else INCOMPATIBLE


def attribute_refusal(name: str, kind: AssetClass, order_type: str, tif: str) -> Refusal | None:
    """Say how a simulated attribute is refused here; None when it is simulated here."""
    row = ATTRIBUTES[name]
    if kind in row.classes and order_type in row.types and tif in row.tifs:
        return None
    return (COMBO_REFUSALS.get(name) if kind is BAG else None) or row.refusal


def ibkr_order_types(kind: AssetClass) -> tuple[str, ...]:
    """Return the words of contract details' ``orderTypes`` for a class, sorted."""
    types = [row for row in TYPES.values() if kind in row.tifs]
    words = {row.code for row in types} | {tif for row in types for tif in row.tifs[kind]}
    if types:
        words |= {row.code for row in ATTRIBUTES.values() if row.code and kind in row.classes} | {"WHATIF"}
    return tuple(sorted(words))


def matrix() -> Iterator[tuple[AssetClass, str, str, Refusal | None]]:
    """Give every class, order type and time in force with its refusal; None where it is simulated."""
    for kind in (STK, OPT, FUT, CASH, CRYPTO, BAG, IND):
        for order_type in TYPES:
            for tif in TIMES:
                yield kind, order_type, tif, refusal_of(kind, order_type, tif)
