# SPDX-License-Identifier: Apache-2.0
"""Turns the fields of one message into a call on the wrapper; `handlers` is keyed by message id."""

from collections.abc import Callable

from ib_insync.wrapper import Wrapper

class Decoder:
    wrapper: Wrapper
    serverVersion: int
    handlers: dict[int, Callable[[list[str]], None]]
    def __init__(self, wrapper: Wrapper, serverVersion: int) -> None: ...
    def interpret(self, fields: list[str]) -> None: ...
