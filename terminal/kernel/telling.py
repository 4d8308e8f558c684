# SPDX-License-Identifier: Apache-2.0
"""What the broker's side says, into the log: without a window the log is the only place where a person sees it."""

import structlog

from terminal.bus import Bus
from terminal.model.enums import LinkState
from terminal.model.events import DataNotice, LinkChanged

_log = structlog.get_logger("broker")
_UP = (LinkState.SYNCING, LinkState.READY)


def log_the_broker(bus: Bus) -> None:
    """Log every change of the link and every notice that carries a code, with its way out."""
    bus.subscribe(LinkChanged, _on_link)
    bus.subscribe(DataNotice, _on_notice)


def _on_link(event: LinkChanged) -> None:
    if event.state in _UP or not event.code:
        _log.info(f"link {event.state.value}", text=event.text or None)
        return
    _log.warning(event.text, link=event.state.value, code=event.code, way_out=event.way_out)


def _on_notice(notice: DataNotice) -> None:
    if not notice.code:
        return  # our own words, logged where they were found
    tell = {"error": _log.error, "warn": _log.warning, "warning": _log.warning}.get(notice.severity, _log.info)
    tell(notice.text, code=notice.code, way_out=notice.way_out or None, instrument=notice.instrument_id)
