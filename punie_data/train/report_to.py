"""Losses to the services that mlx-lm reports to, through mlx-lm's own callbacks."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from punie_data.errors import UserError
from punie_data.train.loop import Report, Tell


def reporter(services: str, project: str, out: Path, settings: Mapping[str, Any]) -> Tell:
    """What hands each look at the losses on; the services' own files go into `out`. UserError for a service that mlx-lm doesn't know or that isn't installed.

    Keys are mlx-lm's, so that runs of both engines stand in one chart. Services: commas between their names.
    """
    try:
        from mlx_lm.tuner.callbacks import SUPPORT_CALLBACK, get_reporting_callbacks
    except ImportError:
        raise UserError("--report-to: this mlx-lm reports to none; 0.28 and later do") from None
    for name in (part.strip().lower() for part in services.split(",")):
        if name not in SUPPORT_CALLBACK:
            raise UserError(f"--report-to {name}: mlx-lm reports to {', '.join(sorted(SUPPORT_CALLBACK))}")
        if find_spec(name) is None:
            raise UserError(f"--report-to {name}: it isn't installed: pip install {name}")
    callback: Any = None

    def tell(report: Report) -> None:
        nonlocal callback
        if not report.step:
            return
        if callback is None:  # not before: until the first step `out` may hold nothing of ours
            callback = get_reporting_callbacks(services, project, str(out), dict(settings))
        if report.loss is not None:
            callback.on_train_loss_report(
                {
                    "iteration": report.step,
                    "train_loss": report.loss,
                    "tokens_per_second": report.rate,
                    "peak_memory": report.gigabytes,
                }
            )
        seen = {"val_loss": report.valid_loss}
        if report.behaviour is not None:
            right, asked = report.behaviour
            seen["right_decisions"] = right / max(asked, 1)
        if known := {key: value for key, value in seen.items() if value is not None}:
            callback.on_val_loss_report({"iteration": report.step, **known})

    return tell
