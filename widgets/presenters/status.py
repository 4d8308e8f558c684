# SPDX-License-Identifier: Apache-2.0
"""Status presenter: the truth about connection, mode, money and lag, and the notices that a person must see."""

from collections import deque

from PySide6.QtCore import QObject, QTimer

from terminal.clock import NS_PER_S, perf_ns
from terminal.model.enums import LinkState, TradingState
from terminal.model.events import (
    ArmedChanged,
    DataNotice,
    KillSwitchReport,
    LinkChanged,
    Reconciled,
    TaskFailed,
    TradingStateChanged,
)
from widgets import formats
from widgets.main_window import MainWindow
from widgets.presenters.common import Stage, sentences
from widgets.presenters.positions import PositionsPresenter
from widgets.toasts import ToastKind

LAG_MS = 50
_LAG_KEPT = 100  # five seconds
_WORDS = {
    LinkState.DISCONNECTED: ("Disconnected", "state.danger", False),
    LinkState.CONNECTING: ("Connecting", "state.warn", False),
    LinkState.SYNCING: ("Syncing with the broker", "state.warn", True),
    LinkState.READY: ("connected", "state.ok", True),
    LinkState.DEGRADED: ("Degraded", "state.warn", True),
    LinkState.RECONNECTING: ("Reconnecting", "state.danger", False),
}
_NOTICES_KEPT = 200
DELAYED_SHOWN = 10167
"""The broker's code for "delayed data is shown": a chain brings dozens, and one card says it."""
SHOWN_IN_PANELS = frozenset({"depth", "ticks", "history", "chain"})
"""Channels whose trouble stands in their panel: a toast would only repeat it."""


class StatusPresenter(QObject):
    """Top bar, status bar and toasts about the session."""

    def __init__(self, stage: Stage, window: MainWindow, book: PositionsPresenter) -> None:
        super().__init__(window)
        self._stage = stage
        self._kernel = stage.kernel
        self._window = window
        self._book = book
        self._lags: deque[float] = deque(maxlen=_LAG_KEPT)
        self._due_ns = 0
        self._messages = (0, 0)
        self.notices: deque[tuple[int, str]] = deque(maxlen=_NOTICES_KEPT)
        self._unread = 0
        self._armed_until: int | None = None
        self._armed = False
        self._lag_timer = QTimer(self)
        self._lag_timer.setInterval(LAG_MS)
        self._lag_timer.timeout.connect(self._measure_lag)
        self._lag_timer.start()

    def close(self) -> None:
        self._lag_timer.stop()

    # ------------------------------------------------------------ facts
    def on_link(self, event: LinkChanged) -> None:
        words, token, filled = _WORDS[event.state]
        name = self._kernel.venue_words
        text = f"{name} {words}" if event.state is LinkState.READY else words
        if event.retry_in_s is not None:
            text += f", again in {event.retry_in_s:.0f} s"
        self._window.status.set_connection(text, token=token, filled=filled)
        lost = event.state in (LinkState.DISCONNECTED, LinkState.RECONNECTING, LinkState.DEGRADED)
        refused = event.state is LinkState.CONNECTING and bool(event.code or event.way_out)
        if (lost or refused) and (event.text or event.way_out):
            said = sentences(event.text, event.way_out)
            title = "Not connected" if refused else words
            self._tell(ToastKind.ERROR, title, said, code=str(event.code) if event.code else "", key="link")
        elif event.state is LinkState.READY:
            self._stage.dismiss("link")

    def on_notice(self, notice: DataNotice) -> None:
        kind = {"info": ToastKind.INFO, "warn": ToastKind.WARN, "error": ToastKind.ERROR}[notice.severity]
        title = f"{notice.instrument_id}: {notice.channel}" if notice.instrument_id else notice.channel.capitalize()
        said = sentences(notice.meaning or notice.text, notice.way_out)
        code = str(notice.code) if notice.code else ""
        if notice.severity == "info" or notice.channel in SHOWN_IN_PANELS:
            self._keep(f"{code} {title} {said}")
        else:
            self._tell(kind, title, said, code=code, key="delayed" if notice.code == DELAYED_SHOWN else "")

    def on_trading_state(self, event: TradingStateChanged) -> None:
        words = formats.TRADING_STATES[event.state]
        active = event.state is TradingState.ACTIVE
        self._window.status.trading.set_text("" if active else f"{words}: {event.reason}", "" if active else "danger")
        self._window.top.set_stopped(self._kernel.killed)

    def on_armed(self, event: ArmedChanged) -> None:
        self._armed, self._armed_until = event.armed, event.until_ns
        self._window.actions_["arm"].setChecked(event.armed)
        self._show_arming()
        if not event.armed and event.reason and event.reason != "user":
            self._tell(ToastKind.INFO, "Disarmed", event.reason)

    def on_reconciled(self, event: Reconciled) -> None:
        if not event.lines:
            return
        said = [": ".join(filter(None, (ours, broker, action))) for ours, broker, action in event.lines]
        more = f" and {len(said) - 3} more" if len(said) > 3 else ""
        count = f"{len(said)} difference{'' if len(said) == 1 else 's'}"
        kind = ToastKind.INFO if event.clean else ToastKind.WARN
        title = f"Compared with the broker, {count} settled" if event.clean else "Not in agreement with the broker"
        self._tell(kind, title, "; ".join(said[:3]) + more, key="reconciled")

    def on_kill(self, report: KillSwitchReport) -> None:
        confirmed = sum(1 for _, _, sure in report.orders if sure)
        if not report.engaged:
            self._tell(ToastKind.INFO, "Stop lifted", "New orders may be sent again.")
            return
        lines = [f"{self._kernel.order_label(order)}: {answer}" for order, answer, _ in report.orders]
        text = f"{confirmed} of {len(report.orders)} cancels confirmed by the broker. {'; '.join(lines)}".rstrip(". ")
        if report.finished and confirmed < len(report.orders):
            self._tell(ToastKind.ERROR, "Stopped, not all confirmed", text, key="kill")
        else:
            self._tell(ToastKind.WARN, "Stopped" if report.finished else "Stopping", text, key="kill")

    def on_task_failed(self, event: TaskFailed) -> None:
        self._tell(ToastKind.ERROR, f"{event.name} failed", event.reason)

    def _tell(self, kind: ToastKind, title: str, text: str, *, code: str = "", key: str = "") -> None:
        self._keep(f"{title}. {code} {text}".replace("  ", " "))
        self._stage.say(kind, title, text, code=code, key=key)

    def _keep(self, text: str) -> None:
        """Keep a notice; what is said again stands once, with its newest time."""
        again = [one for one in self.notices if one[1] == text]
        for one in again:
            self.notices.remove(one)
        self.notices.append((self._kernel.clock.now_ns(), text))
        if not again:
            self._unread += 1
            self._window.top.set_notices(self._unread)

    def read_notices(self) -> str:
        """Return all notices as text and count them as read."""
        self._unread = 0
        self._window.top.set_notices(0)
        lines = [f"{formats.clock_time(ns)}  {text}" for ns, text in reversed(self.notices)]
        return "\n".join(lines) or "Nothing to tell in this session."

    # ------------------------------------------------------------ ticks
    def _measure_lag(self) -> None:
        now = perf_ns()
        if self._due_ns:
            self._lags.append(max(0.0, (now - self._due_ns) / 1e6))
        self._due_ns = now + LAG_MS * 1_000_000

    @property
    def worst_lag_ms(self) -> float:
        return max(self._lags, default=0.0)

    def tick(self) -> None:
        kernel, status = self._kernel, self._window.status
        broker, ours = kernel.portfolio.day_pnl()
        status.set_pnl(
            broker,
            ours,
            broker_grade=self._stage.ages.pnl(kernel.portfolio.account().pnl_ns),
            grade=self._book.grade,
            delayed=self._book.delayed,
        )
        status.set_age(kernel.hub.source_age_s(), stale_after=self._stage.stale_s)
        status.lag.set_text(f"{self.worst_lag_ms:.0f} ms", "warn" if self.worst_lag_ms >= LAG_MS else "")
        now, seen = perf_ns(), kernel.hub.messages
        before_ns, before = self._messages
        if now - before_ns >= NS_PER_S:
            rate = (seen - before) * NS_PER_S / (now - before_ns) if before_ns else 0.0
            status.rate.set_text(f"{rate:,.0f}/s")
            self._messages = (now, seen)
        self._show_clock()
        self._show_arming()
        account = kernel.account_id
        status.account.set_text(formats.account(account) if account else "")

    def _show_clock(self) -> None:
        now = self._kernel.clock.now_ns()
        self._window.top.clock.setText(
            f"{formats.day(now, weekday=True)}  {formats.clock_time(now)} {formats.zone_name(now)}"
        )

    def _show_arming(self) -> None:
        left = ""
        if self._armed and self._armed_until is not None:
            seconds = max(0, self._armed_until - self._kernel.clock.now_ns()) / NS_PER_S
            left = formats.countdown(seconds)
        self._window.top.set_armed(left if self._armed else None)
        self._window.status.armed.set_text(f"Armed {left}".strip() if self._armed else "Disarmed")

    @property
    def armed(self) -> bool:
        return self._armed

    @property
    def armed_left(self) -> str:
        if not self._armed or self._armed_until is None:
            return ""
        return formats.countdown(max(0, self._armed_until - self._kernel.clock.now_ns()) / NS_PER_S)
