"""The run of a job as a picture: one bar a task over time, in SVG without any dependency.

Bars of a round stand together, in the order in which they started; thin lines lead from a task to those
that used its output; the critical path is dark. Names and details come from plans that a model wrote, so
everything is escaped, and characters that XML does not allow or that turn text around are replaced.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from quod import jobs
from quod.agents import critical

WIDTH = 1000  # px
TOP, BOTTOM, AFTER = 80, 30, 86  # px above the first row, below the last, right of the axis
LETTER = 7.3  # px, of the 12 px font, bold
NAME = 26  # letters of a name before the axis
DETAIL = 600  # letters of a detail in the hover text
CROWDED = 60  # tasks from which on rows are narrower
_UNSAFE = re.compile(
    "[^\\t\\n\\r\\x20-\\x7e\\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
"""Characters that XML does not allow, that control a terminal, or that turn text around."""

_STYLE = """\
text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1f2933}
.head{font-size:15px;font-weight:600}.soft{fill:#616e7c}.num{font-variant-numeric:tabular-nums}
.page{fill:#ffffff}.grid{stroke:#e4e7eb}.rule{stroke:#9aa5b1}
.ok{fill:#8cbcf0}.ok.on{fill:#1f6fc4}.error{fill:#f0a08c}.error.on{fill:#c8391b}
.skipped{fill:#ffffff;stroke:#7b8794;stroke-dasharray:3 2}
.need{fill:none;stroke:#7b8794;stroke-opacity:.55}.need.on{stroke:#1f2933;stroke-width:2;stroke-opacity:1}
.need.many{stroke-opacity:.2}.name.on{font-weight:600}.bad{fill:#b02a0d}.took{paint-order:stroke;stroke:#ffffff;stroke-width:4px}
g:hover>rect{stroke:#1f2933;stroke-width:1.5}
@media (prefers-color-scheme:dark){
text{fill:#e4e7eb}.soft{fill:#9aa5b1}.page{fill:#161b22}.grid{stroke:#2b333d}.rule{stroke:#616e7c}
.ok{fill:#2f5f94}.ok.on{fill:#63adff}.error{fill:#8f3d2b}.error.on{fill:#ff7a5c}
.skipped{fill:#161b22;stroke:#9aa5b1}.bad{fill:#ff9c85}.took{stroke:#161b22}
.need{stroke:#7b8794}.need.on{stroke:#f5f7fa}g:hover>rect{stroke:#f5f7fa}}"""


def svg(result: Mapping[str, Any] | jobs.Result) -> str:
    """The timeline of a result's `trace` as an SVG document. Raises InvalidInput naming the field."""
    return _Drawing(critical.read(result), _heading(result)).document()


class _Drawing:
    """Places of everything, in px; rows are tasks and, where there are several rounds, their headings."""

    def __init__(self, run: critical.Run, heading: str) -> None:
        self._run, self._heading = run, heading
        self._on = set(run.critical)
        self._row = 24 if len(run.tasks) <= CROWDED else 18
        names = [letters(_name(task)) for task in run.tasks]
        self._left = 24 + LETTER * max(names, default=8)
        self._step = tick(run.end)
        self._span = run.end or self._step
        self._rounds = sorted({task.round for task in run.tasks})
        self._y: list[float] = []
        self._heads: list[tuple[int, float]] = []
        y = float(TOP)
        for i, task in enumerate(run.tasks):
            if len(self._rounds) > 1 and (i == 0 or task.round != run.tasks[i - 1].round):
                y += 6 if i else 0
                self._heads.append((task.round, y))
                y += 24
            self._y.append(y)
            y += self._row
        self._floor = y + 4

    def document(self) -> str:
        """The whole SVG document."""
        height = self._floor + BOTTOM
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
            f'height="{height:g}" role="img" aria-label="{escape(self._heading)}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height:g}"/>',
            *self._head(),
            *self._axis(),
            *self._round_heads(),
            *self._lines(),
            *(self._bar(i) for i in range(len(self._run.tasks))),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _x(self, seconds: float) -> float:
        return self._left + (WIDTH - AFTER - self._left) * seconds / self._span

    def _head(self) -> Iterator[str]:
        run = self._run
        yield f'<text class="head" x="16" y="26">{escape(self._heading)}</text>'
        path = f"critical path: {_tasks(len(run.critical))}, {duration(run.work)} of work"
        note = "" if run.recorded else "no times in the result: tasks drawn one after another"
        line = " · ".join(
            filter(None, [_tasks(len(run.tasks)), duration(run.end), path if run.critical else "", note])
        )
        yield f'<text class="soft num" x="16" y="45">{escape(line)}</text>'
        x = WIDTH - 16.0
        for style, label in (("skipped", "skipped"), ("error", "error"), ("ok", "ok"), ("ok on", "critical")):
            x -= LETTER * len(label)
            yield f'<text class="soft" x="{x:.1f}" y="45">{label}</text>'
            yield f'<rect class="{style}" x="{x - 16:.1f}" y="36" width="11" height="10" rx="2"/>'
            x -= 30

    def _axis(self) -> Iterator[str]:
        for k in range(math.floor(self._span / self._step + 1e-9) + 1):
            x, label = self._x(k * self._step), duration(k * self._step)
            yield f'<path class="grid" d="M{x:.1f} {TOP - 6}V{self._floor:g}"/>'
            for y in (TOP - 10, self._floor + 16)[: 1 if len(self._run.tasks) <= 12 else 2]:
                yield f'<text class="soft num" text-anchor="middle" x="{x:.1f}" y="{y:g}">{label}</text>'

    def _round_heads(self) -> Iterator[str]:
        reasons = {item.number: item for item in self._run.rounds}
        for number, y in self._heads:
            item = reasons.get(number)
            after = f", then {item.decision}" if item else ""
            reason = f": {item.reason}" if item and item.reason else ""
            line = short(f"round {number}{after}{reason}", 130)
            yield f'<path class="rule" d="M16 {y:g}H{WIDTH - 16}"/>'
            yield f'<text class="soft" x="16" y="{y + 16:g}">{escape(line)}</text>'

    def _lines(self) -> Iterator[str]:
        """From the end of an input to the row of what needs it, and there to its start; the path on top."""
        chain = set(zip(self._run.critical, self._run.critical[1:], strict=False))
        edges = {(j, i) for i, needs in enumerate(self._run.needs) for j in needs} | chain
        for j, i in sorted(edges, key=lambda edge: (edge in chain, edge)):
            x1, x2 = self._x(self._run.tasks[j].end), self._x(self._run.tasks[i].start)
            y1, y2 = (self._y[place] + self._row / 2 for place in (j, i))
            style = "need on" if (j, i) in chain else "need many" if len(self._y) > CROWDED else "need"
            yield f'<path class="{style}" d="M{x1:.1f} {y1:g}V{y2:g}H{x2:.1f}"/>'

    def _bar(self, i: int) -> str:
        task, y = self._run.tasks[i], self._y[i]
        on = " on" if i in self._on else ""
        x, end = self._x(task.start), self._x(task.end)
        middle = y + self._row / 2 + 4
        mark = {"ok": "", "error": " ✕", "skipped": " skipped"}[task.outcome]
        label = ("" if task.outcome == "skipped" else duration(task.end - task.start)) + mark
        after = max(end, x + 2) + 6
        bad = " bad" if task.outcome == "error" else ""
        return (
            f"<g><title>{escape(self._hover(i))}</title>"
            f'<text class="name{on}" text-anchor="end" x="{self._left - 8:.1f}" y="{middle:g}">'
            f"{escape(_name(task))}</text>"
            f'<rect class="{task.outcome}{on}" x="{x:.1f}" y="{y + 3:g}" width="{max(end - x, 2):.1f}" '
            f'height="{self._row - 6}" rx="2"/>'
            f'<text class="num took{bad}" x="{after:.1f}" y="{middle:g}">{label.strip()}</text></g>'
        )

    def _hover(self, i: int) -> str:
        task = self._run.tasks[i]
        inputs = ", ".join(self._run.tasks[j].task for j in self._run.needs[i])
        lines = [
            f"{task.task} {task.tool}: {task.outcome}",
            f"{duration(task.start)} to {duration(task.end)}, {duration(task.end - task.start)}",
            f"needs {inputs}" if inputs else "",
            "on the critical path" if i in self._on else "",
            short(task.detail or "", DETAIL),
        ]
        return "\n".join(filter(None, lines))


def _heading(result: Mapping[str, Any] | jobs.Result) -> str:
    fields = result.model_dump(mode="json") if isinstance(result, jobs.Result) else result
    known = [fields.get(name) for name in ("id", "kind", "status", "termination")]
    return " · ".join(short(str(value), 60) for value in known if isinstance(value, str)) or "job"


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _name(task: jobs.TaskTrace) -> str:
    return f"{short(task.task, 10)} {short(task.tool, NAME)}"


def duration(seconds: float) -> str:
    """In the unit that people would use: `0 s`, `2.5 ms`, `1.25 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 1:
        return "0 s" if seconds == 0 else f"{max(seconds * 1000, 0.001):.3g} ms"
    if round(seconds, 2) < 100:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def tick(span: float) -> float:
    """Seconds between two marks of an axis of `span` seconds: 4 to 10 of them, at round numbers."""
    if span < 1e-9:
        return 1.0
    if span > 90:
        steps = [15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400]
        return next((step for step in steps if span / step <= 10), 86400 * math.ceil(span / 864000))
    power = 10.0 ** math.floor(math.log10(span / 4))
    return max(power * step for step in (1, 2, 5) if span / (power * step) >= 4 or step == 1)


def short(text: str, most: int) -> str:
    """On one line, with … for what is beyond `most` letters."""
    line = " ".join(_UNSAFE.sub("\ufffd", text[: 4 * most]).split())
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def escape(text: str) -> str:
    """Any text as text or an attribute of XML."""
    return html.escape(_UNSAFE.sub("\ufffd", text))


def letters(text: str) -> float:
    """Width of a text in letters; those of East Asia count double."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
