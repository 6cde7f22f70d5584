"""A model by what a user calls it: a folder, a name of the catalogue, or one of a hub."""

import re
from collections.abc import Callable
from pathlib import Path

from punie_data.errors import UserError
from punie_data.models.catalogue import CATALOGUE, get

STAND_IN = (
    "name a stand-in with --model: a folder of a model in MLX form, or a name of `punie-data model list`"
)
_OF_A_HUB = re.compile(r"[\w.-]+/[\w.-]+")
_FILES = ("*.json", "*.safetensors", "*.jinja", "merges.txt", "vocab.*", "*.model", "LICENSE*")


def named_model(name: str, cache: Path, progress: Callable[[str], None]) -> Path:
    """The folder of a model. UserError, one line, where it can't be had."""
    if not name:
        raise UserError(f"the recipe names no model: {STAND_IN}")
    folder = Path(name)
    if folder.is_dir():
        return folder
    if name in CATALOGUE:
        return get(name, cache, progress)
    if _OF_A_HUB.fullmatch(name) and not name.startswith("."):
        return _from_hub(name, progress)
    raise UserError(f"there is no model {name}: {STAND_IN}")


def _from_hub(name: str, progress: Callable[[str], None]) -> Path:
    """Where the hub's own library keeps it; fetched where it isn't there yet."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
    except ImportError:
        raise UserError(f"{name} is on a hub, and huggingface_hub is not installed: {STAND_IN}") from None
    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES), local_files_only=True))
    except LocalEntryNotFoundError:
        progress(f"fetching {name} from the hub")
    try:
        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError):
        raise UserError(f"{name} can't be had from a hub here: {STAND_IN}") from None
