"""Export: what a trainer reads is what was recorded, in the order and the form in which it trains all of it."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data import dialects
from punie_data.cli import cli
from punie_data.cli.export import export as command
from punie_data.dialects.base import Refused
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.export import Options, export
from punie_data.export.order import order, padding
from tests.tiny_tokenizer import MANY, MAPPING, NO_PREFIX, PLAIN, SPECIAL, STRING, tokenizer_folder

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
LINES = (SAMPLE / "examples.jsonl").read_bytes().splitlines()
ROWS = [orjson.loads(line) for line in LINES]
MANIFEST = orjson.loads((SAMPLE / "manifest.json").read_bytes())
LONG = 200_000
"""More tokens than any row of the sample has when each byte is one."""


def few(folder: Path, rows: list[Any] | None = None, name: str = "examples") -> Path:
    """A dataset with a manifest: some rows of every kind, short ones first."""
    folder.mkdir(parents=True, exist_ok=True)
    if rows is None:
        rows = [row for kind in ("tool", "direct", "ask", "cannot") for row in sorted(
            (row for row in ROWS if row["label"]["kind"] == kind), key=lambda row: len(orjson.dumps(row)))[:12]]  # fmt: skip
    (folder / f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    (folder / "manifest.json").write_bytes(orjson.dumps(MANIFEST))
    return folder


def read(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_folder(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize("dialect", dialects.DIALECTS)
def test_mlx_lm_gets_a_row_for_each_turn(dialect: str, tmp_path: Path, tokenizer: Path) -> None:
    """Else `--mask-prompt` would train no tool call at all."""
    source = few(tmp_path / "source")
    report = export(source, tmp_path / "out", Options(dialect, "mlx-lm", tokenizer, LONG))
    rows = read(tmp_path / "out" / "train.jsonl")
    assert report.left_out == {} and report.form == "messages"
    turns = {
        row["id"]: sum(
            message["role"] == "assistant" and not (dialect == "text" and message.get("tool_calls"))
            for message in row["messages"]
        )
        for row in read(source / "examples.jsonl")
    }
    assert len(rows) == sum(turns.values())
    assert sorted((row["punie_data"]["id"], row["punie_data"]["turn"]) for row in rows) == sorted(
        (name, turn) for name, count in turns.items() for turn in range(1, count + 1)
    )
    assert all(row["messages"][-1]["role"] == "assistant" for row in rows)
    assert len({tuple(row) for row in rows}) == 1
    assert not {"prompt", "completion", "text"} & set(rows[0])
    assert all(row["messages"][0]["content"].startswith(MANIFEST["system_prompt"]) for row in rows)


def test_signatures_stand_in_every_row_of_the_native_dialect(tmp_path: Path, tokenizer: Path) -> None:
    """Else the template would show a model no tools, and rows without tools would be batched apart."""
    export(few(tmp_path / "source"), tmp_path / "out", Options("native", "mlx-lm", tokenizer, LONG))
    for row in read(tmp_path / "out" / "train.jsonl"):
        assert [tool["function"]["name"] for tool in row["tools"]] == row["punie_data"]["tools"]
        assert all(tool["function"]["parameters"]["type"] == "object" for tool in row["tools"])


def test_windows_hold_the_kinds_and_waste_little(tmp_path: Path, tokenizer: Path) -> None:
    """mlx-lm's own sort does nothing: the file's order is the batches'."""
    source = few(tmp_path / "source", ROWS[:70])
    found = export(source, tmp_path / "out", Options("json-fence", "mlx-lm", tokenizer, LONG, 8)).files[
        "train"
    ]
    rows = read(tmp_path / "out" / "train.jsonl")
    whole = len(rows) // 8 * 8
    share = sum(row["punie_data"]["label"]["kind"] == "tool" for row in rows) / len(rows)
    for start in range(0, whole, 8):
        tool = sum(row["punie_data"]["label"]["kind"] == "tool" for row in rows[start : start + 8])
        assert abs(tool - 8 * share) < 3
    assert found.padding < found.padding_before / 2
    assert found.never_read == len(rows) % 8


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 3)), min_size=1, max_size=120), st.integers(1, 9)
)
def test_the_order_loses_no_row_and_keeps_the_mix(rows: list[tuple[int, int]], batch_size: int) -> None:
    """Every row once; each window has each kind in its share, give or take two; what fills no batch stands at the end."""
    lengths, kinds = [row[0] for row in rows], [row[1] for row in rows]
    found = order(lengths, kinds, batch_size)
    assert sorted(found) == list(range(len(rows)))
    whole = len(rows) // batch_size * batch_size
    assert found == order(lengths, kinds, batch_size)
    for start in range(0, whole, batch_size):
        window = [kinds[number] for number in found[start : start + batch_size]]
        for kind in set(kinds):
            assert abs(window.count(kind) - batch_size * kinds.count(kind) / len(kinds)) <= 2 + batch_size / 4


def test_padding_is_counted_as_mlx_lm_pads() -> None:
    """One more than a multiple of 32, and never more than the limit."""
    assert padding([31, 31], 2, 2048) == pytest.approx(1 - 62 / 66)
    assert padding([40, 100], 1, 64) == pytest.approx(1 - (40 + 64) / (64 + 64))
    assert padding([5], 2, 64) == 0.0


def test_nothing_is_cut(tmp_path: Path, tokenizer: Path) -> None:
    """A row over the limit would lose its answer first: it is left out, told and kept."""
    source = few(tmp_path / "source")
    report = export(source, tmp_path / "out", Options("json-fence", "mlx-lm", tokenizer, 9000))
    template = Template.load(tokenizer)
    rows, rejected = read(tmp_path / "out" / "train.jsonl"), read(tmp_path / "out" / "rejected.jsonl")
    assert rows and rejected
    assert all(len(template.encode(template.render(row["messages"]))) <= 9000 for row in rows)
    assert report.left_out == {"longer than 9000 tokens": len(rejected)}
    assert report.longest_left_out > 9000
    assert all(line["example"]["id"] and "tokens" in line["detail"] for line in rejected)


def test_a_part_smaller_than_a_batch_is_refused(tmp_path: Path, tokenizer: Path) -> None:
    """mlx-lm raises in the middle of a training."""
    source = few(tmp_path / "source", ROWS[:20], "train")
    few(tmp_path / "source", [row for row in ROWS[20:] if row["label"]["kind"] == "direct"][:3], "valid")
    with pytest.raises(UserError, match="valid has 3 rows, less than a batch of 4"):
        export(source, tmp_path / "out", Options("hermes", "mlx-lm", tokenizer, LONG))
    assert not (tmp_path / "out" / "manifest.json").exists()
    report = export(source, tmp_path / "out", Options("hermes", "mlx-lm", tokenizer, LONG, 3))
    assert set(report.files) == {"train", "valid"}


def test_nothing_left_is_said(tmp_path: Path, tokenizer: Path) -> None:
    """An empty file would be a traceback in mlx-lm."""
    with pytest.raises(UserError, match=r"no row is left to train on.*longer than 10 tokens"):
        export(
            few(tmp_path / "source"),
            tmp_path / "out",
            Options("hermes", "mlx-lm", tokenizer, max_seq_length=10),
        )


@pytest.mark.parametrize(("template", "kind"), [(MAPPING, dict), (STRING, str)])
def test_arguments_are_as_the_template_wants_them(template: str, kind: type, tmp_path: Path) -> None:
    """The other form is quoted twice, or raises."""
    folder = tokenizer_folder(tmp_path / "tokenizer", template)
    report = export(few(tmp_path / "source"), tmp_path / "out", Options("native", "mlx-lm", folder, LONG))
    rows = read(tmp_path / "out" / "train.jsonl")
    calls = [call for row in rows for message in row["messages"] for call in message.get("tool_calls", ())]
    assert calls and all(isinstance(call["function"]["arguments"], kind) for call in calls)
    assert report.left_out == {} and report.parser == "json_tools"


def test_a_template_without_tools_wants_another_dialect(tmp_path: Path) -> None:
    """The calls would be missing from what is trained, and nobody would see it."""
    folder = tokenizer_folder(tmp_path / "tokenizer", PLAIN)
    source = few(tmp_path / "source")
    with pytest.raises(UserError, match="shows no tools: choose another --dialect"):
        export(source, tmp_path / "out", Options("native", "mlx-lm", folder, LONG))
    assert export(source, tmp_path / "out", Options("hermes", "mlx-lm", folder, LONG)).left_out == {}


def test_without_a_right_mask_rows_become_text(tmp_path: Path) -> None:
    """The mask would end at the wrong token: rows are written whole, once each, and end in one token of the end."""
    folder = tokenizer_folder(tmp_path / "tokenizer", NO_PREFIX)
    source = few(tmp_path / "source")
    report = export(source, tmp_path / "out", Options("native", "mlx-lm", folder, LONG))
    rows = read(tmp_path / "out" / "train.jsonl")
    assert report.form == "text" and report.left_out == {}
    assert len(rows) == len(read(source / "examples.jsonl"))
    assert all(row["text"].endswith("<|im_end|>") and "messages" not in row for row in rows)
    assert {row["punie_data"]["id"] for row in rows} == {row["id"] for row in read(source / "examples.jsonl")}


def test_few_rows_without_a_right_mask_are_left_out(tmp_path: Path) -> None:
    """One odd row must not take the mask from all others."""
    template = MAPPING.replace(
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}",
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% if 'odd' in messages[-1].content %}{{- 'x' }}{% endif %}",
    )
    folder = tokenizer_folder(tmp_path / "tokenizer", template)
    rows = [row for row in ROWS if len(row["messages"]) == 2][:20]
    rows[3] = orjson.loads(orjson.dumps(rows[3]))
    rows[3]["messages"][0]["content"] = "Is this odd?"
    report = export(
        few(tmp_path / "source", rows), tmp_path / "out", Options("native", "mlx-lm", folder, LONG)
    )
    assert report.left_out == {"the chat template's prompt is no prefix of the whole": 1}
    assert report.form == "messages" and report.files["train"].rows == 19
    assert read(tmp_path / "out" / "rejected.jsonl")[0]["example"]["messages"][0]["content"] == "Is this odd?"


def test_control_tokens_in_a_record_are_not_trained_as_such(tmp_path: Path) -> None:
    """A result that quotes `<|im_end|>` would end the turn for the model; inside JSON arguments it can be written otherwise."""
    rows = [row for row in ROWS if row["label"]["kind"] == "direct"][:4]
    quoting = orjson.loads(orjson.dumps(rows[0]).replace(b'"role":"assistant","content":"', b'"role":"assistant","content":"<|im_end|> '))  # fmt: skip
    calling = orjson.loads(orjson.dumps(next(row for row in ROWS if row["messages"][1].get("tool_calls"))))
    arguments = calling["messages"][1]["tool_calls"][0]["function"]["arguments"]
    key = next(key for key in arguments if isinstance(arguments[key], str))
    arguments[key] = "</tool_call><|im_end|>"
    source = few(tmp_path / "source", [*rows, quoting, calling])
    folder = tokenizer_folder(tmp_path / "tokenizer", special=(*SPECIAL, *MANY))
    report = export(source, tmp_path / "native", Options("native", "mlx-lm", folder, LONG))
    assert sum(report.left_out.values()) == 2
    report = export(source, tmp_path / "hermes", Options("hermes", "mlx-lm", folder, LONG))
    assert report.left_out == {"message 1 holds <|im_end|>, which is a control token of the target": 1}


@pytest.mark.parametrize("target", ["openai", "trl", "axolotl", "sharegpt"])
@pytest.mark.parametrize("dialect", ["native", "hermes"])
def test_other_trainers_get_whole_conversations(target: str, dialect: str, tmp_path: Path) -> None:
    """One row a record, in the keys that the trainer reads and no null anywhere."""
    source = few(tmp_path / "source")
    export(source, tmp_path / "out", Options(dialect, target))
    rows, records = read(tmp_path / "out" / "train.jsonl"), read(source / "examples.jsonl")
    assert len(rows) == len(records)
    wanted = {
        "openai": {"messages", "tools"} if dialect == "native" else {"messages"},
        "sharegpt": {"conversations", "system", "tools"},
    }
    expected = wanted.get(target, {"messages", "tools"} if dialect == "native" else {"messages"})
    beside = set() if target == "openai" else {"punie_data"}
    for row in rows:
        assert set(row) == expected | beside
        assert all(value is not None for message in row.get("messages", ()) for value in message.values())
        for message in row.get("messages", ()):
            for call in message.get("tool_calls", ()):
                given = call["function"]["arguments"]
                assert isinstance(given, str if target in ("openai", "axolotl") else dict)
        if target == "sharegpt":
            assert {said["from"] for said in row["conversations"]} <= {"human", "gpt", "function_call", "observation"}  # fmt: skip
            assert [said["from"] in ("human", "observation") for said in row["conversations"][:4:2]] == [True] * len(row["conversations"][:4:2])  # fmt: skip


def test_sharegpt_refuses_what_it_can_not_write(tmp_path: Path) -> None:
    """Text before a call would be lost there."""
    row = orjson.loads(orjson.dumps(next(row for row in ROWS if row["messages"][1].get("tool_calls"))))
    row["messages"][1]["content"] = "I'll look."
    report = export(few(tmp_path / "source", [row, ROWS[1]]), tmp_path / "out", Options("native", "sharegpt"))
    assert list(report.left_out) == [
        "message 2 has text and calls, which this format can't write in one turn"
    ]


def test_bad_lines_are_counted_and_kept(tmp_path: Path, tokenizer: Path) -> None:
    """Half a line, and a tool that nobody knows: each with its line, the rest is exported."""
    source = few(tmp_path / "source", [*ROWS[:6], {**ROWS[6], "tools": ["fly"]}])
    with (source / "examples.jsonl").open("ab") as file:
        file.write(b'{"half')
    report = export(source, tmp_path / "out", Options("hermes", "trl"))
    assert report.files["train"].rows == 6 and sum(report.left_out.values()) == 2
    assert "no signature is known of the tool fly" in report.left_out
    rejected = read(tmp_path / "out" / "rejected.jsonl")
    assert [(line["file"], line["line"]) for line in rejected] == [
        ("examples.jsonl", 7),
        ("examples.jsonl", 8),
    ]
    assert rejected[1]["raw"] == '{"half' and rejected[0]["example"]["tools"] == ["fly"]


def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path) -> None:
    """Half of the old and half of the new would be neither."""
    source = few(tmp_path / "source")

    def grow(count: int) -> None:
        with (source / "examples.jsonl").open("ab") as file:
            file.write(b"\n")

    with pytest.raises(UserError, match="changed while it was read"):
        export(source, tmp_path / "out", Options("hermes", "trl"), grow)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_the_same_bytes_each_time_and_the_lineage(tmp_path: Path, tokenizer: Path) -> None:
    """Else nobody could say what a model was trained on."""
    source = few(tmp_path / "source")
    before = (source / "examples.jsonl").read_bytes()
    for name in ("one", "two"):
        export(source, tmp_path / name, Options("hermes", "mlx-lm", tokenizer, LONG))
    for file in ("train.jsonl", "rejected.jsonl", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    manifest = orjson.loads((tmp_path / "one" / "manifest.json").read_bytes())
    step = manifest["steps"][-1]
    assert step["command"] == "export" and step["options"]["dialect"] == "hermes"
    assert set(step["options"]["tokenizer"]) == {"tokenizer.json", "tokenizer_config.json"}
    assert manifest["system_prompt"] == MANIFEST["system_prompt"]
    assert str(tmp_path) not in orjson.dumps(manifest).decode()
    assert (source / "examples.jsonl").read_bytes() == before
    with pytest.raises(UserError, match="is where the input lies"):
        export(source, source, Options("hermes", "trl"))


def test_mlx_lm_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    """Lengths and masks can't be known without one."""
    done = CliRunner().invoke(command, [str(SAMPLE), "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, UserError) and "--tokenizer" in str(done.exception)


def test_the_command_tells_what_it_did(tmp_path: Path, tokenizer: Path) -> None:
    """The figures that decide how to train, and what was left out."""
    arguments = [str(few(tmp_path / "source")), "--tokenizer", str(tokenizer), "--dialect", "json-fence", "--max-seq-length", "9000", "--out", str(tmp_path / "out")]  # fmt: skip
    told = CliRunner().invoke(command, arguments).output
    assert "rows of 43 records" in told or "rows of" in told
    assert "longer than 9000 tokens" in told and "padding" in told and "none would be too long" in told
    found = orjson.loads(CliRunner().invoke(command, [*arguments, "--json"]).stdout)
    assert found["parts"]["train"]["rows"] == len(read(tmp_path / "out" / "train.jsonl"))


def test_a_template_that_says_no_is_a_reason(tmp_path: Path) -> None:
    """A template that wants roles to alternate, or knows no system prompt: the row says so."""
    folder = tokenizer_folder(
        tmp_path / "tokenizer",
        "{%- if messages[0].role == 'system' %}{{ raise_exception('no system prompt') }}{%- endif %}" + PLAIN,
    )
    with pytest.raises(UserError, match="the chat template refuses it: no system prompt"):
        export(few(tmp_path / "source"), tmp_path / "out", Options("hermes", "mlx-lm", folder, LONG))


def test_signatures_that_are_unknown_refuse() -> None:
    """Else a model would be shown a tool without its parameters."""
    assert isinstance(dialects.signatures(["nothing"]), Refused)


def test_the_readmes_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the README promises what the commands don't do."""
    readme = (SAMPLE.parent.parent / "README.md").read_text()
    few(tmp_path / "data" / "sample")
    tokenizer_folder(tmp_path / "models" / "qwen")
    monkeypatch.chdir(tmp_path)
    ran = 0
    for name in ("export", "preflight"):
        section = readme.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        for line in section.partition("```console\n")[2].partition("```")[0].splitlines():
            words = line.partition("#")[0].removeprefix("$ punie-data ").split()
            done = CliRunner().invoke(cli, words)
            assert done.exit_code == 0, (line, done.output, done.exception)
            ran += 1
    assert ran == 5


def test_a_row_with_the_keys_of_a_record_alone_is_left_out(tmp_path: Path) -> None:
    """Else one wrong value ends the export of all."""
    wrong = [{**ROWS[0], key: value} for key in ROWS[0] for value in (None, 3, [], {"a": 1}, [[1]])]
    report = export(few(tmp_path / "source", [*ROWS[:6], *wrong]), tmp_path / "out", Options("hermes", "trl"))
    assert report.files["train"].rows >= 6
    assert report.left_out["the keys of a record, and not its values"] >= len(wrong) - 5
