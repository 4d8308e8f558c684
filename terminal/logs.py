# SPDX-License-Identifier: Apache-2.0
"""Logs: one structured line for everything worth telling, by subject, to a file, the console and the log panel.

Subjects are ``market orders risk broker.ibkr storage gui plugins tasks bus``; code asks for
``structlog.get_logger(subject)`` and knows nothing else. On the way out every line is masked (secrets, account
numbers), its control characters are written as escapes, and a flood of one message is counted instead of kept.
Logging never raises and never blocks on a full disk: lines that cannot be kept are counted.
"""

import contextlib
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from terminal.clock import NS_PER_S, wall_clock_ns
from terminal.model.events import LogLine
from terminal.paths import private_folder

RING_LINES: Final = 5_000
FILE_BYTES: Final = 10_000_000
FILES_KEPT: Final = 50
FLOOD_LINES: Final = 100
"""Lines of one message in one second; the rest of that second is counted."""
_FIELDS: Final = "tiller_fields"
_LONGEST: Final = 8_000
_ACCOUNT: Final = re.compile(r"\b(DU|DF|DI|U|F|I)(\d{2,6})(\d{3})\b")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SECRET_NAMES: Final = re.compile(r"password|passwd|secret|token|api_?key|private_?key|credential", re.IGNORECASE)


# ---------------------------------------------------------------- making lines harmless
class Redactor:
    """Masks what must not be read in a log. `hide` may be called from any thread."""

    def __init__(self, *, mask_accounts: bool = True) -> None:
        self.mask_accounts = mask_accounts
        self._hidden: frozenset[str] = frozenset()

    def hide(self, value: str) -> None:
        """Mask ``value`` from now on, wherever it turns up (texts of fewer than 6 characters are too common)."""
        if len(value) >= 6:
            self._hidden |= {value}

    def text(self, value: str) -> str:
        """Return ``value`` on one line, masked, with control and direction characters as escapes."""
        for hidden in self._hidden:
            if hidden in value:
                value = value.replace(hidden, "***")
        if self.mask_accounts:
            value = _ACCOUNT.sub(r"\1•••\3", value)
        if len(value) > _LONGEST:
            value = f"{value[:_LONGEST]}… ({len(value):,} characters)"
        return _CONTROL.sub(_escape, value)

    def field(self, name: str, value: object) -> str:
        return "***" if _SECRET_NAMES.search(name) else self.text(value if isinstance(value, str) else str(value))


def _escape(found: "re.Match[str]") -> str:
    code = ord(found[0])
    short = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return short or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


# ---------------------------------------------------------------- where lines go
class DayFile:
    """JSON lines, one file for each UTC day and part, 0600; the oldest files go.

    A write that fails loses that line: `lost` counts them.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int = FILE_BYTES, keep: int = FILES_KEPT, kept_days: int = 30
    ) -> None:
        private_folder(folder)
        self._folder, self._max_bytes, self._keep, self._kept_days = folder, max_bytes, keep, kept_days
        self._handle: int | None = None
        self._day, self._part, self._size = "", 0, 0
        self.lost = 0

    def write(self, line: LogLine) -> None:
        head = {"time": iso(line.ns), "level": line.level, "subject": line.subject, "text": line.text}
        content = head | {name: value for name, value in line.fields.items() if name not in head}
        data = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            self._size += os.write(self._current(line.ns, len(data)), data)
        except OSError:
            self.lost += 1

    def _current(self, ns: int, coming: int) -> int:
        day = datetime.fromtimestamp(ns / NS_PER_S, UTC).strftime("%Y%m%d")
        if self._handle is None or day != self._day:
            return self._open(day, self._newest_part(day), coming)
        if self._size + coming > self._max_bytes:
            return self._open(day, self._part + 1, coming)
        return self._handle

    def _newest_part(self, day: str) -> int:
        parts = [int(path.stem[-3:]) for path in self._folder.glob(f"tiller-{day}-[0-9][0-9][0-9].jsonl")]
        return max(parts, default=0)

    def _open(self, day: str, part: int, coming: int) -> int:
        self.close()
        path = self._folder / f"tiller-{day}-{part:03d}.jsonl"
        if path.exists() and path.stat().st_size + coming > self._max_bytes:
            part += 1
            path = self._folder / f"tiller-{day}-{part:03d}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._handle = os.open(path, flags, 0o600)
        self._day, self._part, self._size = day, part, path.stat().st_size
        self._tidy(day)
        return self._handle

    def _tidy(self, day: str) -> None:
        files = sorted(self._folder.glob("tiller-*.jsonl"))
        oldest = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).timestamp() - self._kept_days * 86_400
        limit = datetime.fromtimestamp(oldest, UTC).strftime("tiller-%Y%m%d")
        for path in files:
            if path.name < limit or path in files[: -self._keep]:
                with contextlib.suppress(OSError):
                    path.unlink()

    def close(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None


class Console:
    """Lines for a person on standard error: time, level, subject, text, fields."""

    def __init__(self, stream: TextIO | None = None, least: int = logging.INFO) -> None:
        self._stream, self._least = stream, least

    def write(self, line: LogLine) -> None:
        if logging.getLevelNamesMapping()[line.level.upper()] < self._least:
            return
        fields = "".join(f" {name}={value}" for name, value in line.fields.items())
        stream = self._stream if self._stream is not None else sys.stderr
        with contextlib.suppress(OSError, ValueError):  # a closed terminal must not end the program
            print(f"{iso(line.ns)[11:23]} {line.level:<7} {line.subject}: {line.text}{fields}", file=stream)


class Ring:
    """The newest lines for the log panel, published as `LogLine` on the core's thread."""

    def __init__(self, capacity: int = RING_LINES) -> None:
        self._lines: deque[LogLine] = deque(maxlen=capacity)
        self._publish: Callable[[LogLine], None] | None = None
        self._post: Callable[[Callable[[], None]], object] | None = None
        self._thread = 0
        self._publishing = threading.local()

    @property
    def lines(self) -> tuple[LogLine, ...]:
        return tuple(self._lines)

    def attach(
        self, publish: Callable[[LogLine], None], post: Callable[[Callable[[], None]], object] | None = None
    ) -> None:
        """Publish every further line; lines of other threads travel through ``post`` (call_soon_threadsafe)."""
        self._publish, self._post, self._thread = publish, post, threading.get_ident()

    def detach(self) -> None:
        self._publish = self._post = None

    def write(self, line: LogLine) -> None:
        self._lines.append(line)
        if self._publish is None:
            return
        if threading.get_ident() == self._thread:
            self._tell(line)
        elif self._post is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._post(lambda: self._tell(line))

    def _tell(self, line: LogLine) -> None:
        if self._publish is None or getattr(self._publishing, "now", False):
            return  # a handler of LogLine that logs must not call itself for ever
        self._publishing.now = True
        try:
            self._publish(line)
        finally:
            self._publishing.now = False


Sink = DayFile | Console | Ring


# ---------------------------------------------------------------- the way
class _Flood:
    """Counts what repeats too fast; its tally comes as one line when the second is over."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._second = 0
        self._seen: dict[tuple[str, str], int] = {}

    def admit(self, ns: int, subject: str, text: str) -> tuple[bool, list[tuple[str, str, int]]]:
        """Return whether to keep the line, and the tallies (subject, text, dropped) of the second before."""
        tallies: list[tuple[str, str, int]] = []
        second = ns // NS_PER_S
        if second != self._second:
            tallies = self.settle()
            self._second = second
        key = (subject, text[:200])
        count = self._seen.get(key, 0) + 1
        self._seen[key] = count
        return count <= self._limit, tallies

    def settle(self) -> list[tuple[str, str, int]]:
        """Return the open tallies and start anew."""
        tallies = [(*key, count - self._limit) for key, count in self._seen.items() if count > self._limit]
        self._seen = {}
        return tallies


class LogPipeline(logging.Handler):
    """From any logger of the process to the sinks: flood guard, mask, escape, write."""

    def __init__(
        self,
        sinks: Iterable[Sink],
        redactor: Redactor,
        now_ns: Callable[[], int] = wall_clock_ns,
        flood_lines: int = FLOOD_LINES,
    ) -> None:
        super().__init__()
        self.sinks = tuple(sinks)
        self.redactor = redactor
        self._now_ns = now_ns
        self._flood = _Flood(flood_lines)
        self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        ns = self._now_ns()
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)
        keep, tallies = self._flood.admit(ns, record.name, text)
        for subject, repeated, count in tallies:
            fields = {"dropped": str(count)}
            self._write(
                LogLine(ns=ns, level="warning", subject=subject, text=self.redactor.text(repeated), fields=fields)
            )
        if not keep:
            self.dropped += 1
            return
        fields = {
            name: self.redactor.field(name, value)
            for name, value in getattr(record, _FIELDS, {}).items()
            if value is not None
        }
        if record.exc_info and record.exc_info[1] is not None:
            fields["trace"] = self.redactor.text("".join(traceback.format_exception(record.exc_info[1], limit=-12)))
        level = record.levelname.lower()
        self._write(LogLine(ns=ns, level=level, subject=record.name, text=self.redactor.text(text), fields=fields))

    def _tell(self, ns: int, tallies: Iterable[tuple[str, str, int]]) -> None:
        for subject, repeated, count in tallies:
            text, fields = self.redactor.text(repeated), {"dropped": str(count)}
            self._write(LogLine(ns=ns, level="warning", subject=subject, text=text, fields=fields))

    def _write(self, line: LogLine) -> None:
        for sink in self.sinks:
            sink.write(line)

    def handleError(self, _record: logging.LogRecord) -> None:
        """A line that cannot be written is lost; the program goes on."""
        self.dropped += 1

    def close(self) -> None:
        self._tell(self._now_ns(), self._flood.settle())
        for sink in self.sinks:
            if isinstance(sink, DayFile):
                sink.close()
        super().close()


class Logs:
    """What `start_logs` set up. `stop` takes it down again."""

    def __init__(self, pipeline: LogPipeline, ring: Ring, previous: tuple[list[logging.Handler], int]) -> None:
        self.pipeline, self.ring, self._previous = pipeline, ring, previous

    @property
    def redactor(self) -> Redactor:
        return self.pipeline.redactor

    def set_level(self, level: str) -> None:
        """Set the least important line that is kept: debug, info or warning."""
        logging.getLogger().setLevel(level.upper())

    def stop(self) -> None:
        root = logging.getLogger()
        handlers, level = self._previous
        root.handlers[:] = handlers
        root.setLevel(level)
        self.ring.detach()
        self.pipeline.close()


def start_logs(
    folder: Path | None,
    *,
    level: str = "info",
    console: str | None = "info",
    mask_accounts: bool = True,
    kept_days: int = 30,
    now_ns: Callable[[], int] = wall_clock_ns,
) -> Logs:
    """Send every line of the process to ``folder`` (None: no file), standard error and a ring.

    ``console``: least level there, None for silence. Call `Logs.stop` at the end.

    Raises:
        UserError: FIL-00x, the folder is not private.
    """
    ring = Ring()
    sinks: list[Sink] = [ring]
    if console is not None:
        sinks.append(Console(least=logging.getLevelNamesMapping()[console.upper()]))
    if folder is not None:
        sinks.append(DayFile(folder, kept_days=kept_days))
    pipeline = LogPipeline(sinks, Redactor(mask_accounts=mask_accounts), now_ns)
    root = logging.getLogger()
    previous = (list(root.handlers), root.level)
    root.handlers[:] = [pipeline]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "qasync", "ib_insync", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    configure_structlog()
    return Logs(pipeline, ring, previous)


def configure_structlog() -> None:
    """Make every structlog logger a thin face of the standard library's logger of the same name."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.PositionalArgumentsFormatter(), _to_record],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _to_record(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    text = str(event.pop("event", ""))
    exc_info = event.pop("exc_info", None)
    return (text,), {"exc_info": exc_info, "extra": {_FIELDS: dict(event)}}


def iso(ns: int) -> str:
    """Return UTC nanoseconds as ISO 8601 with microseconds."""
    return datetime.fromtimestamp(ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % NS_PER_S // 1000:06d}Z"
