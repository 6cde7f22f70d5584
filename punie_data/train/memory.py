"""How much memory and disk a training takes, told from the headers of the weights and the lengths of the rows, before anything is loaded."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.quantize.integrity import tensors
from punie_data.train.settings import Settings

WIDTHS = {"F64": 8, "F32": 4, "U32": 4, "I32": 4, "BF16": 2, "F16": 2, "I64": 8, "U8": 1, "I8": 1}
BLOCK = re.compile(r"\blayers\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Shape:
    """A batch as it goes through the model: `rows` of `width` tokens, `learned` of them projected onto the vocabulary."""

    rows: int
    width: int
    learned: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """What counts of a model. `dtype` is that of the weights that are not packed, `bits` None where none are."""

    layers: int
    hidden: int
    between: int
    heads: int
    key_heads: int
    head_size: int
    vocabulary: int
    bytes: int
    parameters: int
    dtype: str
    bits: int | None


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes, by what they are for. `disk` is what the run writes while a checkpoint takes the place of the one before."""

    weights: int
    trained: int
    activations: int
    disk: int

    @property
    def memory(self) -> int:
        return self.weights + self.trained + self.activations


def architecture(model: Path) -> Architecture:
    """UserError where the configuration doesn't say enough."""
    config = _config(model)
    headers = _headers(model)
    packed = config.get("quantization") or config.get("quantization_config") or {}
    kinds = [entry["dtype"] for entry in headers.values() if entry["dtype"] != "U32"]
    inner = config.get("text_config") or config
    try:
        heads = int(inner["num_attention_heads"])
        return Architecture(
            layers=int(inner["num_hidden_layers"]),
            hidden=int(inner["hidden_size"]),
            between=int(inner.get("moe_intermediate_size") or inner["intermediate_size"])
            * int(inner.get("num_experts_per_tok") or 1),
            heads=heads,
            key_heads=int(inner.get("num_key_value_heads") or heads),
            head_size=int(inner.get("head_dim") or int(inner["hidden_size"]) // heads),
            vocabulary=int(inner["vocab_size"]),
            bytes=sum(entry["data_offsets"][1] - entry["data_offsets"][0] for entry in headers.values()),
            parameters=sum(prod(entry["shape"]) for entry in headers.values()),
            dtype=max(set(kinds), key=kinds.count) if kinds else "U32",
            bits=int(packed.get("bits", 4)) if packed else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{model / 'config.json'} lacks {error}") from None


def trained_parameters(model: Path, settings: Settings) -> int:
    """How many numbers the optimizer changes: of LoRA two matrices for each linear layer of the last blocks, as mlx-lm chooses them."""
    headers = _headers(model)
    if settings.method == "full":
        return sum(prod(entry["shape"]) for entry in headers.values())
    config = _config(model)
    packed = config.get("quantization") or config.get("quantization_config") or {}
    blocks = 1 + max((int(found[1]) for name in headers if (found := BLOCK.search(name))), default=-1)
    first = blocks - min(settings.layers, blocks)
    total = 0
    for name, entry in headers.items():
        found = BLOCK.search(name)
        if found is None or int(found[1]) < first or not name.endswith(".weight") or len(entry["shape"]) < 2:
            continue
        *stacked, outputs, inputs = entry["shape"]
        if entry["dtype"] == "U32":
            own = packed.get(name.removesuffix(".weight"))
            inputs = inputs * 32 // (own if isinstance(own, dict) else packed).get("bits", 4)
        size = settings.rank * (inputs + outputs) + (outputs if settings.method == "dora" else 0)
        total += prod(stacked) * size
    return total


def needed(model: Path, settings: Settings, largest: Shape) -> Need:
    """An estimate; `activations` are those of the largest batch, forward and backward."""
    shape = architecture(model)
    count = trained_parameters(model, settings)
    width = WIDTHS.get(shape.dtype, 4) if settings.method == "full" else 4
    # The gradient, two moments, and the new values beside the old until the step is done.
    trained = count * width * (4 if settings.method == "full" else 5)
    disk = count * width * 8
    return Need(shape.bytes, trained, activations(shape, settings, largest), disk)


def activations(shape: Architecture, settings: Settings, batch: Shape) -> int:
    """Bytes that a step holds at most besides weights and optimizer: what each trained block keeps for the way back, the attention of a block, and the
    scores of the learned tokens over the vocabulary. The factors are fitted to what mlx held (tests/test_train_preflight.py compares).
    """
    number = max(WIDTHS.get(shape.dtype, 4), 2)
    tokens = batch.rows * batch.width
    blocks = shape.layers if settings.method == "full" else min(settings.layers, shape.layers)
    query, key = shape.heads * shape.head_size, shape.key_heads * shape.head_size
    a_token = KEPT_HIDDEN * shape.hidden + KEPT_QUERY * query + KEPT_KEY * key + KEPT_BETWEEN * shape.between
    scores = KEPT_SCORES * shape.heads * batch.rows * batch.width**2
    return int(
        number * (blocks * (tokens * a_token + scores)) + 4 * KEPT_LOGITS * batch.learned * shape.vocabulary
    )


KEPT_HIDDEN, KEPT_QUERY, KEPT_KEY, KEPT_BETWEEN = 6.0, 4.0, 4.0, 5.0
KEPT_SCORES = 2.0
KEPT_LOGITS = 4.0
"""How many arrays of each kind a block (of the scores: the whole) keeps."""


def _config(model: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((model / "config.json").read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"{model / 'config.json'}: {error}") from None
    return found if isinstance(found, dict) else {}


def _headers(model: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(model.glob("*.safetensors")):
        found |= tensors(file)
    return found
