"""The rules over sets: each finds its defect in the files of a set, and spares the set beside it that only looks like one."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.validate import files
from punie_data.validate.catalogue import RULES
from punie_data.validate.files import check_files, dataset_files
from punie_data.validate.rule import Finding
from punie_data.validate.suites import suite_questions
from tests.test_validate_rows import make

Row = dict[str, Any]
Files = dict[str, list[Any]]
WORDS = ["how", "what", "where", "which", "who", "why", "does", "could", "please", "show"]


def row(
    number: int,
    *tools: str,
    question: str = "",
    kind: str = "",
    result: Any = "some text",
    offered: Iterable[str] = ("read_file", "hover", "git_log", "typecheck", "execute_code"),
    code: str = "",
    **origin: Any,
) -> Row:
    """A row about the thing of this number, of which only the set is judged. Its question begins with one of ten words."""
    steps = [
        (tool, {"code": code} if code else {"n": number, "step": step}, result)
        for step, tool in enumerate(tools)
    ]
    return make(
        question or f"{WORDS[number % 10]} is thing{number}?",
        *steps,
        answer=f"It is thing{number}.",
        kind=kind or ("tool" if tools else "direct"),
        tools=sorted(offered),
        **origin,
    )


def offers(refusing: list[str], others: list[str], alike: int = 0) -> list[Row]:
    """30 refusals, of which so many are offered what the 40 others are."""
    refusals = [row(n, kind="cannot", offered=others if n < alike else refusing) for n in range(30)]
    return refusals + [row(n, offered=others) for n in range(40, 80)]


def mixed(rows: int, tool: int, kinds: Iterable[str] = ("direct", "ask", "cannot")) -> list[Row]:
    """So many rows, of every ten so many with a call: of two tools in turn, every twentieth result empty and every twentieth an error."""
    others = list(kinds)
    made = []
    for n in range(rows):
        # Scattered, the same at every run.
        place = n * 7 % 10
        if place < tool:
            said = {3: "", 13: "Error: no"}.get(n % 20, "some text")
            made.append(
                row(
                    n,
                    *(("hover", "read_file"), ("read_file",), ("hover",))[n % 3],
                    result=said,
                    repo=f"repo{n % 4}",
                )
            )
        else:
            made.append(row(n, kind=others[n % len(others)], repo=f"repo{n % 4}"))
    return made


def text_before(made: Row, text: str) -> Row:
    made["messages"][1]["content"] = text
    return made


def answering(made: Row, text: str) -> Row:
    made["messages"][-1]["content"] = text
    return made


def bare(made: Row, system: str = "") -> Row:
    """The row as OpenAI's messages."""
    return {"messages": [{"role": "system", "content": system}] * bool(system) + made["messages"]}


def scattered(rows: list[Row]) -> list[Row]:
    return [rows[n * 7 % len(rows)] for n in range(len(rows))]


Case = tuple[str, str, Callable[[], Files], Callable[[], Files]]
CASES: list[Case] = [
    ("PD900", "one shape", lambda: {"a": [row(1), bare(row(2))]}, lambda: {"a": [row(1), row(2, "hover")]}),
    ("PD900", "a key in every row", lambda: {"a": [bare(row(1)), {**bare(row(2)), "tools": []}]}, lambda: {"a": [{**bare(row(n)), "tools": []} for n in (1, 2)]}),
    ("PD901", "a fence that shows JSON", lambda: {"a": [row(1, "hover"), answering(row(2), '```json\n{"name": "hover", "arguments": {}}\n```')]},
        lambda: {"a": [row(1, "hover"), answering(row(2), '```json\n{"port": 8000}\n```')]}),
    ("PD901", "one spelling of the key", lambda: {"a": [answering(row(1), '```json\n{"name": "hover"}\n```'), answering(row(2), '```json\n{"tool": "hover"}\n```')]},
        lambda: {"a": [answering(row(n), '```json\n{"tool": "hover"}\n```') for n in (1, 2)]}),
    ("PD901", "one kind of tags, in two files", lambda: {"train": [answering(row(1), "<tool_call>\n{}")], "valid": [answering(row(2), "<tool_call>\n<function=hover>")]},
        lambda: {"train": [answering(row(1), "<tool_call>\n{}")], "valid": [answering(row(2), "<tool_call>\n[]")]}),
    ("PD902", "the same prompt everywhere", lambda: {"a": [bare(row(1), "Be brief."), bare(row(2), "Be kind.")]}, lambda: {"a": [bare(row(1), "Be brief."), bare(row(2), "Be brief.")]}),
    ("PD902", "a prompt nowhere", lambda: {"a": [bare(row(1), "Be brief."), bare(row(2))]}, lambda: {"a": [bare(row(1)), bare(row(2))]}),
    ("PD903", "text before every tool's calls", lambda: {"a": [text_before(row(n, "hover"), "Let me see.") for n in range(5)] + [row(9 + n, "git_log") for n in range(5)]},
        lambda: {"a": [text_before(row(n, tool), "Let me see." * (n % 2)) for n in range(10) for tool in ("hover", "git_log")]}),
    ("PD904", "one tool in both forms", lambda: {"a": [row(n, "hover") for n in range(20)] + [row(n, "git_log", "hover") for n in range(20)]},
        lambda: {"a": [row(n, "hover") for n in range(20)] + [row(n, *["git_log", "hover"][: 1 + n % 2]) for n in range(20)]}),
    ("PD904", "a few rows", lambda: {"a": [row(n, "hover") for n in range(20)] + [row(n, "git_log", "hover") for n in range(20)]},
        lambda: {"a": [row(n, "hover") for n in range(19)] + [row(n, "git_log", "hover") for n in range(19)]}),
    ("PD905", "refusals with the tools of other rows", lambda: {"a": offers(["git_log"], ["hover", "read_file"])},
        lambda: {"a": offers(["git_log"], ["git_log"])}),
    ("PD905", "a tenth and more of others", lambda: {"a": [*offers(["git_log"], ["hover"]), row(99, offered=["git_log"])]},
        lambda: {"a": offers(["git_log"], ["hover"]) + [row(n, offered=["git_log"]) for n in range(90, 95)]}),
    ("PD905", "half of them", lambda: {"a": offers(["git_log"], ["hover"])}, lambda: {"a": offers(["git_log"], ["hover"], 15)}),
    ("PD910", "another answer", lambda: {"a": [row(1), row(2), row(1)]}, lambda: {"a": [row(1), row(2), answering(row(1), "No.")]}),
    ("PD910", "the row in another part", lambda: {"train": [row(1), row(1)]}, lambda: {"train": [row(1)], "valid": [row(1)]}),
    ("PD911", "another repository", lambda: {"a": [row(1, "hover"), row(2, "hover", question="What is `thing1`!")]},
        lambda: {"a": [row(1, "hover"), row(2, "hover", question="What is `thing1`!", repo="other")]}),
    ("PD911", "another name", lambda: {"a": [row(1, "hover"), row(2, "hover", question=" WHAT is thing1")]}, lambda: {"a": [row(1, "hover"), row(2, "hover", question="what is thing11?")]}),
    ("PD912", "a tool that was not there", lambda: {"a": [row(1, "hover"), row(2, kind="cannot", question="What is thing1?")]},
        lambda: {"a": [row(1, "hover"), row(2, kind="cannot", question="What is thing1?", offered=["git_log"])]}),
    ("PD912", "the same first call", lambda: {"a": [row(1, "hover"), row(2, "git_log", question="what is thing1")]}, lambda: {"a": [row(1, "hover"), row(2, "hover", "git_log", question="what is thing1")]}),
    ("PD913", "two questions", lambda: {"train": [row(1), row(2)], "test": [row(7), row(12, question="Which is `thing2`?"), row(3, question="where is thing2")]},
        lambda: {"train": [row(1), row(2)], "test": [row(7), row(12)]}),
    ("PD913", "twice in one part", lambda: {"train": [row(1)], "valid": [row(1)]}, lambda: {"train": [row(1), row(1)], "valid": [row(2)]}),
    ("PD914", "the file of another repository", lambda: {"train": [row(1, paths=["src/a.py"])], "valid": [row(2, paths=["src/b.py", "src/a.py"])]},
        lambda: {"train": [row(1, paths=["src/a.py"])], "valid": [row(2, paths=["src/a.py"], repo="other")]}),
    ("PD914", "a folder", lambda: {"train": [row(1, symbol="Cart")], "valid": [row(2, symbol="Cart")]}, lambda: {"train": [row(1, paths=["src"], symbol="Cart")], "valid": [row(2, paths=["src"], symbol="Cartridge")]}),
    ("PD920", "two thirds", lambda: {"train": mixed(100, 9)}, lambda: {"train": mixed(100, 7)}),
    ("PD920", "few rows, and a pool", lambda: {"a": mixed(100, 5)}, lambda: {"a": mixed(99, 5), "examples": mixed(300, 9)}),
    ("PD920", "each part for itself", lambda: {"train": mixed(200, 7), "valid": mixed(100, 10)}, lambda: {"train": mixed(200, 7), "valid": mixed(100, 7)}),
    ("PD920", "rows that stand twice count once", lambda: {"a": [*mixed(150, 9), *mixed(150, 9)[9:10] * 40]}, lambda: {"a": mixed(150, 7) + mixed(150, 7)[9:10] * 60}),
    ("PD921", "a quarter", lambda: {"a": [row(n, "execute_code", code="print(typecheck())" if n % 10 else "print(typecheck().error_count)") for n in range(100)]},
        lambda: {"a": [row(n, "execute_code", code="print(typecheck())" if n % 4 else "print(typecheck().error_count)") for n in range(100)]}),
    ("PD922", "one in ten", lambda: {"a": [row(n, "hover", *["git_log"] * (n % 50 == 0)) for n in range(200)]}, lambda: {"a": [row(n, "hover", *["git_log"] * (n % 10 == 0)) for n in range(200)]}),
    ("PD922", "two tools in one program", lambda: {"a": [row(n, "execute_code", code="print(typecheck(), typecheck())") for n in range(200)]},
        lambda: {"a": [row(n, "execute_code", code="print(typecheck(), hover())") for n in range(200)]}),
    ("PD923", "one in a hundred", lambda: {"a": [row(n, "git_log" if n % 300 == 1 else "hover") for n in range(600)]}, lambda: {"a": [row(n, "git_log" if n % 100 == 1 else "hover") for n in range(600)]}),
    ("PD924", "half", lambda: {"a": [row(n, repo=f"repo{n % 4}" if n % 2 else "large") for n in range(199)] + [row(n, repo="large") for n in range(300, 310)]},
        lambda: {"a": [row(n, repo=f"repo{n % 4}" if n % 2 else "large") for n in range(200)]}),
    ("PD924", "a set of one repository", lambda: {"a": [row(n, repo="large" if n % 10 else f"r{n % 20}") for n in range(200)]}, lambda: {"a": [row(n, repo="large") for n in range(200)]}),
    ("PD925", "ten beginnings", lambda: {"a": [row(n, question=f"Where is `thing{n}` used?" if n % 5 == 0 else "") for n in range(200)]}, lambda: {"a": [row(n) for n in range(200)]}),
    ("PD926", "shuffled", lambda: {"a": sorted(mixed(200, 7), key=lambda r: r["label"]["kind"] + str(r["messages"][1].get("tool_calls")))}, lambda: {"a": scattered(mixed(199, 7)) + [row(n, "hover") for n in range(900, 910)]}),
    ("PD927", "errors and empty ones among them", lambda: {"a": [row(n, "hover") for n in range(200)]}, lambda: {"a": [row(n, "hover", result={3: "", 9: "Error: no"}.get(n, "x")) for n in range(200)]}),
    ("PD927", "few results", lambda: {"a": [row(n, "hover", result="" if n == 9 else "x") for n in range(200)]}, lambda: {"a": [row(n, "hover") for n in range(199)]}),
    ("PD928", "every kind", lambda: {"a": mixed(200, 7, ["direct", "ask"])}, lambda: {"a": mixed(200, 7)}),
]  # fmt: skip
OF_THEIR_OWN = {"PD915"}
"""Rules with a test of their own below."""


def found(folder: Path, given: Files, *select: str, jobs: int = 1) -> list[Finding]:
    folder.mkdir(exist_ok=True)
    for name, rows in given.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in rows))
    paths = dataset_files([folder]) if set(given) <= {"train", "valid", "test"} else sorted(folder.iterdir())
    checked = check_files(paths, select or ["PD9"], (), jobs)
    return [finding for each in checked for finding in each.findings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_rule_over_sets_finds_its_defect_and_spares_the_near_miss(case: Case, tmp_path: Path) -> None:
    """A rule that misses its defect is a promise not kept; one that accuses its neighbour is switched off by everybody."""
    code, _, defect, near_miss = case
    told = found(tmp_path / "defect", defect(), code)
    assert told and {(finding.code, finding.line) for finding in told} == {(code, 0)}
    assert found(tmp_path / "near", near_miss(), code) == []


def test_every_rule_over_sets_has_a_case() -> None:
    """A rule without a case may have stopped working years ago."""
    assert {rule.code for rule in RULES if rule.scope == "set"} == {case[0] for case in CASES} | OF_THEIR_OWN


def test_a_question_of_an_evaluation_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that was trained on the examination passes it."""
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "suite.jsonl").write_bytes(
        b'{"question": "What is `thing3`?"}\n{"messages": [{"role": "user", "content": "where is thing2"}]}\n'
    )
    monkeypatch.setattr("punie_data.validate.sets.shipped_suites", lambda: suite_questions(suites))
    asked = found(
        tmp_path / "rows",
        {"a": [row(1), row(12, question="Where is thing2?"), row(3, question="what is thing3")]},
    )
    assert [(f.code, f.message) for f in asked] == [
        ("PD915", "2 rows ask an evaluation's question: line 2 asks what suite.jsonl:2 asks; line 3 asks what suite.jsonl:1 asks")
    ]  # fmt: skip
    assert found(tmp_path / "rows", {"a": [row(1), row(13)], "examples": [row(3)]}) == []


def test_a_good_set_has_no_findings(tmp_path: Path) -> None:
    """The rules leave something to reach: a set that keeps to all of them."""
    rows = scattered(mixed(400, 7))
    for number, each in enumerate(rows):
        each["origin"]["paths"] = [f"src/{'valid' if number >= 300 else 'train'}{number % 9}.py"]
    assert found(tmp_path, {"train": rows[:300], "valid": rows[300:]}) == []


def test_three_rows_are_not_told_about_shares(tmp_path: Path) -> None:
    """A hook that asks three rows for a mix is removed."""
    assert found(tmp_path, {"a": [row(n, "hover") for n in range(3)]}) == []


def test_a_finding_names_lines_and_files(tmp_path: Path) -> None:
    """What can't be found can't be mended."""
    told = found(tmp_path, {"train": [row(1), row(2), row(3)], "valid": [row(5), row(2)]}, "PD913")
    assert [str(each) for each in told] == [
        f"{tmp_path / 'valid.jsonl'}: PD913 1 row is known from another part: valid.jsonl:2 asks what train.jsonl:2 asks"
    ]
    (told,) = found(tmp_path, {"train": [row(n % 3) for n in range(9)]}, "PD910")
    assert (
        told.message
        == "6 rows stand in the file twice: train.jsonl:4 is train.jsonl:1 again; train.jsonl:5 is train.jsonl:2 again; train.jsonl:6 is train.jsonl:3 again …"
    )


def test_files_of_different_folders_are_different_sets(tmp_path: Path) -> None:
    """Two datasets that are checked in one run share nothing."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.jsonl").write_bytes(orjson.dumps(row(1)) + b"\n")
    paths = dataset_files([tmp_path / "one", tmp_path / "two"])
    assert [f for checked in check_files(paths, ["PD9"]) for f in checked.findings] == []


def test_the_mix_of_a_balanced_set_is_its_own(tmp_path: Path) -> None:
    """Who asks for 90 % gets 90 %, and no warning for it."""
    assert len(found(tmp_path, {"train": mixed(100, 9)}, "PD920")) == 1
    step = {"command": "balance", "options": {}, "inputs": {}, "counts": {}}
    (tmp_path / "manifest.json").write_bytes(orjson.dumps({"steps": [step]}))
    assert [
        f for checked in check_files([tmp_path / "train.jsonl"], ["PD920"]) for f in checked.findings
    ] == []


@pytest.mark.parametrize(
    "manifest", [b"[]", b"{", b'{"steps": 3}', b'{"steps": [3]}', b'{"system_prompt": 4}']
)
def test_a_strange_manifest_does_not_end_the_check(manifest: bytes, tmp_path: Path) -> None:
    """Rows can be judged without it."""
    (tmp_path / "manifest.json").write_bytes(manifest)
    rows = {"train": [bare(each, "Be brief.") for each in mixed(100, 9)]}
    assert [f.code for f in found(tmp_path, rows)] == ["PD920"]


def test_parts_and_processes_see_the_same_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding must not depend on how many cores a machine has."""
    monkeypatch.setattr(files, "_PART", 20_000)
    rows = [
        *mixed(150, 9),
        bare(row(7), "Be brief."),
        3,
        *mixed(60, 9),
        row(2000, "git_log"),
        bare(row(8), "Be kind."),
    ]
    given = {"train": rows, "valid": [row(5), row(2001)]}
    alone = found(tmp_path, given)
    assert {"PD900", "PD902", "PD910", "PD913", "PD920", "PD928"} - {each.code for each in alone} == {"PD928"}
    assert found(tmp_path, given, jobs=3) == alone


@pytest.mark.parametrize("odd", [
    3, None, [], {}, {"messages": 3}, {"messages": [3]}, {"messages": [{"role": "user"}]}, {"messages": [{"role": "assistant", "tool_calls": [{}]}]},
    {"messages": [{"role": "user", "content": 7}], "label": [], "tools": 4}, {"messages": [], "origin": {"repo": 3, "paths": [1]}}, {"text": 4},
    {**row(1), "origin": {"repo": [], "generator": 4}}, {**row(1), "label": {"kind": "x"}}, {**row(1), "tools": [{"name": "x"}, []]}, {**row(1), "id": "x"},
])  # fmt: skip
def test_a_strange_row_does_not_end_the_count(odd: Any, tmp_path: Path) -> None:
    """The row rules tell of it; the rest of the set is counted."""
    assert [f.code for f in found(tmp_path, {"a": [row(1), odd, row(1)]}, "PD910")] == ["PD910"]
