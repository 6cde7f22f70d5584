"""How long rows are to a model: with the system prompt, the tools' signatures and all that the chat template adds.

Signatures are often ten times as long as what is said, and writing them takes as much longer, so some rows stand for all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from punie_data.described import Described
from punie_data.dialects import native, signatures
from punie_data.dialects.base import Refused
from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError

LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Whole:
    """Tokens of some rows; `refused` more could not be written: a tool's signature is not known, or the template refuses the row."""

    rows: int
    refused: int
    median: int
    longest: int

    def __str__(self) -> str:
        told = (
            f"with the system prompt and the tools' signatures, as the model's own template writes them: median {self.median:,}, "
            f"longest {self.longest:,} ({self.rows:,} rows looked at, drawn by chance"
        )
        return f"{told}; {self.refused:,} more can't be written so)" if self.refused else f"{told})"


def whole(template: Template, rows: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Whole | None:
    """Measure the rows as `native` writes them; None where none can be written."""
    try:
        described = Described(manifest)
    except (AttributeError, KeyError, TypeError):
        raise UserError(
            "manifest.json can't be read: what it says of prompts and signatures is of another shape"
        ) from None
    as_string = template.arguments == "string"
    texts = []
    for row in rows:
        tools = signatures(row["tools"], described.signatures(row["id"]))
        rendered = (
            tools if isinstance(tools, Refused) else native.render(row, tools, described.prompt(row["id"]))
        )
        if isinstance(rendered, Refused):
            continue
        messages = (
            [_with_string(message) for message in rendered.messages] if as_string else rendered.messages
        )
        try:
            texts.append(template.render(messages, rendered.tools or None))
        except TemplateError:
            continue
    if not texts:
        return None
    found = sorted(len(tokens) for tokens in template.encode_all(texts))
    return Whole(len(found), len(rows) - len(found), found[(len(found) - 1) // 2], found[-1])


def _with_string(message: Mapping[str, Any]) -> Mapping[str, Any]:
    if "tool_calls" not in message:
        return message
    calls = [
        {
            **call,
            "function": {
                **call["function"],
                "arguments": json.dumps(call["function"]["arguments"], ensure_ascii=False),
            },
        }
        for call in message["tool_calls"]
    ]
    return {**message, "tool_calls": calls}
