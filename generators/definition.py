"""Where is the symbol under the cursor defined?

user       In src/tiny_shop/orders.py, line 4, column 31, there is `Cart`. Where is it defined?
assistant  goto_definition(file_path="src/tiny_shop/orders.py", line=4, column=31, symbol="Cart")
tool       {"success":true,"symbol":"Cart","locations":[{"file":"src/tiny_shop/cart.py","line":21,…}]}
assistant  `Cart` is defined in `src/tiny_shop/cart.py`, line 21: `class Cart:`.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.phrase import pick
from punie_data.scene import Scene, tool_scene
from punie_data.tools.toolbox import Toolbox

QUESTIONS = (
    "My cursor is on `{symbol}` at {path}:{line}:{column}. Where is it defined?",
    "In {path}, line {line}, column {column}, there is `{symbol}`. Where does it come from?",
    "Take me to the definition of `{symbol}`; it is used at {path}:{line}:{column}.",
    "{path}:{line}:{column} calls `{symbol}`. Which file and line define it?",
    "I'm reading {path} and line {line} (column {column}) uses `{symbol}`. Where can I find its definition?",
    "Jump to definition: `{symbol}` at {path}:{line}:{column}.",
)
ANSWERS = (
    "`{symbol}` is defined in `{file}`, line {at}: `{preview}`.",
    "It's defined at `{file}:{at}`:\n\n```python\n{preview}\n```",
    "The definition is on line {at} of `{file}`: `{preview}`.",
    "`{file}`, line {at}:\n\n```python\n{preview}\n```",
)


def generate(repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """Calls whose name is defined once in the repository, so that LibCST and the language server can be held against each other."""
    uses = [
        (facts.path, call.name.rpartition(".")[2], call.line, call.column)
        for facts in repo.python
        for call in facts.calls
        if len(repo.definitions.get(call.name.rpartition(".")[2], ())) == 1
    ]
    chance.shuffle(uses)
    asked = set()
    for path, symbol, line, column in uses:
        if symbol in asked:
            continue
        asked.add(symbol)
        outcome = tools.call("goto_definition", file_path=path, line=line, column=column, symbol=symbol)
        question = pick(chance, QUESTIONS, symbol=symbol, path=path, line=line, column=column)
        places = outcome.value.locations
        if len(places) != 1 or places[0].file.startswith("typeshed/"):
            continue
        place = places[0]
        [(file, at)] = repo.definitions[symbol]
        if (place.file, place.line) != (file, at):
            yield Rejected(
                "LibCST and the language server disagree",
                question=question,
                detail=f"{file}:{at}, not {place.file}:{place.line}",
            )
            continue
        answer = pick(chance, ANSWERS, symbol=symbol, file=place.file, at=place.line, preview=place.preview)
        yield tool_scene(question, outcome, answer, "navigation", symbol=symbol, paths=[path, file])
