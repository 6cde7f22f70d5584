"""Argument matching: what counts as the wanted call, in our convention and in BFCL's."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.scorers.arguments import (
    BFCL,
    OURS,
    Allowed,
    Called,
    Convention,
    Gold,
    Parameter,
    bfcl_gold,
    gold_of,
    match_call,
    match_calls,
    signature_of,
)
from tests.bfcl import Case, Peer, mutations, right, wheel

FUNCTION = {
    "name": "book_table",
    "parameters": {
        "type": "dict",
        "properties": {
            "place": {"type": "string"},
            "guests": {"type": "integer"},
            "price": {"type": "float"},
            "outside": {"type": "boolean"},
            "days": {"type": "array", "items": {"type": "string"}},
            "hours": {"type": "array", "items": {"type": "integer"}},
            "corners": {"type": "tuple", "items": {"type": "float"}},
            "wishes": {"type": "dict"},
            "people": {"type": "array", "items": {"type": "dict"}},
            "anything": {"type": "any"},
        },
        "required": ["place"],
    },
}
GOLD = {"place": ["Café Nord", "Nord"]}
TABLE: list[tuple[str, dict[str, Any], dict[str, list[Any]], bool, bool]] = [
    # name, arguments, gold, BFCL's verdict, ours (with plain gold values where BFCL's are lists of alternatives)
    ("as wanted", {"place": "Nord"}, GOLD, True, True),
    ("another of the allowed values", {"place": "Café Nord"}, GOLD, True, True),
    ("another value", {"place": "Süd"}, GOLD, False, False),
    ("letter case and punctuation", {"place": "CAFÉ-nord."}, GOLD, True, False),
    ("a required argument is missing", {}, GOLD, False, False),
    ("an argument nobody asked for", {"place": "Nord", "guests": 2}, GOLD, False, False),
    ("an unknown argument", {"place": "Nord", "table": 2}, GOLD, False, False),
    ("an optional one left out", {"place": "Nord"}, GOLD | {"guests": [2, ""]}, True, True),
    ("an optional one given wrongly", {"place": "Nord", "guests": 3}, GOLD | {"guests": [2, ""]}, False, False),
    ("one that is not optional left out", {"place": "Nord"}, GOLD | {"guests": [2]}, False, False),
    ("a number as text", {"place": "Nord", "guests": "2"}, GOLD | {"guests": [2]}, False, False),
    ("a float for an integer", {"place": "Nord", "guests": 2.0}, GOLD | {"guests": [2]}, False, False),
    ("an integer for a float", {"place": "Nord", "price": 20}, GOLD | {"price": [20.0]}, True, True),
    ("a truth value for an integer", {"place": "Nord", "guests": True}, GOLD | {"guests": [1]}, False, False),
    ("a variable's name for a number", {"place": "Nord", "guests": "party"}, GOLD | {"guests": ["party"]}, True, False),
    ("a variable's name is taken as it is", {"place": "Nord", "guests": "Party"}, GOLD | {"guests": ["party"]}, False, False),
    ("null", {"place": "Nord", "outside": None}, GOLD | {"outside": [False, ""]}, False, False),
    ("a list", {"place": "Nord", "days": ["Mon", "Tue"]}, GOLD | {"days": [["Mon", "Tue"]]}, True, True),
    ("a list in another order", {"place": "Nord", "days": ["Tue", "Mon"]}, GOLD | {"days": [["Mon", "Tue"]]}, False, False),
    ("a list's texts, spelt otherwise", {"place": "Nord", "days": ["mon"]}, GOLD | {"days": [["Mon"]]}, True, False),
    ("a list with an item of another type", {"place": "Nord", "hours": [7, "8"]}, GOLD | {"hours": [[7, 8]]}, False, False),
    ("an empty list where nothing may stand", {"place": "Nord", "days": []}, GOLD | {"days": [["Mon"], ""]}, True, False),
    ("a truth value in a list of numbers", {"place": "Nord", "hours": [True]}, GOLD | {"hours": [[1], ""]}, True, False),
    ("a tuple", {"place": "Nord", "corners": (1.0, 2.0)}, GOLD | {"corners": [[1.0, 2.0]]}, True, True),
    ("a dictionary", {"place": "Nord", "wishes": {"menu": "fish"}}, GOLD | {"wishes": [{"menu": ["fish", "meat"]}]}, True, True),
    ("a dictionary's text, spelt otherwise", {"place": "Nord", "wishes": {"menu": "Fish!"}}, GOLD | {"wishes": [{"menu": ["fish"]}]}, False, False),
    ("a key too many", {"place": "Nord", "wishes": {"menu": "fish", "x": 1}}, GOLD | {"wishes": [{"menu": ["fish"]}]}, False, False),
    ("an optional key left out", {"place": "Nord", "wishes": {}}, GOLD | {"wishes": [{"menu": ["fish", ""]}]}, True, False),
    ("1 for true in a dictionary", {"place": "Nord", "wishes": {"wine": 1}}, GOLD | {"wishes": [{"wine": [True]}]}, True, False),
    ("a list of dictionaries", {"place": "Nord", "people": [{"n": "A"}, {"n": "B"}]}, GOLD | {"people": [[{"n": ["A"]}, {"n": ["B"]}]]}, True, True),
    ("the same in another order", {"place": "Nord", "people": [{"n": "B"}, {"n": "A"}]}, GOLD | {"people": [[{"n": ["A"]}, {"n": ["B"]}]]}, False, False),
    ("one dictionary too few", {"place": "Nord", "people": [{"n": "A"}]}, GOLD | {"people": [[{"n": ["A"]}, {"n": ["B"]}]]}, False, False),
    ("anything is text", {"place": "Nord", "anything": "x"}, GOLD | {"anything": ["x"]}, True, True),
]  # fmt: skip


def first(option: Any) -> Any:
    """A gold value as we write it: BFCL's alternatives inside dictionaries replaced by their first."""
    if isinstance(option, dict):
        return {key: options[0] for key, options in option.items()}
    if isinstance(option, list):
        return [first(item) for item in option]
    return option


@pytest.fixture(scope="module")
def peer(request: pytest.FixtureRequest) -> Peer:
    found = wheel(Path(request.config.cache.mkdir("bfcl")))
    if found is None:
        pytest.skip("bfcl-eval can't be had here: pip can't reach an index that has it")
    return Peer(found)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case[0])
def test_the_table_of_verdicts(case: tuple[str, dict[str, Any], dict[str, list[Any]], bool, bool]) -> None:
    """Else a leniency slips from one convention into the other."""
    _, arguments, gold, theirs, ours = case
    signature = signature_of(FUNCTION["parameters"])
    call = Called("book_table", arguments)
    assert match_call(call, bfcl_gold({"book_table": gold}), signature, BFCL).matches is theirs
    own = Gold("book_table", {
        key: Allowed(tuple(first(value) for value in values if value != ""), "" in values) for key, values in gold.items()
    })  # fmt: skip
    verdict = match_call(call, own, signature)
    assert verdict.matches is ours
    assert bool(verdict.explanation) is not ours


def test_the_table_says_what_bfcl_says(peer: Peer) -> None:
    """Else what stands in our table as BFCL's verdict is our guess."""
    for name, arguments, gold, theirs, _ in TABLE:
        case = Case("ours", "simple_python", [FUNCTION], [{"book_table": gold}])
        assert peer.accepts(case, [{"book_table": arguments}]) is theirs, name


def judged(case: Case, answer: list[dict[str, Any]], convention: Convention = BFCL) -> bool:
    calls = [Called(*next(iter(call.items()))) for call in answer]
    signatures = {one["name"]: signature_of(one["parameters"]) for one in case.functions}
    return match_calls(calls, [bfcl_gold(gold) for gold in case.gold], signatures, convention).matches


def test_the_verdicts_are_bfcls_on_its_gold_and_on_mutated_answers(peer: Peer) -> None:
    """Else our scores can't be compared with the leaderboard's.

    Where BFCL pairs parallel calls greedily, its verdict depends on their order: there it is asked about every order, and wrong if it likes one.
    """
    count = accepted = 0
    for case in peer.cases():
        for what, answer in [("right", right(case)), *mutations(case, 4)]:
            theirs = peer.accepts(case, answer)
            assert theirs is not None, case.id
            if judged(case, answer) != theirs:
                assert not theirs and "parallel" in case.category and len(answer) <= 6, (
                    case.id,
                    what,
                    answer,
                )
                assert any(peer.accepts(case, list(order)) for order in itertools.permutations(answer)), (
                    case.id,
                    what,
                )
            count += 1
            accepted += theirs
    assert count >= 5000 and 0.2 < accepted / count < 0.8


SIGNATURE = {
    "path": Parameter("string", required=True, path=True),
    "line": Parameter("integer", default=(1,)),
    "names": Parameter("array", "string", unordered=True),
    "files": Parameter("array", "string", path=True, unordered=True),
    "options": Parameter("object"),
    "ratio": Parameter("number"),
}


def differs(predicted: dict[str, Any], gold: dict[str, Any]) -> str:
    return match_call(Called("f", predicted), gold_of("f", gold, SIGNATURE), SIGNATURE).explanation


@pytest.mark.parametrize(
    ("predicted", "gold"),
    [
        ({"path": "./src//a.py"}, {"path": "src/a.py"}),
        ({"path": "src/x/../a.py"}, {"path": "src/a.py"}),
        ({"path": "src"}, {"path": "src/"}),
        ({"path": "a", "line": 1}, {"path": "a"}),
        ({"path": "a"}, {"path": "a", "line": 1}),
        ({"path": "a", "names": ["x", "y", "x"]}, {"path": "a", "names": ["y", "x", "x"]}),
        ({"path": "a", "files": ["./b", "a"]}, {"path": "a", "files": ["a", "b"]}),
        ({"path": "a", "options": {"x": [1, 2.0]}}, {"path": "a", "options": {"x": [1.0, 2]}}),
        ({"path": "a", "ratio": 1}, {"path": "a", "ratio": 1.0}),
    ],
)
def test_two_spellings_of_one_call_are_one(predicted: dict[str, Any], gold: dict[str, Any]) -> None:
    """Else a model is blamed for writing `./a.py`."""
    assert differs(predicted, gold) == "" == differs(gold, predicted)


@pytest.mark.parametrize(
    ("predicted", "gold", "because"),
    [
        ({"path": "../a.py"}, {"path": "a.py"}, "path should be 'a.py', and is '../a.py'"),
        ({"path": "/a.py"}, {"path": "a.py"}, "path should be"),
        ({"path": "A.py"}, {"path": "a.py"}, "path should be"),
        ({"path": ""}, {"path": "."}, "path should be"),
        ({"path": "a", "line": 2}, {"path": "a"}, "line should be 1, and is 2"),
        ({"path": "a", "line": True}, {"path": "a", "line": 1}, "line should be integer"),
        ({"path": "a", "line": "1"}, {"path": "a", "line": 1}, "line should be integer"),
        ({"path": "a", "names": ["x"]}, {"path": "a", "names": ["x", "x"]}, "names should be"),
        (
            {"path": "a", "names": ["x", 1]},
            {"path": "a", "names": ["x", "1"]},
            "holds items that are no string",
        ),
        ({"path": "a", "options": {"x": True}}, {"path": "a", "options": {"x": 1}}, "options should be"),
        ({"path": "a", "options": {"x": None}}, {"path": "a", "options": {"x": False}}, "options should be"),
        ({"path": "a", "options": {}}, {"path": "a"}, "options was not wanted"),
        ({"line": 1}, {"path": "a"}, "path is missing"),
        ({"path": "a", "ratio": "1"}, {"path": "a", "ratio": 1}, "ratio should be number"),
    ],
)
def test_a_difference_is_told(predicted: dict[str, Any], gold: dict[str, Any], because: str) -> None:
    """Else a wrong call passes, or nobody knows why it failed."""
    assert because in differs(predicted, gold)


def test_every_difference_is_told_not_only_the_first() -> None:
    """Else mending one shows the next, one by one."""
    said = match_call(
        Called("f", {"line": "x", "more": 1}), gold_of("f", {"path": "a"}, SIGNATURE), SIGNATURE
    )
    assert [(one.problem, one.place) for one in said.mismatches] == [
        ("type", "line"),
        ("unexpected", "more"),
        ("missing", "path"),
    ]


F, G = gold_of("f", {"path": "a"}, SIGNATURE), gold_of("g", {"path": "b"}, SIGNATURE)
SIGNATURES = {"f": SIGNATURE, "g": SIGNATURE}
CALL_F, CALL_G = Called("f", {"path": "a"}), Called("g", {"path": "b"})


def problems(predicted: list[Called] | None, gold: list[Gold], ordered: bool = False) -> list[str]:
    return [one.problem for one in match_calls(predicted, gold, SIGNATURES, OURS, ordered).mismatches]


def test_malformed_is_never_an_abstention() -> None:
    """BFCL counts output that nobody can parse as a right refusal (gorilla #1362): a broken model would be praised for its restraint."""
    assert problems(None, []) == ["malformed"] and problems(None, [F]) == ["malformed"]
    assert problems([], []) == [] and problems([], [F]) == ["abstained"]
    assert problems([CALL_F], []) == ["count"]


def test_calls_are_paired_whatever_their_order() -> None:
    """Else parallel calls fail because they were made the other way round; where the order counts, they must."""
    assert problems([CALL_G, CALL_F], [F, G]) == []
    assert problems([CALL_G, CALL_F], [F, G], ordered=True) == ["name", "name"]
    assert problems([CALL_F, CALL_F], [F, G]) == ["name"]
    either = Gold("f", {"path": Allowed(("a", "b"))})
    assert problems([Called("f", {"path": "b"}), CALL_F], [either, F]) == []


def test_the_nearest_call_explains_a_pair_that_failed() -> None:
    """Else a wrong path is explained by another call's name."""
    said = match_calls([CALL_G, Called("f", {"path": "x"})], [F, G], SIGNATURES)
    assert said.explanation == "call 1, for f: path should be 'a', and is 'x'"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*SIGNATURE, "other"]), VALUES))
@settings(max_examples=150, deadline=None)
def test_no_prediction_is_too_odd_to_be_judged(arguments: dict[str, Any]) -> None:
    """Else one model's nonsense ends the evaluation of all."""
    for convention in (OURS, BFCL):
        match_calls([Called("f", arguments)], [F], SIGNATURES, convention)
    wanted = {
        key: value for key, value in arguments.items() if key == "options" and isinstance(value, dict)
    } | {"path": "a"}
    assert match_call(Called("f", wanted), gold_of("f", wanted, SIGNATURE), SIGNATURE).matches
