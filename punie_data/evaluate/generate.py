"""What an MLX model writes, at temperature 0, many queries at a time. The weights that answered are named by their digest."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data.errors import UserError


@dataclass(frozen=True, slots=True)
class Written:
    """`seconds` is the query's share of its batch: for a latency, ask one at a time."""

    text: str
    prompt_tokens: int
    tokens: int
    seconds: float


class System:
    """A model in process, with or without an adapter."""

    def __init__(self, model: Path, adapter: Path | None = None) -> None:
        """UserError where mlx-lm can't load it."""
        try:
            from mlx_lm.utils import load
        except ImportError:
            raise UserError("evaluating an MLX model needs mlx-lm: pip install 'punie-data[train]'") from None
        try:
            self._model, self._tokenizer = load(str(model), adapter_path=str(adapter) if adapter else None)
        except (FileNotFoundError, ValueError, KeyError, RuntimeError) as error:
            raise UserError(
                f"{adapter or model}: mlx-lm can't load it: {str(error).splitlines()[0]}"
            ) from None

    def answer(
        self, prompts: Sequence[Sequence[int]], most: int, batch: int
    ) -> Iterator[tuple[int, Written]]:
        """(number of the prompt, what was written), in the order in which batches are done: prompts of like length go together."""
        from mlx_lm import batch_generate

        order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            began = time.perf_counter()
            found: Any = batch_generate(
                self._model,
                self._tokenizer,
                [list(prompts[number]) for number in chosen],
                max_tokens=most,
                return_token_ids=True,
            )
            seconds = (time.perf_counter() - began) / len(chosen)
            for number, text, tokens in zip(chosen, found.texts, found.token_ids, strict=True):
                yield number, Written(text, len(prompts[number]), len(tokens), seconds)
