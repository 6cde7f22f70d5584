"""A GGUF file as a folder that mlx-lm loads."""

import json
from pathlib import Path

from punie_data.corpus.cache import whole_folder
from punie_data.errors import UserError

DTYPES = ("float32", "bfloat16", "float16")
"""float32 is by far the fastest on a processor without Metal, and exact; the others are half as large."""


def import_gguf(path: Path, out: Path, dtype: str = "float32") -> Path:
    """Write `config.json`, `model.safetensors`, the tokenizer and `generation_config.json` into the new folder `out`, and return it.

    UserError where the file can't be read, `out` is there already, or mlx is not installed. Nothing half-written is left.
    """
    try:
        import mlx.core as mx
    except ImportError:
        raise UserError("models need mlx: pip install 'punie-data[train]'") from None
    from punie_data.models.gguf import configuration, read, weights
    from punie_data.models.vocabulary import write_tokenizer

    if out.exists():
        raise UserError(f"{out} is there already: name a new folder")
    file = read(path)
    config = configuration(file) | {"torch_dtype": dtype}
    arrays = {name: array.astype(getattr(mx, dtype)) for name, array in weights(file).items()}
    with whole_folder(out) as part:
        mx.save_safetensors(str(part / "model.safetensors"), arrays, metadata={"format": "mlx"})
        (part / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        generation = {
            key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id") if key in config
        }
        (part / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
        write_tokenizer(file.metadata, part)
    return out
