"""How long a row is: in tokens where a tokenizer is at hand, else estimated from its characters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson

from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.stats.whole import Whole, whole

CHARACTERS_A_TOKEN = 4


class Measure(Protocol):
    """`of` gives one length in tokens for each row; `exact` is False where it is an estimate, `how` says in a sentence how it was measured."""

    exact: bool
    how: str

    def of(self, rows: Sequence[dict[str, Any]]) -> list[int]: ...

    def whole(self, rows: Sequence[dict[str, Any]], manifest: Mapping[str, Any]) -> Whole | None: ...


def texts(row: dict[str, Any]) -> list[str]:
    """What a model would see of a row, but for what a template adds: each message's content and each call's name and arguments."""
    found = []
    for message in row["messages"]:
        found.append(message["content"])
        for call in message.get("tool_calls", ()):
            found.append(call["function"]["name"])
            found.append(orjson.dumps(call["function"]["arguments"]).decode())
    return found


class Characters:
    """The estimate: one token for every four characters, rounded up. Code has fewer characters a token, prose about so many."""

    exact = False
    how = (
        "estimated at one token for every four characters of the messages and calls, because no tokenizer was given; "
        "the system prompt, the tools' signatures and the template come on top"
    )

    def of(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        return [-(-sum(map(len, texts(row))) // CHARACTERS_A_TOKEN) for row in rows]

    def whole(self, rows: Sequence[dict[str, Any]], manifest: Mapping[str, Any]) -> Whole | None:
        return None


class Tokens:
    """Counted with the `tokenizer.json` of a model's folder."""

    exact = True

    def __init__(self, folder: Path) -> None:
        """UserError where the library is missing or the folder has no tokenizer that it can read."""
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise UserError(
                "--tokenizer needs the tokenizers library: pip install 'punie-data[tokenizer]'"
            ) from None
        file = folder / "tokenizer.json" if folder.is_dir() else folder
        if not file.is_file():
            raise UserError(f"{file}: there is no such file; name the folder that holds tokenizer.json")
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises nothing more exact
            raise UserError(f"{file} is no tokenizer that can be read: {error}") from None
        # What a file says about padding and truncation would make every row equally long.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._folder = folder if folder.is_dir() else folder.parent
        self.how = (
            f"counted with the tokenizer in {self._folder.resolve().name}, over the messages and calls; "
            "the system prompt, the tools' signatures and the template come on top"
        )

    def of(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        pieces = [texts(row) for row in rows]
        flat = [text for each in pieces for text in each]
        counts = iter(
            [len(found.ids) for found in self._tokenizer.encode_batch(flat, add_special_tokens=False)]
        )
        return [sum(next(counts) for _ in each) for each in pieces]

    def whole(self, rows: Sequence[dict[str, Any]], manifest: Mapping[str, Any]) -> Whole | None:
        """None where the folder has no chat template that shows tools."""
        try:
            template = Template.load(self._folder)
        except UserError:  # the tokenizer is there, so it is the template that is not
            return None
        return whole(template, rows, manifest) if template.shows_tools else None


def measure_of(tokenizer: Path | None) -> Measure:
    """The tokenizer's, or the estimate where there is none. UserError as `Tokens`."""
    return Tokens(tokenizer) if tokenizer is not None else Characters()
