# SPDX-License-Identifier: Apache-2.0
"""Reads the part of YAML 1.2 in which fault scripts are written, and knows the line of everything it read.

Block and flow mappings and lists, plain and quoted scalars, comments. What is valid here means the same to every
YAML reader; anchors, tags, block scalars and several documents are refused with their line, because a script that is
read by half is worse than none. Nothing in a text can create an object or refer to another file.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 20
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT: Final = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_KEY: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_ .-]*?|\"[^\"]*\"|'[^']*'|[0-9]+):(?= |\Z)")
_REFUSED: Final = {
    "&": "an anchor",
    "*": "an alias",
    "!": "a tag",
    "|": "a block text",
    ">": "a folded text",
    "%": "a directive",
    "@": "a reserved sign",
    "`": "a reserved sign",
}
_ESCAPES: Final = {
    "n": "\n", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "/": "/", "r": "\r", "e": "\x1b", "b": "\b", "f": "\f",
}  # fmt: skip

Scalar: TypeAlias = str | int | float | bool | None


class YamlError(ValueError):
    """The text breaks a rule. ``line`` counts from 1."""

    def __init__(self, line: int, rule: str) -> None:
        super().__init__(f"line {line}: {rule}")
        self.line = line
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Node:
    """A value and the line where it begins: a scalar, a list of nodes, or a mapping of names to nodes."""

    value: "Scalar | list[Node] | dict[str, Node]"
    line: int

    @property
    def kind(self) -> str:
        """What a person calls it."""
        match self.value:
            case dict():
                return "a mapping"
            case list():
                return "a list"
            case None:
                return "nothing"
            case _:
                return f"{self.value!r}"


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str


def read_yaml(text: str) -> Node:
    """Read one document. Raises YamlError; an empty text is nothing."""
    if len(text.encode()) > MAX_BYTES:
        raise YamlError(1, f"a script must have at most {MAX_BYTES:,} bytes")
    lines = _lines(text)
    if not lines:
        return Node(None, 1)
    reader = _Blocks(lines)
    node = reader.block(lines[0].indent, 0)
    if reader.left is not None:
        raise YamlError(reader.left.number, "the indentation fits nothing above")
    return node


def node_of(value: object, line: int = 1) -> Node:
    """Make nodes of JSON-ready values (what a control command carries). Raises YamlError for anything else."""
    match value:
        case dict():
            return Node({str(key): node_of(item, line) for key, item in value.items()}, line)
        case list() | tuple():
            return Node([node_of(item, line) for item in value], line)
        case str() | int() | float() | bool() | None:
            return Node(value, line)
        case _:
            raise YamlError(line, f"must be text, number, list or mapping, was {type(value).__name__}")


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        body = _without_comment(raw).rstrip()
        if not body.strip():
            continue
        if body in {"---", "..."}:
            if body == "---" and not found:
                continue
            raise YamlError(number, "only one document is read")
        indent = len(body) - len(body.lstrip(" "))
        if body[indent] == "\t":
            raise YamlError(number, "indent with spaces, not with tabs")
        found.append(_Line(number, indent, body[indent:]))
    return found


def _without_comment(raw: str) -> str:
    quote = ""
    for place, sign in enumerate(raw):
        if quote:
            if sign == quote and not (quote == '"' and raw[place - 1] == "\\"):
                quote = ""
        elif sign in "\"'" and (place == 0 or raw[place - 1] in " [{,:-"):
            quote = sign
        elif sign == "#" and (place == 0 or raw[place - 1] in " \t"):
            return raw[:place]
    return raw


class _Blocks:
    """Reads blocks by indentation."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._next = 0

    @property
    def left(self) -> _Line | None:
        return self._lines[self._next] if self._next < len(self._lines) else None

    def block(self, indent: int, depth: int) -> Node:
        line = self._lines[self._next]
        if depth > MAX_DEPTH:
            raise YamlError(line.number, f"nesting must be at most {MAX_DEPTH} deep")
        if line.text.startswith("- ") or line.text == "-":
            return self._list(indent, depth)
        if _KEY.match(line.text):
            return self._mapping(indent, depth)
        self._next += 1
        return _Flow(line.text, line.number).whole()

    def _list(self, indent: int, depth: int) -> Node:
        first = self._lines[self._next].number
        items: list[Node] = []
        while (line := self.left) is not None and line.indent == indent and line.text.startswith("-"):
            if line.text != "-" and not line.text.startswith("- "):
                raise YamlError(line.number, 'write "- " with a space before an entry')
            rest = line.text[1:].lstrip(" ")
            if not rest:
                self._next += 1
                items.append(self._under(indent, line.number, depth))
                continue
            inner = indent + len(line.text) - len(rest)
            self._lines[self._next] = _Line(line.number, inner, rest)
            items.append(self.block(inner, depth + 1))
        return Node(items, first)

    def _mapping(self, indent: int, depth: int) -> Node:
        first = self._lines[self._next].number
        entries: dict[str, Node] = {}
        while (line := self.left) is not None and line.indent == indent:
            match = _KEY.match(line.text)
            if match is None:
                raise YamlError(line.number, f'must be "name: value", was {line.text[:40]!r}')
            name = match[1].strip("\"'")
            if name in entries:
                raise YamlError(line.number, f"{name!r} is written twice")
            rest = line.text[match.end() :].strip()
            self._next += 1
            entries[name] = _Flow(rest, line.number).whole() if rest else self._under(indent, line.number, depth)
        if self.left is not None and self.left.indent > indent:
            raise YamlError(self.left.number, "the indentation fits nothing above")
        return Node(entries, first)

    def _under(self, indent: int, number: int, depth: int) -> Node:
        """Return what stands deeper than ``indent``; a list may stand at the depth of its name."""
        line = self.left
        deeper = line is not None and line.indent > indent
        if line is not None and (deeper or (line.indent == indent and line.text.startswith("- "))):
            owner = self._lines[self._next - 1].text
            if deeper or not owner.startswith("-"):
                return self.block(line.indent, depth + 1)
        return Node(None, number)


class _Flow:
    """Reads one line: a scalar, ``[a, b]`` or ``{a: b}``."""

    def __init__(self, text: str, number: int) -> None:
        self._text = text
        self._number = number
        self._at = 0

    def whole(self) -> Node:
        node = self._value("", 0)
        self._space()
        if self._at < len(self._text):
            raise YamlError(self._number, f"nothing may follow here, found {self._text[self._at :][:30]!r}")
        return node

    def _value(self, ends: str, depth: int) -> Node:
        self._space()
        if depth > MAX_DEPTH:
            raise YamlError(self._number, f"nesting must be at most {MAX_DEPTH} deep")
        sign = self._text[self._at : self._at + 1]
        if sign in _REFUSED and sign:
            raise YamlError(self._number, f"{_REFUSED[sign]} ({sign}) is not read here; put the text in quotes")
        if sign == "[":
            return self._items(depth)
        if sign == "{":
            return self._entries(depth)
        if sign in ("'", '"'):
            return Node(self._quoted(sign), self._number)
        return Node(_scalar(self._plain(ends)), self._number)

    def _items(self, depth: int) -> Node:
        self._at += 1
        items: list[Node] = []
        while not self._closes("]"):
            items.append(self._pair(self._value(",]:", depth + 1), depth))
            self._separator("]")
        return Node(items, self._number)

    def _pair(self, node: Node, depth: int) -> Node:
        """Make a mapping of ``name: value`` inside a list."""
        self._space()
        if not self._text.startswith(": ", self._at) or not isinstance(node.value, str):
            return node
        self._at += 1
        return Node({node.value: self._value(",]", depth + 1)}, node.line)

    def _entries(self, depth: int) -> Node:
        self._at += 1
        entries: dict[str, Node] = {}
        while not self._closes("}"):
            sign = self._text[self._at : self._at + 1]
            name = self._quoted(sign) if sign in ("'", '"') and sign else self._plain(":}")
            self._space()
            if self._text[self._at : self._at + 1] != ":":
                raise YamlError(self._number, f"{name!r} needs a value after a colon")
            self._at += 1
            if name in entries:
                raise YamlError(self._number, f"{name!r} is written twice")
            entries[name] = self._value(",}", depth + 1)
            self._separator("}")
        return Node(entries, self._number)

    def _closes(self, end: str) -> bool:
        self._space()
        if self._at >= len(self._text):
            raise YamlError(self._number, f"{end!r} is missing at the end of the line")
        if self._text[self._at] == end:
            self._at += 1
            return True
        return False

    def _separator(self, end: str) -> None:
        self._space()
        sign = self._text[self._at : self._at + 1]
        if sign == ",":
            self._at += 1
        elif sign != end:
            raise YamlError(self._number, f"',' or {end!r} is expected, found {sign!r}")

    def _space(self) -> None:
        while self._at < len(self._text) and self._text[self._at] == " ":
            self._at += 1

    def _plain(self, ends: str) -> str:
        start = self._at
        while self._at < len(self._text) and (self._text[self._at] == ":" or self._text[self._at] not in ends):
            if self._text.startswith(": ", self._at) or (ends[:1] == ":" and self._text[self._at] == ":"):
                if ":" in ends:
                    break
                raise YamlError(self._number, "a text with a colon and a space belongs in quotes")
            self._at += 1
        return self._text[start : self._at].strip()

    def _quoted(self, quote: str) -> str:
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text):
            sign = self._text[self._at]
            self._at += 1
            if sign == quote:
                if quote == "'" and self._text[self._at : self._at + 1] == "'":
                    self._at += 1
                    parts.append("'")
                    continue
                return _joined("".join(parts))
            parts.append(self._escape() if sign == "\\" and quote == '"' else sign)
        raise YamlError(self._number, f"the closing {quote} is missing")

    def _escape(self) -> str:
        sign = self._text[self._at : self._at + 1]
        self._at += 1
        width = {"x": 2, "u": 4, "U": 8}.get(sign)
        if width is not None:
            digits = self._text[self._at : self._at + width]
            self._at += width
            try:
                return chr(int(digits, 16))
            except (ValueError, OverflowError):
                raise YamlError(self._number, f"\\{sign}{digits} is no character") from None
        if sign not in _ESCAPES or not sign:
            raise YamlError(self._number, f"\\{sign} is no escape")
        return _ESCAPES[sign]


def _joined(text: str) -> str:
    """Join the halves of a sign that was written as two escapes, as JSON does."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _scalar(text: str) -> Scalar:
    match text:
        case "" | "null" | "Null" | "NULL" | "~":
            return None
        case "true" | "True" | "TRUE":
            return True
        case "false" | "False" | "FALSE":
            return False
        case ".inf" | "+.inf":
            return float("inf")
        case "-.inf":
            return float("-inf")
        case ".nan":
            return float("nan")
        case _ if _INTEGER.match(text):
            return int(text)
        case _ if _FLOAT.match(text):
            return float(text)
        case _:
            return text
