"""Rows as a target model reads them: the rules PD80x, the shares that are learned, and the preview of the mask."""

import copy
import importlib.util
import json
import re
import shlex
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from punie_data.cli import cli
from punie_data.dialects.base import Call, Malformed, Parsed, Refused
from punie_data.dialects.runtime import runtime_parser
from punie_data.errors import UserError
from punie_data.validate.catalogue import BY_CODE
from punie_data.validate.tokenizer import Measured, Shown, Tokenizer, check_tokenizer, learned_of
from punie_data.validate.tokenizer_rules import RULES, Learned, Target, Written
from tests.test_validate_rows import GOOD, make, sealed
from tests.tiny_tokenizer import MANY, MAPPING, NO_PREFIX, PLAIN, SPECIAL, STRING, tokenizer_folder

ROW = GOOD["one call"]
DIRECT = GOOD["direct"]
MINE = make("Read a.py", ("read_file", {"path": "a.py"}, "x = 1"), answer="It sets `x`.")
CODES = [rule.code for rule in RULES]
ROOMY = 1_000_000


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("targets")
    kinds = {"mapping": (MAPPING, SPECIAL), "string": (STRING, SPECIAL), "no prefix": (NO_PREFIX, SPECIAL + MANY), "plain": (PLAIN, SPECIAL),
             "split": (MAPPING, SPECIAL[:3]), "parameters": (MAPPING.replace('"arguments"', '"parameters"'), SPECIAL),
             "quoted": (MAPPING.replace("(tool_call.arguments | tojson)", "(tool_call.arguments | tojson | tojson)"), SPECIAL)}  # fmt: skip
    return {name: tokenizer_folder(root / name, *given) for name, given in kinds.items()}


def found(
    folder: Path, *rows: dict[str, Any], limit: int = ROOMY, dialect: str = "", tmp: Path
) -> list[tuple[str, int]]:
    file = tmp / "rows.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    checked = check_tokenizer([file], CODES, Tokenizer(folder, dialect), limit, Measured())
    return [(finding.code, finding.line) for part in checked for finding in part.findings]


def with_question(text: str) -> dict[str, Any]:
    row = copy.deepcopy(MINE)
    row["messages"][0]["content"] = text
    return sealed(row)


def with_tools(*names: str) -> dict[str, Any]:
    return sealed(copy.deepcopy(DIRECT) | {"tools": list(names)})


LEARNED = ("PD807", 1)
CASES = [
    # code, what the near miss is, (folder, row, limit, dialect) of the defect and of the near miss
    ("PD800", "a tool of ours", ("mapping", with_tools("weather"), ROOMY, ""), ("mapping", with_tools("read_file"), ROOMY, "")),
    ("PD801", "one that just fits", ("mapping", MINE, 100, ""), ("mapping", MINE, ROOMY, "")),
    ("PD802", "delimiters that are tokens", ("split", MINE, ROOMY, ""), ("mapping", MINE, ROOMY, "")),
    ("PD802", "a dialect without delimiters", ("split", MINE, ROOMY, "hermes"), ("split", MINE, ROOMY, "json-fence")),
    ("PD803", "arguments under their name", ("parameters", MINE, ROOMY, "native"), ("mapping", MINE, ROOMY, "native")),
    ("PD803", "a row without a call", ("quoted", MINE, ROOMY, "native"), ("quoted", DIRECT, ROOMY, "native")),
    ("PD804", "a template that leaves turns as they are", ("no prefix", MINE, ROOMY, ""), ("mapping", MINE, ROOMY, "")),
    ("PD805", "a mapping", ("string", MINE, ROOMY, ""), ("mapping", MINE, ROOMY, "")),
    ("PD805", "a dialect that writes text", ("plain", MINE, ROOMY, "native"), ("plain", MINE, ROOMY, "json-fence")),
    ("PD806", "another model's token", ("mapping", with_question("What is <|im_end|>?"), ROOMY, ""), ("mapping", with_question("What is <|eot_id|>?"), ROOMY, "")),
    ("PD806", "one that the dialect escapes", ("mapping", make("Put it.", ("write_file", {"path": "a", "content": "<|im_end|>"}, "ok"), answer="x"), ROOMY, "qwen3-xml"),
     ("mapping", make("Put it.", ("write_file", {"path": "a", "content": "<|im_end|>"}, "ok"), answer="x"), ROOMY, "hermes")),
    ("PD807", "a row without a call", ("mapping", MINE, ROOMY, ""), ("mapping", DIRECT, ROOMY, "")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_rule_finds_its_defect_and_spares_the_near_miss(
    case: tuple, folders: dict[str, Path], tmp_path: Path
) -> None:
    """A rule that misses its defect is a promise not kept; one that accuses its neighbour is switched off by everybody."""
    code, _, defect, near_miss = case
    for (folder, row, limit, dialect), expected in ((defect, True), (near_miss, False)):
        codes = {one for one, _ in found(folders[folder], row, limit=limit, dialect=dialect, tmp=tmp_path)}
        assert (code in codes) is expected, codes


def test_every_rule_about_the_target_has_a_case() -> None:
    """A rule without a case may have stopped working years ago."""
    assert {case[0] for case in CASES} == {code for code in BY_CODE if BY_CODE[code].scope == "target"}


def test_good_rows_are_clean_in_every_dialect(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else nobody could pass."""
    rows = [
        row
        for row in GOOD.values()
        if set(row["tools"]) <= {"find_references", "read_file", "goto_definition", "git_log"}
    ]
    assert len(rows) > 3
    for dialect in ("", "native", "hermes", "qwen3-xml", "json-fence"):
        assert set(found(folders["mapping"], *rows, dialect=dialect, tmp=tmp_path)) <= {LEARNED}


def test_the_limit_is_the_last_length_that_is_trained(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else a row that just fits is thrown out, or one that just does not is cut."""
    shown = Tokenizer(folders["mapping"]).show(MINE, "", {})
    assert isinstance(shown, Shown) and not isinstance(shown.masked, Refused)
    size = len(shown.masked.tokens)
    assert ("PD801", 1) not in found(folders["mapping"], MINE, limit=size, tmp=tmp_path)
    assert ("PD801", 1) in found(folders["mapping"], MINE, limit=size - 1, tmp=tmp_path)


def test_what_is_learned_is_counted(folders: dict[str, Path]) -> None:
    """Else nobody sees that `--mask-prompt` teaches no call."""
    target = Tokenizer(folders["mapping"])
    shown = target.show(MINE, "", {})
    assert isinstance(shown, Shown)
    learned = learned_of(shown)
    call = (
        len('<tool_call>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tool_call>')
        - len("<tool_call></tool_call>")
        + 2
    )
    answer = len("It sets `x`.")
    assert learned == Learned(call + answer + 2, call + 1, answer + 1, 0, call + answer + 2, call + 1)
    only_call = copy.deepcopy(MINE) | {"messages": MINE["messages"][:2]}
    shown = target.show(only_call, "", {})
    assert isinstance(shown, Shown)
    assert learned_of(shown) == Learned(call + 1, call + 1, call + 1, call + 1, call + 1, call + 1)


def test_foreign_rows_and_imported_sets_bring_their_tools(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else every row of another origin would be refused for want of a signature that stands beside it."""
    tool = {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tell it.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    call = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
    messages = [{"role": "user", "content": "Weather in Ulm?"}, {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c", "content": "rain"}, {"role": "assistant", "content": "Rain."}]  # fmt: skip
    assert found(folders["mapping"], {"messages": messages, "tools": [tool]}, tmp=tmp_path) == [LEARNED]
    assert run("import", tmp_path / "rows.jsonl", "--out", tmp_path / "set")[0] == 0
    code, said = run(
        "validate",
        tmp_path / "set",
        "--isolated",
        "--select",
        "PD8",
        "--tokenizer",
        folders["mapping"],
        "--max-seq-length",
        ROOMY,
    )
    assert code == 0 and "PD800" not in said and "1 row" in said
    assert (
        "weather" in run("show", tmp_path / "set", "--mask", "--full", "--tokenizer", folders["mapping"])[1]
    )


def test_the_rules_about_the_whole_say_it_once(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else a tokenizer's defect is told once for each of a million rows."""
    codes = [code for code, _ in found(folders["split"], MINE, MINE, MINE, tmp=tmp_path)]
    assert codes.count("PD802") == 2 and codes.count("PD807") == 1


def test_runtime_parsers_are_mlx_lms_own() -> None:
    """Else we would hold our dialects against ourselves."""
    if importlib.util.find_spec("mlx_lm") is None:
        pytest.skip("mlx-lm is not installed")
    read = runtime_parser("json_tools")
    assert read is not None
    assert read('a <tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call>', ()) == Parsed(
        "a ", (Call("f", {"x": 1}),)
    )
    assert isinstance(read('<tool_call>{"name": </tool_call>', ()), Malformed)
    assert isinstance(read("<tool_call>[1]</tool_call>", ()), Malformed)
    assert read("no call", ()) == Parsed("no call", ())
    assert runtime_parser("nothing_of_that_name") is None and runtime_parser("") is None


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [str(one) for one in arguments], catch_exceptions=False)
    return done.exit_code, done.output


def test_validate_takes_a_tokenizer(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else the rules are there and nobody can run them."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(orjson.dumps(MINE) + b"\n{half\n")
    code, said = run(
        "validate",
        file,
        "--isolated",
        "--tokenizer",
        folders["mapping"],
        "--max-seq-length",
        100,
        "--select",
        "PD8",
    )
    assert code == 1 and f"{file}:1: PD801" in said and "PD807" in said
    assert (
        "tokens a row:" in said
        and "0% with --mask-prompt" not in said
        and "of the calls': 0% and 100%" in said
    )
    code, said = run(
        "validate",
        file,
        "--isolated",
        "--tokenizer",
        folders["mapping"],
        "--max-seq-length",
        9999,
        "--ignore",
        "PD1,PD807",
    )
    assert code == 0
    told = json.loads(
        run(
            "validate",
            file,
            "--isolated",
            "--json",
            "--tokenizer",
            folders["mapping"],
            "--max-seq-length",
            100,
        )[1]
    )
    assert told["by_code"]["PD801 too-long"] == 1 and told["rows"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "FILE", "--max-seq-length", "100"),
        ("validate", "FILE", "--dialect", "hermes"),
        ("validate", "FILE", "--isolated", "--select", "PD8"),
        ("validate", "FILE", "--tokenizer", "FOLDER", "--dialect", "klingon"),
        ("validate", "FILE", "--tokenizer", "nowhere"),
        ("show", "FILE", "--mask"),
        ("show", "FILE", "--tokenizer", "FOLDER"),
        ("show", "FILE", "--mask", "--json", "--tokenizer", "FOLDER"),
    ],
)
def test_what_can_not_be_meant_is_one_line(
    arguments: tuple[str, ...], folders: dict[str, Path], tmp_path: Path
) -> None:
    """Else an option is silently without effect."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(orjson.dumps(MINE) + b"\n")
    places = {"FILE": str(file), "FOLDER": str(folders["mapping"])}
    with pytest.raises(UserError):
        run(*(places.get(one, one) for one in arguments))


def test_the_preview_marks_what_is_learned(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else a mask that begins one token too early is seen by nobody."""
    file = tmp_path / "rows.jsonl"
    file.write_bytes(orjson.dumps(MINE) + b"\n")
    code, said = run("show", file, "--mask", "--tokenizer", folders["mapping"])
    assert code == 0
    assert (
        '<|im_start|>assistant\n«<tool_call>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tool_call><|im_end|>»\n'
        in said
    )
    assert "<|im_start|>assistant\n«It sets `x`.<|im_end|>»\n" in said and said.count("«") == 2
    assert "(0 of calls)" in said
    code, said = run("show", file, "--mask", "--tokenizer", folders["no prefix"])
    assert code == 0 and "no mask: " in said


def test_a_tool_without_a_mask_or_with_a_prompt_of_its_own_is_told(folders: dict[str, Path]) -> None:
    """Else a foreign set's tools could never be checked: their signatures stand in the manifest."""
    target = Tokenizer(folders["mapping"])
    known = {
        "weather": {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    }
    assert isinstance(target.show(with_tools("weather"), "Be brief.", {}), Refused)
    shown = target.show(with_tools("weather"), "Be brief.", known)
    assert isinstance(shown, Shown) and shown.rendered.messages[0] == {
        "role": "system",
        "content": "Be brief.",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_target_without_defects_is_silent(rule: Any) -> None:
    """Else nothing could ever be clean."""
    for given in (Written(10, 10), Target("native"), Learned()):
        if type(given).__name__.lower() in str(rule.check.__annotations__):
            assert list(rule.check(given)) == []


def test_the_readmes_lines_with_a_tokenizer_run(folders: dict[str, Path], tmp_path: Path) -> None:
    """Else the first thing that somebody types from the README fails."""
    root = Path(__file__).parent.parent
    with (root / "data" / "sample" / "examples.jsonl").open("rb") as sample:
        (tmp_path / "examples.jsonl").write_bytes(b"".join(next(sample) for _ in range(8)))
    lines = re.findall(
        r"^\$ punie-data ((?:validate|show) .*--tokenizer.*)$", (root / "README.md").read_text(), re.MULTILINE
    )
    assert len(lines) == 2
    places = {"data/svcs": str(tmp_path), "models/qwen": str(folders["mapping"])}
    for line in lines:
        code, said = run(*(places.get(one, one) for one in shlex.split(line, comments=True)))
        assert code in (0, 1) and ("tokens a row" in said or "learned" in said)
