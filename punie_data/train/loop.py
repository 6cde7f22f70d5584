"""The training loop: `train` is the story, from a model and sequences to an adapter folder."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_data.dialects.mask import Masked
from punie_data.errors import UserError
from punie_data.models.exponentials import use_fast_exponentials
from punie_data.train import checkpoint
from punie_data.train.allocator import kept_memory
from punie_data.train.checkpoint import Progress
from punie_data.train.data import batches, schedule
from punie_data.train.loss import arrays, total_loss
from punie_data.train.packing import packed
from punie_data.train.prefix import can_share
from punie_data.train.settings import BETAS, Settings
from punie_data.train.world import World, world

if TYPE_CHECKING:
    import mlx.core as mx

CHECKPOINT_SECONDS = 120.0
TOLD_SECONDS = 30.0
"""So often something is told between two looks."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a run while it lasts. `loss` is of the steps since the last look, `rate` learned tokens a second, `left` seconds; `behaviour` is
    (right decisions, queries) where they were looked at. `passing` is a report between two looks, when some time has gone by.
    """

    step: int
    steps: int
    loss: float | None
    valid_loss: float | None
    rate: float
    left: float
    gigabytes: float
    behaviour: tuple[int, int] | None = None
    passing: bool = False


Tell = Callable[[Report], None]
Behave = Callable[[Any], tuple[int, int]]
"""The model → (right decisions, queries)."""


@dataclass(slots=True)
class _Since:
    """What was done since the last look."""

    loss: float = 0.0
    weight: float = 0.0
    learned: int = 0
    seconds: float = 0.0

    @property
    def mean(self) -> float:
        return self.loss / max(self.weight, 1e-9)


@kept_memory()
def train(
    folder: Path,
    train_on: tuple[Masked, ...],
    valid: tuple[Masked, ...],
    settings: Settings,
    out: Path,
    run: str,
    tell: Tell,
    behave: Behave | None = None,
    behave_every: int = 0,
) -> Progress:
    """Train the model in `folder`, from the beginning or from where `out` was left, and write the adapter with the lowest loss on `valid`
    (of the last step where there is none), or, with `behave`, the one with the most right decisions, of those the one with the lowest loss.

    With `settings.packing` the conversations are packed first. `run` names everything that the outcome depends on. Where a launcher started several processes, they share each batch, and the first one writes.
    UserError where the loss is no number any more, and where the processes don't stand at the same step.
    """
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_unflatten

    everybody = world()
    mx.random.seed(settings.seed)
    model = prepared_model(folder, settings)
    if settings.packing:
        train_on = _packed(train_on, model, settings)
    order = list(
        schedule(
            train_on, settings.batch_size, settings.seed, settings.epochs, settings.grad_accumulation_steps
        )
    )
    optimizer = _optimizer(settings, len(order))
    optimizer.init(model.trainable_parameters())
    progress = Progress(run)
    kept = checkpoint.load(out, run)
    if kept is not None:
        progress, weights, state = kept
        model.load_weights(list(weights.items()), strict=False)
        optimizer.state = tree_unflatten(list(state.items()))
    if everybody.sums(progress.step)[0] != progress.step * everybody.size:
        raise UserError(f"{out}: the processes find other checkpoints there: it has to be one folder for all")
    if progress.finished:
        return progress
    out.mkdir(parents=True, exist_ok=True)
    step = _step(model, optimizer, everybody)
    behave_every = behave_every or max(1, len(order) // 5)
    every = settings.evaluate_every or max(1, len(order) // 10)
    since = _Since()
    last_kept = last_told = time.monotonic()

    def keep(finished: bool) -> None:
        progress.finished = finished
        if not everybody.writes:
            return
        state = dict(tree_flatten(optimizer.state))
        checkpoint.save(out, progress, dict(tree_flatten(model.trainable_parameters())), state)

    while progress.step < len(order):
        started = time.perf_counter()
        taken = [[train_on[index] for index in batch] for batch in order[progress.step]]
        mx.random.seed(
            settings.seed * 1_000_003 + progress.step
        )  # dropout's chance, the same after a restart
        loss, weight = step(taken)
        if not math.isfinite(loss):
            raise UserError(
                f"step {progress.step + 1}: the loss is {loss}; a lower learning rate may help, what was kept is in {out}"
            )
        seconds = time.perf_counter() - started
        progress.step += 1
        learned = sum(sequence.trained for batch in taken for sequence in batch)
        progress.trained_tokens += learned
        progress.seconds += seconds
        since = _Since(
            since.loss + loss, since.weight + weight, since.learned + learned, since.seconds + seconds
        )
        last = progress.step == len(order)
        behaved = behave is not None and (last or progress.step % behave_every == 0)
        looked = progress.step % every == 0 or last or behaved
        if looked or progress.step == 1:
            progress.train_losses.append((progress.step, since.mean))
            valid_loss = right = None
            if valid and looked:
                valid_loss = mean_loss(model, valid, settings.batch_size, everybody)
                progress.valid_losses.append((progress.step, valid_loss))
            if behave is not None and behaved:
                right = _behaviour(model, behave, everybody)
                progress.behaviours.append((progress.step, *right))
            judged = behaved if behave is not None else looked
            if judged and _is_best(progress, valid_loss, right) and everybody.writes:
                checkpoint.save_adapter(
                    out,
                    dict(tree_flatten(model.trainable_parameters())),
                    settings.adapter_config(str(folder)),
                )
            tell(_report(progress, len(order), since, valid_loss, right))
            since, last_told = _Since(), time.monotonic()
        elif time.monotonic() - last_told > TOLD_SECONDS:
            tell(_report(progress, len(order), since, passing=True))
            last_told = time.monotonic()
        if settings.patience and progress.looks_without_gain >= settings.patience:
            break
        if looked or time.monotonic() - last_kept > CHECKPOINT_SECONDS:
            keep(finished=False)
            last_kept = time.monotonic()
    keep(finished=True)
    return progress


def _packed(train_on: tuple[Masked, ...], model: Any, settings: Settings) -> tuple[Masked, ...]:
    if not can_share(model):
        raise UserError("packing: this model's layers remember more than attention does, so that conversations can't be kept apart in one sequence")  # fmt: skip
    return packed(train_on, settings.max_seq_length, settings.seed)


def _report(
    progress: Progress,
    steps: int,
    since: _Since,
    valid_loss: float | None = None,
    right: tuple[int, int] | None = None,
    passing: bool = False,
) -> Report:
    import mlx.core as mx

    return Report(
        step=progress.step,
        steps=steps,
        loss=since.mean,
        valid_loss=valid_loss,
        rate=since.learned / max(since.seconds, 1e-9),
        left=(steps - progress.step) * progress.seconds / progress.step,
        gigabytes=mx.get_peak_memory() / 1e9,
        behaviour=right,
        passing=passing,
    )


def prepared_model(folder: Path, settings: Settings) -> Any:
    """The model with its layers made ready to be trained. UserError where mlx-lm can't load it."""
    from mlx_lm.tuner.utils import linear_to_lora_layers
    from mlx_lm.utils import load_model

    use_fast_exponentials()
    try:
        model, _ = load_model(folder)
    except (FileNotFoundError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(f"{folder}: mlx-lm can't load it: {str(error).splitlines()[0]}") from None
    if settings.method == "full":
        model.unfreeze()
    else:
        model.freeze()
        parameters = {"rank": settings.rank, "scale": settings.scale, "dropout": settings.dropout}
        linear_to_lora_layers(model, settings.layers, parameters, use_dora=settings.method == "dora")
    model.train()
    return model


def mean_loss(model: Any, sequences: tuple[Masked, ...], size: int, everybody: World | None = None) -> float:
    """Nats a learned token, over all of the sequences, of which each process takes some batches."""
    everybody = everybody or World()
    total = weight = 0.0
    share = can_share(model)
    model.eval()
    for batch in everybody.share(batches(sequences, size, 0, 0)):
        given = arrays([sequences[index] for index in batch], share)
        total += total_loss(model, *given).item()
        weight += given[-1].sum().item()
    model.train()
    total, weight = everybody.sums(total, weight)
    return total / weight


def _behaviour(model: Any, behave: Behave, everybody: World) -> tuple[int, int]:
    """Asked in the first process; the others wait for it, so that all decide alike whether to go on."""
    right, asked = everybody.first_s(*(behave(model) if everybody.writes else (0, 0)))
    return round(right), round(asked)


def _is_best(progress: Progress, loss: float | None, right: tuple[int, int] | None) -> bool:
    """Whether the weights are to be kept: more right decisions than those that are, or as many and a lower loss; what wasn't measured doesn't count."""
    decided = right[0] if right else None
    before = (-(progress.best_right or 0), progress.best_loss if progress.best_loss is not None else math.inf)
    now = (-(decided or 0), loss if loss is not None and not math.isnan(loss) else math.inf)
    measured = loss is not None or decided is not None
    if measured and progress.best_step and now >= before:
        progress.looks_without_gain += 1
        return False
    progress.best_right, progress.best_loss = decided, loss
    progress.best_step, progress.looks_without_gain = progress.step, 0
    return True


def _step(
    model: Any, optimizer: Any, everybody: World
) -> Callable[[Sequence[Sequence[Masked]]], tuple[float, float]]:
    """One step on some batches, of which each process takes its part; returns their summed loss and their weight."""
    import mlx.core as mx
    import mlx.nn as nn
    from mlx.utils import tree_map

    share = can_share(model)

    def objective(weight: float, *given: "mx.array") -> "mx.array":
        # The mean over the learned tokens of the whole step, so that long answers don't take longer strides than short ones.
        return total_loss(model, *given) / weight

    gradient = nn.value_and_grad(model, objective)

    def step(taken: Sequence[Sequence[Masked]]) -> tuple[float, float]:
        weight = sum(sequence.weight for batch in taken for sequence in batch)
        own = everybody.parts(taken)
        if own:
            loss, gradients = gradient(weight, *arrays(own[0], share))
        else:
            loss, gradients = mx.array(0.0), tree_map(mx.zeros_like, model.trainable_parameters())
        for batch in own[1:]:
            mx.eval(loss, gradients)  # or the activations of all of the batches would be held at once
            more, others = gradient(weight, *arrays(batch, share))
            loss, gradients = loss + more, tree_map(mx.add, gradients, others)
        optimizer.update(model, everybody.summed(gradients))
        mx.eval(model.trainable_parameters(), optimizer.state, loss)
        return everybody.sums(loss.item() * weight)[0], weight

    return step


def _optimizer(settings: Settings, steps: int) -> Any:
    import mlx.optimizers as optim

    warmup = round(settings.warmup * steps)
    fall = optim.cosine_decay(settings.learning_rate, max(1, steps - warmup), settings.learning_rate / 10)
    rate = fall
    if warmup:
        rise = optim.linear_schedule(0.0, settings.learning_rate, warmup)
        rate = optim.join_schedules([rise, fall], [warmup])
    # Without the correction, mlx's default, the first hundred steps are three to six times as long as the rate says (Kingma and Ba 2015, section 3).
    return optim.AdamW(
        learning_rate=rate, betas=list(BETAS), weight_decay=settings.weight_decay, bias_correction=True
    )
