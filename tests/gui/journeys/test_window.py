# SPDX-License-Identifier: Apache-2.0
"""What the window offers besides orders by hand: strategies, the option chain, settings, looks; and its guards."""

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QHeaderView,
    QLineEdit,
    QMainWindow,
    QSpinBox,
    QTabBar,
    QWidget,
)

from terminal.model.enums import AssetClass, OrderStatus, StrategyState
from terminal.model.ids import StrategyId
from tests.gui.journeys.stage import (
    DrivenMarket,
    Terminal,
    bad_lines,
    cell,
    choose,
    click,
    dialog,
    find,
    gone,
    paper,
    press,
    ready,
    shown,
    texts,
    turns,
)
from widgets.connect_dialog import ConnectDialog
from widgets.desk import Desk
from widgets.settings_dialog import SettingsDialog

VWAP = StrategyId("vwap_cross")


# ---------------------------------------------------------------- strategies
def test_a_strategy_is_switched_with_one_click_and_all_are_stopped(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        desk.docks["strategies"].raise_()
        strategies = {entry.plugin.id: entry for entry in desk.kernel.strategies.entries()}
        line = desk.strategies.lines[VWAP]
        observe = line.switch._buttons["observe"]
        click(observe)
        await shown(lambda: strategies[VWAP].state is StrategyState.OBSERVE, "one click observes")
        click(line.switch._buttons["live"])
        await shown(lambda: strategies[VWAP].state is StrategyState.LIVE, "one click goes live")
        assert "1 live" in desk.strategies.running.text()
        click(desk.strategies.lines[StrategyId("mean_reversion")].switch._buttons["observe"])
        await shown(lambda: "1 live, 1 observing" in desk.strategies.running.text(), "both run")
        click(desk.strategies.stop_all)
        await shown(lambda: {one.state for one in strategies.values()} == {StrategyState.OFF}, "all are off")
        assert line.switch.current == "off"
        assert not desk.strategies.stop_all.isEnabled()
        await _change_a_parameter(desk)
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


async def _change_a_parameter(desk: Desk) -> None:
    form = desk.strategies.forms[VWAP]
    name, spin = next(iter(form._spins.items()))
    wanted = spin.maximum()
    spin.setValue(wanted)
    apply = form.findChild(QAbstractButton, "parametersApply")
    assert apply is not None
    click(apply)
    await turns()
    entry = next(one for one in desk.kernel.strategies.entries() if one.plugin.id == VWAP)
    assert entry.values[name] == wanted
    assert desk.kernel.settings.strategies[VWAP][name] == wanted


# ---------------------------------------------------------------- workspaces
def test_each_workspace_comes_back_as_it_was_left(terminal: Terminal, market: DrivenMarket) -> None:
    def shown_panels(desk: Desk) -> set[str]:
        return {key for key, dock in desk.docks.items() if not dock.isHidden()}

    async def journey(desk: Desk) -> None:
        tabs, found = desk.window.top.workspaces, dict[str, set[str]]()
        for place in (0, 1, 2, 1, 2, 0, 2, 1):
            click(tabs, tabs.tabRect(place).center())
            await turns(20)
            name = tabs.tabText(place)
            assert desk.workspace == name
            assert shown_panels(desk) == found.setdefault(name, shown_panels(desk)), name
        assert found["Main"] == set(desk.docks)
        assert "chart" not in found["Risk"]
        assert "account" not in found["Options"]
        desk.docks["tape"].toggleViewAction().trigger()
        await turns()
        assert shown_panels(desk) == found["Options"] | {"tape"}, "a panel that waits hidden comes when it is called"

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


# ---------------------------------------------------------------- option chain
def test_an_option_is_bought_from_the_chain_and_lines_are_given_back(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        await choose(desk, "AAPL")
        click(desk.window.top.workspaces, desk.window.top.workspaces.tabRect(1).center())
        chain = desk.chain
        await shown(lambda: len(chain.model.strikes) > 10, "strikes are listed")
        click(chain.tabs, chain.tabs.tabRect(1).center())
        await shown(
            lambda: chain.tabs.currentIndex() == 1 and len(chain.model.strikes) > 5, "the other expiry is shown"
        )
        money = chain.model.at_the_money()
        assert money is not None
        for name in ("delta", "gamma", "vega", "theta", "iv", "bid", "ask"):
            await shown(partial(_streams, desk, money, name), f"{name} streams")
        used = desk.kernel.subscriptions.used()
        assert used <= desk.kernel.settings.connection.market_data_lines
        await _buy_the_call(desk, money)
        click(desk.window.top.workspaces, desk.window.top.workspaces.tabRect(0).center())
        await shown(lambda: not desk.docks["chain"].in_front, "the chain is behind")
        await shown(lambda: desk.kernel.subscriptions.used() < used - 5, "its lines are given back")
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


def _streams(desk: Desk, index: int, name: str) -> bool:
    return desk.chain.model.value(desk.chain.model.strikes[index].call, name) is not None


async def _buy_the_call(desk: Desk, index: int) -> None:
    view = desk.chain.view
    first, last = view.visible_range()
    assert first <= index <= last
    _, _, left, width = next(slot for slot in view._slots() if slot[:2] == ("call", "ask"))
    spot = QPoint(left + width // 2, view.head_height + (index - first) * view.row_height + view.row_height // 2)
    contract = desk.chain.model.strikes[index].call
    assert contract is not None
    click(view.viewport(), spot)
    await shown(lambda: desk.ticket.model.instrument == contract, "the option stands in the ticket")
    ticket = desk.ticket
    await shown(lambda: ticket.draft is not None and ticket.send.isEnabled(), "it can be bought")
    assert ticket.limit.value is not None
    click(ticket.ask)
    press(ticket.send, Qt.Key.Key_Return)
    box = await dialog("confirm")
    click(find(box, QAbstractButton, "confirmSend"))
    await gone(box)
    await shown(lambda: len(desk.kernel.orders.all()) == 1, "the order is made")
    (order,) = desk.kernel.orders.all()
    await shown(lambda: order.status is OrderStatus.FILLED, "it fills")
    await shown(lambda: cell(desk, "positions", contract.id, "quantity") == "+1", "the position shows")
    assert contract.asset_class is AssetClass.OPTION


# ---------------------------------------------------------------- settings and looks
def test_settings_take_effect(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        desk.window.actions_["settings"].trigger()
        box = await dialog("settingsDialog")
        assert isinstance(box, SettingsDialog)
        assert "PAPER" in box.windowTitle()
        find(box, QCheckBox, "setting:trading.confirm_before_send").setChecked(True)
        find(box, QSpinBox, "setting:trading.stock_quantity").setValue(33)
        find(box, QDoubleSpinBox, "setting:trading.bracket_stop_percent").setValue(2.5)
        find(box, QSpinBox, "setting:risk.max_notional").setValue(5_000)
        find(box, QComboBox, "setting:appearance.theme").setCurrentText("light")
        find(box, QLineEdit, "setting:watchlist.symbols").setText("AAPL, IBM, SPY")
        click(find(box, QAbstractButton, "settingsSave"))
        await gone(box)
        await shown(lambda: desk.theme.name == "light", "the theme follows")
        await shown(lambda: set(desk.watchlist.model.ids) == {"AAPL", "IBM", "SPY"}, "the watchlist follows")
        await choose(desk, "IBM")
        assert desk.ticket.quantity.text() == "33"
        assert "5,000" in desk.ticket.error.text()
        assert not desk.ticket.send.isEnabled()
        desk.ticket.quantity.setText("5")
        desk.ticket.read()
        click(desk.ticket.with_stop)
        await shown(desk.ticket.send.isEnabled, "a smaller order may leave")
        draft = desk.ticket.draft
        assert draft is not None
        assert draft.command.bracket is not None
        assert draft.reference is not None
        assert draft.command.bracket.stop_price is not None
        assert abs(float(draft.command.bracket.stop_price / draft.reference) - 0.975) < 0.0005
        click(desk.ticket.arm)
        await shown(lambda: desk.kernel.armed, "armed")
        click(desk.ticket.send)
        asked = await dialog("confirm")
        asked.reject()
        await gone(asked)
        assert not desk.kernel.orders.all()

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


def test_theme_and_density_change_while_it_runs(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        name, density = desk.theme.name, desk.theme.density_name
        row = desk.theme.density.row
        desk.window.actions_["theme"].trigger()
        await turns()
        assert desk.theme.name != name
        seen = {density}
        for _ in desk.theme.tokens.densities:
            desk.window.actions_["density"].trigger()
            await turns()
            seen.add(desk.theme.density_name)
            assert desk.orders.table.view.verticalHeader().defaultSectionSize() == desk.theme.density.row
        assert seen == set(desk.theme.tokens.densities)
        assert desk.theme.density.row == row
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


# ---------------------------------------------------------------- guards
HANDS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QTabBar)


def unnamed(root: QWidget) -> Iterator[str]:
    """Yield every control that a screen reader could not tell, with the way to it."""
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, HANDS) or _is_part(widget):
            continue
        name = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
        if not name:
            above = [type(one).__name__ + ":" + one.objectName() for one in _parents(widget)]
            yield f"{type(widget).__name__}:{widget.objectName()} in {' < '.join(above[:4])}"


def _is_part(widget: QWidget) -> bool:
    """Say whether Qt made it as a part of a control that has the name."""
    above = widget.parent()
    if widget.objectName().startswith("qt_") or isinstance(widget, QHeaderView):
        return True
    if isinstance(above, QTabBar | QAbstractSpinBox | QLineEdit | QMainWindow):
        return True
    return any(isinstance(one, QComboBox) for one in _parents(widget))


def _parents(widget: QWidget) -> Iterator[QWidget]:
    above = widget.parentWidget()
    while above is not None:
        yield above
        above = above.parentWidget()


def test_every_window_names_its_mode_and_every_control_itself(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        assert not list(unnamed(desk.window)), "\n".join(unnamed(desk.window))
        for key in ("connect", "settings", "keys", "about", "doctor", "verify"):
            desk.window.actions_[key].trigger()
            await shown(lambda: QApplication.activeModalWidget() is not None, f"{key} opens a dialog")
            box = QApplication.activeModalWidget()
            assert isinstance(box, QDialog)
            assert "PAPER" in box.windowTitle(), key
            assert not list(unnamed(box)), "\n".join(unnamed(box))
            if isinstance(box, ConnectDialog):
                assert box.port.value() == market.port
            press(box, Qt.Key.Key_Escape)
            await gone(box)
        dock = desk.docks["chart"]
        dock.setFloating(True)
        await turns()
        assert dock.isWindow()
        assert "PAPER" in texts(dock)
        dock.setFloating(False)
        assert not bad_lines(desk), bad_lines(desk)

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0


def test_every_action_of_the_menus_acts(terminal: Terminal, market: DrivenMarket) -> None:
    async def journey(desk: Desk) -> None:
        await ready(desk)
        listed: list[QAction] = []
        for menu in desk.window.menus.values():
            listed += [action for action in menu.actions() if not action.isSeparator()]
        assert len({action.text() for action in listed}) == len(listed)
        for spec in desk.window.actions_.specs:
            action = desk.window.actions_[spec.key]
            assert action in listed
            assert action.receivers("2triggered(bool)") >= 1, spec.key
        toggles = [action for action in desk.window.menus["Panels"].actions() if action.isCheckable()]
        assert len(toggles) == len(desk.docks)
        for key, dock in desk.docks.items():
            action = dock.toggleViewAction()
            before = dock.isHidden()
            action.trigger()
            assert dock.isHidden() != before, key
            action.trigger()
        desk.window.actions_["lock_layout"].trigger()
        assert not desk.docks["chart"].features() & desk.docks["chart"].DockWidgetFeature.DockWidgetMovable
        desk.window.actions_["lock_layout"].trigger()
        desk.window.actions_["new_order"].trigger()
        assert QApplication.focusWidget() is desk.ticket.quantity
        desk.window.actions_["palette"].trigger()
        assert QApplication.focusWidget() is desk.window.top.search
        for letter in "NVDA":
            press(desk.window.top.search, Qt.Key(ord(letter)))
        press(desk.window.top.search, Qt.Key.Key_Return)
        await shown(lambda: desk.market.current is not None and desk.market.current.id == "NVDA", "search chooses")
        desk.window.actions_["reconcile"].trigger()
        await shown(lambda: desk.orders.match.text() == "Broker and local orders match", "compared")

    assert terminal.open(journey, profile="paper", settings=paper(market)) == 0
