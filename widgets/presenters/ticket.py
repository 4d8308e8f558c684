# SPDX-License-Identifier: Apache-2.0
"""Ticket presenter: quotes and previews in, orders out. Every order that leaves by hand passes through `send`."""

from decimal import Decimal

from terminal.clock import NS_PER_S
from terminal.errors import BrokerError
from terminal.model.commands import SetArmed, SubmitOrder
from terminal.model.enums import AssetClass, LinkState, Mode, OrderType, Side
from terminal.model.instrument import Instrument
from terminal.model.preview import OrderPreview
from terminal.settings import Settings
from widgets import formats
from widgets.dialogs import Confirm, finished
from widgets.formats import SignRule
from widgets.presenters.common import Stage
from widgets.ticket.model import Draft
from widgets.ticket.panel import TicketPanel
from widgets.ticket.preview import PreviewFigures, PreviewRow
from widgets.toasts import ToastKind

REFRESH_S = 2.0
"""A preview on screen is asked again after this, so that it never grows stale while it is looked at."""


def default_size(instrument: Instrument, settings: Settings) -> str:
    """Return what the size field starts with for an instrument's class."""
    trading = settings.trading
    match instrument.asset_class:
        case AssetClass.OPTION:
            return str(trading.option_quantity)
        case AssetClass.FUTURE:
            return str(trading.future_quantity)
        case AssetClass.FOREX:
            return str(trading.forex_quantity)
        case _:
            return str(trading.stock_quantity)


class TicketPresenter:
    """Keeps the ticket on the chosen instrument."""

    def __init__(self, stage: Stage, panel: TicketPanel) -> None:
        self._stage = stage
        self._kernel = stage.kernel
        self.panel = panel
        self._instrument: Instrument | None = None
        self._preview: OrderPreview | None = None
        self._preview_of: SubmitOrder | None = None
        self._asked_ns = 0
        self._asking = False
        self._problem = ""
        panel.refusal_of = self._refusal_of
        panel.model.largest = self._kernel.risk.largest_order
        panel.model.rate_to_base = self._kernel.portfolio.rate_to_base
        panel.draft_changed.connect(self._on_draft)
        panel.send_requested.connect(self._on_send)
        panel.arm_requested.connect(lambda: stage.run(self.toggle_arm(), "Not armed"))

    def set_instrument(self, instrument: Instrument) -> None:
        self._instrument = instrument
        quote = self._kernel.hub.quote(instrument.id)
        self._forget_preview()
        settings = self._kernel.settings
        self.panel.set_instrument(instrument, quote, default_size(instrument, settings))
        trading = settings.trading
        self.panel.preset(
            force=trading.time_in_force, outside=trading.outside_regular_hours, bracket=trading.bracket_on
        )

    def _refusal_of(self, draft: Draft) -> str:
        """Return the first rule that would refuse a draft whatever the person confirms."""
        if self._kernel.why_not_trade():
            return ""  # the ticket says so already
        refusals = self._kernel.execution.check(draft.command)
        return next((one.reason for one in refusals if not one.soft and one.code != "NOT_ARMED"), "")

    # ------------------------------------------------------------ sending
    def _on_send(self, draft: Draft) -> None:
        """Send inside the click when there is nothing to ask: the next turn of the loop may stand behind a frame."""
        if not self._asks() and not self._kernel.soft_refusals(draft.command):
            self.submit_now(draft.command)
        else:
            self._stage.run(self.send(draft), "Order not sent")

    def _asks(self) -> bool:
        settings = self._kernel.settings
        return self._kernel.mode is Mode.LIVE or not self._kernel.armed or settings.trading.confirm_before_send

    async def send(self, draft: Draft) -> None:
        """Send at once when armed (never live money), else after a confirmation that states act and cost."""
        command = draft.command
        ask = self._asks()
        accepted: frozenset[str] = frozenset()
        if ask and not await self._confirmed(draft):
            return
        if ask:
            accepted = frozenset({"NOT_ARMED"})
        warnings = self._kernel.soft_refusals(command)
        if warnings:
            if not await self._warned(draft, [f"{code}: {text}" for code, text in warnings]):
                return
            accepted |= {code for code, _ in warnings}
        self._submit(command, accepted)

    def submit_now(self, command: SubmitOrder) -> None:
        """Send without a question: only reached while armed."""
        self._submit(command, frozenset())

    def _submit(self, command: SubmitOrder, accepted: frozenset[str]) -> None:
        confirmed = SubmitOrder(
            spec=command.spec,
            bracket=command.bracket,
            origin=command.origin,
            strategy_id=command.strategy_id,
            confirmed_warnings=accepted,
            note=command.note,
        )
        self._stage.attempt(lambda: self._kernel.do(confirmed), "Order not sent")

    async def _confirmed(self, draft: Draft) -> bool:
        spec, instrument = draft.command.spec, self._instrument
        mode = self._kernel.mode.value
        position = self._kernel.portfolio.position(spec.instrument_id).quantity
        after = position + spec.quantity * spec.side.sign
        signed = SignRule.ALWAYS
        rows = [
            ("Terms", self._terms(draft)),
            ("Position", f"{formats.quantity(position, signed)} → {formats.quantity(after, signed)}"),
            ("Estimated value", formats.number(draft.value, 2)),
        ]
        preview = self._fresh_preview(draft)
        if preview is not None:
            rows.append(("Initial margin", _arrow(preview.initial_before, preview.initial_after)))
            rows.append(("Commission", formats.number(preview.commission, 2)))
        if draft.risk is not None:
            rows.append(("Loss at the stop", formats.number(-draft.risk, 2, SignRule.MONEY)))
        verb = formats.SIDES[spec.side]
        name = instrument.id if instrument is not None else spec.instrument_id
        dialog = Confirm(
            self._stage.theme,
            self._stage.window,
            mode=mode,
            title=f"Send this {mode} order?",
            headline=draft.words,
            rows=rows,
            action=f"Send {mode}: {verb} {formats.quantity(spec.quantity)} {name}",
            kind=spec.side.value,
            note="Live orders always ask." if mode == "live" else "Armed, with confirmation off, it sends at once.",
        )
        return await finished(dialog)

    def _terms(self, draft: Draft) -> str:
        spec, bracket = draft.command.spec, draft.command.bracket
        parts = [formats.ORDER_TYPES[spec.order_type], formats.TIMES_IN_FORCE[spec.time_in_force]]
        if spec.outside_regular_hours:
            parts.append("outside hours")
        if bracket is not None and bracket.stop_price is not None:
            parts.append(f"stop {bracket.stop_price}")
        if bracket is not None and bracket.target_price is not None:
            parts.append(f"target {bracket.target_price}")
        return " · ".join(parts)

    async def _warned(self, draft: Draft, warnings: list[str]) -> bool:
        quote = self._kernel.hub.quote(draft.command.spec.instrument_id)
        delayed = quote is not None and quote.delayed
        dialog = Confirm(
            self._stage.theme,
            self._stage.window,
            mode=self._kernel.mode.value,
            title="The price is delayed" if delayed else "This order breaks a soft limit",
            headline=draft.words,
            rows=[("Warning", text) for text in warnings],
            action="Send on a delayed price" if delayed else "Send all the same",
            kind="danger",
        )
        return await finished(dialog)

    # ------------------------------------------------------------ arming
    async def toggle_arm(self) -> None:
        """Arm or disarm; live money needs the account typed, which the core checks."""
        self._kernel.do(SetArmed(armed=not self._kernel.armed))

    # ------------------------------------------------------------ one click
    def click_to_trade(self, side: Side, price: Decimal) -> None:
        """A limit order from the ladder, with the ticket's size: at once while the core is armed, else it asks."""
        self.panel.prefill(side=side, limit=price)
        draft = self.panel.draft
        if draft is None:
            self._stage.say(ToastKind.ERROR, "Order not sent", "The ticket's size cannot be read; mend it there.")
            return
        plain = draft.command.spec.order_type is OrderType.LIMIT and self._kernel.mode is not Mode.LIVE
        plain = plain and not self._kernel.soft_refusals(draft.command)  # what may be confirmed is asked
        if plain and self._kernel.armed:  # the screen hears of a disarming a moment after the core
            self.submit_now(draft.command)
        else:
            self._stage.run(self.send(draft), "Order not sent")

    def prefill(self, side: Side, price: Decimal | None) -> None:
        self.panel.prefill(side=side, limit=price)

    def prefill_from_chain(self, side: Side, price: object) -> None:
        self.panel.prefill(side=side, limit=price if isinstance(price, Decimal) else None)

    # ------------------------------------------------------------ previews
    def _on_draft(self, draft: Draft | None) -> None:
        if draft is None:
            self._forget_preview()
            return
        if draft.command != self._preview_of:
            self._preview = self._preview_of = None
            self._problem = ""
            self._show(draft)
            self._ask(draft)

    def _ask(self, draft: Draft) -> None:
        if self._asking or self._kernel.link is not LinkState.READY:
            return
        self._asking = True
        self._asked_ns = self._kernel.clock.monotonic_ns()
        self._stage.run(self._fetch(draft), "No preview")

    async def _fetch(self, draft: Draft) -> None:
        try:
            preview = await self._kernel.preview(draft.command)
            problem = preview.warning
        except BrokerError as error:
            preview, problem = None, f"No preview: {error.text}"
        finally:
            self._asking = False
        now = self.panel.draft
        if now is None:
            return
        if now.command != draft.command:
            self._ask(now)
            return
        self._preview, self._preview_of, self._problem = preview, draft.command, problem
        self._show(now)

    def _fresh_preview(self, draft: Draft) -> OrderPreview | None:
        return self._preview if draft.command == self._preview_of else None

    def _forget_preview(self) -> None:
        self._preview = self._preview_of = None
        self._problem = ""
        self.panel.show_preview([], PreviewFigures())
        self.panel.set_preview_age(None)

    def _show(self, draft: Draft) -> None:
        spec = draft.command.spec
        position = self._kernel.portfolio.position(spec.instrument_id).quantity
        rows = [
            PreviewRow(
                name="Position",
                now=position,
                after=position + spec.quantity * spec.side.sign,
                decimals=0,
                sign=SignRule.ALWAYS,
                of_market=False,
            )
        ]
        preview = self._fresh_preview(draft)
        if preview is not None:
            account = self._kernel.portfolio.account()
            excess = account.value("ExcessLiquidity")
            change = preview.maintenance_change
            equity = preview.equity_change or Decimal(0)
            after = excess - change + equity if excess is not None and change is not None else None
            rows += [
                PreviewRow(name="Initial margin", now=preview.initial_before, after=preview.initial_after),
                PreviewRow(name="Maintenance margin", now=preview.maintenance_before, after=preview.maintenance_after),
                PreviewRow(name="Excess liquidity", now=excess, after=after),
            ]
        rows += [
            PreviewRow(name=name, now=now, after=later, decimals=0)
            for name, now, later in self._kernel.greeks_after(spec)
        ]
        self.panel.show_preview(
            rows,
            PreviewFigures(
                commission=preview.commission if preview is not None else None,
                max_loss=draft.risk,
                at_target=draft.reward,
                value=draft.value,
                of_market=draft.of_market,
            ),
            self._problem,
        )

    # ------------------------------------------------------------ ticks
    def on_quote(self) -> None:
        instrument = self._instrument
        if instrument is not None:
            self.panel.take_quote(self._kernel.hub.quote(instrument.id))

    def tick(self, *, armed: bool, left: str) -> None:
        kernel, instrument = self._kernel, self._instrument
        self.panel.set_armed_state(armed, left)
        self.panel.set_blocked(kernel.why_not_trade())
        self.panel.model.net_liquidation = kernel.portfolio.account().net_liquidation
        if instrument is None:
            return
        option = kernel.hub.option_quote(instrument.id)
        self.panel.model.delta = option.delta if option is not None else None
        self.panel.show_quote_age(self._stage.ages.of(instrument.id))
        draft = self.panel.draft
        preview = self._fresh_preview(draft) if draft is not None else None
        age = (kernel.clock.now_ns() - preview.ns) / NS_PER_S if preview is not None else None
        self.panel.set_preview_age(age)
        self.panel.recheck()
        waited = (kernel.clock.monotonic_ns() - self._asked_ns) / NS_PER_S
        if draft is not None and waited >= REFRESH_S and not self.panel.visibleRegion().isEmpty():
            self._ask(draft)


def _arrow(before: Decimal | None, after: Decimal | None) -> str:
    return f"{formats.number(before, 2)} → {formats.number(after, 2)}"
