"""Preflight: each trap is found in a set that was made wrong on purpose, by mlx-lm's own code, and a good export has none."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli.preflight import preflight as command
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.export import Options, export
from punie_data.preflight import TRAPS, Preflight, preflight
from tests.test_export import LONG, ROWS, few
from tests.tiny_tokenizer import MAPPING, NO_PREFIX, PLAIN, tokenizer_folder

CALL = {"id": "call_0", "type": "function", "function": {"name": "probe", "arguments": {"key": "a"}}}
TOOL = {"type": "function", "function": {"name": "probe", "description": "", "parameters": {"type": "object", "properties": {"key": {"type": "string"}}}}}  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_folder(tmp_path_factory.mktemp("tokenizer"))


def good(count: int = 8) -> list[dict[str, Any]]:
    """Rows that walk into no trap: half call a tool, half answer."""
    rows = []
    for number in range(count):
        question = {"role": "user", "content": f"question {number}"}
        answer = {"role": "assistant", "content": f"answer {number}"}
        if number % 2:
            answer = {"role": "assistant", "content": "", "tool_calls": [CALL]}
        kind = "tool" if number % 2 else "direct"
        rows.append({"messages": [question, answer], "tools": [TOOL], "label": {"kind": kind}})
    return rows


def judged(folder: Path, rows: list[Any], tokenizer: Path, valid: list[Any] | None = None, **sizes: int) -> Preflight:  # fmt: skip
    folder.mkdir(exist_ok=True)
    for name, part in (("train", rows), ("valid", valid)):
        if part is not None:
            lines = [row if isinstance(row, bytes) else orjson.dumps(row) for row in part]
            (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return preflight(folder, tokenizer, **sizes)


def traps(found: Preflight) -> set[int]:
    return {verdict.trap for verdict in found.verdicts if verdict.state == "trap"}


def said(found: Preflight, trap: int) -> str:
    return next(verdict.said for verdict in found.verdicts if verdict.trap == trap)


@pytest.mark.parametrize("dialect", ["native", "hermes", "json-fence", "code"])
def test_an_export_walks_into_none(dialect: str, tmp_path: Path, tokenizer: Path) -> None:
    """Else export and preflight disagree about what mlx-lm does."""
    source = few(tmp_path / "source", ROWS[:24])
    export(source, tmp_path / "out", Options(dialect, "mlx-lm", tokenizer, LONG))
    found = preflight(tmp_path / "out", tokenizer)
    assert traps(found) == set() and found.read_by.startswith("mlx-lm ")
    assert "each the end of a row" in said(found, 1)


def test_text_walks_into_none(tmp_path: Path) -> None:
    """The form that export falls back to."""
    folder = tokenizer_folder(tmp_path / "tokenizer", NO_PREFIX)
    export(few(tmp_path / "source"), tmp_path / "out", Options("native", "mlx-lm", folder, LONG))
    found = preflight(tmp_path / "out", folder)
    assert traps(found) == set() and said(found, 6) == "text"


def test_good_rows_have_none(tmp_path: Path, tokenizer: Path) -> None:
    """The near-miss of all that follow."""
    assert traps(judged(tmp_path / "set", good(), tokenizer)) == set()


def unrolled_away(rows: list[Any]) -> list[Any]:
    """1: the calls stand in the middle of rows, where nothing is trained."""
    for row in rows:
        if row["label"]["kind"] == "tool":
            result = {"role": "tool", "content": "a", "tool_call_id": "call_0", "name": "probe"}
            row["messages"] += [result, {"role": "assistant", "content": "It is a."}]
    return rows


def unsorted(rows: list[Any]) -> list[Any]:
    """2: long and short rows alternate, and mlx-lm's sort leaves them so."""
    for number, row in enumerate(rows):
        row["messages"][0]["content"] = "long " * (300 if number % 4 == 0 else 1)
    return rows


def apart(rows: list[Any]) -> list[Any]:
    """2: in order of length, but each batch of one kind."""
    return sorted(rows, key=lambda row: row["label"]["kind"])


def other_keys(rows: list[Any]) -> list[Any]:
    """3: rows that call no tool lack the key, and are batched apart."""
    return [
        {key: row[key] for key in row if key != "tools"} if row["label"]["kind"] == "direct" else row
        for row in rows
    ]


def too_few(rows: list[Any]) -> list[Any]:
    """4: no batch."""
    return rows[:3]


def too_long(rows: list[Any]) -> list[Any]:
    """5: the answer is cut off."""
    rows[2]["messages"][0]["content"] = "long " * 1000
    return rows


def mixed(rows: list[Any]) -> list[Any]:
    """6: another format behind the first row."""
    return [*rows, {"text": "all of it", "tools": [], "label": {"kind": "tool"}}]


def blank(rows: list[Any]) -> list[Any]:
    """6: a blank line, which mlx-lm reads as JSON."""
    return [*rows[:4], b"", *rows[4:]]


def half(rows: list[Any]) -> list[Any]:
    """6: half a line."""
    return [*rows, b'{"messages": [']


def as_text(rows: list[Any]) -> list[Any]:
    """8: arguments as a string, which this template quotes once more."""
    function = {"name": "probe", "arguments": '{"key": "a"}'}
    rows[1]["messages"][1]["tool_calls"] = [{**CALL, "function": function}]
    return rows


def no_content(rows: list[Any]) -> list[Any]:
    """8: content null, on which this template raises."""
    rows[1]["messages"][1]["content"] = None
    return rows


def null_filled(rows: list[Any]) -> list[Any]:
    """14: Arrow has given the call the arguments of another tool."""
    rows[1]["messages"][1]["tool_calls"] = [{**CALL, "function": {"name": "probe", "arguments": {"key": "a", "line": None}}}]  # fmt: skip
    return rows


@pytest.mark.parametrize(
    ("wrong", "trap", "where"),
    [
        (unrolled_away, 1, "4 of 4 tool calls get no loss with --mask-prompt, first train.jsonl:2"),
        (unsorted, 2, "not in order of length"),
        (apart, 2, "batches hold a single kind"),
        (other_keys, 3, "first train.jsonl:2"),
        (too_few, 4, "train has 3 rows, less than a batch of 4"),
        (too_long, 5, "first train.jsonl:3"),
        (mixed, 6, "first train.jsonl:9"),
        (blank, 6, "train.jsonl:5: a blank line"),
        (half, 6, "train.jsonl:9: not JSON: the line ends in the middle of a value"),
        (as_text, 8, "train.jsonl:2: arguments are a string where the template wants a mapping"),
        (no_content, 8, "train.jsonl:2"),
        (null_filled, 14, "first train.jsonl:2"),
    ],
)
@pytest.mark.parametrize("code", ["mlx-lm's", "ours"])
def test_a_trap_is_found(
    wrong: Callable[..., Any], trap: int, where: str, code: str, tmp_path: Path, tokenizer: Path, monkeypatch
) -> None:
    """Whoever's data code the rows go through: the same trap at the same line."""
    if code == "ours":
        monkeypatch.setitem(sys.modules, "mlx_lm", None)
    found = judged(tmp_path / "set", wrong(good()), tokenizer)
    assert found.read_by.startswith("mlx-lm " if code == "mlx-lm's" else "as mlx-lm")
    assert trap in traps(found), found
    assert where in said(found, trap)
    assert traps(found) - {trap} <= ({2, 5} if wrong is too_long else {2} if trap in (3, 8) else set())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["role", "content", "tool_calls", "function", "name", "arguments", "parameters", "dialect", "label"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
ODD = st.fixed_dictionaries({}, optional=dict.fromkeys(("messages", "tools", "text", "prompt", "completion", "punie_data", "label"), JSON))  # fmt: skip


def test_no_row_is_too_odd(tmp_path: Path, tokenizer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever somebody else's set holds, preflight ends in verdicts."""
    monkeypatch.setitem(sys.modules, "mlx_lm", None)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(ODD | JSON, max_size=4))
    def ends(rows: list[Any]) -> None:
        assert len(judged(tmp_path / "set", [*good(2), *rows], tokenizer).verdicts) == len(TRAPS)
        judged(tmp_path / "set", [*rows, *good(2)], tokenizer)

    ends()


def test_a_small_validation_set_is_found(tmp_path: Path, tokenizer: Path) -> None:
    """mlx-lm raises at the first evaluation; an empty file is no better."""
    found = judged(tmp_path / "set", good(), tokenizer, valid=good(2))
    assert traps(found) == {4} and "valid has 2 rows" in said(found, 4)
    assert traps(judged(tmp_path / "set", good(), tokenizer, valid=[])) == {4}
    assert traps(judged(tmp_path / "set", good(), tokenizer, valid=good(2), batch_size=2)) == set()


def test_a_prompt_longer_than_the_limit_is_told_apart(tmp_path: Path, tokenizer: Path) -> None:
    """Then nothing of the answer is left, and the loss is not a number."""
    found = judged(tmp_path / "set", too_long(good()), tokenizer, max_seq_length=4000)
    assert "1 of them the whole answer (the loss is NaN)" in said(found, 5)


def test_a_mask_that_ends_elsewhere_is_found(tmp_path: Path) -> None:
    """7: the generation prompt opens a thought that no answer has."""
    folder = tokenizer_folder(tmp_path / "tokenizer", NO_PREFIX)
    found = judged(tmp_path / "set", good(), folder)
    assert traps(found) == {7} and "8 rows is no prefix of the whole, first train.jsonl:1" in said(found, 7)


def test_prompts_and_completions_are_read_too(tmp_path: Path) -> None:
    """The third format of mlx-lm."""
    folder = tokenizer_folder(tmp_path / "tokenizer", PLAIN)
    rows = [{"prompt": f"q{number}", "completion": f"a{number}"} for number in range(8)]
    found = judged(tmp_path / "set", rows, folder)
    assert traps(found) == set() and said(found, 6) == "completion"


@pytest.mark.parametrize(
    ("config", "state"), [({"quantization": {"bits": 4}}, "trap"), ({"hidden_size": 8}, "ok"), (None, "note")]
)
def test_a_quantized_base_is_found(config: Any, state: str, tmp_path: Path) -> None:
    """9: fusing onto it rounds the adapter away."""
    folder = tokenizer_folder(tmp_path / "tokenizer", MAPPING)
    if config is not None:
        (folder / "config.json").write_bytes(orjson.dumps(config))
    found = judged(tmp_path / "set", good(), folder)
    assert next(verdict.state for verdict in found.verdicts if verdict.trap == 9) == state


def test_the_command_exits_with_1_on_a_trap(tmp_path: Path, tokenizer: Path) -> None:
    """One line a trap, and one that is known of can be left out of the count."""
    judged(tmp_path / "set", good(), tokenizer)
    arguments = [str(tmp_path / "set"), "--tokenizer", str(tokenizer)]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0 and done.output.count("\n") == 12
    judged(tmp_path / "set", too_few(good()), tokenizer)
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1 and "TRAP  4 every file fills a batch: train has 3 rows" in done.output
    assert CliRunner().invoke(command, [*arguments, "--ignore", "4"]).exit_code == 0
    found = orjson.loads(CliRunner().invoke(command, [*arguments, "--json"]).stdout)
    assert [trap["trap"] for trap in found["traps"] if trap["state"] == "trap"] == [4]
    assert isinstance(CliRunner().invoke(command, [*arguments, "--ignore", "x"]).exception, UserError)


def test_a_folder_without_rows_to_train_is_told(tmp_path: Path, tokenizer: Path) -> None:
    """One line, not a traceback."""
    with pytest.raises(UserError, match=r"holds no train\.jsonl"):
        preflight(tmp_path, tokenizer)


@pytest.mark.parametrize("bits", [0, 8])
def test_tokens_that_were_never_trained_are_found(bits: int, tmp_path: Path) -> None:
    """15: their embeddings are those of the spare rows of the vocabulary, and LoRA would never change them."""
    import mlx.core as mx

    folder = tokenizer_folder(tmp_path / "model", MAPPING)
    size = Template.load(folder).encode("</tool_call>")[0] + 1

    def write(weight: Any) -> None:
        arrays = {"model.embed_tokens.weight": weight}
        config: dict[str, Any] = {"model_type": "llama"}
        if bits:
            quantized = mx.quantize(weight, group_size=64, bits=bits)
            arrays = {f"model.embed_tokens.{name}": array for name, array in zip(("weight", "scales", "biases"), quantized, strict=True)}  # fmt: skip
            config["quantization"] = {"group_size": 64, "bits": bits}
        mx.save_safetensors(str(folder / "model.safetensors"), arrays)
        (folder / "config.json").write_bytes(orjson.dumps(config))

    mx.random.seed(1)
    trained = mx.random.normal((size + 40, 64))
    spare = mx.random.normal((1, 64))
    trained[size:] = spare * mx.linspace(0.5, 2, 40)[:, None]
    write(trained)
    assert 15 not in traps(judged(tmp_path / "set", good(), folder))
    trained[size - 1] = spare[0] * 1.3
    write(trained)
    found = judged(tmp_path / "set", good(), folder)
    assert 15 in traps(found) and said(found, 15).startswith("</tool_call>: ")
    assert 15 not in traps(judged(tmp_path / "fenced", [{**row, "punie_data": {"dialect": "json-fence"}} for row in good()], folder))  # fmt: skip
