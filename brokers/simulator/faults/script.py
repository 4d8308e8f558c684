# SPDX-License-Identifier: Apache-2.0
"""Turns the text of a fault script into rules, or says which line breaks which rule.

A script is read whole before anything of it is armed: a word misspelt in line 40 must not let lines 1 to 39 happen.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from brokers.simulator.faults.vocabulary import (
    ACTIONS,
    EVENT_NAMES,
    FIELDS,
    PROXY_MODES,
    REQUEST_NAMES,
    RESPONSE_NAMES,
    Action,
    Argument,
    Place,
    Rule,
    Script,
    Shape,
    Word,
)
from brokers.simulator.faults.yaml_text import Node, YamlError, read_yaml
from terminal.errors import UserError

INJECTORS: Final = ("sim", "proxy", "clk")
_HEAD: Final = frozenset({"id", "title", "inject", "holds", "rules", "variants", "clock"})
_RULE: Final = frozenset(
    {"name", "on", "nth", "from", "times", "chance", "client", "where", "after", "every", "step", "armed", "then"}
)


def read_script(path: Path, variant: str = "") -> Script:
    """Read a script file. Raises UserError SIM-020 with file, line and rule."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError("SIM-020", f"The fault script {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError("SIM-020", f"{path}, byte {error.start}: a fault script must be UTF-8.") from error
    return parse_script(text, str(path), variant, default_name=path.stem)


def parse_script(text: str, where: str, variant: str = "", *, default_name: str = "script") -> Script:
    """Read a script's text. ``where`` names it in messages. Raises UserError SIM-020."""
    try:
        return script_of(read_yaml(text), variant, default_name)
    except YamlError as error:
        raise UserError("SIM-020", f"{where}, line {error.line}: {error.rule}.") from error


def variants(text: str) -> tuple[str, ...]:
    """Names of the variants of a script's text, none when it has one form only. Raises YamlError."""
    head = _mapping(read_yaml(text), "a script")
    return tuple(_mapping(head["variants"], "variants")) if "variants" in head else ()


def script_of(node: Node, variant: str = "", default_name: str = "script") -> Script:
    """Check nodes and make the script of them. Raises YamlError with the line."""
    head = _mapping(node, "a script")
    _only(head, _HEAD, "a script")
    name = _text(head["id"], "id") if "id" in head else default_name
    rules_node = _chosen(head, node.line, variant)
    rules = _rules(rules_node, name)
    inject = _text(head["inject"], "inject") if "inject" in head else "sim"
    if inject not in INJECTORS:
        raise YamlError(head["inject"].line, f"inject must be one of {', '.join(INJECTORS)}, was {inject!r}")
    _known_rules(rules)
    holds = [_text(item, "holds") for item in _list(head["holds"])] if "holds" in head else []
    return Script(
        name=f"{name}.{variant}" if variant else name,
        title=_text(head["title"], "title") if "title" in head else "",
        inject=inject,
        holds=tuple(holds),
        rules=rules,
        needs_proxy=any(action.word == "proxy" for rule in rules for action in rule.actions),
    )


def _chosen(head: Mapping[str, Node], line: int, variant: str) -> Node:
    if "variants" not in head:
        if variant:
            raise YamlError(line, f"there is no variant {variant!r} here, and no others")
        if "rules" not in head:
            raise YamlError(line, 'a script needs "rules"')
        return head["rules"]
    forms = _mapping(head["variants"], "variants")
    if not forms:
        raise YamlError(head["variants"].line, "variants must not be empty")
    if not variant:
        return next(iter(forms.values()))
    if variant not in forms:
        raise YamlError(head["variants"].line, f"variant must be one of {', '.join(forms)}, was {variant!r}")
    return forms[variant]


def _rules(node: Node, script: str) -> tuple[Rule, ...]:
    found = _list(node)
    if not found:
        raise YamlError(node.line, "there must be at least one rule")
    return tuple(_rule(item, f"{script}/{number}") for number, item in enumerate(found, start=1))


def _rule(node: Node, default_name: str) -> Rule:
    parts = _mapping(node, "a rule")
    _only(parts, _RULE, "a rule")
    place, on = _place(parts, node.line)
    if "where" in parts and place in (Place.IN, Place.OUT):
        for message in sorted(on):
            _known_fields(message, _mapping(parts["where"], "where"), parts["where"].line)
    actions = tuple(_action(item, place, on) for item in _list(parts["then"])) if "then" in parts else ()
    if not actions:
        raise YamlError(node.line, 'a rule needs "then" with at least one action')
    chance = _number(parts["chance"], "chance") if "chance" in parts else 1.0
    if not 0 < chance <= 1:
        raise YamlError(parts["chance"].line, f"chance must lie above 0 and up to 1, was {chance:g}")
    return Rule(
        name=_text(parts["name"], "name") if "name" in parts else default_name,
        line=node.line,
        place=place,
        on=on,
        nth=frozenset(_whole(item, "nth") for item in _list(parts["nth"])) if "nth" in parts else frozenset(),
        since=_whole(parts["from"], "from") if "from" in parts else 1,
        times=_whole(parts["times"], "times") if "times" in parts else (1 if "after" in parts else None),
        chance=chance,
        client=_whole(parts["client"], "client", least=0) if "client" in parts else None,
        where=_where(parts["where"]) if "where" in parts else {},
        after_s=_seconds(parts["after"], "after") if "after" in parts else None,
        every_s=_period(parts["every"]) if "every" in parts else None,
        step=_whole(parts["step"], "step") if "step" in parts else None,
        armed=_flag(parts["armed"]) if "armed" in parts else True,
        actions=actions,
    )


def _place(parts: Mapping[str, Node], line: int) -> tuple[Place, frozenset[str]]:
    triggers = [name for name in ("on", "after", "every", "step") if name in parts]
    if not triggers or ("on" in parts and len(triggers) > 1) or ("step" in parts and len(triggers) > 1):
        raise YamlError(line, 'a rule needs one of "on", "after" (with "every" if you like), "every" or "step"')
    if "on" not in parts:
        return Place.TIME, frozenset()
    names = frozenset(_text(item, "on") for item in _list(parts["on"]))
    for place, known in ((Place.IN, REQUEST_NAMES), (Place.OUT, RESPONSE_NAMES), (Place.EVENT, EVENT_NAMES)):
        if names & known:
            strange = names - known
            if strange:
                raise YamlError(
                    parts["on"].line,
                    f"one rule watches requests, responses or events, not both: {', '.join(sorted(strange))}",
                )
            return place, names
    name = min(names, default="")
    raise YamlError(parts["on"].line, f"{name!r} is no message of the protocol and no event of the server")


def _action(node: Node, place: Place, on: frozenset[str]) -> Action:
    if isinstance(node.value, str):
        word, argument_node = node.value, Node(None, node.line)
    else:
        entries = _mapping(node, "an action")
        if len(entries) != 1:
            raise YamlError(node.line, 'an action is one word, or one "word: argument"')
        word, argument_node = next(iter(entries.items()))
    known = ACTIONS.get(word)
    if known is None:
        raise YamlError(node.line, f"{word!r} is no action; choose from {', '.join(ACTIONS)}")
    if place not in known.places:
        raise YamlError(node.line, f"{word!r} makes no sense here: it needs a message {_needed(known)}")
    action = Action(word, _argument(word, known, argument_node), node.line)
    _check_words(action, on)
    return action


def _check_words(action: Action, on: frozenset[str]) -> None:
    """Refuse what could only fail when it is too late: fields that no message has, modes and digits that are none."""
    keys = action.keys()
    match action.word:
        case "set" | "add" | "scale":
            for message in sorted(on):
                _known_fields(message, keys, action.line)
        case "say" | "say_lines":
            _known_fields(str(keys["what"]), [name for name in keys if name != "what"], action.line)
        case "corrupt" if "field" in keys:
            for message in sorted(on):
                _known_fields(message, [str(keys["field"])], action.line)
        case "proxy" if keys["mode"] not in PROXY_MODES:
            raise YamlError(action.line, f"mode must be one of {', '.join(PROXY_MODES)}, was {keys['mode']!r}")
        case "raw":
            digits = str(action.argument).replace(" ", "")
            if len(digits) % 2 or any(each not in "0123456789abcdefABCDEF" for each in digits):
                raise YamlError(action.line, "raw takes pairs of hexadecimal digits")
        case _:
            return


def _known_fields(message: str, names: Iterable[str], line: int) -> None:
    known = FIELDS.get(message, frozenset())
    for name in names:
        if name not in known:
            raise YamlError(line, f"{message} has no field {name!r}; it has {', '.join(sorted(known))}")


def _needed(word: Word) -> str:
    words = {Place.IN: "from a client", Place.OUT: "to a client", Place.EVENT: "or an event of the server"}
    return " or ".join(words[one] for one in sorted(word.places))


def _argument(name: str, word: Word, node: Node) -> Argument:
    value = plain(node)
    if not _fits(word.shape, value):
        raise YamlError(node.line, f"{name} takes {word.shape.value}, was {node.kind}")
    if word.choices:
        chosen = value.get("how") if isinstance(value, dict) else value
        if chosen not in word.choices:
            raise YamlError(node.line, f"{name} must be one of {', '.join(word.choices)}, was {chosen!r}")
    if isinstance(value, dict):
        missing = [key for key in word.needs if key not in value]
        if missing:
            raise YamlError(node.line, f"{name} needs {', '.join(missing)}")
        if word.shape is Shape.KEYS:
            _only(value, frozenset({*word.needs, *word.may}), name, node.line)
        if word.shape is Shape.FIELDS and "what" in word.needs and value["what"] not in RESPONSE_NAMES:
            raise YamlError(node.line, f"{value['what']!r} is no message to a client")
    return value


def _fits(shape: Shape, value: Argument) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match shape:
        case Shape.NONE:
            return value is None
        case Shape.SECONDS:
            return number and _of(value) >= 0
        case Shape.ENDLESS:
            return value is None or (number and _of(value) >= 0)
        case Shape.COUNT:
            return isinstance(value, int) and number and value >= 1
        case Shape.NUMBER:
            return number
        case Shape.TEXT:
            return isinstance(value, str)
        case Shape.NAMES:
            names = value if isinstance(value, list) else [value]
            return bool(names) and all(isinstance(name, str) for name in names)
        case Shape.NUMBERS:
            return isinstance(value, dict) and all(isinstance(each, int | float) for each in value.values())
        case Shape.FIELDS:
            return isinstance(value, dict) and bool(value)
        case Shape.KEYS:
            return isinstance(value, dict)


def _of(value: Argument) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _known_rules(rules: Iterable[Rule]) -> None:
    names: set[str] = set()
    for rule in rules:
        if rule.name in names:
            raise YamlError(rule.line, f"two rules have the name {rule.name!r}")
        names.add(rule.name)
    for rule in rules:
        for action in rule.actions:
            if action.word in ("arm", "disarm"):
                for name in action.argument if isinstance(action.argument, list) else [action.argument]:
                    if name not in names:
                        raise YamlError(action.line, f"{action.word}: there is no rule named {name!r}")


# ------------------------------------------------------------------ kinds of nodes
def plain(node: Node) -> Argument:
    """The values of a node without their lines."""
    match node.value:
        case dict() as entries:
            return {name: plain(item) for name, item in entries.items()}
        case list() as items:
            return [plain(item) for item in items]
        case value:
            return value


def _mapping(node: Node, what: str) -> dict[str, Node]:
    if not isinstance(node.value, dict):
        raise YamlError(node.line, f"{what} must be a mapping, was {node.kind}")
    return node.value


def _list(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else [node]


def _only(entries: Iterable[str], known: frozenset[str], what: str, line: int = 0) -> None:
    for name in entries:
        if name not in known:
            where = entries[name].line if isinstance(entries, dict) and isinstance(entries[name], Node) else line
            raise YamlError(where, f"{what} has no {name!r}; it may have {', '.join(sorted(known))}")


def _text(node: Node, what: str) -> str:
    if not isinstance(node.value, str) or not node.value:
        raise YamlError(node.line, f"{what} must be a text, was {node.kind}")
    return node.value


def _number(node: Node, what: str) -> float:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise YamlError(node.line, f"{what} must be a number, was {node.kind}")
    return float(node.value)


def _seconds(node: Node, what: str) -> float:
    value = _number(node, what)
    if not 0 <= value < 1e9:
        raise YamlError(node.line, f"{what} must be seconds, 0 or more, was {value:g}")
    return value


def _period(node: Node) -> float:
    value = _seconds(node, "every")
    if value <= 0:
        raise YamlError(node.line, "every must be more than 0 seconds")
    return value


def _whole(node: Node, what: str, least: int = 1) -> int:
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < least:
        raise YamlError(node.line, f"{what} must be a whole number of at least {least}, was {node.kind}")
    return node.value


def _flag(node: Node) -> bool:
    if not isinstance(node.value, bool):
        raise YamlError(node.line, f"armed must be true or false, was {node.kind}")
    return node.value


def _where(node: Node) -> dict[str, frozenset[str]]:
    return {name: frozenset(str(plain(item)) for item in _list(each)) for name, each in _mapping(node, "where").items()}
