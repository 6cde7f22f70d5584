"""Rows that name what no row may: the user's own expressions, looked for in everything that a row says."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from punie_data.chat import Rejected, strings
from punie_data.errors import UserError
from punie_data.generate.task import Shard

REASON = "names what is to be left out"
ESCAPE = re.compile(r'\\(["\\/nrt])')
ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def check_expressions(expressions: Sequence[str]) -> None:
    """UserError where one is no regular expression, or finds something in an empty text and so in every row."""
    for expression in expressions:
        try:
            found = re.search(expression, "")
        except (re.error, OverflowError, RecursionError) as error:
            raise UserError(f"without {expression!r}: not a regular expression: {error}") from None
        if found:
            raise UserError(f"without {expression!r}: it matches every row")


def leave_out(shard: Shard, expressions: Sequence[str]) -> Shard:
    """The rows that hold none of the expressions. The others are rejected, and nothing of them is kept, nor what was found: only which expression it was.

    Rows that were rejected before are told of without their text where that holds one.
    """
    if not expressions:
        return shard
    anywhere = [re.compile(expression) for expression in expressions]
    rows, rejected = [], []
    for row in shard.rows:
        if found := _first(_texts(row), anywhere):
            origin = row["origin"]
            detail = f"expression {found}"
            rejected.append(Rejected(REASON, origin["generator"], origin["repo"], detail=detail).to_json())
        else:
            rows.append(row)
    for row in shard.rejected:
        texts = [row["question"], row["detail"], *(_texts(row["example"]) if row["example"] else ())]
        rejected.append(
            row | {"question": "", "detail": "", "example": None} if _first(texts, anywhere) else row
        )
    return Shard(rows, rejected, shard.unavailable, shard.seconds, shard.redactions, shard.again)


def _first(texts: Iterable[str], anywhere: Sequence[re.Pattern[str]]) -> int:
    """The number of the first expression that finds something, counted from 1; 0 where none does."""
    for text in texts:
        for number, one in enumerate(anywhere, 1):
            if one.search(text) or ("\\" in text and one.search(_decoded(text))):
                return number
    return 0


def _decoded(text: str) -> str:
    """JSON in a result or a question with its line ends and quotation marks as they were: behind "\\n" a word doesn't begin, behind a line end it does."""
    return ESCAPE.sub(lambda found: ESCAPED.get(found[1], found[1]), text)


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    for message in row["messages"]:
        yield message["content"]
        for call in message.get("tool_calls", ()):
            yield from strings(call["function"]["arguments"])
    origin = row["origin"]
    yield from (origin["repo"], origin["symbol"], *origin["paths"], *origin["spans"])
