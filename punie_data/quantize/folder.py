"""A model's folder in MLX form: read with its adapter, written whole."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

from punie_data import dataset
from punie_data.corpus.cache import whole_folder
from punie_data.errors import UserError
from punie_data.models.memory import require_memory
from punie_data.quantize.ending import mend_end
from punie_data.quantize.integrity import INDEX, check_weights

CARRIED = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "generation_config.json", "vocab.json", "merges.txt",
    "added_tokens.json", "additional_chat_templates", "LICENSE",
)  # fmt: skip
"""What goes along unchanged: writing a tokenizer anew has lost chat templates before."""
SHARD_BYTES = 4 * 1024**3


def load_with_adapter(model: Path, adapter: Path | None = None) -> tuple[Any, dict[str, Any]]:
    """(the model, its configuration). UserError where mlx-lm is missing or can't load it."""
    try:
        from mlx_lm.tuner.utils import load_adapters
        from mlx_lm.utils import load_model
    except ImportError:
        raise UserError("this needs mlx-lm: pip install 'punie-data[train]'") from None
    if model.is_dir() and (model / "config.json").is_file():
        check_weights(model)
        require_memory(sum(file.stat().st_size for file in model.glob("*.safetensors")), str(model))
    try:
        loaded, config = load_model(model)
        if adapter is not None:
            load_adapters(loaded, str(adapter))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        raise UserError(f"{adapter or model}: mlx-lm can't load it: {_said(error)}") from None
    return loaded, dict(config)


def _said(error: BaseException) -> str:
    """What went wrong, in one line: of a failed allocation that it was one."""
    if isinstance(error, MemoryError) or "allocate" in str(error) or "bad_alloc" in str(error):
        return "the memory does not suffice"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]) or type(error).__name__


def write_model(loaded: Any, config: dict[str, Any], source: Path, out: Path) -> list[str]:
    """Write a new folder: weights in shards with their index, the configuration, and what the source's folder has besides.

    An end-of-text token that is only in one of the configuration, the generation configuration, the tokenizer and the chat template is put where it
    lacks, since a server that doesn't find it never stops; returned is what was mended so. What was written is read back. UserError where `out` is
    there, a weight is no number, the memory does not suffice, or the disk is full.
    """
    import mlx.core as mx
    from mlx.utils import tree_flatten

    if out.exists():
        raise UserError(f"{out} is there already: name a new folder")
    weights = dict(tree_flatten(loaded.parameters()))
    try:
        for name, array in weights.items():
            if array.dtype in (mx.float32, mx.float16, mx.bfloat16) and not math.isfinite(
                array.astype(mx.float32).sum().item()
            ):
                raise UserError(f"{name} holds values that are no numbers: the adapter was trained to pieces")
        with whole_folder(out) as part:
            _write_shards(weights, part)
            for name in CARRIED:
                if (source / name).is_dir():
                    shutil.copytree(source / name, part / name)
                elif (source / name).is_file():
                    shutil.copyfile(source / name, part / name)
            mended = mend_end(config, part)
            (part / "config.json").write_text(json.dumps(config, indent=2) + "\n")
            check_weights(part, digests=False)
    except (OSError, RuntimeError, MemoryError) as error:
        raise UserError(f"{out} can't be written: {_said(error)}") from None
    return mended


def _write_shards(weights: dict[str, Any], folder: Path) -> None:
    import mlx.core as mx

    shards: list[dict[str, Any]] = [{}]
    size = 0
    for name, array in weights.items():
        if shards[-1] and size + array.nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = array
        size += array.nbytes
    index: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        name = (
            "model.safetensors" if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        )
        mx.save_safetensors(str(folder / name), shard, metadata={"format": "mlx"})
        index |= dict.fromkeys(shard, name)
    total = sum(array.nbytes for array in weights.values())
    digests = {name: dataset.digest(folder / name) for name in sorted({*index.values()})}
    told = {
        "metadata": {"total_size": total, "sha256": digests},
        "weight_map": dict(sorted(index.items())),
    }
    (folder / INDEX).write_text(json.dumps(told, indent=2) + "\n")
