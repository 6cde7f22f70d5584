"""The figures of a dataset: they add up, they are said as what they are, and no line is lost on the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_data.cli import cli
from punie_data.errors import UserError
from punie_data.stats.figures import AXES, lengths_of
from punie_data.stats.length import Characters, measure_of
from punie_data.stats.runs import states
from punie_data.stats.survey import dataset_parts, normalised, repeated, survey
from punie_data.tools.schemas import tool_schemas

SAMPLE = Path(__file__).parent.parent / "data/sample"
ROWS = [orjson.loads(line) for line in (SAMPLE / "examples.jsonl").read_bytes().splitlines()]
CALLING = next(row for row in ROWS if row["runs"])


def dataset(folder: Path, **parts: list) -> Path:
    """A folder whose parts hold these rows (or lines, where they are bytes)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in parts.items():
        lines = [row if isinstance(row, bytes) else orjson.dumps(row) for row in rows]
        (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return folder


def figures_of(path: Path):
    return survey(path.name, *_first(dataset_parts(path)))[0]


def _first(found):
    parts, rejected = found
    return parts, Characters(), rejected


def test_the_figures_add_up() -> None:
    """Else shares are of something else than of the rows."""
    figures = figures_of(SAMPLE)
    assert figures.rows == len(ROWS)
    for axis in AXES:
        total = sum(rows for _, rows in figures.ranked(axis))
        assert total == figures.rows or axis == "tool"
    assert sum(each.rows for each in figures.lengths.bins) == figures.rows
    assert sum(figures.calls.rows_by_calls.values()) == figures.rows
    assert sum(figures.calls.states.values()) == figures.calls.calls
    assert sum(figures.rejected.values()) == len((SAMPLE / "rejected.jsonl").read_bytes().splitlines())


def test_splits_are_counted_apart(tmp_path: Path) -> None:
    """Else nobody sees that validation has another mix than training."""
    figures = figures_of(dataset(tmp_path / "set", train=ROWS[:30], valid=ROWS[30:40], test=[]))
    assert figures.parts == {"train": 30, "valid": 10, "test": 0}
    kinds = figures.axes["kind"]
    assert sum(parts.get("valid", 0) for parts in kinds.values()) == 10
    assert list(kinds) == ["tool", "direct", "ask", "cannot"]


def test_lines_that_are_no_rows_are_counted_and_not_lost(tmp_path: Path) -> None:
    """Else the figures would be of fewer lines than the file has, and nobody would know."""
    wrong = {**ROWS[0], "messages": 5}
    figures = figures_of(
        dataset(tmp_path / "set", train=[ROWS[0], b'{"half', wrong, b"[1]", b'{"a": NaN}', ROWS[1]])
    )
    assert (figures.rows, figures.not_rows) == (2, 4)


def test_a_dataset_without_rows_has_figures(tmp_path: Path) -> None:
    """Else an empty split would be a division by zero."""
    done = CliRunner().invoke(cli, ["stats", str(dataset(tmp_path / "set", train=[]))])
    assert done.exit_code == 0 and "0 rows" in done.output


def test_repeats_are_counted(tmp_path: Path) -> None:
    """Else duplicates pass unseen; a near-miss, the same question with another answer, is no same conversation."""
    other = json.loads(json.dumps(ROWS[0]))
    other["messages"][0]["content"] = f"  {other['messages'][0]['content'].upper()}!"
    figures = figures_of(dataset(tmp_path / "set", train=[ROWS[0], ROWS[0], other, ROWS[1]]))
    assert (figures.same_conversation.groups, figures.same_conversation.rows) == (1, 1)
    assert (figures.same_question.groups, figures.same_question.rows) == (1, 2)


def test_names_that_differ_by_an_underscore_are_two_questions() -> None:
    """Else `_send` and `send` would be taken for the same."""
    assert normalised("Where is `_send`?") != normalised("Where is `send`?")
    assert normalised("Where is `send`?") == normalised(" where  is send")


def test_a_result_that_was_edited_is_no_longer_the_recorded_one() -> None:
    """Else a row would be shown as verified by a run that gave something else."""
    assert set(states(CALLING).values()) == {"recorded"}
    edited = json.loads(json.dumps(CALLING))
    result = next(m for m in edited["messages"] if m["role"] == "tool")
    result["content"] += " "
    assert "changed" in states(edited).values()
    assert set(states({**CALLING, "runs": []}).values()) == {"unrecorded"}


def test_results_that_were_imported_are_not_called_recorded() -> None:
    """Else results that nobody ran would pass for proven, because their digest fits them."""
    runs = [{**run, "tool_version": "imported"} for run in CALLING["runs"]]
    assert set(states({**CALLING, "runs": runs}).values()) == {"imported"}


def test_lengths_are_called_an_estimate_without_a_tokenizer() -> None:
    """Else a guess would be taken for a measurement."""
    told = CliRunner().invoke(cli, ["stats", str(SAMPLE)]).output
    assert "an estimate" in told and "four characters" in told
    row = {"messages": [{"role": "user", "content": "x" * 9}]}
    assert Characters().of([row]) == [3]


def test_a_tokenizer_counts_tokens(tmp_path: Path) -> None:
    """Else lengths against a model's limit would be wrong by a half; padding that a file asks for must not count."""
    folder = tokenizer(tmp_path / "words")
    measure = measure_of(folder)
    assert measure.exact and "words" in measure.how
    short = {"messages": [{"role": "user", "content": "one two"}]}
    long = {"messages": [{"role": "user", "content": "one two three four"}]}
    assert measure.of([short, long]) == [2, 4]
    figures = json.loads(
        CliRunner().invoke(cli, ["stats", str(SAMPLE), "--tokenizer", str(folder), "--json"]).output
    )
    assert figures["tokens"]["exact"] is True


TEMPLATE = (
    "{% for tool in tools or [] %}{{ tool.function.name }} {{ tool.function.description }} {% endfor %}"
    "{% for m in messages %}{{ m.content }} {% for c in m.tool_calls or [] %}{{ c.function.name }} {{ c.function.arguments | tojson }} "
    "{% endfor %}{% endfor %}"
)


def test_rows_are_measured_with_their_signatures_where_a_template_writes_them(tmp_path: Path) -> None:
    """Else lengths look ten times too small against a model's limit; a tool that nobody knows is said to be left out."""
    folder = tokenizer(tmp_path / "words")
    assert measure_of(folder).whole(ROWS[:3], {}) is None
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    (row,) = (row for row in ROWS[:1] if row["tools"])
    alone = measure_of(folder).of([row])[0]
    found = measure_of(folder).whole(
        [row, {**row, "tools": ["nobody_knows"]}], {"system_prompt": "one two three"}
    )
    assert found is not None and (found.rows, found.refused) == (1, 1)
    described = sum(len(tool_schemas()[name]["description"].split()) + 1 for name in row["tools"])
    assert abs(found.longest - (alone + described + 3)) <= 3
    told = json.loads(
        CliRunner().invoke(cli, ["stats", str(SAMPLE), "--tokenizer", str(folder), "--json"]).output
    )
    assert (
        told["tokens"]["whole"]["rows"] == 200
        and told["tokens"]["whole"]["median"] > told["tokens"]["median"]
    )
    with pytest.raises(UserError, match="prompts"):
        measure_of(folder).whole([row], {"system_prompts": 5})


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_what_is_no_tokenizer_is_one_line(tmp_path: Path, content: str | None) -> None:
    """Else a wrong folder ends in the library's own trace."""
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match="tokenizer"):
        measure_of(tmp_path)


def tokenizer(folder: Path) -> Path:
    """A tokenizer that counts words, and that pads whatever it is given to the longest of a batch."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.enable_padding(pad_token="?")
    folder.mkdir()
    words.save(str(folder / "tokenizer.json"))
    return folder


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=60))
def test_every_length_is_in_one_bin_and_quantiles_hold(values: list[int]) -> None:
    """Else the histogram leaves rows out, or a quantile promises what isn't so."""
    lengths = lengths_of(values, True, "")
    assert sum(each.rows for each in lengths.bins) == len(values) and len(lengths.bins) <= 34
    for each in lengths.bins:
        assert each.rows == sum(each.first <= value <= each.last for value in values)
    for name, part in (("median", 0.5), ("p90", 0.9), ("p99", 0.99)):
        bound = lengths.quantiles[name]
        assert sum(value <= bound for value in values) >= part * len(values)
        assert sum(value < bound for value in values) < part * len(values)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 9)))
def test_repeated_is_what_counting_says(values: list[int]) -> None:
    """Else a group would be missed at the end of the sorted digests."""
    assert repeated(values) == {v: values.count(v) for v in values if values.count(v) > 1}


def test_hostile_names_reach_the_terminal_harmless(tmp_path: Path) -> None:
    """Else a repository's name moves the cursor; rich's own marks are not obeyed either."""
    row = json.loads(json.dumps(ROWS[0]))
    row["origin"]["repo"] = "\x1b[2Jevil[red]"
    told = CliRunner().invoke(cli, ["stats", str(dataset(tmp_path / "set", train=[row]))]).output
    assert "\x1b" not in told and "\\x1b[2Jevil[red]" in told


def test_a_terminal_of_few_characters_is_no_reason_to_fail() -> None:
    """Else a C locale ends the command in a trace at the first bar."""
    command = [sys.executable, "-m", "punie_data", "stats", str(SAMPLE)]
    done = subprocess.run(
        command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, text=True
    )
    assert done.returncode == 0 and "\\u2588" in done.stdout and not done.stderr


def test_several_paths_and_json(tmp_path: Path) -> None:
    """Else a script has to guess whether it gets a list."""
    one = json.loads(CliRunner().invoke(cli, ["stats", str(SAMPLE), "--json"]).output)
    both = json.loads(
        CliRunner().invoke(cli, ["stats", str(SAMPLE), str(SAMPLE / "examples.jsonl"), "--json"]).output
    )
    assert one["rows"] == len(ROWS) and [each["rows"] for each in both] == [len(ROWS)] * 2
    assert CliRunner().invoke(cli, ["stats", str(tmp_path)]).exit_code != 0
