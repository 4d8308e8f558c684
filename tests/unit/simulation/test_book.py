# SPDX-License-Identifier: Apache-2.0
"""The book alone: queues by time, better prices first, partial fills, what own orders take and what grows back."""

from terminal.simulation.book import RECOVERY_NS, LimitBook, Match

SIZE = 100


def flat(sign: int, tick: int, touch: int, ns: int) -> int:
    """Show 100 on each level within five ticks of the touch."""
    return SIZE if 0 <= (touch - tick) * sign < 5 else 0


def book() -> LimitBook:
    made = LimitBook(flat)
    assert not list(made.set_touch(1000, 1002, 0))
    return made


def test_a_taker_walks_the_levels_from_the_best() -> None:
    made = book()
    assert list(made.take(7, 1, None, 250, 1)) == [
        Match(7, 0, 1002, 100, 1),
        Match(7, 0, 1003, 100, 1),
        Match(7, 0, 1004, 50, 1),
    ]
    assert made.best(-1, 1) == (1004, 50)


def test_a_limit_is_never_exceeded_and_an_empty_book_gives_nothing() -> None:
    made = book()
    assert sum(match.size for match in made.take(7, 1, 1003, 900, 1)) == 200
    assert sum(match.size for match in made.take(7, 1, None, 900, 1)) == 300
    assert not list(made.take(7, 1, None, 900, 1))
    assert made.best(-1, 1) is None


def test_what_was_taken_grows_back() -> None:
    made = book()
    list(made.take(7, -1, None, 100, 0))
    assert made.best(1, 0) == (999, 100)
    assert made.best(1, RECOVERY_NS // 2) == (1000, 50)
    assert made.best(1, RECOVERY_NS) == (1000, 100)


def test_size_that_stood_first_trades_first() -> None:
    made = book()
    made.rest(1, 1, 1000, 40, 0)
    made.rest(2, 1, 1000, 60, 0)
    assert not list(made.trade(1000, 100, -1, 1))  # the background that stood before them
    assert list(made.trade(1000, 50, -1, 2)) == [Match(0, 1, 1000, 40, -1), Match(0, 2, 1000, 10, -1)]
    assert made.visible_at(1, 1000, 2) == 150


def test_a_better_own_price_is_hit_before_the_print() -> None:
    made = book()
    made.rest(1, 1, 1001, 30, 0)
    assert made.best(1, 0) == (1001, 30)
    assert list(made.trade(1000, 50, -1, 1)) == [Match(0, 1, 1001, 30, -1)]
    assert made.best(1, 1) == (1000, 100)


def test_a_background_that_crosses_fills_at_the_resting_price_as_far_as_it_shows() -> None:
    made = book()
    made.rest(1, 1, 1001, 150, 0)
    assert list(made.set_touch(999, 1001, 1)) == [Match(0, 1, 1001, 100, -1)]
    assert list(made.set_touch(999, 1000, 2)) == [Match(0, 1, 1001, 50, -1)]
    assert made.own_ticks(1) == []


def test_shrinking_background_does_not_move_an_own_order_forward() -> None:
    shown = {"size": 300}
    made = LimitBook(lambda _sign, tick, touch, _ns: shown["size"] if tick == touch else 0)
    list(made.set_touch(1000, 1001, 0))
    made.rest(1, 1, 1000, 10, 0)
    shown["size"] = 500
    list(made.set_touch(1000, 1001, 1))
    shown["size"] = 300  # the 200 that came later leave
    list(made.set_touch(1000, 1001, 2))
    assert not list(made.trade(1000, 300, -1, 3))
    assert list(made.trade(1000, 5, -1, 4)) == [Match(0, 1, 1000, 5, -1)]


def test_a_smaller_size_keeps_its_place_and_a_larger_one_queues_the_rest() -> None:
    made = book()
    made.rest(1, 1, 1000, 50, 0)
    made.rest(2, 1, 1000, 50, 0)
    made.resize(1, 1, 1000, 20, 0)
    made.resize(1, 1, 1000, 40, 0)
    list(made.trade(1000, 100, -1, 1))
    assert [(match.maker, match.size) for match in made.trade(1000, 90, -1, 1)] == [(1, 20), (2, 50), (1, 20)]


def test_own_orders_of_both_sides_meet_each_other() -> None:
    made = book()
    made.rest(1, -1, 1001, 30, 0)
    assert list(made.take(2, 1, None, 40, 1)) == [Match(2, 1, 1001, 30, 1), Match(2, 0, 1002, 10, 1)]


def test_a_removed_order_is_gone() -> None:
    made = book()
    made.rest(1, 1, 1000, 30, 0)
    assert made.remove(1, 1, 1000) == 30
    assert made.remove(1, 1, 1000) == 0
    assert not list(made.trade(1000, 900, -1, 1))
