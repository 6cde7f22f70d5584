"""The gate: what it does with rows, files and datasets, and what may be taken out of a row without making it untrue."""

import copy
import json
import re
import shlex
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from punie_data.chat import example_from_json
from punie_data.cli import cli
from punie_data.errors import UserError
from punie_data.gate import Refused, redacted, residue
from punie_data.gate import scan as module
from punie_data.jsonl import read
from punie_data.licences import allowed, attribution
from punie_data.tools.registry import TOOLS
from punie_data.tools.results import to_text
from punie_data.validate.check import Checker
from tests.conftest import make_tiny_shop, open_tools
from tests.planted import secrets
from tests.test_validate_rows import make

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
AUTHOR = "Ann Lee <ann.lee@mail-host.io>"
PATH = {"path": "AUTHORS"}


def row(
    content: str = AUTHOR,
    question: str = "Who wrote it? See AUTHORS.",
    answer: str = "It says so in AUTHORS.",
) -> dict:
    return make(question, ("read_file", PATH, content), answer=answer)


def write(path: Path, *rows: dict) -> Path:
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in rows))
    return path


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["scan", *map(str, arguments)])
    assert not isinstance(done.exception, Exception) or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_every_text_of_a_row_is_searched() -> None:
    """Else what stands in an argument, a typed result, a path or a key passes unseen."""
    mail = "ann.lee@mail-host.io"
    typed = json.dumps({"success": True, "matches": [{"file": "a.py", "text": f"by\n{mail}"}]})
    whole = make(f"Who is {mail}?", ("search_text", {"pattern": mail}, typed), answer=f"It is {mail}.", paths=[f"{mail}.py"], symbol=mail)  # fmt: skip
    whole["extra"] = {mail: 1}
    places = [one.where for one in residue([next(iter_lines(whole))])]
    assert places == [
        "messages[0].content",
        "messages[1].tool_calls[0].function.arguments.pattern",
        "messages[2].content.matches[0].text",
        "messages[3].content",
        "origin.paths[0]",
        "origin.symbol",
        "a key of extra",
    ]


def iter_lines(*rows: dict):
    from punie_data.jsonl import Line

    return (Line(number, one) for number, one in enumerate(rows, 1))


def test_a_clean_row_comes_back_as_it_is() -> None:
    """Else every row would get another id."""
    one = row("nothing here")
    assert redacted(one) == (one, 0)


def test_a_redacted_row_is_whole_and_its_original_untouched() -> None:
    """Else its checksum and its id would say that somebody edited it."""
    one = row(answer=f"{AUTHOR} did.")
    before = copy.deepcopy(one)
    mended = redacted(one)
    assert not isinstance(mended, Refused)
    clean, count = mended
    assert count == 2 and one == before
    assert clean["messages"][2]["content"] == "Ann Lee <[e-mail]>"
    assert clean["messages"][3]["content"] == "Ann Lee <[e-mail]> did."
    assert example_from_json(clean).id == clean["id"] != one["id"]
    codes = {rule.code for rule, _ in Checker().row(clean, orjson.dumps(clean) + b"\n")}
    assert not codes & {"PD150", "PD404", "PD701"}


TEXT = f"""{AUTHOR}, +49 30 901820
# see /home/jsmith/shop and http://93.184.215.14/x
+ jane@example.com, 10.0.0.1, v1.2.3.4
by\t"ann.lee@mail-host.io"
"""


@pytest.mark.parametrize("call", [("read_file", {"path": "AUTHORS"}), ("search_text", {"pattern": "e"})])
def test_a_redacted_result_replays(call: tuple[str, dict], tmp_path: Path) -> None:
    """Else a dataset that passed the gate could no longer be verified: both must take out the same."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "AUTHORS").write_text(TEXT)
    (root / "a.py").write_text("x = 1\n")
    name, arguments = call
    with open_tools(root, tmp_path / "cache") as tools:
        said = TOOLS[name].run(tools.workspace, **TOOLS[name].bind(arguments))
        raw = to_text(getattr(said, "value", said))
        now = tools.call(name, **arguments).content
    mended = redacted(make("Look at AUTHORS.", (name, arguments, raw), answer="Done."))
    assert not isinstance(mended, Refused) and mended[1] >= 4
    assert mended[0]["messages"][2]["content"] == now != raw


SPACED = json.dumps({"matches": [{"text": AUTHOR}]}, indent=1)
REFUSED = {
    "an argument": (make("Who?", ("search_text", {"pattern": "ann.lee@mail-host.io"}, "{}"), answer="x"), "arguments"),
    "a file that is written": (make("Who?", ("write_file", {"path": "A", "content": AUTHOR}, "ok"), answer="x"), "arguments"),
    "a path": (make("Who?", ("read_file", PATH, "x"), answer="x", paths=["/home/jsmith/a.py"]), "can't be taken out"),
    "a program's output": (make("Who?", ("execute_code", {"code": "print(read_file('AUTHORS'))"}, AUTHOR), answer="x"), "program's output"),
    "a result that is not a tool's own writing": (make("Who?", ("search_text", {"pattern": "Ann"}, SPACED), answer="x"), "not written as"),
    "a secret": (row(secrets("row")["GitHub"]), "secret"),
    "a secret in an argument": (make("Set it.", ("write_file", {"path": "A", "content": secrets("row")["private key"]}, "ok"), answer="x"), "secret"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_make_a_row_untrue_refuses_it(name: str) -> None:
    """Else the row would show a call that never happened, or a result that no replay gives."""
    one, reason = REFUSED[name]
    refused = redacted(one)
    assert isinstance(refused, Refused) and reason in refused.reason
    assert "ann.lee" not in refused.detail


def test_a_secret_is_seen_by_the_name_of_its_argument() -> None:
    """Else a password passes because it stands in JSON of ours and not in code."""
    one = make(
        "Log in.", ("read_file", {"path": "a", "api_key": "x7Kq2ZrV9mTb4LwY8cJ1dNfG"}, "ok"), answer="x"
    )
    assert [found.kind for found in residue(iter_lines(one))] == ["secret"]


def test_scan_refuses_with_exit_1_and_says_where(tmp_path: Path) -> None:
    """Else nothing would stop a publication."""
    file = write(tmp_path / "rows.jsonl", row("clean"), row(), row(secrets("scan")["Slack"]))
    code, said = run(file)
    assert code == 1
    assert f"{file}:2: e-mail: an e-mail address at mail-host.io in messages[2].content" in said
    assert f"{file}:3: secret: a Slack token in messages[2].content" in said and "ann.lee" not in said
    code, said = run(file, "--json")
    told = json.loads(said)
    assert code == 1 and told["by_kind"] == {"e-mail": 1, "secret": 1} and told["findings"][1]["line"] == 3
    assert run(file, "--ignore", "e-mail,secret")[0] == 0
    assert run(file, "--limit-findings", 1)[1].count("\n") == 4


def test_the_sample_may_be_published() -> None:
    """Else our own data would be the first leak."""
    assert run(SAMPLE) == (0, "320 rows: nothing that must not be published\n")
    assert run(SAMPLE, "--license", "MIT,BSD-3-Clause", "--license", "apache-2.0,MIT-0")[0] == 0


def test_any_shape_and_any_broken_line_is_searched(tmp_path: Path) -> None:
    """Else a row that nobody can parse carries the key out."""
    file = tmp_path / "rows.jsonl"
    file.write_text(
        '{"text": "ann.lee@mail-host.io"}\n["+49 30 901820"]\n{"half": "/home/jsmith/x\nmail ann.lee@mail-host.io\n\n42\n'
    )
    code, said = run(file, "--json")
    assert code == 1 and [one["line"] for one in json.loads(said)["findings"]] == [1, 2, 3, 4]
    (tmp_path / "wide.jsonl").write_bytes('{"a": 1}\n'.encode("utf-16"))
    assert run(tmp_path / "wide.jsonl")[0] == 1
    (tmp_path / "empty.jsonl").write_bytes(b"")
    assert run(tmp_path / "empty.jsonl")[0] == 0


def test_a_folders_manifest_is_searched_too(tmp_path: Path) -> None:
    """Else the system prompt or a source's address carries out what no row does."""
    write(tmp_path / "train.jsonl", row("clean"))
    (tmp_path / "manifest.json").write_text(json.dumps({"system_prompt": f"Ask {AUTHOR}."}))
    code, said = run(tmp_path)
    assert code == 1 and "manifest.json:1: e-mail" in said


def test_what_is_written_is_clean_and_nothing_is_lost(tmp_path: Path) -> None:
    """Else rows vanish, or a clean row is written in other bytes."""
    rows = [
        row("clean"),
        row(),
        row(secrets("out")["OpenAI"]),
        make("Hi?", answer="x", kind="direct", license="GPL-3.0-only"),
    ]
    file = write(tmp_path / "train.jsonl", *rows)
    with file.open("ab") as more:
        more.write(b'{"half":\n')
    out = tmp_path / "out"
    code, said = run(file, "--redact", "--license", "MIT", "--out", out)
    assert code == 1 and "2 of 5 rows" in said and "1 line could not be read" in said
    assert (out / "train.jsonl").read_bytes().splitlines()[0] == orjson.dumps(rows[0])
    assert run(out)[0] == 0
    rejected = [line.row for line in read(out / "rejected.jsonl")]
    assert [one["reason"] for one in rejected] == [
        "holds what looks like a secret",
        "the licence is not among those allowed",
        "can't be read as a row",
    ]
    assert rejected[0]["example"] == rows[2] and rejected[2]["line"] == 5
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["steps"][-1]["counts"]["rows"] == 5 and manifest["counts"] == {"train": 2, "rejected": 3}
    code, said = run(file, "--out", tmp_path / "strict")
    assert code == 1 and "2 of 5 rows" in said and "holds personal data" in said
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run(file, "--redact", "--license", "MIT", "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_what_a_manifest_says_of_rows_follows_them(tmp_path: Path) -> None:
    """Else a row that was mended loses its own system prompt, and the prompt carries out what the rows no longer hold."""
    one = row()
    folder = tmp_path / "set"
    folder.mkdir()
    write(folder / "train.jsonl", one)
    manifest = {
        "system_prompt": "",
        "system_prompts": [{"text": f"Ask {AUTHOR}.", "rows": f"other {one['id']}"}],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    code, said = run(folder, "--redact", "--out", tmp_path / "out")
    assert code == 0, said
    clean = next(read(tmp_path / "out" / "train.jsonl")).row
    made = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert made["system_prompts"] == [{"text": "Ask Ann Lee <[e-mail]>.", "rows": f"other {clean['id']}"}]
    assert clean["id"] != one["id"] and run(tmp_path / "out")[0] == 0
    manifest["system_prompts"][0]["text"] = secrets("manifest")["GitHub"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done = CliRunner().invoke(cli, ["scan", str(folder), "--redact", "--out", str(tmp_path / "none")])
    assert isinstance(done.exception, UserError) and "system_prompts holds a GitHub token" in str(
        done.exception
    )


def test_rows_of_one_line_are_judged_one_by_one(tmp_path: Path) -> None:
    """Else one bad row of an array takes its neighbours with it, or they it."""
    chats = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]}
        for text in ("Is it?", secrets("array")["npm"], "Is it now?")
    ]
    file = tmp_path / "rows.json"
    file.write_text(json.dumps(chats))
    code, said = run(file, "--out", tmp_path / "out")
    assert code == 0 and "2 of 3 rows" in said
    assert len(list(read(tmp_path / "out" / "examples.jsonl"))) == 2


def test_the_input_is_never_written_over(tmp_path: Path) -> None:
    """Else a scan destroys what it scans."""
    file = write(tmp_path / "train.jsonl", row())
    before = file.read_bytes()
    for arguments in (
        (tmp_path, "--redact", "--out", tmp_path),
        (file, "--redact"),
        (file, "--out", tmp_path),
    ):
        done = CliRunner().invoke(cli, ["scan", *map(str, arguments)])
        assert done.exit_code != 0 and file.read_bytes() == before


def test_export_writes_no_row_under_another_licence(tmp_path: Path) -> None:
    """Else the last command before a training lets through what all the others kept out."""
    rows = [
        row("clean"),
        make("Hi?", answer="Hello.", kind="direct", tools=["read_file"], license="GPL-3.0-only"),
    ]
    file = write(tmp_path / "train.jsonl", *rows)
    given = [
        "export",
        str(file),
        "--for",
        "openai",
        "--dialect",
        "hermes",
        "--license",
        "MIT",
        "--out",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(cli, given, catch_exceptions=False)
    assert done.exit_code == 0 and "1 × the licence is not among those allowed" in done.output
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 1
    rejected = [line.row for line in read(tmp_path / "out" / "rejected.jsonl")]
    assert [one["detail"] for one in rejected] == ["GPL-3.0-only"]


EXPRESSIONS = [
    ("MIT", True), ("mit", True), ("Apache-2.0", False), ("MIT OR GPL-3.0-only", True), ("MIT AND GPL-3.0-only", False), ("MIT AND BSD-3-Clause", True),
    ("(GPL-3.0-only OR MIT) AND BSD-3-Clause", True), ("GPL-3.0-only OR MIT AND PSF-2.0", False), ("MIT WITH some-exception", True),
    ("", False), ("unknown", False), ("MIT License", False), ("MIT OR", False), ("(MIT", False), ("MIT)", False), ("MIT/Apache-2.0", False), ("OR", False),
    ("MITX", False), ("(" * 5000 + "MIT", False),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "good"), EXPRESSIONS, ids=lambda value: str(value)[:40])
def test_an_allow_list_reads_expressions(expression: str, good: bool) -> None:
    """Else of two licences the wrong one decides."""
    assert allowed(["MIT,bsd-3-clause"]).allows(expression) is good
    assert allowed([]).allows(expression)


def test_the_notice_names_every_project_once() -> None:
    """Else rows are passed on without the attribution that their licences ask for."""
    source = {"name": "svcs", "origin": "svcs==25.1.0", "revision": "abc", "license": "MIT"}
    lines = attribution([source, source, {"name": "mine", "origin": "x", "revision": "x"}])
    assert [line for line in lines if line.startswith("- ")] == [
        "- mine (`x`): unknown",
        "- svcs (`svcs==25.1.0, revision abc`): MIT",
    ]
    assert attribution([]) == []


def test_generate_mines_no_repository_under_another_licence(tmp_path: Path) -> None:
    """Else a dataset for one's own use holds text that may not be used so."""
    shop = make_tiny_shop(tmp_path / "tiny_shop")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.py").write_text('def total() -> int:\n    """Return the total."""\n    return 1\n')
    (other / "pyproject.toml").write_text('[project]\nname = "other"\nlicense = "GPL-3.0-only"\n')
    given = [
        "generate",
        "--repo",
        str(shop),
        "--repo",
        str(other),
        "--cache",
        str(tmp_path / "cache"),
        "--generators",
        "locate",
        "--jobs",
        "1",
    ]
    done = CliRunner().invoke(cli, [*given, "--out", str(tmp_path / "out"), "--license", "MIT"])
    assert done.exit_code == 0, done.output
    rows = [line.row for line in read(tmp_path / "out" / "examples.jsonl")]
    assert rows and {one["origin"]["license"] for one in rows} == {"MIT"}
    first = next(read(tmp_path / "out" / "rejected.jsonl")).row
    assert (first["repo"], first["detail"]) == ("other", "GPL-3.0-only")
    assert "- tiny_shop" in (tmp_path / "out" / "README.md").read_text()
    done = CliRunner().invoke(cli, [*given, "--out", str(tmp_path / "none"), "--license", "ISC"])
    assert isinstance(done.exception, UserError) and not (tmp_path / "none").exists()


def test_the_readmes_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first thing that somebody types from the README fails."""
    root = SAMPLE.parent.parent
    monkeypatch.chdir(root)
    block = re.search(r"### scan\n\n```console\n(.*?)```", (root / "README.md").read_text(), re.DOTALL)
    assert block is not None
    commands = [shlex.split(line.removeprefix("$ "), comments=True) for line in block[1].splitlines()]
    assert len(commands) == 3
    for program, command, *arguments in commands:
        assert (program, command) == ("punie-data", "scan")
        assert run(*(one.replace("data/clean", str(tmp_path / "clean")) for one in arguments))[0] == 0


def test_rows_of_an_array_are_counted_as_rows(tmp_path: Path) -> None:
    """Else a file of one array is one row, or as many as it has lines, and its findings name no row's line."""
    for indent in (None, 1):
        (tmp_path / "rows.json").write_text(json.dumps([row(), row("clean"), row("clean")], indent=indent))
        code, said = run(tmp_path / "rows.json", "--json")
        assert code == 1 and json.loads(said)["rows"] == 3 and json.loads(said)["places"] == 1


def test_rows_that_come_while_the_others_are_judged_are_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Else a row that nobody has looked at goes into the clean folder."""
    file = write(tmp_path / "rows.jsonl", row("clean"))
    judged = module._judged

    def judged_meanwhile(*arguments: object) -> object:
        with file.open("ab") as rows:
            rows.write(orjson.dumps(row()) + b"\n")
        monkeypatch.setattr(module, "_judged", judged)
        return judged(*arguments)

    monkeypatch.setattr(module, "_judged", judged_meanwhile)
    with pytest.raises(UserError, match="changed while it was read"):
        module.sift(file, tmp_path / "out", False, allowed(()))
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
