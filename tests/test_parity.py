"""parity: a real mlx_lm.server on loopback gives the calls that the weights give, and another model is found out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from punie_data.dialects import hermes
from punie_data.dialects.base import Call
from punie_data.dialects.template import Template
from tests.test_evaluate import row
from tests.tiny_model import model_folder

ASKED: dict[str, tuple[str, Call | None]] = {
    "Is it clean?": ("", Call("git_status", {})),
    "What is clean?": ("Nothing to commit.", None),
}


def teach(folder: Path) -> Path:
    """A tiny model that has learned by heart what it should say to each question: a few seconds of training."""
    import mlx.core as mx
    import mlx.nn as nn
    import mlx.optimizers as optimizers
    from mlx.utils import tree_flatten
    from mlx_lm.utils import load

    model_folder(folder)
    template = Template.load(folder)
    rows = []
    for question, (answer, call) in ASKED.items():
        prompt = template.encode(
            template.render([{"role": "user", "content": question}], add_generation_prompt=True)
        )
        said = template.encode(hermes.write(answer, [call] if call else []) + "<|im_end|>")
        rows.append((prompt, said))
    longest = max(len(prompt) + len(said) for prompt, said in rows)
    tokens = mx.array([[*prompt, *said, *[0] * (longest - len(prompt) - len(said))] for prompt, said in rows])
    mask = mx.array([[0] * (len(prompt) - 1) + [1] * len(said) + [0] * (longest - len(prompt) - len(said)) for prompt, said in rows])  # fmt: skip
    model: Any = load(str(folder))[0]

    def loss(model: Any) -> mx.array:
        found = nn.losses.cross_entropy(model(tokens[:, :-1]), tokens[:, 1:])
        return (found * mask).sum() / mask.sum()

    step, optimizer = nn.value_and_grad(model, loss), optimizers.Adam(learning_rate=0.003)
    for _ in range(200):
        found, gradients = step(model)
        optimizer.update(model, gradients)
        mx.eval(model.parameters(), optimizer.state, found)
        if found.item() < 0.02:
            break
    assert found.item() < 0.1
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), metadata={"format": "mlx"})  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    return teach(tmp_path_factory.mktemp("model") / "taught")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("suite") / "suite.jsonl"
    rows = [row(question, answer, "git_status" if call else "") for question, (answer, call) in ASKED.items()]
    file.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in rows))
    return file


def parity(suite: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "punie_data",
        "parity",
        str(suite),
        "--most-tokens",
        "64",
        *map(str, arguments),
    ]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_served_model_gives_the_calls_of_its_weights(suite: Path, taught: Path) -> None:
    """Else what was evaluated would not be what is deployed. The model really calls, so that there is something to differ."""
    done = parity(suite, "--model", taught, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"compared": 2, "same_text": 2, "unasked": [], "differences": []}


def test_another_model_behind_the_name_is_found_out(suite: Path, taught: Path, tmp_path: Path) -> None:
    """The server repeats any name that it is asked for; its calls betray it. And an evaluation of it is one of it, with its name in the summary."""
    from punie_data.evaluate.served import serving

    with serving(model_folder(tmp_path / "other", seed=9)) as server:
        done = parity(suite, "--model", taught, "--endpoint", server.url)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stdout.startswith(
            "Is it clean?  Is it clean?\n  in process  git_status()\n  served      direct: "
        )
        assert (
            "1 of 2 queries end in the same, 0 of them to the letter" in done.stdout
            or "0 of 2" in done.stdout
        )
        out = tmp_path / "out"
        command = [sys.executable, "-m", "punie_data", "evaluate", str(suite), "--endpoint", server.url, "--out", str(out), "--json", "--most-tokens", "8"]  # fmt: skip
        summary = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
        named = str((tmp_path / "other").resolve())
        assert (summary["system"]["model"], summary["proof"]["answered_as"], summary["unscored"]) == (named, {named: 2}, 0)  # fmt: skip


def test_what_can_t_be_served_is_told(suite: Path, tmp_path: Path) -> None:
    """One line, and no server left behind."""
    (tmp_path / "empty").mkdir()
    done = parity(suite, "--model", tmp_path / "empty")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "Traceback" not in done.stderr
