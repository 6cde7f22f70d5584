"""The other engine: stock mlx_lm.lora, on the exported set, with our settings translated."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from punie_data.errors import UserError
from punie_data.train.checkpoint import Progress
from punie_data.train.settings import Settings
from tests.test_train import ANSWERS, command, row, settings
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def fruits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 rows, so that one fills no batch of 4."""
    folder = tmp_path_factory.mktemp("fruits")
    rows = [row(f"{number} {colour}?", fruit) for number in range(7) for colour, fruit in ANSWERS.items()]
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows[:25]))
    held_out = [row(f"7 {colour}?", fruit) for colour, fruit in ANSWERS.items()]
    (folder / "valid.jsonl").write_text("".join(json.dumps(one) + "\n" for one in held_out))
    return folder


def test_stock_mlx_lm_trains_and_its_adapter_is_one(model: Path, fruits: Path, tmp_path: Path) -> None:
    """A real run: what was trained is loaded by everybody, the losses are taken from the program's output, and what differs is told."""
    from punie_data.dialects.template import Template
    from punie_data.quantize.folder import load_with_adapter
    from punie_data.train.data import prepare
    from punie_data.train.loop import mean_loss

    out = tmp_path / "adapter"
    told = settings(epochs=5, layers=8, rank=8, learning_rate=0.02, batch_size=4, patience=2)
    arguments = command(fruits, "--model", model, "--out", out, "--engine", "mlx-lm-cli", "--json", *told)
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["step"] == 30  # 5 epochs of 6 whole batches
    assert "\x1b" not in done.stderr
    assert "the last 1 rows fill no batch and are never read" in done.stderr
    assert "patience does nothing" in done.stderr
    record = json.loads((out / "training.json").read_text())
    assert record["engine"] == "mlx-lm-cli" and record["progress"]["peak_gigabytes"] > 0.01
    held_out = prepare(fruits / "valid.jsonl", Template.load(model), "hermes", "", 4096).sequences
    losses = []
    for adapter in (None, out):
        loaded, _ = load_with_adapter(model, adapter)
        losses.append(mean_loss(loaded, held_out, 4))
    assert losses[1] < 0.7 * losses[0]
    assert outcome["valid_losses"][0][1] > outcome["valid_losses"][-1][1]
    assert sorted(file.name for file in out.iterdir()) == [
        "adapter_config.json", "adapters.safetensors", "losses.svg", "mlx_lm.lora.log", "mlx_lm.lora.yaml", "training.json"
    ]  # fmt: skip
    again = subprocess.run(arguments, capture_output=True, text=True)
    assert json.loads(again.stdout)["train_losses"] == outcome["train_losses"]


def test_a_program_that_fails_is_one_line(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Its traceback is in the log; what was there before is not touched."""
    broken = tmp_path / "broken"
    shutil.copytree(model, broken)
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"model_type": "nobody"}))
    out = tmp_path / "out"
    done = subprocess.run(
        command(fruits, "--model", broken, "--out", out, "--engine", "mlx-lm-cli", *settings(epochs=4)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Model type nobody not supported" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "Traceback" in (out / "mlx_lm.lora.log").read_text()
    assert not (out / "adapters.safetensors").exists()


def test_every_key_is_one_that_mlx_lm_knows(model: Path, fruits: Path, tmp_path: Path) -> None:
    """It ignores others silently: a misspelt rank would be 8."""
    from punie_data.train import stock

    for method in ("lora", "dora", "full"):
        given = Settings(method=method, epochs=2.5, warmup=0.1, dropout=0.1, weight_decay=0.01)
        written = stock.prepared(fruits, model, given, tmp_path / method)
        found = stock.configuration(given, model, tmp_path / method, tmp_path / "a", written)
        assert found["iters"] == 15
        assert found["lr_schedule"]["warmup"] == 2
        assert ("lora_parameters" in found) == (method != "full")
    for place in (found, found["optimizer_config"]["adamw"]):
        place["lerning_rate"] = 1
        with pytest.raises(UserError, match="no setting 'lerning_rate'"):
            stock._check_keys(found)
        del place["lerning_rate"]
    stock._check_keys(found)


def test_the_schedule_is_ours(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else two engines with the same settings would be compared that learn at other rates."""
    from mlx_lm.tuner.utils import build_schedule

    from punie_data.train import stock
    from punie_data.train.loop import _optimizer

    given = Settings(epochs=8, warmup=0.1)
    written = stock.prepared(fruits, model, given, tmp_path / "data")
    found = stock.configuration(given, model, tmp_path / "data", tmp_path / "a", written)
    theirs = build_schedule(found["lr_schedule"])
    ours = _optimizer(given, found["iters"])._schedulers["learning_rate"]
    for step in range(found["iters"]):
        # Theirs rises one step longer before it falls.
        assert theirs(mx.array(step)).item() == pytest.approx(ours(mx.array(step)).item(), abs=0.21e-4)
    assert theirs(mx.array(30)).item() == pytest.approx(ours(mx.array(30)).item(), rel=0.1)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("     1    val 5.123    0.02s", (None, (0, 5.123))),
        ("    10    3.123 ▼    1,234      1.2k", ((10, 3.123), None)),
        ("Iter 200: Val loss 2.5, Val took 1.2s", (None, (199, 2.5))),
        ("Iter 10: Train loss 3.5, Learning Rate 1.000e-05, It/sec 5.1, Tokens/sec 100.2, Trained Tokens 1234, Peak mem 1.2 GB", ((10, 3.5), None)),
        ("    10    nan ▲    1,234      1.2k", ((10, float("nan")), None)),
        ("  save  0000012_adapters.safetensors", (None, None)),
        ("│    batch · iters   4 · 120 │", (None, None)),
        ("  iter   train_loss     tok/s     tokens", (None, None)),
    ],
)  # fmt: skip
def test_losses_are_read_from_both_forms_of_the_output(line: str, wanted: tuple) -> None:
    """mlx-lm has changed what it prints between two versions, and prints colours into pipes."""
    from punie_data.train.stock import COLOURS, read

    progress = Progress("run")
    coloured = f"\x1b[38;5;244m{line}\x1b[0m"
    assert read(progress, COLOURS.sub("", coloured)) == (wanted != (None, None))
    trained, looked = wanted
    assert repr(progress.train_losses) == repr([trained] if trained else [])
    assert progress.valid_losses == ([looked] if looked else [])
    if trained:
        assert progress.trained_tokens in (1200, 1234)


def test_another_system_prompt_is_refused(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The export takes the manifest's: what is trained would silently be another one than what was asked for."""
    done = subprocess.run(
        [*command(fruits, "--model", model, "--out", tmp_path / "a"), "--engine", "mlx-lm-cli", "--system-prompt", "Be brief."],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "with the manifest's system prompt" in done.stderr
