"""`punie-data generators`: which questions can be asked?"""

import json
from pathlib import Path

import click

from punie_data.errors import UserError


@click.command(epilog="Example:  punie-data generators definition")
@click.argument("name", required=False)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="More generators.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def generators(name: str | None, folders: tuple[Path, ...], as_json: bool) -> None:
    """List the generators, or print what one of them makes."""
    from punie_data.generators import discover, load

    known = discover(folders)
    if name is not None:
        if name not in known:
            raise UserError(f"no generator {name!r}; `punie-data generators` lists them")
        click.echo((load(known[name]).__doc__ or "").strip())
        return
    if as_json:
        click.echo(
            json.dumps(
                [
                    {"name": g.name, "help": g.help, "derived": g.derives, "runs_code": g.executes}
                    for g in known.values()
                ],
                indent=1,
            )
        )
        return
    width = max(map(len, known))
    for generator in known.values():
        marks = " (from other generators' rows)" if generator.derives else ""
        marks += " (with --allow-exec)" if generator.executes else ""
        click.echo(f"{generator.name:<{width}}  {generator.help}{marks}")
