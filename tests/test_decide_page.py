"""The page of a comparison, in a real Chromium: it loads nothing, runs nothing that a model wrote, and shows every answer beside the others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from punie_data import dataset
from punie_data.decide.answers import suite_file
from punie_data.decide.criteria import DEFAULT
from punie_data.decide.measured import benches_of
from punie_data.decide.page import page
from punie_data.decide.verdict import decide
from punie_data.errors import UserError
from punie_data.evaluate.compare import compare, load_results
from punie_data.evaluate.queries import queries
from tests.browser import chromium, opened
from tests.results import bench_file, result, results_folder

SUITE = Path(__file__).parent.parent / "data/suites/shop-60.jsonl"
ASKED = list(queries(SUITE))
HOSTILE = '</script><img src=x onerror="window.hacked=1"><svg onload="window.hacked=2">\u202e\x1b[31m'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def rows(wrong: int, text: str = "") -> list[dict[str, Any]]:
    """Of every query of the suite that ships; the first `wrong` are wrong. One is agentic, one unscored."""
    found = []
    for number, query in enumerate(ASKED):
        good = number >= wrong
        more: dict[str, Any] = {
            "kind": query.kind,
            "repo": query.repo,
            "decided": query.kind if good else "malformed",
        }
        if text:
            more |= {"explanation": text, "text": text, "decided": text}
        found.append(result(number, good, text or query.category, **more) | {"id": query.id})
    calls = [{"id": "c", "function": {"name": text or "hover", "arguments": {text or "line": text or 41}}}]
    found[1]["transcript"] = [
        {"role": "assistant", "content": "", "tool_calls": calls},
        {
            "role": "tool",
            "name": text or "hover",
            "tool_call_id": "c",
            "content": text or '{"success": true}',
        },
        {"role": "assistant", "content": text or "It is a class."},
    ]
    found[3] |= {"text": " \n" * 30}
    found[2] = {key: found[2][key] for key in ("id", "kind", "category", "repo")} | {
        "unscored": text or "too long"
    }
    return found


def written(folder: Path, text: str = "") -> Path:
    suite = {"name": text or SUITE.name, "sha256": dataset.digest(SUITE), "queries": len(ASKED)}
    names = (
        "base",
        "mine",
        text[:40].replace("/", "") or "third one with a long name that must break somewhere",
    )
    places = [
        results_folder(folder / f"{n}", rows(wrong, text), suite=suite, weights=str(n))
        for n, wrong in enumerate((40, 5, 6))
    ]
    evaluations = [load_results(place, name) for place, name in zip(places, names, strict=True)]
    bench = bench_file(
        folder / "bench.json", {"base": (2, 5, 5), "mine": (1, 5, 5)}, {"base": "0", "mine": "1"}
    )
    benches = benches_of([bench], evaluations)
    comparison = compare(evaluations)
    made = page(
        comparison,
        evaluations,
        decide(evaluations, comparison, benches, DEFAULT),
        benches,
        suite_file(None, evaluations),
    )
    (folder / "page.html").write_text(made, encoding="utf-8")
    return folder / "page.html"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"))


def test_it_loads_nothing_and_shows_the_figures(browser: Any, file: Path) -> None:
    """Else nobody could read it on a train; and any trouble in its script would go unseen."""
    with opened(browser, file) as found:
        page = found.page
        assert "58 queries" in page.inner_text("header") or "59 queries" in page.inner_text("header")
        assert "undecided" in page.inner_text("#decision") and "field access ≥ 80 %" in page.inner_text(
            "#decision"
        )
        assert "mine is better" in page.inner_text("#differences")
        assert page.locator("#decisions .confusion").count() == 3
        assert page.locator("#speed svg[role=img]").count() == 2
        assert page.locator("#accuracy circle").count() >= 3 * 5
        drawn = page.evaluate(
            "[...document.querySelectorAll('#accuracy circle')].every(c => c.getBoundingClientRect().width > 5)"
        )
        assert drawn
    assert found.requests == [file.as_uri()] and found.troubles == []


def test_a_query_is_shown_with_every_answer_beside_the_others(browser: Any, file: Path) -> None:
    """Else conclusions could not be checked against what was really said."""
    with opened(browser, file) as found:
        page = found.page
        assert page.locator("#questions button").count() == 35  # 40 wrong against 5
        page.locator("#questions button").first.click()
        page.wait_for_selector("#query .side")
        assert page.locator("#query article").count() == 3
        page.evaluate(f"location.hash = '#query={ASKED[1].id}'")
        page.wait_for_selector("#query .side .message")
        text = page.inner_text("#query")
        assert "It is a class." in text and "hover(line=41)" in text and "is the wrong line" in text
        asked = [m["content"] for m in ASKED[1].prompt if m["role"] == "user"][-1]
        assert asked in page.inner_text("#query h3")
        page.evaluate(f"location.hash = '#query={ASKED[2].id}'")
        page.wait_for_selector("#query .warning")
        assert "unscored: too long" in page.inner_text("#query")
        page.evaluate(f"location.hash = '#query={ASKED[3].id}'")
        page.wait_for_selector("#query .none")
        assert "nothing but white space, 60 characters" in page.inner_text("#query")
        page.evaluate("location.hash = '#query=nothing'")
        page.wait_for_selector("#query > .none")
    assert found.troubles == []


def test_filters_find_what_is_there(browser: Any, file: Path) -> None:
    """Else a failure would be missed among hundreds of answers."""
    with opened(browser, file, f"#query={ASKED[50].id}") as found:
        page = found.page
        assert page.locator("#query article").count() == 3
        page.select_option("#which", "wrong")
        assert page.inner_text("#found") == f"4 of {len(ASKED)} queries"
        page.select_option("#which", "")
        page.select_option("#kind", "tool")
        tools = sum(query.kind == "tool" for query in ASKED)
        assert page.inner_text("#found") == f"{tools} of {len(ASKED)} queries"
        page.fill("#text", "No Query Says This")
        assert page.inner_text("#found").startswith("0 of")
    assert found.troubles == []


def test_a_system_alone_has_a_page_too(browser: Any, tmp_path: Path) -> None:
    """Else who decides about one system sees an empty list, since it differs from nothing."""
    evaluations = [load_results(results_folder(tmp_path / "only", rows(3)))]
    comparison = compare(evaluations)
    made = page(comparison, evaluations, decide(evaluations, None, {}, DEFAULT))
    (tmp_path / "page.html").write_text(made, encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as found:
        assert found.page.locator("#questions button").count() == len(ASKED)
        assert found.page.locator("#differences").count() == 0
    assert found.troubles == []


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False), (390, True)])
def test_it_fits_a_phone_and_the_dark(browser: Any, file: Path, width: int, dark: bool) -> None:
    """Else half of it lies outside the screen, a word a letter wide, or dark on dark."""
    with opened(browser, file, f"#query={ASKED[1].id}", width=width, dark=dark) as found:
        page = found.page
        assert page.evaluate("document.documentElement.scrollWidth") == width
        thin = page.evaluate(
            "[...document.querySelectorAll('td, th, li, p')].filter(e => e.innerText.length > 12 && e.getBoundingClientRect().height > 0"
            " && e.getBoundingClientRect().width < 60).map(e => e.innerText)"
        )
        assert thin == []
        ground, ink = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        assert (sum(map(int, ground[4:-1].split(","))) < sum(map(int, ink[4:-1].split(",")))) is dark
    assert found.troubles == []


def test_what_models_say_does_not_run(browser: Any, tmp_path: Path) -> None:
    """Else a model could run its own code in the reader's browser."""
    file = written(tmp_path, HOSTILE)
    for number in (1, 2, 3):
        with opened(browser, file, f"#query={ASKED[number].id}") as found:
            page = found.page
            page.wait_for_selector("#query article")
            assert "onerror=" in page.inner_text("#query") and "\u202e" not in page.inner_text("body")
            assert page.evaluate("[window.hacked, document.images.length, document.scripts.length]") == [
                None,
                0,
                2,
            ]
        assert found.troubles == [] and found.requests == [file.as_uri()]


def test_the_same_inputs_give_the_same_page_and_only_the_suite_that_was_asked(tmp_path: Path) -> None:
    """Else two readers look at two pages, or at the questions of another suite."""
    assert written(tmp_path / "a").read_bytes() == written(tmp_path / "b").read_bytes()
    evaluations = [load_results(results_folder(tmp_path / "other", [result(1, True)]))]
    assert suite_file(None, evaluations) is None
    with pytest.raises(UserError, match="is not the suite that was asked"):
        suite_file(SUITE, evaluations)
    whole = (tmp_path / "a/page.html").read_text()
    assert "http" not in whole.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert json.dumps(str(tmp_path))[1:-1] not in whole
