"""What was exported can be imported: the same records for each dialect and trainer that keep them, the same conversation for the others."""

from pathlib import Path
from typing import Any

import pytest

from punie_data import importing
from punie_data.dialects import DIALECTS
from punie_data.export import Options, export
from punie_data.export.targets import TARGETS
from tests.test_export import LONG, ROWS, few, read
from tests.tiny_tokenizer import NO_PREFIX, tokenizer_folder

CHOSEN = [row for kind in ("tool", "direct", "ask", "cannot") for row in [r for r in ROWS if r["label"]["kind"] == kind][:8]]  # fmt: skip
CHOSEN += [row for row in ROWS if row["tools"] == ["execute_code"]][:3]
CHOSEN += [row for row in ROWS if len(row["messages"]) > 6][:3]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_folder(tmp_path_factory.mktemp("tokenizer"))


def back(folder: Path) -> list[dict[str, Any]]:
    """The records of an export; parts of conversations, which another row holds whole, are no records."""
    lines = list(importing.records(folder / "train.jsonl"))
    assert [line.problem for line in lines if line.problem] == []
    return [line.row for line in lines]


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "openai"])
@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "text"])
def test_the_same_records(dialect: str, target: str, tmp_path: Path, tokenizer: Path) -> None:
    """Else an export would be a dead end."""
    source = few(tmp_path / "source", CHOSEN)
    export(
        source, tmp_path / "out", Options(dialect, target, tokenizer if target == "mlx-lm" else None, LONG, 1)
    )
    found = sorted(back(tmp_path / "out"), key=lambda row: row["id"])
    wanted = sorted({row["id"]: row for row in CHOSEN}.values(), key=lambda row: row["id"])
    assert list({row["id"]: row for row in found}.values()) == wanted


def test_text_is_read_back_too(tmp_path: Path) -> None:
    """The form for templates without a right mask."""
    folder = tokenizer_folder(tmp_path / "tokenizer", NO_PREFIX)
    export(few(tmp_path / "source", CHOSEN), tmp_path / "out", Options("hermes", "mlx-lm", folder, LONG, 1))
    assert "text" in read(tmp_path / "out" / "train.jsonl")[0]
    assert {row["id"] for row in back(tmp_path / "out")} == {row["id"] for row in CHOSEN}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_openai_keeps_the_conversation(dialect: str, tmp_path: Path) -> None:
    """It has no place for more: where it came from is not told."""
    rows = [row for row in CHOSEN if row["tools"] == ["execute_code"]] if dialect == "code" else CHOSEN
    export(few(tmp_path / "source", rows), tmp_path / "out", Options(dialect, "openai"))
    for row, wanted in zip(back(tmp_path / "out"), rows, strict=True):
        messages = [m for m in wanted["messages"] if dialect != "text" or (m["role"] != "tool" and not m.get("tool_calls"))]  # fmt: skip
        assert row["messages"] == messages


def test_text_comes_back_as_what_it_became(tmp_path: Path) -> None:
    """Its calls are gone for good: only rows that had none are the same records, and the others don't pass for them."""
    export(few(tmp_path / "source", CHOSEN), tmp_path / "out", Options("text", "trl"))
    found = back(tmp_path / "out")
    without = [row for row in CHOSEN if not any(message.get("tool_calls") for message in row["messages"])]
    assert [row for row in found if row in CHOSEN] == without
    assert all(row["origin"]["generator"] == "import:messages" for row in found if row not in CHOSEN)
