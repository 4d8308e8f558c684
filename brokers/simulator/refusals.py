# SPDX-License-Identifier: Apache-2.0
"""Requests that this simulator does not serve, each with IBKR's code and words.

A request is served or refused, never accepted and ignored. ``position`` is
where the request id stands among the fields (0 is the message id).
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Refusal(NamedTuple):
    """How one request is refused."""

    name: str
    code: int
    text: str
    position: int | None = None


_FA: Final = "Error validating request.-'b' : cause - FA data operations ignored for non FA customers."
_NEWS: Final = "News feed is not allowed."
_NOT_SERVED: Final = "Error processing request.-'b' : cause - {name} is not supported by this server"


def _unserved(name: str, position: int | None) -> Refusal:
    return Refusal(name, 322, _NOT_SERVED.format(name=name), position)


REFUSALS: Final[Mapping[int, Refusal]] = {
    12: Refusal("reqNewsBulletins", 10276, _NEWS),
    13: Refusal("cancelNewsBulletins", 10276, _NEWS),
    18: Refusal("requestFA", 321, _FA),
    19: Refusal("replaceFA", 321, _FA, 4),
    24: _unserved("reqScannerParameters", None),
    52: Refusal(
        "reqFundamentalData",
        430,
        "We are sorry, but fundamentals data for the security specified is not available.",
        2,
    ),
    53: Refusal("cancelFundamentalData", 300, "Can't find EId with tickerId", 2),
    65: _unserved("verifyRequest", None),
    66: _unserved("verifyMessage", None),
    72: _unserved("verifyAndAuthRequest", None),
    73: _unserved("verifyAndAuthMessage", None),
    84: Refusal("reqNewsArticle", 10276, _NEWS, 1),
    85: Refusal("reqNewsProviders", 10276, _NEWS),
    86: Refusal("reqHistoricalNews", 10276, _NEWS, 1),
    88: _unserved("reqHistogramData", 1),
    89: Refusal("cancelHistogramData", 300, "Can't find EId with tickerId", 1),
    100: Refusal("reqWshMetaData", 10279, "Failed request WSH metadata", 1),
    101: Refusal("cancelWshMetaData", 10282, "WSH metadata not requested", 1),
    102: Refusal("reqWshEventData", 10283, "Fail request WSH event data", 1),
    103: Refusal("cancelWshEventData", 10284, "Fail cancel WSH event data", 1),
}


def refusal_of(fields: Sequence[str]) -> tuple[int, int, str]:
    """(request id, code, text) that answers a message that is not served."""
    try:
        message_id = int(fields[0])
    except ValueError:
        return -1, 320, f"Error reading request: message id must be a number, was {fields[0][:40]!r}"
    refusal = REFUSALS.get(message_id)
    if refusal is None:
        return -1, 320, f"Error reading request: unknown message id {message_id}"
    req_id = -1
    if refusal.position is not None and refusal.position < len(fields):
        written = fields[refusal.position]
        req_id = int(written) if written.lstrip("-").isdecimal() and len(written) < 12 else -1
    return req_id, refusal.code, refusal.text
