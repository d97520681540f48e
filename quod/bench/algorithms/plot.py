"""A drawing of one task: error, tokens and seconds over m, measured and fitted, with the advised size."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quod.agents import granularity

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP = 300, 220, 56, 44, 48, 24
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette: these can be told apart with any colour vision."""
Point = tuple[float, float, float, float]
"""m, value, and the ends of its error bar."""


def draw(report: Mapping[str, Any], task: str) -> str:
    """An SVG document of three panels for the largest n of `task`; latency has one colour for each p."""
    fit = granularity.TaskFit.model_validate(report["fits"]["tasks"][task])
    n = max(cell["n"] for cell in report["cells"] if cell["task"] == task)
    cells = [cell for cell in report["cells"] if (cell["task"], cell["n"]) == (task, n)]
    kinds = sorted({cell["p"] for cell in cells})
    first = [cell for cell in cells if cell["p"] == kinds[0]]
    advised = {
        item["objective"]: item["free_m"]
        for item in report["advice"]
        if (item["task"], item["n"], item["p"]) == (task, n, kinds[-1])
    }
    latency = []
    for p in kinds:
        points = [_point(cell, cell["makespan"]) for cell in cells if cell["p"] == p]
        latency.append((f"p = {p}", points, lambda m, p=p: granularity.predict(fit, n, m, p).latency))
    errors = [_point(cell, cell["scores"]["error"]) for cell in first]
    tokens = [_tokens(cell) for cell in first]
    panels = [
        _panel(0, "error", [("", errors, lambda m: fit.error(m, n))]),
        _panel(1, "tokens", [("", tokens, lambda m: _predicted_tokens(fit, n, m))], advised.get("cost")),
        _panel(2, "seconds", latency, advised.get("latency")),
    ]
    title = html.escape(f"{task}, n = {n} {fit.unit}, model {report['model']}")
    width, height = 3 * (WIDTH + LEFT) + GAP, HEIGHT + TOP + BOTTOM
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="11">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="{LEFT}" y="18" font-size="13">{title}</text>',
            *panels,
            "</svg>",
            "",
        ]
    )


def _point(cell: Mapping[str, Any], value: Mapping[str, Any]) -> Point:
    low, high = value["interval"] or (value["mean"], value["mean"])
    return cell["m"], value["mean"], low, high


def _tokens(cell: Mapping[str, Any]) -> Point:
    total = cell["input_tokens"] + cell["output_tokens"]
    return cell["m"], total, total, total


def _predicted_tokens(fit: granularity.TaskFit, n: int, m: int) -> float:
    found = granularity.predict(fit, n, m, 1)
    return found.input_tokens + found.output_tokens


def _panel(
    number: int,
    title: str,
    series: Sequence[tuple[str, Sequence[Point], Callable[[int], float]]],
    advised: int | None = None,
) -> str:
    """One diagram: points with error bars, fitted curve, a dashed line at the advised m (log scale in m)."""
    sizes = [point[0] for _, points, _ in series for point in points]
    low, high = min(sizes), max(sizes)
    steps = sorted({round(low * (high / low) ** (i / 80)) for i in range(81)})
    curves = [[(m, function(m)) for m in steps] for _, _, function in series]
    top = max([p[3] for _, points, _ in series for p in points] + [y for curve in curves for _, y in curve])
    top = top or 1.0
    x0, y0 = LEFT + number * (WIDTH + LEFT), TOP + HEIGHT

    def x(m: float) -> float:
        return round(x0 + (WIDTH * math.log(m / low) / math.log(high / low) if high > low else WIDTH / 2), 1)

    def y(value: float) -> float:
        return round(y0 - HEIGHT * 0.95 * value / top, 1)

    parts = [
        f'<path d="M{x0} {TOP}V{y0}H{x0 + WIDTH}" fill="none" stroke="#444"/>',
        f'<text x="{x0}" y="{TOP - 8}">{title}</text>',
        f'<text x="{x0 + WIDTH}" y="{y0 + 34}" text-anchor="end">size m of a piece</text>',
        *_ticks(x0, y0, {m: x(m) for m in sorted(set(sizes))}, top, y),
    ]
    for (label, points, _), curve, colour in zip(series, curves, COLOURS * len(series), strict=False):
        line = " ".join(f"{x(m)},{y(value)}" for m, value in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for m, value, bottom, above in points:
            parts.append(f'<path d="M{x(m)} {y(bottom)}V{y(above)}" stroke="{colour}"/>')
            parts.append(f'<circle cx="{x(m)}" cy="{y(value)}" r="3" fill="{colour}"/>')
        if label:
            place = y(curve[0][1]) - 6
            parts.append(f'<text x="{x0 + 8}" y="{place}" fill="{colour}">{label}</text>')
    if advised is not None and low <= advised <= high:
        parts.append(f'<path d="M{x(advised)} {TOP}V{y0}" stroke="#888" stroke-dasharray="4 3"/>')
        side, anchor = (4, "start") if x(advised) < x0 + WIDTH / 2 else (-4, "end")
        parts.append(
            f'<text x="{x(advised) + side}" y="{TOP + 10}" text-anchor="{anchor}" fill="#666">'
            f"advised {advised}</text>"
        )
    return "\n".join(parts)


def _ticks(
    x0: float, y0: float, places: Mapping[float, float], top: float, y: Callable[[float], float]
) -> list[str]:
    """Labels of both axes; a size whose label would stand in the one before has none."""
    step = _round_step(top)
    parts = [
        f'<text x="{x0 - 6}" y="{y(i * step) + 4}" text-anchor="end">{i * step:.6g}</text>'
        for i in range(int(top / step) + 1)
    ]
    free = -math.inf
    for m, x in places.items():
        if x >= free:
            parts.append(f'<text x="{x}" y="{y0 + 16}" text-anchor="middle">{m:g}</text>')
            free = x + 36
    return parts


def _round_step(top: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that gives at least four steps."""
    power = 10 ** math.floor(math.log10(top / 4))
    return float(max(k * power for k in (1, 2, 5) if k * power <= top / 4))
