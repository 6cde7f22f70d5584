"""A GGUF file, read by mlx, as the arrays and the configuration of a model that mlx-lm knows.

GGUF names a llama's tensors differently and stores the rows of its query and key projections in another order (pairs of a rotation side by side,
where Hugging Face has the halves apart): the order is turned back here. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_data.errors import UserError

if TYPE_CHECKING:
    import mlx.core as mx

ARCHITECTURES = {"llama": "llama", "qwen2": "qwen2"}
"""GGUF's name of an architecture → mlx-lm's `model_type`."""
NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True, eq=False)
class Gguf:
    """`arrays` by GGUF's names, quantized ones already multiplied out; `metadata` as Python values."""

    arrays: "Mapping[str, mx.array]"
    metadata: Mapping[str, Any]

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    def told(self, key: str, default: Any = None) -> Any:
        """`llama.block_count` by `block_count`. UserError where the file doesn't say and there is no default."""
        name = f"{self.architecture}.{key}"
        if name in self.metadata:
            return self.metadata[name]
        if default is None:
            raise UserError(f"the GGUF file lacks {name}")
        return default


def read(path: Path) -> Gguf:
    """Read a file. UserError for what is no GGUF file, for an architecture that isn't known here, and for quantizations that mlx can't read."""
    import mlx.core as mx

    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    if start != MAGIC:
        raise UserError(f"{path} is no GGUF file: it begins with {start!r}")
    try:
        arrays, metadata = mx.load(str(path), format="gguf", return_metadata=True)
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path}: mlx can't read it: {str(error).splitlines()[0]}") from None
    told = {key: _plain(value) for key, value in metadata.items()}
    found = Gguf(_multiplied_out(arrays), told)
    if found.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UserError(f"{path}: models of architecture {found.architecture!r} can't be read, only {known}")
    return found


def configuration(file: Gguf) -> dict[str, Any]:
    """`config.json` as mlx-lm reads it."""
    heads = int(file.told("attention.head_count"))
    embeddings = file.arrays["token_embd.weight"]
    config: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM" if file.architecture == "llama" else "Qwen2ForCausalLM"],
        "model_type": ARCHITECTURES[file.architecture],
        "hidden_size": int(file.told("embedding_length")),
        "num_hidden_layers": int(file.told("block_count")),
        "intermediate_size": int(file.told("feed_forward_length")),
        "num_attention_heads": heads,
        "num_key_value_heads": int(file.told("attention.head_count_kv", heads)),
        "rms_norm_eps": round(float(file.told("attention.layer_norm_rms_epsilon", 1e-5)), 9),
        "rope_theta": float(file.told("rope.freq_base", 10000.0)),
        "max_position_embeddings": int(file.told("context_length", 2048)),
        "vocab_size": int(embeddings.shape[0]),
        "tie_word_embeddings": "output.weight" not in file.arrays,
        "attention_bias": "blk.0.attn_q.bias" in file.arrays,
        "mlp_bias": False,
        "hidden_act": "silu",
    }
    for name, key in (
        ("bos_token_id", "bos_token_id"),
        ("eos_token_id", "eos_token_id"),
        ("pad_token_id", "padding_token_id"),
    ):
        if f"tokenizer.ggml.{key}" in file.metadata:
            config[name] = int(file.metadata[f"tokenizer.ggml.{key}"])
    return config


def weights(file: Gguf) -> "dict[str, mx.array]":
    """The arrays under mlx-lm's names, query and key rows in its order. UserError for a tensor that has no place in it."""
    heads = int(file.told("attention.head_count"))
    rows = {"attn_q": heads, "attn_k": int(file.told("attention.head_count_kv", heads))}
    found = {}
    for name, array in file.arrays.items():
        if name == "rope_freqs.weight":
            continue  # computed from the configuration
        match = re.fullmatch(r"(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)", name)
        if match is None or match[2] not in NAMES:
            raise UserError(f"the GGUF file holds {name}, which has no place in a {file.architecture} model")
        block, part, kind = match[1], match[2], match[3]
        if part in rows and file.architecture == "llama":
            array = _unpaired(array, rows[part])
        place = f"model.layers.{block}.{NAMES[part]}" if block is not None else NAMES[part]
        found[f"{place}.{kind}"] = array
    return found


def _unpaired(array: "mx.array", heads: int) -> "mx.array":
    """Rows (2 r, 2 r + 1) of each head back to (r, r + half)."""
    shape = array.shape
    return array.reshape(heads, shape[0] // heads // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def _multiplied_out(arrays: "Mapping[str, mx.array]") -> "dict[str, mx.array]":
    """mlx reads Q4_0, Q4_1 and Q8_0 as its own quantized triples; the others it multiplies out itself."""
    import mlx.core as mx

    found = {}
    for name, array in arrays.items():
        if name.endswith((".scales", ".biases")):
            continue
        scales = arrays.get(name.removesuffix("weight") + "scales") if name.endswith(".weight") else None
        if scales is not None:
            biases = arrays[name.removesuffix("weight") + "biases"]
            bits = array.shape[-1] // scales.shape[-1]  # words of 32 bits for a group of 32
            array = mx.dequantize(
                array, scales.astype(mx.float32), biases.astype(mx.float32), group_size=32, bits=bits
            )
        found[name] = array
    return found


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
