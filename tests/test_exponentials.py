"""The exponentials that stand in for mlx's on an x86 processor: the same numbers, to what a float can hold."""

import pytest

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")

from punie_data.models import exponentials  # noqa: E402


def other(*_: object, **__: object) -> None:
    raise AssertionError("the slow way was taken")


def test_the_exponential_is_right_to_what_a_float_holds() -> None:
    """Else every probability would be off, a little, everywhere."""
    x = mx.concatenate([mx.arange(-87.0, 87.0, 0.0013), mx.array([0.0, -0.0, 1e-30, -1e-30])])
    assert mx.abs(exponentials.exponential(x) / mx.exp(x) - 1).max().item() < 1e-6


def test_what_is_out_of_reach_is_nearly_nothing_or_very_much_and_never_no_number() -> None:
    """Else a masked position of attention, which is a thousand million below the others, would come back as garbage."""
    found = exponentials.exponential(mx.array([-1e9, -200.0, 200.0, 1e9]))
    assert found[:2].max().item() < 1e-37
    assert found[2:].min().item() > 1e37
    assert mx.isfinite(found).all().item()


MASKS = {
    "none": lambda: None,
    "causal": lambda: "causal",
    "bool": lambda: mx.arange(9)[None] <= mx.arange(4, 9)[:, None],
    "added": lambda: mx.where(mx.arange(9)[None] <= mx.arange(4, 9)[:, None], 0.0, -1e9),
    "per row of the batch": lambda: mx.random.uniform(shape=(3, 1, 5, 9)) < 0.7,
    "per head": lambda: mx.random.uniform(shape=(1, 6, 5, 9)) < 0.7,
    "three dimensions": lambda: mx.random.uniform(shape=(6, 5, 9)) < 0.7,
}


@pytest.mark.parametrize("name", MASKS)
def test_attention_and_its_gradients_are_mlx_s(name: str) -> None:
    """Else a model would be trained on something that no runtime computes."""
    mx.random.seed(3)
    q, k, v = (mx.random.normal(shape) for shape in ((3, 6, 5, 16), (3, 2, 9, 16), (3, 2, 9, 16)))
    mask = MASKS[name]()
    ours = exponentials.attention(other)

    def summed(attend: object) -> object:
        return lambda *given: (attend(*given, scale=0.25, mask=mask) * mx.arange(16)).sum()

    assert mx.allclose(
        ours(q, k, v, scale=0.25, mask=mask),
        mx.fast.scaled_dot_product_attention(q, k, v, scale=0.25, mask=mask),
        atol=1e-5,
    ).item()
    found = mx.grad(summed(ours), argnums=(0, 1, 2))(q, k, v)
    wanted = mx.grad(summed(mx.fast.scaled_dot_product_attention), argnums=(0, 1, 2))(q, k, v)
    for one, another in zip(found, wanted, strict=True):
        assert mx.allclose(one, another, atol=1e-4).item()


def test_silu_and_its_gradient_are_mlx_s() -> None:
    """Else every layer of a llama would be another one."""
    import mlx.nn as nn

    x = mx.arange(-30.0, 30.0, 0.01)
    ours = exponentials.silu(other)
    assert mx.allclose(ours(x), nn.silu(x), atol=1e-5).item()
    found = mx.grad(lambda x: (ours(x) * x).sum())(x)
    wanted = mx.grad(lambda x: (nn.silu(x) * x).sum())(x)
    assert mx.allclose(found, wanted, rtol=1e-5, atol=1e-4).item()


def test_other_types_go_the_old_way() -> None:
    """Else a model in bfloat16 would be computed from the bits of another type."""
    x = mx.ones((2, 2), mx.bfloat16)
    with pytest.raises(AssertionError, match="slow way"):
        exponentials.silu(other)(x)
    with pytest.raises(AssertionError, match="slow way"):
        exponentials.attention(other)(x, x, x, scale=1.0)
