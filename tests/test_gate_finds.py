"""What the gate finds and what it spares."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.gate import residue_of
from punie_data.sensitive import KINDS, find, has_secret, may_hold, redact
from punie_data.validate.check import Checker
from tests.planted import NEAR_MISSES, PERSONAL, secrets
from tests.test_validate_rows import make

SECRETS = secrets("tests")


def kinds(text: str) -> set[str]:
    return {found.kind for found in find(text)}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_wherever_it_stands(name: str) -> None:
    """Else a key that somebody committed by mistake is published a second time, and learnt."""
    text = SECRETS[name]
    for around in ("{}", "x = 1\n{}\ny = 2", "+{}", "    {}", "see `{}`."):
        assert kinds(around.format(text)) == {"secret"}, around
    assert has_secret(text) and redact(text)[0] == text
    result = json.dumps({"success": True, "matches": [{"text": text}]})
    assert {one.kind for one in residue_of({"messages": [{"content": result}]})} == {"secret"}


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_data_is_found_and_taken_out(name: str) -> None:
    """Else people's addresses and numbers go from a repository into a model."""
    text = PERSONAL[name]
    for around in ("{}", "x\n{}\ny", "({})", "see {}."):
        given = around.format(text)
        assert kinds(given) == {KINDS[[name.startswith(kind) for kind in KINDS].index(True)]}, around
        clean, count = redact(given)
        assert count == 1 and not kinds(clean) and redact(clean) == (clean, 0)
    assert "jsmith" not in redact(text)[0] and "ann" not in redact(text)[0]


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_what_only_looks_like_it_is_spared(name: str) -> None:
    """Else the gate cries wolf at every lock file, and everybody switches it off."""
    for around in ("{}", "x\n{}\ny", "({})"):
        assert list(find(around.format(NEAR_MISSES[name]))) == []


@pytest.mark.parametrize(
    "name", [*SECRETS, *(name for name in PERSONAL if name.startswith(("home", "e-mail")))]
)
def test_validate_does_not_take_such_a_row_for_clean(name: str) -> None:
    """Else the validator's fast path lets through what its own rules would find."""
    row = make(
        f"see {(SECRETS | PERSONAL)[name]} there", ("read_file", {"path": "a.py"}, "x = 1"), answer="x"
    )
    found = {rule.code for rule, _ in Checker().row(row, orjson.dumps(row) + b"\n")}
    assert found & {"PD700", "PD701", "PD702"}


PIECES = st.sampled_from([*PERSONAL.values(), *NEAR_MISSES.values(), " ", "\n", "/", "@", ".", "+", "1", "x", ":", "(", "é", "\\"])  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=8).map("".join))
@settings(max_examples=400, deadline=None)
def test_what_was_redacted_is_clean_and_stays_so(text: str) -> None:
    """Else a second run would change a row again, or a replay would differ from what the gate wrote."""
    clean, count = redact(text)
    assert not {found.kind for found in find(clean)} - {"secret"}
    assert redact(clean) == (clean, 0)
    assert (clean == text) == (count == 0)


@given(st.lists(st.one_of(PIECES, st.sampled_from(list(SECRETS.values()))), max_size=5).map("".join))
@settings(max_examples=200, deadline=None)
def test_the_quick_look_denies_nothing(text: str) -> None:
    """Else what is searched for is never looked for; in a line of a file, where line ends are escapes, too."""
    if any(True for _ in find(text)):
        assert may_hold(text) and may_hold(json.dumps(text, ensure_ascii=False))
        assert any(True for _ in residue_of({"content": text}))
        assert any(True for _ in residue_of({"content": json.dumps({"text": f"\n{text}"})}))


def test_a_finding_does_not_repeat_what_it_found() -> None:
    """Else the report of a scan, which goes into logs and tickets, is the leak."""
    for text in SECRETS.values():
        assert all(len(one.what) < 60 and not any(part in one.what for part in text.split() if len(part) > 14) for one in find(text))  # fmt: skip
    for text in PERSONAL.values():
        assert not any("jsmith" in one.what or "ann" in one.what or "867" in one.what for one in find(text))


def test_a_long_line_costs_no_more_than_in_proportion() -> None:
    """Else one minified file would stop a scan for hours."""
    for piece in (
        "a@",
        "1.1.1.",
        "+1 2",
        "://a:",
        "eyJa",
        "token=",
        "-----BEGIN PRIVATE KEY-----",
        "/home/a",
        "2001:a:",
        "sk-a-",
        "a.",
    ):
        text = piece * 40_000
        list(find(text))
        redact(text[:50_000])
