"""An export as Parquet files with a card, on disk or on the Hugging Face hub.

Arrow wants one type for a column, and fills up what a row lacks with null, so that each call would have the arguments of all tools: messages, signatures
and what is carried along are therefore columns of JSON (`datasets.Json`), which come back as they were.
"""

import shutil
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from punie_data import dataset, jsonl
from punie_data.dataset import MANIFEST, REJECTED
from punie_data.errors import DEVICE_TROUBLE, UserError
from punie_data.export.card import card
from punie_data.export.targets import KEPT
from punie_data.gate.scan import scan

SHARD = 20_000
"""Rows a file: what is held in memory at once."""
SPLITS = {"train": "train", "valid": "validation", "test": "test"}
"""The names of our parts on the hub."""


def write_parquet(rows: Path, out: Path) -> dict[str, Any]:
    """The JSON Lines of an export, in the folder `rows`, as Parquet files in `out`, with a card and the manifest; returns the manifest.

    UserError where the library is missing, or `out` can't be written.
    """
    datasets = _library()
    manifest = dataset.read_manifest(rows)
    files: dict[str, str] = {}
    with dataset.claimed(out):
        dataset.prepare_folder(out)
        folder = out / "data"
        try:
            folder.mkdir(exist_ok=True)
            for old in folder.glob("*-of-*.parquet"):
                old.unlink()
            for name, file in dataset.part_files(rows).items():
                features = _features(datasets, file)
                count = max(1, -(-manifest["counts"][name] // SHARD))
                lines = (line.row for line in jsonl.read(file))
                for number in range(count):
                    shard = folder / f"{SPLITS[name]}-{number:05}-of-{count:05}.parquet"
                    _write(datasets, list(islice(lines, SHARD)), features, shard)
                    files[f"data/{shard.name}"] = dataset.digest(shard)
            shutil.copyfile(rows / f"{REJECTED}.jsonl", out / f"{REJECTED}.jsonl")
            files[f"{REJECTED}.jsonl"] = dataset.digest(out / f"{REJECTED}.jsonl")
            manifest = {**manifest, "files": files}
            with jsonl.whole_file(out / "README.md") as file:
                file.write(card(out.resolve().name, manifest).encode())
            with jsonl.whole_file(out / MANIFEST) as file:
                file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as error:
            if error.errno not in DEVICE_TROUBLE:
                raise
            raise UserError(f"{out}: {error.strerror or error}") from None
    return manifest


def refuse_residue(rows: Path) -> None:
    """UserError where the gate finds something that must not be published in the rows of a folder."""
    found = next(scan(rows), None)
    if found is not None:
        file, residue = found
        raise UserError(
            f"not published: {file.name}:{residue.line} {residue.where}: {residue.what}; "
            "`punie-data scan` finds all of it, `scan --redact` writes the dataset without it"
        )


def push(out: Path, repository: str, private: bool) -> str:
    """Upload a folder that `write_parquet` wrote, without its rejected rows; the address of the dataset. UserError where the hub refuses it."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

    hub = HfApi()
    try:
        address = hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        hub.upload_folder(
            repo_id=repository,
            folder_path=out,
            repo_type="dataset",
            commit_message="punie-data export",
            ignore_patterns=[f"{REJECTED}.jsonl", ".*"],
        )
    except (HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OSError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"the hub did not take {repository}: {said[:200]}; the files are in {out}") from None
    return str(address)


def _library() -> Any:
    try:
        import datasets
    except ImportError:
        datasets = None
    if datasets is None or not hasattr(datasets, "Json"):
        raise UserError("Parquet needs the package datasets, 5 or newer: pip install 'punie-data[hub]'")
    datasets.disable_progress_bars()
    return datasets


def _features(datasets: Any, file: Path) -> Any:
    """The types of the columns of a file: JSON for whatever has keys of its own, text for the rest."""
    text, json = datasets.Value("string"), datasets.Json()
    columns = dict.fromkeys(name for line in jsonl.read(file) for name in line.row)
    types = {
        "messages": datasets.List(json),
        "conversations": datasets.List({"from": text, "value": text}),
        "tools": text if "conversations" in columns else json,
        KEPT: json,
    }
    return datasets.Features({name: types.get(name, text) for name in columns})


def _write(datasets: Any, rows: list[Mapping[str, Any]], features: Any, path: Path) -> None:
    whole = [{name: _cell(name, row.get(name)) for name in features} for row in rows]
    temporary = path.with_name(f".{path.name}.part")
    try:
        datasets.Dataset.from_list(whole, features=features).to_parquet(str(temporary))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _cell(name: str, value: Any) -> Any:
    """What a column holds: JSON already written, since the library's own writer cuts the digits of numbers."""
    if name == "messages":
        return [orjson.dumps(message).decode() for message in value]
    return (
        orjson.dumps(value).decode() if isinstance(value, dict | list) and name in ("tools", KEPT) else value
    )
