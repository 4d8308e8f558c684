# SPDX-License-Identifier: Apache-2.0
"""Errors, as classes by recovery action: who catches one knows what to do without reading its text.

Order outcomes are events, never exceptions.
"""


class TerminalError(Exception):
    """Root of everything Tiller raises on purpose."""


class UserError(TerminalError):
    """Text for a person, with a stable code such as ``ORD-012``: shown as a toast or inline, no traceback."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class CancelledByUserError(TerminalError):
    """The user said no: silence."""


class BrokerError(TerminalError):
    """The venue or the way to it failed. ``code`` is the venue's own number, 0 when it gave none."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}" if code else text)
        self.code = code
        self.text = text


class LinkLostError(BrokerError):
    """Recovery: reconnect."""


class PacedError(BrokerError):
    """Recovery: wait."""


class RefusedError(BrokerError):
    """Recovery: show it; asking again gives the same answer."""


class OutcomeUnknownError(BrokerError):
    """Recovery: reconcile; the request may or may not have worked."""


class DataError(TerminalError):
    """Bad input from outside: drop it, count it, warn once."""


class StorageError(TerminalError):
    """The journal cannot write: kill switch, no new orders."""


class PluginError(TerminalError):
    """Stop that plugin, keep the terminal."""

    def __init__(self, plugin_id: str, text: str) -> None:
        super().__init__(f"{plugin_id}: {text}")
        self.plugin_id = plugin_id


class InvariantError(TerminalError):
    """Our own bug: crash report and safe mode (cancel allowed, submit not)."""
