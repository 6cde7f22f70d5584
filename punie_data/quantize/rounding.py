"""A model rounded to few bits, the same everywhere or more where it matters."""

import io
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.quantize.folder import load_with_adapter, write_model

WIDTHS = (2, 3, 4, 5, 6, 8)
GROUPS = (32, 64, 128)
RECIPES = ("mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6")
"""mlx-lm's mixtures: the first width, and the second where rounding costs most (values and down projections of some layers, the head)."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """`bits_a_weight` is with scales; `widths` counts layers by width; `mended` is what the configuration lacked."""

    bits_a_weight: float
    widths: Mapping[int, int]
    mended: tuple[str, ...]


def quantize(
    model: Path,
    out: Path,
    bits: int | None,
    group_size: int = 64,
    wider: Mapping[str, int] | None = None,
    recipe: str | None = None,
) -> Rounded:
    """Write the model with its linear layers and embeddings rounded in groups of `group_size` weights, to `bits` or by one of `RECIPES`.

    `wider` maps regular expressions over layers' names to other widths: {"lm_head|embed": 8}. UserError for a width that mlx hasn't, for groups that
    fit no layer, and for a model that is quantized already: rounding twice loses more than either.
    """
    from mlx.utils import tree_flatten
    from mlx_lm.convert import mixed_quant_predicate_builder
    from mlx_lm.utils import quantize_model

    if (bits is None) == (recipe is None):
        raise UserError("say either to how many bits or by which recipe")
    if recipe is not None and recipe not in RECIPES:
        raise UserError(f"no recipe {recipe}: mlx-lm has {', '.join(RECIPES)}")
    base = bits if bits is not None else int(str(recipe).split("_")[1])
    for width in (base, *(wider or {}).values()):
        if width not in WIDTHS:
            raise UserError(f"no {width} bits: mlx has {', '.join(map(str, WIDTHS))}")
    if group_size not in GROUPS:
        raise UserError(f"no groups of {group_size}: mlx has {', '.join(map(str, GROUPS))}")
    patterns = [(_pattern(pattern), width) for pattern, width in (wider or {}).items()]
    if out.exists():
        raise UserError(f"{out} is there already: name a new folder")
    loaded, config = load_with_adapter(model)
    if "quantization" in config or "quantization_config" in config:
        raise UserError(f"{model} is quantized already: dequantize it first (`punie-data fuse` does)")
    try:
        by_recipe = mixed_quant_predicate_builder(recipe, loaded, group_size) if recipe else None
    except ValueError as error:
        raise UserError(f"{model} can't be rounded by {recipe}: {error}") from None
    widths: Counter[int] = Counter()

    def chosen(path: str, module: Any) -> bool | dict[str, Any]:
        wanted = by_recipe(path, module) if by_recipe else {}
        width = wanted.get("bits", base) if isinstance(wanted, dict) else base
        width = next((width for pattern, width in patterns if pattern.search(path)), width)
        widths[width] += 1
        return True if width == base else {"group_size": group_size, "bits": width, "mode": "affine"}

    with redirect_stdout(io.StringIO()):  # it prints
        loaded, config = quantize_model(loaded, config, group_size, base, quant_predicate=chosen)
    if not widths:
        raise UserError(
            f"no layer's width can be divided by {group_size}: choose another --group-size (32, 64 or 128)"
        )
    mended = write_model(loaded, config, model, out)
    weights = tree_flatten(loaded.parameters())
    stored = sum(array.nbytes for _, array in weights)
    return Rounded(stored * 8 / _count(config, weights), dict(sorted(widths.items())), tuple(mended))


def _pattern(given: str) -> re.Pattern[str]:
    try:
        return re.compile(given)
    except re.error as error:
        raise UserError(f"--wider {given}: {error}") from None


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
