"""Grounding: what an answer may say. Each refusal has a near-miss that is let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punie_data.scenario.ground import evidence, places, ungrounded

RESULT = (
    '{"success":true,"symbol":"Cart","reference_count":3,"references":['
    '{"file":"src/shop/cart.py","line":12,"column":5,"preview":"cart = Cart(\\"a\\")"},'
    '{"file":"src/shop/orders.py","line":40,"column":9,"preview":"def place(cart: Cart) -> Order:"}]}'
)
SEEN = evidence([(RESULT, "")])


@pytest.mark.parametrize(
    "answer",
    [
        "`Cart` is used in `src/shop/cart.py`, line 12.",
        "On line 40 of `src/shop/orders.py`: `def place(cart: Cart) -> Order:`.",
        "Three references, the first at `src/shop/cart.py:12`.",
        "3 in all: src/shop/cart.py and src/shop/orders.py.",
        '```python\ncart = Cart("a")\n```',
        "1. `Cart`\n2. `Order`",
        "Only one of them is in the cart.",
        "It is at `src/shop/cart.py:12:5`.",
    ],
)
def test_what_the_results_say_may_be_said(answer: str) -> None:
    """Else true answers are thrown away."""
    assert ungrounded(answer, SEEN) is None


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ("`Basket` is used in `src/shop/cart.py`.", "Basket"),
        ("In `src/shop/cart.py`, line 40.", "puts together"),
        ("On line 12 of `src/shop/orders.py`.", "puts together"),
        ("At `src/shop/cart.py:40`.", "src/shop/cart.py:40"),
        ("Four references.", "four"),
        ("There are 7 references.", "7"),
        ("See src/shop/pricing.py.", "pricing.py"),
        ("It calls place_order.", "place_order"),
        ("It is a ShoppingCart.", "ShoppingCart"),
        ("```python\ncart = Basket()\n```", "Basket"),
    ],
)
def test_what_they_do_not_say_is_refused(answer: str, because: str) -> None:
    """Else a hallucination becomes a lesson."""
    trouble = ungrounded(answer, SEEN)
    assert trouble is not None and because in trouble


def test_a_count_needs_everything_it_counts() -> None:
    """Else "two of them" could be said of anything."""
    assert ungrounded("Two files use it.", SEEN, [["src/shop/cart.py", "src/shop/orders.py"]]) is None
    assert ungrounded("Two files use it.", SEEN) is not None
    assert ungrounded("Two files use it.", SEEN, [["src/shop/cart.py", "src/shop/gone.py"]]) is not None


def test_the_file_of_a_call_is_the_file_of_its_lines() -> None:
    """Else symbols, which name no file of their own, could not be placed."""
    seen = evidence([('{"symbols":[{"name":"Cart","line":21}]}', "src/shop/cart.py")])
    assert ungrounded("`Cart` stands on line 21 of `src/shop/cart.py`.", seen + "`Cart`") is None
    assert ungrounded("`Cart` stands on line 22 of `src/shop/cart.py`.", seen + "`Cart` 22") is not None


def test_places_in_prose() -> None:
    """Else a path here and a number there would pass for a place."""
    assert places("In `a/b.py`, line 3, and line 12 of c.py; lines 4 and 5.") == ["a/b.py:3", "c.py:12"]
    assert places("Version 3.11 on line 9.") == []


@given(st.text(max_size=300), st.text(max_size=300))
def test_it_never_raises(answer: str, seen: str) -> None:
    """Else odd text in a repository ends the run."""
    ungrounded(answer, evidence([(seen, "")]))
