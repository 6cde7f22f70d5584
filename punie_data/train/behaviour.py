"""What a model that is being trained decides: a small suite, asked at looks, by which the weights are chosen that are kept.

The loss says how well the next token is guessed, mostly within answers; whether to call a tool hangs on the first few tokens of a turn.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.evaluate.generate import System
from punie_data.evaluate.queries import queries
from punie_data.evaluate.run import SingleTurn
from punie_data.evaluate.score import reached
from punie_data.evaluate.systems import InProcess
from punie_data.train.settings import Settings

MOST_TOKENS = 128
BATCH = 16
Behave = Callable[[Any], tuple[int, int]]
"""The model as it is → (how many of the suite's queries it decides right, how many it was asked)."""


def behaviour(suite: Path, model: Path, settings: Settings, system_prompt: str) -> Behave:
    """Ready to be asked as often as one likes. UserError where the suite has no queries.

    A query that can't be put to the model is left out of both numbers; a turn that can't be parsed is a wrong decision.
    """
    from mlx_lm.utils import load_tokenizer

    asked = list(queries(suite))
    if not asked:
        raise UserError(f"{suite} has no queries")
    tokenizer = load_tokenizer(model)

    def ask(trained: Any) -> tuple[int, int]:
        system = InProcess(
            model, None, settings.dialect, system_prompt, MOST_TOKENS, BATCH, settings.max_seq_length
        )
        system.system = System.of(trained, tokenizer)
        trained.eval()
        try:
            rows = [
                {"kind": asked[number].kind, **row}
                for number, row, _ in SingleTurn().ask(system, asked)
                if "unscored" not in row
            ]
        finally:
            trained.train()
        return reached(rows, "decision")

    return ask
