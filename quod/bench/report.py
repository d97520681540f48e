"""Reports for people: what `quod bench` prints on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rich.box
import rich.console
import rich.table


def show(report: Mapping[str, Any], console: rich.console.Console | None = None) -> None:
    """Print a report of `summary.summarize` as tables."""
    out = console or rich.console.Console()
    out.print(f"[bold]{report['suite']}[/], drafter {report['drafter']}, {report['n']} problems")
    out.print(f"[dim]{report['policy']}; rule {report['rule']}[/]")
    out.print(_headline(report))
    out.print(_matrix("same predictions, other rules", report["tolerances"]))
    if report["by_constraint_type"]:
        out.print(_lines("by type of declaration", report["by_constraint_type"]))
    if report["by_category"]:
        out.print(_lines("by category", report["by_category"]))
    if report["risk_coverage"]:
        every = report["risk_coverage"]
        kept = sorted({round(i * (len(every) - 1) / 9) for i in range(10)})  # ten points show the curve
        points = {f"doubt at most {every[i]['doubt']:g}": every[i] for i in kept}
        shown = {
            name: {"answered": p["answered"], "coverage": p["coverage"], "risk": p["risk"]}
            for name, p in points.items()
        }
        out.print(_lines("risk and coverage", shown))
    for problem, reason in report["unreadable"].items():
        out.print(f"declarations not understood: {problem}: {reason}", markup=False)
    for name in ("wrong", "unanswered"):
        if report[name]:
            out.print(f"{name}: {', '.join(report[name])}")


def _headline(report: Mapping[str, Any]) -> rich.table.Table:
    table = _table("", "value")
    interval = report["wilson95"]
    low_high = f" (95 % interval {_share(interval[0])} to {_share(interval[1])})" if interval else ""
    gold, key = report["accuracy_gold"], report["accuracy_key"]
    if gold is not None:
        table.add_row("accuracy against the official declarations", _share(gold) + low_high)
    if key is not None:
        table.add_row("accuracy against the key", _share(key) + ("" if gold is not None else low_high))
    table.add_row(
        "accuracy on what was certified", f"{_share(report['accuracy_on_certified'])} of {report['solved']}"
    )
    table.add_row(
        "accuracy where nothing was warned about",
        f"{_share(report['accuracy_without_warnings'])} of {report['n_without_warnings']}",
    )
    table.add_row(
        "solved / abstained / failed", f"{report['solved']} / {report['abstained']} / {report['failed']}"
    )
    table.add_row("execution rate", _share(report["execution_rate"]))
    table.add_row("certificates", _counts(report["strengths"]))
    table.add_row("terminations", _counts(report["terminations"]))
    declared = report["declarations"]
    if declared:
        table.add_row(
            "declarations",
            f"precision {_share(declared['precision'])}, recall {_share(declared['recall'])}, "
            f"all equal {_share(declared['all_equal'])}",
        )
    continuous = report["continuous"]
    if continuous["accuracy_gold"] is not None or continuous["accuracy_key"] is not None:
        table.add_row(
            "everything divisible (beside)",
            f"declarations {_share(continuous['accuracy_gold'])}, key {_share(continuous['accuracy_key'])}",
        )
    seconds = [report["median_seconds"], report["p95_seconds"]]
    if None not in seconds:
        table.add_row("seconds, median / 95 %", f"{seconds[0]:.2f} / {seconds[1]:.2f}")
    return table


def _matrix(title: str, matrix: Mapping[str, Mapping[str, float | None]]) -> rich.table.Table:
    rules = list(next(iter(matrix.values()), {}))
    table = _table(title, *rules)
    for name, line in matrix.items():
        table.add_row(name, *(_share(line[rule]) for rule in rules))
    return table


def _lines(title: str, lines: Mapping[str, Mapping[str, Any]]) -> rich.table.Table:
    columns = [name for name in next(iter(lines.values())) if name != "wilson95"]
    table = _table(title, *(name.replace("_", " ") for name in columns))
    for name, line in lines.items():
        table.add_row(name, *(_cell(line.get(column)) for column in columns))
    return table


def _table(first: str, *others: str) -> rich.table.Table:
    table = rich.table.Table(box=rich.box.SIMPLE, show_edge=False, header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _cell(value: Any) -> str:
    return _share(value) if value is None or isinstance(value, float) else str(value)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "–"
