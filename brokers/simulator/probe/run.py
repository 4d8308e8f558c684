# SPDX-License-Identifier: Apache-2.0
"""`tiller probe`: runs the steps against a TWS and against a simulator of its own, saves the words, says what differs.

Whatever happens, the orders that it placed are cancelled at the end, and it says so when one could not be.
"""

import asyncio
import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from brokers.simulator.probe.client import ProbeClient
from brokers.simulator.probe.facts import Difference, Facts, compare, facts_of
from brokers.simulator.probe.steps import STEPS, Course, Step
from brokers.simulator.server import ServerOptions, SimulatedTws
from terminal.clock import Clock, LiveClock
from terminal.errors import UserError
from terminal.simulation.factory import open_exchange

CLIENT_ID: Final = 917
SAME: Final = 0
DIFFERENT: Final = 3
FAILED: Final = 1
_BETWEEN_S: Final = 0.25
"""Between two steps, so that the probe stays far below every rate limit."""
_OVER: Final = frozenset({"Filled", "Cancelled", "ApiCancelled", "Inactive"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run found."""

    version: int
    steps: int
    differences: tuple[Difference, ...]
    """Differences in behaviour."""
    permissions: tuple[Difference, ...]
    """Differences that may come from what the account has subscribed to."""
    left: tuple[int, ...] = ()
    """Orders of the probe whose end was not seen."""


async def probe(
    clock: Clock, host: str, port: int, *, client_id: int = CLIENT_ID, transcript: Path | None = None,
    only: Collection[str] = (), scale: float = 1.0, speed: float = 1.0,
) -> Report:  # fmt: skip
    """Run against ``host:port`` and against a simulator of our own at the same time; compare.

    Raises UserError PRB-001 to PRB-003: no server, no TWS, a live account.
    """
    steps = [(number, step) for number, step in enumerate(STEPS, start=1) if not only or step.title in only]
    subject, pattern = ProbeClient(clock, "subject"), ProbeClient(clock, "simulator")
    server = SimulatedTws(open_exchange(seed=1), clock, ServerOptions(speed=speed))
    await server.start()
    try:
        await subject.connect(host, port, client_id)
        await pattern.connect(*server.address, client_id)
        (found, left), (expected, _) = await asyncio.gather(
            _course(subject, steps, scale), _course(pattern, steps, scale)
        )
    finally:
        await subject.close()
        await pattern.close()
        await server.stop()
        if transcript is not None and subject.transcript.lines:
            subject.transcript.save(transcript)
    differences: list[Difference] = []
    permissions: list[Difference] = []
    for number, step in steps:
        apart = compare(number, step.title, expected[number], found[number])
        (permissions if step.subscription else differences).extend(apart)
    return Report(
        version=subject.version,
        steps=len(steps),
        differences=tuple(differences),
        permissions=tuple(permissions),
        left=left,
    )


async def _course(
    client: ProbeClient, steps: Sequence[tuple[int, Step]], scale: float
) -> tuple[dict[int, Facts], tuple[int, ...]]:
    """Run the steps on one server; return facts by step number, and orders that may still be open."""
    course, found = Course(client, scale), {}
    try:
        for number, step in steps:
            client.step = number
            course.mark = len(client.heard)
            ended = await step.act(course)
            own = [each for each in course.new() if each.name in step.about]
            found[number] = facts_of(own, ended=ended, shapes=step.shapes)
            await client.wait(lambda: False, _BETWEEN_S * scale)
    finally:
        left = await _tidy(course)
    return found, left


async def _tidy(course: Course) -> tuple[int, ...]:
    """Cancel every order of the probe that may be open."""
    client = course.client
    client.step = 0
    open_ = [order_id for order_id in course.placed if not _is_over(client, order_id)]
    for order_id in open_:
        client.send("cancelOrder", order_id=order_id)
    if open_:
        await client.wait(lambda: all(_is_over(client, each) for each in open_), 10 * course.scale)
    return tuple(each for each in open_ if not _is_over(client, each))


def _is_over(client: ProbeClient, order_id: int) -> bool:
    """Whether the last word about an order was that it is over, or that it never came to be."""
    last = ""
    refused = False
    for heard in client.heard:
        if heard.name == "orderStatus" and heard.values.get("order_id") == order_id:
            last = str(heard.values.get("status", ""))
        if heard.name == "error" and heard.values.get("req_id") == order_id:
            refused = True
    return last in _OVER or (not last and refused) or not _was_accepted(client, order_id)


def _was_accepted(client: ProbeClient, order_id: int) -> bool:
    """Whether anything was ever heard of it as an order; a what-if is none."""
    return any(
        heard.values.get("order_id") == order_id and not heard.values.get("what_if", False)
        for heard in client.heard
        if heard.name in ("openOrder", "orderStatus")
    )


def run(host: str, port: int, *, client_id: int, transcript: Path, as_json: bool) -> int:
    """Run `tiller probe`; return the exit code: 0 nothing differs, 3 something does, 1 it could not run."""
    try:
        report = asyncio.run(probe(LiveClock(), host, port, client_id=client_id, transcript=transcript))
    except UserError as error:
        sys.stderr.write(f"{error.code}: {error.text}\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"PRB-004: {error.filename or 'input/output'}: {error.strerror or error}\n")
        return FAILED
    sys.stdout.write(_json(report, transcript) if as_json else _text(report, transcript))
    return DIFFERENT if report.differences else SAME


def _json(report: Report, transcript: Path) -> str:
    return json.dumps({"version": 1, **asdict(report), "transcript": str(transcript)}, indent=2) + "\n"


def _text(report: Report, transcript: Path) -> str:
    lines = [f"server version {report.version}, {report.steps} steps, transcript in {transcript}"]
    lines += [str(each) for each in report.differences] or ["no difference from the simulator"]
    if report.permissions:
        lines += ["", "perhaps for want of a subscription:", *(str(each) for each in report.permissions)]
    if report.left:
        lines += ["", f"orders whose end was not seen, look into TWS: {', '.join(map(str, report.left))}"]
    return "\n".join(lines) + "\n"
