"""The dataset's card: what is in it, whose it is, and how it is made again. Markdown, the same bytes for the same manifest."""

import shlex
from collections import Counter
from typing import Any

from punie_data.licences import attribution


def card(name: str, manifest: dict[str, Any]) -> str:
    """`manifest` is that of `dataset.write_dataset`, without its `files`."""
    counts = manifest["counts"]
    sources = manifest["sources"]
    lines = [
        f"# {name}",
        "",
        f"{counts['examples']:,} training conversations for a tool-calling coding agent, mined from {len(sources)} "
        f"Python {'repository' if len(sources) == 1 else 'repositories'} by {manifest['made_by']}. Every tool result really happened; "
        "`punie-data verify` runs all of them again.",
        "",
        "| kind | rows | share |",
        "|---|---:|---:|",
    ]
    for kind, count in counts["kinds"].items():
        lines.append(f"| {kind} | {count:,} | {count / counts['examples']:.1%} |")
    lines += ["", "| repository | revision | licence | lines of Python | rows |", "|---|---|---|---:|---:|"]
    for source in sources:
        rows = counts["repositories"].get(source["name"], 0)
        lines.append(
            f"| {source['name']} | `{source['origin']}` | {source['license']} | {source['python_lines']:,} | {rows:,} |"
        )
    lines += ["", "| generator | rows | rejected |", "|---|---:|---:|"]
    for generator, entry in manifest["generators"].items():
        lines.append(f"| {generator} | {entry['examples']:,} | {sum(entry['rejected'].values()) or ''} |")
    lines += ["", "Why rows were rejected (they are in `rejected.jsonl`):", ""]
    reasons = sum((Counter(entry["rejected"]) for entry in manifest["generators"].values()), Counter())
    lines += [
        f"- {count:,}: {reason}"
        for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ] or ["- none"]
    lines += [
        "",
        *attribution(sources),
        "## Make it again",
        "",
        "```console",
        f"$ {command(manifest)}",
        "```",
        "",
        f"Tools: {', '.join(f'{tool} {version}' for tool, version in manifest['tools'].items())}. The system prompt, which is part of no row, "
        "stands in `manifest.json`.",
        "",
    ]
    return "\n".join(lines)


def command(manifest: dict[str, Any]) -> str:
    """The command line that makes the same rows; local folders are named as they were called."""
    options = manifest["options"]
    words = ["punie-data generate"]
    for source in manifest["sources"]:
        origin = source["origin"]
        words.append(f"--repo {origin}" if "==" in origin or "://" in origin else f"--repo ./{origin}")
    words.append(f"--seed {options['seed']} --quota {options['quota']} --cap {options['cap']}")
    if options["limit"] is not None:
        words.append(f"--limit {options['limit']}")
    words += [f"--without {shlex.quote(one)}" for one in options.get("without", ())]
    if options["allow_exec"]:
        words.append("--allow-exec")
    return " \\\n    ".join(words)
