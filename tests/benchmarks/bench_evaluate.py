"""100 queries with one system prompt and fourteen tools: in batches behind a shared beginning, and by one `mlx_lm.generate` call each. A ratio measured in one run.

    python tests/benchmarks/bench_evaluate.py                 SmolLM2-135M (minutes: the slow side takes most)
    python tests/benchmarks/bench_evaluate.py --queries 20

Both have the same BLAS, model, prompts and greatest length, at temperature 0; how many of the outputs are the same is counted.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from punie_data import dialects
from punie_data.dialects.template import Template
from punie_data.evaluate.generate import System
from punie_data.train.fast_blas import use_fast_blas

ROOT = Path(__file__).parents[2]

SYSTEM = "You are a coding assistant for Python projects. Use the tools at hand when the answer depends on the project."
TOOLS = (
    "read_file", "write_file", "run_command", "typecheck", "ruff_check", "pytest_run", "goto_definition", "find_references", "hover",
    "document_symbols", "workspace_symbols", "git_status", "git_diff", "git_log",
)  # fmt: skip
ASKED = (
    "Where is `{}` defined?",
    "Which files use `{}`?",
    "What does `{}` return?",
    "Are there type errors around `{}`?",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--dialect", default="hermes")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--most", type=int, default=32)
    parser.add_argument("--batch", type=int, default=25)
    given = parser.parse_args()
    use_fast_blas()
    if given.model is None:
        found = subprocess.run([sys.executable, "-m", "punie_data", "model", "get", "smollm2-135m"], check=True,
                               stdout=subprocess.PIPE, text=True, cwd=ROOT)  # fmt: skip
        given.model = Path(found.stdout.strip().splitlines()[-1])
    from mlx_lm import generate
    from mlx_lm.utils import load

    template = Template.load(given.model)
    written = dialects.load(given.dialect)
    prompts = []
    for number in range(given.queries):
        asked = {"role": "user", "content": ASKED[number % len(ASKED)].format(f"name_{number}")}
        rendered = written.render({"messages": [asked]}, dialects.signatures(TOOLS), SYSTEM)
        text = template.render(rendered.messages, rendered.tools, add_generation_prompt=True)
        prompts.append(template.encode(text))
    loaded = load(str(given.model))  # before ours, whose exponentials would speed it up too
    began = time.perf_counter()
    one_by_one = [generate(loaded[0], loaded[1], prompt, max_tokens=given.most) for prompt in prompts]
    slow = time.perf_counter() - began
    system = System(given.model)
    began = time.perf_counter()
    together = dict(system.answer(prompts, given.most, given.batch))
    fast = time.perf_counter() - began
    same = sum(together[number].text == text for number, text in enumerate(one_by_one))
    print(
        f"{given.queries} prompts of {len(prompts[0]):,} tokens: {slow:.0f} s one by one, {fast:.0f} s together"
    )
    print(
        f"together: {slow / fast:.1f} x as fast as one mlx_lm.generate a query; {same} of {given.queries} outputs the same"
    )


if __name__ == "__main__":
    main()
