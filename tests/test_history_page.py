"""The tracker: what it says of figures is so, what chance does is called chance, and the page is safe and complete."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from punie_data.errors import UserError
from punie_data.evaluate.statistics import mcnemar
from punie_data.history import judged
from punie_data.history.chance import difference, expected, fisher, spread, student_quantile
from punie_data.history.metric import Value
from punie_data.history.reported import TARGETS, Target, shipped
from punie_data.history.run import Run
from punie_data.history.systems import System, systems_of
from punie_data.history.tracker import tracker, write_tracker
from tests.browser import chromium, opened
from tests.test_history import punie_data

HOSTILE = '</style></td><script>window.hacked=1</script><img src=x onerror="window.hacked=2">|\n# `x`\u202e'
MACHINE = {"cpu": "one", "cores": 2, "memory_gb": 8.0}


def bench(name: str, weights: str, steady: float, number: int = 0, **metrics: Value) -> Run:
    return Run(
        "bench",
        name,
        {"bench": {"queries": 5}},
        {"steady_seconds": steady, **metrics},
        inputs={"model": weights},
        started=f"2026-01-{number + 1:02d}T00:00:00+00:00",
        machine=MACHINE,
        versions={"mlx-lm": "0.32.2"},
    )


def evaluation(name: str, weights: str, right: str, **rest: Any) -> Run:
    """One query a letter: `r` was answered rightly."""
    answers = {str(number): letter == "r" for number, letter in enumerate(right)}
    metrics: dict[str, Value] = {"accuracy": {"passed": right.count("r"), "total": len(right)}}
    told = {"evaluation": {"suite": "s.jsonl", "queries": len(right)}}
    return Run(
        "evaluate", name, told, metrics, inputs={"model": weights}, answers=answers, machine=MACHINE, **rest
    )


def made(kind: str, name: str, source: dict[str, str], weights: str, **configuration: Any) -> Run:
    role = "adapter" if kind == "train" else "model"
    return Run(kind, name, configuration, {}, source, {role: {"weights": weights, "path": "", "bytes": 1}})


CHAIN = [
    made("train", "mine", {"model": "B"}, "A", model="qwen", training={"epochs": 2}, data={"rows": 50}),
    made("fuse", "mine", {"model": "B", "adapter": "A"}, "F", model="qwen", fusion={"dequantized": True}),
    made("quantize", "mine-4bit", {"model": "F"}, "Q4", model="mine", quantization={"bits": 4}),
    made("quantize", "mine-8bit", {"model": "F"}, "Q8", model="mine", quantization={"bits": 8}),
    evaluation("qwen", "B", "wwwwwwwwww"),
    evaluation("mine-4bit", "Q4", "rrwwwwwwww"),
    evaluation("mine-8bit", "Q8", "rrrrrrrrrw"),
]


def numbered(runs: list[Run]) -> list[Run]:
    return [replace(run, id=run.id or str(number)) for number, run in enumerate(runs, 1)]


def system(runs: list[Run]) -> System:
    [found] = systems_of(numbered(runs))
    return found


def test_student_s_t_and_fisher_s_test_have_the_textbook_s_values() -> None:
    """Else noise would be called a change, or a change noise."""
    for freedom, wanted in (
        (1, 12.706),
        (2, 4.303),
        (3, 3.182),
        (4, 2.776),
        (9, 2.262),
        (30, 2.042),
        (200, 1.972),
    ):
        assert student_quantile(freedom) == pytest.approx(wanted, abs=6e-4)
    assert student_quantile(5, 0.99) == pytest.approx(4.032, abs=6e-4)
    assert fisher((3, 4), (1, 4)) == pytest.approx(34 / 70)  # the lady who tasted tea
    assert fisher((8, 10), (1, 6)) == pytest.approx(0.0349650, abs=1e-6)
    assert fisher((5, 5), (5, 5)) == 1.0
    assert spread([2, 4, 6]).half == pytest.approx(4.303 * 2 / 3**0.5, abs=1e-3)
    low, high = difference([10, 12, 11], [20, 21, 22]) or (0, 0)
    assert low == pytest.approx(10 - 2.776 * (2 / 3) ** 0.5, abs=1e-2) and high == pytest.approx(20 - low)


def test_what_is_expected_of_one_more_run_holds_it_as_often_as_is_said() -> None:
    """The interval against chance itself: of 2,000 series of equal runs some 95 in 100 have the fourth inside."""
    chance = random.Random(7)
    inside = 0
    for _ in range(2000):
        values = [chance.gauss(3, 0.4) for _ in range(4)]
        low, high = expected(values[:3]) or (0, 0)
        inside += low <= values[3] <= high
    assert 0.935 < inside / 2000 < 0.965
    assert expected([1.0]) is None and difference([1.0], [1.0, 2.0]) is None


def test_runs_of_the_same_weights_are_one_system_and_know_where_it_came_from() -> None:
    """Else a rounded model would not know what it was trained on, and nobody could say what a change did."""
    found = systems_of(numbered(CHAIN))
    assert [one.label for one in found] == [
        "qwen",
        "mine (adapter)",
        "mine (fused)",
        "mine-4bit",
        "mine-8bit",
    ]  # the base first
    eight = found[-1]
    assert eight.configuration["training"] == {"epochs": 2} and eight.configuration["data"] == {"rows": 50}
    assert eight.base == "qwen" and eight.configuration["quantization"] == {"bits": 8}
    pairs = [(change.first.label, change.second.label) for change in judged.changes(found)]
    assert (
        ("mine (fused)", "mine-8bit") in pairs
        and ("mine-4bit", "mine-8bit") in pairs
        and ("qwen", "mine (adapter)") in pairs
    )
    rounding = next(one for one in judged.changes(found) if one.first.label == "mine-4bit")
    assert rounding.changed == (("quantization.bits", "4", "8"),)
    [effect] = rounding.effects
    assert effect.figures == "2 of 10, 20.0 % → 9 of 10, 90.0 %"
    assert (
        effect.said == f"+70.0 points (p = {mcnemar(0, 7):.2g}: more than chance)"
    )  # paired, query by query


def test_an_endpoint_has_no_weights_and_reported_results_are_each_their_own() -> None:
    """Else two served models would be taken for one, or two people's results."""
    runs = [Run("evaluate", "served", {"model": name}, {"accuracy": 0.5}) for name in ("one", "two", "one")]
    assert [len(one.runs) for one in systems_of(numbered(runs))] == [2, 1]
    runs = [Run("reported", "same", {}, {"accuracy": 0.5}) for _ in range(2)]
    assert [one.label for one in systems_of(numbered(runs))] == ["same (reported)", "same (reported) (2)"]


@pytest.mark.parametrize(
    ("metrics", "wanted"),
    [
        ({"load_seconds": 9.9}, ("met", "")),
        ({"load_seconds": 10}, ("missed", "")),
        ({"load_seconds": {"low": 8.2, "high": 11.6}}, ("open", "at times")),
        ({"load_seconds": {"low": 6.5, "high": 8.1}}, ("met", "")),
        ({}, ("open", "")),
        ({"accuracy": {"passed": 23, "total": 25}}, ("met", "not for sure: 75–98 %")),
        ({"accuracy": {"passed": 390, "total": 400}}, ("met", "")),
        ({"accuracy": 0.6}, ("missed", "")),
        ({"seconds_per_query": 2.53}, ("met", "with cold queries")),
    ],
)  # fmt: skip
def test_targets_are_met_missed_or_open(metrics: dict[str, Value], wanted: tuple[str, str]) -> None:
    """Else a target is called met that was never measured, or surely met by four right answers."""
    key = {"seconds_per_query": "steady_seconds"}.get(
        next(iter(metrics), "load_seconds"), next(iter(metrics), "load_seconds")
    )
    target = next(target for target in TARGETS if target.metric == key)
    assert judged.reached(target, metrics) == wanted


def test_repeated_runs_tell_noise_from_change_and_two_can_t() -> None:
    """Else +24.8 % in two runs would be called a regression, or a real one noise."""

    def verdicts(*values: float) -> judged.Consistency:
        [found] = judged.consistency(
            [system([bench("m", "W", value, number) for number, value in enumerate(values)])]
        )
        return found

    two = verdicts(2.0, 2.496)
    assert (two.kind, two.newest) == ("untold", "2.5 s, +25 %") and "two runs can't tell" in two.verdict
    assert verdicts(2.0, 2.02, 1.99, 2.01).kind == "noise"
    assert verdicts(2.0, 2.02, 1.99, 2.01, 2.6).kind == "changed"
    assert verdicts(2.0, 2.0, 2.0).kind == "same"
    assert judged.consistency([system([bench("m", "W", 2.0)])]) == []
    other = replace(bench("m", "W", 9.0), configuration={"bench": {"queries": 500}})
    assert judged.consistency([system([bench("m", "W", 2.0), other])]) == []  # they were not asked for alike


def test_many_metrics_bring_no_more_false_alarms_than_one() -> None:
    """Else a tracker of twenty figures would cry wolf at every run."""
    chance = random.Random(3)
    keys = ("load_seconds", "warm_up_seconds", "tokens_per_second", "prompt_tokens_per_second")
    alarms = 0
    for _ in range(150):
        runs = [
            bench("m", "W", chance.gauss(2, 0.1), n, **{key: chance.gauss(5, 0.3) for key in keys})
            for n in range(5)
        ]
        alarms += any(one.kind == "changed" for one in judged.consistency([system(runs)]))
    assert alarms / 150 < 0.1  # 5 % are asked for; without the correction it would be 20 %


def test_a_change_of_time_is_told_from_noise_by_repeated_runs() -> None:
    """Else one fast run makes a better model."""
    first = [bench("a", "W", value, n) for n, value in enumerate((2.0, 2.1, 1.95))]
    slower = [bench("b", "V", value, n) for n, value in enumerate((4.2, 4.3, 4.1))]
    alike = [bench("b", "V", value, n) for n, value in enumerate((2.05, 1.9, 2.2))]
    for second, said in (
        (slower, "more than noise"),
        (alike, "can't be told from noise"),
        (slower[:1], "too few runs"),
    ):
        one, two = systems_of(numbered([*first, *second]))
        [effect] = judged.change(one, two).effects
        assert said in effect.said


def test_reported_changes_are_told_as_they_were_and_one_query_is_no_difference() -> None:
    """Rounded from 6 to 5 bits: half the time; and 92 against 88 % of 25 is one query."""
    found = judged.changes(systems_of(shipped()))
    change = next(one for one in found if one.second.label == "Phase 26.1")
    assert change.first.label == "Phase 26" and change.changed == (("quantization.bits", "6", "5"),)
    said = {effect.metric: effect.said for effect in change.effects}
    assert said["accuracy"] == "+4.0 points (p = 1.00: chance does as much)"
    assert (said["seconds_per_query"], said["model_gb"]) == ("−54 %", "−15 %")
    back = judged.change(change.second, change.first)
    assert next(one.said for one in back.effects if one.metric == "seconds_per_query") == "+117 %"


def test_the_best_is_the_best_of_what_can_be_compared() -> None:
    """Else four easy queries would beat four hundred, and another machine's seconds one's own."""
    far = replace(bench("far", "X", 0.5), machine={"cpu": "other", "cores": 8})
    runs = [
        evaluation("a", "W", "r" * 9 + "w"),
        evaluation("b", "V", "r" * 8 + "ww"),
        evaluation("c", "U", "rrrr"),
        bench("a", "W", 2.0),
        bench("b", "V", 3.0),
        far,
    ]
    found = {
        (one.metric, one.among): (one.system.label, one.note)
        for one in judged.best(systems_of(numbered(runs)))
    }
    assert found["accuracy", "s.jsonl, 10 queries"] == ("a", "not distinguishable from b")
    assert found["accuracy", "s.jsonl, 4 queries"][0] == "c"
    assert found["steady_seconds", "one, 2 cores"][0] == "a"
    assert found["steady_seconds", "other, 8 cores"][0] == "far"


@pytest.mark.parametrize(
    ("present", "machine", "reason"),
    [
        ({"mlx-lm": "0.33.0"}, MACHINE, "mlx-lm was 0.32.2 and is 0.33.0"),
        ({"mlx-lm": "0.32.2"}, MACHINE | {"cpu": "two"}, "another machine: one, 2 cores"),
        ({"mlx-lm": "0.32.2"}, MACHINE, ""),
    ],
)  # fmt: skip
def test_what_is_out_of_date_is_told(present: dict[str, str], machine: dict[str, Any], reason: str) -> None:
    """Else figures of an old version, or of another machine, go on being believed."""
    found = judged.out_of_date([system([bench("m", "W", 2.0)])], present, machine)
    assert (reason in found[0][1][0]) if reason else found == []


def test_what_was_made_and_never_measured_is_told() -> None:
    """A new training, or a new rounding; but not an adapter whose fused model was measured."""
    found = judged.out_of_date(systems_of(numbered(CHAIN[:3])), {}, {})
    assert [(one.label, reasons[0].partition(" on ")[0]) for one, reasons in found] == [
        ("mine-4bit", "quantized")
    ]
    assert judged.out_of_date(systems_of(numbered(CHAIN)), {}, MACHINE) == []
    tools = replace(bench("m", "W", 2.0), versions={"tools": "old"})
    assert judged.out_of_date([system([tools])], {"tools": "new"}, MACHINE)[0][1] == [
        "the tools' signatures have changed"
    ]


def test_a_tracker_without_records_shows_the_reported_ones(tmp_path: Path) -> None:
    """A user's first look: nothing of their own, and a place to stand."""
    done = punie_data("history", "page", "--out", tmp_path / "t", "--history", tmp_path / "none.sqlite")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "t/tracker.md").read_text()
    assert "Nothing was recorded here yet, beside 17 results that others reported." in text
    assert "| Phase 26 → Phase 26.1 | quantization bits 6 → 5 | accuracy |" in text
    assert "| Phase 27 (reported) | met | at times | met |" in text
    assert all(f"### {run.name} (reported)\n" in text for run in shipped())
    page = (tmp_path / "t/tracker.html").read_text()
    assert not (tmp_path / "none.sqlite").exists()
    again = punie_data("history", "page", "--out", tmp_path / "t", "--history", tmp_path / "none.sqlite")
    assert again.returncode == 0 and (tmp_path / "t/tracker.html").read_text() == page


def test_one_s_own_targets_and_folders(tmp_path: Path) -> None:
    """Else one's own targets change nothing, or the page is written over somebody's files."""
    (tmp_path / "targets.toml").write_text("[target]\naccuracy = {at_least = 0.95}\n")
    given = (
        "history",
        "page",
        "--targets",
        tmp_path / "targets.toml",
        "--history",
        tmp_path / "none.sqlite",
        "--out",
    )
    assert punie_data(*given, tmp_path / "t").returncode == 0
    assert (
        "| Phase 26.1 (reported) | missed (not for sure: 75–98 %) | 0 of 1 |"
        in (tmp_path / "t/tracker.md").read_text()
    )
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/notes.txt").touch()
    for place, said in (("theirs", "holds other files"), ("targets.toml", "is a file")):
        done = punie_data(*given, tmp_path / place)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1) and said in done.stderr
    with pytest.raises(UserError, match="holds other files"):
        write_tracker([], tmp_path / "theirs")


def test_nothing_at_all_is_a_page_too(tmp_path: Path) -> None:
    """Else the first page of someone who wants only their own is a traceback."""
    document = tracker([], TARGETS, {}, {})
    assert "Nothing was recorded here yet." in document.lead
    assert len(write_tracker([], tmp_path / "t")) == 2
    assert (
        len(write_tracker([Run("train", "x", id="1")], tmp_path / "t", [Target("load_seconds", below=1)]))
        == 2
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_it_opens_from_disk_and_is_as_wide_as_its_window(
    browser: Any, tmp_path: Path, width: int, dark: bool
) -> None:
    """Else it can't be read on a train, or on a phone: nothing is asked for, nothing runs, and only tables scroll."""
    benches = [bench("mine-8bit", "Q8", 0.02 * number, number) for number in range(2, 6)]
    [page, _] = write_tracker(
        [*shipped(), *numbered([*CHAIN, *benches])],
        tmp_path / "t",
        present={"mlx-lm": "0.33"},
        machine=MACHINE,
    )
    with opened(browser, page, width=width, dark=dark) as found:
        assert found.requests == [page.as_uri()] and found.troubles == []
        assert found.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert found.page.locator("figure.plot").count() == 4
        assert (
            found.page.locator("circle.own").count() == 3 + 1
            and found.page.locator("circle.hollow").count() > 25
        )
        ground = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") is not dark
        # Points stand where their values are: the accuracy of 88 % lies right of its target and left of 92 %.
        place = {label: float(at.rstrip("%")) for label, at in found.page.evaluate(
            "[...document.querySelectorAll('figure:first-of-type tbody tr')].map(r => [r.cells[0].innerText, r.querySelector('circle').getAttribute('cx')])")}  # fmt: skip
        target = float(found.page.locator("line.target").first.get_attribute("x1").rstrip("%"))
        assert place["Phase 23"] < target < place["Phase 26"] < place["Phase 26.1"] < place["Phase 27"]
        phase = found.page.locator("details.phase").last
        assert not phase.locator("table").first.is_visible()
        phase.locator("summary").click()
        assert phase.locator("table").first.is_visible() and "8" in phase.inner_text()
        boxes = found.page.evaluate(
            "[...document.querySelectorAll('.points th')].map(e => e.getBoundingClientRect().height)"
        )
        assert max(boxes) < 60  # no name is squeezed into a column of letters


def test_text_of_others_neither_runs_nor_becomes_markup(browser: Any, tmp_path: Path) -> None:
    """Else a result that somebody sent could run in the reader's browser, or rewrite the Markdown."""
    bad = Run(
        "reported",
        HOSTILE,
        {HOSTILE: HOSTILE, "model": HOSTILE},
        {"accuracy": 0.5},
        note=HOSTILE,
        source=HOSTILE,
        machine={"cpu": HOSTILE},
        versions={HOSTILE: HOSTILE},
    )
    own = replace(
        evaluation(HOSTILE, "W", "rw", versions={"mlx-lm": HOSTILE}),
        machine={"cpu": HOSTILE},
        started=HOSTILE,
    )
    [page, text] = write_tracker(
        numbered([bad, replace(bad, name=f"{HOSTILE}2"), own]),
        tmp_path / "t",
        present={"mlx-lm": "1"},
        machine=MACHINE,
    )
    with opened(browser, page) as found:
        assert found.page.evaluate("[window.hacked, document.images.length, document.scripts.length]") == [
            None,
            0,
            0,
        ]
        assert found.troubles == [] and found.requests == [page.as_uri()]
        assert "</style></td><script>" in found.page.inner_text("main")
        assert "\u202e" not in found.page.inner_text("body")
    markdown = text.read_text()
    assert "<script" not in markdown.replace("\\<script", "") and "\u202e" not in markdown
    assert [line for line in markdown.splitlines() if line.startswith("# ")] == ["# Performance tracker"]
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert all(line.replace("\\\\", "").replace("\\|", "").endswith("|") for line in rows)


def test_a_page_of_thousands_of_runs_is_written(tmp_path: Path) -> None:
    """Else a history that has grown for years can't be looked at any more: what is slow grows faster than the records."""
    runs = [
        evaluation(f"m{number % 300}", f"W{number % 300}", "rw" * 10, id=str(number))
        for number in range(3000)
    ]
    [page, _] = write_tracker(runs, tmp_path / "t")
    assert page.stat().st_size < 4_000_000
    assert json.dumps("m299")[1:-1] in page.read_text()
