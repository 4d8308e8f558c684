# SPDX-License-Identifier: Apache-2.0
"""What is asked for stays, what nobody asks for goes, and the number kept has a bound."""

from widgets.recent import Recent


def test_a_thing_is_made_once_while_it_is_asked_for_and_the_rest_goes() -> None:
    made: list[int] = []

    def make(number: int) -> str:
        made.append(number)
        return str(number)

    recent = Recent(3, make)
    for number in range(50):
        assert recent[number] == str(number)
        assert recent[0] == "0"
        assert len(recent) <= 3
        assert len(recent) + len(recent._older) <= 6
    assert made == list(range(50))
    assert recent[1] == "1"
    assert made == [*range(50), 1]
