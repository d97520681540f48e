"""Cost of a certificate: exact proof and independent check against the solve itself.

    python benchmarks/certify.py [--quick] [--json]

For every model: `solve` is the expansion to float arrays and HiGHS on them, what the job costs without a
certificate; `certify` is the exact expansion and the proof with HiGHS' answer as a hint, `proof` its second
part; `check` is `quod.certificates.check` on the finished certificate, which expands the formulation again by
its own code. All run in this process; medians of repeated runs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import highspy

from quod import certificates
from quod.solvers import exact, expand, formulation, highs
from quod.solvers.formulation import Formulation
from quod.solvers.options import Options

Document = dict[str, Any]
PARTS = ("solve", "certify", "proof", "check")


def transport(nonzeros: int) -> Formulation:
    """A dense transport problem: a degenerate LP whose bases are triangular."""
    n = round(math.sqrt(nonzeros / 2))
    draw = random.Random(n)
    demand = [draw.randint(5, 20) for _ in range(n)]
    return formulation.parse(
        {
            "sets": [{"name": name, "elements": [f"{name}{k}" for k in range(n)]} for name in ("I", "J")],
            "parameters": [
                {
                    "name": "cost",
                    "index": ["I", "J"],
                    "values": [[f"{draw.randint(100, 9999)}/100" for _ in range(n)] for _ in range(n)],
                },
                {"name": "supply", "index": ["I"], "values": [sum(demand) // n + draw.randint(1, 9)] * n},
                {"name": "demand", "index": ["J"], "values": demand},
            ],
            "variables": [{"name": "x", "index": ["I", "J"]}],
            "objective": {
                "sense": "minimize",
                "expression": "sum(cost[i, j] * x[i, j] for i in I for j in J)",
            },
            "constraints": [
                {"name": "out", "for_each": "i in I", "expression": "sum(x[i, j] for j in J) <= supply[i]"},
                {"name": "in_", "for_each": "j in J", "expression": "sum(x[i, j] for i in I) >= demand[j]"},
            ],
        }
    )


def packing(
    columns: int,
    rows: int,
    *,
    density: float,
    domain: str = "real",
    upper: str = "10",
    decimals: bool = False,
) -> Formulation:
    """max c·x, A x <= b with random data; with `decimals` the exact optimum has long fractions."""
    draw = random.Random(columns * 1000 + rows)
    scale = 100 if decimals else 1

    def number(low: int, high: int) -> str:
        return f"{draw.randint(low * scale, high * scale)}/{scale}"

    matrix = [
        [number(1, 60) if draw.random() < density else "0" for _ in range(columns)] for _ in range(rows)
    ]
    total = [sum(int(entry.partition("/")[0]) for entry in row) // scale for row in matrix]
    return formulation.parse(
        {
            "sets": [
                {"name": "R", "elements": list(range(rows))},
                {"name": "C", "elements": list(range(columns))},
            ],
            "parameters": [
                {"name": "a", "index": ["R", "C"], "values": matrix},
                {"name": "b", "index": ["R"], "values": [max(1, t * int(upper) // 2) for t in total]},
                {"name": "c", "index": ["C"], "values": [number(1, 60) for _ in range(columns)]},
            ],
            "variables": [{"name": "x", "index": ["C"], "domain": domain, "upper": upper}],
            "objective": {"sense": "maximize", "expression": "sum(c[j] * x[j] for j in C)"},
            "constraints": [
                {
                    "name": "row",
                    "for_each": "i in R",
                    "expression": "sum(a[i, j] * x[j] for j in C if a[i, j] != 0) <= b[i]",
                }
            ],
        }
    )


def assignment(agents: int, jobs: int, *, capacity: float | None = None) -> Formulation:
    """Each job to one agent; with `capacity` agents take several jobs, up to a limit."""
    draw = random.Random(agents * 100 + jobs)
    cost = [[draw.randint(10, 50) for _ in range(jobs)] for _ in range(agents)]
    weight = [[draw.randint(5, 25) if capacity else 1 for _ in range(jobs)] for _ in range(agents)]
    limit = int(15 * jobs / agents * capacity) if capacity else 1
    return formulation.parse(
        {
            "sets": [
                {"name": "A", "elements": list(range(agents))},
                {"name": "J", "elements": list(range(jobs))},
            ],
            "parameters": [
                {"name": "cost", "index": ["A", "J"], "values": cost},
                {"name": "weight", "index": ["A", "J"], "values": weight},
            ],
            "variables": [{"name": "x", "index": ["A", "J"], "domain": "binary", "upper": "1"}],
            "objective": {
                "sense": "minimize",
                "expression": "sum(cost[i, j] * x[i, j] for i in A for j in J)",
            },
            "constraints": [
                {"name": "once", "for_each": "j in J", "expression": "sum(x[i, j] for i in A) == 1"},
                {
                    "name": "room",
                    "for_each": "i in A",
                    "expression": f"sum(weight[i, j] * x[i, j] for j in J) <= {limit}",
                },
            ],
        }
    )


def lot_sizing(periods: int) -> Formulation:
    """Production with set-up costs and big-M rows: weak relaxations, many nodes."""
    draw = random.Random(periods)
    return formulation.parse(
        {
            "sets": [{"name": "T", "elements": list(range(1, periods + 1))}],
            "parameters": [
                {"name": "demand", "index": ["T"], "values": [draw.randint(5, 40) for _ in range(periods)]},
                {"name": "setup", "index": ["T"], "values": [draw.randint(50, 150) for _ in range(periods)]},
            ],
            "variables": [
                {"name": "make", "index": ["T"]},
                {"name": "stock", "index": ["T"]},
                {"name": "on", "index": ["T"], "domain": "binary", "upper": "1"},
            ],
            "objective": {
                "sense": "minimize",
                "expression": "sum(2*make[t] + stock[t] + setup[t]*on[t] for t in T)",
            },
            "constraints": [
                {"name": "first", "expression": "make[1] - stock[1] == demand[1]"},
                {
                    "name": "balance",
                    "for_each": "t in T if t > 1",
                    "expression": "stock[t - 1] + make[t] - stock[t] == demand[t]",
                },
                {"name": "link", "for_each": "t in T", "expression": "make[t] <= 1000*on[t]"},
            ],
        }
    )


def models(quick: bool) -> Iterator[tuple[str, Callable[[], Formulation]]]:
    """Name and maker; those of the LP class first."""
    for nonzeros in (1_000, 10_000) if quick else (1_000, 10_000, 100_000):
        yield f"lp transport {nonzeros}", lambda nonzeros=nonzeros: transport(nonzeros)  # type: ignore[misc]
    for size in (50, 100) if quick else (50, 200, 400):
        yield (
            f"lp packing {size}",
            lambda size=size: packing(size, size, density=10 / size, decimals=True),  # type: ignore[misc]
        )
    yield "milp knapsack 50", lambda: packing(50, 1, density=1, domain="binary", upper="1")
    yield "milp knapsack 30x5", lambda: packing(30, 5, density=1, domain="binary", upper="1")
    yield "milp assignment 20", lambda: assignment(20, 20)
    yield "milp generalised assignment 4x12", lambda: assignment(4, 12, capacity=0.85)
    yield "milp integer packing 20x20", lambda: packing(20, 20, density=0.5, domain="integer")
    yield "milp lot sizing 12", lambda: lot_sizing(12)
    if not quick:
        yield "milp generalised assignment 6x30", lambda: assignment(6, 30, capacity=0.85)
        yield "milp lot sizing 20", lambda: lot_sizing(20)


def measure(model: Formulation, repeats: int) -> Document:
    """Median seconds of solve, certify and check, and the size of what was made."""
    options = Options(time_limit=120)
    times: dict[str, list[float]] = {"solve": [], "certify": [], "proof": [], "check": []}
    for _ in range(repeats):
        started = time.perf_counter()
        form = expand.expand(model)
        outcome = highs.solve(form, options)
        solved = time.perf_counter()
        exactly = expand.expand(model, exact=True)
        expanded = time.perf_counter()
        proof = exact.prove(exactly, options, outcome)
        proved = time.perf_counter()
        assert proof is not None
        document = _certificate(model, proof)
        checking = time.perf_counter()
        certificates.check(document)
        times["check"].append(time.perf_counter() - checking)
        times["solve"].append(solved - started)
        times["certify"].append(proved - solved)
        times["proof"].append(proved - expanded)
    medians = {f"{name}_seconds": statistics.median(values) for name, values in times.items()}
    return {
        "nonzeros": len(form.data),
        "nodes": int(proof.stats["nodes"]),
        "strength": proof.strength,
        "certificate_bytes": len(json.dumps(document["evidence"])),
        **medians,
    }


def _certificate(model: Formulation, proof: exact.Proof) -> Document:
    key = (proof.kind, proof.strength)
    return {
        "kind": proof.kind,
        "strength": proof.strength,
        "claim": proof.claim,
        "formulation": model.model_dump(mode="json", exclude_defaults=True),
        "evidence": proof.evidence,
        "covers": certificates.COVERS[key],
        "does_not_cover": certificates.DOES_NOT_COVER[key],
    }


def ratios(raw: dict[str, Document]) -> dict[str, float]:
    """Geometric means over the models of a class, and the largest."""
    found: dict[str, float] = {}
    for kind in ("lp", "milp"):
        rows = [row for name, row in raw.items() if name.startswith(kind + " ")]
        for part in ("certify", "proof", "check"):
            each = [row[f"{part}_seconds"] / row["solve_seconds"] for row in rows]
            found[f"{part}_over_solve_{kind}"] = round(statistics.geometric_mean(each), 3)
            found[f"{part}_over_solve_{kind}_max"] = round(max(each), 3)
    everything = [row["certify_seconds"] / row["solve_seconds"] for row in raw.values()]
    found["certify_over_solve"] = round(statistics.geometric_mean(everything), 3)
    everything = [row["check_seconds"] / row["solve_seconds"] for row in raw.values()]
    found["check_over_solve"] = round(statistics.geometric_mean(everything), 3)
    return found


def machine() -> Document:
    """What the numbers were measured on."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "highspy": highs.version(),
    }


def _take_the_banner() -> None:
    """HiGHS greets on standard output when it is first used, before it can be told not to."""
    kept = os.dup(1)
    os.dup2(2, 1)
    highspy.Highs()
    os.dup2(kept, 1)
    os.close(kept)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small models only, under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    _take_the_banner()
    raw: dict[str, Document] = {}
    if not arguments.json:
        heads = " ".join(f"{head:>8}" for head in ("nonzeros", "nodes", *PARTS))
        print(f"{'model':34} {heads}  strength", flush=True)
    for name, make in models(arguments.quick):
        raw[name] = row = measure(make(), 3 if arguments.quick else 5)
        if not arguments.json:
            seconds = " ".join(
                f"{row[f'{part}_seconds']:8.3f}" for part in ("solve", "certify", "proof", "check")
            )
            print(f"{name:34} {row['nonzeros']:8} {row['nodes']:8} {seconds}  {row['strength']}", flush=True)
    document = {"name": "certify", "machine": machine(), "ratios": ratios(raw), "raw": raw}
    print(json.dumps(document, indent=1) if arguments.json else json.dumps(document["ratios"], indent=1))


if __name__ == "__main__":
    main()
