# SPDX-License-Identifier: Apache-2.0
"""Option calculations on request: the volatility of a price and the price of a volatility.

The formula and its rates are those by which the market prices its options, so
a client that asks back gets what it was quoted.
"""

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from brokers.simulator.capabilities import need
from brokers.simulator.contracts import invalid
from brokers.simulator.hub import Handlers, Hub
from brokers.simulator.protocol import requests, responses_data
from brokers.simulator.request import Request
from brokers.simulator.session import Session
from terminal.clock import NS_PER_S
from terminal.model.enums import OptionRight
from terminal.model.instrument import Instrument
from terminal.options.implied import implied_volatility_of
from terminal.options.pricing import value, years_between
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.option_quotes import DIVIDEND, RATE

CUSTOM_COMPUTATION: Final = 53
_LAST_TRADE: Final = time(16)
_HIGHEST_VOLATILITY: Final = 10.0


class OptionDesk:
    """Answers calculations at once; remembers which it answered, because clients cancel them all the same."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._answered: set[tuple[Session, int]] = set()

    def handlers(self) -> Handlers:
        return {
            requests.CALC_IMPLIED_VOLATILITY: self.implied_volatility,
            requests.CALC_OPTION_PRICE: self.option_price,
            requests.CANCEL_CALC_IMPLIED_VOLATILITY: self.cancel,
            requests.CANCEL_CALC_OPTION_PRICE: self.cancel,
        }

    def forget(self, session: Session) -> None:
        self._answered = {key for key in self._answered if key[0] is not session}

    def on_turn(self, now_ns: int) -> None:
        """Nothing waits here."""

    def implied_volatility(self, session: Session, request: Request) -> None:
        """Volatility at which an option is worth a price. Errors: 200, 321 when there is none."""
        option = self._option(request)
        price = _positive(request, "option_price")
        under_price = _positive(request, "under_price")
        volatility = implied_volatility_of(
            price,
            under_price,
            float(option.strike or 0),
            self._years(option),
            call=option.right is OptionRight.CALL,
            rate=RATE,
            dividend=DIVIDEND,
        )
        if volatility is None:
            raise invalid(f"No volatility gives the option price {price:g} at an underlying price of {under_price:g}")
        self._answer(session, request, option, volatility, under_price)

    def option_price(self, session: Session, request: Request) -> None:
        """Worth of an option at a volatility. Errors: 200, 321."""
        option = self._option(request)
        volatility = _positive(request, "volatility")
        if volatility > _HIGHEST_VOLATILITY:
            raise invalid(f"Volatility must be at most {_HIGHEST_VOLATILITY:g} (1 is 100 %), was {volatility:g}")
        self._answer(session, request, option, volatility, _positive(request, "under_price"))

    def cancel(self, session: Session, request: Request) -> None:
        """Accept the late cancel of an answered calculation; 300 for any other."""
        if (session, request.id) not in self._answered:
            raise SimulatorRefusalError(300, f"Can't find EId with tickerId:{request.id}")
        self._answered.discard((session, request.id))

    def _option(self, request: Request) -> Instrument:
        option = self._hub.contracts.resolve(request)
        need(request.message.name, option)
        return option

    def _years(self, option: Instrument) -> float:
        assert option.expiry is not None
        end = datetime.combine(option.expiry, _LAST_TRADE, ZoneInfo(option.time_zone))
        return years_between(self._hub.now_ns(), int(end.timestamp()) * NS_PER_S)

    def _answer(
        self, session: Session, request: Request, option: Instrument, volatility: float, under_price: float
    ) -> None:
        worth = value(
            under_price,
            float(option.strike or 0),
            self._years(option),
            volatility,
            option.right is OptionRight.CALL,
            rate=RATE,
            dividend=DIVIDEND,
        )
        self._answered.add((session, request.id))
        session.send(
            responses_data.TICK_OPTION_COMPUTATION,
            req_id=request.id,
            tick_type=CUSTOM_COMPUTATION,
            implied_volatility=volatility,
            delta=float(worth.delta),
            option_price=float(worth.price),
            pv_dividend=0.0,
            gamma=float(worth.gamma),
            vega=float(worth.vega),
            theta=float(worth.theta),
            under_price=under_price,
        )


def _positive(request: Request, name: str) -> float:
    number = request.number(name)
    if number is None or not 0 < number < float("inf"):
        raise invalid(f"{name.replace('_', ' ')} must be a positive number, was {number}")
    return number
