"""`punie-data explain`: what a code of `validate` means."""

import textwrap
from typing import Any

import click
import orjson

from punie_data.errors import UserError
from punie_data.validate.catalogue import RULES
from punie_data.validate.config import rule_named
from punie_data.validate.examples import examples
from punie_data.validate.fix import CODES
from punie_data.validate.rule import Rule

_WIDTH = 100


@click.command(epilog="Examples:\n\n\b\n  punie-data explain PD208\n  punie-data explain --all --json")
@click.argument("codes", metavar="CODE...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every rule, in the order of the codes.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of text.")
def explain(codes: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Tell what a code or a name of a rule means: why it matters, what the defect looks like, how it is mended."""
    if not codes and not everything:
        raise UserError("name a code, such as PD208, or ask for --all")
    rules = list(RULES) if everything else [rule_named(code) for code in codes]
    if as_json:
        click.echo(orjson.dumps([_as_json(rule) for rule in rules], option=orjson.OPT_INDENT_2))
        return
    click.echo("\n\n".join(_as_text(rule) for rule in rules))


def _as_text(rule: Rule) -> str:
    fixable = ", --fix mends what has one right answer" if rule.code in CODES else ""
    head = f"{click.style(rule.code, bold=True)} {rule.name} ({rule.level}{fixable})"
    parts = [head, _filled(rule.explanation, "  ")]
    example = examples().get(rule.code)
    if example is not None:
        at = "" if example.line else f"{example.place}: "
        parts.append(f"  wrong  {at}{example.wrong}")
        if example.right is not None:
            parts.append(f"  right  {at}{example.right}")
        parts.append(_filled(example.mend, "  mend   ", "         "))
    return "\n".join(parts)


def _filled(text: str, first: str, rest: str | None = None) -> str:
    return textwrap.fill(
        " ".join(text.split()), _WIDTH, initial_indent=first, subsequent_indent=first if rest is None else rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _as_json(rule: Rule) -> dict[str, Any]:
    example = examples().get(rule.code)
    return {
        "code": rule.code,
        "name": rule.name,
        "level": rule.level,
        "scope": rule.scope,
        "needs": rule.needs,
        "fixable": rule.code in CODES,
        "explanation": " ".join(rule.explanation.split()),
        "at": example.place if example is not None else "",
        "wrong": example.wrong if example is not None else None,
        "right": example.right if example is not None else None,
        "mend": example.mend if example is not None else None,
    }
