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
from typing import Final

from brokers.simulator.parent import parent_is_gone
from brokers.simulator.server import ServerOptions, SimulatedTws
from brokers.simulator.state_file import read_state, write_state
from terminal.clock import LiveClock, Timer
from terminal.errors import DataError, UserError
from terminal.simulation.costs import Schedule
from terminal.simulation.factory import account_specs, open_exchange

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
SAVE_PERIOD_S: Final = 10.0
_PARENT_PERIOD_S: Final = 0.5
_FASTEST: Final = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `tiller simulate` to a parser."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the market (default: 1)")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="X",
        help="market seconds per second, above 0 up to 3600 (default: 1)",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="resume from this file and save to it")
    parser.add_argument(
        "--replay", type=Path, nargs="+", metavar="PATH", help="serve recorded prices from these files or folders"
    )
    parser.add_argument(
        "--accounts",
        type=int,
        choices=(1, 2),
        default=1,
        help="1: DU9000001 with 250,000 USD; 2: also DU9000002 with 100,000 EUR, in EUR (default: 1)",
    )
    parser.add_argument(
        "--commissions",
        choices=[schedule.value for schedule in Schedule],
        default=Schedule.FIXED.value,
        help="price list of the accounts (default: %(default)s)",
    )
    parser.add_argument("--read-only", action="store_true", help="refuse orders, as TWS's Read-Only API setting")
    parser.add_argument(
        "--unsubscribed",
        nargs="+",
        default=(),
        metavar="SYMBOL",
        help="no live market data for these symbols and their options: delayed by 15 minutes where the client takes it",
    )
    parser.add_argument("--history", type=Path, metavar="FILE", help="append every message and event as JSON lines")
    parser.add_argument("--allow-remote", action="store_true", help="allow a --host that is not the loopback")
    parser.add_argument("--parent-pid", type=int, metavar="N", help="stop when process N is gone")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a port from 0 to 65535, was {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= _FASTEST:
        raise argparse.ArgumentTypeError(f"must be a number above 0 up to {_FASTEST:g}, was {text!r}")
    return speed


def run(argv: Sequence[str] | None = None) -> int:
    """Run `tiller simulate` with these arguments; return the exit code (0 ok, 1 failed, 2 usage)."""
    parser = argparse.ArgumentParser(prog="tiller simulate", description="Run the simulated TWS.")
    add_arguments(parser)
    return run_options(parser.parse_args(argv))


def run_options(options: argparse.Namespace) -> int:
    """Run with parsed options (see `add_arguments`); return the exit code."""
    try:
        asyncio.run(_serve(options))
    except UserError as error:
        sys.stderr.write(f"{error.code}: {error.text}\n")
        return FAILED
    except OSError as error:
        sys.stderr.write(f"SIM-014: {error.filename or 'input/output'}: {error.strerror or error}\n")
        return FAILED
    return OK


async def _serve(options: argparse.Namespace) -> None:
    server = _build(options)
    host, port = await server.start(options.host, options.port)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    _announce(host, port, server.exchange.accounts)
    chores = _Chores(server, options, stop)
    chores.start()
    try:
        await stop.wait()
    finally:
        chores.stop()
        await server.stop()
        chores.save()


def _build(options: argparse.Namespace) -> SimulatedTws:
    state = None if options.state is None else read_state(options.state)
    market = open_exchange(
        seed=options.seed,
        replay=tuple(options.replay or ()),
        accounts=account_specs(options.accounts, Schedule(options.commissions)),
    )
    server = SimulatedTws(
        market,
        LiveClock(),
        ServerOptions(
            speed=options.speed,
            read_only=options.read_only,
            history=options.history,
            allow_remote=options.allow_remote,
            unsubscribed=frozenset(options.unsubscribed),
        ),
    )
    if state is not None:
        try:
            server.load_state(state)
        except (DataError, KeyError, TypeError, ValueError) as error:
            raise UserError(
                "SIM-013",
                f"The state file {options.state} cannot be used: {error}. Move it away to begin a new market.",
            ) from error
    return server


def _announce(host: str, port: int, accounts: Sequence[str]) -> None:
    line = {"listening": {"host": host, "port": port}, "accounts": list(accounts)}
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
