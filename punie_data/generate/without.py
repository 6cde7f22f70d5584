"""Rows that name what no row may: the user's own expressions, looked for in everything that a row says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from punie_data.chat import Rejected, canonical
from punie_data.errors import UserError
from punie_data.generate.task import Shard

REASON = "names what is to be left out"


def check_expressions(expressions: Sequence[str]) -> None:
    """UserError where one is no regular expression, or would leave nothing."""
    for expression in expressions:
        try:
            found = re.search(expression, "")
        except re.error as error:
            raise UserError(f"without {expression!r}: not a regular expression: {error}") from None
        if found:
            raise UserError(f"without {expression!r}: it matches every row")


def leave_out(shard: Shard, expressions: Sequence[str]) -> Shard:
    """The rows that hold none of the expressions. The others are rejected, and what is kept of them is the expression alone: not what it found.

    Rows that were rejected before are told of without their text where that holds one.
    """
    if not expressions:
        return shard
    anywhere = [re.compile(expression) for expression in expressions]
    rows, rejected = [], []
    for row in shard.rows:
        if found := _first(_texts(row), anywhere):
            origin = row["origin"]
            rejected.append(Rejected(REASON, origin["generator"], origin["repo"], detail=found).to_json())
        else:
            rows.append(row)
    for row in shard.rejected:
        texts = [row["question"], row["detail"], *(_texts(row["example"]) if row["example"] else ())]
        rejected.append(
            row | {"question": "", "detail": "", "example": None} if _first(texts, anywhere) else row
        )
    return Shard(rows, rejected, shard.unavailable, shard.seconds, shard.redactions, shard.again)


def _first(texts: Sequence[str] | Iterator[str], anywhere: Sequence[re.Pattern[str]]) -> str:
    for text in texts:
        for one in anywhere:
            if one.search(text):
                return one.pattern
    return ""


def _texts(row: Mapping[str, Any]) -> Iterator[str]:
    for message in row["messages"]:
        yield message["content"]
        for call in message.get("tool_calls", ()):
            yield canonical(call["function"]["arguments"]).decode()
    yield from row["origin"]["paths"]
    yield row["origin"]["symbol"]
