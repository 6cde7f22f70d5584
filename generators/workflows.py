"""Several tools, a later call using an earlier result.

user       Find the function that calls `sample_catalogue`, defined at line 58, column 5 of src/tiny_shop/catalogue.py, and show me how it gets to the call.
assistant  call_hierarchy(file_path="src/tiny_shop/catalogue.py", line=58, column=5, symbol="sample_catalogue")
tool       {"success":true,"symbol":"sample_catalogue","direction":"incoming","call_count":1,"calls":[{"name":"catalogue","kind":"function","file":"tests/conftes…
assistant  read_file(path="tests/conftest.py", first_line=11, last_line=12)
tool       def catalogue() -> Catalogue:
               return sample_catalogue()
assistant  `catalogue` calls it, `tests/conftest.py`, lines 11 to 12:

           ```python
           def catalogue() -> Catalogue:
               return sample_catalogue()
           ```
"""

import re
from collections.abc import Iterator, Sequence
from random import Random
from textwrap import dedent

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.findings import checked, faulty, missing_package, said, told
from punie_data.scenario.phrase import bullets, listing, pick, plural, sentence
from punie_data.scenario.scene import Scene, tool_scene
from punie_data.scenario.subjects import at, called, classes, files, functions, in_turns, literal, symbols
from punie_data.scenario.targets import spot
from punie_data.scenario.telling import enumerated
from punie_data.tools.base import Outcome
from punie_data.tools.toolbox import Toolbox

SOURCE = (
    "Show me the source of `{symbol}`. I don't know which file it's in.",
    "Find `{symbol}` and show me its code.",
    "What does `{symbol}` look like? The whole definition, please.",
    "I only remember the name `{symbol}`. Find it and print it.",
    "Can you dig up `{symbol}` and paste its code here?",
    "I'd like to read `{symbol}`, wherever it's defined.",
    "code of `{symbol}`, please; no idea where it lives",
)
SOURCE_ANSWERS = (
    "It's in `{path}`, lines {first} to {last}:\n\n```python\n{code}\n```",
    "`{path}`, lines {first} to {last}:\n\n```python\n{code}\n```",
)
OTHER_USES = (
    "`{symbol}` is used at {spot}. Where is it defined, and who else uses it?",
    "Follow `{symbol}` at {spot} to its definition and list everything that refers to it.",
    "I'm at {spot}, on `{symbol}`. If I changed its definition, which places would be affected?",
    "From the `{symbol}` at {spot}, take me to its definition and tell me all the places that use it.",
    "`{symbol}` ({spot}): where does it come from, and where else is it used?",
)
LINT_CODE = (
    "Lint {path} and show me the code that the first finding is about.",
    "What's the first thing ruff finds in {path}? Show me the line itself, too.",
    "Run ruff over {path}, then print the first offending line.",
    "What does ruff complain about first in {path}, and what stands on that line?",
    "I'll fix the lint of {path} one by one. Show me the first finding with its line of code.",
    "ruff on {path}: first finding and the line it's on",
)
TYPE_CODE = (
    "Type-check {path} and show me the line behind the first error.",
    "Which line of {path} does the type checker trip over first? I'd like to see the code.",
    "Find the first type error in {path} and print the line it's on.",
    "What's the first type error in {path}, and what does the line say?",
    "The types of {path} don't check, I'm told. Show me the first error and its line.",
    "first type error in {path}, with the line of code",
    "I want to fix the type errors in {path} from top to bottom. What's the first one, and what's the code there?",
)
CODE_ANSWERS = (
    "{finding}. The line reads:\n\n```python\n{code}\n```",
    "{finding}. There it says:\n\n```python\n{code}\n```",
    "{finding}:\n\n```python\n{code}\n```",
)
HOW_CALLED = (
    "How does its caller use `{symbol}` ({spot})? Show me the code down to the call.",
    "Find the function that calls `{symbol}`, defined at {spot}, and show me how it gets to the call.",
    "Only one function calls `{symbol}` ({spot}). Which, and what does its code look like up to the call?",
    "What happens in the caller of `{symbol}` ({spot}) before it makes the call? Show me those lines.",
    "`{symbol}` ({spot}) has a single caller. Let me see that function, from its start to the call.",
)
IN_FOLDER = (
    "Which classes are defined in the modules under {path}?",
    "Go through the Python files of {path} and list the classes each of them defines.",
    "I'm new to {path}. Which classes live where?",
    "Where do I find which class in {path}? File by file, please.",
)
BY_NAME = (
    "How often is `{symbol}` used? I only know its name.",
    "Where is `{symbol}` used? I don't know where it's defined.",
    "Find `{symbol}` in the project and list its references.",
    "Which places refer to `{symbol}`? You'll have to look up where it's defined.",
    "references of {symbol}, wherever that is",
    "I'd like to delete `{symbol}`, but can't say which file it's in. Who still uses it?",
)
CONSTANT = (
    "Which file assigns `{symbol}`, and is that file lint-free?",
    "Find the module that sets `{symbol}` and run ruff over it.",
)
SUBCLASS_TYPES = (
    "Do the files with the direct subclasses of `{symbol}` ({spot}) pass the type checker?",
    "I changed `{symbol}` at {spot}. Type-check every file that holds a direct subclass of it.",
)
MOST = 12
MOST_CODE = 26


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Each workflow in turn."""
    dirty = faulty(tools, [facts.path for facts in files(repo, chance)[:60]])
    yield from in_turns(
        source(repo, tools, chance),
        findings_code(tools, chance, dirty),
        other_uses(repo, tools, chance),
        how_called(repo, tools, chance),
        type_code(repo, tools, chance),
        by_name(repo, tools, chance),
        in_folder(repo, tools, chance),
        constant(repo, tools, chance),
        subclass_types(repo, tools, chance),
    )


def scene(
    question: str,
    outcomes: Sequence[Outcome],
    answer: str,
    program: str,
    paths: Sequence[str],
    symbol: str = "",
) -> Scene:
    return tool_scene(
        question, outcomes, sentence(answer), "workflow", symbol=symbol, paths=paths, program=program
    )


def source(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """workspace_symbols → document_symbols → read_file."""
    for path, item in symbols(repo, chance):
        if not 3 <= item.end_line - item.line < MOST_CODE:
            continue
        named = tools.call("workspace_symbols", query=item.name)
        exact = [s for s in named.value.symbols if s.name == item.name]
        if [(s.file, s.line) for s in exact] != [(path, item.line)] or len(named.content) > 2500:
            continue
        outline = tools.call("document_symbols", file_path=path)
        spans = [s for s in outline.value.symbols if s.name == item.name]
        if len(spans) != 1 or len(outline.content) > 4000:
            continue
        first, last = spans[0].line, spans[0].end_line
        text = tools.call("read_file", path=path, first_line=first, last_line=last)
        if "```" in text.value:
            continue
        program = (
            f"found = [s for s in {called(named)}.symbols if s.name == {literal(item.name)}][0]\n"
            f"span = [s for s in document_symbols(found.file).symbols if s.name == found.name][0]\n"
            'print(f"{found.file}:{span.line}-{span.end_line}")\n'
            "print(read_file(found.file, span.line, span.end_line))"
        )
        answer = pick(chance, SOURCE_ANSWERS, path=path, first=first, last=last, code=text.value)
        yield scene(
            pick(chance, SOURCE, symbol=item.name), [named, outline, text], answer, program, [path], item.name
        )


def other_uses(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """goto_definition → find_references."""
    for path, item in symbols(repo, chance):
        user, call = chance.choice(repo.call_sites[item.name])
        defined = tools.call(
            "goto_definition", file_path=user, line=call.line, column=call.column, symbol=item.name
        )
        places = defined.value.locations
        if [(p.file, p.line) for p in places] != [(path, item.line)]:
            continue
        used = tools.call("find_references", **at(path, item) | {"column": places[0].column})
        found = used.value.references
        if not 2 <= len(found) <= MOST:
            continue
        program = (
            f'place = {called(defined)}.locations[0]\nprint(f"{{place.file}}:{{place.line}}")\n'
            f"result = find_references(place.file, place.line, place.column, {literal(item.name)})\n"
            'print(result.reference_count)\nfor r in result.references:\n    print(f"{r.file}:{r.line}")'
        )
        answer = (
            f"`{item.name}` is defined at `{path}:{item.line}` and used in {plural(len(found), 'place')}:\n\n"
            + bullets([f"`{r.file}:{r.line}`" for r in found])
        )
        question = pick(chance, OTHER_USES, symbol=item.name, spot=spot(chance, user, call.line, call.column))
        yield scene(question, [defined, used], answer, program, [user, path], item.name)


def findings_code(tools: Toolbox, chance: Random, paths: Sequence[str]) -> Iterator[Scene | Rejected]:
    """ruff_check → read_file."""
    for path in paths:
        linted = tools.call("ruff_check", path=path)
        first = linted.value.violations[0]
        text = tools.call("read_file", path=path, first_line=first.line, last_line=first.line)
        if not text.value.strip() or "```" in text.value or text.redactions:
            continue
        program = (
            f"first = {called(linted)}.violations[0]\n"
            'print(f"line {first.line}: {first.message} ({first.code})")\n'
            "print(read_file(first.file, first.line, first.line))"
        )
        answer = pick(chance, CODE_ANSWERS, finding=said(first, path), code=text.value.strip())
        yield scene(pick(chance, LINT_CODE, path=path), [linted, text], answer, program, [path])


def type_code(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """typecheck → read_file."""
    choice = checked(repo, tools).files
    for facts in chance.sample(choice, len(choice)):
        result = tools.call("typecheck", path=facts.path)
        errors = [issue for issue in result.value.errors if issue.severity == "error"]
        if not errors or missing_package(errors[0], repo) or len(result.content) > 4000:
            continue
        text = tools.call("read_file", path=facts.path, first_line=errors[0].line, last_line=errors[0].line)
        if not text.value.strip() or "```" in text.value or text.redactions:
            continue
        program = (
            f'first = [issue for issue in {called(result)}.errors if issue.severity == "error"][0]\n'
            'print(f"line {first.line}: {first.message} ({first.code})")\n'
            "print(read_file(first.file, first.line, first.line))"
        )
        answer = pick(chance, CODE_ANSWERS, finding=said(errors[0], facts.path), code=text.value.strip())
        yield scene(pick(chance, TYPE_CODE, path=facts.path), [result, text], answer, program, [facts.path])


def how_called(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """call_hierarchy → read_file, for functions with one caller."""
    for path, item in functions(repo, chance):
        if len({(file, call.caller) for file, call in repo.call_sites[item.name]}) != 1:
            continue
        hierarchy = tools.call("call_hierarchy", **at(path, item))
        calls = hierarchy.value.calls
        if len(calls) != 1 or calls[0].kind not in ("function", "method", "constructor"):
            continue
        caller, last = calls[0], max(calls[0].call_lines)
        if not 0 < last - caller.line < MOST_CODE:
            continue
        text = tools.call("read_file", path=caller.file, first_line=caller.line, last_line=last)
        if "```" in text.value:
            continue
        program = (
            f"caller = {called(hierarchy)}.calls[0]\nlast = max(caller.call_lines)\n"
            'print(f"{caller.name}, {caller.file}:{caller.line}-{last}")\n'
            "print(read_file(caller.file, caller.line, last))"
        )
        answer = f"`{caller.name}` calls it, `{caller.file}`, lines {caller.line} to {last}:\n\n```python\n{dedent(text.value)}\n```"
        question = pick(chance, HOW_CALLED, symbol=item.name, spot=spot(chance, path, item.line, item.column))
        yield scene(question, [hierarchy, text], answer, program, [path, caller.file], item.name)


def by_name(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """workspace_symbols for the line, search_text for the column → find_references."""
    for path, item in symbols(repo, chance):
        named = tools.call("workspace_symbols", query=item.name)
        exact = [s for s in named.value.symbols if s.name == item.name]
        if [(s.file, s.line) for s in exact] != [(path, item.line)] or len(named.content) > 2500:
            continue
        searched = tools.call("search_text", pattern=rf"\b{item.name}\b", path=path)
        columns = [m.column for m in searched.value.matches if m.line == item.line]
        if columns != [item.column] or len(searched.content) > 2500:
            continue
        used = tools.call("find_references", **at(path, item))
        found = used.value.references
        if not 1 <= len(found) <= MOST:
            continue
        program = (
            f"found = [s for s in {called(named)}.symbols if s.name == {literal(item.name)}][0]\n"
            f"match = [m for m in search_text({literal(searched.arguments['pattern'])}, found.file).matches if m.line == found.line][0]\n"
            "result = find_references(found.file, match.line, match.column, found.name)\n"
            'print(result.reference_count)\nfor r in result.references:\n    print(f"{r.file}:{r.line}")'
        )
        places = [f"`{r.file}:{r.line}`" for r in found]
        answer = (
            enumerated(places, "nowhere.", "reference")
            if len(found) > 2
            else f"{plural(len(found), 'reference')}: {listing(places)}."
        )
        yield scene(
            pick(chance, BY_NAME, symbol=item.name),
            [named, searched, used],
            answer,
            program,
            [path],
            item.name,
        )


def in_folder(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """list_files → document_symbols of each."""
    folders = sorted({facts.path.rpartition("/")[0] for facts in repo.sources} - {""})
    for folder in chance.sample(folders, len(folders)):
        inside = [path for path in repo.facts if path.startswith(f"{folder}/")]
        if not 2 <= len(inside) <= 5 or not any(repo.facts[path].classes for path in inside):
            continue
        found = tools.call("list_files", path=folder, pattern="*.py")
        outlines = [tools.call("document_symbols", file_path=path) for path in found.value.files]
        if sum(len(outline.content) for outline in outlines) > 8000:
            continue
        lines = []
        for outline in outlines:
            names = [f"`{s.name}`" for s in outline.value.symbols if s.kind == "class"]
            lines.append(f"`{outline.value.file_path}`: {listing(names) if names else 'no classes'}")
        program = (
            f'for path in {called(found)}.files:\n    names = [s.name for s in document_symbols(path).symbols if s.kind == "class"]\n'
            '    print(f"{path}: {names}")'
        )
        yield scene(
            pick(chance, IN_FOLDER, path=folder),
            [found, *outlines],
            bullets(lines),
            program,
            list(found.value.files),
        )


def constant(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """search_text → ruff_check."""
    names = [
        (f.path, v.name)
        for f in repo.sources
        for v in f.variables
        if re.fullmatch(r"[A-Z][A-Z_]{3,}", v.name) and len(repo.definitions[v.name]) == 1
    ]
    for path, name in chance.sample(names, min(12, len(names))):
        searched = tools.call("search_text", pattern=rf"^{name}\b.*=", glob="*.py")
        if [m.file for m in searched.value.matches] != [path]:
            continue
        linted = tools.call("ruff_check", path=path)
        found = linted.value.violations
        if len(found) > 6:
            continue
        line = searched.value.matches[0].line
        rest = told(path, found, "violation") if found else "that file is lint-free."
        program = (
            f'match = {called(searched)}.matches[0]\nprint(f"{{match.file}}:{{match.line}}")\n'
            'lint = ruff_check(match.file)\nprint(f"{lint.violation_count} violations")\nfor v in lint.violations:\n'
            '    print(f"line {v.line}: {v.message} ({v.code})")'
        )
        answer = (
            f"`{name}` is set at `{path}:{line}`; {rest}"
            if not found
            else f"`{name}` is set at `{path}:{line}`. {rest}"
        )
        yield scene(pick(chance, CONSTANT, symbol=name), [searched, linted], answer, program, [path], name)


def subclass_types(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """type_hierarchy → typecheck of each file."""
    for path, item in classes(repo, chance):
        homes = {facts.path for facts, _ in repo.subclasses.get(item.name, ())}
        if not 1 <= len(homes) <= 3:
            continue
        hierarchy = tools.call("type_hierarchy", **at(path, item))
        paths = list(dict.fromkeys(other.file for other in hierarchy.value.types))
        if not paths or not set(paths) <= homes:
            continue
        tools.prepare_typecheck(paths)
        results = [tools.call("typecheck", path=other) for other in paths]
        if (
            any(missing_package(i, repo) for r in results for i in r.value.errors)
            or sum(len(r.content) for r in results) > 5000
        ):
            continue
        counts = [(other, r.value.error_count) for other, r in zip(paths, results, strict=True)]
        program = (
            f"paths = sorted({{t.file for t in {called(hierarchy)}.types}})\nfor path in paths:\n"
            '    print(f"{path}: {typecheck(path).error_count} errors")'
        )
        if len(counts) == 1:
            answer = f"`{counts[0][0]}` {'passes: no type errors' if not counts[0][1] else 'has ' + plural(counts[0][1], 'type error')}."
        else:
            answer = bullets([f"`{other}`: {plural(count, 'type error')}" for other, count in counts])
        question = pick(
            chance, SUBCLASS_TYPES, symbol=item.name, spot=spot(chance, path, item.line, item.column)
        )
        yield scene(question, [hierarchy, *results], answer, program, paths, item.name)
