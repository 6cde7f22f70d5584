"""`punie-data survival`: what of a training outlives rounding."""

import json
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import click

from punie_data.cli.progress import progress
from punie_data.errors import UserError

if TYPE_CHECKING:
    from punie_data.quantize.survival import Survival


@click.command(
    epilog="""\b
Example:
  punie-data survival models/qwen adapters/mine --bits 4,5,6,8"""
)
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("adapter", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--bits", default="3,4,5,6,8", show_default=True, help="Widths, with commas.")
@click.option("--group-size", type=int, default=64, show_default=True, help="Weights that share a scale.")
@click.option("--layers", is_flag=True, help="Print each layer too.")
@click.option("--json", "as_json", is_flag=True, help="All layers as JSON.")
def survival(model: Path, adapter: Path, bits: str, group_size: int, layers: bool, as_json: bool) -> None:
    """Predict how much of what ADAPTER taught MODEL is left after rounding to so many bits.

    The cosine compares what training changed with what is changed after both, before and after training, were rounded: near 1 the training
    survives, near 0 the rounded model answers like the untrained one. Named is the narrowest width whose cosine is at least 0.71: there what
    rounding adds is no longer than what training changed.
    """
    from punie_data.quantize import survival as surviving
    from punie_data.quantize.rounding import WIDTHS

    try:
        widths = [int(part) for part in bits.split(",")]
    except ValueError:
        raise UserError(f"--bits {bits}: write numbers with commas, as 4,8") from None
    for width in widths:
        if width not in WIDTHS:
            raise UserError(f"no {width} bits: mlx has {', '.join(map(str, WIDTHS))}")
    with progress(quiet=as_json) as shown:
        found = surviving.survival(model, adapter, widths, group_size, shown.stage, shown.advance)
    chosen = surviving.narrowest(found)
    if as_json:
        told = {
            "narrowest": chosen,
            "cosine_from_which_on_it_survives": round(surviving.SURVIVES, 4),
            "overall": [_told(one) for one in found if one.layer == "all"],
            "layers": [_told(one) for one in found if one.layer != "all"],
        }
        click.echo(json.dumps(told, indent=1))
        return
    click.echo("bits  cosine   kept   noise  layer")
    for one in found:
        if layers or one.layer == "all":
            click.echo(f"{one.bits:>4}  {one.cosine:>6.3f}  {one.kept:>5.2f}  {one.noise:>6.2f}  {one.layer}")
    if chosen is None:
        click.echo(
            "predicted to survive: none of them; train longer or with a larger rank, or keep the model unrounded"
        )
    else:
        worst = min(
            (one for one in found if one.bits == chosen and one.layer != "all"), key=lambda one: one.cosine
        )
        click.echo(
            f"predicted to survive: {chosen} bits and more; least of it in {worst.layer} ({worst.cosine:.3f})"
        )


def _told(one: "Survival") -> dict[str, object]:
    """Without what is no number: JSON has no infinity."""
    return {key: None if value == inf else value for key, value in asdict(one).items()}
