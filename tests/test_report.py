"""The report as a file: whole, exact, self-contained, the same every time. What a browser makes of it is in `test_report_browser`."""

import base64
import hashlib
import itertools
import json
import re
import zlib
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli import cli
from punie_data.errors import UserError
from punie_data.report.charts import Bar, bars, histogram
from punie_data.report.embed import LONGEST, packed
from punie_data.report.page import asset
from punie_data.report.replay import NO_CALLS, NOT_RUN, OTHER, SAME, Replay, replay_of
from punie_data.report.write import write_report
from punie_data.stats.figures import lengths_of
from tests.test_stats import CALLING, ROWS, SAMPLE, dataset


def index_of(page: str) -> dict:
    return unpacked(re.search(r'id="index">([^<]*)<', page)[1])


def unpacked(text: str):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def rows_in(page: str) -> list[dict]:
    return [row for text in re.findall(r'id="piece-\d+">([^<]*)<', page) for row in unpacked(text)]


def written(path: Path, out: Path, **options) -> str:
    return write_report(path, out, **options).path.read_text()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(SAMPLE, tmp_path_factory.mktemp("report") / "report.html")


def test_it_loads_nothing_and_runs_only_its_own_script(page: str) -> None:
    """Else opening a report tells somebody, fails without a network, or runs what a repository wrote."""
    loads = re.findall(r'(?:src|href|action|data|poster|srcset)\s*=\s*"([^"]*)"|url\(([^)]*)\)|@import', page)
    assert loads and all(link.startswith("#") or link == "data:," for link, _ in loads)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(scripts) == len(styles) == 1
    for code in (*scripts, *styles):
        assert base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_the_script_makes_text_and_never_markup() -> None:
    """Else one forgotten place would let a row write the page."""
    code = asset("rows.js") + asset("conversation.js")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "DOMParser",
        "fetch(",
        "import(",
    ):
        assert word not in code


def test_the_page_carries_every_row_and_every_rejected_one(page: str) -> None:
    """Else one would look for a row that the report left out without saying so."""
    index, rows = index_of(page), rows_in(page)
    refused = len((SAMPLE / "rejected.jsonl").read_bytes().splitlines())
    assert index["id"][: len(ROWS)] == [row["id"] for row in ROWS]
    assert len(rows) == len(index["id"]) == len(ROWS) + refused
    shown = rows[ROWS.index(CALLING)]
    assert [m["text"] for m in shown["messages"]] == [m["content"] for m in CALLING["messages"]]
    assert set(shown["states"].values()) == {"recorded"}
    assert sum(reason >= 0 for reason in index["reason"]) == refused


def test_the_figures_stand_in_the_page(page: str) -> None:
    """Else the charts would say something else than `stats`."""
    figures = json.loads(CliRunner().invoke(cli, ["stats", str(SAMPLE), "--json"]).output)
    page = page.replace("<wbr>", "")
    for axis in ("categories", "generators", "repositories", "licences", "tools"):
        for value, counts in figures[axis].items():
            assert re.search(
                rf'<th scope="row">(<a [^>]*>)?{re.escape(value)}(</a>)?</th><td class="n">{counts["rows"]:,}<',
                page,
            )
    assert f"{figures['tokens']['median']:,}" in page and "estimated" in page


def test_the_same_dataset_gives_the_same_bytes(tmp_path: Path) -> None:
    """Else a report could not be compared with the one of last week."""
    first, second = (written(SAMPLE, tmp_path / name) for name in ("a.html", "b.html"))
    assert first == second


def test_a_sample_is_called_one_and_figures_are_of_all(tmp_path: Path) -> None:
    """Else one would take the rows at hand for the whole."""
    page = written(SAMPLE, tmp_path / "a.html", rows=10)
    index = index_of(page)
    assert sum(reason < 0 for reason in index["reason"]) == 10
    assert f"This page carries 10 of {len(ROWS)} rows" in page and f"<b>{len(ROWS)}</b><span>rows" in page
    whole = {row["id"]: row for row in ROWS}
    for row_id, line, reason in zip(index["id"], index["line"], index["reason"], strict=True):
        assert reason >= 0 or whole[row_id] == ROWS[line - 1]


def test_lines_that_are_no_rows_are_shown_as_such(tmp_path: Path) -> None:
    """Else the page would be of fewer lines than the file, or a broken line would break the page."""
    lines = [ROWS[0], b'{"half', b"", b'[1, "<b>"]', b'{"text": "\xff"}', {**ROWS[1], "messages": 5}, ROWS[2]]
    folder = dataset(tmp_path / "set", train=lines)
    page = written(folder, tmp_path / "a.html")
    index, rows = index_of(page), rows_in(page)
    assert index["line"] == [1, 2, 4, 5, 6, 7]
    assert ["raw" in row for row in rows] == [False, True, True, True, True, False]
    assert all(row["problem"] or row["findings"] for row in rows if "raw" in row)
    assert "4 lines are no rows" in page and "#row=train%3A2" in page


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe{\x00}\x00", b"\n\n", b"\xef\xbb\xbf{}\n", b"\0\n", b'{"a":1,"a":2}\n']
)
def test_files_without_a_row_have_a_report(tmp_path: Path, content: bytes) -> None:
    """Else what is wrong with a file could not be looked at."""
    (tmp_path / "rows.jsonl").write_bytes(content)
    done = CliRunner().invoke(cli, ["report", str(tmp_path / "rows.jsonl")])
    assert done.exit_code == int(bool(content.strip())) and isinstance(done.exception, SystemExit | None)
    assert (tmp_path / "rows.report.html").is_file()


def test_rejected_rows_of_any_program_are_read(tmp_path: Path) -> None:
    """Else rows that another step refused would be shown without their reason, or break the report."""
    refused = [
        {"reason": "too long", "stage": "export", "row": ROWS[1]},
        {"reason": 7, "detail": ["a"], "example": {"not": "a row"}},
        ROWS[2],
        b"[]",
        b"{",
    ]
    folder = dataset(tmp_path / "set", train=ROWS[:1], rejected=refused)
    rows = [row for row in rows_in(written(folder, tmp_path / "a.html")) if "rejected" in row]
    assert [row["rejected"][0] for row in rows][:4] == [
        "export: too long",
        "7",
        "no reason is given",
        "no reason is given",
    ]
    assert ["messages" in row for row in rows] == [True, False, True, False, False]


def test_long_messages_are_cut_and_the_page_says_so(tmp_path: Path) -> None:
    """Else one huge result makes a page that no browser opens, or text is missing that nobody misses."""
    row = json.loads(json.dumps(ROWS[0]))
    row["messages"][0]["content"] = "x" * (LONGEST + 5)
    (found,) = rows_in(written(dataset(tmp_path / "set", train=[row]), tmp_path / "a.html"))
    assert found["messages"][0]["more"] == 5 and len(found["messages"][0]["text"]) == LONGEST


def test_before_and_after_stand_side_by_side(tmp_path: Path) -> None:
    """Else one sees the mix and not what became of it; what is gone is a change as well."""
    old = dataset(tmp_path / "old", examples=ROWS)
    new = dataset(tmp_path / "new", train=[row for row in ROWS if row["origin"]["repo"] != "httpx"])
    page = written(new, tmp_path / "a.html", before=old)
    assert 'class="before"' in page and "Compared with old" in page
    gone = len(ROWS) - len((new / "train.jsonl").read_bytes().splitlines())
    assert f'<th scope="row">httpx</th><td class="n"><small>{gone}</small>0</td>' in page


def test_the_input_is_never_written_over(tmp_path: Path) -> None:
    """Else a wrong --out loses the rows."""
    folder = dataset(tmp_path / "set", train=ROWS[:2], rejected=[])
    before = (folder / "train.jsonl").read_bytes()
    for out in (folder / "train.jsonl", folder / "rejected.jsonl", folder):
        with pytest.raises(UserError):
            write_report(folder, out)
    assert (folder / "train.jsonl").read_bytes() == before
    assert sorted(file.name for file in folder.iterdir()) == ["rejected.jsonl", "train.jsonl"]
    assert write_report(folder).path == folder / "report.html"


def test_a_file_that_changes_meanwhile_has_no_report(tmp_path: Path) -> None:
    """Else the page would be of two files at once: figures of one, rows of another."""
    folder = dataset(tmp_path / "set", train=ROWS[:5])

    class Meddling:
        def stage(self, name: str, total: int) -> None:
            if name.startswith("writing"):
                with (folder / "train.jsonl").open("ab") as file:
                    file.write(orjson.dumps(ROWS[6]) + b"\n")

        def advance(self, count: int = 1) -> None:
            pass

    with pytest.raises(UserError, match="changed while it was read"):
        write_report(folder, progress=Meddling())
    assert [file.name for file in folder.iterdir()] == ["train.jsonl"]


def test_a_manifest_of_any_shape_is_shown_or_left_out(tmp_path: Path) -> None:
    """Else a manifest that another program wrote ends the report."""
    folder = dataset(tmp_path / "set", train=ROWS[:2])
    for manifest in (
        {
            "sources": [1, {"name": "<i>a"}],
            "tools": [],
            "steps": [{"command": "split", "counts": {"train": 2}}, 3],
        },
        {"system_prompt": 5, "steps": None, "options": {"a": None}},
    ):
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
        page = written(folder, tmp_path / "a.html")
    assert "How it was made" in page and "<i>a" not in page


def test_a_verdict_is_believed_only_about_this_dataset(tmp_path: Path) -> None:
    """Else rows that nobody replayed would be shown as replayed."""
    verdict = tmp_path / "verdict.json"
    said = {"rows": len(ROWS), "calls": 9, "not_run": 0, "differences": [{"row": CALLING["id"], "line": 1}]}
    verdict.write_text(json.dumps(said))
    page = written(SAMPLE, tmp_path / "a.html", verdict=verdict)
    index = index_of(page)
    replay = dict(zip(index["id"], (index["names"]["replay"][n] for n in index["replay"]), strict=True))
    assert replay[CALLING["id"]] == OTHER and SAME in replay.values() and "8 gave the same" in page
    for wrong in ({**said, "rows": 3}, {"rows": 1}, [], {**said, "differences": 4}):
        verdict.write_text(json.dumps(wrong))
        with pytest.raises(UserError):
            write_report(SAMPLE, tmp_path / "b.html", verdict=verdict)
    assert not (tmp_path / "b.html").exists()


def test_the_least_certain_call_decides_about_a_row() -> None:
    """Else a row with one result out of nowhere would pass for recorded."""
    direct = next(row for row in ROWS if not row["runs"])
    two = next(row for row in ROWS if len(row["runs"]) > 1)
    assert replay_of(direct, None) == NO_CALLS and replay_of(two, None) == "as recorded"
    assert replay_of({**two, "runs": two["runs"][:1]}, None) == "no run recorded"
    tests = json.loads(
        json.dumps(CALLING).replace(
            f'"{CALLING["messages"][1]["tool_calls"][0]["function"]["name"]}"', '"pytest_run"'
        )
    )
    assert replay_of(tests, Replay("", frozenset(), True)) == NOT_RUN
    assert replay_of(tests, Replay("", frozenset(), False)) == SAME


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(), st.integers(0, 10**7))
def test_no_label_leaves_its_cell(label: str, rows: int) -> None:
    """Else a repository could write the page by its name."""
    drawn = bars("x", "y", [Bar(label, rows)], rows)
    inside = re.search(r'<th scope="row">(.*?)</th><td', drawn, re.DOTALL)[1]
    assert not re.search(r"[<\"']", inside.replace("<i>none</i>", "").replace("<wbr>", ""))


@given(st.recursive(st.text() | st.integers(-(2**53), 2**53), st.lists))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_packed_data_can_close_no_tag(value) -> None:
    """Else a row could end its script element; and it comes back as it was."""
    data = packed(value)
    assert re.fullmatch(rb"[A-Za-z0-9+/]*=*", data) and unpacked(data.decode()) == value


def test_very_many_values_are_told_by_the_first() -> None:
    """Else a set with a reason for each row would make a page of nothing but bars."""
    drawn = bars("x", "y", [Bar(f"reason {n}", 1) for n in range(5000)], 5000)
    assert drawn.count("<svg") == 300 and "4,700 more values are not drawn" in drawn


def test_a_histogram_says_its_numbers() -> None:
    """Else a reader who can't see it learns nothing from it."""
    drawn = histogram(lengths_of([10, 20, 20, 5000], True, ""))
    assert 'role="img"' in drawn and 'aria-label="4 rows from 10 to 5,000 tokens' in drawn
    assert sum(int(n) for n in re.findall(r"tokens: (\d+) rows", drawn)) == 4


SEEN_BY = {  # Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
    "anybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanope": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranope": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanope": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}  # fmt: skip


def themes() -> list[dict[str, str]]:
    return [
        dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", asset("report.css"), re.DOTALL)
    ]


def linear(colour: str) -> tuple[float, ...]:
    values = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)


def luminance(colour: str) -> float:
    return sum(part * weight for part, weight in zip(linear(colour), (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(colour: str, eye: str) -> tuple[float, float, float]:
    seen = [
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True))))
        for row in SEEN_BY[eye]
    ]
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        sum(a * b for a, b in zip(row, seen, strict=True)) / w for row, w in zip(matrix, white, strict=True)
    )
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read_and_told_apart(theme: int) -> None:
    """Else text is faint, bars vanish into their ground, or two kinds look alike to one reader in twelve."""
    colours = themes()[theme]
    for name in ("text", "faint", "link", "good", "bad", "warning"):
        for ground in ("ground", "panel", "result"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in ("now", "before", "kind0", "kind1", "kind2", "kind3"):
        assert contrast(colours[name], colours["ground"]) >= 3, name
    kinds = [colours[f"kind{n}"] for n in range(4)]
    for eye, (one, other) in itertools.product(SEEN_BY, itertools.combinations(kinds, 2)):
        distance = sum((a - b) ** 2 for a, b in zip(lab(one, eye), lab(other, eye), strict=True)) ** 0.5
        assert distance >= 25, (eye, one, other, distance)
