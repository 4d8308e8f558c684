# SPDX-License-Identifier: Apache-2.0
"""`tiller journal` tells orders, fills and positions as the core would rebuild them, running or not."""

import asyncio
import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from terminal.errors import UserError
from terminal.model.enums import AssetClass
from terminal.model.events import OrderCommissioned, OrderRejected, PositionAdjusted
from terminal.model.ids import ClientOrderId, ExecutionId
from terminal.model.instrument import Instrument
from terminal.storage.inspect import journal_report, replay
from tests.unit.storage.conftest import OpenJournal
from tests.unit.storage.records import AAPL, ACCOUNT, fill, intent, story

STOCK = Instrument(id=AAPL, asset_class=AssetClass.STOCK, symbol="AAPL", multiplier=Decimal(1))


async def written(open_journal: OpenJournal, records: list[object]) -> Path:
    journal = await open_journal()
    done = asyncio.get_running_loop().create_future()
    journal.append(records, lambda: done.set_result(None))
    await done
    return journal.path  # left open: the command reads beside a running terminal


def told(path: Path, subject: str) -> list[dict[str, Any]]:
    code, text = journal_report(subject, path, as_json=True)
    content = json.loads(text)
    assert (code, content["version"], content["remarks"]) == (0, 1, [])
    found: list[dict[str, Any]] = content[subject]
    return found


def commission(number: int, execution: str, amount: str) -> OrderCommissioned:
    return OrderCommissioned(
        client_order_id=ClientOrderId(f"T1-{number:04d}"),
        ns=number + 20,
        execution_id=ExecutionId(execution),
        commission=Decimal(amount),
        currency="USD",
    )


async def test_orders_are_told_with_their_state(open_journal: OpenJournal) -> None:
    path = await written(open_journal, [*story(1), *intent(2)])
    filled, sending = told(path, "orders")
    assert (filled["status"], filled["filled"], filled["average_price"]) == ("filled", "100", "187.296")
    assert (filled["broker_order_id"], filled["perm_id"]) == (1, 1000)
    assert (sending["status"], sending["limit_price"], sending["stop_price"]) == ("sending", "187.30", None)


async def test_fills_are_the_latest_revisions_and_busts_are_gone(open_journal: OpenJournal) -> None:
    corrected = fill(1, 40, "187.00", "0001.0001.01.02")
    busted = fill(1, 0, "187.30", "0001.0001.02.02")
    path = await written(open_journal, [*story(1), corrected, busted, commission(1, "0001.0001.01.02", "1.05")])
    (only,) = told(path, "fills")
    assert (only["quantity"], only["price"], only["commission"], only["currency"]) == ("40", "187.00", "1.05", "USD")


async def test_positions_are_the_sum_of_fills_and_flagged_adjustments(open_journal: OpenJournal) -> None:
    def adjusted(quantity: str, *, opening: bool) -> PositionAdjusted:
        return PositionAdjusted(
            ns=50,
            adjustment_id=f"A-{quantity}",
            account_id=ACCOUNT,
            instrument_id=AAPL,
            quantity=Decimal(quantity),
            price=Decimal(200),
            reason="split",
            opening=opening,
        )

    path = await written(
        open_journal,
        [STOCK, *story(1), adjusted("-100", opening=True), adjusted("7", opening=False), adjusted("7", opening=False)],
    )
    (position,) = told(path, "positions")
    assert (position["quantity"], position["adjusted"]) == ("7", "-93")
    assert Decimal(position["realized"]) == Decimal("1270.4")  # sold 100 at 200, bought back at 187.296


async def test_a_result_is_not_guessed_without_the_contract(open_journal: OpenJournal) -> None:
    path = await written(open_journal, list(story(1)))
    assert told(path, "positions")[0]["realized"] is None


async def test_a_tampered_journal_is_told_and_fails(open_journal: OpenJournal) -> None:
    path = await written(open_journal, list(story(1)))
    assert journal_report("verify", path)[0] == 0
    with sqlite3.connect(path) as other:
        other.execute("DROP TRIGGER records_refuse_update")
        other.execute("UPDATE records SET payload = replace(payload, '187.29', '180.29')")
    other.close()
    code, text = journal_report("verify", path, as_json=True)
    assert code == 1
    assert json.loads(text)["first_bad_row"] == 7
    assert "row 7" in journal_report("verify", path)[1]
    code, text = journal_report("fills", path)
    assert code == 1
    assert "remark: journal does not verify" in text


async def test_text_from_outside_cannot_act_in_the_terminal(open_journal: OpenJournal) -> None:
    hostile = OrderRejected(client_order_id=ClientOrderId("T1-0001"), ns=9, code=201, reason="\x1b[2Jgone\nrow")
    path = await written(open_journal, [*intent(1), hostile])
    _, text = journal_report("orders", path)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2
    assert "\\x1b[2Jgone\\x0arow" in text


async def test_a_history_that_cannot_be_is_a_remark_not_a_crash(open_journal: OpenJournal) -> None:
    stray = fill(9, 10, "1.00", "0009.01.01")
    found = replay([*intent(1), stray])
    assert found.oddities == ["OrderFilled of T1-0009: the journal does not know that order"]
    path = await written(open_journal, [*intent(1), stray])
    assert "remark: OrderFilled of T1-0009" in journal_report("orders", path)[1]


def test_an_empty_folder_names_the_way_out(folder: Path) -> None:
    with pytest.raises(UserError, match="--data-dir"):
        journal_report("orders", folder / "journal.db")
    with pytest.raises(UserError, match="CLI-001"):
        journal_report("secrets", folder / "journal.db")


async def test_no_orders_is_said(open_journal: OpenJournal) -> None:
    path = await written(open_journal, [STOCK])
    assert journal_report("orders", path) == (0, "no orders")
