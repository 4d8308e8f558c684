# SPDX-License-Identifier: Apache-2.0
"""An incident: one moment at which a rule acts, and what the actions may know and decide about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from brokers.simulator.faults.session import FaultySession
from brokers.simulator.faults.vocabulary import Action, Argument, Place, Rule
from brokers.simulator.protocol.language import Message
from brokers.simulator.protocol.values import Values

if TYPE_CHECKING:
    from brokers.simulator.faults.laboratory import FaultLaboratory


@dataclass(slots=True, kw_only=True)
class Incident:
    """What happens now. ``settled``: the message at hand is handled, sent, held or lost; nothing more is due to it."""

    rule: Rule
    place: Place
    session: FaultySession | None
    name: str
    message: Message | None = None
    values: Values = field(default_factory=dict)
    proceed: Callable[[], None] | None = None
    """Handles or sends the message at hand."""
    settled: bool = False

    def settle(self) -> None:
        """Let the message at hand have its way, once."""
        if not self.settled:
            self.settled = True
            if self.proceed is not None:
                self.proceed()

    def resolve(self, value: Argument) -> Argument:
        """Replace ``$name`` by the value of the message or event at hand; unknown names become 0."""
        if isinstance(value, str) and value.startswith("$"):
            found = self.values.get(value[1:])
            if isinstance(found, str | int | float | bool):
                return found
            return 0 if found is None else str(found)
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number of the message or event at hand."""
        found = self.values.get(name)
        return found if isinstance(found, int) else default


def matches(where: Mapping[str, frozenset[str]], values: Mapping[str, object]) -> bool:
    """Whether values fit the conditions of a rule."""
    return all(str(values.get(name, "")) in wanted for name, wanted in where.items())


@dataclass(frozen=True, slots=True)
class Deed:
    """One action to carry out: where, in whose script, on what occasion."""

    lab: "FaultLaboratory"
    script: str
    incident: Incident
    action: Action
