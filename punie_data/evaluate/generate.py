"""What an MLX model writes, at temperature 0, many queries at a time; a beginning that they share goes through the model once."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.evaluate.likelihood import log_probabilities
from punie_data.models.exponentials import use_fast_exponentials
from punie_data.train.prefix import alike, can_share, common

PREFILL = 512
"""Tokens of a shared beginning that go through the model at a time."""


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
        use_fast_exponentials()
        try:
            self._model, self._tokenizer = load(str(model), adapter_path=str(adapter) if adapter else None)
        except (FileNotFoundError, ValueError, KeyError, RuntimeError) as error:
            raise UserError(
                f"{adapter or model}: mlx-lm can't load it: {str(error).splitlines()[0]}"
            ) from None

    @classmethod
    def of(cls, model: Any, tokenizer: Any) -> "System":
        """A model that is loaded already, as it is."""
        system = cls.__new__(cls)
        system._model, system._tokenizer = model, tokenizer
        return system

    def answer(
        self, prompts: Sequence[Sequence[int]], most: int, batch: int
    ) -> Iterator[tuple[int, Written]]:
        """(number of the prompt, what was written), in the order in which batches are done: prompts with the same beginning and of like length together."""
        from mlx_lm import batch_generate

        ends = frozenset(self._tokenizer.eos_token_ids)
        shares = can_share(self._model)
        kept: tuple[Sequence[int], Any] = ((), None)
        for chosen in together(prompts, batch, ends):
            began = time.perf_counter()
            asked = [list(prompts[number]) for number in chosen]
            length = beginning(asked) if shares else 0
            # What the batch before began with serves this one too, unless this one has much more in common.
            if not (kept[0] and len(kept[0]) >= 0.8 * length and list(kept[0]) == asked[0][: len(kept[0])]):
                kept = (asked[0][:length], self._read(asked[0][:length])) if length else ((), None)
            if len(kept[0]) > length:
                kept = ((), None)
            found: Any = batch_generate(
                self._model,
                self._tokenizer,
                [prompt[len(kept[0]) :] for prompt in asked],
                prompt_caches=[kept[1]] * len(asked) if kept[0] else None,
                max_tokens=most,
                return_token_ids=True,
                prefill_batch_size=batch,
                completion_batch_size=batch,
            )
            seconds = (time.perf_counter() - began) / len(chosen)
            for number, text, tokens in zip(chosen, found.texts, found.token_ids, strict=True):
                yield number, Written(text, len(prompts[number]), len(tokens), seconds)

    def log_probabilities(self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]) -> list[float]:
        """Of each continuation after the prompt, summed over its tokens, in nats."""
        return log_probabilities(self._model, prompt, continuations)

    def _read(self, tokens: Sequence[int]) -> Any:
        """The prompt cache after `tokens`."""
        import mlx.core as mx
        from mlx_lm.models.cache import make_prompt_cache

        cache = make_prompt_cache(self._model)
        for start in range(0, len(tokens), PREFILL):
            self._model(mx.array(tokens[start : start + PREFILL])[None], cache=cache)
            mx.eval([layer.state for layer in cache])
        return cache


def together(prompts: Sequence[Sequence[int]], batch: int, ends: frozenset[int]) -> list[list[int]]:
    """The numbers of the prompts in batches: those whose first message (up to a token of `ends`) is the same, then the rest, each by length."""
    heads = [
        tuple(prompt[: next((at for at, token in enumerate(prompt) if token in ends), 0)])
        for prompt in prompts
    ]
    return alike(range(len(prompts)), batch, heads.__getitem__, lambda number: len(prompts[number]))


def beginning(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all begin with, each keeping at least one of its own; 0 where that is not worth a pass of its own."""
    return common(prompts, min(map(len, prompts)) - 1)
