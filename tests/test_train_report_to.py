"""Losses handed on to a service, with its real client; what can't be is told before the first step."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.test_train import ANSWERS, FAST, command, row
from tests.tiny_model import model_folder

pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
pytest.importorskip("wandb", reason="wandb is not installed: pip install wandb")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("model"))


def test_wandb_gets_the_losses(model: Path, tmp_path: Path) -> None:
    """Offline, so that nothing leaves this machine: wandb's own file then holds what it would have sent."""
    data = tmp_path / "fruits"
    data.mkdir()
    rows = "".join(json.dumps(row(f"{colour}?", fruit)) + "\n" for colour, fruit in ANSWERS.items())
    for name in ("train.jsonl", "valid.jsonl"):
        (data / name).write_text(rows)
    out = tmp_path / "adapter"
    options = ("--model", model, "--out", out, *FAST, "--report-to", "wandb", "--project-name", "fruits")
    found = subprocess.run(
        command(data, *options),
        capture_output=True,
        text=True,
        env=os.environ | {"WANDB_MODE": "offline", "WANDB_SILENT": "true"},
    )
    assert found.returncode == 0, found.stderr
    (kept,) = out.glob("wandb/offline-run-*/run-*.wandb")
    for known in (b"train_loss", b"val_loss", b"tokens_per_second", b"fruits", b"learning_rate"):
        assert known in kept.read_bytes()


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("tensorboard", "--report-to tensorboard: mlx-lm reports to swanlab, wandb"),
        ("swanlab", "--report-to swanlab: it isn't installed: pip install swanlab"),
    ],
)
def test_a_service_that_can_t_be_had_is_told_at_once(
    service: str, said: str, model: Path, tmp_path: Path
) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text(json.dumps(row("red?", "apple")) + "\n")
    options = ("--model", model, "--out", tmp_path / "adapter", *FAST, "--report-to", service)
    found = subprocess.run(command(data, *options), capture_output=True, text=True)
    assert found.returncode == 2
    assert said in found.stderr
    assert "step 1/" not in found.stdout
