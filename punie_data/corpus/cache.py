"""Where fetched repositories live, and how a folder gets there: whole, or not at all.

<cache>/downloads/<sha256>/<file name>      a verified source distribution
<cache>/pins/<project>-<version>.json       what the index said of it, so that a second run needs no network
<cache>/sources/<key>/<name>/               the repository, as it is mined
<cache>/sources/<key>/complete.json         written last: what the folder is
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import platformdirs

from punie_data import jsonl
from punie_data.errors import UserError

MARKER = "complete.json"
_ABANDONED_AFTER = 24 * 3600


def cache_folder(given: Path | None = None) -> Path:
    """`given`, else $PUNIE_DATA_CACHE, else the user's cache folder. It need not exist yet."""
    if given is not None:
        return given.absolute()
    named = os.environ.get("PUNIE_DATA_CACHE")
    return Path(named).absolute() if named else platformdirs.user_cache_path("punie-data")


@contextmanager
def whole_folder(final: Path) -> Iterator[Path]:
    """A new folder that becomes `final` when the block ends well; else nothing is left of it.

    If another process finished `final` in the meantime, its folder stays and ours goes: both were made from the
    same bytes by the same rules.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    _sweep(final.parent)
    part = Path(tempfile.mkdtemp(prefix=f".{final.name}.", suffix=".part", dir=final.parent))
    try:
        yield part
        part.chmod(0o755)
        try:
            part.rename(final)
        except OSError:
            if not final.is_dir():
                raise
            shutil.rmtree(part)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _sweep(folder: Path) -> None:
    """Remove what killed runs left; a day's grace keeps us off the feet of a run in progress."""
    for part in folder.glob(".*.part"):
        try:
            if time.time() - part.stat().st_mtime > _ABANDONED_AFTER:
                shutil.rmtree(part, ignore_errors=True)
        except FileNotFoundError:
            continue


def write_json(path: Path, value: dict[str, Any]) -> None:
    """One JSON object, keys sorted, whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with jsonl.whole_file(path) as file:
        file.write(orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_json` wrote, or None where there is no such file or it is damaged."""
    try:
        value = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None


@contextmanager
def disk_trouble(cache: Path) -> Iterator[None]:
    """A full disk, a read-only cache and their like are the user's to mend: one line."""
    try:
        yield
    except OSError as error:
        raise UserError(f"the cache {cache} cannot be used: {error.strerror or error}") from None
