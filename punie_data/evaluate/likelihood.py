"""How likely a model finds what could follow a prompt: nothing is written, and the prompt goes through the model once for all that could follow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from punie_data.train.prefix import Beginning, can_share


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The log-probability of a text's tokens after a prompt, in nats: of all of them together. `characters` are the text's."""

    total: float
    tokens: int
    characters: int = 0

    @property
    def mean(self) -> float:
        """Of a token."""
        return self.total / self.tokens


def log_probabilities(
    model: Any, prompt: Sequence[int], continuations: Sequence[Sequence[int]]
) -> list[float]:
    """The summed log-probability, in nats, of each continuation's tokens after the prompt's. Neither the prompt nor a continuation is empty.

    Where attention is all that the model remembers, keys and values of the prompt are computed once and stand before those of every continuation;
    else the whole sequences go through the model together. Both give the same, up to the order of float additions.
    """
    import mlx.core as mx

    shared = len(prompt) - 1 if can_share(model) else 0
    caches = [Beginning() for _ in model.layers] if shared else None
    if caches is not None:
        # What lies under the projection onto the vocabulary is enough for keys and values.
        getattr(model, "model", model)(mx.array(prompt[:shared])[None], cache=caches)
        for cache in caches:
            cache.offset = shared
    width = max(map(len, continuations))
    rows = [[*prompt[shared:], *one[:-1], *[0] * (width - len(one))] for one in continuations]
    logits = model(mx.array(rows), cache=caches)[:, len(prompt) - 1 - shared :].astype(mx.float32)
    targets = mx.array([[*one, *[0] * (width - len(one))] for one in continuations])
    counted = mx.array([[1.0] * len(one) + [0.0] * (width - len(one)) for one in continuations])
    chosen = mx.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    found = ((chosen - mx.logsumexp(logits, axis=-1)) * counted).sum(axis=-1)
    return found.tolist()
