"""Renaming a repository: every own name at once, and no name that may be somebody else's."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.renaming.names import Names
from punie_data.renaming.plan import Plan, plan
from punie_data.renaming.rewrite import document, python
from punie_data.renaming.rewrite import settings as renamed_settings
from punie_data.renaming.words import in_words, made_up, outside, parts_of, replacements


def planned(**files: str) -> Plan:
    """The plan for a package `parcel` with these modules."""
    sources = {f"parcel/{name}.py": text.encode() for name, text in {"__init__": "", **files}.items()}
    return plan("parcel", sources, sources, 0)


OWN = '''
"""What a `weigh_box` is for; see parcel/depot.py and weigh_box()."""
__all__ = ["Shipment", "weigh_box"]

class Shipment:
    """A shipment.

    :param tonnage: how heavy it is
    """

    def __init__(self, tonnage: int) -> None:
        self._tonnage = tonnage

    def heaviest(self, other: "Shipment") -> "Shipment":
        return other if getattr(other, "tonnage", 0) else self

def weigh_box(shipment: Shipment, scale_factor: int = 1) -> int:
    raise ValueError(f"weigh_box can't weigh {shipment}")  # weigh_box says so

box = weigh_box(Shipment(tonnage=3), scale_factor=2)
'''


def test_an_own_name_is_another_one_everywhere() -> None:
    """Else the program falls apart, or an old name stays to be remembered."""
    found = planned(depot=OWN)
    text = python(OWN.encode(), found.names).decode()
    for old in ("Shipment", "weigh_box", "heaviest", "scale_factor", "tonnage", "parcel", "depot.py"):
        assert old not in text, (old, text)
    new = found.names.names
    assert f'__all__ = ["{new["Shipment"]}", "{new["weigh_box"]}"]' in text
    assert f'-> "{new["Shipment"]}"' in text and f'getattr(other, "{new["tonnage"]}", 0)' in text
    assert f":param {new['tonnage']}: how heavy it is" in text
    assert f"f\"{new['weigh_box']} can't weigh" in text and f"# {new['weigh_box']} says so" in text
    assert "A shipment." in text, "prose stays prose"
    assert text.count("\n") == OWN.count("\n")
    scope: dict[str, object] = {}
    exec(compile(OWN.split("box =")[0], "own", "exec"), scope)
    exec(compile(text.split("\n" + new.get("box", "box") + " =")[0], "renamed", "exec"), scope)
    assert new["weigh_box"] in scope


STAYS = {
    "a method of the standard library's types": ("class A:\n    def append(self): ...\nA().append()\n", "append"),
    "asked of what a package returned": ("import httpx\nclient = httpx.Client()\nclient.mountain_pass()\ndef mountain_pass(): ...\n", "mountain_pass"),
    "asked of an argument of a package's type": ("import httpx\ndef go(client: httpx.Client): client.mountain_pass()\ndef mountain_pass(): ...\n", "mountain_pass"),
    "imported from a package": ("from rich import mountain_pass\ndef other(): ...\nclass A:\n    mountain_pass = 1\n", "mountain_pass"),
    "a keyword of a package's function": ("import rich\nrich.show(mountain_pass=1)\ndef f(mountain_pass): ...\n", "mountain_pass"),
    "a method that a package's base class may call": ("import rich\nclass A(rich.Base):\n    def mountain_pass(self): ...\nclass B(A):\n    def valley(self): ...\n", "mountain_pass"),
    "a method of its subclass": ("import rich\nclass A(rich.Base): ...\nclass B(A):\n    def mountain_pass(self): ...\n", "mountain_pass"),
    "a parameter that a package's decorator reads": ("import click\n@click.command()\ndef go(mountain_pass): ...\n", "mountain_pass"),
    "an option of the command line": ("p.add_argument('--mountain-pass')\ndef go(mountain_pass): ...\n", "mountain_pass"),
    "a key that is a parameter too": ("def go(mountain): return {'mountain': mountain}\n", "mountain"),
    "found by a part of its name": ("class A:\n    def mountain_pass(self): getattr(self, f'mountain_{1}')\n", "mountain_pass"),
    "a field of attrs": ("import attrs\n@attrs.define\nclass A:\n    _mountain: int\n    def other(self): ...\n", "_mountain"),
    "a hook of pytest": ("def pytest_mountain(): ...\n", "pytest_mountain"),
    "a dunder": ("class A:\n    def __mountain__(self): ...\n", "__mountain__"),
}  # fmt: skip


@pytest.mark.parametrize("why", STAYS)
def test_a_name_that_may_be_somebody_else_s_stays(why: str) -> None:
    """Else the renamed program calls what isn't there."""
    text, name = STAYS[why]
    assert name not in planned(hills=text + "def landscape_painter(): ...\n").names.names


NEAR = {
    "the same in no connection with the package": "import rich\nrich.show()\ndef mountain_pass(): ...\n",
    "a class with a base of the standard library": "import json\nclass A(json.JSONEncoder):\n    def mountain_pass(self): ...\n",
    "in a list of our own things": "from collections.abc import Iterable\ndef go(them: Iterable['A']):\n    for it in them: it.mountain_pass()\nclass A:\n    def mountain_pass(self): ...\n",
    "a method decorated by the standard library": "import functools\nclass A:\n    @functools.cache\n    def mountain_pass(self): ...\n",
    "a fixture": "import pytest\n@pytest.fixture\ndef mountain_pass(): ...\n",
}  # fmt: skip


@pytest.mark.parametrize("why", NEAR)
def test_its_near_miss_is_replaced(why: str) -> None:
    """Else hardly anything would be, and memory would not be found out."""
    assert "mountain_pass" in planned(hills=NEAR[why]).names.names


def test_documents_and_settings_follow() -> None:
    """Else the documentation would teach the old names; what a program reads in its settings must stay."""
    names = planned(depot=OWN).names
    new = names.names["weigh_box"]
    text = document("weigh_box\n=========\n\nA box, weigh_box and ``tonnage``::\n\n    heaviest(tonnage)\n\nThe heaviest tonnage.\n", names)  # fmt: skip
    lines = text.split("\n")
    assert lines[0] == new and len(lines[1]) >= len(new) and set(lines[1]) == {"="}
    assert "heaviest(" not in text and lines[-2] == "The heaviest tonnage."
    assert "tonnage``" not in text
    written = renamed_settings(
        '[project]\nname = "parcel"\nweigh_box = "weigh_box"\nscale_factor: 3\n', names
    )
    assert f'name = "{names.names["parcel"]}"' in written
    assert f'weigh_box = "{new}"' in written and "scale_factor: 3" in written


def test_imports_that_were_in_order_are_again() -> None:
    """Else a linter finds fault with the twin alone."""
    names = Names({"able": "zoo", "Bird": "Yak"}, {}, {}, {})
    assert python(b"from m import Ant, Bird, able, best\n", names) == b"from m import Ant, Yak, best, zoo\n"
    assert python(b"from m import best, able\n", names) == b"from m import best, zoo\n"


def test_names_keep_their_shape() -> None:
    """Else a question about a constant would become one about a function."""
    words = {"cart": "oak", "line": "elm", "shop": "yew", "error": "ash"}
    assert in_words("CartLine", words) == "OakElm"
    assert in_words("__cart_LINE2_", words) == "__oak_ELM2_"
    assert in_words("HTTPShop", words) == "HTTPYew"
    assert in_words("load_cart", {**words, "load": "lob"}) == "load_oak"


@settings(max_examples=60, deadline=None)
@given(st.sets(st.text("abcdefgst", min_size=3, max_size=8), max_size=60), st.integers(0, 9))
def test_no_two_words_become_one(words: set[str], seed: int) -> None:
    """Else two names would be one name, and none may be one that is there already; the order is that of before, letter by letter."""
    taken = words | set(made_up()[::7])
    found = replacements(words, taken, [], Random(seed))
    assert set(found) == words
    assert len(set(found.values())) == len(words) and not set(found.values()) & taken
    assert found == replacements(words, taken, [], Random(seed))
    plain = [word for word in sorted(words) if not (word.endswith("s") and word[:-1] in words)]
    assert [found[word] for word in plain] == sorted(found[word] for word in plain)


@given(st.text(max_size=30))
def test_a_name_s_parts_are_the_name(text: str) -> None:
    """Else a letter would be lost."""
    assert "".join(parts_of(text)) == text


def test_the_word_list_is_ours_and_large_enough() -> None:
    """Every letter has words, none of which is a name of Python's."""
    words = made_up()
    assert list(words) == sorted(set(words)) and all(word.isascii() and word.islower() for word in words)
    assert {word[0] for word in words} >= set("abcdefghijklmnopqrstuvwyz")
    assert {"append", "get", "tmp_path", "name"} <= outside()
