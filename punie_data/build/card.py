"""The card of a dataset that was built: what is in it, whose it is, what was left out, and how it is made again. The same bytes every time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from punie_data.build.recipe import Recipe
from punie_data.chat import KINDS
from punie_data.importing import records


@dataclass(slots=True)
class Composition:
    """Rows: of each kind in each part, of each repository, of each licence."""

    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    repositories: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)


def composition(parts: Mapping[str, Path]) -> Composition:
    """What is in the parts of a dataset."""
    found = Composition()
    for name, file in parts.items():
        kinds = found.kinds.setdefault(name, Counter())
        for line in records(file):
            kinds[line.row["label"]["kind"]] += 1
            found.repositories[line.row["origin"]["repo"]] += 1
            found.licences[line.row["origin"]["license"] or "unknown"] += 1
    return found


def card(
    recipe: Recipe, manifest: Mapping[str, Any], inside: Composition, rejected: Mapping[str, int]
) -> str:
    """Markdown. `rejected` are the rows that each step rejected."""
    kinds, repositories, licences = inside.kinds, inside.repositories, inside.licences
    rows = sum(licences.values())
    lines = [f"# {recipe.name}", ""]
    if recipe.description:
        lines += [recipe.description, ""]
    lines += [
        f"{rows:,} training conversations for a tool-calling coding agent, built by {manifest['made_by']} from the recipe `{recipe.path.name}`.",
        "",
        f"| split | rows | {' | '.join(KINDS)} |",
        f"|---|---:|{'---:|' * len(KINDS)}",
    ]
    for name, counts in kinds.items():
        total = sum(counts.values())
        shares = " | ".join(
            f"{counts[kind]:,} ({counts[kind] / total:.1%})" if total else "0" for kind in KINDS
        )
        lines.append(f"| {name} | {total:,} | {shares} |")
    lines += ["", "| step | rows left | rejected |", "|---|---:|---:|"]
    for step in manifest["steps"][-1]["counts"]["steps"]:
        lines.append(f"| {step['step']} | {step['rows']:,} | {_count(rejected.get(step['step'], 0))} |")
    if rejected.get("generate"):
        lines.append(f"| generate | | {rejected['generate']:,} |")
    lines += ["", "Rejected rows are in `rejected.jsonl`, each with its step and its reason.", ""]
    lines += ["| repository | revision | licence | rows |", "|---|---|---|---:|"]
    known = {source["name"]: source for source in manifest.get("sources", ())}
    for name, count in sorted(repositories.items(), key=lambda pair: (-pair[1], pair[0])):
        source = known.get(name, {})
        origin = f"`{source['origin']}`" if source.get("origin") else ""
        lines.append(f"| {_cell(name)} | {origin} | {source.get('license', '')} | {count:,} |")
    lines += [
        "",
        "The text of files in results belongs to the repositories' authors, under their licences "
        f"({', '.join(f'{count:,} rows {_cell(name)}' for name, count in sorted(licences.items()))}); each row names its repository, revision and "
        "licence under `origin`.",
        "",
        "## Make it again",
        "",
        "```console",
        f"$ punie-data build {recipe.path.name} --out data/{recipe.name}",
        "```",
        "",
        "The recipe stands in `manifest.json` too, as the options of the last step; `punie-data lineage` tells where a row came from.",
        "",
    ]
    return "\n".join(lines)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
