"""A model in MLX form, small enough to learn something in a second, with the tokenizer of `tiny_tokenizer`."""

import json
from pathlib import Path

from tests.tiny_tokenizer import PLAIN, tokenizer_folder


def model_folder(folder: Path, hidden: int = 64, layers: int = 2, seed: int = 5) -> Path:
    """A llama with random weights whose tokens are bytes."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models import llama
    from tokenizers import Tokenizer

    tokenizer_folder(folder, PLAIN)
    size = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    config = {
        "model_type": "llama", "hidden_size": hidden, "num_hidden_layers": layers, "intermediate_size": 2 * hidden, "num_attention_heads": 4,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "vocab_size": size, "rope_theta": 10000.0, "tie_word_embeddings": True,
    }  # fmt: skip
    mx.random.seed(seed)
    model = llama.Model(llama.ModelArgs(**config))
    mx.save_safetensors(
        str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), metadata={"format": "mlx"}
    )
    (folder / "config.json").write_text(json.dumps(config))
    return folder
