"""Training: what is learned, that nothing is dropped, and that a run which was killed ends as one that was not."""

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from itertools import chain
from pathlib import Path

import pytest

from punie_data.dialects.mask import Masked
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.train.data import batches, prepare, schedule
from punie_data.train.settings import Settings, settings_from
from punie_data.train.world import World
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")

ANSWERS = {"red": "apple", "yellow": "lemon", "green": "lime", "blue": "plum"}


def row(question: str, answer: str) -> dict:
    return {
        "id": sha256(f"{question}-{answer}".encode()).hexdigest()[:20], "tools": [], "label": {"kind": "direct", "category": "concept"}, "runs": [],
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}],
        "origin": {"generator": "g", "repo": "r", "revision": "1", "license": "MIT", "paths": [], "spans": [], "symbol": "", "seed": 0},
    }  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def fruits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fruits")
    rows = [row(f"{number} {colour}?", fruit) for number in range(6) for colour, fruit in ANSWERS.items()]
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    held_out = [row(f"7 {colour}?", fruit) for colour, fruit in ANSWERS.items()]
    (folder / "valid.jsonl").write_text("".join(json.dumps(one) + "\n" for one in held_out))
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "punie_data", "train", *map(str, arguments)]


def settings(**given: object) -> list[str]:
    return [part for key, value in given.items() for part in ("--set", f"{key}={value}")]


FAST = settings(epochs=2, method="full", learning_rate=0.003, batch_size=5, evaluate_every=2)


def test_the_model_learns_what_it_is_shown(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else the mask is off by one, or the weights are saved before they were trained: the loss alone would not show it."""
    from mlx_lm import generate
    from mlx_lm.utils import load

    out = tmp_path / "adapter"
    told = settings(epochs=40, method="full", learning_rate=0.003, batch_size=4)
    done = subprocess.run(
        command(fruits, "--model", model, "--out", out, "--json", *told), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["step"] == 240
    assert outcome["best_loss"] < 0.1 < outcome["valid_losses"][0][1]
    trained, tokenizer = load(str(model), adapter_path=str(out))
    said = {}
    for colour in ANSWERS:
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": f"7 {colour}?"}], add_generation_prompt=True, return_dict=False
        )
        said[colour] = generate(trained, tokenizer, prompt, max_tokens=12)
    assert said == ANSWERS


def test_a_killed_run_ends_as_one_that_was_not(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else a night's training is lost, or worse: goes on with a fresh optimizer and other rows, and nobody knows."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(fruits, "--model", model, "--out", whole, *FAST), check=True, capture_output=True)
    process = subprocess.Popen(
        command(fruits, "--model", model, "--out", broken, *FAST), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 4/"):
            time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    again = subprocess.run(
        command(fruits, "--model", model, "--out", broken, *FAST), check=True, capture_output=True, text=True
    )
    assert "step 2/" not in again.stdout
    for name in (
        "adapters.safetensors",
        "checkpoint/weights.safetensors",
        "checkpoint/optimizer.safetensors",
    ):
        ours, theirs = mx.load(str(whole / name)), mx.load(str(broken / name))
        assert ours.keys() == theirs.keys()
        assert all(mx.array_equal(ours[key], theirs[key]) for key in ours), name
    losses = [
        json.loads((place / "checkpoint/progress.json").read_text())["valid_losses"]
        for place in (whole, broken)
    ]
    assert losses[0] == losses[1]


def test_another_run_s_folder_is_not_gone_on_with(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else two settings would be mixed into one adapter."""
    out = tmp_path / "adapter"
    subprocess.run(command(fruits, "--model", model, "--out", out, *FAST), check=True, capture_output=True)
    other = subprocess.run(
        command(fruits, "--model", model, "--out", out, *FAST, *settings(seed=1)),
        capture_output=True,
        text=True,
    )
    assert other.returncode == 2
    assert "holds a run with other data, settings or another model" in other.stderr
    again = subprocess.run(
        command(fruits, "--model", model, "--out", out, *FAST, *settings(seed=1), "--restart"),
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr


def test_every_row_is_in_every_epoch_once() -> None:
    """mlx-lm drops the last partial batch, so that some rows would never be learned."""
    sequences = [Masked(tuple(range(10 + number % 7)), ((3, 9),)) for number in range(23)]
    for epoch in range(3):
        found = batches(sequences, 4, 0, epoch)
        assert sorted(index for batch in found for index in batch) == list(range(23))
    assert batches(sequences, 4, 0, 0) != batches(sequences, 4, 0, 1) != batches(sequences, 4, 1, 1)
    assert len(list(schedule(sequences, 4, 0, 2.5))) == 6 + 6 + 3
    steps = list(schedule(sequences, 4, 0, 1.5, 4))
    assert sorted(len(step) for step in steps[:2]) == [2, 4] and [len(step) for step in steps[2:]] == [3]


def test_batches_hold_rows_of_like_length() -> None:
    """Else most of what is computed would be padding."""
    sequences = [Masked(tuple(range(10 + 13 * number % 400)), ((3, 9),)) for number in range(256)]
    found = batches(sequences, 8, 0, 0)
    lengths = [[len(sequences[index].tokens) for index in batch] for batch in found]
    padded = sum(max(batch) * len(batch) for batch in lengths)
    assert padded < 1.1 * sum(map(sum, lengths))


def test_several_batches_make_one_step(model: Path, fruits: Path) -> None:
    """Else `grad_accumulation_steps` would be another rate, or half of the rows without effect."""
    from mlx.utils import tree_flatten

    from punie_data.train import loop

    rows = prepare(fruits / "train.jsonl", Template.load(model), "hermes", "", 400).sequences[:4]
    given = Settings(method="full", learning_rate=0.01, warmup=0)
    found = []
    for taken in ([rows], [rows[:1], rows[1:]]):
        trained = loop.prepared_model(model, given)
        optimizer = loop._optimizer(given, 10)
        optimizer.init(trained.trainable_parameters())
        before = dict(tree_flatten(trained.trainable_parameters()))
        loss, weight = loop._step(trained, optimizer, World())(taken)
        after = dict(tree_flatten(trained.trainable_parameters()))
        found.append((loss, weight, {name: after[name] - before[name] for name in after}))
    (loss, weight, moved), (other, same, alike) = found
    assert (loss, weight) == (pytest.approx(other, rel=1e-5), same)
    for name, by in moved.items():
        assert mx.abs(by - alike[name]).max().item() < 1e-4
        # AdamW's first stride is the rate; without the correction of its bias it is three times as long.
        assert mx.abs(by).max().item() == pytest.approx(0.01, rel=0.01) or not mx.any(by).item()


def test_each_batch_is_somebody_s() -> None:
    """Else rows would be learned twice or never where several processes train."""
    for batches_ in ([[1, 2, 3], [4, 5]], [[1, 2, 3, 4, 5]], [[1]], [[1], [2], [3]]):
        parts = [World(rank, 2).parts(batches_) for rank in range(2)]
        assert sorted(chain(*chain(*parts))) == sorted(chain(*batches_))
    assert World(1, 2).parts([[1, 2, 3], [4, 5]]) == [[4, 5]]


def test_only_the_turns_count_and_padding_does_not(model: Path) -> None:
    """Else the loss would be another one with another batch size, and padding would be learned."""
    from mlx_lm.utils import load_model

    from punie_data.train.loss import arrays, total_loss

    loaded, _ = load_model(model)
    short, long = Masked(tuple(range(5, 17)), ((8, 12),)), Masked(tuple(range(30, 75)), ((10, 14), (40, 45)))
    alone = [total_loss(loaded, *arrays([one])).item() for one in (short, long)]
    together = total_loss(loaded, *arrays([short, long])).item()
    assert together == pytest.approx(sum(alone), rel=1e-5)
    logits = loaded(mx.array([long.tokens[:-1]]))[0]
    by_hand = -sum(
        (logits[at - 1] - mx.logsumexp(logits[at - 1]))[long.tokens[at]].item()
        for start, end in long.turns
        for at in range(start, end)
    )
    assert alone[1] == pytest.approx(by_hand, rel=1e-5)
    elsewhere = Masked((*long.tokens[:20], 3, *long.tokens[21:40], *long.tokens[40:]), ((10, 14),))
    assert total_loss(loaded, *arrays([elsewhere])).item() == pytest.approx(
        total_loss(loaded, *arrays([Masked(long.tokens, ((10, 14),))])).item(), rel=1e-5
    )


def test_a_row_that_does_not_fit_is_left_out_whole(model: Path, tmp_path: Path) -> None:
    """mlx-lm cuts from the right: the answer would go, and a loss over nothing is NaN."""

    (tmp_path / "a.jsonl").write_text(
        json.dumps(row("short?", "yes")) + "\n" + json.dumps(row("long " * 40, "no")) + "\n"
    )
    template = Template.load(model)
    found = prepare(tmp_path / "a.jsonl", template, "hermes", "", 120)
    assert len(found.sequences) == 1
    assert [(one.line, one.reason) for one in found.lost] == [(2, "longer than 120 tokens")]
    with pytest.raises(UserError, match="none of its rows can be trained on: longer than 8 tokens"):
        prepare(tmp_path / "a.jsonl", template, "hermes", "", 8)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"epoch": 2}, "no setting 'epoch'; there are answer_weight, ", id="unknown"),
        pytest.param(
            {"batch_size": 0}, "batch_size and grad_accumulation_steps are at least 1", id="no-batch"
        ),
        pytest.param({"method": "qlora"}, "method is lora, dora or full", id="no-method"),
    ],
)
def test_settings_with_which_nothing_can_be_trained_are_refused(given: dict[str, object], said: str) -> None:
    """mlx-lm ignores unknown keys silently."""
    with pytest.raises(UserError, match=said):
        settings_from(given)
    settings_from({"batch_size": 1, "method": "dora"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["{fruits}", "--model", "{fruits}"], "holds no tokenizer.json", id="no-model"),
        pytest.param(["{fruits}/none.jsonl", "--model", "{model}"], "there is no such file", id="no-rows"),
        pytest.param(["{fruits}", "--model", "{model}", "--set", "epochs"], "write KEY=VALUE", id="no-value"),
        pytest.param(
            ["{fruits}", "--model", "{model}", "--set", "rank=many"], "rank is a whole number", id="no-number"
        ),
        pytest.param(
            ["{fruits}", "--model", "{model}", "--dialect", "klingon"],
            "there is no dialect klingon",
            id="no-dialect",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], said: str, model: Path, fruits: Path, tmp_path: Path
) -> None:
    """Else a wrong path ends in mlx-lm's traceback."""
    filled = [argument.format(model=model, fruits=fruits) for argument in arguments]
    done = subprocess.run(command(*filled, "--out", tmp_path / "out"), capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr


def test_dora_and_lora_adapters_load(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The adapter folder is plain mlx-lm: everyone else's tools must take it."""
    from mlx_lm.utils import load

    for method in ("lora", "dora"):
        out = tmp_path / method
        told = settings(epochs=1, method=method, rank=2, layers=1, batch_size=8)
        subprocess.run(
            command(fruits, "--model", model, "--out", out, *told), check=True, capture_output=True
        )
        load(str(model), adapter_path=str(out))
    assert Settings().method == "lora"
