"""Fusing, rounding, and what of a training outlives it: the accident of a 4-bit fusion is predicted before it is deployed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from punie_data.errors import UserError
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")

TEXT = [[5, 9, 20, 33, 7, 8, 61, 40]]


def adapter_folder(model: Path, folder: Path, size: float) -> Path:
    """A low-rank change of the given size in every layer, as a training would have left it."""
    from mlx.utils import tree_flatten, tree_map_with_path

    from punie_data.train.loop import prepared_model
    from punie_data.train.settings import Settings

    settings = Settings(layers=2, rank=4, scale=2.0)
    loaded = prepared_model(model, settings)
    mx.random.seed(11)
    changed = tree_map_with_path(
        lambda name, array: mx.random.normal(array.shape) * size if name.endswith("lora_b") else array,
        loaded.trainable_parameters(),
    )
    folder.mkdir(parents=True)
    mx.save_safetensors(str(folder / "adapters.safetensors"), dict(tree_flatten(changed)))
    (folder / "adapter_config.json").write_text(settings.adapter_config(str(model)))
    return folder


def logits(folder: Path, adapter: Path | None = None) -> Any:
    from punie_data.quantize.folder import load_with_adapter

    loaded, _ = load_with_adapter(folder, adapter)
    loaded.eval()
    return loaded(mx.array(TEXT)).astype(mx.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def adapter(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return adapter_folder(model, tmp_path_factory.mktemp("adapters") / "a", 0.02)


def test_a_fused_model_says_what_model_and_adapter_said(model: Path, adapter: Path, tmp_path: Path) -> None:
    """Else what is deployed is not what was evaluated."""
    from punie_data.quantize.fuse import fuse

    assert fuse(model, adapter, tmp_path / "fused") == 14
    assert mx.abs(logits(tmp_path / "fused") - logits(model, adapter)).max().item() < 1e-4
    assert mx.abs(logits(tmp_path / "fused") - logits(model)).max().item() > 1e-2


def test_fusing_onto_four_bits_loses_what_dequantizing_keeps(
    model: Path, adapter: Path, tmp_path: Path
) -> None:
    """The owner's accident: the fused 4-bit model answered like the untrained base."""
    from punie_data.quantize.fuse import fuse
    from punie_data.quantize.rounding import quantize

    quantize(model, tmp_path / "base4", 4)
    fuse(tmp_path / "base4", adapter, tmp_path / "kept")
    fuse(tmp_path / "base4", adapter, tmp_path / "lost", dequantize=False)
    wanted = logits(tmp_path / "base4", adapter)
    trained = mx.abs(logits(tmp_path / "base4") - wanted).mean().item()
    kept, lost = (mx.abs(logits(tmp_path / name) - wanted).mean().item() for name in ("kept", "lost"))
    assert kept < 0.001 * trained
    assert lost > 0.3 * trained
    assert "quantization" not in json.loads((tmp_path / "kept" / "config.json").read_text())
    assert json.loads((tmp_path / "lost" / "config.json").read_text())["quantization"]["bits"] == 4


def test_survival_orders_the_widths_as_the_models_behave(model: Path, adapter: Path, tmp_path: Path) -> None:
    """The report is worth something only if what it predicts is what happens."""
    from punie_data.quantize.fuse import fuse
    from punie_data.quantize.rounding import quantize
    from punie_data.quantize.survival import survival

    widths = (3, 4, 5, 6, 8)
    found = {one.bits: one for one in survival(model, adapter, widths) if one.layer == "all"}
    cosines = [found[bits].cosine for bits in widths]
    assert cosines == sorted(cosines)
    assert cosines[0] < 0.5 < 0.95 < cosines[-1]
    fuse(model, adapter, tmp_path / "fused")
    wanted = logits(tmp_path / "fused")
    distances = []
    for bits in widths:
        quantize(tmp_path / "fused", tmp_path / f"q{bits}", bits)
        distances.append(mx.abs(logits(tmp_path / f"q{bits}") - wanted).mean().item())
    assert distances == sorted(distances, reverse=True)


def test_a_larger_change_survives_what_a_small_one_does_not(model: Path, tmp_path: Path) -> None:
    """Else the report would speak of the model and not of the training."""
    from punie_data.quantize.survival import survival

    small = survival(model, adapter_folder(model, tmp_path / "small", 0.002), [4])[0]
    large = survival(model, adapter_folder(model, tmp_path / "large", 0.2), [4])[0]
    assert small.cosine < 0.2 < 0.9 < large.cosine
    assert large.noise < 0.5 < small.noise


def test_some_layers_may_be_wider(model: Path, tmp_path: Path) -> None:
    """Mixed widths are how a small model keeps its head."""
    from punie_data.quantize.rounding import quantize

    plain = quantize(model, tmp_path / "plain", 4)
    mixed = quantize(model, tmp_path / "mixed", 4, wider={"embed_tokens|lm_head": 8})
    assert plain < mixed < 9
    told = json.loads((tmp_path / "mixed" / "config.json").read_text())["quantization"]
    assert told["model.embed_tokens"]["bits"] == 8
    assert logits(tmp_path / "mixed").shape == logits(model).shape


def test_an_end_of_text_token_is_put_where_it_lacks(model: Path, tmp_path: Path) -> None:
    """A server that doesn't find one never stops."""
    from punie_data.quantize.rounding import quantize

    assert not (model / "generation_config.json").exists()
    quantize(model, tmp_path / "q", 8)
    end = json.loads((tmp_path / "q" / "generation_config.json").read_text())["eos_token_id"]
    tokens = {
        entry["content"]: entry["id"]
        for entry in json.loads((model / "tokenizer.json").read_text())["added_tokens"]
    }
    assert end == tokens["<|im_end|>"]
    index = json.loads((tmp_path / "q" / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"]) == set(mx.load(str(tmp_path / "q" / "model.safetensors")))


def test_an_adapter_that_was_trained_to_pieces_is_not_fused(model: Path, tmp_path: Path) -> None:
    """Else a model of NaN would be deployed."""
    from punie_data.quantize.fuse import fuse

    with pytest.raises(UserError, match="no numbers"):
        fuse(model, adapter_folder(model, tmp_path / "broken", float("nan")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["quantize", "{model}", "--bits", "7", "--out", "{out}"],
            "no 7 bits: mlx has 2, 3, 4, 5, 6, 8",
            id="width",
        ),
        pytest.param(
            ["quantize", "{model}", "--bits", "4", "--group-size", "48", "--out", "{out}"],
            "can be divided by 48",
            id="group",
        ),
        pytest.param(
            ["quantize", "{model}", "--bits", "4", "--wider", "x", "--out", "{out}"],
            "write PATTERN=BITS",
            id="wider",
        ),
        pytest.param(
            ["quantize", "{adapter}", "--bits", "4", "--out", "{out}"], "mlx-lm can't load it", id="no-model"
        ),
        pytest.param(
            ["fuse", "{model}", "{model}", "--out", "{out}"], "mlx-lm can't load it", id="no-adapter"
        ),
        pytest.param(
            ["survival", "{model}", "{adapter}", "--bits", "four"], "write numbers with commas", id="bits"
        ),
    ],
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], said: str, model: Path, adapter: Path, tmp_path: Path
) -> None:
    """Else mlx-lm's traceback would."""
    filled = [argument.format(model=model, adapter=adapter, out=tmp_path / "out") for argument in arguments]
    done = subprocess.run([sys.executable, "-m", "punie_data", *filled], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_survival_prints_a_line_a_width(model: Path, adapter: Path) -> None:
    """Three columns that say whether to deploy."""
    done = subprocess.run(
        [sys.executable, "-m", "punie_data", "survival", str(model), str(adapter), "--bits", "4,8"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["bits", "4", "8"]
