"""A rounded model as the same values in full width: what a processor without Metal is asked with.

mlx's kernels for quantized weights are an order of magnitude slower than OpenBLAS there. Rounding is over when the weights are stored, so that
multiplying them out changes the speed and not what the model says.
"""

import json
from pathlib import Path

from punie_data.quantize.folder import load_with_adapter, write_model


def has_metal() -> bool:
    """Whether mlx computes on a GPU of Apple's here."""
    import mlx.core as mx

    return bool(mx.metal.is_available())


def is_rounded(model: Path) -> bool:
    """Whether the folder holds quantized weights, by its configuration."""
    try:
        return "quantization" in json.loads((model / "config.json").read_text())
    except (OSError, ValueError):
        return False


def multiplied_out(model: Path, out: Path) -> None:
    """Write the model with its rounded weights as float32 into the new folder `out`. UserError where mlx-lm can't load it."""
    import mlx.core as mx
    from mlx.utils import tree_map
    from mlx_lm.utils import dequantize_model

    loaded, config = load_with_adapter(model)
    loaded = dequantize_model(loaded)
    loaded.update(
        tree_map(
            lambda array: array.astype(mx.float32) if mx.issubdtype(array.dtype, mx.floating) else array,
            loaded.parameters(),
        )
    )
    for key in ("quantization", "quantization_config"):
        config.pop(key, None)
    write_model(loaded, config | {"torch_dtype": "float32"}, model, out)
