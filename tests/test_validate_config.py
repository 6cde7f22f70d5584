"""Settings of `[tool.punie-data]`, and how they and the command line choose rules: as ruff's users expect."""

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from punie_data.cli.validate import validate
from punie_data.errors import UserError
from punie_data.validate.catalogue import RULES
from punie_data.validate.config import Selection, nearest, read, rules_left
from tests.test_validate_rows import GOOD, edited

ALL = tuple(rule.code for rule in RULES)
WITHOUT_LICENCE = edited(GOOD["direct"], "origin", "license", to="")
WRONG_ID = {**GOOD["log"], "id": "0" * 20}


def beginning(*starts: str) -> tuple[str, ...]:
    return tuple(code for code in ALL if code.startswith(starts))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a file of one row without a licence and one with a wrong id."""
    folder = tmp_path / "project" / "deep"
    (folder / "data" / "old").mkdir(parents=True)
    rows = orjson.dumps(WITHOUT_LICENCE) + b"\n" + orjson.dumps(WRONG_ID) + b"\n"
    (folder / "rows.jsonl").write_bytes(rows)
    (folder / "data" / "old" / "rows.jsonl").write_bytes(rows)
    monkeypatch.chdir(folder)
    return folder


def configured(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(f"[tool.punie-data]\n{text}\n")
    return file


def run(*arguments: str) -> Result:
    return CliRunner().invoke(validate, [*arguments])


def found(result: Result) -> list[str]:
    return [line.split()[1] for line in result.output.splitlines() if ".jsonl:" in line]


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([], ALL),
        ([Selection(("PD2",))], beginning("PD2")),
        ([Selection(("PD2", "echo"), ignore=("PD20",))], ("PD502",)),
        ([Selection(ignore=("ALL",), extend_select=("PD208",))], ("PD208",)),
        ([Selection(("ALL",), ignore=("PD1",), extend_select=("PD150",))], ("PD150", *(c for c in ALL if c >= "PD2"))),
        ([Selection(("PD2", "PD3"), ignore=("PD208",)), Selection(("PD208",))], ("PD208",)),
        ([Selection(("PD2",), ignore=("PD208",)), Selection(extend_select=("PD502",))], (*(c for c in beginning("PD2") if c != "PD208"), "PD502")),
        ([Selection(("PD2",)), Selection(ignore=("PD20",))], None),
        ([Selection(("pd208",), ignore=("PD208",))], None),
    ],
)  # fmt: skip
def test_layers_choose_rules_as_in_ruff(layers: list[Selection], left: tuple[str, ...] | None) -> None:
    """`--select` begins anew, `--extend-select` and `--ignore` change what the file says; in one layer the more exact code wins, and ignore a tie."""
    if left is None:
        with pytest.raises(UserError, match="no rule is left"):
            rules_left(layers)
    else:
        assert rules_left(layers) == left


def test_the_nearest_file_with_the_table_is_taken(project: Path) -> None:
    """A pyproject.toml of another tool on the way up must not switch ours off."""
    far = configured(project.parent, 'ignore = ["PD150"]')
    (project / "pyproject.toml").write_text('[tool.ruff]\nselect = ["E"]\n# punie-data is elsewhere\n')
    assert nearest(project / "data" / "old") == far
    assert found(run("rows.jsonl")) == ["PD151"]
    near = configured(project, "strict = true")
    assert nearest(project) == near
    assert found(run("rows.jsonl")) == ["PD151", "PD150"]


def test_the_command_line_comes_after_the_file(project: Path) -> None:
    """Who types an option means it."""
    configured(project, 'select = ["PD151"]\nstrict = true')
    assert (run("rows.jsonl").exit_code, run("rows.jsonl", "--no-strict").exit_code) == (1, 0)
    assert found(run("rows.jsonl", "--extend-select", "wrong-id")) == ["PD151", "PD150"]
    assert found(run("rows.jsonl", "--select", "PD150")) == ["PD150"]
    assert found(run("rows.jsonl", "--isolated")) == ["PD151", "PD150"]
    other = project.parent / "other.toml"
    other.write_text('[tool.punie-data]\nformat = "github"\nextend-ignore = ["PD15"]\n')
    assert run("rows.jsonl", "--config", str(other)).output == "2 rows in 1 file: no findings\n"
    assert run("rows.jsonl", "--exit-zero").exit_code == 0


def test_a_model_is_named_as_seen_from_the_file(project: Path) -> None:
    """A path that depends on where one stands names another folder, or none."""
    file = configured(project.parent, 'tokenizer = "models/tiny"\nmax-seq-length = 512\ndialect = "hermes"')
    settings = read(file)
    assert (settings.tokenizer, settings.max_seq_length, settings.dialect) == (
        project.parent / "models" / "tiny",
        512,
        "hermes",
    )
    with pytest.raises(UserError, match=r"models/tiny is no folder"):
        CliRunner().invoke(validate, ["rows.jsonl"], catch_exceptions=False)


def test_files_have_their_own_ignores(project: Path) -> None:
    """Old data keeps its known defects without hiding them in new data; patterns are seen from the file that holds them."""
    configured(project, '[tool.punie-data.per-file-ignores]\n"data/*" = ["PD15"]')
    assert found(run("rows.jsonl")) == ["PD151", "PD150"]
    assert found(run("data/old/rows.jsonl")) == []
    assert found(run(str(project / "data" / "old" / "rows.jsonl"))) == []
    configured(
        project, '[tool.punie-data.per-file-ignores]\n"!data/*" = ["no-licence"]\n"rows.jsonl" = ["PD150"]'
    )
    assert found(run("rows.jsonl")) == []
    assert found(run("data/old/rows.jsonl")) == ["PD151"]


WRONG = {
    'selcet = ["PD1"]': "'selcet' is unknown: did you mean 'select'",
    "colour = 1": "'colour' is unknown: the keys are select",
    'select = "PD1"': "it must be a list of codes",
    'select = ["PD15O"]': "no rule has the code 'PD15O': did you mean",
    'ignore = ["F401"]': "no rule has the code 'F401'",
    'strict = "yes"': "true or false",
    'format = "xml"': "'xml' is none of text, json, github, sarif",
    "jobs = 0": "a whole number, 1 or more",
    "max-seq-length = 0": "a whole number, 1 or more",
    "tokenizer = 1": "the folder of a model",
    "limit-findings = true": "a whole number, 0 or more",
    'per-file-ignores = ["a"]': "it must be a table",
    '[tool.punie-data.per-file-ignores]\n"*" = ["PDX"]': "'\\*': no rule has the code 'PDX'",
    "select = [": "it is not TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_in_the_file_is_one_line(project: Path, text: str) -> None:
    """A key that is ignored silently is a rule that is off without anybody knowing."""
    file = configured(project, text)
    with pytest.raises(UserError, match=WRONG[text]) as raised:
        read(file)
    assert str(file) in str(raised.value) and "\n" not in str(raised.value)


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    """Not a traceback from the parser."""
    for name, content in (
        ("table.toml", b"[tool]\npunie-data = 1\n"),
        ("bytes.toml", b"\xff\xfe"),
        ("none.toml", b"[tool.x]\n"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=name):
            read(tmp_path / name)
    with pytest.raises(UserError, match="No such file"):
        read(tmp_path / "absent.toml")
