"""Comparing evaluations: chance is called chance, a difference a difference, and nothing is paired that was not asked the same."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.errors import UserError
from punie_data.evaluate.compare import Evaluation, compare, load_results
from punie_data.evaluate.statistics import (
    bootstrap,
    holm,
    mcnemar,
    paired_difference,
    queries_needed,
    queries_to_settle,
    wilson,
)
from tests.results import SUITE, result, results_folder, right


def punie_data(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "punie_data", *map(str, arguments)], capture_output=True, text=True
    )


def evaluation(name: str, rows: list[dict[str, Any]], **suite: Any) -> Evaluation:
    summary = {"suite": SUITE | suite, "system": {"weights": name * 8, "dialect": "hermes"}}
    return Evaluation(name, summary, {row["id"]: row for row in rows})


@pytest.mark.parametrize(
    ("passed", "total", "low", "high"),
    [
        # statsmodels 0.15, proportion_confint(..., method="wilson")
        (8, 10, 0.490162, 0.943318),
        (23, 25, 0.750339, 0.977780),
        (22, 25, 0.700442, 0.958332),
        (0, 5, 0.0, 0.434482),
        (5, 5, 0.565518, 1.0),
        (380, 400, 0.924036, 0.967403),
    ],
)
def test_wilson_s_interval_is_that_of_statsmodels(passed: int, total: int, low: float, high: float) -> None:
    """Else every interval of every report would be off."""
    found = wilson(passed, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("one", "other", "p"),
    # scipy 1.17, binomtest(one, one + other).pvalue
    [
        (1, 9, 0.021484375),
        (3, 8, 0.2265625),
        (0, 6, 0.03125),
        (5, 21, 0.002493917942),
        (0, 0, 1.0),
        (4, 4, 1.0),
    ],
)
def test_mcnemar_s_test_is_scipy_s_exact_one(one: int, other: int, p: float) -> None:
    """Else chance would be called a difference, or the other way round."""
    assert mcnemar(one, other) == pytest.approx(p) == mcnemar(other, one)


def test_holm_s_correction_is_that_of_statsmodels() -> None:
    """Of many pairs one always looks different."""
    # multipletests([0.01, 0.04, 0.03, 0.005], method="holm")[1]
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.2]) == [0.2] and holm([0.9, 0.8]) == [1.0, 1.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(p_values: list[float]) -> None:
    """Else a pair would profit from being compared with others."""
    adjusted = holm(p_values)
    assert all(a >= p and a <= 1 for a, p in zip(adjusted, p_values, strict=True))
    order = sorted(range(len(p_values)), key=lambda n: p_values[n])
    assert [adjusted[n] for n in order] == sorted(adjusted)


def test_a_bootstrap_is_the_same_for_the_same_seed_and_covers_what_it_should() -> None:
    """Else two runs of one comparison would say two things; and an interval that misses too often is none."""
    import random

    values = [1.3, 2.9, 0.4, 4.4, 2.2, 0.9, 3.1, 1.7]
    assert bootstrap(values, 3) == bootstrap(values, 3) != bootstrap(values, 4)
    # scipy.stats.bootstrap(method="percentile"), 99,999 resamples of the means of each
    assert bootstrap(values) == (pytest.approx(1.3, abs=0.05), pytest.approx(2.9875, abs=0.05))
    differences = [1.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0] * 5
    assert bootstrap(differences) == (pytest.approx(-0.05, abs=0.03), pytest.approx(0.3, abs=0.03))
    chance = random.Random(1)
    hits = 0
    for _ in range(200):
        drawn = [float(chance.random() < 0.3) for _ in range(60)]
        low, high = bootstrap(drawn, 0, 400)
        hits += low <= 0.3 <= high
    assert 176 <= hits <= 199  # 95 % of 200, less what a percentile interval of 60 values is known to lack
    assert bootstrap([2.0] * 9) == (2.0, 2.0)
    assert str(bootstrap([])) == "(nan, nan)"


def test_the_interval_of_a_difference_covers_it_where_a_bootstrap_can_t() -> None:
    """Else two systems that agree on 16 queries would be shown to be the same, beyond all doubt."""
    import random

    assert bootstrap([0.0] * 16) == (0.0, 0.0)
    low, high = paired_difference(6, 0, 0, 10)
    assert low < -0.1 and high > 0.1 and low == pytest.approx(-high)
    low, high = paired_difference(16, 0, 0, 0)
    assert low == pytest.approx(wilson(16, 16).low - 1) and high == pytest.approx(1 - wilson(16, 16).low)
    mirrored = paired_difference(20, 2, 12, 16)
    assert paired_difference(20, 12, 2, 16) == (pytest.approx(-mirrored[1]), pytest.approx(-mirrored[0]))
    assert mirrored[0] < 0.2 < mirrored[1]
    # Newcombe's example with 36, 12, 2 and 0 of 50 (1998, method 10)
    assert paired_difference(36, 2, 12, 0) == (
        pytest.approx(0.0569, abs=5e-5),
        pytest.approx(0.3404, abs=5e-5),
    )
    chance = random.Random(2)
    hits = 0
    for _ in range(400):
        cells = [0, 0, 0, 0]
        for _ in range(25):
            cells[chance.choices(range(4), (0.7, 0.02, 0.12, 0.16))[0]] += 1
        low, high = paired_difference(*cells)
        hits += low <= 0.10 <= high
    assert hits >= 372  # 95 % of 400, less two standard errors
    assert str(paired_difference(0, 0, 0, 0)) == "(nan, nan)"


def test_how_many_queries_would_settle_it() -> None:
    """Else the report says "more" and nobody knows how many; the number must itself be settled by Wilson's interval."""
    needed = queries_to_settle(0.92, 0.8, 25)
    assert needed is not None and wilson(round(0.92 * needed), needed).low > 0.8
    assert wilson(23, 25).low < 0.8
    below = queries_to_settle(0.7, 0.8, 25)
    assert below is not None and wilson(round(0.7 * below), below).high < 0.8
    assert queries_to_settle(0.8, 0.8, 25) is None
    assert queries_to_settle(1.0, 0.5, 40) == 41
    assert queries_needed(1, 0, 25, tests=3) > queries_needed(1, 0, 25)  # type: ignore[operator]


def test_one_query_of_25_is_no_difference() -> None:
    """The owner's 92 against 88 % of 25: it says what would tell them apart."""
    found = compare([evaluation("26.1", right(23, 25)), evaluation("26", right(22, 25))])
    pair = found.pair("26.1", "26")
    assert not pair.distinguishable and pair.better is None
    assert pair.verdict == f"not distinguishable with 25 queries (p = 1.00); about {pair.needed} would be"
    # 4 % of discordant pairs, all one way, at 80 % power.
    assert pair.needed is not None and 150 < pair.needed < 250
    assert pair.low <= pair.difference == -0.04 <= pair.high
    far = compare([evaluation("a", right(23, 25)), evaluation("b", right(5, 25))])
    assert far.pair("b", "a").verdict.startswith("a is better")


def test_the_same_difference_is_none_among_many_systems() -> None:
    """Else who compares enough systems always finds a winner."""
    two = [evaluation("a", right(25, 25)), evaluation("b", right(19, 25))]
    many = [*two, *(evaluation(f"c{n}", right(22 + n % 2, 25)) for n in range(4))]
    assert compare(two).pair("a", "b").better == "a"
    assert compare(many).pair("a", "b").better is None


def test_results_of_different_suites_are_never_paired(tmp_path: Path) -> None:
    """Else an easy suite would beat a hard one; ids alone prove nothing."""
    with pytest.raises(UserError, match="only results of the same suite can be paired"):
        compare([evaluation("a", right(3, 5)), evaluation("b", right(3, 5), sha256="6" * 64)])
    with pytest.raises(UserError, match="no query that a and b were all scored on"):
        compare([evaluation("a", right(3, 5)), evaluation("b", right(3, 5, 10))])
    with pytest.raises(UserError, match="two systems are called a"):
        compare([evaluation("a", right(3, 5))] * 2)
    done = punie_data(
        "compare",
        results_folder(tmp_path / "a", right(3, 5)),
        results_folder(tmp_path / "b", right(3, 5), suite=SUITE | {"sha256": "6" * 64}),
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_what_was_not_scored_counts_for_nobody() -> None:
    """Else a query that one system could not be asked would count against it, or for it."""
    one = right(6, 10)
    other = right(4, 10)
    other[0] = {key: other[0][key] for key in ("id", "kind", "category", "repo")} | {"unscored": "too long"}
    found = compare([evaluation("a", one), evaluation("b", other)])
    assert found.shared == 9 and [share.passed for share in found.groups[0].shares] == [5, 3]
    assert found.queries[0].outcomes[1] is None and not found.queries[0].differs
    assert "b: 1 of 10 unscored, counted neither way" in found.notes
    assert (
        "1 of 10 queries were not scored for every system: what is compared is of the other 9" in found.notes
    )


def test_queries_tell_where_each_failed_and_why() -> None:
    """Else one sees that two systems differ and not in what."""
    found = compare([evaluation("a", right(2, 3)), evaluation("b", right(1, 3))])
    differing = [asked for asked in found.queries if asked.differs]
    assert [asked.id for asked in differing] == [f"{1:020}"]
    outcome = differing[0].outcomes[1]
    assert outcome and (outcome.failed, outcome.explanation) == ("arguments", "1 is the wrong line")
    layers = {
        group.name: [share.passed for share in group.shares]
        for group in found.groups
        if group.axis == "layer"
    }
    assert layers["tools"] == [3, 3] and layers["arguments"] == [2, 1]


def test_the_same_weights_are_told(tmp_path: Path) -> None:
    """Else a server that swapped the model would be compared with itself, unnoticed."""
    folders = [results_folder(tmp_path / name, right(3, 5), weights="f" * 64) for name in ("a", "b")]
    done = punie_data("compare", *folders)
    assert done.returncode == 0 and "a and b were answered by the same weights" in done.stdout


def test_other_modes_are_told() -> None:
    """Else a system that had to answer would be compared with one that only had to call, and nobody would know."""
    other = evaluation("b", right(3, 5))
    other.summary["system"]["mode"] = "agentic"  # type: ignore[index]
    [note] = compare([evaluation("a", right(3, 5)), other]).notes
    assert note.startswith("they were asked in different modes")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "summary.json").unlink(), "holds no summary.json"),
        (lambda folder: (folder / "summary.json").write_text("[]"), "is not what evaluate writes"),
        (lambda folder: (folder / "results.jsonl").write_text('{"id": 1}\n'), "results.jsonl:1: no result"),
        (lambda folder: (folder / "results.jsonl").write_text('{"id'), "results.jsonl:1: "),
        (
            lambda folder: (folder / "results.jsonl").write_text(f"{json.dumps(result(1, True))}\n" * 2),
            "results.jsonl:2: the query",
        ),
    ],
    ids=["no-summary", "other-json", "no-row", "half-a-line", "twice"],
)
def test_a_folder_that_is_no_evaluation_is_told(spoil: Any, said: str, tmp_path: Path) -> None:
    """Else a traceback, or a comparison of nothing."""
    folder = results_folder(tmp_path / "a", right(3, 5))
    spoil(folder)
    with pytest.raises(UserError, match=r"^[^\n]*$") as caught:
        load_results(folder)
    assert said in str(caught.value)


def test_json_has_all_and_text_has_names_of_folders(tmp_path: Path) -> None:
    """Else a script can't use it; two folders of one name are told apart by their parents', and text from results moves no cursor."""
    rows = right(3, 5)
    rows[4]["explanation"] = "\x1b[31mred"
    folders = [
        results_folder(tmp_path / "a/results", right(5, 5)),
        results_folder(tmp_path / "b/results", rows),
        results_folder(tmp_path / "c", right(4, 5)),
    ]
    done = punie_data("compare", *folders[:2], f"third={folders[2]}", "--json")
    data = json.loads(done.stdout)
    assert list(data["systems"]) == ["a/results", "b/results", "third"] and len(data["queries"]) == 5
    assert len([pair for pair in data["pairs"] if pair["axis"] == "all"]) == 3
    text = punie_data("compare", *folders, "--out", tmp_path / "page.txt")
    assert text.returncode == 0, text.stderr
    told = (tmp_path / "page.txt").read_text()
    assert "wrong (arguments): \\x1b[31mred" in told and "a/results / c:" in told
