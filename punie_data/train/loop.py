"""The training loop: `train` is the story, from a model and sequences to an adapter folder."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_data.dialects.mask import Masked
from punie_data.errors import UserError
from punie_data.models.exponentials import use_fast_exponentials
from punie_data.train import checkpoint
from punie_data.train.checkpoint import Progress
from punie_data.train.data import batches, schedule
from punie_data.train.loss import arrays, total_loss
from punie_data.train.prefix import can_share
from punie_data.train.settings import Settings

if TYPE_CHECKING:
    import mlx.core as mx

CHECKPOINT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of a run while it lasts. `loss` is of the steps since the last report, `rate` learned tokens a second, `left` seconds."""

    step: int
    steps: int
    loss: float | None
    valid_loss: float | None
    rate: float
    left: float
    gigabytes: float


Tell = Callable[[Report], None]


def train(
    folder: Path,
    train_on: tuple[Masked, ...],
    valid: tuple[Masked, ...],
    settings: Settings,
    out: Path,
    run: str,
    tell: Tell,
) -> Progress:
    """Train the model in `folder`, from the beginning or from where `out` was left, and write the adapter with the lowest loss on `valid`
    (of the last step where there is none). `run` names everything that the outcome depends on. UserError where the loss is no number any more.
    """
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_unflatten

    mx.random.seed(settings.seed)
    model = prepared_model(folder, settings)
    order = list(schedule(train_on, settings.batch_size, settings.seed, settings.epochs))
    optimizer = _optimizer(settings, len(order))
    optimizer.init(model.trainable_parameters())
    progress = Progress(run)
    kept = checkpoint.load(out, run)
    if kept is not None:
        progress, weights, state = kept
        model.load_weights(list(weights.items()), strict=False)
        optimizer.state = tree_unflatten(list(state.items()))
    if progress.finished:
        return progress
    out.mkdir(parents=True, exist_ok=True)
    step = _step(model, optimizer)
    share = can_share(model)
    every = settings.evaluate_every or max(1, len(order) // 10)
    since = [0.0, 0, 0.0]  # loss, learned tokens, seconds since the last report
    last_kept = time.monotonic()

    def keep(finished: bool) -> None:
        progress.finished = finished
        state = dict(tree_flatten(optimizer.state))
        checkpoint.save(out, progress, dict(tree_flatten(model.trainable_parameters())), state)

    while progress.step < len(order):
        started = time.perf_counter()
        batch = [train_on[index] for index in order[progress.step]]
        mx.random.seed(
            settings.seed * 1_000_003 + progress.step
        )  # dropout's chance, the same after a restart
        loss, learned = step(*arrays(batch, share))
        if not math.isfinite(loss):
            raise UserError(
                f"step {progress.step + 1}: the loss is {loss}; a lower learning rate may help, what was kept is in {out}"
            )
        seconds = time.perf_counter() - started
        progress.step += 1
        progress.trained_tokens += learned
        progress.seconds += seconds
        since = [since[0] + loss, since[1] + learned, since[2] + seconds]
        looked = progress.step % every == 0 or progress.step == len(order)
        if looked or progress.step == 1:
            mean = since[0] / max(since[1], 1)
            progress.train_losses.append((progress.step, mean))
            valid_loss = _look(model, valid, settings, progress) if valid and looked else None
            if looked and (valid_loss is None or progress.best_step == progress.step):
                checkpoint.save_adapter(
                    out,
                    dict(tree_flatten(model.trainable_parameters())),
                    settings.adapter_config(str(folder)),
                )
            left = (len(order) - progress.step) * progress.seconds / progress.step
            tell(
                Report(
                    progress.step,
                    len(order),
                    mean,
                    valid_loss,
                    since[1] / max(since[2], 1e-9),
                    left,
                    mx.get_peak_memory() / 1e9,
                )
            )
            since = [0.0, 0, 0.0]
        if settings.patience and progress.looks_without_gain >= settings.patience:
            break
        if looked or time.monotonic() - last_kept > CHECKPOINT_SECONDS:
            keep(finished=False)
            last_kept = time.monotonic()
    keep(finished=True)
    return progress


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


def mean_loss(model: Any, sequences: tuple[Masked, ...], size: int) -> float:
    """Nats a learned token, over all of the sequences."""
    total, learned = 0.0, 0
    share = can_share(model)
    model.eval()
    for batch in batches(sequences, size, 0, 0):
        given = arrays([sequences[index] for index in batch], share)
        total += total_loss(model, *given).item()
        learned += int(given[-1].sum().item())
    model.train()
    return total / learned


def _look(model: Any, valid: tuple[Masked, ...], settings: Settings, progress: Progress) -> float:
    loss = mean_loss(model, valid, settings.batch_size)
    progress.valid_losses.append((progress.step, loss))
    if progress.best_loss is None or loss < progress.best_loss:
        progress.best_loss, progress.best_step, progress.looks_without_gain = loss, progress.step, 0
    else:
        progress.looks_without_gain += 1
    return loss


def _step(model: Any, optimizer: Any) -> "Callable[..., tuple[float, int]]":
    import mlx.core as mx
    import mlx.nn as nn

    def objective(*given: "mx.array") -> "mx.array":
        # The mean over learned tokens, so that long answers don't take longer strides than short ones.
        return total_loss(model, *given) / given[-1].sum()

    gradient = nn.value_and_grad(model, objective)

    def step(*given: "mx.array") -> tuple[float, int]:
        loss, gradients = gradient(*given)
        optimizer.update(model, gradients)
        mx.eval(model.trainable_parameters(), optimizer.state, loss)
        learned = int(given[-1].sum().item())
        return loss.item() * learned, learned

    return step


def _optimizer(settings: Settings, steps: int) -> Any:
    import mlx.optimizers as optim

    warmup = round(settings.warmup * steps)
    fall = optim.cosine_decay(settings.learning_rate, max(1, steps - warmup), settings.learning_rate / 10)
    rate = fall
    if warmup:
        rise = optim.linear_schedule(0.0, settings.learning_rate, warmup)
        rate = optim.join_schedules([rise, fall], [warmup])
    return optim.AdamW(learning_rate=rate, weight_decay=settings.weight_decay)
