"""`punie-data suite`: queries to evaluate with."""

from collections import Counter
from pathlib import Path

import click

from punie_data.errors import UserError


@click.command(
    epilog="""\b
Examples:
  punie-data generate --repo itsdangerous==2.2.0 --out data/unseen
  punie-data suite data/unseen --queries 200 --out unseen.jsonl
  punie-data evaluate unseen.jsonl --model models/mine --out results/unseen"""
)
@click.argument("source", metavar="DATASET|FILE", type=click.Path(path_type=Path))
@click.option(
    "--queries", type=click.IntRange(min=1), default=100, show_default=True, help="How many, at most."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other queries.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
def suite(source: Path, queries: int, seed: int, out: Path) -> None:
    """Choose queries from mined rows: kinds and categories in fair shares, one question each, gold answers included.

    Mine a repository that is in no training set; `punie-data decontaminate --against` takes out of a training set what a suite asks.
    """
    from punie_data import dataset, importing, jsonl
    from punie_data.evaluate.suite import choose

    dataset.refuse_input(out, [source])
    rows = []
    for path in dataset.part_files(source).values():
        for line in importing.records(path):
            if line.row is None:
                raise UserError(f"{path}:{line.number}: {line.problem}")
            rows.append(line.row)
    chosen = choose(rows, queries, seed)
    if not chosen:
        raise UserError(f"{source} has no row that asks one question")
    jsonl.write(out, (dict(row) for row in chosen))
    kinds = Counter(row["label"]["kind"] for row in chosen)
    click.echo(
        f"{len(chosen)} queries ({', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()))}): {out}"
    )
