"""Whether the base model was ever trained on the tokens around calls.

In some models (Qwen2.5-Coder of 0.5B and 1.5B) the embeddings of `<tool_call>` and `</tool_call>` point in the same direction as those of the thousands of
rows that the vocabulary has spare. LoRA leaves embeddings as they are, so such a model lowers its loss and never learns to call.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLLINEAR = 0.999
"""The cosine above which two rows say the same."""
MANY = 10
"""Collinear rows from which on a token counts as never trained: two trained tokens may be alike, eleven are not."""
KEYS = ("embed_tokens.weight", "tok_embeddings.weight", "wte.weight")
BLOCK = 8192


class NoWeights(Exception):
    """The embeddings can't be looked at; the message says why."""


def untrained(folder: Path, tokens: Sequence[int]) -> list[int]:
    """Those of the token ids whose embedding is collinear with many others. NoWeights where mlx or the weights are not there."""
    return [token for token, others in collinear(folder, tokens).items() if others >= MANY]


def collinear(folder: Path, tokens: Sequence[int]) -> dict[int, int]:
    """For each of the token ids how many other rows of the vocabulary say the same; of an empty row all of them. NoWeights as above."""
    try:
        import mlx.core as mx
    except ImportError:
        raise NoWeights("mlx is not installed") from None
    arrays, key = _embeddings(folder, mx)
    config = _config(folder)

    def rows(chosen: Any) -> Any:
        weight = arrays[key][chosen]
        stem = key.removesuffix("weight")
        if f"{stem}scales" in arrays:
            given = config.get("quantization") or {}
            biases = arrays[f"{stem}biases"][chosen] if f"{stem}biases" in arrays else None
            weight = mx.dequantize(
                weight,
                arrays[f"{stem}scales"][chosen],
                biases,
                group_size=given.get("group_size", 64),
                bits=given.get("bits", 4),
                mode=given.get("mode", "affine"),
            )
        weight = weight.astype(mx.float32)
        return weight / mx.maximum(mx.linalg.norm(weight, axis=1, keepdims=True), 1e-12)

    count = arrays[key].shape[0]
    known = [token for token in tokens if token < count]
    if not known:
        return {}
    wanted = rows(mx.array(known))
    alike = mx.zeros((len(known),), dtype=mx.int32)
    for start in range(0, count, BLOCK):
        block = rows(slice(start, min(start + BLOCK, count)))
        alike = alike + (wanted @ block.T > COLLINEAR).sum(axis=1)
        mx.eval(alike)
    empty = (mx.linalg.norm(wanted, axis=1) < 0.5).tolist()
    return {
        token: count - 1 if nothing else others - 1
        for token, others, nothing in zip(known, alike.tolist(), empty, strict=True)
    }


def _embeddings(folder: Path, mx: Any) -> tuple[dict[str, Any], str]:
    """The arrays of the file that holds the embeddings, which are read when they are used, and the key of the embeddings."""
    for file in sorted(folder.glob("*.safetensors")):
        try:
            arrays = mx.load(str(file))
        except RuntimeError as error:
            raise NoWeights(f"{file.name} can't be read: {error}") from None
        key = next((key for key in arrays if key.endswith(KEYS)), None)
        if key is not None:
            return arrays, key
    raise NoWeights("the folder holds no weights with embeddings")


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    return json.loads(path.read_bytes()) if path.is_file() else {}
