"""What a recipe would do, said before it does it."""

from punie_data.build.recipe import Mine
from punie_data.train_and_eval.spoil import said
from punie_data.train_and_eval.wanted import Wanted


def planned(wanted: Wanted, model: str | None) -> list[tuple[str, str]]:
    """(step, what it would do), in their order."""
    found = [("model", model or wanted.model.base or "none")]
    if wanted.model.bits:
        found.append(("base", f"rounded to {wanted.model.bits} bits, where it isn't yet"))
    if wanted.dataset is not None:
        names = [
            (one.repo or f"corpus {one.corpus}") if isinstance(one, Mine) else one.path.name
            for one in wanted.dataset.sources
        ]
        found.append(("build", f"from {', '.join(names)}"))
        counts = [
            f"{count:,} {kind if category == '*' else f'{kind}/{category}'}"
            for kind, of in wanted.rows.counts.items()
            for category, count in of.items()
        ]
        least = f", tool rows of at least {wanted.rows.calls} calls" if wanted.rows.calls else ""
        found.append(("choose", (", ".join(counts) or "all rows") + least))
    if wanted.spoil:
        found.append(("spoil", f"on purpose: {', '.join(said(wanted.spoil))}"))
    if wanted.train is not None:
        settings = wanted.train
        length = f"{wanted.iterations} batches" if wanted.iterations else f"{settings.epochs:g} epochs"
        found.append(
            (
                "train",
                f"{settings.method}, {settings.dialect}, {length} of {settings.batch_size}, {settings.layers} layers, learning rate {settings.learning_rate:g}",
            )
        )
        if wanted.requantize:
            found.append(("fuse", f"and round again to the base's {wanted.model.bits} bits"))
        if wanted.bits:
            found.append(("quantize", ", ".join(f"{bits} bits" for bits in wanted.bits)))
            found.append(("survival", "of what was trained, at each width"))
    asked = wanted.evaluate
    if asked.command:
        found.append(("evaluate", f"the command {asked.command}"))
    elif asked.endpoint:
        found.append(("evaluate", f"the model {asked.model} behind {asked.endpoint}"))
    else:
        of = ", ".join(asked.systems) or "every system"
        found.append(("evaluate", f"{of}, {asked.queries} queries at most"))
    criteria = ", ".join(f"{name} {value:g}" for name, value in wanted.criteria.items())
    found.append(("decide", criteria or "by accuracy alone"))
    return found
