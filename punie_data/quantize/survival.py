"""How much of a training outlives rounding, predicted from the weights alone.

Rounding moves every weight by up to half a step. Where the steps are wider than what training changed, most changed weights round to where they were before:
the model answers as if it had never been trained. Per layer, with W the base's weight, D what training added and Q the rounding:

- `cosine` between D and Q(W + D) − Q(W): 1 where the change survives in direction, 0 where what is left has nothing to do with it;
- `kept` = ⟨D, Q(W + D) − Q(W)⟩ / ⟨D, D⟩: how much of it is there, in its own direction;
- `noise` = |Q(W + D) − (W + D)| / |D|: how large the rounding's error is beside the change.

A width is predicted to survive where the whole's cosine is at least `SURVIVES`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_data.errors import UserError
from punie_data.quantize.folder import load_with_adapter

if TYPE_CHECKING:
    import mlx.core as mx


SURVIVES = math.sqrt(0.5)
"""The cosine at which what rounding adds to the change is as long as the change itself: below it, most of the difference is not training."""


@dataclass(frozen=True, slots=True)
class Survival:
    """Of one layer, or of all together (`layer` "all": the vectors of all layers laid end to end)."""

    layer: str
    bits: int
    group_size: int
    cosine: float
    kept: float
    noise: float


def narrowest(found: Sequence[Survival]) -> int | None:
    """The least width from which on every wider one of those measured is predicted to survive; None where the widest is not."""
    whole = sorted((one for one in found if one.layer == "all"), key=lambda one: -one.bits)
    surviving = list(takewhile(lambda one: one.cosine >= SURVIVES, whole))
    return surviving[-1].bits if surviving else None


@dataclass(slots=True)
class _Sums:
    """What the three figures are made of: sums over weights."""

    change: float = 0.0
    left: float = 0.0
    product: float = 0.0
    error: float = 0.0

    def add(self, other: "_Sums") -> None:
        self.change += other.change
        self.left += other.left
        self.product += other.product
        self.error += other.error

    def told(self, layer: str, bits: int, group_size: int) -> Survival:
        change, left = math.sqrt(self.change), math.sqrt(self.left)
        cosine = self.product / (change * left) if change and left else 0.0
        kept = self.product / self.change if self.change else 0.0
        noise = math.sqrt(self.error) / change if change else math.inf
        return Survival(layer, bits, group_size, cosine, kept, noise)


def survival(
    model: Path,
    adapter: Path,
    widths: Sequence[int],
    group_size: int = 64,
    stage: Callable[[str, int], None] = lambda name, total: None,
    advance: Callable[[int], None] = lambda count: None,
) -> list[Survival]:
    """For each width the whole first and then every layer that the adapter changed. UserError where it changed none."""
    loaded, _ = load_with_adapter(model, adapter)
    layers = [
        (name, module)
        for name, module in loaded.named_modules()
        if hasattr(module, "fuse") and hasattr(module, "lora_a")
    ]
    if not layers:
        raise UserError(f"{adapter} changes no layer by low-rank matrices: there is nothing to follow")
    stage("layers", len(layers))
    found: dict[int, list[Survival]] = {bits: [] for bits in widths}
    whole = {bits: _Sums() for bits in widths}
    for name, module in layers:
        base, tuned = _weights(module)
        if base.shape[-1] % group_size:
            raise UserError(
                f"{name}: {base.shape[-1]} can't be divided by {group_size}: choose another --group-size"
            )
        for bits in widths:
            sums = _measured(base, tuned, bits, group_size)
            whole[bits].add(sums)
            found[bits].append(sums.told(name, bits, group_size))
        advance(1)
    return [one for bits in widths for one in (whole[bits].told("all", bits, group_size), *found[bits])]


def _weights(module: Any) -> "tuple[mx.array, mx.array]":
    """(before, after), multiplied out, in float32."""
    import mlx.core as mx

    linear = module.linear
    weight = linear.weight
    if "scales" in linear:
        weight = mx.dequantize(weight, linear.scales, linear.biases, linear.group_size, linear.bits)
    fused = module.fuse(dequantize=True)
    return weight.astype(mx.float32), fused.weight.astype(mx.float32)


def _measured(base: "mx.array", tuned: "mx.array", bits: int, group_size: int) -> _Sums:
    import mlx.core as mx

    def rounded(weight: "mx.array") -> "mx.array":
        return mx.dequantize(*mx.quantize(weight, group_size, bits), group_size, bits)

    after = rounded(tuned)
    change, left, error = tuned - base, after - rounded(base), after - tuned
    sums = [(change * change).sum(), (left * left).sum(), (change * left).sum(), (error * error).sum()]
    mx.eval(*sums)
    return _Sums(*(one.item() for one in sums))
