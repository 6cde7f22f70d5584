"""Every generator, whoever wrote it, is held to the same: its sample is real, its rows are true, a corrupted answer is refused."""

import re
from pathlib import Path

import pytest

from punie_data.chat import Example, Rejected, example_from_json
from punie_data.generate.judge import judge
from punie_data.generators import discover, load
from punie_data.scenario.scene import Scene, Turn
from tests.conftest import make_tiny_shop
from tests.mined import everything, opened
from tests.samples import agrees, render, sample_of

NAMES = sorted(discover())
Rows = dict[str, list[tuple[Scene, Example]]]


@pytest.fixture(scope="module")
def mined(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("mined")
    with opened(make_tiny_shop(folder / "tiny_shop"), folder / "cache") as (repo, tools):
        yield repo, everything(repo, tools)


def needs_exec(name: str) -> bool:
    return discover()[name].executes


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_at_the_head_of_the_file_is_what_it_mines(name: str, mined) -> None:
    """Else the documentation of a generator shows rows that it does not make."""
    if needs_exec(name):
        return  # mined with --allow-exec in test_generators_quality.py
    sample = sample_of(load(discover()[name]).__doc__ or "")
    assert sample, f"{name} has no sample in its docstring"
    assert any(agrees(sample, render(example)) for _, example in mined[1][name]), (
        f"mine anew: python tests/samples.py {name}"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_corrupted_answer_is_refused(name: str, mined) -> None:
    """Else the judge would let a wrong number, path or name into the training data."""
    repo, rows = mined
    if needs_exec(name):
        return
    assert rows[name], f"{name} makes nothing of tiny_shop"
    refused = tried = 0
    for scene, _ in rows[name]:
        for wrong in corruptions(scene.answer):
            tried += 1
            last = scene.turns[-1]
            corrupt = scene.changed(turns=(*scene.turns[:-1], Turn(last.question, last.outcomes, wrong)))
            refused += isinstance(judge(corrupt, repo, name, 0), Rejected)
    assert refused == tried, f"{tried - refused} of {tried} corrupted answers of {name} went through"


def corruptions(answer: str) -> list[str]:
    """The answer with a number that is nowhere, a file that isn't there, a name that nobody has."""
    wrong = [f"{answer} See also `nowhere_at_all`.", f"{answer} That makes 987654 in all."]
    ticked = re.search(r"`([A-Za-z_]\w+)`", answer)
    if ticked:
        wrong.append(answer.replace(ticked[0], f"`{ticked[1]}Zq`", 1))
    number = re.search(r"(?<![\w.])\d+(?![\w.])", answer)
    if number:
        wrong.append(f"{answer[: number.start()]}{int(number[0]) + 70_001}{answer[number.end() :]}")
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_rows_survive_the_way_through_json(name: str, mined) -> None:
    """Else what is written could not be read back as the same record."""
    for _, example in mined[1][name]:
        assert example_from_json(example.to_json()) == example
        assert example_from_json(example.to_json()).id == example.id


@pytest.mark.parametrize("name", NAMES)
def test_phrasings_vary(name: str, mined) -> None:
    """Else a model learns one template by heart: no opening of four words may stand in more than half of many rows."""
    questions = [example.question for _, example in mined[1][name]]
    if len(questions) < 8:
        return
    openings = [" ".join(question.split()[:4]) for question in questions]
    assert max(map(openings.count, openings)) <= len(openings) / 2


def test_the_shipped_generators_are_found_by_file_name() -> None:
    """Else a generator would lie in the folder and never be asked."""
    folder = Path(__file__).parent.parent / "generators"
    assert {file.stem for file in folder.glob("*.py") if not file.stem.startswith("_")} == set(NAMES)


def test_what_a_glance_at_a_shipped_generator_tells_is_so() -> None:
    """Else a generator that runs code, or makes rows out of rows, would be taken for another."""
    for name, generator in discover().items():
        module = load(generator)
        assert generator.help == module.__doc__.strip().partition("\n")[0], name
        assert generator.derives == callable(getattr(module, "derive", None)), name
        assert generator.executes == bool(getattr(module, "EXECUTES", False)), name
