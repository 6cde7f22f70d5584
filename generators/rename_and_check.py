r"""Rename this, save the file and check that nothing broke.

user       src/tiny_shop/payments.py: rename PaymentProvider to PaymentSource and save. What else in the project would have to follow?
assistant  cst_rename(file_path="src/tiny_shop/payments.py", old_name="PaymentProvider", new_name="PaymentSource")
tool       {"success":true,"rename_count":2,"modified_source":"…class PaymentSource(Protocol):…
assistant  write_file(path="src/tiny_shop/payments.py", content="…class PaymentSource(Protocol):…
tool       Wrote 2142 characters to src/tiny_shop/payments.py
assistant  search_text(pattern="\\bPaymentProvider\\b", glob="*.py")
tool       {"success":true,"pattern":"\\bPaymentProvider\\b","match_count":2,"file_count":1,"matches":[{"file":"src/tiny_shop/orders.py","line":14,"column":32,"text":"from tiny_shop.payments import PaymentProvider, Receipt, collect"}…
assistant  Saved: two places in src/tiny_shop/payments.py now say `PaymentSource`. Two lines still say `PaymentProvider`: `src/tiny_shop/orders.py` (lines 14 and 37).
"""

import builtins
import re
from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.facts import FileFacts
from punie_data.code.repo import Repo
from punie_data.scenario.findings import missing_package
from punie_data.scenario.naming import other_name
from punie_data.scenario.phrase import number, pick, plural
from punie_data.scenario.places import Place, by_file, line_list
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.targets import mixed
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

LINT = (
    "Rename `{old}` to `{new}` in {path}, save it, and run ruff on the file.",
    "Please rename `{old}` in {path} to `{new}` and make sure that ruff is still happy with it.",
    "{path}: {old} -> {new}, write it, then lint.",
    "I want `{old}` ({path}) to be called `{new}`. Do it and tell me what ruff says afterwards.",
)
TYPES = (
    "Rename `{old}` to `{new}` in {path}, save it, and check the types of the file.",
    "In {path}, `{old}` should become `{new}`. Write the change and typecheck the file.",
    "Do the rename {old} -> {new} in {path} and tell me whether the type checker complains.",
)
LEFT = (
    "Rename `{old}` to `{new}` in {path}, save it, and tell me where the old name is still used.",
    "Please rename `{old}` in {path} to `{new}`. Then look for leftovers of the old name in the Python files.",
    "I'd like `{old}` from {path} to be `{new}`. Write it, then list what still says `{old}`.",
    "{path}: rename {old} to {new} and save. What else in the project would have to follow?",
)
RENAMED = (
    "`{old}` is now `{new}` in {count} in {path}, and the file is saved.",
    "Saved: {count} in {path} now say `{new}`.",
    "{path} is saved, with `{new}` in {count}.",
)
RENAMED_ONCE = (
    "`{old}` is now `{new}` in {path}, in one place, and the file is saved.",
    "Saved: the definition in {path} now says `{new}`; it was the only place.",
)
CLEAN = ("Ruff has no findings there.", "Ruff finds nothing in it.", "The file passes ruff.")
TYPED = ("The type checker has no complaints about it.", "Its types check.", "No type errors in the file.")
GONE = (
    "No Python file mentions `{old}` any more.",
    "The old name is gone from all Python files.",
    "Nothing is left of `{old}`.",
)
FOUND_BY_NAME = re.compile(
    r"pytest\w*|(?:setup|teardown|setUp|tearDown)(?:_?[Mm]odule|_function)|collect_ignore(?:_glob)?|application"
)
LONGEST, MOST_CHARACTERS, MOST, MOST_TRIED, MOST_TYPED, MOST_LEFT = 110, 3_600, 6, 12, 1, 9


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Short files, because the row holds them twice; the check is of the changed copy, and what it finds is said as it is."""
    files = [
        f
        for f in mixed(repo, chance)
        if 5 < f.line_count <= LONGEST and len(repo.text(f.path)) < MOST_CHARACTERS
    ]
    made = typed = tried = 0
    for facts in files:
        wish = _wish(repo, facts, chance)
        if made == MOST or tried == MOST_TRIED:
            return
        if wish is None:
            continue
        tried += 1
        old, new, private = wish
        turn = made + 1
        kind = "left" if not private and turn % 3 else "types" if typed < MOST_TYPED and turn % 2 else "lint"
        fields = {"old": old, "new": new, "path": facts.path}
        question = pick(chance, {"left": LEFT, "types": TYPES, "lint": LINT}[kind], **fields)
        with tools.scratch() as box:
            renamed = box.call("cst_rename", file_path=facts.path, old_name=old, new_name=new)
            if not renamed.ok:
                yield Rejected(
                    "LibCST knows the name and the tool doesn't", question=question, detail=renamed.content
                )
                continue
            written = box.call("write_file", path=facts.path, content=renamed.value.modified_source)
            if kind == "left":
                checked = box.call("search_text", pattern=rf"\b{old}\b", glob="*.py")
                answer = _left(checked, facts.path, old, chance)
            elif kind == "types":
                checked = box.call("typecheck", path=facts.path)
                answer = _typed(checked, repo, chance)
            else:
                checked = box.call("ruff_check", path=facts.path)
                answer = _linted(checked, chance)
        if not answer:
            continue
        made, typed = turn, typed + (kind == "types")
        count = renamed.value.rename_count
        templates = RENAMED if count > 1 else RENAMED_ONCE
        answer = f"{pick(chance, templates, count=plural(count, 'place'), **fields)} {answer}"
        yield tool_scene(
            question,
            [renamed, written, checked],
            answer,
            "workflow",
            symbol=old,
            paths=[facts.path],
            program=_program(kind, fields),
        )


def _wish(repo: Repo, facts: FileFacts, chance: Random) -> tuple[str, str, bool] | None:
    """Old and new name, and whether the old one is known in its file only."""
    text = repo.text(facts.path)
    functions = [f for f in facts.functions if not f.is_method and not f.is_nested and not f.is_fixture]
    names = [
        item.name
        for item in (*facts.classes, *functions, *facts.variables)
        if "." not in getattr(item, "qualname", "")
    ]
    imported = {item.bound for item in facts.imports}
    elsewhere = {item.name for other in repo.python for item in other.imports}
    free = [
        name
        for name in dict.fromkeys(names)
        if len(name) > 3 and names.count(name) == 1 and name not in imported and name != "main" and not name.startswith(("__", "test", "Test"))
        and not _is_found_by_name(facts.path, name)
        and len(re.findall(rf"(?<![\w.]){name}(?!\w)", text)) > 1 and not re.search(rf"[\"']{name}[\"']", text)
    ]  # fmt: skip
    taken = {*re.findall(r"\w+", text), *dir(builtins)}
    chance.shuffle(free)
    for name in free:
        new = other_name(chance, name, taken, may_hide=name not in elsewhere)
        if new:
            return name, new, name not in elsewhere
    return None


def _is_found_by_name(path: str, name: str) -> bool:
    """Whether a framework looks for the name: nobody renames a hook of pytest, or what Sphinx reads from its configuration."""
    file = path.rpartition("/")[2]
    return bool(FOUND_BY_NAME.fullmatch(name)) or (file == "conf.py" and not name.startswith("_"))


def _left(checked: Outcome, path: str, old: str, chance: Random) -> str:
    found = checked.value
    if not found.matches:
        return pick(chance, GONE, old=old)
    places = by_file(Place(match.file, match.line, match.text) for match in found.matches)
    if found.match_count > MOST_LEFT or len(places) > 4:
        return ""
    if list(places) == [path]:
        return f"`{old}` itself is left on {line_list(places[path])} of that file, where it means something else or stands in a text."
    told = "; ".join(f"`{file}` ({line_list(lines)})" for file, lines in places.items())
    lines = (
        "One line still says"
        if found.match_count == 1
        else f"{number(found.match_count).capitalize()} lines still say"
    )
    return f"{lines} `{old}`: {told}."


def _linted(checked: Outcome, chance: Random) -> str:
    found = checked.value
    if not found.violations:
        return pick(chance, CLEAN)
    told = [f"{v.code} on line {v.line}, {v.message.rstrip('.')}" for v in found.violations[:4]]
    more = "" if len(told) == found.violation_count else ", among others"
    return f"Ruff reports {plural(found.violation_count, 'finding')} in it: {'; '.join(told)}{more}."


def _typed(checked: Outcome, repo: Repo, chance: Random) -> str:
    found = checked.value
    if any(missing_package(issue, repo) for issue in found.errors):
        return ""  # what is not installed says nothing of the renaming
    if not found.errors:
        return pick(chance, TYPED)
    if any("`" in issue.message and issue.message.count("`") % 2 for issue in found.errors[:3]):
        return ""
    told = "; ".join(f"line {issue.line}: {issue.message.rstrip('.')}" for issue in found.errors[:3])
    counts = (
        plural(found.error_count, "error") if found.error_count else plural(found.warning_count, "warning")
    )
    return (
        f"The type checker has {counts} for the file{', such as' if len(found.errors) > 3 else ':'} {told}."
    )


def _program(kind: str, fields: dict[str, str]) -> str:
    """The same in Python: nothing is written when the renaming was refused."""
    path, old, new = fields["path"], fields["old"], fields["new"]
    check = {
        "left": f'left = search_text(r"\\b{old}\\b", glob="*.py")\n    print(left.match_count)\n    for match in left.matches:\n        print(f"{{match.file}}:{{match.line}}: {{match.text}}")',
        "types": f'check = typecheck("{path}")\n    print(check.error_count, check.warning_count)\n    for issue in check.errors:\n        print(f"line {{issue.line}}: {{issue.message}}")',
        "lint": f'check = ruff_check("{path}")\n    print(check.violation_count)\n    for found in check.violations:\n        print(f"{{found.code}} on line {{found.line}}, {{found.message}}")',
    }[kind]
    return (
        f'renamed = cst_rename("{path}", "{old}", "{new}")\n'
        "print(renamed.rename_count, renamed.parse_error)\n"
        "if renamed.success:\n"
        f'    write_file("{path}", renamed.modified_source)\n'
        f"    {check}"
    )
