"""A model's folder in MLX form: read with its adapter, written whole."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

from punie_data.corpus.cache import whole_folder
from punie_data.errors import UserError

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
    try:
        loaded, config = load_model(model)
        if adapter is not None:
            load_adapters(loaded, str(adapter))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise UserError(f"{adapter or model}: mlx-lm can't load it: {' '.join(lines[:2])}") from None
    return loaded, dict(config)


def write_model(loaded: Any, config: dict[str, Any], source: Path, out: Path) -> None:
    """Write a new folder: weights in shards with their index, the configuration, and what the source's folder has besides.

    An end-of-text token that is only in one of the configuration, the generation configuration and the tokenizer is put where it lacks, since a server
    that doesn't find it never stops. UserError where `out` is there, a weight is no number, or the disk is full.
    """
    import mlx.core as mx
    from mlx.utils import tree_flatten

    if out.exists():
        raise UserError(f"{out} is there already: name a new folder")
    weights = dict(tree_flatten(loaded.parameters()))
    for name, array in weights.items():
        if array.dtype in (mx.float32, mx.float16, mx.bfloat16) and not math.isfinite(
            array.astype(mx.float32).sum().item()
        ):
            raise UserError(f"{name} holds values that are no numbers: the adapter was trained to pieces")
    try:
        with whole_folder(out) as part:
            _write_shards(weights, part)
            for name in CARRIED:
                if (source / name).is_dir():
                    shutil.copytree(source / name, part / name)
                elif (source / name).is_file():
                    shutil.copyfile(source / name, part / name)
            _mend_end(config, part)
            (part / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    except (OSError, RuntimeError) as error:
        raise UserError(f"{out} can't be written: {error}") from None


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
    told = {"metadata": {"total_size": total}, "weight_map": dict(sorted(index.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(told, indent=2) + "\n")


def _mend_end(config: dict[str, Any], folder: Path) -> None:
    file = folder / "generation_config.json"
    generation = json.loads(file.read_text()) if file.is_file() else {}
    end = generation.get("eos_token_id", config.get("eos_token_id"))
    if end is None:
        end = _end_of_tokenizer(folder)
    if end is not None:
        generation.setdefault("eos_token_id", end)
        config.setdefault("eos_token_id", end)
        file.write_text(json.dumps(generation, indent=2) + "\n")


def _end_of_tokenizer(folder: Path) -> int | None:
    try:
        token = json.loads((folder / "tokenizer_config.json").read_text()).get("eos_token")
        token = token.get("content") if isinstance(token, dict) else token
        told = json.loads((folder / "tokenizer.json").read_text())
    except (OSError, ValueError):
        return None
    added = {entry["content"]: entry["id"] for entry in told.get("added_tokens", [])}
    return added.get(token, told.get("model", {}).get("vocab", {}).get(token))
