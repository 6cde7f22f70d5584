"""Data files that ship with the package, found alike in a wheel and in a checkout."""

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parent


def path_of(*parts: str) -> Path:
    """`path_of("schemas", "example.schema.json")`: inside the installed package, else beside it in the checkout.

    Raises FileNotFoundError, because a missing resource is a broken installation and not the user's mistake.
    """
    for base in (PACKAGE, CHECKOUT):
        found = base.joinpath(*parts)
        if found.exists():
            return found
    raise FileNotFoundError(f"the installation lacks {'/'.join(parts)}")
