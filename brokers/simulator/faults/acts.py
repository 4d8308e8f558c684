# SPDX-License-Identifier: Apache-2.0
"""What each word of a script does to connections, messages and the course of the script.

One function per word. Those that spoil bytes are in `acts_wire`, those that move the market in `acts_market`;
`ACTS` is all of them together and must have exactly the words of the vocabulary.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from brokers.simulator.faults import acts_market, acts_wire
from brokers.simulator.faults.incident import Deed, Incident
from brokers.simulator.faults.session import FaultySession
from brokers.simulator.faults.vocabulary import Action, Argument, Place
from brokers.simulator.protocol.responses import RESPONSES
from brokers.simulator.protocol.values import Value, Values, WireError
from terminal.errors import UserError

if TYPE_CHECKING:
    from brokers.simulator.faults.laboratory import FaultLaboratory

Act: TypeAlias = Callable[[Deed], None]
_BY_NAME: Final = {message.name: message for message in RESPONSES.values()}
_RESTART_S: Final = 60.0


def _targets(deed: Deed) -> Iterable[FaultySession]:
    """The client at hand, or everybody when the moment belongs to none."""
    if deed.incident.session is not None:
        return (deed.incident.session,)
    return () if deed.incident.place is Place.IN else tuple(deed.lab.server.ready_sessions())


def _seconds(action: Action) -> float | None:
    return float(action.argument) if isinstance(action.argument, int | float) else None


# ------------------------------------------------------------------ the message at hand
def _accept(deed: Deed) -> None:
    deed.incident.settle()


def _drop(deed: Deed) -> None:
    deed.incident.settled = True


def _hold(deed: Deed) -> None:
    if deed.incident.settled or deed.incident.proceed is None:
        return
    deed.incident.settled = True
    deed.lab.server.call_later(_seconds(deed.action) or 0.0, deed.incident.proceed)


def _refuse(deed: Deed) -> None:
    if deed.incident.session is None:
        return
    deed.incident.settled = True
    req_id = deed.incident.integer("req_id", deed.incident.integer("order_id", -1))
    code, text = _code(deed.incident, deed.action)
    deed.incident.session.error(req_id, code, text)


def _code(incident: Incident, action: Action) -> tuple[int, str]:
    code = incident.resolve(action.keys().get("code"))
    text = incident.resolve(action.keys().get("text", ""))
    return int(code) if isinstance(code, int | float) else 0, str(text)


def _reorder(deed: Deed) -> None:
    session, message = deed.incident.session, deed.incident.message
    if session is None or message is None or deed.incident.settled:
        return
    deed.incident.settled = True
    session.gathered_order = _names(deed.action)
    session.gathered.append((message, dict(deed.incident.values)))


# ------------------------------------------------------------------ the connection
def _reset(deed: Deed) -> None:
    deed.incident.settled = True
    for session in _targets(deed):
        session.reset("fault: reset")


def _close(deed: Deed) -> None:
    for session in _targets(deed):
        session.close("fault: closed")


def _hang(deed: Deed) -> None:
    seconds = _seconds(deed.action)
    for session in _targets(deed):
        session.hang()
        if seconds is not None:
            deed.lab.server.call_later(seconds, session.go_on)


def _silence(deed: Deed) -> None:
    seconds = _seconds(deed.action)
    for session in _targets(deed):
        session.silent = True
        if seconds is not None:
            deed.lab.server.call_later(seconds, partial(_speak, session))


def _speak(session: FaultySession) -> None:
    session.silent = False


def _version(deed: Deed) -> None:
    if isinstance(deed.action.argument, int):
        deed.lab.want_version(deed.action.argument)


def _port_closed(deed: Deed) -> None:
    deed.lab.server.close_port(_seconds(deed.action))


def _restart(deed: Deed) -> None:
    closed, back = deed.action.keys().get("closed", _RESTART_S), deed.action.keys().get("ids_back", 0)
    deed.incident.settled = True
    restart(
        deed.lab, float(closed) if isinstance(closed, int | float) else _RESTART_S, back if isinstance(back, int) else 0
    )


def restart(lab: "FaultLaboratory", closed_s: float, ids_back: int) -> None:
    """The nightly restart: every socket broken, the port closed, next valid ids that go back."""
    lab.server.note("restart", closed=closed_s, ids_back=ids_back)
    lab.server.close_port(closed_s)
    for session in lab.server.live():
        session.reset("nightly restart")
    lab.server.ids_back = ids_back


def _proxy(deed: Deed) -> None:
    keys = deed.action.keys()
    numbers = {name: float(each) for name, each in keys.items() if isinstance(each, int | float)}
    deed.lab.server.set_proxy(str(keys.get("mode")), numbers)


# ------------------------------------------------------------------ words to clients
def _notice(deed: Deed) -> None:
    code, text = _code(deed.incident, deed.action)
    about = deed.incident.resolve(deed.action.keys().get("id", -1))
    for session in _targets(deed):
        deed.lab.unheard(partial(session.error, int(about) if isinstance(about, int | float) else -1, code, text))


def _values(incident: Incident, keys: Mapping[str, Argument]) -> Values:
    found: Values = {}
    for name, each in keys.items():
        value = incident.resolve(each)
        if name != "what" and isinstance(value, str | int | float | bool):
            found[name] = value
    return found


def _say(deed: Deed) -> None:
    for session in _targets(deed):
        _say_to(deed, session, {})


def _say_lines(deed: Deed) -> None:
    for session in _targets(deed):
        for req_id in tuple(session.lines):
            _say_to(deed, session, {"req_id": req_id})


def _say_to(deed: Deed, session: FaultySession, more: dict[str, Value]) -> None:
    message = _BY_NAME[str(deed.action.keys()["what"])]
    values = {**_values(deed.incident, deed.action.keys()), **more}
    try:
        deed.lab.unheard(lambda: session.send(message, **values))
    except WireError as error:
        raise UserError("SIM-021", f"{deed.script}, line {deed.action.line}: {error}.") from error


def _raw(deed: Deed) -> None:
    try:
        data = bytes.fromhex(str(deed.action.argument))
    except ValueError as error:
        raise UserError(
            "SIM-021", f"{deed.script}, line {deed.action.line}: raw takes hexadecimal digits, {error}."
        ) from error
    for session in _targets(deed):
        session.send_raw(data, "raw")


# ------------------------------------------------------------------ the course of the script
def _names(action: Action) -> list[str]:
    names = action.argument if isinstance(action.argument, list) else [action.argument]
    return [str(name) for name in names]


def _arm(deed: Deed) -> None:
    deed.lab.arm(_names(deed.action), deed.script, on=True)


def _disarm(deed: Deed) -> None:
    deed.lab.arm(_names(deed.action), deed.script, on=False)


def _pause(deed: Deed) -> None:
    deed.lab.server.pump.pause()


def _speed(deed: Deed) -> None:
    deed.lab.server.pump.set_speed(_seconds(deed.action) or 0.0)


ACTS: Final[Mapping[str, Act]] = {
    # "wait" is the laboratory's own
    "accept": _accept,
    "send": _accept,
    "drop": _drop,
    "hold": _hold,
    "refuse": _refuse,
    "reorder": _reorder,
    "reset": _reset,
    "close": _close,
    "hang": _hang,
    "silence": _silence,
    "version": _version,
    "port_closed": _port_closed,
    "restart": _restart,
    "proxy": _proxy,
    "notice": _notice,
    "say": _say,
    "say_lines": _say_lines,
    "raw": _raw,
    "arm": _arm,
    "disarm": _disarm,
    "pause": _pause,
    "speed": _speed,
    **acts_wire.ACTS,
    **acts_market.ACTS,
}
