"""Settings of `validate`: the table `[tool.punie-data]` of a pyproject.toml, and which rules it and the command line leave.

The words mean what they mean in ruff. A layer is one place that chooses rules, the file first and the command line after it: `select` begins
anew, `extend-select` adds, `ignore` takes away, and inside a layer the more exact code wins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.validate.catalogue import BY_CODE, RULES
from punie_data.validate.rule import Rule

FILE = "pyproject.toml"
TABLE = "tool.punie-data"
FORMATS = ("text", "json", "github", "sarif")
EVERYTHING = "ALL"


@dataclass(frozen=True, slots=True)
class Selection:
    """What one layer says of rules: codes, beginnings of codes, names, or `ALL`. `select` None: what the layers before chose stays."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration file says; the defaults where there is none. `per_file_ignores` are (pattern, codes), patterns as seen from `root`."""

    root: Path = Path()
    selection: Selection = Selection()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    strict: bool = False
    format: str = "text"
    limit_findings: int | None = None
    jobs: int | None = None
    tokenizer: Path | None = None
    max_seq_length: int | None = None
    dialect: str = ""

    def ignored_in(self, path: str) -> frozenset[str]:
        """The codes that are ignored in a file."""
        absolute = Path(path).absolute()
        found: set[str] = set()
        for pattern, codes in self.per_file_ignores:
            wanted = pattern.removeprefix("!")
            fits = fnmatch(absolute.name, wanted) or fnmatch(str(absolute), str(self.root / wanted))
            if fits != pattern.startswith("!"):
                found.update(rule.code for rule in RULES if _reach(rule, codes))
        return frozenset(found)


def nearest(folder: Path) -> Path | None:
    """The pyproject.toml with our table that lies nearest above the folder; one without it is passed by, as ruff does."""
    for place in (folder, *folder.parents):
        file = place / FILE
        try:
            # Most have no such table: a look at the bytes spares them the parser.
            if b"punie-data" in file.read_bytes() and _table(file) is not None:
                return file
        except OSError:
            continue
    return None


def read(file: Path) -> Settings:
    """The settings in a file. UserError, in one line, for what is not TOML and for a key, a value or a code that is wrong."""
    table = _table(file)
    if table is None:
        raise UserError(f"{file}: it has no table [{TABLE}]")
    return _settings(file, table)


def rules_left(layers: Iterable[Selection]) -> tuple[str, ...]:
    """The codes of the rules that are on after all layers, in order. UserError for a code that no rule has, and when none is left."""
    on = {rule.code: True for rule in RULES}
    for layer in layers:
        wanted = (*(layer.select or ()), *layer.extend_select)
        for code in (*wanted, *layer.ignore):
            known(code)
        for rule in RULES:
            if layer.select is not None:
                on[rule.code] = False
            for_it, against = _reach(rule, wanted), _reach(rule, layer.ignore)
            if for_it or against:
                on[rule.code] = for_it > against
    left = tuple(code for code, is_on in on.items() if is_on)
    if not left:
        raise UserError("no rule is left: select more, or ignore less")
    return left


def known(code: str, where: str = "") -> None:
    """UserError where no rule fits the code."""
    if any(_fit(rule, code) for rule in RULES):
        return
    words = [rule.code for rule in RULES] + [rule.name for rule in RULES]
    near = get_close_matches(code, words, 1) or get_close_matches(code.upper(), words, 1)
    hint = f"did you mean {near[0]}?" if near else "`punie-data explain --all` lists them"
    raise UserError(f"{where}no rule has the code {code!r}: {hint}")


def rule_named(word: str) -> Rule:
    """The rule of a code or a name. UserError where there is none."""
    found = BY_CODE.get(word.upper()) or next((rule for rule in RULES if rule.name == word.lower()), None)
    if found is None:
        known(word)
        raise UserError(f"{word!r} begins several codes: name one, such as {_first(word)}")
    return found


def _first(beginning: str) -> str:
    return next((rule.code for rule in RULES if _fit(rule, beginning)), RULES[0].code)


def _fit(rule: Rule, code: str) -> float:
    """How exactly a code names a rule: 0 not at all, more the longer the part of the rule's code that it is."""
    if not code:
        return 0
    if code == EVERYTHING:
        return 0.5
    if code.lower() == rule.name:
        return len(rule.code)
    return len(code) if rule.code.startswith(code.upper()) else 0


def _reach(rule: Rule, codes: Sequence[str]) -> float:
    return max((_fit(rule, code) for code in codes), default=0)


def _table(file: Path) -> dict[str, Any] | None:
    # A tenth of the start's time, which most runs do not need.
    import tomllib

    try:
        with file.open("rb") as opened:
            table = tomllib.load(opened).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{file}: it is not TOML: {error}") from None
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    return table.get("punie-data") if isinstance(table, dict) else None


def _settings(file: Path, table: Any) -> Settings:
    where = f"{file}: [{TABLE}]"
    if not isinstance(table, Mapping):
        raise UserError(f"{where} is not a table")
    found = Settings(root=file.parent.absolute())
    selection: dict[str, tuple[str, ...]] = {"ignore": ()}
    for key, value in table.items():
        at = f"{where} {key}: "
        match key:
            case "select" | "extend-select":
                selection[key.replace("-", "_")] = _codes(at, value)
            case "ignore" | "extend-ignore":
                selection["ignore"] += _codes(at, value)
            case "per-file-ignores":
                if not isinstance(value, Mapping):
                    raise UserError(f'{at}it must be a table of "pattern" = [codes]')
                found = replace(
                    found,
                    per_file_ignores=tuple(
                        (pattern, _codes(f"{at}{pattern!r}: ", codes)) for pattern, codes in value.items()
                    ),
                )
            case "strict":
                found = replace(found, strict=_a(at, value, bool, "true or false"))
            case "format":
                if value not in FORMATS:
                    raise UserError(f"{at}{value!r} is none of {', '.join(FORMATS)}")
                found = replace(found, format=value)
            case "limit-findings":
                found = replace(found, limit_findings=_number(at, value, 0))
            case "jobs":
                found = replace(found, jobs=_number(at, value, 1))
            case "tokenizer":
                # As seen from the file, wherever one stands.
                folder = found.root / _a(at, value, str, "the folder of a model")
                found = replace(found, tokenizer=folder)
            case "max-seq-length":
                found = replace(found, max_seq_length=_number(at, value, 1))
            case "dialect":
                found = replace(found, dialect=_a(at, value, str, "the name of a dialect"))
            case _:
                keys = ("select", "extend-select", "ignore", "extend-ignore", "per-file-ignores", "strict", "format",
                        "limit-findings", "jobs", "tokenizer", "max-seq-length", "dialect")  # fmt: skip
                near = get_close_matches(key, keys, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(keys)}"
                raise UserError(f"{where}: the key {key!r} is unknown: {hint}")
    return replace(found, selection=Selection(**selection))


def _codes(at: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise UserError(f'{at}it must be a list of codes, such as ["PD3", "wrong-id"]')
    for code in value:
        known(code, at)
    return tuple(value)


def _a(at: str, value: Any, kind: type, words: str) -> Any:
    if not isinstance(value, kind):
        raise UserError(f"{at}it must be {words}")
    return value


def _number(at: str, value: Any, least: int) -> int:
    if type(value) is not int or value < least:
        raise UserError(f"{at}it must be a whole number, {least} or more")
    return value
