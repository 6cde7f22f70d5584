"""An adapter made one with its model."""

from pathlib import Path

from punie_data.quantize.folder import load_with_adapter, write_model


def fuse(model: Path, adapter: Path, out: Path, dequantize: bool = True) -> tuple[int, list[str]]:
    """Write the model with the adapter multiplied in; returns how many layers that changed, and what was mended in its configuration.

    On a quantized model the sum is rounded again unless `dequantize`: at 4 bits that erases most of what was trained (mlx-lm issues #1172, #1564), which
    is why it is the default here.
    """
    from mlx.utils import tree_unflatten
    from mlx_lm.utils import dequantize_model

    loaded, config = load_with_adapter(model, adapter)
    fused = [
        (name, module.fuse(dequantize=dequantize))
        for name, module in loaded.named_modules()
        if hasattr(module, "fuse")
    ]
    loaded.update_modules(tree_unflatten(fused))
    if dequantize:
        loaded = dequantize_model(loaded)
        config.pop("quantization", None)
        config.pop("quantization_config", None)
    return len(fused), write_model(loaded, config, model, out)
