"""Packed conversations are learned as they are alone, and none is lost on the way."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from punie_data.dialects.mask import Masked
from punie_data.train.packing import packed
from tests.test_train import ANSWERS, command, row, settings
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")


def conversations(count: int) -> list[Masked]:
    chance = random.Random(3)
    found = []
    for number in range(count):
        tokens = tuple(chance.randrange(20, 90) for _ in range(chance.randrange(8, 40)))
        turns = ((3, 5), (6, len(tokens)))
        found.append(Masked(tokens, turns, weights=(1.0, 0.5) if number % 2 else ()))
    return found


def test_none_is_lost_cut_or_too_long() -> None:
    """Else rows that were counted as learned never were."""
    rows = conversations(700)
    found = packed(rows, 100, 0)
    assert max(len(one.tokens) for one in found) <= 100
    assert sum(len(one.tokens) for one in found) > 0.9 * 100 * len(found)
    apart = []
    for one in found:
        at = 0
        for size in one.parts or (len(one.tokens),):
            inside = [number for number, (start, _) in enumerate(one.turns) if at <= start < at + size]
            turns = tuple((one.turns[number][0] - at, one.turns[number][1] - at) for number in inside)
            weights = tuple(one.weights[number] for number in inside) if one.weights else (1.0, 1.0)
            apart.append((one.tokens[at : at + size], turns, weights))
            at += size
    assert sorted(apart) == sorted((one.tokens, one.turns, one.weights or (1.0, 1.0)) for one in rows)
    assert packed(rows, 100, 0) == found != packed(rows, 100, 1)


def test_loss_and_gradients_are_those_of_the_conversations_alone(tmp_path: Path) -> None:
    """Else each would be learned as the continuation of whatever stands before it."""
    import mlx.nn as nn
    from mlx.utils import tree_flatten
    from mlx_lm.utils import load_model

    from punie_data.train.loss import arrays, total_loss

    model, _ = load_model(model_folder(tmp_path))
    rows = conversations(9)
    together = list(packed(rows, 80, 0))
    assert len(together) < len(rows)
    losses = []
    gradients = []
    for given in (arrays(rows, True), arrays(together, True)):
        loss, gradient = nn.value_and_grad(model, lambda *given: total_loss(model, *given))(*given)
        losses.append(loss.item())
        gradients.append(dict(tree_flatten(gradient)))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for name, gradient in gradients[0].items():
        assert mx.allclose(gradient, gradients[1][name], rtol=1e-3, atol=1e-4).item(), name
    # The near miss: one behind the other without the mask is another loss.
    blind = [Masked(one.tokens, one.turns, weights=one.weights) for one in together]
    assert total_loss(model, *arrays(blind)).item() != pytest.approx(losses[0], rel=1e-3)


def test_training_with_it(tmp_path: Path) -> None:
    """It is a setting like others: preflight counts the sequences, and the model learns."""
    model = model_folder(tmp_path / "model")
    rows = [row(f"{number} {colour}?", fruit) for number in range(6) for colour, fruit in ANSWERS.items()]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    told = settings(epochs=12, method="full", learning_rate=0.01, batch_size=2, max_seq_length=256)
    begin = ("--model", model, "--out", tmp_path / "adapter", *told, *settings(packing="true"))
    checked = subprocess.run(
        command(tmp_path / "train.jsonl", *begin, "--dry-run"), capture_output=True, text=True
    )
    assert "over 24 rows, packed into " in checked.stdout
    found = subprocess.run(
        command(tmp_path / "train.jsonl", *begin, "--json"), capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    losses = [loss for _, loss in json.loads(found.stdout)["train_losses"]]
    assert losses[-1] < 0.5 * losses[0]
    wrong = subprocess.run(
        command(tmp_path / "train.jsonl", "--model", model, "--out", tmp_path / "b", "--set", "packing=yes"),
        capture_output=True,
        text=True,
    )
    assert wrong.returncode == 2
    assert "packing is true or false" in wrong.stderr
