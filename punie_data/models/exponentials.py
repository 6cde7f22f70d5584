"""Exponentials on an x86 processor: mlx computes them there one number at a time, some ten times slower than its other arithmetic.

The softmax of attention and the SiLU between the layers are made of them, and take longer than the matrix products once those have a fast BLAS. Here both are
written with an exponential of additions, multiplications and one shift, which the compiler turns into vector instructions. It is exact to 3e-7 of the value,
as a float is (2^x = 2^n · 2^f with n rounded and f within half a unit by a polynomial of degree five, its coefficients by Chebyshev interpolation; compare
Schraudolph, "A fast, compact approximation of the exponential function", 1999).
"""

import platform
import sys
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import mlx.core as mx

POLYNOMIAL = (
    1.0000000754953495, 0.6931472067106205, 0.24022107355830055, 0.05550327214208133, 0.009676037097885356, 0.0013400432165740805,
)  # fmt: skip
LOG2_E = 1.4426950408889634
ROUNDER = 12582912.0
"""1.5 · 2^23: a float has no fraction there, so that adding it rounds, and the integer stands in the lowest bits."""
LIMIT = 126.0
MASKED = -1e9


@cache
def use_fast_exponentials() -> bool:
    """Have mlx compute attention and mlx-lm's gated layers with them from now on, in this process; whether that was done.

    Only where mlx has nothing better: on a processor that is not ARM. Other types than float32 go the old way.
    """
    import mlx.core as mx
    import mlx.nn as nn
    from mlx_lm.models import activations

    if mx.default_device() != mx.Device(mx.cpu, 0) or platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    fast = attention(mx.fast.scaled_dot_product_attention)
    gate = silu(nn.silu)
    mx.fast.scaled_dot_product_attention = fast
    # Not nn.silu itself: mlx-lm compiles functions around it whose shapes are not known then, which the shift does not bear.
    of_mlx, ours = activations.swiglu, lambda gated, other: gate(gated) * other
    for name, module in sys.modules.copy().items():  # those that have taken the name to themselves already
        if name.startswith("mlx_lm.models.") and getattr(module, "swiglu", None) is of_mlx:
            module.swiglu = ours
    return True


def exponential(x: "mx.array") -> "mx.array":
    """e^x of float32, between 2^-126 and 2^126."""
    import mlx.core as mx

    scaled = mx.clip(x * LOG2_E, -LIMIT, LIMIT)
    shifted = scaled + ROUNDER
    rest = scaled - (shifted - ROUNDER)
    found = mx.array(POLYNOMIAL[-1])
    for coefficient in reversed(POLYNOMIAL[:-1]):
        found = coefficient + rest * found
    return (found.view(mx.int32) + (shifted.view(mx.int32) << 23)).view(mx.float32)


def attention(other: Any) -> Any:
    """mlx's `scaled_dot_product_attention`, with `other` for what isn't float32."""
    import mlx.core as mx

    compiled = mx.compile(exponential)
    power = mx.custom_function(lambda x: compiled(x))
    power.vjp(lambda _, cotangent, output: cotangent * output)

    def attend(
        q: "mx.array", k: "mx.array", v: "mx.array", *, scale: float, mask: Any = None, **more: Any
    ) -> "mx.array":
        if q.dtype != mx.float32 or any(value is not None for value in more.values()):
            return other(q, k, v, scale=scale, mask=mask, **more)
        batch, heads, length, depth = q.shape
        groups, total = k.shape[1], k.shape[2]
        shared = heads // groups
        scores = (q * scale).reshape(batch, groups, shared * length, depth) @ k.swapaxes(2, 3)
        if mask is not None:
            bias = _bias(mask, length, total)
            if bias.ndim > 2:
                bias = bias.reshape(1, *bias.shape) if bias.ndim == 3 else bias
                per_head = bias.shape[1] == heads > 1
                bias = (
                    bias.reshape(bias.shape[0], groups, shared, *bias.shape[2:])
                    if per_head
                    else bias[:, :, None]
                )
            scores = (scores.reshape(batch, groups, shared, length, total) + bias).reshape(scores.shape)
        weights = power(scores - mx.stop_gradient(scores.max(-1, keepdims=True)))
        found = (weights @ v) / weights.sum(-1, keepdims=True)
        return found.reshape(batch, heads, length, v.shape[-1])

    return attend


def silu(other: Any) -> Any:
    """x / (1 + e^-x), with `other` for what isn't float32."""
    import mlx.core as mx

    forward = mx.compile(lambda x: x / (1 + exponential(-x)))

    def slope(x: "mx.array", cotangent: "mx.array") -> "mx.array":
        gate = 1 / (1 + exponential(-x))
        return cotangent * gate * (1 + x * (1 - gate))

    backward = mx.compile(slope)
    gated = mx.custom_function(lambda x: forward(x))
    gated.vjp(lambda x, cotangent, _: backward(x, cotangent))
    return lambda x: gated(x) if x.dtype == mx.float32 else other(x)


def _bias(mask: Any, length: int, total: int) -> "mx.array":
    """What is added to the scores: 0 where a position may be seen."""
    import mlx.core as mx

    if isinstance(mask, str):
        return _causal(length, total)
    return mx.where(mask, 0.0, MASKED) if mask.dtype == mx.bool_ else mask


@lru_cache(maxsize=64)
def _causal(length: int, total: int) -> "mx.array":
    """[length, total]: the queries are the last positions."""
    import mlx.core as mx

    found = mx.where(mx.arange(total)[None] <= mx.arange(total - length, total)[:, None], 0.0, MASKED)
    mx.eval(found)
    return found
