# SPDX-License-Identifier: Apache-2.0
"""J2, first four steps: the usual mistakes in connecting, each told in plain words with the setting to change."""

import socket
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from terminal.model.enums import DataType, LinkState
from terminal.model.ids import InstrumentId
from tests.gui.journeys.stage import (
    DrivenMarket,
    Terminal,
    choose,
    click,
    dialog,
    find,
    focused,
    gone,
    orders_of,
    paper,
    press,
    ready,
    shown,
    texts,
    turns,
)
from tests.gui.journeys.test_hands import click_ladder, ladder_price, prices
from widgets.desk import Desk
from widgets.ladder.layout import Zone
from widgets.tables.columns import Cell


def spoken(desk: Desk) -> str:
    """Return what the window says now: its toasts and its kept notices."""
    cards = [f"{card.toast.code} {card.toast.title} {card.toast.text}" for card in desk.toasts.cards]
    kept = [text for _, text in desk.status.notices]
    return "\n".join([*cards, *kept])


def no_trace(desk: Desk, *windows: QWidget) -> None:
    """No person ever sees the inside of the program."""
    said = spoken(desk) + "".join(texts(window) for window in (desk.window, *windows))
    for word in ("Traceback", "Exception", "object at 0x"):
        assert word not in said, said


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def locked(desk: Desk, reason: str) -> None:
    await shown(lambda: not desk.ticket.send.isEnabled(), "the ticket is locked")
    await shown(lambda: reason in desk.ticket.error.text(), f"the ticket says {reason}")


def test_a_wrong_port_is_named_and_changed_in_the_window(
    terminal: Terminal, open_market: Callable[..., DrivenMarket]
) -> None:
    market = open_market()
    wrong = closed_port()

    async def journey(desk: Desk) -> None:
        await shown(lambda: f"127.0.0.1:{wrong}" in spoken(desk), "the window names the port")
        said = spoken(desk)
        assert "Enable ActiveX and Socket Clients" in said
        await locked(desk, "Not connected")
        no_trace(desk)
        desk.window.actions_["connect"].trigger()
        box = await dialog("connectDialog")
        desk_box = box
        from widgets.connect_dialog import ConnectDialog

        assert isinstance(desk_box, ConnectDialog)
        assert "Enable ActiveX and Socket Clients" in desk_box.hint.text()
        desk_box.port.setValue(market.port)
        desk_box.accept()
        await gone(box)
        await ready(desk)
        assert desk.kernel.settings.connection.port == market.port
        await shown(desk.ticket.send.isEnabled, "the ticket is free")

    settings = f"version = 1\n[connection]\nmode = 'paper'\nport = {wrong}\n"
    assert terminal.open(journey, profile="paper", settings=settings) == 0


def test_the_doctor_names_what_listens(terminal: Terminal) -> None:
    async def journey(desk: Desk) -> None:
        desk.window.actions_["doctor"].trigger()
        box = await dialog("notice")
        said = texts(box)
        assert "nothing listens on 127.0.0.1:" in said
        assert "TWS" in said
        no_trace(desk, box)
        box.accept()
        await gone(box)

    settings = f"version = 1\n[connection]\nmode = 'paper'\nport = {closed_port()}\n"
    assert terminal.open(journey, profile="paper", settings=settings) == 0


def test_a_taken_client_id_is_explained_and_tried_again(terminal: Terminal, market: DrivenMarket) -> None:
    def api(*fields: object) -> bytes:
        body = "".join(f"{field}\0" for field in fields).encode()
        return len(body).to_bytes(4, "big") + body

    other = socket.create_connection((market.host, market.port), 5)
    hello = b"v100..176"
    other.sendall(b"API\0" + len(hello).to_bytes(4, "big") + hello)
    other.recv(200)
    other.sendall(api(71, 2, 17, ""))
    other.recv(200)

    async def journey(desk: Desk) -> None:
        await shown(lambda: "326" in spoken(desk), "the window says 326")
        said = spoken(desk)
        assert "client id" in said.lower()
        assert "17" in said
        await locked(desk, "Not connected")
        no_trace(desk)
        other.close()
        await shown(lambda: desk.kernel.link is LinkState.READY, "the same id is tried again and taken", 60)
        assert desk.kernel.settings.connection.client_id == 17

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


def test_a_read_only_api_locks_the_ticket_with_the_way_out(
    terminal: Terminal, open_market: Callable[..., DrivenMarket]
) -> None:
    market = open_market("--read-only")

    async def journey(desk: Desk) -> None:
        await shown(lambda: bool(desk.kernel.broker.read_only), "the broker says that it is read-only")
        await locked(desk, "Read-Only API")
        assert "Read-Only API" in spoken(desk)
        assert "Global Configuration" in spoken(desk)
        await shown(lambda: desk.kernel.hub.messages > 50, "quotes stream all the same")
        no_trace(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
    assert not market.truth()["orders"]


def test_a_missing_permission_is_named_where_it_matters(
    terminal: Terminal, open_market: Callable[..., DrivenMarket]
) -> None:
    market = open_market("--unsubscribed", "NVDA")

    async def journey(desk: Desk) -> None:
        await shown(lambda: desk.kernel.link is LinkState.READY, "the connection is ready", 40)
        await shown(lambda: "354" in spoken(desk), "the window says 354")
        said = spoken(desk)
        assert "NVDA" in said
        assert "subscri" in said
        nvda = next(one for one in desk.kernel.watchlist if one.id == "NVDA")
        desk.market.choose(nvda.id)
        await turns()
        await shown(lambda: not desk.ticket.send.isEnabled(), "nothing is sent without a price")
        assert desk.ticket.error.text()
        await choose(desk, "AAPL")
        await shown(desk.ticket.send.isEnabled, "others trade")
        no_trace(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


def delayed(market: DrivenMarket, more: str = "") -> str:
    return paper(market, f"data_type = 'delayed'\n{more}")


async def delayed_ticket(desk: Desk) -> None:
    """Choose the symbol without permission and wait until the ticket can be sent."""
    await ready(desk)
    await choose(desk, "NVDA")
    await shown(desk.ticket.send.isEnabled, "the ticket can be sent")


def test_delayed_data_is_marked_on_each_number(terminal: Terminal, open_market: Callable[..., DrivenMarket]) -> None:
    market = open_market("--unsubscribed", "NVDA")

    async def journey(desk: Desk) -> None:
        await delayed_ticket(desk)
        assert "10167" in spoken(desk)
        quote = desk.kernel.hub.quote(InstrumentId("NVDA"))
        assert quote is not None
        assert quote.data_type is DataType.DELAYED
        marks = (
            desk.chart.data_mark,
            desk.ladder.data_mark,
            desk.ticket.head.data_mark,
            desk.watchlist.details.data_mark,
            desk.chain.data_mark,
        )
        await shown(lambda: not any(mark.isHidden() for mark in marks), "chart, ladder, ticket and lists say it")
        for mark in marks:
            assert mark.text() == "Delayed"
        for price in (desk.ticket.bid, desk.ticket.ask):
            assert price.text().endswith(" D"), price.text()
        notes = noted(desk, "NVDA")
        assert notes["symbol"] == "", "the name keeps its room"
        assert {notes[key] for key in ("bid", "ask", "last", "change", "volume")} == {"D"}
        assert set(noted(desk, "AAPL").values()) == {""}
        await shown(lambda: desk.ladder.model.top_only, "the ladder shows the top of the book only")
        assert "Market Data Subscriptions" in desk.ladder.view.note
        assert "choose delayed data" not in desk.ladder.view.note, "it is chosen already, and has no book"
        await shown(lambda: "No prints" in desk.tape.message, "the tape says that it has no prints")
        assert "10189" in desk.tape.message
        await shown(lambda: "No market data permissions" in desk.chart.message, "the chart says why it has no bars")
        await choose(desk, "AAPL")
        await shown(lambda: all(mark.isHidden() for mark in marks), "what is live is not marked")
        no_trace(desk)

    assert terminal.open(journey, profile="paper", settings=delayed(market)) == 0


def noted(desk: Desk, symbol: str) -> dict[str, str]:
    """Return what stands beside each figure of a symbol's row in the watchlist."""
    cells = desk.watchlist.model.cells_of(symbol)
    return {key: content.note for key, content in cells.items() if isinstance(content, Cell)}


def test_an_order_on_a_delayed_price_asks_once_more(
    terminal: Terminal, open_market: Callable[..., DrivenMarket]
) -> None:
    market = open_market("--unsubscribed", "NVDA")

    async def journey(desk: Desk) -> None:
        await delayed_ticket(desk)
        for leaving in ("Enter", "Esc", "cancel"):
            press(desk.ticket.send, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            first = await dialog("confirm")
            assert "delayed" not in texts(first)
            click(find(first, QPushButton, "confirmSend"))
            await gone(first)
            second = await dialog("confirm")
            assert "The price is delayed" in texts(second)
            assert "NVDA: the quote is delayed, not live" in texts(second)
            match leaving:
                case "Enter":
                    press(focused(), Qt.Key.Key_Return)
                case "Esc":
                    press(second, Qt.Key.Key_Escape)
                case _:
                    click(find(second, QPushButton, "confirmCancel"))
            await gone(second)
            await turns(20)
        assert not orders_of(desk, "NVDA")
        assert not market.orders_received()

        press(desk.ticket.send, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        click(find(await dialog("confirm"), QPushButton, "confirmSend"))
        await turns(20)
        second = await dialog("confirm")
        assert "The price is delayed" in texts(second)
        click(find(second, QPushButton, "confirmSend"))
        await shown(lambda: len(orders_of(desk, "NVDA")) == 1, "the order leaves")
        await shown(lambda: len(market.orders_received()) == 1, "the broker has it")
        no_trace(desk)

    assert terminal.open(journey, profile="paper", settings=delayed(market)) == 0
    assert len(market.orders_received()) == 1


def test_an_armed_ticket_asks_too_when_the_price_is_delayed(
    terminal: Terminal, open_market: Callable[..., DrivenMarket]
) -> None:
    market = open_market("--unsubscribed", "NVDA")

    async def journey(desk: Desk) -> None:
        await delayed_ticket(desk)
        click(desk.ticket.arm)
        await shown(lambda: desk.kernel.armed, "the core is armed")
        click(desk.ticket.send)
        asked = await dialog("confirm")
        assert "The price is delayed" in texts(asked)
        press(focused(), Qt.Key.Key_Return)
        await gone(asked)
        await turns(20)
        assert not market.orders_received()
        click(desk.ticket.send)
        asked = await dialog("confirm")
        click(find(asked, QPushButton, "confirmSend"))
        await gone(asked)
        await shown(lambda: len(market.orders_received()) == 1, "the broker has it")

        await shown(lambda: desk.ladder.view.armed and ladder_price(desk, 2) in prices(desk), "the ladder is armed")
        click_ladder(desk, Zone.BID, ladder_price(desk, 2))
        asked = await dialog("confirm")
        assert "The price is delayed" in texts(asked), "one click asks as well"
        press(asked, Qt.Key.Key_Escape)
        await gone(asked)
        await turns(20)
        assert len(market.orders_received()) == 1

        await choose(desk, "AAPL")
        await shown(desk.ticket.send.isEnabled, "a live price can be traded")
        click(desk.ticket.send)
        await shown(lambda: len(market.orders_received()) == 2, "it leaves without a question")
        no_trace(desk)

    trading = "[trading]\nconfirm_before_send = false\n"
    assert terminal.open(journey, profile="paper", settings=delayed(market, trading)) == 0
    assert len(market.orders_received()) == 2
