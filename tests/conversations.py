"""Rows made by hand for the tests of commands that curate: small, and valid by the schema."""

import hashlib
from pathlib import Path
from typing import Any

import orjson

from punie_data.chat import Example, Kind, Label, Message, Origin, Run, ToolCall

Record = dict[str, Any]


def conversation(
    question: str,
    answer: str,
    calls: list[tuple[str, dict[str, Any], str]] | None = None,
    *,
    kind: Kind | None = None,
    tools: tuple[str, ...] = (
        "goto_definition",
        "hover",
        "ruff_check",
        "typecheck",
        "git_log",
        "search_text",
    ),
    repo: str = "shop",
    paths: tuple[str, ...] = (),
    symbol: str = "",
    runs: bool = True,
    first_id: int = 0,
) -> Record:
    """A question, calls as (tool, arguments, result), one a turn, and an answer."""
    messages = [Message("user", question)]
    done = []
    for number, (tool, arguments, result) in enumerate(calls or [], first_id):
        messages.append(Message("assistant", "", (ToolCall(f"call_{number}", tool, arguments),)))
        messages.append(Message("tool", result, tool_call_id=f"call_{number}", name=tool))
        done.append(Run(f"call_{number}", "1.0", 0, hashlib.sha256(result.encode()).hexdigest()))
    messages.append(Message("assistant", answer))
    label = Label(kind or ("tool" if calls else "direct"), "concept")
    origin = Origin("made", repo, "0" * 40, "MIT", paths, (), symbol)
    return Example(tuple(messages), tools, label, origin, tuple(done) if runs else ()).to_json()


def defined(name: str, path: str, line: int, **more: Any) -> Record:
    """`Where is NAME defined?`, of which a repository has hundreds."""
    return conversation(
        f"Where is `{name}` defined?",
        f"`{name}` is defined in `{path}`, line {line}.",
        [("search_text", {"pattern": f"class {name}"}, f"{path}:{line}: class {name}:")],
        paths=(path,),
        symbol=name,
        **more,
    )


def write_rows(path: Path, rows: list[Record]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def read_rows(path: Path) -> list[Record]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
