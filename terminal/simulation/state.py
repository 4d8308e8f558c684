# SPDX-License-Identifier: Apache-2.0
"""What survives a restart of the simulated market, as JSON-ready values, and its way back.

The price path is a function of seed and clock, so only what clients did is kept: orders, positions, cash, the day's
executions, the clock, the counter of permanent ids and the prints that own orders made. What own orders took from
the books is forgotten: a resting order queues up anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from terminal.errors import UserError
from terminal.model.instrument import Instrument
from terminal.simulation.accounts import Accounts
from terminal.simulation.desk import Desk
from terminal.simulation.exchange_port import SimExecution, SimOrder, SimOrderState
from terminal.simulation.ledger import Holding
from terminal.simulation.orders import Stage, Working
from terminal.simulation.tape import Tape

VERSION: Final = 2
READABLE: Final = frozenset({1, 2})
"""Version 1 has no books (commission volumes, accruals, instructions): they begin empty."""
_FORMER_DERIVATIVES: Final = 495_000_000
"""From here on the contract ids of futures and options of version 1 meant other contracts than today's."""
_DECIMALS: Final = frozenset({"quantity", "filled", "cumulative"})


def dump(
    *, now_ns: int, identity: str, desk: Desk, money: Accounts, tapes: Mapping[tuple[int, int], Tape]
) -> dict[str, object]:
    """Return the state of a market."""
    return {
        "version": VERSION,
        "market": identity,
        "now_ns": now_ns,
        "next_perm_id": desk.next_perm_id,
        "accounts": [ledger.dump() for ledger in money.ledgers.values()],
        "books": [book.dump() for book in money.books.values()],
        "orders": [_working_out(working) for working in desk.orders],
        "executions": [_plain(asdict(execution)) for execution in desk.settlement.executions],
        "tapes": [
            {"con_id": con_id, "day": day, "added": tape.added, "removed": sorted(tape.removed.items())}
            for (con_id, day), tape in tapes.items()
            if tape.added or tape.removed
        ],
    }


def _plain(values: dict[str, Any]) -> dict[str, object]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def _working_out(working: Working) -> dict[str, object]:
    return {
        "order": _plain(asdict(working.state.order)),
        "state": _plain(
            {item.name: getattr(working.state, item.name) for item in fields(SimOrderState) if item.name != "order"}
        ),
        "stage": working.stage.value,
        "unit": str(working.unit),
        "limit": working.limit,
        "stop": working.stop,
        "triggered": working.triggered,
        "filled": working.filled,
        "value": str(working.value),
        "executions": working.executions,
        "expires_day": working.expires_day,
        "size_unit": str(working.size_unit),
        "armed": working.armed,
        "located": working.located,
    }


class LoadedState:
    """A state that was read, checked for version and market.

    Raises:
        UserError: SIM-001, the state is not of this program, version or market, or is damaged.
    """

    def __init__(self, raw: Mapping[str, Any], identity: str) -> None:
        if raw.get("version") not in READABLE:
            raise UserError(
                "SIM-001",
                f"simulator state must have version {' or '.join(map(str, sorted(READABLE)))}, "
                f"has {raw.get('version')!r}; remove the file",
            )
        if raw.get("market") != identity:
            raise UserError(
                "SIM-001",
                f"simulator state belongs to another market ({raw.get('market')!r}, this is {identity!r}); "
                "start that market or use another state file",
            )
        self._raw = raw
        try:
            if raw.get("version") == 1 and identity.startswith("simulated"):
                self._raw = raw = _of_the_former_market(raw)
            self.now_ns = int(raw["now_ns"])
            self.next_perm_id = int(raw["next_perm_id"])
            self.executions = [SimExecution(**_decimals(row)) for row in raw["executions"]]
            self.edits = [
                (int(row["con_id"]), int(row["day"]), [tuple(item) for item in row["added"]], dict(row["removed"]))
                for row in raw["tapes"]
            ]
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise _damaged(error) from error

    def restore_ledgers(self, money: Accounts, instrument_of: "InstrumentOf") -> None:
        """Put cash and positions back; accounts that are not in the state keep their opening balance.

        Raises:
            UserError: SIM-001, the state has an account that this market does not, or is damaged.
        """
        try:
            for row in self._raw["accounts"]:
                ledger = money.ledgers.get(row["account"])
                if ledger is None:
                    raise _missing(row["account"])
                _check_base(row, ledger.base)
                ledger.cash = {currency: Decimal(amount) for currency, amount in row["cash"].items()}
                ledger.holdings = {
                    int(held["con_id"]): _holding(held, instrument_of(int(held["con_id"]))) for held in row["positions"]
                }
            for row in self._raw.get("books", ()):
                book = money.books.get(row["account"])
                if book is not None:
                    book.load(row)
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise _damaged(error) from error

    def workings(self, instrument_of: "InstrumentOf") -> list[Working]:
        """Return the orders in the order in which they were placed."""
        try:
            return [_working_in(row, instrument_of) for row in self._raw["orders"]]
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise _damaged(error) from error


def _of_the_former_market(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Carry shares, currencies and cash of version 1 over; its prints belong to prices that no longer exist.

    Raises:
        UserError: SIM-001, there are futures or options in it.
    """
    held = [row["con_id"] for account in raw.get("accounts", ()) for row in account.get("positions", ())]
    named = [*held, *(row["order"]["con_id"] for row in raw.get("orders", ()) if "order" in row)]
    if any(int(con_id) >= _FORMER_DERIVATIVES for con_id in named):
        raise UserError(
            "SIM-001",
            "simulator state is of an older market whose futures and options had other contract numbers, and it holds "
            "some; close them with the older program, or move the file away to begin a new market",
        )
    executions = [row for row in raw["executions"] if int(row["con_id"]) < _FORMER_DERIVATIVES]
    return {**raw, "tapes": [], "executions": executions}


def _missing(account: str) -> UserError:
    return UserError(
        "SIM-001",
        f"simulator state holds account {account}, which is not opened and would be lost; "
        "start with that account (--accounts 2) or use another state file",
    )


def _check_base(row: Mapping[str, Any], base: str) -> None:
    if row["base"] != base:
        raise ValueError(f"account {row['account']} has the base currency {row['base']}, is opened with {base}")


class InstrumentOf:
    """Look-up of contracts that raises for unknown ids."""

    def __init__(self, look: Callable[[int], Instrument | None]) -> None:
        self._look = look

    def __call__(self, con_id: int) -> Instrument:
        found = self._look(con_id)
        if found is None:
            raise ValueError(f"contract {con_id} does not exist in this market")
        return found


def _damaged(error: Exception) -> UserError:
    return UserError("SIM-001", f"simulator state is damaged ({type(error).__name__}: {error}); remove the file")


def _decimals(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Decimal(value) if name in _DECIMALS else value for name, value in row.items()}


def _holding(row: Mapping[str, Any], instrument: Instrument) -> Holding:
    return Holding(
        instrument,
        Decimal(row["quantity"]),
        Decimal(row["cost"]),
        Decimal(row["gross"]),
        Decimal(row["realized"]),
        Decimal(row["day_quantity"]),
        float(row["day_price"]),
        Decimal(row["day_cash"]),
    )


def _working_in(row: Mapping[str, Any], instrument_of: InstrumentOf) -> Working:
    order = SimOrder(**_decimals(row["order"]))
    state = SimOrderState(order=order, **_decimals(row["state"]))
    return Working(
        state=state,
        instrument=instrument_of(order.con_id),
        sign=1 if order.action == "BUY" else -1,
        unit=Decimal(row["unit"]),
        stage=Stage(row["stage"]),
        limit=row["limit"],
        stop=row["stop"],
        triggered=bool(row["triggered"]),
        filled=int(row["filled"]),
        value=Decimal(row["value"]),
        executions=int(row["executions"]),
        expires_day=int(row["expires_day"]),
        size_unit=Decimal(row.get("size_unit", "1")),
        armed=bool(row.get("armed", False)),
        located=bool(row.get("located", False)),
    )
