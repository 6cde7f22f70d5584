"""Rows as conversations, to be read by a person.

What the rows say is anybody's text: nothing in it may move the cursor, change a colour or turn the reading direction, so every character that
does not print is written out as its code.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from punie_data import jsonl
from punie_data.dataset import REJECTED
from punie_data.dialects.base import Refused
from punie_data.importing import records
from punie_data.plain import plain
from punie_data.validate.check import record_validator
from punie_data.validate.tokenizer import Shown, Tokenizer, learned_of

Row = dict[str, Any]
FOLD = 14
"""Lines of a result that are shown before the rest is folded."""

_ROLES = {"user": "bold cyan", "assistant": "bold green", "tool": "bold yellow"}
_WIDTH = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows. An empty word wants any; `id` may be the beginning of one."""

    id: str = ""
    generator: str = ""
    kind: str = ""
    tool: str = ""

    def fits(self, row: Row) -> bool:
        return (
            row["id"].startswith(self.id)
            and self.generator in ("", row["origin"]["generator"])
            and self.kind in ("", row["label"]["kind"])
            and (not self.tool or self.tool in called(row))
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """`rows` in the order of the files; `fitting` of the dataset's `read` rows were wanted, `strange` lines are no records."""

    rows: list[Row]
    read: int
    fitting: int
    strange: int


def called(row: Row) -> set[str]:
    """The names of the tools that the row calls."""
    return {call["function"]["name"] for message in row["messages"] for call in message.get("tool_calls", ())}


def sample(paths: Iterable[Path], wanted: Wanted, count: int, seed: int = 0) -> Sample:
    """`count` of the wanted rows, each as likely as any other, in one pass that holds only them. UserError if a file can't be read."""
    chance = random.Random(f"{seed}:show")
    kept: list[tuple[int, Row]] = []
    read = fitting = strange = 0
    is_record: Callable[[Any], bool] = record_validator().is_valid
    for line in _lines(paths):
        row = line.row.get("example") if isinstance(line.row, dict) and "reason" in line.row else line.row
        if line.problem or not is_record(row):
            strange += 1
            continue
        read += 1
        if not wanted.fits(row):
            continue
        fitting += 1
        if len(kept) < count:
            kept.append((fitting, row))
        elif (place := chance.randrange(fitting)) < count:
            kept[place] = (fitting, row)
    return Sample([row for _, row in sorted(kept, key=lambda pair: pair[0])], read, fitting, strange)


def _lines(paths: Iterable[Path]) -> Iterator[jsonl.Line]:
    for path in paths:
        # A rejected row holds its record inside; any other may be of any format.
        yield from jsonl.read(path) if path.name.endswith(f"{REJECTED}.jsonl") else records(path)


def render(row: Row, console: Console, fold: int = FOLD) -> None:
    """Print one row. `fold` is how many lines of a result are shown, 0 for all."""
    label, origin = row["label"], row["origin"]
    title = Text(plain(row["id"]), "bold")
    title.append(plain(f"  {label['kind']} · {label['category']} · {origin['generator']}"), "dim")
    console.print(title)
    for message in row["messages"]:
        role = message["role"]
        if role == "tool":
            _speak(console, role, Text(_folded(_readable(message["content"]), fold)))
            continue
        if message["content"] or not message.get("tool_calls"):
            _speak(console, role, Text(plain(message["content"])))
        for call in message.get("tool_calls", ()):
            _speak(console, role, _call(call["function"]))
    from_where = f"{origin['repo']} {origin['revision']} · {origin['license'] or 'no licence'}"
    where = ", ".join((*origin["spans"], *(path for path in origin["paths"] if not origin["spans"])))
    versions = ", ".join(dict.fromkeys(run["tool_version"] for run in row["runs"]))
    _speak(
        console,
        "origin",
        Text(plain(" · ".join(part for part in (from_where, where, versions) if part)), "dim"),
    )
    console.print()


def render_mask(row: Row, shown: Shown | Refused, tokenizer: Tokenizer, console: Console, fold: int = FOLD) -> None:  # fmt: skip
    """Print one row as the model reads it: what is learned under a mask of all turns in green, what mlx-lm's --mask-prompt learns too underlined.

    Without colours, learned text stands between « and ». `fold` is how many lines of what is not learned are shown at each end, 0 for all.
    """
    console.print(Text(plain(row["id"]), "bold"))
    if isinstance(shown, Refused) or isinstance(shown.masked, Refused):
        reason = shown.reason if isinstance(shown, Refused) else shown.masked.reason
        console.print(Text(f"no mask: {plain(reason)}", "red"))
        console.print()
        return
    text = tokenizer.template.render(shown.rendered.messages, shown.rendered.tools)
    _, offsets = tokenizer.template.encode_with_offsets(text)
    marks = ("", "") if console.color_system else ("«", "»")
    printed, position = Text(), 0
    for number, (first, end) in enumerate(shown.masked.turns, 1):
        start, stop = offsets[first][0], offsets[end - 1][1]
        printed.append(_middle_folded(plain(text[position:start]), fold), "dim")
        is_last = number == len(shown.masked.turns)
        printed.append(marks[0] + plain(text[start:stop]) + marks[1], "green underline" if is_last else "green")  # fmt: skip
        position = stop
    printed.append(plain(text[position:]), "dim")
    for line in printed.split("\n", allow_blank=True):
        console.print(line, soft_wrap=True)
    learned = learned_of(shown)
    console.print(
        f"{len(shown.masked.tokens):,} tokens, {learned.all_turns:,} learned ({learned.all_calls:,} of calls); "
        f"{learned.last_turns:,} with --mask-prompt ({learned.last_calls:,} of calls)",
        style="dim",
    )
    console.print()


def _middle_folded(text: str, fold: int) -> str:
    lines = text.split("\n")
    if not fold or len(lines) <= 2 * fold + 1:
        return text
    return "\n".join([*lines[:fold], f"… {len(lines) - 2 * fold} more lines", *lines[-fold:]])


def _speak(console: Console, role: str, text: Text) -> None:
    # Each line is printed by itself, so that what stands below the role is indented however the terminal wraps it.
    for number, line in enumerate(text.split("\n", allow_blank=True)):
        head = Text(f"{role if not number else '':<{_WIDTH}} ", _ROLES.get(role, "dim"))
        console.print(head + line, soft_wrap=True)


def _call(function: Row) -> Text:
    """`name(path="a.py")`; an argument of several lines, such as code, stands below the call."""
    blocks = {k: v for k, v in function["arguments"].items() if isinstance(v, str) and "\n" in v}
    inline = [
        f"{plain(name)}={'…' if name in blocks else plain(orjson.dumps(value).decode())}"
        for name, value in function["arguments"].items()
    ]
    text = Text(plain(function["name"]), "bold magenta")
    text.append(f"({', '.join(inline)})", "magenta")
    for block in blocks.values():
        text.append("\n" + "\n".join(f"    {line}" for line in plain(block).rstrip("\n").split("\n")))
    return text


def _readable(content: str) -> str:
    """A JSON result over several lines, any other text as it is."""
    if content[:1] not in ("{", "["):
        return plain(content)
    try:
        return plain(orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2).decode())
    except orjson.JSONDecodeError:
        return plain(content)


def _folded(text: str, fold: int) -> str:
    lines = text.rstrip("\n").split("\n")
    # One line more costs no more room than saying that it is left out.
    if not fold or len(lines) <= fold + 1:
        return "\n".join(lines)
    return "\n".join([*lines[:fold], f"… {len(lines) - fold} more lines"])
