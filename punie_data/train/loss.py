"""The loss of a batch: cross-entropy on the tokens of assistant turns, computed where it is needed and nowhere else.

A conversation with tools is mostly signatures and results: some twentieth of its tokens is learned. The projection onto the vocabulary, the widest
of all, is done for those positions only, and a beginning that the batch shares is computed once.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from punie_data.dialects.mask import Masked
from punie_data.train import packing, prefix

if TYPE_CHECKING:
    import mlx.core as mx

STEP = 8
"""Widths are rounded up to this: fewer shapes, and so less memory held for them."""


def arrays(sequences: Sequence[Masked], share: bool = False) -> "tuple[mx.array, ...]":
    """(beginning [length], inputs [batch, width], belongs [batch, width], positions [n], targets [n], weights [n]): `inputs` follow `beginning`, which is empty
    unless `share`; `positions` are those of the flattened inputs whose next token is learned; `belongs` numbers the conversations where several are packed into
    one sequence, and is empty elsewhere.

    Padded with zeros on the right, where causal attention does not look; positions are padded with weight 0.
    """
    import mlx.core as mx

    together = any(sequence.parts for sequence in sequences)
    skipped = prefix.shared(sequences) if share and not together else 0
    width = _up(max(len(sequence.tokens) for sequence in sequences) - 1 - skipped)
    inputs, positions, targets, weights = [], [], [], []
    for number, sequence in enumerate(sequences):
        own = sequence.tokens[skipped:-1]
        inputs.append([*own, *[0] * (width - len(own))])
        for turn, (start, end) in enumerate(sequence.turns):
            weights += sequence.weights_of(turn)
            positions += [number * width + at - 1 - skipped for at in range(start, end)]
            targets += sequence.tokens[start:end]
    learned = len(positions)
    padding = _up(learned) - learned
    return (
        mx.array(sequences[0].tokens[:skipped], mx.int32),
        mx.array(inputs, mx.int32),
        mx.array([packing.parts(sequence, width) for sequence in sequences] if together else [], mx.int32),
        mx.array(positions + [0] * padding, mx.int32),
        mx.array(targets + [0] * padding, mx.int32),
        mx.array(weights + [0.0] * padding, mx.float32),
    )


def _up(count: int) -> int:
    return (count + STEP - 1) // STEP * STEP


def total_loss(
    model: Any,
    beginning: "mx.array",
    inputs: "mx.array",
    belongs: "mx.array",
    positions: "mx.array",
    targets: "mx.array",
    weights: "mx.array",
) -> "mx.array":
    """The summed loss in nats; divide by the sum of the weights for the loss a learned token."""
    import mlx.nn as nn

    if belongs.size:
        hidden = model.model(inputs, cache=[packing.Apart(belongs) for _ in model.layers])
    else:
        hidden = prefix.hidden(model, beginning, inputs)
    chosen = hidden.reshape(-1, hidden.shape[-1])[positions]
    logits = head(model)(chosen).astype(weights.dtype)
    return (nn.losses.cross_entropy(logits, targets) * weights).sum()


def head(model: Any) -> Any:
    """The projection onto the vocabulary, which the models of mlx-lm keep beside `model.model`, or share with the embedding."""
    return model.lm_head if hasattr(model, "lm_head") else model.model.embed_tokens.as_linear
