# SPDX-License-Identifier: Apache-2.0
"""`tiller simulate`: run the simulated TWS as a process of its own.

Prints exactly one JSON line on standard output when it accepts connections,
then runs until SIGINT, SIGTERM or the end of its parent; an orderly stop saves
the state. Everything else goes to standard error. Demo mode starts this as a
child; it must therefore never outlive it.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from brokers.simulator.options import add_arguments, moment, shown
from brokers.simulator.parent import parent_is_gone
from brokers.simulator.server import ServerOptions, SimulatedTws
from brokers.simulator.state_file import read_state, write_state
from terminal.clock import LiveClock, SimClock, Timer
from terminal.errors import DataError, UserError
from terminal.simulation.costs import Schedule
from terminal.simulation.factory import account_specs, open_exchange
from terminal.simulation.market import Market

if TYPE_CHECKING:
    from brokers.simulator.control import ControlPort

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
SAVE_PERIOD_S: Final = 10.0
_PARENT_PERIOD_S: Final = 0.5
_LONGEST_NS: Final = 366 * 86_400 * 1_000_000_000
"""How far ahead of its beginning a market may be entered: everything before it is lived through."""
__all__ = ["add_arguments", "run", "run_options"]


def run(argv: Sequence[str] | None = None) -> int:
    """Run `tiller simulate` with these arguments; return the exit code (0 ok, 1 failed, 2 usage)."""
    parser = argparse.ArgumentParser(prog="tiller simulate", description="Run the simulated TWS.")
    add_arguments(parser)
    return run_options(parser.parse_args(argv))


def run_options(options: argparse.Namespace) -> int:
    """Run with parsed options (see `add_arguments`); return the exit code."""
    try:
        if options.list_faults:
            _list_faults()
        else:
            asyncio.run(_serve(options))
    except UserError as error:
        sys.stderr.write(f"{error.code}: {error.text}\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"SIM-014: {error.filename or 'input/output'}: {error.strerror or error}\n")
        return FAILED
    return OK


def _list_faults() -> None:
    from brokers.simulator.faults import library

    for name in library.names():
        forms = library.forms(name)
        variants = "" if len(forms) == 1 else f"  ({', '.join(form.partition('.')[2] for form in forms)})"
        sys.stdout.write(f"{name}  {library.load(name).title}{variants}\n")


async def _serve(options: argparse.Namespace) -> None:
    server = _build(options)
    host, port = await server.start(options.host, options.port)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    if options.paused:
        server.pump.pause()
    control, told = await _open_control(options, server, stop)
    server.note("run", seed=options.seed, speed=options.speed, clock=options.clock, faults=_names(options))
    _announce(host, port, server.exchange.accounts, told)
    chores = _Chores(server, options, stop)
    chores.start()
    try:
        await stop.wait()
    finally:
        chores.stop()
        if control is not None:
            await control.stop()
        await server.stop()
        chores.save()


def _names(options: argparse.Namespace) -> list[str]:
    return [*options.fault, *(str(path) for path in options.faults)]


def _build(options: argparse.Namespace) -> SimulatedTws:
    state = None if options.state is None else read_state(options.state)
    market = open_exchange(
        seed=options.seed,
        replay=tuple(options.replay or ()),
        accounts=account_specs(options.accounts, Schedule(options.commissions)),
    )
    begin, until = _times(options, market, resumed=state is not None)
    clock = SimClock(market.now_ns()) if options.clock == "market" else LiveClock()
    server = _server(options, market, clock, until)
    if state is not None:
        try:
            server.load_state(state)
        except (DataError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                "SIM-013",
                f"The state file {options.state} cannot be used: {error}. Move it away to begin a new market.",
            ) from error
    if begin is not None:
        market.advance_to(begin)
    if until is not None and until <= market.now_ns():
        raise UserError("SIM-023", f"--until {options.until} must lie after the beginning, {shown(market.now_ns())}.")
    if isinstance(clock, SimClock):
        clock.advance_to(market.now_ns())
    return server


def _times(options: argparse.Namespace, market: Market, *, resumed: bool) -> tuple[int | None, int | None]:
    """When the market begins and stops, as asked for. Raises UserError SIM-023 for an impossible clock."""
    first, last = market.now_ns(), market.source.end_ns()
    begin = None if options.start is None else moment(options.start, "--from")
    until = None if options.until is None else moment(options.until, "--until")
    if begin is not None and resumed:
        raise UserError("SIM-023", "--from and --state contradict: a saved market goes on where it stopped.")
    if begin is not None and not first <= begin < min(last, first + _LONGEST_NS):
        raise UserError(
            "SIM-023",
            f"--from {options.start} is outside of this market, which begins {shown(first)}"
            + (
                f" and ends {shown(last)}." if last < first + _LONGEST_NS else " and can be entered up to a year later."
            ),
        )
    return begin, until


def _server(
    options: argparse.Namespace, market: Market, clock: LiveClock | SimClock, until: int | None
) -> SimulatedTws:
    """A plain server, or one with a laboratory when something of it was asked for."""
    settings = ServerOptions(
        speed=options.speed,
        read_only=options.read_only,
        history=options.history,
        server_version=options.server_version,
        allow_remote=options.allow_remote,
        unsubscribed=frozenset(options.unsubscribed),
    )
    special = options.fault or options.faults or options.control or options.proxy or options.paused
    if not special and options.clock == "machine" and until is None:
        return SimulatedTws(market, clock, settings)
    from brokers.simulator.faults import library
    from brokers.simulator.faults.script import read_script
    from brokers.simulator.faults.server import FaultyTws

    scripts = [*(library.load(name) for name in options.fault), *(read_script(path) for path in options.faults)]
    return FaultyTws(
        market,
        clock,
        settings,
        scripts=scripts,
        seed=options.seed,
        driver=LiveClock() if isinstance(clock, SimClock) else None,
        until_ns=until,
        proxied=options.proxy,
    )


async def _open_control(
    options: argparse.Namespace, server: SimulatedTws, stop: asyncio.Event
) -> "tuple[ControlPort | None, dict[str, object]]":
    """Open the control port if it is wanted; return it and what is said of it."""
    if not options.control:
        return None, {}
    from brokers.simulator.control import ControlPort, new_token, write_token
    from brokers.simulator.faults.server import FaultyTws

    assert isinstance(server, FaultyTws)
    token = new_token()
    control = ControlPort(server, token, stop.set)
    try:
        host, port = await control.start(options.control_port)
    except OSError as error:
        raise UserError(
            "SIM-012",
            f"The control port {options.control_port} is taken: {error.strerror}. Choose another --control-port.",
        ) from error
    said: dict[str, object] = {"host": host, "port": port}
    if options.control_token is None:
        said["token"] = token
    else:
        write_token(options.control_token, token)
        said["token_file"] = str(options.control_token)
    return control, {"control": said}


def _announce(host: str, port: int, accounts: Sequence[str], more: dict[str, object]) -> None:
    line = {"listening": {"host": host, "port": port}, "accounts": list(accounts), **more}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)


class _Chores:
    """What runs beside the server: saving the state, watching the parent."""

    def __init__(self, server: SimulatedTws, options: argparse.Namespace, stop: asyncio.Event) -> None:
        self._server = server
        self._clock = LiveClock()
        self._state: Path | None = options.state
        self._parent: int | None = options.parent_pid
        self._first_parent = os.getppid()
        self._stop = stop
        self._timers: dict[str, Timer] = {}

    def start(self) -> None:
        self._timers["save"] = self._clock.call_later(SAVE_PERIOD_S, self._save_again)
        self._watch_parent()

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()

    def save(self) -> None:
        """Write the state, if one is wanted. Raises OSError when the disk refuses."""
        if self._state is not None:
            write_state(self._state, self._server.dump_state())

    def _save_again(self) -> None:
        """A killed server loses at most these seconds."""
        self._timers["save"] = self._clock.call_later(SAVE_PERIOD_S, self._save_again)
        try:
            self.save()
        except OSError as error:
            sys.stderr.write(f"SIM-014: the state file {self._state} cannot be written: {error.strerror}\n")

    def _watch_parent(self) -> None:
        """End with the process that started us, so that no orphan keeps a port and a state file."""
        if self._parent is None:
            return
        if parent_is_gone(self._parent, self._first_parent):
            self._stop.set()
            return
        self._timers["parent"] = self._clock.call_later(_PARENT_PERIOD_S, self._watch_parent)


if __name__ == "__main__":
    raise SystemExit(run())
