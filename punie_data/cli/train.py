"""`punie-data train`: an adapter from a dataset."""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import click

from punie_data.cli.recording import recorded, tell_history
from punie_data.errors import UserError
from punie_data.plain import plain_line


@click.command(
    epilog="""\b
Examples:
  punie-data train data/mine --model "$(punie-data model get smollm2-135m)" --out adapters/mine
  punie-data train data/mine --model models/qwen --out adapters/mine --set epochs=2 --set rank=16"""
)
@click.argument("source", metavar="DATASET|FILE", type=click.Path(path_type=Path))
@click.option(
    "--model", type=click.Path(path_type=Path), required=True, help="Folder of a model in MLX form."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the adapter; a run that was killed goes on from it.",
)
@click.option(
    "--dialect",
    default="hermes",
    show_default=True,
    help="How calls are written: native, hermes, hermes-brief, qwen3-xml, json-fence, code or text.",
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting, as epochs=2. Repeatable; --settings lists them.",
)
@click.option(
    "--settings",
    "list_settings",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda c, p, v: _list(c, v),
    help="List the settings with their defaults.",
)
@click.option("--system-prompt", help="In place of the manifest's.")
@click.option(
    "--engine",
    type=click.Choice(("punie-data", "mlx-lm-cli")),
    default="punie-data",
    show_default=True,
    help="mlx-lm-cli: stock mlx_lm.lora on the exported set.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="So many on this machine share the work: on a processor one a core may be faster.",
)
@click.option(
    "--behaviour",
    metavar="SUITE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Keep the weights that decide most of SUITE's queries right, of those the ones with the lowest loss.",
)
@click.option(
    "--behaviour-every",
    metavar="STEPS",
    type=click.IntRange(min=1),
    help="Ask SUITE so often, and at the end.  [default: five times a run]",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CHECKS",
    help="Checks whose refusal shall not count, with commas: memory,epochs.",
)
@click.option(
    "--report-to",
    metavar="SERVICES",
    help="Hand the losses on as mlx-lm does: wandb, swanlab, or both with a comma.",
)
@click.option(
    "--project-name",
    metavar="NAME",
    default="punie-data",
    show_default=True,
    help="The project at --report-to.",
)
@click.option("--restart", is_flag=True, help="Forget what --out holds of an earlier run.")
@click.option("--dry-run", is_flag=True, help="Only check what would be trained; exit 1 where it is refused.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
@recorded
def train(
    source: Path,
    model: Path,
    out: Path,
    dialect: str,
    given: tuple[str, ...],
    system_prompt: str | None,
    engine: str,
    processes: int,
    behaviour: Path | None,
    behaviour_every: int | None,
    ignore: tuple[str, ...],
    report_to: str | None,
    project_name: str,
    restart: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train an adapter on every assistant turn of a dataset, with mlx-lm's layers.

    DATASET is a folder with train.jsonl (or examples.jsonl) and valid.jsonl. The loss is taken on all assistant turns and on nothing else; rows that
    don't fit are left out and counted, never cut. The adapter folder is plain mlx-lm: the weights with the lowest loss on valid. The same command
    goes on where it was stopped, with the same outcome as in one go.
    """
    from punie_data.history.outcomes import trained
    from punie_data.train import fast_blas, run
    from punie_data.train.companions import companions, end_with_parent
    from punie_data.train.curve import sparkline
    from punie_data.train.preflight import CHECKS, preflight
    from punie_data.train.record import RECORD
    from punie_data.train.settings import settings_from
    from punie_data.train.world import world

    if end_with_parent():
        world()  # before the rows are read: the first process waits at the door for a short time only
    if processes > 1 and engine != "punie-data":
        raise UserError("--processes: stock mlx_lm.lora is one process; mlx.launch starts several of it")
    settings = settings_from({"dialect": dialect, **_values(given)})
    ignored = {name.strip() for names in ignore for name in names.split(",") if name.strip()}
    for name in sorted(ignored - set(CHECKS)):
        raise UserError(f"there is no check {name}: {', '.join(CHECKS)}")
    if not dry_run:
        fast_blas.use_fast_blas()
    if behaviour_every and behaviour is None:
        raise UserError("--behaviour-every: name the suite with --behaviour")
    planned = run.plan(source, model, settings, system_prompt, engine, behaviour, behaviour_every or 0)
    everybody = world()
    prepared = planned.train
    lost: dict[str, int] = {}
    for row in planned.lost:
        lost[row.reason] = lost.get(row.reason, 0) + 1
    checks = preflight(planned, out, processes)
    if not as_json and everybody.writes:
        share = prepared.trained_tokens / prepared.tokens
        held_out = f", {len(planned.valid.sequences)} held out" if planned.valid else ""
        click.echo(
            f"{len(prepared.sequences):,} conversations of {prepared.tokens:,} tokens, {prepared.trained_tokens:,} of them ({share:.1%}) learned{held_out}"
        )
        for check in checks:
            if dry_run or check.state != "ok":
                click.echo(_line(check), err=not dry_run)
    refused = [check for check in checks if check.state == "refused" and check.name not in ignored]
    if dry_run:
        if as_json:
            told = {
                "conversations": len(prepared.sequences),
                "tokens": prepared.tokens,
                "learned_tokens": prepared.trained_tokens,
                "left_out": lost,
                "checks": [asdict(check) for check in checks],
            }
            click.echo(json.dumps(told, indent=1))
        if refused:
            raise SystemExit(1)
        return
    if refused:
        reasons = "; ".join(f"{check.name}: {check.said}" for check in refused)
        names = ",".join(check.name for check in refused)
        raise UserError(f"not begun: {plain_line(reasons)} (--ignore {names} begins all the same)")
    if restart and everybody.writes:
        shutil.rmtree(out / "checkpoint", ignore_errors=True)
        (out / RECORD).unlink(missing_ok=True)
    if (
        everybody.writes  # the others may find what the first has begun to write
        and out.is_dir()
        and any(out.iterdir())
        and not any(
            (out / name).exists() for name in ("checkpoint", ".checkpoint.old", "adapter_config.json", RECORD)
        )
    ):
        raise UserError(f"{out} holds other files; choose an empty folder with --out")

    hand_on = None
    if report_to and everybody.writes:
        from punie_data.train.report_to import reporter

        hand_on = reporter(report_to, project_name, out, planned.made_of)

    def tell(report) -> None:  # type: ignore[no-untyped-def]
        if not everybody.writes:
            return
        if hand_on is not None and not report.passing:
            hand_on(report)
        parts = [f"loss {report.loss:.3f}"] if report.loss is not None else []
        parts += [f"valid {report.valid_loss:.3f}"] if report.valid_loss is not None else []
        if report.behaviour is not None:
            parts.append("right decisions {} of {}".format(*report.behaviour))
        parts += (
            [f"{report.rate:,.1f} learned tokens/s", f"{_minutes(report.left)} left"] if report.step else []
        )
        parts += [f"{report.gigabytes:.1f} GB"] if report.gigabytes else []
        click.echo(f"step {report.step}/{report.steps}: {', '.join(parts)}", err=as_json)

    with companions(processes, [sys.executable, "-m", "punie_data", *sys.argv[1:]]):
        progress = run.start(planned, out, tell, lambda line: click.echo(line, err=as_json))
    if not everybody.writes:
        return
    tell_history(lambda: trained(source, model, out, len(prepared.sequences)))
    if as_json:
        click.echo(json.dumps(asdict(progress) | {"left_out": lost, "out": str(out)}, indent=1))
        return
    best = ""
    if progress.best_right is not None:
        best = f"; most right decisions {progress.best_right} of {progress.behaviours[-1][2]} at step {progress.best_step}"
    elif progress.best_loss is not None:
        best = f"; lowest loss on valid {progress.best_loss:.3f} at step {progress.best_step}"
    click.echo(
        f"{progress.step} steps, {progress.trained_tokens:,} learned tokens in {_minutes(progress.seconds)}{best}"
    )
    for name, losses in (("loss", progress.train_losses), ("valid", progress.valid_losses)):
        if len(losses) > 1:
            click.echo(
                f"{name:<5} {losses[0][1]:.3f} {sparkline([loss for _, loss in losses])} {losses[-1][1]:.3f}"
            )
    click.echo(f"the adapter is in {out}")


def _line(check) -> str:  # type: ignore[no-untyped-def]
    colour = {"ok": "green", "warning": "yellow", "refused": "red"}[check.state]
    return f"{click.style(f'{check.state:>7}', fg=colour)}  {check.name:<10} {plain_line(check.said)}"


def _values(given: tuple[str, ...]) -> dict[str, object]:
    """`epochs=2` as {"epochs": 2}: of the type that the setting has."""
    from punie_data.train.settings import Settings

    defaults = Settings().to_json()
    found: dict[str, object] = {}
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set {pair}: write KEY=VALUE")
        kind = type(defaults.get(key, ""))
        if kind is bool:
            if text not in ("true", "false"):
                raise UserError(f"--set {pair}: {key} is true or false")
            found[key] = text == "true"
            continue
        try:
            found[key] = kind(text)
        except ValueError:
            raise UserError(
                f"--set {pair}: {key} is {'a whole number' if kind is int else 'a number'}"
            ) from None
    return found


def _list(context: click.Context, wanted: bool) -> None:
    if wanted:
        from punie_data.train.settings import Settings

        for key, value in Settings().written().items():
            click.echo(f"{key}={value}")
        context.exit()


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
