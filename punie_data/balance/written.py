"""What balance writes: a dataset folder whose parts are inside the mix, each on its own, or a single file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from punie_data import __version__, jsonl
from punie_data.balance.mix import Mix
from punie_data.balance.plan import Plan, kept, left_out
from punie_data.dataset import FORMAT, PARTS, Step, carried, digest, manifest_beside, write_parts


def write_folder(
    out: Path, base: Mapping[str, Any], plans: Sequence[Plan], mix: Mix, seed: int
) -> dict[str, int]:
    """Write every plan's rows under its part's name, what is left out to `rejected.jsonl`, and the manifest; rows a file.

    `base` is the manifest of the dataset that was balanced. Call it in `dataset.claimed(out)`.
    """
    parts = {one.path.stem if one.path.stem in PARTS else PARTS[0]: kept(one) for one in plans}
    return write_parts(out, base, _step(plans, mix, seed), parts, chain.from_iterable(map(left_out, plans)))


def write_file(out: Path, base: Mapping[str, Any], plan: Plan, mix: Mix, seed: int) -> list[Path]:
    """Write the plan's rows; what is left out stays in the input alone. Where the input has a manifest (`base`), so has `out`. The files written."""
    with jsonl.whole_file(out) as file:
        for raw in kept(plan):
            file.write(raw if raw.endswith(b"\n") else raw + b"\n")
    if not base:
        return [out]
    manifest = {
        "format": FORMAT,
        "made_by": f"punie-data {__version__}",
        **carried(base),
        "steps": [*base.get("steps", []), asdict(_step([plan], mix, seed))],
        "counts": {"examples": plan.after},
        "files": {out.name: digest(out)},
    }
    with jsonl.whole_file(manifest_beside(out)) as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return [out, manifest_beside(out)]


def _step(plans: Sequence[Plan], mix: Mix, seed: int) -> Step:
    return Step(
        "balance",
        {"mix": mix.to_json(), "seed": seed},
        {one.path.name: digest(one.path) for one in plans},
        {
            one.path.stem: {"before": one.before, "after": one.after, "no_rows": len(one.unread)}
            for one in plans
        },
    )
