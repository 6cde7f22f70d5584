"""What is looked at before an hour is spent: each trap is planted and found, and its near-miss passes."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from punie_data.dialects.mask import Masked
from punie_data.dialects.template import Template
from punie_data.errors import UserError
from punie_data.train import memory, record
from punie_data.train.checkpoint import Progress
from punie_data.train.curve import curve, sparkline
from punie_data.train.data import Prepared
from punie_data.train.preflight import CHECKS, Check, largest, preflight
from punie_data.train.run import Run, plan
from punie_data.train.settings import Settings
from tests.test_train import ANSWERS, command, row, settings
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture
def fruits(tmp_path: Path) -> Path:
    folder = tmp_path / "fruits"
    folder.mkdir()
    rows = [row(f"{number} {colour}?", fruit) for number in range(20) for colour, fruit in ANSWERS.items()]
    (folder / "train.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    held_out = [row(f"21 {colour}?", fruit) for colour, fruit in ANSWERS.items()]
    (folder / "valid.jsonl").write_text("".join(json.dumps(one) + "\n" for one in held_out))
    return folder


def checked(run: Run, out: Path) -> dict[str, Check]:
    return {check.name: check for check in preflight(run, out)}


def test_a_good_set_passes_every_check(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The near-miss of all that follow."""
    found = checked(plan(fruits, model, Settings()), tmp_path / "out")
    assert tuple(found) == CHECKS
    assert {
        check.name: check.said for check in found.values() if check.state != "ok" and check.name != "speed"
    } == {}
    assert found["mask"].said.startswith("100 % of 84 turns of the assistant is learned")
    assert not (tmp_path / "out").exists()


def test_too_little_memory_and_disk_are_refused(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else the machine kills the run at its longest batch, an hour in."""
    run = plan(fruits, model, Settings())
    huge = replace(run, settings=replace(run.settings, rank=10**9, layers=2))
    found = checked(huge, tmp_path / "out")
    assert (found["memory"].state, found["disk"].state) == ("refused", "refused")
    assert "a smaller batch_size" in found["memory"].said


def test_every_process_of_this_machine_is_counted(
    model: Path, fruits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one process has room for, two may not: else the second one is what the machine kills."""
    run = plan(fruits, model, Settings(grad_accumulation_steps=2))
    need = memory.needed(run.model, run.settings, largest(run)).memory
    monkeypatch.setattr("punie_data.train.preflight.available_memory", lambda: int(1.5 * need))
    alone, together = (preflight(run, tmp_path / "out", count)[0] for count in (1, 2))
    assert (alone.state, together.state) == ("ok", "refused")
    assert "for 2 processes" in together.said and "fewer processes" in together.said


def test_rows_that_do_not_fit_are_counted(model: Path, fruits: Path, tmp_path: Path) -> None:
    """None is ever cut; where most of the set would be left out, it is another set."""
    with (fruits / "train.jsonl").open("a") as file:
        file.write(json.dumps(row("long " * 60, "yes")) + "\n")
    found = checked(plan(fruits, model, Settings(max_seq_length=100)), tmp_path)["rows"]
    assert (found.state, found.said) == ("warning", "1 of 85 are left out whole: 1 longer than 100 tokens")
    with (fruits / "train.jsonl").open("a") as file:
        file.writelines(json.dumps(row(f"{n} " * 60, "yes")) + "\n" for n in range(100))
    assert checked(plan(fruits, model, Settings(max_seq_length=100)), tmp_path)["rows"].state == "refused"


def test_a_mask_that_misses_a_turn_is_refused(model: Path, fruits: Path, tmp_path: Path) -> None:
    """mlx-lm's own mask trains no call of a tool conversation: here that would be told."""
    run = plan(fruits, model, Settings())
    first, *others = run.train.sequences
    without = Prepared((Masked(first.tokens, ()), *others), ())
    found = checked(replace(run, train=without), tmp_path)["mask"]
    assert found.state == "refused" and "train.jsonl:1: 0 of 1 turns" in found.said
    ((start, end),) = first.turns
    late = Prepared((Masked(first.tokens, ((start + 1, end),)), *others), ())
    found = checked(replace(run, train=late), tmp_path)["mask"]
    assert found.state == "refused" and "of what the assistant says is learned" in found.said


def test_a_template_without_tools_is_refused_for_native(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The model would be trained to call tools that it was never shown."""
    found = checked(replace(plan(fruits, model, Settings()), settings=Settings(dialect="native")), tmp_path)
    assert found["template"].state == "refused" and "hermes" in found["template"].said


def test_a_model_without_a_template_is_one_line(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Else the tokenizer's library raises."""
    bare = tmp_path / "bare"
    shutil.copytree(model, bare)
    told = json.loads((bare / "tokenizer_config.json").read_text())
    told.pop("chat_template")
    (bare / "tokenizer_config.json").write_text(json.dumps(told))
    done = subprocess.run(
        command(fruits, "--model", bare, "--out", tmp_path / "a", "--dry-run"), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "holds no chat template" in done.stderr


def with_spare_rows(model: Path, folder: Path, tokens: dict[str, float], spare: int) -> Path:
    """The model with `spare` never-trained rows behind its vocabulary, and the rows of `tokens` turned towards them: 0 is collinear."""
    shutil.copytree(model, folder)
    weights = mx.load(str(folder / "model.safetensors"))
    config = json.loads((folder / "config.json").read_text())
    table = weights["model.embed_tokens.weight"]
    mx.random.seed(3)
    never, other = mx.random.normal((2, table.shape[1]))
    other = other - never * (other @ never) / (never @ never)
    noise = mx.random.normal((spare, table.shape[1])) * 0.003
    rows = mx.concatenate([table, never * mx.linspace(0.5, 1.5, spare)[:, None] + noise])
    template = Template.load(model)
    for text, angle in tokens.items():
        rows[template.encode(text)[0]] = 0.7 * (never + angle * other)
    weights["model.embed_tokens.weight"] = rows
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": rows.shape[0]}))
    return folder


@pytest.mark.parametrize(
    ("tokens", "spare", "state", "said"),
    [
        pytest.param({"<tool_call>": 0.0, "</tool_call>": 0.0}, 400, "refused", "</tool_call> (as 4", id="dead"),
        pytest.param({"<|im_end|>": 0.0}, 400, "refused", "never trained: <|im_end|> (as 4", id="end-of-turn"),
        pytest.param({"<tool_call>": 0.1, "</tool_call>": 0.1}, 400, "ok", "embeddings of their own", id="near"),
        pytest.param({"<tool_call>": 0.0}, 5, "ok", "embeddings of their own", id="a-few-alike"),
        pytest.param({"<|endoftext|>": 0.0}, 400, "ok", "embeddings of their own", id="not-used"),
    ],
)  # fmt: skip
def test_dead_delimiters_are_found_and_near_misses_spared(
    tokens: dict[str, float], spare: int, state: str, said: str, model: Path, fruits: Path, tmp_path: Path
) -> None:
    """Qwen2.5-Coder's trap: single tokens whose embeddings were never trained, so that LoRA lowers the loss and never learns to call."""
    planted = with_spare_rows(model, tmp_path / "planted", tokens, spare)
    run = plan(fruits, planted, Settings())
    found = checked(run, tmp_path)["delimiters"]
    assert (found.state, said in found.said) == (state, True), found
    whole = checked(replace(run, settings=Settings(method="full")), tmp_path)["delimiters"]
    assert whole.state == "ok"
    if "<tool_call>" in tokens:
        fence = checked(replace(run, settings=Settings(dialect="json-fence")), tmp_path)["delimiters"]
        assert fence.state == "ok"


def test_many_epochs_over_few_rows_are_a_warning(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The owner's first system had 69 rows, and memorised them."""
    assert "learned by heart" in checked(plan(fruits, model, Settings(epochs=12)), tmp_path)["epochs"].said
    assert checked(plan(fruits, model, Settings(epochs=10)), tmp_path)["epochs"].state == "ok"


def test_a_dataset_that_is_not_its_manifest_s_is_refused(model: Path, fruits: Path, tmp_path: Path) -> None:
    """The lock: a row that was edited by hand since the checks ran is another dataset."""
    from punie_data import dataset

    manifest: dict[str, Any] = {
        "format": 1, "made_by": "punie-data 0", "steps": [], "counts": {"train": 80},
        "files": {"train.jsonl": dataset.digest(fruits / "train.jsonl")},
    }  # fmt: skip
    (fruits / "manifest.json").write_text(json.dumps(manifest))
    run = plan(fruits, model, Settings())
    found = checked(run, tmp_path)["dataset"]
    assert found.state == "ok" and "manifest" not in found.said
    assert run.told["dataset"]["manifest"] == dataset.digest(fruits / "manifest.json")
    with (fruits / "train.jsonl").open("a") as file:
        file.write(json.dumps(row("one more?", "yes")) + "\n")
    assert checked(plan(fruits, model, Settings()), tmp_path)["dataset"].state == "refused"


def test_a_dataset_that_changed_since_a_checkpoint_is_refused(
    model: Path, fruits: Path, tmp_path: Path
) -> None:
    """Else half of a run would have seen other rows than the rest; what differs is named."""
    arguments = command(fruits, "--model", model, "--out", tmp_path / "a", *settings(epochs=1, batch_size=40))
    subprocess.run(arguments, check=True, capture_output=True)
    with (fruits / "train.jsonl").open("a") as file:
        file.write(json.dumps(row("one more?", "yes")) + "\n")
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 2
    assert "(the rows of train have changed): name a new folder" in done.stderr
    other = subprocess.run([*arguments, *settings(rank=2)], capture_output=True, text=True)
    assert "rank was 8 and is 2; the rows of train have changed" in other.stderr


def test_a_folder_in_which_nothing_was_learned_is_free(tmp_path: Path) -> None:
    """A run that failed before its first checkpoint must not lock its folder; one that has something does."""
    record.begin(tmp_path, {"made_of": {"train": "a"}})
    record.begin(tmp_path, {"made_of": {"train": "b"}})
    (tmp_path / "checkpoint").mkdir()
    record.begin(tmp_path, {"made_of": {"train": "b"}})
    with pytest.raises(UserError, match="the rows of train have changed"):
        record.begin(tmp_path, {"made_of": {"train": "c"}})


def test_what_is_refused_is_not_begun(model: Path, fruits: Path, tmp_path: Path) -> None:
    """Reasons in one line; who knows better can say so. The dry run shows all checks and exits with 1."""
    planted = with_spare_rows(model, tmp_path / "planted", {"<|im_end|>": 0.0}, 50)
    out = tmp_path / "out"
    arguments = command(fruits, "--model", planted, "--out", out, *settings(epochs=1, batch_size=40))
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 2 and not out.exists()
    assert "not begun: delimiters: never trained: <|im_end|>" in done.stderr.splitlines()[-1]
    dry = subprocess.run([*arguments, "--dry-run"], capture_output=True, text=True)
    assert dry.returncode == 1
    assert len(
        [line for line in dry.stdout.splitlines() if line.split()[0] in ("ok", "warning", "refused")]
    ) == len(CHECKS)
    wrong = subprocess.run([*arguments, "--ignore", "delimiter"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "there is no check delimiter: memory, disk" in wrong.stderr
    done = subprocess.run([*arguments, "--ignore", "delimiters", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_trained_parameters_are_counted_as_mlx_lm_makes_them(model: Path, tmp_path: Path) -> None:
    """The optimizer's memory hangs on them; of a quantized model they are counted through its packing."""
    from mlx.utils import tree_flatten

    from punie_data.quantize.rounding import quantize
    from punie_data.train.loop import prepared_model

    quantize(model, tmp_path / "q", 4)
    for folder in (model, tmp_path / "q"):
        for given in (Settings(layers=1, rank=3), Settings(method="dora"), Settings(method="full")):
            if given.method != "lora" and folder != model:
                continue
            loaded = prepared_model(folder, given)
            wanted = sum(array.size for _, array in tree_flatten(loaded.trainable_parameters()))
            assert memory.trained_parameters(folder, given) == wanted, (folder.name, given.method)


def test_the_largest_batch_is_the_one_that_is_estimated(model: Path, fruits: Path) -> None:
    """An estimate for the mean batch would be exceeded by the worst one; what is computed once counts once."""
    run = plan(fruits, model, Settings())
    prefix = tuple(range(40))
    lengths = (10, 90, 30, 60)
    sequences = tuple(
        Masked((*prefix, 50 + at, *range(length)), ((41, 41 + length // 3),), 40)
        for at, length in enumerate(lengths)
    )
    pairs = replace(run, train=Prepared(sequences, ()), settings=Settings(batch_size=2))
    assert largest(pairs) == memory.Shape(2, 131, 50, 40)


@pytest.mark.parametrize(("rows", "length", "shared"), [(4, 200, 0), (2, 500, 0), (8, 300, 200)])
def test_the_memory_estimate_is_near_what_mlx_holds(
    rows: int, length: int, shared: int, tmp_path: Path
) -> None:
    """Two sizes and a shared beginning: an estimate that is off by half refuses what would run, or lets the machine die."""
    from punie_data.train.loop import _optimizer, _step, prepared_model
    from punie_data.train.world import World

    folder = model_folder(tmp_path / "model", hidden=128, layers=4)
    given = Settings(layers=3)
    loaded = prepared_model(folder, given)
    optimizer = _optimizer(given, 4)
    optimizer.init(loaded.trainable_parameters())
    step = _step(loaded, optimizer, World())
    beginning = tuple(number % 200 for number in range(shared))
    batch = [
        Masked((*beginning, 5 + row, *range(length - shared - 1)), ((length - 32, length),), shared)
        for row in range(rows)
    ]
    step([batch])
    mx.clear_cache()
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    step([batch])
    held = mx.get_peak_memory() - before
    need = memory.needed(folder, given, memory.Shape(rows, length, rows * 32, shared))
    moments = 3 * 4 * memory.trained_parameters(folder, given)
    assert (need.trained - moments + need.activations) == pytest.approx(held, rel=0.15)


def test_the_curve_is_drawn_beside_the_adapter(tmp_path: Path) -> None:
    """A picture that any browser opens, whatever the folder is called; a run without valid has one line."""
    progress = Progress(
        "run", step=4, best_step=3, train_losses=[(1, 4.0), (4, 1.0)], valid_losses=[(2, 3.0), (4, 2.0)]
    )
    out = tmp_path / "a<b>&"
    out.mkdir()
    record.finish(out, {"made_of": {}}, progress, 1.5)
    drawn = ElementTree.fromstring((out / "losses.svg").read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert drawn.findtext(f"{space}title") == "Losses of a<b>&"
    lines = [line.get("points", "").split() for line in drawn.iter(f"{space}polyline")]
    assert [len(points) for points in lines] == [2, 2]
    (first_x, first_y), (last_x, last_y) = (map(float, point.split(",")) for point in lines[0])
    assert first_x < last_x and first_y < last_y  # a loss that falls goes down
    alone = curve("x", {"train": [(1, float(1))], "valid": []})
    assert alone.count("<polyline") == 1 and "kept" not in alone
    assert record.load(out)["progress"]["peak_gigabytes"] == 1.5


def test_a_curve_shows_a_fall() -> None:
    """The closing lines' only picture."""
    assert sparkline([3, 2, 1]) == "█▅▁"
    assert sparkline([1, 1]) == "▁▁"
    assert len(sparkline(list(range(1000)))) == 60
    assert sparkline([float(n) for n in range(120)])[0] == "▁"
