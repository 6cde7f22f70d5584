"""The card of a published export: what it holds, how it is loaded, how it was made, and whose text it quotes."""

from typing import Any

from punie_data.licences import attribution

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(name: str, manifest: dict[str, Any]) -> str:
    """Markdown with the header that the hub reads; the same bytes for the same manifest."""
    step = manifest["steps"][-1]
    options, counts = step["options"], manifest["counts"]
    sources = manifest.get("sources", [])
    splits = sorted(
        {file.split("/")[1].split("-")[0] for file in manifest["files"] if file.startswith("data/")}
    )
    rows = sum(count for part, count in counts.items() if part != "rejected")
    lines = [
        "---",
        f"license: {_licence(sources)}",
        "language:",
        "- en",
        "task_categories:",
        "- text-generation",
        "tags:",
        "- tool-calling",
        "- code",
        "- punie-data",
        "size_categories:",
        f"- {next((size for most, size in SIZES if rows < most), 'n>1M')}",
        "configs:",
        "- config_name: default",
        "  data_files:",
    ]
    for split in ("train", "validation", "test"):
        if split in splits:
            lines += [f"  - split: {split}", f"    path: data/{split}-*.parquet"]
    lines += [
        "---",
        "",
        f"# {name}",
        "",
        f"{rows:,} rows for training a tool-calling coding agent, in the dialect `{options['dialect']}` as {options['for']} reads them. Written by "
        f"{manifest['made_by']}.",
        "",
        "| split | rows |",
        "|---|---:|",
        *(f"| {part} | {count:,} |" for part, count in counts.items() if part != "rejected"),
        "",
        "## How it was made",
        "",
        *(f"{number}. `punie-data {each['command']}`" for number, each in enumerate(manifest["steps"], 1)),
        "",
        "`manifest.json` has the options of each step, the system prompt, and the checksum of every file. Messages, signatures and `punie_data` "
        "(id, label, origin and runs of the record that a row was made of) are columns of JSON: `datasets` 5 or newer gives them back as objects.",
        "",
        *attribution(sources),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _licence(sources: list[dict[str, Any]]) -> str:
    """The one licence of all sources as the hub names it, else `other`: the list below says whose is which."""
    names = {str(source.get("license", "unknown")).lower() for source in sources}
    only = next(iter(names)) if len(names) == 1 else "other"
    return only if only != "unknown" and only.replace("-", "").replace(".", "").isalnum() else "other"
