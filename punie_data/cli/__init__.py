"""The command line. A command is a module of this package with a click command of its own name; it is imported when it is used."""

import gc
import io
import os
import signal
import sys
from importlib import import_module
from keyword import iskeyword

import click

from punie_data import __version__
from punie_data.errors import DEVICE_TROUBLE, PATH_TROUBLE, UserError
from punie_data.plain import plain_line

COMMANDS = {
    "generate": "Mine repositories for verified examples.",
    "verify": "Run every tool call of a dataset again and compare.",
    "validate": "Check rows against the schema and the rules.",
    "explain": "Tell what a code of validate means.",
    "import": "Turn rows of any format into records.",
    "dedupe": "Take out duplicates, and rows that contradict each other.",
    "decontaminate": "Take out rows that ask what an evaluation asks.",
    "split": "Divide a dataset into train, valid and test, with nothing on two sides.",
    "export": "Write a dataset as the rows that a trainer reads.",
    "preflight": "Prove that an export avoids the traps of mlx-lm.",
    "show": "Print a few rows as conversations.",
    "report": "Write an HTML file that shows a dataset.",
    "stats": "Count what is in a dataset.",
    "diff": "Compare two datasets row by row.",
    "generators": "List the generators, or describe one.",
    "build": "Make a dataset from a recipe, from its sources to its mix.",
    "lineage": "Tell where a row came from, and how a dataset is made again.",
    "balance": "Keep the largest subset of rows inside a mix, or judge a dataset by one.",
    "scan": "Look for what must not be published: secrets, personal data, licences.",
    "corpus": "List or fetch the repositories of a corpus.",
    "model": "Get models in MLX form without a hub.",
    "train": "Train an adapter on every assistant turn.",
    "fuse": "Make an adapter one with its model.",
    "quantize": "Round a model to few bits.",
    "survival": "Predict what of a training outlives rounding.",
    "suite": "Make, check and list suites of queries to evaluate with.",
    "evaluate": "Ask a model what a dataset asks, and score what it decides.",
    "bench": "Measure how fast systems are, and what they take.",
    "parity": "Compare the calls of a served model with those of its weights.",
    "compare": "Say whether one of several evaluated systems is better.",
    "decide": "Say which system to deploy, by stated criteria.",
    "history": "Show what was trained and measured, kept by itself.",
    "train-and-eval": "Run a recipe from its dataset to a verdict.",
}
"""Name → help. It stands here too, so that `--help` imports no command."""


class Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # `import` is a word of Python's, and `train-and-eval` has dashes: neither a module nor a function can be called so.
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
        gc.disable()  # as in `__main__`
        try:
            return getattr(import_module(f"punie_data.cli.{name}"), name)
        finally:
            gc.freeze()
            gc.enable()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with:  punie-data generate --repo .",
)
@click.version_option(__version__, prog_name="punie-data")
def cli() -> None:
    """Verified training data for local, tool-calling coding agents, mined from real Python repositories."""


def main() -> None:
    """Run the command line; exit 2 with one line for what the user can mend, 130 after Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # else nobody would clean up
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    for stream in (sys.stdout, sys.stderr):  # a terminal of few characters shows the others by their codes
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # rich looks for it by itself, click does not.
        colour = {"color": False} if os.environ.get("NO_COLOR") else {}
        code = cli.main(standalone_mode=False, **colour)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except UserError as error:
        click.echo(f"punie-data: {plain_line(str(error))}", err=True)
        sys.exit(2)
    except OSError as error:
        where = error.filename2 or error.filename
        if where is not None and error.errno in PATH_TROUBLE:
            click.echo(f"punie-data: {plain_line(f'{where}: {error.strerror}')}", err=True)
            sys.exit(2)
        if error.errno not in DEVICE_TROUBLE:
            raise
        import tempfile

        where = where or f"standard output, or {tempfile.gettempdir()}"
        click.echo(f"punie-data: {plain_line(f'{where}: {error.strerror}')}; what was done is kept", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo(
            "punie-data: stopped; what was done is kept, the same command goes on from there", err=True
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
