"""The report of a sweep for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rich.box
import rich.console
import rich.table


def show(report: Mapping[str, Any], console: rich.console.Console | None = None) -> None:
    """Print a report of `summary.report` as tables."""
    out = console or rich.console.Console()
    out.print(f"[bold]algorithms[/], seed {report['seed']}, model", report["model"])
    for task in dict.fromkeys(cell["task"] for cell in report["cells"]):
        out.print(_cells(report, task))
    if report["advice"]:
        out.print(_advice(report))
    out.print(
        "[dim]intervals are 95 %; wrong: share of pieces; predicted: seconds over measured ones, by a fit of "
        "the other half of the trials; m: advised; best m: of those measured; over best: what advice among "
        "these gives over it[/]"
    )
    for task, fit in report["fits"]["tasks"].items():
        quality = fit["sub"]["r_squared"]
        out.print(
            f"fit of {task}: root mean square miss of the error {fit['error']['rmse']:.3f}, "
            f"R² of a call's seconds {_number(quality)}, {fit['trials']} trials"
        )
    failures: dict[str, int] = {}
    for cell in report["cells"]:
        for message, count in cell["failures"].items():
            failures[message] = failures.get(message, 0) + count
    for message, count in failures.items():
        out.print(f"{count} calls failed: {message}", markup=False)
    if report["ended"]:
        out.print(f"ended early: {report['ended']['message']}", markup=False)


def _cells(report: Mapping[str, Any], task: str) -> rich.table.Table:
    columns = ("m", "p", "pieces", "error", "wrong", "tokens", "seconds", "predicted")
    table = _table("n", *columns, title=task)
    for cell in report["cells"]:
        if cell["task"] == task:
            table.add_row(
                str(cell["n"]), str(cell["m"]), str(cell["p"]), str(cell["pieces"]),
                _interval(cell["scores"]["error"]),
                _number(cell["wrong_pieces"] and cell["wrong_pieces"]["mean"]),
                f"{cell['input_tokens'] + cell['output_tokens']:.0f}",
                _number(cell["makespan"]["mean"]),
                _number(cell["predicted_over_measured"]),
            )  # fmt: skip
    return table


def _advice(report: Mapping[str, Any]) -> rich.table.Table:
    table = _table("advice", "n", "p", "for", "m", "expected error", "best m", "over best")
    for item in report["advice"]:
        low, high = item["free"]["error_interval"]
        table.add_row(
            item["task"], str(item["n"]), str(item["p"]), item["objective"],
            str(item["free_m"]) + ("" if item["free"]["feasible"] else " (none keeps the bound)"),
            f"{item['free']['error']:.3f} ({low:.3f}–{high:.3f})",
            str(item["best_m"]),
            _number(item["advised_over_best"]),
        )  # fmt: skip
    return table


def _table(first: str, *others: str, title: str | None = None) -> rich.table.Table:
    table = rich.table.Table(box=rich.box.SIMPLE, show_edge=False, header_style="bold", title=title)
    table.padding = (0, 1, 0, 0)
    for name in (first, *others):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _interval(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return "–"
    bar = value["interval"]
    return f"{value['mean']:.3f}" + (f" ({bar[0]:.2f}–{bar[1]:.2f})" if bar else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
