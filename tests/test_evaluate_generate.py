"""Generation in batches with a shared beginning writes what one prompt at a time would."""

from pathlib import Path

import pytest

from punie_data.evaluate.generate import System, beginning, together
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")


def test_together_they_write_what_each_writes_alone(tmp_path: Path) -> None:
    """Else a score would depend on which queries happen to be asked beside it."""
    from mlx_lm import generate

    system = System(model_folder(tmp_path))
    head, other = list(range(5, 45)), list(range(60, 110))
    prompts = [[*head, *range(70, 71 + at)] for at in range(7)] + [[*other, 9], [*other, 4, 4], [7, 7, 7]]
    found = {number: written.text for number, written in system.answer(prompts, most=8, batch=4)}
    alone = {
        number: generate(system._model, system._tokenizer, prompt, max_tokens=8)
        for number, prompt in enumerate(prompts)
    }
    assert found == alone
    assert len(set(found.values())) > 3


def test_every_prompt_is_asked_once_with_those_that_begin_alike() -> None:
    """Else queries are lost or asked twice, or each batch reads a beginning of its own."""
    prompts = (
        [[1, 2, 0, *([5] * at)] for at in range(5)] + [[3, 0, *([6] * at)] for at in range(5)] + [[9, 9]]
    )
    found = together(prompts, 4, frozenset({0}))
    assert sorted(number for chosen in found for number in chosen) == list(range(11))
    assert [0, 1, 2, 3] in found
    assert [5, 6, 7, 8] in found


def test_each_prompt_keeps_a_token_of_its_own() -> None:
    """Else two equal prompts would leave nothing to ask the model with."""
    same = list(range(30))
    assert beginning([same, same]) == 29
    assert beginning([same]) == 0
    assert beginning([same, [*same[:10], 99, 99]]) == 0  # not worth it
