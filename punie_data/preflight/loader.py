"""What mlx-lm makes of a row and of a file: by mlx-lm's own data code where it is installed, else by the same steps with our template.

mlx-lm is asked for three things: the tokens of a row and where its mask ends (`ChatDataset`, `CompletionsDataset`, `TextDataset`), and which rows
make a batch (`iterate_batches`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from punie_data.dialects.template import Template, TemplateError

Processed = tuple[list[int], int]
"""A row's tokens and the number of tokens before its answer."""


class Unprocessed(Exception):
    """mlx-lm would stop at this row; the message says how."""


@dataclass(frozen=True, slots=True)
class Loader:
    """`name` says whose code it is. `process(form, row)` is for rows of the form `completion`, `messages` or `text`; it raises Unprocessed.

    `batches(key_counts, lengths, batch_size, max_seq_length)` are the numbers of the rows of each batch.
    """

    name: str
    process: Callable[[str, Mapping[str, Any]], Processed]
    batches: Callable[[Sequence[int], Sequence[int], int, int], list[list[int]]]


def form_of(row: Any) -> str:
    """The format that mlx-lm takes a file for whose first row this is; "" where it finds none."""
    if not isinstance(row, dict):
        return ""
    if "prompt" in row and "completion" in row:
        return "completion"
    return next((key for key in ("messages", "text") if key in row), "")


def loader_of(template: Template) -> Loader:
    """mlx-lm's own code, else ours."""
    try:
        import mlx_lm
        from mlx_lm.tokenizer_utils import load
        from mlx_lm.tuner import datasets, trainer
    except ImportError:
        return Loader(
            "as mlx-lm 0.32 does (it is not installed)",
            lambda form, row: _process(template, form, row),
            _batches,
        )
    tokenizer = load(Path(template.folder))

    def process(form: str, row: Mapping[str, Any]) -> Processed:
        config = SimpleNamespace(mask_prompt=form != "text")
        try:
            tokens, offset = datasets.create_dataset([row], tokenizer, config).process(row)
        except Exception as error:  # a template may raise anything, and each would end the training
            raise Unprocessed(" ".join(f"{type(error).__name__}: {error}".split())) from None
        return list(tokens), offset

    def batches(
        key_counts: Sequence[int], lengths: Sequence[int], batch_size: int, max_seq_length: int
    ) -> list[list[int]]:
        class Numbered(datasets.CacheDataset):
            """Rows of the given lengths whose tokens are all their own number, so that a batch tells which rows it holds."""

            def __init__(self) -> None:
                super().__init__(range(len(lengths)))

            def itemlen(self, idx: int) -> int:
                return key_counts[idx]

            def __getitem__(self, idx: int) -> tuple[list[int], int]:
                return [idx], 0

        made = trainer.iterate_batches(Numbered(), batch_size, max_seq_length, seed=0)
        return [batch[:, 0].tolist() for batch, _ in made]

    return Loader(f"mlx-lm {mlx_lm.__version__}", process, batches)


def _process(template: Template, form: str, row: Mapping[str, Any]) -> Processed:
    """A row's tokens by the steps of mlx-lm's datasets."""
    try:
        if form == "text":
            tokens = template.encode(row["text"])
            end = template.eos_token_id
            return (tokens if end is None or tokens[-1:] == [end] else [*tokens, end]), 0
        messages = row.get("messages")
        if form == "completion":
            messages = [
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": row["completion"]},
            ]
        tools = row.get("tools")
        whole = template.encode(template.render(messages, tools))
        prompt = template.render(messages[:-1], tools, messages[-1].get("role") == "assistant")
        return whole, len(template.encode(prompt))
    except (TemplateError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise Unprocessed(" ".join(f"{type(error).__name__}: {error}".split())) from None


def _batches(
    key_counts: Sequence[int], lengths: Sequence[int], batch_size: int, max_seq_length: int
) -> list[list[int]]:
    numbers = sorted(range(len(lengths)), key=lambda number: key_counts[number])
    return [numbers[at : at + batch_size] for at in range(0, len(numbers) - batch_size + 1, batch_size)]
