"""Code Mode's programs that go through a result: one line for each, only those that fulfil a condition, or one branch and not the other."""

from textwrap import indent

from punie_data.scenario.subjects import called
from punie_data.tools.base import Outcome


def each(outcome: Outcome, source: str, name: str, printed: str, condition: str = "") -> str:
    """One printed line for each element of the result's `source`, or for each that fulfils the condition."""
    inside = f"    if {condition}:\n        print({printed})" if condition else f"    print({printed})"
    return f"result = {called(outcome)}\nfor {name} in result.{source}:\n{inside}"


def kept(outcome: Outcome, source: str, name: str, condition: str, printed: str) -> str:
    """Filter, count, print."""
    return (
        f"result = {called(outcome)}\nkept = [{name} for {name} in result.{source} if {condition}]\n"
        f"print(len(kept))\nfor {name} in kept:\n    print({printed})"
    )


def if_else(first: str, condition: str, then: str, otherwise: str) -> str:
    """A condition with both its branches; `RESULT` in them is the result's name where it is `result`."""
    branches = [indent(branch.replace("RESULT", "result"), "    ") for branch in (then, otherwise)]
    return f"{first}\nif {condition}:\n{branches[0]}\nelse:\n{branches[1]}"
