"""Which weights answered? The name of a folder proves nothing, the digest of what is in it does."""

import hashlib
from pathlib import Path

from punie_data import dataset


def weights_digest(model: Path, adapter: Path | None) -> str:
    """The SHA-256 over the weights of the model and the adapter: the proof of which system answered."""
    whole = hashlib.sha256()
    for folder in filter(None, (model, adapter)):
        for file in sorted(folder.glob("*.safetensors")):
            whole.update(f"{file.name}:{dataset.digest(file)}\n".encode())
    return whole.hexdigest()
