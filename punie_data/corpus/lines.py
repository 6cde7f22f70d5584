"""How much Python a repository holds."""

from pathlib import Path


def count_python(root: Path) -> tuple[int, int]:
    """How many `.py` files lie under `root`, and how many lines they have; `.git` and links left out."""
    files = lines = 0
    for path in root.rglob("*.py"):
        if path.is_symlink() or not path.is_file() or path.relative_to(root).parts[0] == ".git":
            continue
        data = path.read_bytes()
        files += 1
        lines += data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    return files, lines
