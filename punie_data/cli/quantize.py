"""`punie-data quantize`: a model rounded to few bits."""

from pathlib import Path

import click

from punie_data.cli.recording import recorded, tell_history
from punie_data.errors import UserError


@click.command(
    epilog="""\b
Examples:
  punie-data quantize models/mine --bits 8 --out models/mine-8bit
  punie-data quantize models/mine --bits 4 --wider "lm_head|embed=8" --out models/mine-4bit
  punie-data quantize models/mine --recipe mixed_4_6 --out models/mine-mixed"""
)
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--bits", type=int, help="2, 3, 4, 5, 6 or 8.")
@click.option(
    "--recipe",
    help="In place of --bits, a mixture of mlx-lm's: mixed_2_6, mixed_3_4, mixed_3_6 or mixed_4_6.",
)
@click.option(
    "--group-size", type=int, default=64, show_default=True, help="Weights that share a scale: 32, 64 or 128."
)
@click.option(
    "--wider",
    multiple=True,
    metavar="PATTERN=BITS",
    help="Another width for layers whose name matches. Repeatable.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@recorded
def quantize(
    model: Path, bits: int | None, recipe: str | None, group_size: int, wider: tuple[str, ...], out: Path
) -> None:
    """Write MODEL with its weights rounded: whole, or nothing of it. Its shards are checked before and after."""
    from punie_data.history.outcomes import quantized
    from punie_data.quantize.rounding import quantize as round_weights

    widths = {}
    for pair in wider:
        pattern, equals, width = pair.rpartition("=")
        if not equals or not width.isdigit():
            raise UserError(f"--wider {pair}: write PATTERN=BITS")
        widths[pattern] = int(width)
    told = round_weights(model, out, bits, group_size, widths, recipe)
    for line in told.mended:
        click.echo(line, err=True)
    layers = ", ".join(f"{count} layers of {width} bits" for width, count in told.widths.items())
    click.echo(f"{told.bits_a_weight:.2f} bits a weight ({layers}): {out}")
    tell_history(lambda: quantized(model, out, bits, group_size, widths, told.bits_a_weight, recipe))
