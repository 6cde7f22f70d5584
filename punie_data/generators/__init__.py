"""The shipped generators: in a checkout they live in the top-level `generators/` folder, in a wheel in this one."""

from pathlib import Path

_checkout = Path(__file__).resolve().parents[2] / "generators"
if (_checkout / "definition.py").exists():
    __path__.append(str(_checkout))
