# SPDX-License-Identifier: Apache-2.0
"""The laboratory: watches messages, events and time with the rules of the scripts, and carries out what they say.

Every firing is written to the history file as an event ``fault`` before it acts: script, rule, how often, at which
step. A test first proves from there that the fault happened. Chance is a hash of seed, rule and count, so a run with
the same seed and the same requests does the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from brokers.simulator.faults.acts import ACTS
from brokers.simulator.faults.incident import Deed, Incident, matches
from brokers.simulator.faults.session import FaultySession
from brokers.simulator.faults.vocabulary import Action, Place, Rule, Script
from brokers.simulator.protocol.language import Message
from brokers.simulator.protocol.values import Values, WireError
from terminal.errors import UserError
from terminal.simulation.exchange_port import SimulatorRefusalError
from terminal.simulation.rng import label_key, mix, unit

if TYPE_CHECKING:
    from brokers.simulator.faults.server import FaultyTws


@dataclass(slots=True)
class Watch:
    """A rule at work."""

    rule: Rule
    script: str
    key: int
    armed: bool
    seen: int = 0
    fired: int = 0
    generation: int = 0
    """Counts armings, so that a timer of an older one does nothing."""

    @property
    def over(self) -> bool:
        return self.rule.times is not None and self.fired >= self.rule.times

    def counts(self, client_id: int | None, values: Mapping[str, object]) -> bool:
        """Count one occasion and say whether the rule fires on it."""
        rule = self.rule
        if not self.armed or self.over or (rule.client is not None and rule.client != client_id):
            return False
        if rule.where and not matches(rule.where, values):
            return False
        self.seen += 1
        if self.seen < rule.since or (rule.nth and self.seen not in rule.nth):
            return False
        return rule.chance >= 1 or unit(mix(self.key, self.seen)) < rule.chance


class FaultLaboratory:
    """See the module."""

    def __init__(self, server: "FaultyTws", seed: int) -> None:
        self.server = server
        self._seed = seed
        self.watches: list[Watch] = []
        self._by_name: dict[str, list[Watch]] = {}
        self._steps: list[Watch] = []
        self.step = 0
        """How often the market has lived since the start."""
        self._version: int | None = None
        self._quiet = False

    # ------------------------------------------------------------------ scripts
    def add(self, script: Script) -> None:
        """Let a script's rules watch from now on."""
        fresh = [
            Watch(rule, script.name, label_key("fault", self._seed, script.name, rule.name), rule.armed)
            for rule in script.rules
        ]
        for watch in fresh:
            self.watches.append(watch)
            for name in sorted(watch.rule.on):
                self._by_name.setdefault(name, []).append(watch)
            if watch.rule.step is not None:
                self._steps.append(watch)
        self.server.note("script", script=script.name, rules=len(fresh), title=script.title)
        for watch in fresh:
            if watch.armed:
                self._set_timer(watch)
        self.event("start", {"script": script.name}, only=fresh)

    def arm(self, names: Iterable[str], script: str, *, on: bool) -> None:
        """Let rules of a script watch, or watch no more."""
        wanted = set(names)
        for watch in self.watches:
            if watch.script == script and watch.rule.name in wanted and watch.armed is not on:
                watch.armed = on
                watch.generation += 1
                if on:
                    watch.seen = watch.fired = 0
                    self._set_timer(watch)

    def calm(self) -> None:
        """Let no rule watch any more; what is under way (a wait, a closed port) comes to its end."""
        for watch in self.watches:
            watch.armed = False
            watch.generation += 1

    def _set_timer(self, watch: Watch) -> None:
        rule = watch.rule
        if rule.place is not Place.TIME or rule.step is not None:
            return
        first = rule.after_s if rule.after_s is not None else rule.every_s
        generation = watch.generation

        def due() -> None:
            if watch.generation != generation or not watch.counts(rule.client, {}):
                return
            if rule.every_s is not None and (rule.times is None or watch.fired + 1 < rule.times):
                self.server.call_later(rule.every_s, due)
            self._fire_at(watch)

        self.server.call_later(first or 0.0, due)

    # ------------------------------------------------------------------ what is watched
    def watches_any(self, name: str) -> bool:
        return name in self._by_name

    def incoming(self, session: FaultySession, name: str, values: Values, proceed: Callable[[], None]) -> None:
        """Handle a request, or do with it what the rules say."""
        self._through(Place.IN, session, name, None, values, proceed)

    def outgoing(self, session: FaultySession, message: Message, values: Values) -> None:
        values = self.server.rolled_back(message.name, values) if self.server.ids_back else values
        if message.name not in self._by_name or self._quiet:
            session.send_plain(message, values)
            return
        self._through(Place.OUT, session, message.name, message, values, lambda: session.send_plain(message, values))

    def _through(
        self, place: Place, session: FaultySession, name: str, message: Message | None, values: Values,
        proceed: Callable[[], None],
    ) -> None:  # fmt: skip
        for watch in self._by_name.get(name, ()):
            if not watch.counts(session.client_id, values):
                continue
            incident = Incident(
                rule=watch.rule, place=place, session=session, name=name, message=message, values=values,
                proceed=proceed,
            )  # fmt: skip
            self._fire(watch, incident, keep=True)
            if incident.settled:
                return
        proceed()

    def event(
        self, name: str, values: Mapping[str, object], session: FaultySession | None = None,
        only: Iterable[Watch] | None = None,
    ) -> None:  # fmt: skip
        """Tell the rules that the server noted something."""
        for watch in list(self._by_name.get(name, ()) if only is None else only):
            if name not in watch.rule.on:
                continue
            client = values.get("client")
            known = session.client_id if session is not None else client if isinstance(client, int) else None
            if not watch.counts(known, values):
                continue
            target = session or self.server.session_of(known)
            plain: Values = {key: each for key, each in values.items() if isinstance(each, str | int | float)}
            self._fire(watch, Incident(rule=watch.rule, place=Place.EVENT, session=target, name=name, values=plain))

    def stepped(self) -> None:
        """The market has lived one step."""
        self.step += 1
        for watch in self._steps:
            if watch.rule.step == self.step and watch.counts(watch.rule.client, {}):
                self._fire_at(watch)

    def version_for(self, session: FaultySession) -> int | None:
        """Let the rules look at a handshake; return the wrong version that one of them wants."""
        self._version = None
        self.event("handshake", {"version": session.server_version}, session)
        return self._version

    def want_version(self, version: int) -> None:
        self._version = version

    # ------------------------------------------------------------------ what is done
    def _fire_at(self, watch: Watch) -> None:
        """Fire for every client that is there (or the named one); without any, once for the server."""
        targets: list[FaultySession | None] = [
            each for each in self.server.ready_sessions() if watch.rule.client in (None, each.client_id)
        ]
        watch.fired += 1
        self._note(watch, None, "time")
        for target in targets or [None]:
            incident = Incident(rule=watch.rule, place=Place.TIME, session=target, name="time")
            self.carry_out(watch.script, incident, watch.rule.actions)

    def _fire(self, watch: Watch, incident: Incident, *, keep: bool = False) -> None:
        watch.fired += 1
        self._note(watch, incident.session, incident.name)
        self.carry_out(watch.script, incident, watch.rule.actions)
        if not keep:
            incident.settle()

    def _note(self, watch: Watch, session: FaultySession | None, on: str) -> None:
        self.server.note(
            "fault",
            script=watch.script,
            rule=watch.rule.name,
            on=on,
            seen=watch.seen,
            fired=watch.fired,
            step=self.step,
            client=None if session is None else session.client_id,
            actions=[action.word for action in watch.rule.actions],
        )

    def carry_out(self, script: str, incident: Incident, actions: tuple[Action, ...]) -> None:
        """Do one action after the other; a ``wait`` ends this turn, the message at hand then has its way."""
        for number, action in enumerate(actions):
            if action.word == "wait":
                rest = actions[number + 1 :]
                incident.settle()
                seconds = action.argument if isinstance(action.argument, int | float) else 0.0
                self.server.call_later(float(seconds), partial(self._go_on, script, incident, rest))
                return
            try:
                ACTS[action.word](Deed(self, script, incident, action))
            except (UserError, WireError, SimulatorRefusalError) as error:
                self.server.note("fault_failed", script=script, line=action.line, action=action.word, text=str(error))

    def _go_on(self, script: str, incident: Incident, rest: tuple[Action, ...]) -> None:
        self.server.note("fault_goes_on", script=script, rule=incident.rule.name, actions=[each.word for each in rest])
        if incident.session is not None and incident.session not in self.server.live():
            incident.session = self.server.session_of(incident.session.client_id)
        self.carry_out(script, incident, rest)

    def unheard(self, act: Callable[[], None]) -> None:
        """Let something be said that no rule looks at (a script's own words)."""
        before, self._quiet = self._quiet, True
        try:
            act()
        finally:
            self._quiet = before
