"""Fusing, rounding, and what of a training outlives it: the accident of a 4-bit fusion is predicted before it is deployed."""

import json
import shutil
import signal
import struct
import subprocess
import sys
import time
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

    assert fuse(model, adapter, tmp_path / "fused")[0] == 14
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

    plain = quantize(model, tmp_path / "plain", 4).bits_a_weight
    mixed = quantize(model, tmp_path / "mixed", 4, wider={"embed_tokens|lm_head": 8}).bits_a_weight
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
            "no groups of 48: mlx has 32, 64, 128",
            id="group",
        ),
        pytest.param(
            ["quantize", "{model}", "--out", "{out}"],
            "either to how many bits or by which recipe",
            id="neither",
        ),
        pytest.param(
            ["quantize", "{model}", "--recipe", "mixed_1_2", "--out", "{out}"],
            "no recipe mixed_1_2: mlx-lm has mixed_2_6, mixed_3_4",
            id="recipe",
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
    *table, last = done.stdout.splitlines()
    assert [line.split()[0] for line in table] == ["bits", "4", "8"]
    assert last.startswith("predicted to survive: 8 bits and more; least of it in model.layers.")


@pytest.mark.parametrize("bits", [3, 4, 5, 6, 8])
def test_every_width_loads_again(bits: int, model: Path, tmp_path: Path) -> None:
    """3, 5 and 6 bits don't divide 32: they are packed in another way."""
    from punie_data.quantize.integrity import check_weights
    from punie_data.quantize.rounding import quantize

    rounded = quantize(model, tmp_path / "q", bits, 32)
    assert bits + 2 < rounded.bits_a_weight < bits + 2.5  # two float32 a group of 32
    assert rounded.widths == {bits: 15}
    assert logits(tmp_path / "q").shape == logits(model).shape
    assert check_weights(tmp_path / "q") > 15


@pytest.mark.parametrize("recipe", ["mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6"])
def test_recipes_are_mlx_lm_s(recipe: str, model: Path, tmp_path: Path) -> None:
    """Else a folder that says mixed_3_6 would be another one than everybody's."""
    from mlx_lm.convert import mixed_quant_predicate_builder
    from mlx_lm.utils import load_model

    from punie_data.quantize.rounding import quantize

    rounded = quantize(model, tmp_path / "q", None, recipe=recipe)
    low, high = (int(part) for part in recipe.split("_")[1:])
    assert set(rounded.widths) == {low, high}
    told = json.loads((tmp_path / "q" / "config.json").read_text())["quantization"]
    loaded, _ = load_model(model)
    theirs = mixed_quant_predicate_builder(recipe, loaded, 64)
    for name, module in loaded.named_modules():
        if hasattr(module, "to_quantized"):
            assert told.get(name, told)["bits"] == theirs(name, module)["bits"], name
    assert logits(tmp_path / "q").shape == logits(model).shape


def test_a_killed_quantization_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    """Else half a model would be deployed; and the next run must not stumble over what is left."""
    large = model_folder(tmp_path / "large", hidden=512, layers=6)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "punie_data", "quantize", str(large), "--bits", "4", "--out", str(out)]
    process = subprocess.Popen(command)
    while process.poll() is None and not list(tmp_path.glob(".out.*.part/*")):
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()
    assert [place.name for place in tmp_path.glob(".out.*")] != []
    subprocess.run(command, check=True, capture_output=True)
    assert logits(out).shape[1] == len(TEXT[0])


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def changed(folder: Path) -> None:
    file = folder / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def lacking(folder: Path) -> None:
    weights = mx.load(str(folder / "model.safetensors"))
    weights.pop("model.norm.weight")
    mx.save_safetensors(str(folder / "model.safetensors"), weights)


def more(folder: Path) -> None:
    weights = mx.load(str(folder / "model.safetensors"))
    mx.save_safetensors(str(folder / "model.safetensors"), weights | {"other": mx.zeros((2,))})


def gone(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "is cut off: it has"),
        (changed, "its SHA-256 is another"),
        (lacking, "lacks model.norm.weight"),
        (more, "holds other, which"),
        (gone, "No such file"),
        (no_header, "is no safetensors file"),
    ],
)
def test_damaged_shards_are_told(damage: Any, said: str, model: Path, tmp_path: Path) -> None:
    """mlx reads weights when they are used: a download that broke off is found in the middle, or never."""
    from punie_data.quantize.fuse import fuse
    from punie_data.quantize.integrity import check_weights
    from punie_data.quantize.rounding import quantize

    quantize(model, tmp_path / "q", 8)
    check_weights(tmp_path / "q")
    damage(tmp_path / "q")
    with pytest.raises(UserError, match=said) as error:
        fuse(tmp_path / "q", tmp_path / "q", tmp_path / "out")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("config", "generation", "wanted", "mended"),
    [
        pytest.param(None, None, 258, 2, id="nowhere"),
        pytest.param(258, None, 258, 1, id="only-in-config"),
        pytest.param(258, 258, 258, 0, id="everywhere"),
        pytest.param([256, 258], [256, 258], [256, 258], 0, id="a-list"),
        pytest.param(256, 256, [256, 258], 2, id="not-the-template-s"),
        pytest.param(256, [258, 256], [256, 258], 0, id="in-one-of-them"),
    ],
)
def test_a_model_stops_at_the_token_that_ends_a_turn(
    config: Any, generation: Any, wanted: Any, mended: int, tmp_path: Path
) -> None:
    """A base model's end of text is not the chat template's end of turn: a server would write both sides of the conversation."""
    from punie_data.quantize.rounding import quantize

    folder = model_folder(tmp_path / "model")
    told = json.loads((folder / "config.json").read_text())
    if config is not None:
        (folder / "config.json").write_text(json.dumps(told | {"eos_token_id": config}))
    if generation is not None:
        (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": generation, "top_p": 0.8}))
    rounded = quantize(folder, tmp_path / "q", 8)
    assert len(rounded.mended) == mended, rounded.mended
    after = json.loads((tmp_path / "q" / "generation_config.json").read_text())
    ends = [
        told["eos_token_id"] for told in (after, json.loads((tmp_path / "q" / "config.json").read_text()))
    ]
    for end in ends:
        assert sorted(end if isinstance(end, list) else [end]) == sorted(
            wanted if isinstance(wanted, list) else [wanted]
        )
    assert after.get("top_p") == (0.8 if generation is not None else None)


def test_a_model_larger_than_the_memory_is_one_line(model: Path, tmp_path: Path) -> None:
    """mlx would hang or be killed in the middle. The weights are a file of 12 TB that takes no place on the disk."""
    large = tmp_path / "large"
    shutil.copytree(model, large)
    size = 12 * 1024**4
    header = json.dumps({"a": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    with (large / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + size)
    for arguments in (["quantize", large, "--bits", "8"], ["fuse", large, large]):
        done = subprocess.run(
            [sys.executable, "-m", "punie_data", *map(str, arguments), "--out", str(tmp_path / "out")],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "needs about 13,194.1 GB of memory and" in done.stderr
    assert not (tmp_path / "out").exists()


def test_survival_names_the_narrowest_width(model: Path, tmp_path: Path) -> None:
    """Per layer and overall; where no width survives, it says so."""
    small = adapter_folder(model, tmp_path / "small", 0.0005)
    large = adapter_folder(model, tmp_path / "large", 0.05)
    told = {}
    for folder in (small, large):
        done = subprocess.run(
            [sys.executable, "-m", "punie_data", "survival", str(model), str(folder), "--json"],
            capture_output=True,
            text=True,
        )
        told[folder.name] = json.loads(done.stdout)
    assert told["small"]["narrowest"] is None
    by_width = {one["bits"]: one["cosine"] for one in told["large"]["overall"]}
    chosen = told["large"]["narrowest"]
    assert chosen in (4, 5, 6)
    assert [bits for bits in by_width if by_width[bits] >= 0.7071] == [
        bits for bits in by_width if bits >= chosen
    ]
    assert {one["layer"] for one in told["large"]["layers"]} >= {"model.layers.0.self_attn.q_proj"}
    assert len(told["large"]["layers"]) == 14 * len(by_width)
