"""PD90x and PD91x: what the rows of a set are together: of one shape, of one dialect, none twice, none on two sides."""

from collections.abc import Iterator
from pathlib import Path

from punie_data.chat import KINDS
from punie_data.validate.rule import shown
from punie_data.validate.set_view import POOL, SetView, Told

Finding = tuple[Path, str]
"""The file or the folder that a finding is about, and what was found there."""

FEW_CALLS = 5
"""Calls of a tool below which the text before them says nothing of a habit."""
FEW_ROWS = 20
"""Rows of a tool below which their form says nothing of a habit."""


def mixed_shapes(view: SetView) -> Iterator[Finding]:
    """The rows of a file have different keys at their top: some are records and others are not, or a key is there in some rows only.

    mlx-lm decides the format of a file from its first row and dies at the first that is of another; rows with other key counts it batches apart, so
    that 49 of 50 batches held one class only. Every row has every key. A file of any length is looked at.
    """
    for path, tally in view.parts:
        if len(tally.shapes) > 1:
            each = sorted(tally.shapes.items(), key=lambda pair: (-pair[1].count, pair[1].lines))
            told = "; ".join(
                f"{name}: {seen.count:,} from line {seen.lines[0]} on" for name, seen in each[:3]
            )
            yield path, f"the rows have {len(each)} sets of keys ({told})"


def mixed_dialects(view: SetView) -> Iterator[Finding]:
    """Calls are written down in more than one way in one set: as `tool_calls`, in `<tool_call>` tags, in JSON fences, with the key `name` or `tool`.

    The model learns all of them, and the runtime parses one. The way of writing is chosen once, at export. A set of any size is looked at.
    """
    found = sorted(view.together("dialects").items(), key=lambda pair: (-pair[1][0], pair[0]))
    if len(found) > 1:
        told = "; ".join(f"{name} in {count:,}, {where[0]}" for name, (count, where, _) in found[:4])
        yield view.name, f"calls and results are written in {len(found)} ways ({told})"


def system_prompts(view: SetView) -> Iterator[Finding]:
    """The rows of a set have more than one system prompt, only some of them have one, or theirs is not the one in the manifest.

    A real set had four, and its evaluation a fifth: another prompt than training's cost 60 points. A set has one, in its manifest. A set of any size
    is looked at.
    """
    found = sorted(view.together("prompts").values(), key=lambda each: (-each[0], each[1]))
    if not found:
        return
    having = sum(count for count, _, _ in found)
    if len(found) > 1:
        told = "; ".join(f"{shown(text, 30)} in {count:,}, {where[0]}" for count, where, text in found[:4])
        yield view.name, f"the rows have {len(found)} system prompts ({told})"
    elif having < view.rows:
        yield (
            view.name,
            f"{having:,} of the rows {'has' if having == 1 else 'have'} a system prompt, such as {found[0][1][0]}, and {view.rows - having:,} have none",
        )
    else:
        deployed = view.manifest.get("system_prompt")
        if isinstance(deployed, str) and not deployed.startswith(found[0][2]):
            yield view.name, f"the rows' system prompt {shown(found[0][2], 40)} is not the manifest's"


def uneven_text_before_calls(view: SetView) -> Iterator[Finding]:
    """Before the calls of one tool stands text nearly always, before those of another nearly never.

    The text then gives the tool away, and the model waits for it. Only tools with five calls and more are compared.
    """
    known = {name: c for name, c in view.tools.items() if c.silent + c.spoken >= FEW_CALLS}
    spoken = [name for name, c in known.items() if c.spoken >= 4 * c.silent]
    silent = [name for name, c in known.items() if c.silent >= 4 * c.spoken]
    if spoken and silent:
        yield (
            view.name,
            f"text stands before the calls of {_listed(spoken)}, and none before those of {_listed(silent)}",
        )


def form_betrays_tool(view: SetView) -> Iterator[Finding]:
    """Every tool has a form of its own: all rows that call one of them first make one call, all rows of another make several.

    The length of a conversation is then learned with the tool and not with the question. Judged where at least two tools are called first in twenty
    rows each, and only when none of them is met in both forms.
    """
    known = {name: c for name, c in view.tools.items() if c.alone + c.followed >= FEW_ROWS}
    alone = [name for name, c in known.items() if not c.followed]
    followed = [name for name, c in known.items() if not c.alone]
    if alone and followed and len(alone) + len(followed) == len(known):
        yield (
            view.name,
            f"rows of {_listed(alone)} always make one call, rows of {_listed(followed)} always several",
        )


def offer_betrays_kind(view: SetView) -> Iterator[Finding]:
    """Most rows of a kind were offered lists of tools that hardly any row of another kind was offered.

    The list of tools then says what is right, and the question need not be read. A real set had it: of 1,294 refusals 93 % were offered what was left
    where a tool had been withdrawn, and no other row was; a model trained on it decided 95 % of its test right, and 84 % once others were offered the same.
    Found where more than half of a kind's rows (20 at least, and no more than half of the set) have lists of which nine tenths of the other rows are of the kind.
    """
    kinds, offers = view.kinds_by_offer
    for place, kind in enumerate(KINDS):
        rows = kinds[place]
        if rows < FEW_ROWS or 2 * rows > sum(kinds.values()):
            continue
        telling = {
            offer: counts[place]
            for offer, counts in offers.items()
            if counts.total() >= FEW_CALLS and 10 * (counts[place] - 1) >= 9 * (counts.total() - 1)
        }
        if 2 * sum(telling.values()) > rows:
            most = max(telling, key=lambda offer: (telling[offer], offer))
            yield (
                view.name,
                f"{sum(telling.values()):,} of {rows:,} rows of the kind {kind} were offered tools that hardly any other row was, such as "
                f"{_listed(view.tools_of(most))} ({telling[most]:,})",
            )


def duplicate_row(view: SetView) -> Iterator[Finding]:
    """Rows of a file stand in it more than once, with the same messages, tools and label.

    What stands twice is learned twice, and every share that was counted before is another afterwards. `punie-data dedupe` takes them out, and near
    duplicates too, which this rule does not look for. A set of any size is looked at.
    """
    for path, told in view.repetitions.same.items():
        yield path, f"{_rows(told)} in the file twice: {told}"


def repeated_question(view: SetView) -> Iterator[Finding]:
    """Rows of a file ask the same question of the same repository, but for case, white space, quotes and punctuation, and begin their answers alike.

    They are variations that differ in nothing that is learned from. Rows that offer other tools and therefore act otherwise are no repetition.
    `punie-data dedupe` keeps one of them. A set of any size is looked at.
    """
    for path, told in view.repetitions.asked.items():
        yield path, f"{told.rows:,} {'row asks' if told.rows == 1 else 'rows ask'} a question again: {told}"


def contradicting_rows(view: SetView) -> Iterator[Finding]:
    """Two rows answer the same question with different first actions, although each was offered what the other calls.

    The model learns to toss a coin. Where the tool of one is not among the tools of the other, both are right. A set of any size is looked at.
    """
    for path, told in view.repetitions.against.items():
        yield (
            path,
            f"{told.rows:,} {'row contradicts' if told.rows == 1 else 'rows contradict'} another: {told}",
        )


def split_leak(view: SetView) -> Iterator[Finding]:
    """A question of one part of the set is asked in another part too, in the same words but for case, white space, quotes and punctuation.

    What is known from training is then measured as if it were new: in every merged set that was looked at, 18 to 40 % of the validation rows were.
    `punie-data split` makes parts without such rows.
    """
    for path, told in view.repetitions.leaked.items():
        yield (
            path,
            f"{told.rows:,} {'row is' if told.rows == 1 else 'rows are'} known from another part: {told}",
        )


def shared_origin(view: SetView) -> Iterator[Finding]:
    """Rows of two parts of the set come from the same file, or are about the same symbol of the same repository.

    They state the same facts in other words, so that the later part measures memory. `punie-data split` divides by origin; a set that was divided
    by file, or by symbol, on purpose may ignore this rule.
    """
    for number, (path, tally) in enumerate(view.parts):
        for what in ("files", "symbols"):
            told = Told()
            for key, (line, name) in getattr(tally, what).items():
                for before in range(number):
                    other = getattr(view.parts[before][1], what).get(key)
                    if other is not None:
                        told.add(
                            f"{shown(name, 40)} in {view.place(number, line)} and {view.place(before, other[0])}"
                        )
                        break
            if told.rows:
                named = what[:-1] if told.rows == 1 else what
                yield (
                    path,
                    f"{told.rows:,} {named} of this part {'is' if told.rows == 1 else 'are'} in another part too: {told}",
                )


def suite_question(view: SetView) -> Iterator[Finding]:
    """A row asks a question of one of the evaluation suites that ship with punie-data.

    A model that was trained on it has seen the examination. `punie-data decontaminate` takes such rows out, and near ones too. A pool
    (`examples.jsonl`) is not judged: nobody trains on it before it is decontaminated and split.
    """
    if not view.suites:
        return
    for part, (path, tally) in enumerate(view.parts):
        if path.stem == POOL:
            continue
        told = Told()
        for line, question in zip(tally.lines, tally.questions, strict=True):
            # A suite, or a copy of it, asks its own questions.
            if question in view.suites and view.suites[question].rpartition(":")[0] != Path(path).name:
                told.add(f"{view.place(part, line)} asks what {view.suites[question]} asks")
        if told.rows:
            yield (
                path,
                f"{told.rows:,} {'row asks' if told.rows == 1 else 'rows ask'} an evaluation's question: {told}",
            )


def _rows(told: Told) -> str:
    return f"{told.rows:,} {'row stands' if told.rows == 1 else 'rows stand'}"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
