"""The report in a real browser: it opens from disk, shows rows as they are, finds them, and lets nothing in them run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from punie_data.report.write import write_report
from tests.browser import chromium, opened
from tests.test_stats import CALLING, ROWS, SAMPLE, dataset

HOSTILE = '</script><img src=x onerror="window.hacked=1;alert(1)"><script>window.hacked=2</script>\'"&lt;b&gt;${1}`\u202e\x00'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(SAMPLE, tmp_path_factory.mktemp("report") / "report.html").path


def settled(page: Any) -> None:
    page.wait_for_timeout(300)  # what is typed is looked for a moment later
    page.wait_for_selector("#list[aria-busy=false]")


def test_it_opens_from_disk_asks_for_nothing_and_shows_the_rows(browser: Any, report: Path) -> None:
    """Else nobody could read it on a train; and any trouble in its script would go unseen."""
    with opened(browser, report) as found:
        page = found.page
        assert f"{len(ROWS)} rows" in page.inner_text("header")
        page.locator("#list .item").first.click()
        page.wait_for_selector("#row .message")
        assert ROWS[0]["messages"][0]["content"].replace("`", "") in page.inner_text("#row")
        assert page.evaluate("location.hash") == f"#row={ROWS[0]['id']}"
        assert 0 < page.locator("#list .item").count() < 60  # a window onto the list, not the list
    assert found.requests == [report.as_uri()] and found.troubles == []


def test_a_link_opens_its_row(browser: Any, report: Path) -> None:
    """Else nobody can point at a row; and a row that is not there is said not to be."""
    row = CALLING
    with opened(browser, report, f"#row={row['id']}") as found:
        page = found.page
        page.wait_for_selector("#row .message")
        text = page.inner_text("#row")
        call = row["messages"][1]["tool_calls"][0]["function"]
        assert call["name"] in text and all(name in text for name in call["arguments"])
        assert row["messages"][-1]["content"].replace("`", "")[:40] in text
        assert (
            "the recorded result" in text
            and row["origin"]["revision"] in text
            and row["origin"]["license"] in text
        )
        assert page.locator('#list .item[aria-selected="true"]').count() == 1
        page.evaluate("location.hash = '#row=0000'")
        page.wait_for_selector("#row > .none")
        assert "no row 0000" in page.inner_text("#row")
        page.evaluate("location.hash = '#row=examples:7'")
        page.wait_for_selector("#row .message")
        assert ROWS[6]["id"] in page.inner_text("#row")
    assert found.troubles == []


def test_searching_and_filtering_find_what_is_there(browser: Any, report: Path) -> None:
    """Else rows that hold a text would be missed; results and arguments are searched as well as questions."""
    word = "unregisteredservice"
    hits = sum(word in line.lower() for line in refused())
    hits += sum(word in "\n".join(texts_of(row)).lower() for row in ROWS)
    kinds = sum(row["label"]["kind"] == "direct" for row in ROWS)
    with opened(browser, report) as found:
        page = found.page
        page.fill("#q", word.upper())
        settled(page)
        assert hits and page.inner_text("#found").startswith(f"{hits} row")
        page.click("#clear")
        page.select_option("select[name=kind]", "direct")
        settled(page)
        assert page.inner_text("#found").startswith(f"{kinds} rows of")
        page.fill("#q", "no row says this")
        settled(page)
        assert page.inner_text("#found").startswith("0 rows") and "No row fits" in page.inner_text("#list")
        page.evaluate("location.hash = '#repository=click'")
        settled(page)
        assert page.input_value("select[name=repository]") == "click" and page.input_value("#q") == ""
        reasons = [json.loads(line)["reason"] for line in refused()]
        reason = max(set(reasons), key=lambda one: (reasons.count(one), one))
        page.evaluate(f"location.hash = '#reason={quote(reason)}'")
        settled(page)
        assert page.inner_text("#found").startswith(f"{reasons.count(reason)} row")
    assert found.troubles == []


def texts_of(row: dict) -> list[str]:
    calls = [call["function"] for m in row["messages"] for call in m.get("tool_calls", ())]
    arguments = [str(value) for call in calls for value in call["arguments"].values()]
    origin = row["origin"]
    return [
        *(m["content"] for m in row["messages"]),
        *arguments,
        origin["symbol"],
        *origin["paths"],
        *origin["spans"],
    ]


def refused() -> list[str]:
    return (SAMPLE / "rejected.jsonl").read_text().splitlines()


def test_what_rows_say_does_not_run(browser: Any, tmp_path: Path) -> None:
    """Else a repository that was mined could run its own code in the reader's browser."""
    row = json.loads(json.dumps(CALLING))
    row["id"] = "0" * 20
    for message in row["messages"]:
        message["content"] = HOSTILE + message["content"]
        for call in message.get("tool_calls", ()):
            call["function"] = {
                "name": HOSTILE,
                "arguments": {HOSTILE: HOSTILE, "a": [HOSTILE], "b": f"{HOSTILE}\n"},
            }
        if message["role"] == "tool":
            message["name"] = HOSTILE
    as_json = json.loads(json.dumps(row))
    as_json["id"] = "1" * 20
    for message in as_json["messages"]:
        if message["role"] == "tool":
            message["content"] = json.dumps(
                {HOSTILE: [{HOSTILE: HOSTILE}], "__proto__": {"a": HOSTILE}, "b": f"\n{HOSTILE}"}
            )
    for each in (row, as_json):
        each["tools"] = [HOSTILE]
        each["label"]["category"] = HOSTILE
        each["origin"] |= dict.fromkeys(("generator", "repo", "revision", "license", "symbol"), HOSTILE)
        each["origin"]["paths"] = [HOSTILE]
        for run in each["runs"]:
            run["tool_version"] = HOSTILE
    refusal = {
        "reason": HOSTILE,
        "detail": HOSTILE,
        "generator": HOSTILE,
        "repo": HOSTILE,
        "question": HOSTILE,
        "example": None,
    }
    folder = dataset(
        tmp_path / "a<b>&'\"", train=[row, as_json, json.dumps({"x": HOSTILE}).encode()], rejected=[refusal]
    )
    manifest = {
        "made_by": HOSTILE,
        "sources": [{"name": HOSTILE}],
        "tools": {HOSTILE: HOSTILE},
        "system_prompt": HOSTILE,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    file = write_report(folder, tmp_path / "report.html", before=folder).path
    for fragment in ("", "#row=" + "0" * 20, "#row=" + "1" * 20, "#row=train:3", "#row=rejected:1"):
        with opened(browser, file, fragment) as found:
            if fragment:
                page = found.page
                page.wait_for_selector("#row header")
                for details in page.locator("#row details").all():
                    details.evaluate("element => { element.open = true }")
                assert "</script><img src=x onerror=" in page.inner_text("#row")
                assert "\u202e" not in page.inner_text("body")
            assert found.page.evaluate(
                "[window.hacked, document.images.length, document.scripts.length]"
            ) == [None, 0, 3]
        assert found.troubles == [] and found.requests == [file.as_uri()]


def test_the_policy_stops_markup_that_should_get_in_all_the_same(browser: Any, report: Path) -> None:
    """Else all would hang on our never forgetting to escape: this page has been given a handler, a script and a picture."""
    evil = report.with_name("evil.html")
    bad = '<main><img src="http://127.0.0.1:9/x" onerror="window.hacked=1"><script>window.hacked=2</script><svg onload="window.hacked=3"></svg>'
    evil.write_text(report.read_text().replace("<main>", bad, 1))
    with opened(browser, evil) as found:
        assert found.page.evaluate("window.hacked") is None
    assert len([text for text in found.troubles if "Content Security Policy" in text]) >= 2


def test_numbers_are_shown_as_they_are_written(browser: Any, tmp_path: Path) -> None:
    """Else a browser would round what it reads, and the page would show an argument that nobody gave."""
    row = json.loads(json.dumps(CALLING))
    call = row["messages"][1]["tool_calls"][0]
    call["function"]["arguments"] = {"n": 9007199254740993, "x": 1.0}
    next(m for m in row["messages"] if m["role"] == "tool")["content"] = '{"id": 9007199254740995, "n": 1}'
    file = write_report(dataset(tmp_path / "set", train=[row]), tmp_path / "a.html").path
    with opened(browser, file, f"#row={row['id']}") as found:
        found.page.wait_for_selector("#row .message")
        text = found.page.inner_text("#row")
        assert "n=9007199254740993" in text and "x=1.0" in text and '"id": 9007199254740995' in text
        assert "not the result that was recorded" in text


def test_a_phone_shows_the_list_then_the_row_and_nothing_sticks_out(browser: Any, report: Path) -> None:
    """Else one scrolls sideways to read, or cannot get back to the list."""
    with opened(browser, report, width=390, height=844) as found:
        page = found.page
        wide = "[document.documentElement.scrollWidth, innerWidth]"
        assert page.evaluate(wide) == [390, 390]
        assert page.locator("#list").is_visible() and not page.locator("#row").is_visible()
        page.locator("#list .item").nth(3).click()
        page.wait_for_selector("#row .message")
        assert page.locator("#row").is_visible() and not page.locator("#list").is_visible()
        assert page.evaluate(wide) == [390, 390]
        page.click("#row .back")
        assert page.locator("#list").is_visible() and not page.locator("#row").is_visible()
        page.locator("#list .item").nth(3).click()
        page.wait_for_selector("#row .message")
        page.go_back()
        page.wait_for_selector("#list", state="visible")
    assert found.troubles == []


def test_dark_is_dark(browser: Any, report: Path) -> None:
    """Else a reader who asked for dark gets a white page."""
    grounds = []
    for dark in (False, True):
        with opened(browser, report, dark=dark) as found:
            grounds.append(found.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]


def test_the_keyboard_goes_through_the_rows(browser: Any, report: Path) -> None:
    """Else rows can be read only with a mouse."""
    with opened(browser, report) as found:
        page = found.page
        page.focus("#list")
        for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
            page.keyboard.press(key)
        page.wait_for_selector("#row .message")
        assert ROWS[1]["id"] in page.inner_text("#row")
        page.keyboard.press("End")
        page.wait_for_timeout(300)
        chosen = page.get_attribute("#list", "aria-activedescendant")
        assert page.locator(f"#{chosen}").is_visible()
    assert found.troubles == []
