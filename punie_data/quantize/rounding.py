"""A model rounded to few bits, the same everywhere or more where it matters."""

import io
import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.quantize.folder import load_with_adapter, write_model

WIDTHS = (2, 3, 4, 5, 6, 8)


def quantize(
    model: Path, out: Path, bits: int, group_size: int = 64, wider: Mapping[str, int] | None = None
) -> float:
    """Write the model with its linear layers and embeddings rounded in groups of `group_size` weights; returns bits a weight, scales included.

    `wider` maps regular expressions over layers' names to other widths: {"lm_head|embed": 8}. UserError for a width that mlx hasn't, for groups that
    fit no layer, and for a model that is quantized already: rounding twice loses more than either.
    """
    from mlx.utils import tree_flatten
    from mlx_lm.utils import quantize_model

    for width in (bits, *(wider or {}).values()):
        if width not in WIDTHS:
            raise UserError(f"no {width} bits: mlx has {', '.join(map(str, WIDTHS))}")
    loaded, config = load_with_adapter(model)
    if "quantization" in config:
        raise UserError(f"{model} is quantized already: dequantize it first (`punie-data fuse` does)")
    patterns = [(re.compile(pattern), width) for pattern, width in (wider or {}).items()]
    fits = 0

    def chosen(path: str, module: Any) -> bool | dict[str, Any]:
        nonlocal fits
        fits += 1
        width = next((width for pattern, width in patterns if pattern.search(path)), bits)
        return True if width == bits else {"group_size": group_size, "bits": width, "mode": "affine"}

    with redirect_stdout(io.StringIO()):  # it prints
        loaded, config = quantize_model(loaded, config, group_size, bits, quant_predicate=chosen)
    if not fits:
        raise UserError(
            f"no layer's width can be divided by {group_size}: choose another --group-size (32, 64 or 128)"
        )
    write_model(loaded, config, model, out)
    weights = tree_flatten(loaded.parameters())
    stored = sum(array.nbytes for _, array in weights)
    return stored * 8 / _count(config, weights)


def _count(config: dict[str, Any], weights: list[tuple[str, Any]]) -> int:
    """How many weights there are: of a packed array, its bytes by its width."""
    names = {name for name, _ in weights}
    told = config["quantization"]
    total = 0
    for name, array in weights:
        stem, _, kind = name.rpartition(".")
        if f"{stem}.scales" not in names:
            total += array.size
        elif kind == "weight":
            own = told.get(stem)
            width = own["bits"] if isinstance(own, dict) else told["bits"]
            total += array.size * 32 // width
    return total
