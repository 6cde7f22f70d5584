"""A shared beginning is computed once, and nothing else changes."""

from pathlib import Path

import pytest

from punie_data.dialects.mask import Masked
from punie_data.train.data import batches
from punie_data.train.prefix import SHORTEST, shared
from tests.tiny_model import model_folder

mx = pytest.importorskip("mlx.core", reason="mlx is not installed: pip install 'punie-data[train]'")

HEAD = tuple(range(40, 80))


def conversation(*own: int, head: tuple[int, ...] = HEAD) -> Masked:
    """All but the first two of a conversation's own tokens are learned."""
    tokens = (*head, *own)
    return Masked(tokens, ((len(head) + 2, len(tokens)),), len(head))


ROWS = [
    conversation(1, 2, 3, 4),
    conversation(9, 8, 7, 6, 5, 4, 3),
    conversation(1, 2, 3, 9, 9),
    conversation(5, 5, 5),
]


def test_loss_and_gradients_are_those_of_the_whole_conversations(tmp_path: Path) -> None:
    """Else a run would be fast and train something else."""
    import mlx.nn as nn
    from mlx.utils import tree_flatten
    from mlx_lm.utils import load_model

    from punie_data.train.loss import arrays, total_loss

    model, _ = load_model(model_folder(tmp_path))
    found = []
    for share in (False, True):
        given = arrays(ROWS, share)
        assert given[0].size == (len(HEAD) if share else 0)
        loss, gradients = nn.value_and_grad(model, lambda *given: total_loss(model, *given))(*given)
        found.append((loss.item(), dict(tree_flatten(gradients))))
    (whole, of_whole), (apart, of_apart) = found
    assert apart == pytest.approx(whole, rel=1e-5)
    for name, gradient in of_whole.items():
        assert mx.allclose(gradient, of_apart[name], rtol=1e-3, atol=1e-4).item(), name


def test_a_shared_beginning_ends_before_the_first_learned_token() -> None:
    """Else the token from which the first learned one is guessed would have no output, and every row one loss too few."""
    same = [conversation(1, 2, 3, 4), conversation(1, 2, 3, 4)]
    assert shared(same) == len(HEAD) + 1
    assert shared(ROWS[:1]) == 0  # alone: nothing to share it with
    assert shared([conversation(1, 2, 3, head=HEAD[: SHORTEST - 2]), conversation(4, 2, 3, head=HEAD[: SHORTEST - 2])]) == 0  # fmt: skip


def test_those_with_the_same_tools_are_batched_together_and_each_once() -> None:
    """Else there is little to share; or rows are lost on the way."""
    other = tuple(range(20, 60))
    rows = [conversation(number, 2, 3, head=head) for number in range(10) for head in (HEAD, other)]
    found = batches(rows, 4, 0, 0)
    assert sorted(index for batch in found for index in batch) == list(range(20))
    whole = [batch for batch in found if len({rows[index].tokens[:40] for index in batch}) == 1]
    assert len(whole) >= 4


def test_models_that_remember_otherwise_are_not_shared(tmp_path: Path) -> None:
    """Else a state-space layer would start each conversation from nothing, with half its prompt gone."""
    from mlx_lm.models import mamba
    from mlx_lm.utils import load_model

    from punie_data.train.prefix import can_share

    assert can_share(load_model(model_folder(tmp_path))[0])
    config = mamba.ModelArgs(
        model_type="mamba", vocab_size=64, hidden_size=16, intermediate_size=32, state_size=8, num_hidden_layers=1,
        conv_kernel=4, use_bias=False, use_conv_bias=True, time_step_rank=4,
    )  # fmt: skip
    assert not can_share(mamba.Model(config))


def test_a_share_of_conversations_is_learned_to_the_end_and_the_others_to_their_first_call(
    tmp_path: Path,
) -> None:
    """Else a short run would spend nine tenths of its time on results; or learn conversations that break off before a call."""
    from punie_data.dialects.template import Template
    from punie_data.train.data import prepare

    sample = Path(__file__).parent.parent / "data" / "sample" / "examples.jsonl"
    template = Template.load(model_folder(tmp_path))
    whole, part, none = (
        prepare(sample, template, "hermes-brief", "", 1_000_000, share).sequences for share in (1.0, 0.4, 0.0)
    )
    assert len(whole) == len(part) == len(none)
    cut = sum(len(one.tokens) < len(other.tokens) for one, other in zip(part, whole, strict=True))
    most = sum(len(one.tokens) < len(other.tokens) for one, other in zip(none, whole, strict=True))
    assert 0.4 * most < cut < 0.8 * most
    for one, other in zip(none, whole, strict=True):
        assert other.tokens[: len(one.tokens)] == one.tokens
        assert one.tokens[one.turns[-1][0] : one.turns[-1][1]]
        assert one.turns == other.turns[: len(one.turns)]
        if len(one.tokens) < len(other.tokens):
            assert "</tool_call>" in template.decode(one.tokens[one.turns[-1][0] :])
