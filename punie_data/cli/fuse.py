"""`punie-data fuse`: an adapter made one with its model."""

from pathlib import Path

import click

from punie_data.cli.recording import recorded, tell_history


@click.command(
    epilog="""\b
Example:
  punie-data fuse models/qwen adapters/mine --out models/mine"""
)
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("adapter", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option(
    "--requantize",
    is_flag=True,
    help="Keep a quantized model quantized: at 4 bits this erases most of the training.",
)
@recorded
def fuse(model: Path, adapter: Path, out: Path, requantize: bool) -> None:
    """Write MODEL with ADAPTER multiplied in, dequantized. `punie-data survival` says how far it can be rounded afterwards."""
    from punie_data.history.outcomes import fused
    from punie_data.quantize.fuse import fuse as fuse_adapter

    layers, mended = fuse_adapter(model, adapter, out, dequantize=not requantize)
    for line in mended:
        click.echo(line, err=True)
    click.echo(f"{layers} layers fused: {out}")
    tell_history(lambda: fused(model, adapter, out, not requantize))
