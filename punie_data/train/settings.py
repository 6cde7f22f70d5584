"""What a training run is a function of, besides its data and its model."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from punie_data.errors import UserError

Method = Literal["lora", "dora", "full"]
BETAS = (0.9, 0.99)
"""AdamW's: a second moment over a hundred steps suits runs of hundreds."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`batch_size` is in conversations, `max_seq_length` in tokens, `epochs` in passes over the data (every batch of each, the last too).

    `learning_rate` is the highest: it rises over the first `warmup` of the steps and falls as a cosine to a tenth. `scale` is mlx-lm's: what the
    product of the two matrices is multiplied by. Dropout is between 0 and 1.
    """

    dialect: str = "hermes"
    method: Method = "lora"
    layers: int = 16
    rank: int = 8
    scale: float = 20.0
    dropout: float = 0.0
    learning_rate: float = 1e-4
    warmup: float = 0.05
    weight_decay: float = 0.0
    batch_size: int = 4
    grad_accumulation_steps: int = 1
    """How many batches one step takes. A batch holds conversations that were offered the same tools; with several a step sees several such offers."""
    epochs: float = 1.0
    max_seq_length: int = 4096
    evaluate_every: int = 0
    """Steps between two looks at the whole of valid; 0 is ten a run."""
    patience: int = 0
    """How many looks without a lower loss end the run early; 0 never does."""
    answer_weight: float = 1.0
    """What a token of an answer weighs beside one of a turn with a call: less than 1 where calls are what is to be learned."""
    opening_weight: float = 1.0
    """How many times as much the first two tokens of a turn weigh as its others: it is by them that it becomes a call, an answer, a question back or a
    refusal, and among the forty of an answer they are lost."""
    whole: float = 1.0
    """Which share of the conversations with calls is learned to its end; of the others what comes up to the first call: the decision, which is short,
    where the results and the answer are long. Which ones is decided by their ids."""
    packing: bool = False
    """Whether short conversations stand one behind the other in sequences of up to `max_seq_length` tokens; a batch is then of such sequences."""
    seed: int = 0

    def check(self) -> None:
        """UserError for values with which nothing could be trained."""
        wrong = [
            (self.method not in ("lora", "dora", "full"), "method is lora, dora or full"),
            (
                self.batch_size < 1 or self.grad_accumulation_steps < 1,
                "batch_size and grad_accumulation_steps are at least 1",
            ),
            (self.epochs <= 0, "epochs is more than 0"),
            (self.rank < 1 or self.layers < 1, "rank and layers are at least 1"),
            (self.learning_rate <= 0, "learning_rate is more than 0"),
            (not 0 <= self.dropout < 1 or not 0 <= self.warmup < 1, "dropout and warmup lie between 0 and 1"),
            (not 0 < self.answer_weight <= 100, "answer_weight is more than 0"),
            (not 0 < self.opening_weight <= 100, "opening_weight is more than 0"),
            (not 0 <= self.whole <= 1, "whole lies between 0 and 1"),
            (self.max_seq_length < 8, "max_seq_length is at least 8"),
        ]
        for bad, said in wrong:
            if bad:
                raise UserError(said)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def written(self) -> dict[str, str]:
        """Each value as `--set KEY=VALUE` takes it."""
        return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in self.to_json().items()}  # fmt: skip

    def adapter_config(self, model: str) -> str:
        """`adapter_config.json`, as `mlx_lm.load(…, adapter_path=…)` reads it. No key of ours: mlx-lm hands some of them on."""
        parameters = {"rank": self.rank, "scale": self.scale, "dropout": self.dropout}
        config = {
            "fine_tune_type": self.method,
            "num_layers": self.layers,
            "lora_parameters": parameters,
            "model": model,
        }
        return json.dumps(config, indent=2) + "\n"


def settings_from(given: dict[str, Any]) -> Settings:
    """UserError for a key that is none."""
    known = {field.name: field.default for field in fields(Settings)}
    for key in given:
        if key not in known:
            raise UserError(f"no setting {key!r}; there are {', '.join(sorted(known))}")
    # 8 and 8.0 are one value, and have to be one run.
    settings = Settings(
        **{key: float(value) if isinstance(known[key], float) else value for key, value in given.items()}
    )
    settings.check()
    return settings
