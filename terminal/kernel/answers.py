# SPDX-License-Identifier: Apache-2.0
"""Answers to what the screen asks the core: whether it can trade and why not, and what stands at the other end.

Plain functions of the core's parts, in the words that a person reads. They change nothing.
"""

from collections.abc import Sequence

from terminal.model.enums import Mode
from terminal.model.ids import AccountId
from terminal.ports import Broker, ConnectionSettings
from terminal.settings import Connection
from terminal.storage.journal import JournalStore
from terminal.trading.execution import ExecutionEngine
from terminal.trading.request import Denial


def why_not_trade(mode: Mode, execution: ExecutionEngine, broker: Broker, journal: JournalStore) -> str:
    """Return why no order can be sent at all now, empty when one can."""
    if mode is Mode.LIVE:
        return "Live accounts are read-only in this version."
    if not execution.link.connected:
        return f"Not connected: {execution.link.text}."
    if broker.read_only:
        return "TWS refuses orders: in Global Configuration, API, Settings clear Read-Only API."
    if not execution.link.reconciled:
        return "Orders and positions are being compared with the broker."
    if execution.kill_switch.engaged:
        return "Stopped. Lift the stop in the menu Trade to send orders again."
    if not journal.healthy:
        return f"The journal cannot write: {journal.problem}."
    return ""


def venue_words(mode: Mode) -> str:
    """Return what is at the other end, as the status bar names it."""
    return {Mode.DEMO: "Demo feed", Mode.PAPER: "TWS paper", Mode.LIVE: "TWS live"}[mode]


def soft(refusals: Sequence[Denial]) -> Sequence[tuple[str, str]]:
    """Return the soft limits among the refusals, arming aside; none when something hard stands in the way."""
    if any(not refusal.soft for refusal in refusals):
        return ()
    return [(refusal.code, refusal.reason) for refusal in refusals if refusal.code != "NOT_ARMED"]


def connection_settings(connection: Connection, mode: Mode, host: str, port: int) -> ConnectionSettings:
    """Return what the adapter needs in order to connect there."""
    return ConnectionSettings(
        host=host,
        port=port,
        client_id=connection.client_id,
        mode=mode,
        account=AccountId(connection.account) if connection.account else None,
        connect_timeout_s=connection.connect_timeout_s,
        market_data_lines=connection.market_data_lines,
        requested_data_type=connection.data_type,
    )
