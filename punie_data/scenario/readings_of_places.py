"""Readings of results that say where something is: references, definitions, symbols, calls, matches, files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from punie_data.scenario.phrase import listing, number, plural, sentence
from punie_data.scenario.places import quoted
from punie_data.scenario.readings import (
    FEW,
    Reader,
    Reading,
    is_test,
    line_of,
    one_of,
    reading,
    spread,
    tested,
    ticks,
)
from punie_data.tools import results

METHODS = ("method", "constructor")


def _places(items: Sequence[Any], chance: Random) -> Iterator[Reading]:
    """References and implementations: where they are, and what stands there."""
    if len(items) not in FEW:
        return
    signs = [str(item.line) for item in items]
    yield from spread([item.file for item in items], signs, chance, "are they")
    yield from tested([(item.file, f"{item.file}:{item.line}") for item in items], chance)
    asked = ("What does the last of those lines look like?", "Quote the last one for me.", "And the code on the last of these lines?", "What stands on the last of those lines?")  # fmt: skip
    yield from line_of(items[-1], items[-1].preview, chance, asked, [str(items[-1].line)])
    lonely = [item for item in items if sum(other.file == item.file for other in items) == 1]
    if lonely:
        item = one_of(lonely, chance)
        asked = (f"What does the one in `{item.file}` look like?", f"Quote the line in `{item.file}`.", f"And in `{item.file}`, what does the code say there?")  # fmt: skip
        yield from line_of(item, item.preview, chance, asked, [item.file])


def references(value: results.FindReferencesResult, chance: Random) -> Iterator[Reading]:
    yield from _places(value.references, chance)


def implementations(value: results.FindImplementationsResult, chance: Random) -> Iterator[Reading]:
    yield from _places(value.implementations, chance)


def definition(value: results.GotoDefinitionResult, chance: Random) -> Iterator[Reading]:
    if len(value.locations) != 1:
        return
    place = value.locations[0]
    asked = ("What does that line say?", "Can you quote the line?", "And what stands on that line?", "Show me the line itself.")  # fmt: skip
    yield from line_of(place, place.preview, chance, asked)
    asked = ("In which column does the name start there?", "Which column does the name begin at?", "I also need the column, for my editor.", "At which column of the line is it?")  # fmt: skip
    told = ("In column {column}.", "Column {column} of line {line}.", "It starts in column {column}.")
    news = (f"column {place.column}", f":{place.column}")
    if chance.random() < 0.3:
        yield reading(chance, asked, told, *news, column=place.column, line=place.line)


def symbols(value: results.DocumentSymbolsResult, chance: Random) -> Iterator[Reading]:
    holders = [
        (symbol, names)
        for symbol in value.symbols
        if symbol.kind == "class"
        and 2 <= len(names := list(dict.fromkeys(c.name for c in symbol.children if c.kind in METHODS))) <= 12
    ]
    if holders:
        owner, names = one_of(holders, chance)
        asked = ("How many methods does `{name}` have?", "Which methods does `{name}` define?", "And `{name}`: what methods are in it?", "List the methods of `{name}`, please.")  # fmt: skip
        count = plural(len(names), "method")
        counting = (f"{sentence(count)}: {{names}}.", f"`{{name}}` has {count}: {{names}}.")
        told = {"How many": counting, "": (*counting, "{names}.")}
        yield reading(
            chance, asked, told, counted=names, named=[owner.name], name=owner.name, names=ticks(names)
        )
    telling = [symbol for symbol in value.symbols if symbol.kind in ("class", "function", "constant")]
    if not telling:
        return
    symbol = one_of(telling, chance)
    if symbol.end_line > symbol.line:
        asked = ("On which line does `{name}` end?", "And where does `{name}` end?", "Up to which line does `{name}` go?")  # fmt: skip
        told = ("`{name}` ends on line {line}.", "On line {line}.", "Line {line} is its last.")
        news = (f"line {symbol.end_line}", f"–{symbol.end_line}", f"to {symbol.end_line}")
        yield reading(chance, asked, told, *news, named=[symbol.name], name=symbol.name, line=symbol.end_line)
    asked = ("What kind of symbol is `{name}`?", "Is `{name}` a class or a function?", "`{name}` is what, exactly: class, function, variable?")  # fmt: skip
    told = {
        "Is": ("A {kind}.", "It's a {kind}.") if symbol.kind in asked[1] else ("Neither: it's a {kind}.",),
        "": ("`{name}` is a {kind}.", "A {kind}.", "It's a {kind}, defined on line {line}."),
    }
    where = {"name": symbol.name, "kind": symbol.kind, "line": symbol.line}
    yield reading(chance, asked, told, symbol.kind, named=[symbol.name], **where)


def workspace(value: results.WorkspaceSymbolsResult, chance: Random) -> Iterator[Reading]:
    if len(value.symbols) not in FEW:
        return
    # The answer may tell of the one that was asked for, and only warn of the others.
    exact = sum(symbol.name == value.query for symbol in value.symbols)
    if 0 < exact < len(value.symbols):
        return
    signs = [symbol.name for symbol in value.symbols]
    yield from spread([symbol.file for symbol in value.symbols], signs, chance, "are these")
    kinds = Counter(symbol.kind for symbol in value.symbols)
    if len(kinds) > 1:
        kind = one_of(sorted(kinds), chance)
        names = [symbol.name for symbol in value.symbols if symbol.kind == kind]
        many = f"{kind}es" if kind.endswith("s") else f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        if len(set(names)) == len(names) <= 8:
            asked = ("Which of them are {many}?", "Only the {many}, please.", "And how many {many} are among them?")  # fmt: skip
            told = (f"{sentence(plural(len(names), kind, many))}: {{names}}.",)
            yield reading(chance, asked, told, counted=names, items=signs, many=many, names=ticks(names))


def calls(value: results.CallHierarchyResult, chance: Random) -> Iterator[Reading]:
    own = [call for call in value.calls if not call.file.startswith("typeshed/")]
    if len(own) not in FEW:
        return
    incoming = value.direction == "incoming"
    signs = [call.name for call in own]
    yield from spread(
        [call.file for call in own], signs, chance, "are the callers" if incoming else "are they"
    )
    call = one_of(own, chance)
    if sum(other.name == call.name for other in own) > 1 or call.kind == "module":
        return
    asked = ("Where is `{name}` itself defined?", "In which file is `{name}`, and on which line?", "And `{name}`, where does that live?")  # fmt: skip
    told = ("`{name}` is in `{file}`, line {line}.", "In `{file}`, on line {line}.", "At `{file}:{line}`.")
    yield reading(
        chance, asked, told, f"{call.file}:{call.line}", f"line {call.line}", named=[call.name], name=call.name, file=call.file, line=call.line
    )  # fmt: skip
    if incoming and call.call_lines:
        lines = [str(line) for line in call.call_lines]
        where = f"{'line' if len(lines) == 1 else 'lines'} {listing(lines)}"
        asked = ("On which line does `{name}` make the call?", "Where exactly does `{name}` call it?", "And the line of the call in `{name}`?")  # fmt: skip
        told = ("On {where}.", "On {where} of `{file}`.", "`{name}` calls it on {where}.")
        yield reading(
            chance, asked, told, *lines, named=[call.name], name=call.name, where=where, file=call.file
        )


def types(value: results.TypeHierarchyResult, chance: Random) -> Iterator[Reading]:
    if len(value.types) in FEW:
        signs = [found.name for found in value.types]
        yield from spread([found.file for found in value.types], signs, chance, "are these classes")


def text(value: results.SearchTextResult, chance: Random) -> Iterator[Reading]:
    if len(value.matches) not in FEW:
        return
    signs = [str(match.line) for match in value.matches]
    yield from spread([match.file for match in value.matches], signs, chance, "is that")
    yield from tested([(match.file, f"{match.file}:{match.line}") for match in value.matches], chance)
    lonely = [m for m in value.matches if sum(other.file == m.file for other in value.matches) == 1]
    if lonely:
        match = one_of(lonely, chance)
        asked = (f"What does the line in `{match.file}` say?", f"Quote the line in `{match.file}`, please.", f"And in `{match.file}`: what stands on that line?")  # fmt: skip
        yield from line_of(match, match.text, chance, asked, [match.file])


def listed(value: results.ListFilesResult, chance: Random) -> Iterator[Reading]:
    if len(value.files) not in FEW:
        return
    tests = [file for file in value.files if is_test(file)]
    if 0 < len(tests) < len(value.files) and len(tests) < 8:
        asked = ("Which of these are tests?", "How many of them are test files?", "Only the tests, please.")
        counting = (f"{sentence(number(len(tests)))}: {{names}}.",)
        told = {"How many": counting, "": (*counting, "{names}.")}
        yield reading(chance, asked, told, counted=tests, items=value.files, names=ticks(tests))
    file = one_of(value.files, chance)
    name = file.rpartition("/")[2]
    if (
        "/" in file
        and sum(other.endswith(f"/{name}") for other in value.files) == 1
        and name != "__init__.py"
    ):
        asked = ("Is {name} among them?", "Does that include {name}?", "And {name}, is it there?")
        told = ("Yes: `{file}`.", "Yes, at `{file}`.", "It is: `{file}`.")
        yield reading(chance, asked, told, file, items=value.files, name=name, file=file)


def found(value: results.CstFindResult, chance: Random) -> Iterator[Reading]:
    if len(value.matches) not in FEW:
        return
    match = one_of(value.matches, chance)
    shown = quoted(match.code_snippet)
    if shown and sum(other.line == match.line for other in value.matches) == 1:
        asked = ("What does the one on line {line} look like?", "Quote line {line} for me.", "And the one on line {line}?")  # fmt: skip
        told = ("{shown}", "Line {line} reads {shown}.", "It reads {shown}.")
        where = {"line": match.line, "shown": shown}
        yield reading(chance, asked, told, match.code_snippet, named=[str(match.line)], **where)


def renamed(value: results.CstRenameResult, chance: Random) -> Iterator[Reading]:
    if value.rename_count > 1:
        count = number(value.rename_count)
        asked = ("How many places did that touch?", "How many occurrences were changed?", "And how often did the name occur?")  # fmt: skip
        told = {
            "And how often": (f"{sentence(count)} times.", f"{sentence(count)} times in that file."),
            "": (f"{sentence(count)}.", f"{sentence(count)}, the definition among them.", f"{sentence(count)} in that file."),
        }  # fmt: skip
        yield reading(chance, asked, told, str(value.rename_count), count, sentence(count))


PLACES: dict[type, Reader] = {
    results.FindReferencesResult: references, results.FindImplementationsResult: implementations, results.GotoDefinitionResult: definition,
    results.DocumentSymbolsResult: symbols, results.WorkspaceSymbolsResult: workspace, results.CallHierarchyResult: calls,
    results.TypeHierarchyResult: types, results.SearchTextResult: text, results.ListFilesResult: listed,
    results.CstFindResult: found, results.CstRenameResult: renamed,
}  # fmt: skip
