# SPDX-License-Identifier: Apache-2.0
"""Tiller's composition root: arguments -> profile -> kernel -> window or headless. Only this module sees all.

Everything heavy is imported inside the command that needs it: the window paints first.
"""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from brokers.simulator.child import SimulatorChild
    from terminal.clock import Clock
    from terminal.errors import TerminalError
    from terminal.kernel import Kernel
    from terminal.kernel.doctor import Finding
    from terminal.paths import ProfilePaths
    from terminal.profile import Session
    from terminal.selftest import Tools
    from terminal.settings import Connection, Settings
    from terminal.storage.market_store import MarketStore

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2


def cli(argv: Sequence[str] | None = None) -> int:
    """Run ``tiller`` with these arguments (those of the process when None); return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["simulate"]:
        from brokers.simulator.main import run as simulate

        return simulate(arguments[1:])
    from terminal.command_line import parser
    from terminal.errors import UserError

    options = parser().parse_args(arguments)

    if options.command in ("journal", "doctor", "selftest"):  # their standard output is an answer, not a log
        from terminal.logs import configure_structlog

        configure_structlog()
    try:
        match options.command:
            case None:
                return _run_headless(options) if options.headless else _run_window(options)
            case "shots":
                return _run_shots(options)
            case "selftest":
                return _run_selftest(options)
            case "journal":
                return _journal(options)
            case "doctor":
                return _doctor(options)
            case "probe":
                return _probe(options)
            case name:
                sys.stderr.write(f"tiller {name} is reserved for a later version; this one has no such command yet\n")
                return USAGE
    except UserError as error:
        sys.stderr.write(f"{error.code}: {error.text}\n")
        return FAILED


# ---------------------------------------------------------------- a profile, open and locked
def _paths(options: argparse.Namespace) -> "ProfilePaths":
    from terminal.paths import DEFAULT_PROFILE, profile_paths

    return profile_paths(getattr(options, "profile", DEFAULT_PROFILE), getattr(options, "data_dir", None))


@contextlib.contextmanager
def _session(options: argparse.Namespace) -> "Iterator[Session]":
    """Open a profile: its folders and its lock. Nothing heavy: the window waits for it."""
    from terminal.paths import lock_profile, prepare_profile
    from terminal.profile import Session

    paths = _paths(options)
    notices = prepare_profile(paths)
    with lock_profile(paths), contextlib.ExitStack() as ending:
        yield Session(paths, bool(getattr(options, "demo", False)), ending, _demo_child, notices)


def _demo_child(paths: "ProfilePaths", settings: "Settings") -> "SimulatorChild":
    from brokers.simulator.child import SimulatorChild

    demo = settings.demo
    arguments = ("--seed", str(demo.seed), "--speed", str(demo.speed), "--state", str(paths.simulator_state))
    child = SimulatorChild(errors=paths.logs / "simulator.txt", arguments=arguments)
    child.start()
    return child


async def _build(session: "Session", **overrides: Any) -> "Kernel":
    """Wire the core of one profile. ``overrides`` replace parts of it, for the self-test's crash points."""
    begun = session.begin()
    import asyncio

    from brokers.ibkr import PLUGIN as IBKR
    from strategies import mean_reversion, vwap_cross
    from terminal import __version__
    from terminal.bus import Bus
    from terminal.clock import LiveClock
    from terminal.kernel import Kernel, KernelParts, limits_of
    from terminal.ports import BrokerPlugin
    from terminal.registry import Registry
    from terminal.storage.journal import JournalStore
    from terminal.storage.workspace import WorkspaceStore
    from terminal.strategy.base import StrategyPlugin

    paths, settings, child = session.paths, begun.settings, begun.child
    brokers: Registry[BrokerPlugin] = Registry(BrokerPlugin)
    brokers.add_builtin([IBKR])
    strategies: Registry[StrategyPlugin] = Registry(StrategyPlugin)
    strategies.add_builtin([vwap_cross.PLUGIN, mean_reversion.PLUGIN])
    bus = Bus()

    async def endpoint() -> tuple[str, int]:
        if child is not None:
            return await asyncio.to_thread(child.wait_listening)
        current = kernel.settings.connection  # the person may have changed it since the start
        return current.host, current.port

    def chain_key() -> bytes | None:
        from terminal.secrets import open_secrets  # the keyring's machinery: when the journal starts, in a thread

        return open_secrets(paths.profile, on_reveal=begun.logs.redactor.hide).chain_key()

    async def back_up(clock: "Clock") -> None:
        from terminal.storage.backup import back_up_daily

        await back_up_daily(paths.journal, paths.backups, clock)

    def market_store() -> "MarketStore":
        from terminal.storage.market_store import MarketStore

        days, most = settings.recorder.retention_days, settings.recorder.size_cap_mb << 20
        return MarketStore(paths.market, retention_days=days, size_cap_bytes=most)

    async def diagnosis(current: "Settings") -> str:
        from terminal.kernel.doctor import report

        return report(await _findings(current, paths), as_json=False)[1]

    parts = KernelParts(
        bus=bus,
        clock=LiveClock(settings.demo.speed if child is not None else 1.0),
        settings=settings,
        stored=begun.stored,
        notices=begun.notices,
        settings_file=begun.settings_file,
        journal=JournalStore(
            paths.journal,
            key=chain_key,
            version=__version__,
            settings_digest=settings.digest(),
            backups=paths.backups,
        ),
        back_up=back_up,
        market_store=market_store,
        workspace=WorkspaceStore(paths.workspace),
        logs=begun.logs,
        broker_factory=brokers.load(IBKR.id),
        endpoint=endpoint,
        strategies=strategies,
        limits=limits_of(settings),
        diagnose=diagnosis,
        open_profile=lambda name, connection: _open_profile(paths, name, connection),
    )
    kernel = Kernel(replace(parts, **overrides))
    return kernel


def _open_profile(paths: "ProfilePaths", name: str, connection: "Connection") -> None:
    """Save the connection in another profile and open Tiller there, in a process of its own."""
    import subprocess

    from brokers.simulator.child import program
    from terminal.profile import keep_connection

    folder = keep_connection(paths, name, connection)
    subprocess.Popen([*program(), "--profile", name, "--data-dir", str(folder)], start_new_session=True)


# ---------------------------------------------------------------- commands
def _run_window(options: argparse.Namespace) -> int:
    import gc

    from terminal.errors import TerminalError

    gc.disable()  # nothing of a start is garbage; the desk switches the collector on once it stands
    theme = None
    try:
        with _session(options) as session:
            mode, theme, density = session.look()
            from widgets.app import run

            return run(
                mode=mode,
                profile=session.paths.profile,
                theme_name=theme,
                density=None if density == "auto" else density,
                build=lambda: _build(session),
            )
    except TerminalError as error:
        return _offer_way_out(options, error, theme)


def _offer_way_out(options: argparse.Namespace, error: "TerminalError", theme: str | None) -> int:
    """Say in a window of its own why Tiller cannot start; do what can be done about it and start anew."""
    import subprocess

    from brokers.simulator.child import program
    from terminal.errors import UserError
    from terminal.paths import lock_profile
    from widgets.trouble import explain

    sys.stderr.write(f"{error}\n")
    offer = way_out(options, error)
    if not explain(str(error), offer[0] if offer else None, theme) or offer is None:
        return FAILED
    try:
        with lock_profile(_paths(options)):
            offer[1]()
    except UserError as second:
        sys.stderr.write(f"{second}\n")
        explain(str(second), None, theme)
        return FAILED
    subprocess.Popen([*program(), *sys.argv[1:]], start_new_session=True)
    return OK


def way_out(options: argparse.Namespace, error: "TerminalError") -> "tuple[str, Callable[[], object]] | None":
    """Return what a button would say and do about ``error``; None when only the person can mend it."""
    from terminal.profile import settings_file
    from terminal.settings import SettingsError
    from terminal.storage.backup import restore_backup
    from terminal.storage.database import CorruptDatabaseError

    if isinstance(error, SettingsError) and error.mendable:
        return "Start with default settings", settings_file(_paths(options)).set_aside
    journal = _paths(options).journal
    if isinstance(error, CorruptDatabaseError) and error.path == journal and error.backups:
        newest = error.backups[0]
        return f"Restore {newest.name}", lambda: restore_backup(journal, newest)
    return None


def _run_shots(options: argparse.Namespace) -> int:
    import tempfile

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(prefix="tiller-shots-") as folder:
        options.data_dir, options.demo = Path(folder), True
        with _session(options) as session:
            from widgets.app import run
            from widgets.shots import ShotSession

            shots = ShotSession(options.directory, seconds=options.seconds, size=options.size)
            return run(
                mode="demo",
                profile=session.paths.profile,
                theme_name=options.theme,
                density="compact" if options.size[0] <= 1600 else "normal",
                build=lambda: _build(session),
                session=shots.run,
            )


def _run_headless(options: argparse.Namespace) -> int:
    import asyncio

    with _session(options) as session:
        return asyncio.run(_headless(session))


async def _headless(session: "Session") -> int:
    import asyncio

    kernel = await _build(session)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    await kernel.start()
    sys.stderr.write("running without a window; SIGINT or SIGTERM stops in order\n")
    await stop.wait()
    await kernel.stop()
    return OK


def _run_selftest(options: argparse.Namespace) -> int:
    from terminal.selftest import run_core, run_selftest

    tools = _selftest_tools()
    return run_selftest(tools, as_json=options.json) if options.core is None else run_core(tools, options.core)


def _selftest_tools() -> "Tools":
    import subprocess

    from brokers.simulator.child import SimulatorChild, program
    from brokers.simulator.history_file import accepted_orders
    from terminal.selftest import PROFILE, Tools, prepare

    def market(folder: Path) -> SimulatorChild:
        return SimulatorChild(errors=folder / "simulator.txt", arguments=("--history", str(folder / "history.jsonl")))

    @contextlib.asynccontextmanager
    async def open_core(folder: Path) -> AsyncIterator["Kernel"]:
        with _session(argparse.Namespace(profile=PROFILE, data_dir=folder, demo=False)) as session:
            yield await _build(session)

    def spawn_core(folder: Path) -> "subprocess.Popen[str]":
        with (folder / "core.txt").open("w", encoding="utf-8") as errors:
            return subprocess.Popen(
                [*program(), "selftest", "--core", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    return Tools(
        market=market,
        prepare=prepare,
        open_core=open_core,
        spawn_core=spawn_core,
        accepted=lambda folder: accepted_orders(folder / "history.jsonl"),
    )


def _journal(options: argparse.Namespace) -> int:
    from terminal.paths import lock_profile
    from terminal.secrets import open_secrets
    from terminal.storage.backup import restore_newest
    from terminal.storage.inspect import journal_report

    paths = _paths(options)
    if options.subject == "restore":
        with lock_profile(paths):
            sys.stdout.write(restore_newest(paths.journal, paths.backups, as_json=options.json))
        return OK
    key = open_secrets(paths.profile).chain_key(create=False)
    code, text = journal_report(options.subject, paths.journal, key=key, as_json=options.json)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    return code


async def _findings(settings: "Settings", paths: "ProfilePaths") -> "list[Finding]":
    """Ask the connection and the machine what is wrong."""
    import asyncio

    from brokers.ibkr.doctor import diagnose
    from terminal.clock import LiveClock
    from terminal.kernel.answers import connection_settings
    from terminal.kernel.doctor import Finding, machine_findings
    from terminal.secrets import open_secrets

    connection = settings.connection
    asked = connection_settings(connection, connection.mode, connection.host, connection.port)
    found = [Finding(**asdict(check)) for check in await diagnose(asked, LiveClock())]
    secrets = await asyncio.to_thread(open_secrets, paths.profile)
    return [*found, *machine_findings(paths.root, secrets)]


def _doctor(options: argparse.Namespace) -> int:
    import asyncio

    from terminal.kernel.doctor import report
    from terminal.profile import settings_file

    paths = _paths(options)
    settings = settings_file(paths).load().settings
    connection = replace(
        settings.connection,
        host=options.host or settings.connection.host,
        port=options.port or settings.connection.port,
    )
    findings = asyncio.run(_findings(replace(settings, connection=connection), paths))
    code, text = report(findings, as_json=options.json)
    sys.stdout.write(text + "\n")
    return code


def _probe(options: argparse.Namespace) -> int:
    from brokers.simulator.probe.run import run as run_probe

    return run_probe(
        options.host, options.port, client_id=options.client_id, transcript=options.transcript, as_json=options.json
    )


if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        import multiprocessing

        multiprocessing.freeze_support()
    sys.exit(cli())
