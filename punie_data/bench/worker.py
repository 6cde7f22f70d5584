"""One run of one system, in a process of its own: `python -m punie_data.bench.worker`.

Reads one JSON object from standard input and answers with a JSON object a line: `loaded`, `answered` for each query, `done`; or `failed` with a reason.
Whatever libraries print goes to standard error.
"""

import json
import os
import resource
import sys
import time
from typing import Any


def main() -> int:
    """0 when the run is done, 1 when it failed; the last line says which."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(event: str, **values: Any) -> None:
        said.write(json.dumps({"event": event, **values}) + "\n")
        said.flush()

    asked = json.loads(sys.stdin.readline())
    try:
        _run(asked, say)
    except ImportError:
        say("failed", reason="benching needs mlx-lm: pip install 'punie-data[train]'")
        return 1
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, MemoryError) as error:
        told = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        say("failed", reason=told or type(error).__name__)
        return 1
    return 0


def _run(asked: dict[str, Any], say: Any) -> None:
    began = time.perf_counter()
    import mlx.core as mx
    from mlx_lm import stream_generate
    from mlx_lm.utils import load

    imported = time.perf_counter()
    model, tokenizer = load(asked["model"], adapter_path=asked["adapter"])[:2]
    options = dict(asked["options"])
    draft = options.pop("draft_model", None)
    if draft:
        drafting, its_tokenizer = load(draft)[:2]
        if its_tokenizer.vocab_size != tokenizer.vocab_size:
            raise ValueError("the draft model has another vocabulary than the model")
        options["draft_model"] = drafting
    say(
        "loaded",
        import_seconds=imported - began,
        load_seconds=time.perf_counter() - imported,
        memory_bytes=mx.get_active_memory(),
        device=str(mx.default_device()),
        threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    )
    for phase in ("warm-up", "steady"):
        for query in asked[phase]:
            began = time.perf_counter()
            tokens, drafted, last = [], 0, None
            for last in stream_generate(
                model, tokenizer, asked["prompts"][query], max_tokens=asked["most_tokens"], **options
            ):
                tokens.append(last.token)
                drafted += bool(last.from_draft)
            seconds = time.perf_counter() - began
            say(
                "answered",
                phase=phase,
                query=query,
                seconds=seconds,
                prompt_seconds=last.prompt_tokens / last.prompt_tps if last else seconds,
                tokens=[int(token) for token in tokens],
                drafted=drafted,
            )
    # Kilobytes on Linux, bytes on a Mac.
    scale = 1 if sys.platform == "darwin" else 1024
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    say("done", peak_bytes=mx.get_peak_memory(), process_bytes=resident)


if __name__ == "__main__":
    sys.exit(main())
