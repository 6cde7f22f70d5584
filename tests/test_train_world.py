"""Several processes that train together, weights chosen by behaviour, and turns that weigh less."""

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from punie_data.dialects.mask import OPENING, Masked
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.train.data import prepare
from punie_data.train.settings import Settings
from tests.test_evaluate import row as asking
from tests.test_train import ANSWERS, command, row, settings
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def fruits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fruits")
    rows = [row(f"{number} {colour}?", fruit) for number in range(3) for colour, fruit in ANSWERS.items()]
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    held_out = [row(f"7 {colour}?", fruit) for colour, fruit in ANSWERS.items()]
    (folder / "valid.jsonl").write_text("".join(json.dumps(one) + "\n" for one in held_out))
    return folder


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def test_two_processes_train_as_one(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else what is trained on two machines would be another model. The last batch has one row: the second process has nothing to do there."""
    told = settings(epochs=2, method="full", learning_rate=0.003, batch_size=11, evaluate_every=2)
    program = tmp_path / "punie-data"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m punie_data "$@"\n')
    program.chmod(0o755)
    launch = [str(Path(sys.executable).with_name("mlx.launch")), "-n", "2", "--backend", "ring"]
    launch += ["--starting-port", str(free_port()), str(program), "train", str(fruits)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = subprocess.run(
        [*launch, "--model", str(model), "--out", str(tmp_path / "two"), *told],
        capture_output=True, text=True, env=environment, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert (tmp_path / "two" / "adapters.safetensors").is_file(), both.stdout + both.stderr
    assert both.stdout.count("step 2/4") == 1  # the first one alone speaks
    subprocess.run(
        command(fruits, "--model", model, "--out", tmp_path / "one", *told), check=True, capture_output=True
    )
    one, two = (mx.load(str(tmp_path / name / "adapters.safetensors")) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert max(mx.abs(one[key] - two[key]).max().item() for key in one) < 2e-5
    losses = [
        json.loads((tmp_path / name / "training.json").read_text())["progress"] for name in ("one", "two")
    ]
    assert losses[1]["trained_tokens"] == losses[0]["trained_tokens"]
    for key in ("train_losses", "valid_losses"):
        ours, theirs = (dict(progress[key]) for progress in losses)
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_the_weights_that_decide_best_are_kept(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The loss goes on falling while decisions get worse: the owner's fourth phase. As many right: the lower loss."""
    from mlx.utils import tree_flatten

    from punie_data.train.loop import train

    train_on = prepare(fruits / "train.jsonl", Template.load(model), "hermes", "", 4096).sequences
    seen: list[dict] = []

    def behave(trained: object) -> tuple[int, int]:
        copied = {name: mx.array(array) for name, array in tree_flatten(trained.trainable_parameters())}  # type: ignore[attr-defined]
        mx.eval(copied)
        seen.append(copied)
        return (2, 5, 5, 3)[len(seen) - 1], 6

    given = Settings(epochs=2, batch_size=6, learning_rate=0.003, method="full", patience=0)
    reports = []
    progress = train(model, train_on, train_on[:4], given, tmp_path / "a", "run", reports.append, behave, 1)
    assert [list(one) for one in progress.behaviours] == [[1, 2, 6], [2, 5, 6], [3, 5, 6], [4, 3, 6]]
    assert (progress.best_step, progress.best_right) == (3, 5)
    assert progress.valid_losses[3][1] < progress.valid_losses[2][1]
    kept = mx.load(str(tmp_path / "a" / "adapters.safetensors"))
    assert all(mx.array_equal(kept[name], seen[2][name]) for name in kept)
    assert reports[-1].behaviour == (3, 6)
    seen.clear()
    patient = Settings(epochs=2, batch_size=6, learning_rate=0.0001, method="full", patience=1)
    stopped = train(model, train_on, (), patient, tmp_path / "b", "run", reports.append, behave, 1)
    assert (stopped.step, stopped.best_step, stopped.looks_without_gain) == (3, 2, 1)


def test_behaviour_is_what_evaluate_measures(model: Path, tmp_path: Path) -> None:
    """Else the weights would be chosen by another question than the one that is asked at the end."""
    from mlx_lm.utils import load_model

    from punie_data.evaluate.run import evaluate
    from punie_data.train.behaviour import behaviour

    suite = tmp_path / "suite.jsonl"
    rows = [
        asking("clean?", "Yes.", "git_status"),
        asking("what is clean?", "No change."),
        asking("why?", "It is."),
    ]
    suite.write_text("".join(json.dumps(one) + "\n" for one in rows))
    loaded, _ = load_model(model)
    found = behaviour(suite, model, Settings(), "")(loaded)
    summary = evaluate(
        suite, model, None, "hermes", "", tmp_path / "out", lambda *_: None, lambda _: None, most=128
    )
    layer = summary["layers"]["decision"]
    assert found == (layer["passed"], layer["total"]) and found[1] == 3
    (tmp_path / "none.jsonl").write_text("")
    with pytest.raises(UserError, match="has no queries"):
        behaviour(tmp_path / "none.jsonl", model, Settings(), "")


def test_answers_may_weigh_less_than_calls(model: Path, tmp_path: Path) -> None:
    """Calls are few tokens among long answers: the loss is then mostly prose."""
    from mlx_lm.utils import load_model

    from punie_data.train.loss import arrays, total_loss

    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(asking("is it clean?", "Yes.", "git_status")) + "\n")
    template = Template.load(model)
    [plain] = prepare(file, template, "hermes", "", 4096).sequences
    [weighted] = prepare(file, template, "hermes", "", 4096, answer_weight=0.25).sequences
    assert (plain.weights, weighted.weights) == ((), (1.0, 0.25))
    lengths = [end - start for start, end in plain.turns]
    assert (plain.weight, weighted.weight) == (sum(lengths), lengths[0] + 0.25 * lengths[1])
    loaded, _ = load_model(model)
    call, answer = (
        total_loss(loaded, *arrays([Masked(plain.tokens, (turn,))])).item() for turn in plain.turns
    )
    assert total_loss(loaded, *arrays([weighted])).item() == pytest.approx(call + 0.25 * answer, rel=1e-5)
    assert total_loss(loaded, *arrays([plain])).item() == pytest.approx(call + answer, rel=1e-5)


def test_the_beginning_of_a_turn_may_weigh_more_than_the_rest(model: Path, tmp_path: Path) -> None:
    """What a turn becomes is decided by its first tokens, a twentieth of what is learned: after 100 steps without it a small model called whatever was asked."""
    from mlx_lm.utils import load_model

    from punie_data.train.loss import arrays, total_loss

    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(asking("is it clean?", "Yes, it is.", "git_status")) + "\n")
    template = Template.load(model)
    [plain] = prepare(file, template, "hermes", "", 4096).sequences
    [weighted] = prepare(file, template, "hermes", "", 4096, 1.0, 0.5, 10.0).sequences
    openings = tuple((start, start + OPENING) for start, _ in plain.turns)
    lengths = [end - start for start, end in plain.turns]
    assert weighted.weight == 10 * OPENING + lengths[0] - OPENING + 0.5 * (
        10 * OPENING + lengths[1] - OPENING
    )
    loaded, _ = load_model(model)

    def loss(*turns: tuple[int, int]) -> float:
        return total_loss(loaded, *arrays([Masked(plain.tokens, turns)])).item()

    (call, answer), (called, answered) = map(loss, plain.turns), map(loss, openings)
    expected = call + 9 * called + 0.5 * (answer + 9 * answered)
    assert total_loss(loaded, *arrays([weighted])).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--behaviour-every", "2"], "name the suite with --behaviour"),
        (["--set", "answer_weight=0"], "answer_weight is more than 0"),
        (["--set", "opening_weight=0"], "opening_weight is more than 0"),
    ],
)
def test_what_can_t_be_is_one_line(
    arguments: list[str], said: str, model: Path, fruits: Path, tmp_path: Path
) -> None:
    """Else it would do nothing, silently."""
    done = subprocess.run(
        [*command(fruits, "--model", model, "--out", tmp_path / "a"), *arguments],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert said in done.stderr


def test_processes_of_its_own_train_as_one(model: Path, fruits: Path, tmp_path: Path) -> None:
    """`--processes 2` is what people use: it must come to the same weights as one process, and leave nobody behind."""
    told = settings(epochs=2, method="full", learning_rate=0.003, batch_size=3, grad_accumulation_steps=2)
    run = [str(part) for part in ("--model", model, *told)]
    one = subprocess.run(command(fruits, *run, "--out", tmp_path / "one"), capture_output=True, text=True)
    two = subprocess.run(
        command(fruits, *run, "--out", tmp_path / "two", "--processes", 2), capture_output=True, text=True
    )
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert two.stdout.splitlines()[0] == one.stdout.splitlines()[0]  # only the first process speaks
    assert two.stdout.count("the adapter is in") == 1
    alone, together = (mx.load(str(tmp_path / name / "adapters.safetensors")) for name in ("one", "two"))
    for name, weights in alone.items():
        assert mx.allclose(weights, together[name], atol=1e-4).item(), name


def test_a_companion_that_fails_ends_the_run_and_one_whose_parent_dies_ends_itself(tmp_path: Path) -> None:
    """A sum waits for everybody for ever: without this a run would hang where nobody sees why, or keep a core busy for days."""
    failing = (
        "import sys; from punie_data.train.world import world; world(); sys.exit('Error: out of memory')"
    )
    program = (
        "import sys, time\n"
        "from punie_data.train.companions import companions\n"
        f"with companions(2, [sys.executable, '-c', {failing!r}]):\n"
        "    time.sleep(60)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=50
    )
    assert found.returncode == 2
    assert "a process of the training ended: out of memory" in found.stderr
    idle = "from punie_data.train.world import world; import time; world(); time.sleep(60)"
    own = program.replace(repr(failing), repr(idle)).replace(
        "    time.sleep(60)\n", "    raise SystemExit('Error: the loss is nan')\n"
    )
    found = subprocess.run([sys.executable, "-c", own], capture_output=True, text=True, cwd=ROOT, timeout=50)
    # The first process's own error is not hidden by the end of the others.
    assert (found.returncode, found.stderr.strip().splitlines()[-1]) == (1, "Error: the loss is nan")
    waiting = (
        "import os, time; from pathlib import Path; from punie_data.train.companions import end_with_parent;"
        "from punie_data.train.world import world; assert end_with_parent(); world();"
        f"Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    first = subprocess.Popen([sys.executable, "-c", program.replace(repr(failing), repr(waiting))], cwd=ROOT)
    try:
        until = time.monotonic() + 30
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        first.kill()
        first.wait()
    companion = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 20
    while Path(f"/proc/{companion}").exists() if Path("/proc").is_dir() else _alive(companion):
        assert time.monotonic() < until
        time.sleep(0.1)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
