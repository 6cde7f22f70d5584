"""Records as token sequences with the turns to learn, and batches of them: alike in length, none dropped, the same in every run."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from punie_data import dialects, importing
from punie_data.dialects.base import Refused, Rendered
from punie_data.dialects.mask import Masked, mask
from punie_data.dialects.template import Template, TemplateError
from punie_data.errors import UserError
from punie_data.train.prefix import alike, shared

WINDOW = 512
"""Batches that are sorted by system message and length together: with fewer, a fifth of the positions would be padding and beginnings computed twice. What
lies in a batch is decided by length all the same; in which step it comes stays by chance."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A row that can't be trained on, and why."""

    row: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Prepared:
    sequences: tuple[Masked, ...]
    lost: tuple[Lost, ...]

    @property
    def trained_tokens(self) -> int:
        return sum(sequence.trained for sequence in self.sequences)

    @property
    def tokens(self) -> int:
        return sum(len(sequence.tokens) for sequence in self.sequences)


def prepare(
    path: Path,
    template: Template,
    dialect: str,
    system_prompt: str,
    longest: int,
    whole: float = 1.0,
    answer_weight: float = 1.0,
    opening_weight: float = 1.0,
) -> Prepared:
    """Every row of a file as tokens. A row that doesn't fit into `longest` tokens is left out, never cut: the answer would go first. Of the
    conversations with calls, all but a share of `whole` end with their first call.

    Tokens of turns that call weigh 1, those of other turns `answer_weight`, the first of each turn `opening_weight` times as much. UserError where a line is no row, with its number, and where nothing is left.
    """
    written = dialects.load(dialect)
    sequences: list[Masked] = []
    lost: list[Lost] = []
    heads: dict[str, tuple[int, ...]] = {}
    for line in importing.records(path):
        if line.row is None:
            raise UserError(f"{path}:{line.number}: {line.problem}")
        tools = dialects.signatures(line.row["tools"])
        rendered = tools if isinstance(tools, Refused) else written.render(line.row, tools, system_prompt)
        found = rendered if isinstance(rendered, Refused) else mask(template, rendered)
        if isinstance(found, Masked):
            found = _first(found, learned_turns(line.row, whole))
        if isinstance(found, Masked) and len(found.tokens) > longest:
            found = Refused(f"longer than {longest} tokens")
        if isinstance(found, Refused):
            lost.append(Lost(line.row["id"], line.number, found.reason))
        else:
            head = _head(template, rendered, found.tokens, heads)
            weights = _weights(line.row["messages"], answer_weight) if answer_weight != 1 else ()
            weights = weights[: len(found.turns)]
            sequences.append(replace(found, head=head, weights=weights, opening=opening_weight))
    if not sequences:
        why = f": {lost[0].reason}" if lost else ""
        raise UserError(f"{path}: none of its rows can be trained on{why}")
    return Prepared(tuple(sequences), tuple(lost))


def _digest(identity: str) -> float:
    """A number from 0 up to 1, by chance and always the same."""
    return int.from_bytes(hashlib.sha256(f"whole:{identity}".encode()).digest()[:6]) / 2**48


def learned_turns(row: Mapping[str, Any], whole: float) -> int:
    """How many turns of the assistant are learned: all, or those up to the first call."""
    spoken = [message for message in row["messages"] if message["role"] == "assistant"]
    first = next((at for at, message in enumerate(spoken) if message.get("tool_calls")), None)
    return len(spoken) if first is None or _digest(row["id"]) < whole else first + 1


def _first(masked: Masked, turns: int) -> Masked:
    if turns == len(masked.turns):
        return masked
    kept = masked.turns[:turns]
    return replace(masked, tokens=masked.tokens[: kept[-1][1]], turns=kept)


def _weights(messages: Sequence[Mapping[str, Any]], answer_weight: float) -> tuple[float, ...]:
    turns = (message for message in messages if message["role"] == "assistant")
    return tuple(1.0 if turn.get("tool_calls") else answer_weight for turn in turns)


def _head(
    template: Template, rendered: Rendered, tokens: tuple[int, ...], known: dict[str, tuple[int, ...]]
) -> int:
    """How many tokens the system message takes, 0 where there is none that stands alone at the front; `known` remembers them by their text."""
    first = rendered.messages[0]
    if first["role"] != "system" or rendered.tools:
        return 0
    if first["content"] not in known:
        try:
            known[first["content"]] = tuple(template.encode(template.render([first])))
        except TemplateError:
            known[first["content"]] = ()
    head = known[first["content"]]
    return len(head) if tokens[: len(head)] == head else 0


def batches(sequences: Sequence[Masked], size: int, seed: int, epoch: int) -> list[tuple[int, ...]]:
    """One epoch as batches of indices, every index once, the last batch smaller where it must be.

    Shuffled; within windows those with the same system message together, so that it is computed once for all of them, and those of like length, since
    padding costs what it pads; then the batches shuffled. mlx-lm's own sorting is a no-op.
    """
    chance = Random(f"{seed}:batches:{epoch}")
    order = list(range(len(sequences)))
    chance.shuffle(order)
    found: list[tuple[int, ...]] = []
    for start in range(0, len(order), size * WINDOW):
        found += map(
            tuple,
            alike(
                order[start : start + size * WINDOW],
                size,
                lambda index: sequences[index].tokens[: sequences[index].head],
                lambda index: len(sequences[index].tokens),
            ),
        )
    chance.shuffle(found)
    return found


def schedule(
    sequences: Sequence[Masked], size: int, seed: int, epochs: float, together: int = 1
) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The steps of the whole run in their order, each of `together` batches that take about as long, so that processes with one each don't wait for each
    other; the last steps of an epoch are smaller where they must be. A part of an epoch is its first batches.
    """
    epoch = 0
    while epochs > 0:
        found = batches(sequences, size, seed, epoch)
        if epochs < 1:
            found = found[: max(1, round(len(found) * epochs))]
        yield from _steps(found, sequences, together, Random(f"{seed}:steps:{epoch}"))
        epoch += 1
        epochs = round(epochs - 1, 6)


def _steps(
    found: list[tuple[int, ...]], sequences: Sequence[Masked], together: int, chance: Random
) -> list[tuple[tuple[int, ...], ...]]:
    if together == 1:
        return [(batch,) for batch in found]
    steps: list[tuple[tuple[int, ...], ...]] = []
    for start in range(0, len(found), together * WINDOW):
        some = sorted(
            found[start : start + together * WINDOW],
            key=lambda batch: _cost([sequences[index] for index in batch]),
        )
        steps += [tuple(some[at : at + together]) for at in range(0, len(some), together)]
    chance.shuffle(steps)
    return steps


def _cost(batch: Sequence[Masked]) -> float:
    """About how long a batch takes, in positions: a learned one goes through the vocabulary too, which costs half as much again in a small model."""
    beginning = shared(batch)
    width = max(len(sequence.tokens) for sequence in batch) - beginning
    return beginning + len(batch) * width + sum(sequence.trained for sequence in batch) / 2
