"""Whether a folder's weights are all there: what the index names, what the files hold, and the bytes by which they were signed.

A download that broke off, or a disk that was full, leaves shards that open and lack their end; mlx reads them lazily and fails in the middle, or not at all.
"""

import json
import struct
from pathlib import Path
from typing import Any

from punie_data import dataset
from punie_data.errors import UserError

INDEX = "model.safetensors.index.json"
MOST_HEADER = 256 * 1024**2
"""Bytes that a header may have: more is no header."""


def check_weights(folder: Path, digests: bool = True) -> int:
    """How many tensors the folder's weights hold. UserError, with the file, where one lacks, is cut off, holds what the index does not name, or (with
    `digests`) has other bytes than `punie-data` wrote.
    """
    index = _index(folder)
    named: dict[str, str] = index.get("weight_map") or {}
    files = sorted({*named.values()} or {file.name for file in folder.glob("*.safetensors")})
    if not files:
        raise UserError(f"{folder} holds no weights (*.safetensors)")
    found: dict[str, str] = {}
    for name in files:
        if Path(name).name != name:
            raise UserError(f"{folder / INDEX} names {name!r}, which is no file of this folder")
        for tensor in tensors(folder / name):
            if tensor in found:
                raise UserError(f"{folder / name} holds {tensor}, and so does {found[tensor]}")
            found[tensor] = name
    if named:
        for tensor, name in named.items():
            if found.get(tensor) != name:
                raise UserError(f"{folder / name} lacks {tensor}, which {INDEX} says is there")
        for tensor, name in found.items():
            if tensor not in named:
                raise UserError(f"{folder / name} holds {tensor}, which {INDEX} does not name")
    for name, wanted in ((index.get("metadata") or {}).get("sha256") or {}).items() if digests else ():
        if dataset.digest(folder / Path(name).name) != wanted:
            raise UserError(f"{folder / name} is not what was written: its SHA-256 is another")
    return len(found)


def tensors(file: Path) -> dict[str, dict[str, Any]]:
    """What a safetensors file holds by name (`dtype`, `shape`, `data_offsets`), read from its header alone. UserError where the file is cut off or is
    none.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            head = opened.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else MOST_HEADER + 1
            if length > min(MOST_HEADER, size - 8):
                raise UserError(f"{file} is no safetensors file, or is cut off in its header")
            header = json.loads(opened.read(length))
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    except ValueError:
        raise UserError(f"{file}: its header is not JSON: it is damaged") from None
    header.pop("__metadata__", None)
    end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if size < 8 + length + end:
        raise UserError(f"{file} is cut off: it has {size:,} bytes and its header needs {8 + length + end:,}")
    return header


def _index(folder: Path) -> dict[str, Any]:
    file = folder / INDEX
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text())
    except ValueError as error:
        raise UserError(f"{file}: {error}") from None
    return found if isinstance(found, dict) else {}
