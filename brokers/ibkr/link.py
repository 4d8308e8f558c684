# SPDX-License-Identifier: Apache-2.0
"""The state of the way to the broker, and the one mouth that reports it."""

from dataclasses import replace
from typing import Final

from brokers.ibkr import codes
from brokers.ibkr.connection import Cause
from terminal.clock import Clock
from terminal.model.enums import LinkState
from terminal.model.events import DataNotice, LinkChanged
from terminal.model.ids import InstrumentId
from terminal.ports import EventSink

_ALIVE: Final = frozenset({LinkState.SYNCING, LinkState.READY, LinkState.DEGRADED})


class Link:
    """Keeps the state; publishes LinkChanged when something changed and DataNotice for remarks."""

    def __init__(self, clock: Clock, sink: EventSink) -> None:
        self._clock = clock
        self._sink = sink
        self._last: LinkChanged | None = None
        self.state = LinkState.DISCONNECTED
        self.read_only = False
        """Error 321 "read-only" was seen in this session."""
        self.broken: Cause | None = None
        """Why TWS itself has no way to IBKR; until it has, nothing better than degraded is said."""
        self._held: list[tuple[int, str, InstrumentId | None, str, str]] | None = None

    @property
    def alive(self) -> bool:
        return self.state in _ALIVE

    def say(
        self,
        state: LinkState,
        cause: Cause | None = None,
        *,
        data_lost: bool = False,
        retry_in_s: float | None = None,
    ) -> None:
        """Report a state. The same words twice in a row are said once."""
        if self.broken is not None and state in (LinkState.SYNCING, LinkState.READY):
            state, cause = LinkState.DEGRADED, self.broken
        self.state = state
        changed = LinkChanged(
            ns=self._clock.now_ns(),
            state=state,
            code=cause.code if cause else 0,
            text=cause.text if cause else "",
            way_out=cause.way_out if cause else "",
            data_lost=data_lost,
            retry_in_s=retry_in_s,
        )
        if self._last is not None and replace(changed, ns=self._last.ns) == self._last:
            return
        self._last = changed
        self._sink(changed)

    def latch_read_only(self, text: str) -> None:
        """The API takes no orders in this session: say it once, loudly."""
        if self.read_only:
            return
        self.read_only = True
        self.say(self.state, Cause(code=codes.READ_ONLY, text=text, way_out=codes.lookup(codes.READ_ONLY).way_out))

    def hold(self) -> None:
        """Keep notices back until the broker's time is known: they would carry a time of another clock."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Say what was kept back."""
        held, self._held = self._held, None
        for code, text, instrument_id, channel, severity in held or ():
            self.notice(code, text, instrument_id=instrument_id, channel=channel, severity=severity)

    def notice(
        self,
        code: int,
        text: str = "",
        *,
        instrument_id: InstrumentId | None = None,
        channel: str = "",
        severity: str = "",
    ) -> None:
        """Tell a person about ``code``, with its meaning and way out. The table's channel goes before ``channel``."""
        if self._held is not None:
            self._held.append((code, text, instrument_id, channel, severity))
            return
        row = codes.lookup(code)
        concerned = row.channel or channel or "session"
        self._sink(
            DataNotice(
                ns=self._clock.now_ns(),
                code=code,
                text=text or row.meaning,
                meaning=row.meaning,
                way_out=codes.way_out(row, concerned),
                instrument_id=instrument_id,
                severity=severity or row.severity,
                channel=concerned,
            )
        )
