"""From the records of a suite to its report: one JSON document of plain numbers."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any

from quod.bench import statistics
from quod.bench.scoring import RULES, STRICT, Ending, right

Record = Mapping[str, Any]
POLICY = (
    "every variable is a non-negative integer unless the text says that it is divisible; strict words "
    '("more than") on integers mean one more; the same for drafts and for the official declarations'
)


def summarize(records: Sequence[Record], *, suite: str, drafter: str) -> dict[str, Any]:
    """The report.

    Accuracies count every problem: an abstention (`unsolved`) is not accurate. None stands for a number that
    the data do not allow (no declarations, no key). `wilson95` belongs to `accuracy_gold`, or to
    `accuracy_key` when there are no declarations.
    """
    runs = [record["runs"]["data"] for record in records]
    n = len(records)
    gold, key = [r for r in records if r["gold"]], [r for r in records if r["key"]]
    by_gold = sum(_accurate(r, "gold") for r in gold)
    by_key = sum(_accurate(r, "key") for r in key)
    against = "gold" if gold else "key"
    certified = [r for r in records if r[against] and _solved(r, against)]
    seconds = [run["seconds"] for run in runs]
    return {
        "suite": suite, "drafter": drafter, "policy": POLICY, "rule": STRICT,
        "n": n, "n_gold": len(gold), "n_key": len(key),
        "solved": _count(runs, "solved"), "abstained": _count(runs, "unsolved"),
        "failed": _count(runs, "failed"),
        "accuracy_gold": statistics.share(by_gold, len(gold)),
        "accuracy_key": statistics.share(by_key, len(key)),
        "wilson95": statistics.wilson(*((by_gold, len(gold)) if gold else (by_key, len(key)))),
        "wilson95_key": statistics.wilson(by_key, len(key)),
        "key_texts_that_differ": sum(bool(r["key_text_differs"]) for r in records),
        "execution_rate": statistics.share(sum(bool(run["executed"]) for run in runs), n),
        **_trusted(records, against, certified="accuracy_on_certified", clean="accuracy_without_warnings"),
        **_trusted(key, "key", certified="accuracy_key_on_certified", clean="accuracy_key_without_warnings"),
        "strengths": dict(collections.Counter(run["strength"] for run in runs if run["strength"])),
        "terminations": dict(collections.Counter(run["termination"] for run in runs)),
        "gold_terminations": dict(collections.Counter(r["gold"]["termination"] for r in gold)),
        "median_seconds": statistics.quantile(seconds, 0.5),
        "p95_seconds": statistics.quantile(seconds, 0.95),
        "continuous": _continuous(records),
        "tolerances": _tolerances(records),
        "declarations": _declarations(records),
        "by_constraint_type": _by_type(records),
        "by_category": _by_category(records, against),
        "risk_coverage": _risk_coverage(records, against),
        "warnings": sum(len(run["warnings"]) for run in runs),
        "problems_with_warnings": sum(bool(run["warnings"]) for run in runs),
        "usage": _usage(records),
        "unreadable": {r["id"]: r["unreadable"] for r in records if r.get("unreadable")},
        "wrong": [r["id"] for r in certified if not _accurate(r, against)],
        "unanswered": [r["id"] for r in records if not _solved(r, against)],
    }  # fmt: skip


def _run(record: Record, against: str) -> Mapping[str, Any]:
    """The run on the text that `against` belongs to: an edited key has a text of its own."""
    runs: Mapping[str, Mapping[str, Any]] = record["runs"]
    return runs.get("key", runs["data"]) if against == "key" else runs["data"]


def _solved(record: Record, against: str) -> bool:
    return bool(_run(record, against)["status"] == "solved")


def _accurate(record: Record, against: str, rule: str = STRICT) -> bool:
    if not _solved(record, against):
        return False
    return right(Ending.of(_run(record, against)), Ending.of(record[against]), rule)


def _count(runs: Sequence[Mapping[str, Any]], status: str) -> int:
    return sum(run["status"] == status for run in runs)


def _trusted(records: Sequence[Record], against: str, *, certified: str, clean: str) -> dict[str, Any]:
    """Accuracy where a certificate was accepted, and where moreover nothing was warned about."""
    solved = [r for r in records if r[against] and _solved(r, against)]
    quiet = [r for r in solved if not _run(r, against)["warnings"]]
    return {
        certified: statistics.share(sum(_accurate(r, against) for r in solved), len(solved)),
        clean: statistics.share(sum(_accurate(r, against) for r in quiet), len(quiet)),
        clean.replace("accuracy", "n", 1): len(quiet),
    }


def _continuous(records: Sequence[Record]) -> dict[str, float | None]:
    """Accuracy when everything is divisible, in drafts and declarations; printed beside, never mixed in."""

    def accuracy(against: str, wanted: str) -> float | None:
        known = [r for r in records if r[wanted]]
        hits = [
            _solved(r, against) and right(Ending.of(_run(r, against).get("continuous")), Ending.of(r[wanted]))
            for r in known
        ]
        return statistics.share(sum(hits), len(hits))

    return {"accuracy_gold": accuracy("data", "gold_continuous"), "accuracy_key": accuracy("key", "key")}


def _tolerances(records: Sequence[Record]) -> dict[str, dict[str, float | None]]:
    """The same predictions under every rule: reference × rule."""
    matrix: dict[str, dict[str, float | None]] = {}
    for against in ("gold", "key"):
        known = [r for r in records if r[against]]
        if known:
            matrix[against] = {
                rule: statistics.share(sum(_accurate(r, against, rule) for r in known), len(known))
                for rule in RULES
            }
    if any(r["gold"] and r["key"] for r in records):
        both = [r for r in records if r["gold"] and r["key"]]
        matrix["gold declarations against the key"] = {
            rule: statistics.share(
                sum(right(Ending.of(r["gold"]), Ending.of(r["key"]), rule) for r in both), len(both)
            )
            for rule in RULES
        }
    return matrix


def _declarations(records: Sequence[Record]) -> dict[str, float | int | None] | None:
    """Micro-averaged precision and recall of declarations after canonicalisation."""
    counts = [r["declarations"] for r in records if r["declarations"]]
    if not counts:
        return None
    matched, drafted, gold = (sum(c[name] for c in counts) for name in ("matched", "drafted", "gold"))
    exact = sum(c["matched"] == c["drafted"] == c["gold"] for c in counts)
    return {
        "precision": statistics.share(matched, drafted),
        "recall": statistics.share(matched, gold),
        "all_equal": statistics.share(exact, len(counts)),
        "matched": matched, "drafted": drafted, "gold": gold,
    }  # fmt: skip


def _by_type(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """For each type of declaration: rows, recall of rows, and accuracy of the problems that have it."""
    table: dict[str, dict[str, Any]] = {}
    for record in records:
        kinds = (record["declarations"] or {}).get("kinds", {})
        for kind, (matched, total) in kinds.items():
            line = table.setdefault(kind, {"problems": 0, "accurate": 0, "rows": 0, "matched": 0})
            line["problems"] += 1
            line["accurate"] += _accurate(record, "gold")
            line["rows"] += total
            line["matched"] += matched
    return {
        kind: {
            "problems": line["problems"],
            "accuracy_gold": statistics.share(line["accurate"], line["problems"]),
            "rows": line["rows"],
            "recall": statistics.share(line["matched"], line["rows"]),
        }
        for kind, line in sorted(table.items())
    }


def _by_category(records: Sequence[Record], against: str) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Record]] = collections.defaultdict(list)
    for record in records:
        if record["category"]:
            groups[record["category"]].append(record)
    return {name: _group(group, against) for name, group in sorted(groups.items())}


def _group(records: Sequence[Record], against: str) -> dict[str, Any]:
    known = [r for r in records if r[against]]
    hits = sum(_accurate(r, against) for r in known)
    return {
        "n": len(records),
        "solved": sum(_solved(r, against) for r in records),
        f"accuracy_{against}": statistics.share(hits, len(known)),
        "wilson95": statistics.wilson(hits, len(known)),
    }


def _risk_coverage(records: Sequence[Record], against: str) -> list[dict[str, float]]:
    """Risk and coverage when answers in more doubt than so much are taken as abstentions.

    The doubt is one minus the drafter's confidence; of drafters without one, the number of warnings.
    """
    known = [r for r in records if r[against]]
    runs = [(_run(r, against), _accurate(r, against)) for r in known if _solved(r, against)]
    told = all(run.get("confidence") is not None for run, _ in runs)
    answers = [
        (round(1 - run["confidence"], 2) if told else float(len(run["warnings"])), hit) for run, hit in runs
    ]
    return statistics.risk_coverage(answers, len(known))


def _usage(records: Sequence[Record]) -> dict[str, float]:
    every = [run["usage"] for record in records for run in record["runs"].values()]
    names = ("model_calls", "input_tokens", "output_tokens", "solver_seconds", "checker_seconds")
    return {name: round(sum(usage[name] for usage in every), 3) for name in names}
