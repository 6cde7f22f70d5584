"""A dataset folder, balanced into another: each of its parts is inside the mix on its own."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from punie_data.balance.mix import Mix
from punie_data.balance.plan import Plan, kept, left_out
from punie_data.dataset import Step, digest, write_parts


def write_folder(
    out: Path, base: Mapping[str, Any], plans: Sequence[Plan], mix: Mix, seed: int
) -> dict[str, int]:
    """Write every plan's rows under its part's name, what is left out to `rejected.jsonl`, and the manifest; rows a file.

    `base` is the manifest of the dataset that was balanced. Call it in `dataset.claimed(out)`.
    """
    step = Step(
        "balance",
        {"mix": mix.to_json(), "seed": seed},
        {one.path.name: digest(one.path) for one in plans},
        {
            one.path.stem: {"before": one.before, "after": one.after, "no_rows": len(one.unread)}
            for one in plans
        },
    )
    parts = {one.path.stem: kept(one) for one in plans}
    return write_parts(out, base, step, parts, chain.from_iterable(map(left_out, plans)))
