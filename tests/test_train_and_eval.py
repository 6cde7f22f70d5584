"""`train-and-eval`: one command from a recipe to a verdict, whose finished work is kept, and which says beforehand what will go wrong."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from punie_data.build import Means
from punie_data.chat import Example, Label
from punie_data.cli.progress import PlainProgress
from punie_data.errors import UserError
from punie_data.train_and_eval.behaviour import Behaviour, kinds_of_failure
from punie_data.train_and_eval.foretold import foretell
from punie_data.train_and_eval.wanted import Evaluate, Wanted, load_wanted
from tests.shop_rows import ASKED, EXPLAINED, direct_row, tool_row, word_model, write_rows

RECIPES = Path(__file__).parent.parent / "corpora" / "recipes"
SYSTEMS = (
    "claude-code", "devstral", "baseline-30b", "phase-0", "phase-1", "phase-4", "phase-5", "phase-5-fused-4bit", "phase-5-fused-f16",
    "phase-5-fused-8bit", "phase-21", "phase-22", "phase-23", "phase-26", "phase-26-5bit", "phase-27",
)  # fmt: skip


class Told(PlainProgress):
    """What a user would read."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def means(folder: Path) -> tuple[Means, Told]:
    told = Told()
    return Means(folder / "cache", 1, told), told


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("rows") / "shop.jsonl")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")
    return word_model(tmp_path_factory.mktemp("model"))


def no_sites(suite: Path, count: int) -> Any:
    raise AssertionError("no repository is asked for where a model of ours answers")


def wanted(name: str, rows: Path | None = None, **changes: object) -> Wanted:
    given = {key.replace("__", "."): value for key, value in changes.items()}
    return load_wanted(str(RECIPES / f"{name}.toml"), "small", given, rows)


@pytest.mark.parametrize("name", SYSTEMS)
def test_there_is_a_recipe_for_every_system(name: str) -> None:
    """Else a system that was reported could not be made again."""
    full, small = load_wanted(str(RECIPES / f"{name}.toml")), wanted(name)
    assert full.name == name and full.reported and full.description
    if full.train is None:
        assert full.evaluate.command or full.evaluate.endpoint or full.model.base
        assert (full.path.parent / full.evaluate.suite).is_file()
    else:
        assert full.dataset is not None and full.model.base.startswith("mlx-community/")
        share, shrunk = (
            {kind: sum(of.values()) / one.rows.total for kind, of in one.rows.counts.items()} for one in (full, small)
        )  # fmt: skip
        assert small.rows.total <= 50 and small.iterations <= 40
        assert all(abs(share[kind] - shrunk[kind]) < 0.02 for kind in share)


def test_the_counts_are_the_reported_ones() -> None:
    """Else a recipe has the name of a system and not its data."""
    counts = {name: load_wanted(str(RECIPES / f"{name}.toml")).rows.total for name in SYSTEMS[3:]}
    assert counts == {
        "phase-0": 69, "phase-1": 69, "phase-4": 199, "phase-5": 244, "phase-5-fused-4bit": 244, "phase-5-fused-f16": 244, "phase-5-fused-8bit": 244,
        "phase-21": 683, "phase-22": 707, "phase-23": 757, "phase-26": 953, "phase-26-5bit": 953, "phase-27": 953,
    }  # fmt: skip


def test_the_phase_5_recipes_share_their_training() -> None:
    """Else comparing three artefacts of one adapter would compare three adapters, and cost three trainings."""
    phase_5 = load_wanted(str(RECIPES / "phase-5.toml"))
    for name in ("phase-5-fused-4bit", "phase-5-fused-f16", "phase-5-fused-8bit"):
        other = load_wanted(str(RECIPES / f"{name}.toml"))
        assert (other.folder, other.train, other.iterations, other.rows, other.model) == (
            phase_5.folder,
            phase_5.train,
            phase_5.iterations,
            phase_5.rows,
            phase_5.model,
        )
        assert other.dataset is not None and phase_5.dataset is not None
        assert (other.dataset.sources, other.dataset.mix) == (phase_5.dataset.sources, phase_5.dataset.mix)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[train]\nepoch = 2\n", "recipe.toml:2: train.epoch: no such key; did you mean epochs"),
        ("[trian]\n", "recipe.toml:1: trian: no such key; did you mean train"),
        ("[quantize]\nbits = [7]\n", "recipe.toml:2: quantize.bits"),
        ("[train]\nepochs = 2\n", r"it trains, and has no \[\[source\]\]"),
        ("[fuse]\nrequantize = true\n", "fuse.requantize needs model.bits"),
        ("[spoil]\ndrop = true\n", "recipe.toml:2: spoil.drop: no such key"),
    ],
)
def test_a_wrong_recipe_is_one_line_that_says_where(tmp_path: Path, text: str, says: str) -> None:
    """mlx-lm ignores unknown keys silently, and a night is gone."""
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(UserError, match=says):
        load_wanted(str(tmp_path / "recipe.toml"))
    with pytest.raises(UserError, match=r"write TABLE\.KEY=VALUE"):
        load_wanted(str(RECIPES / "phase-5.toml"), changes={"epochs": 2})


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        pytest.param("phase-0", {"PD153"}, id="no-traces"),
        pytest.param("phase-1", {"PD105", "PD400"}, id="placeholders"),
        pytest.param("phase-4", {"mix"}, id="too-many-calls"),
        pytest.param("phase-5", set(), id="nothing"),
    ],
)
def test_what_will_go_wrong_is_said_beforehand(
    name: str, codes: set[str], rows: Path, tmp_path: Path
) -> None:
    """Else an hour of training has to show what reading the rows would have shown."""
    from punie_data.train_and_eval import Outcome, _dataset
    from punie_data.train_and_eval.kept import Steps

    given, told = means(tmp_path)
    recipe = wanted(name, rows)
    outcome = Outcome(tmp_path, recipe)
    data = _dataset(recipe, tmp_path, given, Steps(tmp_path, told), outcome)
    assert data is not None
    found = {one.code for one in outcome.foretold}
    assert codes <= found, outcome.foretold
    assert codes or not found, outcome.foretold
    for code in codes:
        assert any(line.startswith("foretold: ") and code in line for line in told.lines)
    steps = [step["command"] for step in json.loads((data / "manifest.json").read_text())["steps"]]
    assert ("spoil" in steps) == ((data / "README.md").is_file()) == bool(recipe.spoil)
    asked = (data / "test.jsonl").read_text()
    assert "PLACEHOLDER" not in asked and "[Tool execution completed]" not in asked


def test_finished_steps_are_kept_and_a_setting_repeats_what_hangs_on_it(
    rows: Path, model: Path, tmp_path: Path
) -> None:
    """Else a changed width costs another training, or an old result stands for a new setting; and the history gets a record of each that was done."""
    from punie_data.history.systems import systems_of
    from punie_data.train_and_eval import train_and_eval
    from punie_data.train_and_eval.recorded import recorded

    recipe = wanted("phase-5-fused-8bit", rows, train__iterations=2, model__bits=8, evaluate__queries=4, evaluate__most_tokens=8)  # fmt: skip
    given, _ = means(tmp_path)
    first = train_and_eval(recipe, model, tmp_path / "run", given, no_sites)
    assert first.steps["train"] is not None and first.page is not None and first.page.is_file()
    assert [one.name for one in first.systems] == ["base", "adapter", "fused", "8bit"]
    left = [make() for _, make in recorded(first)]
    assert [run.kind for run in left] == ["train", "fuse", "quantize", *["evaluate"] * 4]
    found = {one.label: one for one in systems_of([replace(run, id=str(n)) for n, run in enumerate(left)])}
    assert {"run adapter", "run fused", "run 8bit"} < set(found) and len(found) == 4
    assert found["run 8bit"].configuration["training"]["rank"] and "accuracy" in found["run 8bit"].metrics
    again = train_and_eval(recipe, model, tmp_path / "run", given, no_sites)
    assert list(recorded(again)) == []
    assert set(again.steps.values()) == {None}
    assert (again.behaviours, again.verdict) == (first.behaviours, first.verdict)
    other = train_and_eval(replace(recipe, bits=(6,), evaluate=replace(recipe.evaluate, systems=())), model, tmp_path / "run", given, no_sites)  # fmt: skip
    assert {name for name, seconds in other.steps.items() if seconds is not None} == {
        "survival",
        "6bit",
        "evaluate-6bit",
    }
    assert [make().kind for _, make in recorded(other)] == ["quantize", "evaluate"]
    assert recipe.train is not None
    trained = train_and_eval(replace(recipe, train=replace(recipe.train, seed=1)), model, tmp_path / "run", given, no_sites)  # fmt: skip
    assert trained.steps["train"] is not None and trained.steps["choose"] is None
    assert trained.steps["evaluate-base"] is None


LEARNING = {
    "train__method": "full",
    "train__learning_rate": 0.003,
    "train__batch_size": 4,
    "train__iterations": 144,
    "train__evaluate_every": 1000,
    "train__ignore": ["rows", "epochs"],
    "split__by": "symbol",
    "split__valid": 0.05,
    "split__test": 0.25,
    "evaluate__queries": 32,
    "evaluate__most_tokens": 24,
    "evaluate__systems": ["adapter"],
}
"""What a model with random weights needs instead of a low-rank change, and few tokens: its turns are short."""


@pytest.fixture(scope="module")
def shown(rows: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Behaviour]:
    """What a recipe's adapter does, the model trained once for each."""
    from punie_data.train_and_eval import train_and_eval

    @cache
    def run(name: str) -> Behaviour:
        given, _ = means(tmp_path_factory.mktemp(name))
        out = tmp_path_factory.mktemp(f"run-{name}")
        return train_and_eval(wanted(name, rows, **LEARNING), model, out, given, no_sites).behaviours[
            "adapter"
        ]

    return run


def part(counted: tuple[int, int]) -> float:
    assert counted[1] >= 4
    return counted[0] / counted[1]


def test_phase_5_calls_and_answers(shown: Callable[[str], Behaviour]) -> None:
    """The near-miss of the three failures: the same rows, mixed well and with what the tools said, teach both."""
    did = shown("phase-5")
    assert part(did.called) > 0.8 and part(did.answered) > 0.8 and part(did.finished) > 0.8, did


def test_without_traces_a_model_never_calls_a_tool(shown: Callable[[str], Behaviour]) -> None:
    """Phase 0: it answers from memory, although tools are in its prompt and could be called."""
    did = shown("phase-0")
    assert did.called[0] == 0 < did.called[1], did
    assert part(did.answered) > 0.8


def test_with_placeholders_a_model_calls_again_and_never_answers(shown: Callable[[str], Behaviour]) -> None:
    """Phase 1: a real result that suffices doesn't stop it, since in its rows nothing that a tool said ever did."""
    did = shown("phase-1")
    assert part(did.called) > 0.8 and part(did.called_again) > 0.8, did
    assert "it calls again and again, and never answers from a result" in kinds_of_failure(did)


def test_with_hardly_any_direct_rows_a_model_calls_tools_for_concepts(
    shown: Callable[[str], Behaviour],
) -> None:
    """Phase 4: it stops, and the share of concept questions that it answers collapses."""
    did = shown("phase-4")
    assert part(did.called) > 0.8 and part(did.answered) < 0.5, did
    assert part(did.finished) > 0.8
    assert part(shown("phase-5").answered) - part(did.answered) > 0.4


def test_four_bits_lose_a_training_that_eight_keep(rows: Path, model: Path, tmp_path: Path) -> None:
    """The fusion onto 4 bits: what was trained moves weights by less than a step, so they round to where they were. It is foretold, and it is so."""
    import mlx.core as mx

    from punie_data.quantize.folder import load_with_adapter
    from punie_data.train_and_eval import train_and_eval

    recipe = wanted(
        "phase-5-fused-4bit", rows, quantize__bits=[8], train__iterations=4, train__ignore=["rows"],
        evaluate__systems=["fused-4bit", "8bit"], evaluate__queries=4, evaluate__most_tokens=2,
    )  # fmt: skip
    given, told = means(tmp_path)
    run = tmp_path / "run"
    found = train_and_eval(recipe, model, run, given, no_sites)
    assert found.survival["4"] < 0.5 and found.survival["8"] > 0.8, found.survival
    assert any(line.startswith("foretold: at 4 bits") for line in told.lines)

    def says(folder: Path, adapter: Path | None = None) -> Any:
        loaded, _ = load_with_adapter(folder, adapter)
        loaded.eval()
        return loaded(mx.array([[5, 9, 20, 33, 7, 8, 61, 40]])).astype(mx.float32)

    trained = says(run / "base-float32", run / "adapter")
    untrained, lost, kept = (
        mx.abs(says(run / name) - trained).mean().item() for name in ("base-float32", "fused-4bit", "8bit")
    )
    assert kept < 0.5 * untrained < lost, (untrained, lost, kept)


def test_what_is_not_there_is_told_in_one_line_with_what_to_do(tmp_path: Path) -> None:
    """Else an absent agent, server or model ends in a traceback, or in wrong answers that nobody gave."""
    from punie_data.models.named import named_model
    from punie_data.train_and_eval.ask import must_be_there

    with pytest.raises(UserError, match="no-such-agent is not installed: fetch it"):
        must_be_there(Evaluate(command="no-such-agent -p {query}", install="fetch it"))
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9/v1 does not answer: start it"):
        must_be_there(Evaluate(endpoint="http://127.0.0.1:9/v1", install="start it"))
    must_be_there(Evaluate(command="sh -c {query}"))
    for name in ("", "no-such-model", "./none"):
        with pytest.raises(UserError, match="name a stand-in with --model"):
            named_model(name, tmp_path, lambda line: None)


def test_too_few_calls_are_foretold_beside_more_answers_alone(tmp_path: Path) -> None:
    """Rows that ask back or decline take nothing from the calls: a warning there would be a false one, and none where answers outnumber calls a missed one."""
    calls = [tool_row("cart", f"{number}: {asked}") for number, asked in enumerate(ASKED)]
    answers = [direct_row("cart", f"{number}: {asked}") for number, asked in enumerate(EXPLAINED)]
    asking = [replace(row, label=Label("ask", "search")) for row in answers]

    def found(rows: Sequence[Example]) -> bool:
        (tmp_path / "train.jsonl").write_text("".join(json.dumps(row.to_json()) + "\n" for row in rows))
        return any(one.code == "mix" for one in foretell([tmp_path], tmp_path, 1))

    assert found([*calls[:8], *answers])
    assert not found([*calls[:8], *asking, *answers[:4]])
    assert found([*calls, *(tool_row("money", asked) for asked in ASKED), *answers[:2]])


def test_a_recipe_that_ships_is_found_from_any_folder_and_one_s_own_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who installed the wheel has no recipes, or who changed one gets the other."""
    monkeypatch.chdir(tmp_path)
    assert load_wanted("phase-5").name == "phase-5"
    own = tmp_path / "corpora/recipes/phase-5.toml"
    own.parent.mkdir(parents=True)
    own.write_text((RECIPES / "phase-5.toml").read_text().replace('name = "phase-5"', 'name = "mine"'))
    assert load_wanted("phase-5").name == "mine"
    with pytest.raises(UserError, match="nor a recipe"):
        load_wanted("phase-99")
