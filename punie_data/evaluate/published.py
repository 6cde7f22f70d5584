"""What the readers of public benchmarks share: from a row's conversation to the row of a suite, and to what its manifest says of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from punie_data.evaluate import suite_file
from punie_data.importing.collected import Collected
from punie_data.importing.conversation import Conversation, Unconvertible
from punie_data.importing.record import Source, converted, row_bytes

REPEATED = "it asks what another row asks, with tools of the same names"


@dataclass(slots=True)
class Published:
    """Rows of a benchmark on their way into a suite. `told` is what stands under `benchmark` in its manifest; `dropped` counts what was left out, by reason."""

    source: Source
    told: dict[str, Any]
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    _ids: set[str] = field(default_factory=set)
    _collected: Collected = field(default_factory=Collected)

    def add(self, conversation: Conversation, identity: str, line: int) -> str:
        """The id of the row that a conversation became, "" where it was left out. `identity` is what the benchmark calls it."""
        try:
            made = converted(replace(conversation, native=True), self.source, line)
            origin = replace(made.example.origin, symbol=identity)
            made = replace(made, example=replace(made.example, origin=origin))
            row, _ = row_bytes(made.example)
        except Unconvertible as trouble:
            self.dropped[trouble.reason] += 1
            return ""
        if row["id"] in self._ids:
            self.dropped[REPEATED] += 1
            return ""
        self._ids.add(row["id"])
        self._collected.add(made)
        self.rows.append(row)
        return row["id"]

    def write(self, out: Path, description: str) -> dict[str, Any]:
        """The suite, whose manifest is returned. UserError where no row is left."""
        source = {
            "name": self.source.repo,
            "origin": f"import:{self.source.repo}",
            "revision": self.source.revision,
            "license": self.source.license,
        }
        base = self._collected.into_manifest() | {"sources": [source]}
        extra: dict[str, Any] = {"benchmark": self.told}
        if self.dropped:
            extra["counts"] = {"dropped": dict(sorted(self.dropped.items()))}
        return suite_file.write(out, self.rows, base, suite_file.About(description, extra=extra))
