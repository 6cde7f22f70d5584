"""Findings for programs: JSON, GitHub's workflow commands, SARIF."""

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from punie_data.cli.validate import validate
from punie_data.validate.catalogue import RULES
from punie_data.validate.output import command_data, property_value
from punie_data.validate.output_sarif import location
from tests.test_validate_rows import GOOD, edited

ROW = orjson.dumps(GOOD["one call"]) + b"\n"
WRONG_ID = orjson.dumps({**GOOD["log"], "id": "0" * 20}) + b"\n"
WITHOUT_LICENCE = orjson.dumps(edited(GOOD["direct"], "origin", "license", to="")) + b"\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(validate, ["--isolated", *arguments])


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    name = "a, b:50%.jsonl"
    Path(name).write_bytes(ROW + WRONG_ID + WITHOUT_LICENCE)
    return name


def test_github_gets_one_command_a_finding_with_everything_escaped(rows: str) -> None:
    """A comma in a file's name, or a line end in a message, would end the command and begin somebody else's."""
    lines = run(rows, "--format", "github").output.splitlines()
    assert lines[0].startswith(
        "::error file=a%2C b%3A50%25.jsonl,line=2,title=PD150 wrong-id::a, b:50%25.jsonl:2: PD150 the id is"
    )
    assert lines[1].startswith("::warning file=a%2C b%3A50%25.jsonl,line=3,title=PD151 no-licence::")
    assert lines[2] == "3 rows in 1 file: 1 error, 1 warning"
    assert command_data("50%\r\n::error::x") == "50%25%0D%0A::error::x"
    assert property_value("a:b,c\n") == "a%3Ab%2Cc%0A"


def test_json_is_whole_with_and_without_findings(rows: str) -> None:
    """It is written piece by piece; a missing comma would be found by the first reader."""
    told = orjson.loads(run(rows, "--format", "json").output)
    assert [(f["line"], f["code"]) for f in told["findings"]] == [(2, "PD150"), (3, "PD151")]
    assert (told["rows"], told["errors"], told["warnings"]) == (3, 1, 1)
    assert orjson.loads(run(rows, "--json", "--select", "PD2").output)["findings"] == []
    assert len(orjson.loads(run(rows, "--json", "--limit-findings", "1").output)["findings"]) == 1


def test_programs_get_every_finding(tmp_path: Path) -> None:
    """The limit is for eyes."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(WRONG_ID * 150)
    assert len(orjson.loads(run(str(file), "--json", "--select", "PD150").output)["findings"]) == 150
    assert (
        len(
            orjson.loads(run(str(file), "--format", "sarif", "--select", "PD150").output)["runs"][0][
                "results"
            ]
        )
        == 150
    )
    assert run(str(file)).output.count("PD150 the id") == 100


def test_sarif_has_what_the_standard_demands(rows: str) -> None:
    """A code scanning service refuses a log that breaks the published schema; these are the parts of it that we use."""
    log = orjson.loads(run(rows, "--format", "sarif").output)
    assert (
        log["version"] == "2.1.0"
        and "sarif-schema-2.1.0" in log["$schema"]
        and set(log) == {"$schema", "version", "runs"}
    )
    (sarif_run,) = log["runs"]
    driver = sarif_run["tool"]["driver"]
    assert driver["name"] == "punie-data" and driver["version"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in RULES]
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
        assert all(rule[key]["text"].strip() for key in ("shortDescription", "fullDescription", "help"))
        assert rule["name"].isidentifier()
    assert sarif_run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert sarif_run["invocations"][0]["executionSuccessful"] is True
    placed = []
    for result in sarif_run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"] and result["level"] in ("error", "warning")
        (place,) = result["locations"]
        physical: dict[str, Any] = place["physicalLocation"]
        placed.append(
            (physical["artifactLocation"]["uri"], physical["region"]["startLine"], result["ruleId"])
        )
    assert placed == [("a%2C%20b%3A50%25.jsonl", 2, "PD150"), ("a%2C%20b%3A50%25.jsonl", 3, "PD151")]


def test_a_finding_of_a_whole_file_has_no_line(tmp_path: Path) -> None:
    """Line 0 is refused by the published schema, and line 1 would be a lie."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(ROW * 3)
    log = orjson.loads(run(str(file), "--format", "sarif", "--select", "PD9").output)
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert places and all(set(place) == {"artifactLocation"} for place in places)


def test_sarif_lists_only_the_rules_that_were_run(rows: str) -> None:
    """A service closes an alert when its rule ran and found nothing, not when it was switched off."""
    log = orjson.loads(run(rows, "--format", "sarif", "--select", "PD150,PD2").output)
    listed = [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    assert listed == [
        code for code in (rule.code for rule in RULES) if code == "PD150" or code.startswith("PD2")
    ]
    assert [result["ruleIndex"] for result in log["runs"][0]["results"]] == [0]


def test_places_are_relative_to_where_one_stands(rows: str) -> None:
    """A service knows the repository's files, and not where this machine keeps them."""
    assert location(str(Path.cwd() / "sub" / "ä.jsonl")) == "sub/%C3%A4.jsonl"
    assert location("/elsewhere/a b.jsonl") == "file:///elsewhere/a%20b.jsonl"
    told = run(str(Path.cwd() / rows), "--format", "github").output
    assert told.startswith("::error file=a%2C b")


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_a_file_name_that_is_no_text_can_be_told(tmp_path: Path, form: str) -> None:
    """A finding must not be lost, or end in a traceback, for the name of its file."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl")
    Path(name).write_bytes(WRONG_ID)
    result = run(name, "--format", form)
    assert result.exit_code == 1 and "PD150" in result.output


def test_a_finding_of_a_whole_file_names_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line has nothing to do with it: who jumps there finds nothing."""
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_bytes(ROW * 2)
    message = "PD910 1 row stands in the file twice: line 2 is line 1 again"
    assert run("rows.jsonl").output.startswith(f"rows.jsonl: {message}\n")
    github = run("rows.jsonl", "--format", "github").output.splitlines()[0]
    assert github == f"::warning file=rows.jsonl,title=PD910 duplicate-row::rows.jsonl: {message}"
    (result,) = orjson.loads(run("rows.jsonl", "--format", "sarif").output)["runs"][0]["results"]
    assert list(result["locations"][0]["physicalLocation"]) == ["artifactLocation"]
