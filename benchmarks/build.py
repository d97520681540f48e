"""Cost of building a model and handing it to HiGHS: quod, linopy and Pyomo in one run.

    python benchmarks/build.py [--quick] [--json]

Transport problems (a dense LP) and facility location (a MILP with a linking row for every pair) of 10⁴ to 10⁶
nonzeros. All builders get the same NumPy data and the same names. What is measured: from the data to a
`highspy` object that holds the model, after one small warm-up model, in a process of its own for each
measurement; memory is the peak resident size of that process, imports included, and above what the process
held before it started to build.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (10_000, 50_000)
Data = dict[str, Any]


def data(model: str, nonzeros: int) -> Data:
    """Square instances of about `nonzeros` matrix entries: 2 n² for transport, 3 n² for facility location."""
    n = round(math.sqrt(nonzeros / (2 if model == "transport" else 3)))
    random = np.random.default_rng(n)
    return {
        "model": model,
        "I": [f"plant{k}" for k in range(n)],
        "J": [f"shop{k}" for k in range(n)],
        "cost": random.integers(1, 100, (n, n)) / 4,
        "supply": random.integers(50, 100, n) / 2,
        "demand": random.integers(10, 40, n) / 2,
        "opening": random.integers(100, 900, n) * 1.0,
    }


def build_quod(d: Data) -> Any:
    from quod.solvers import expand, formulation, highs

    sets = [{"name": name, "elements": d[name]} for name in ("I", "J")]
    x = {"name": "x", "index": ["I", "J"]}
    cost = {"name": "cost", "index": ["I", "J"], "values": d["cost"]}
    if d["model"] == "transport":
        document = {
            "sets": sets,
            "parameters": [
                cost,
                {"name": "supply", "index": ["I"], "values": d["supply"]},
                {"name": "demand", "index": ["J"], "values": d["demand"]},
            ],
            "variables": [x],
            "objective": {
                "sense": "minimize",
                "expression": "sum(cost[i, j] * x[i, j] for i in I for j in J)",
            },
            "constraints": [
                {
                    "name": "supplied",
                    "for_each": "i in I",
                    "expression": "sum(x[i, j] for j in J) <= supply[i]",
                },
                {
                    "name": "served",
                    "for_each": "j in J",
                    "expression": "sum(x[i, j] for i in I) >= demand[j]",
                },
            ],
        }
    else:
        total = "sum(cost[i, j] * x[i, j] for i in I for j in J) + sum(opening[i] * open[i] for i in I)"
        document = {
            "sets": sets,
            "parameters": [cost, {"name": "opening", "index": ["I"], "values": d["opening"]}],
            "variables": [x, {"name": "open", "index": ["I"], "domain": "binary"}],
            "objective": {"sense": "minimize", "expression": total},
            "constraints": [
                {"name": "served", "for_each": "j in J", "expression": "sum(x[i, j] for i in I) == 1"},
                {"name": "linked", "for_each": "i in I for j in J", "expression": "x[i, j] <= open[i]"},
            ],
        }
    return highs.load(expand.expand(formulation.parse(document)))


def build_linopy(d: Data) -> Any:
    import linopy
    import pandas as pd

    model = linopy.Model()
    i, j = pd.Index(d["I"], name="I"), pd.Index(d["J"], name="J")
    x = model.add_variables(lower=0, coords=[i, j], name="x")
    if d["model"] == "transport":
        model.add_constraints(x.sum("J") <= pd.Series(d["supply"], i), name="supplied")
        model.add_constraints(x.sum("I") >= pd.Series(d["demand"], j), name="served")
        model.add_objective((pd.DataFrame(d["cost"], i, j) * x).sum())
    else:
        opened = model.add_variables(binary=True, coords=[i], name="open")
        model.add_constraints(x.sum("I") == 1, name="served")
        model.add_constraints(x - opened <= 0, name="linked")
        model.add_objective(
            (pd.DataFrame(d["cost"], i, j) * x).sum() + (pd.Series(d["opening"], i) * opened).sum()
        )
    return model.to_highspy()


def build_pyomo(d: Data) -> Any:
    import pyomo.environ as pyo
    from pyomo.contrib.appsi.solvers import Highs

    model = pyo.ConcreteModel()
    model.I, model.J = pyo.Set(initialize=d["I"]), pyo.Set(initialize=d["J"])
    cost = {
        (a, b): c
        for a, row in zip(d["I"], d["cost"].tolist(), strict=True)
        for b, c in zip(d["J"], row, strict=True)
    }
    supply, demand, opening = (
        dict(zip(names, d[key].tolist(), strict=True))
        for names, key in ((d["I"], "supply"), (d["J"], "demand"), (d["I"], "opening"))
    )
    model.x = pyo.Var(model.I, model.J, domain=pyo.NonNegativeReals)
    total = pyo.quicksum(cost[a, b] * model.x[a, b] for a in model.I for b in model.J)
    if d["model"] == "transport":
        model.supplied = pyo.Constraint(
            model.I, rule=lambda m, a: pyo.quicksum(m.x[a, b] for b in m.J) <= supply[a]
        )
        model.served = pyo.Constraint(
            model.J, rule=lambda m, b: pyo.quicksum(m.x[a, b] for a in m.I) >= demand[b]
        )
    else:
        model.open = pyo.Var(model.I, domain=pyo.Binary)
        total = total + pyo.quicksum(opening[a] * model.open[a] for a in model.I)
        model.served = pyo.Constraint(model.J, rule=lambda m, b: pyo.quicksum(m.x[a, b] for a in m.I) == 1)
        model.linked = pyo.Constraint(model.I, model.J, rule=lambda m, a, b: m.x[a, b] <= m.open[a])
    model.objective = pyo.Objective(expr=total)
    solver = Highs()
    solver.set_instance(model)
    return solver._solver_model


BUILDERS: dict[str, Callable[[Data], Any]] = {
    "quod": build_quod,
    "linopy": build_linopy,
    "pyomo": build_pyomo,
}


def child(builder: str, model: str, nonzeros: int) -> dict[str, float]:
    """Build once in this process."""
    build = BUILDERS[builder]
    build(data(model, 200))
    d = data(model, nonzeros)
    before = resident_mb()
    started = time.perf_counter()
    highs = build(d)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "peak_mb": peak,
        "added_mb": peak - before,
        "columns": highs.getNumCol(),
        "rows": highs.getNumRow(),
        "nonzeros": highs.getNumNz(),
    }


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(builder: str, model: str, nonzeros: int, repeats: int) -> dict[str, float]:
    """The median of fresh processes."""
    runs = []
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    for _ in range(repeats):
        command = [sys.executable, __file__, "--child", builder, model, str(nonzeros)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            sys.exit(f"{builder} failed on {model}:\n{done.stderr[-2000:]}")
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def ratios(raw: list[dict[str, Any]]) -> dict[str, float]:
    """At the largest size, the less favourable of the two models."""
    largest = max(entry["size"] for entry in raw)
    table = {(e["model"], e["builder"]): e for e in raw if e["size"] == largest}
    models = sorted({model for model, _ in table})

    def over(key: str, above: str, below: str) -> list[float]:
        return [table[m, above][key] / table[m, below][key] for m in models]

    return {
        "build_over_linopy": max(over("seconds", "quod", "linopy")),
        "pyomo_over_build": min(over("seconds", "pyomo", "quod")),
        "peak_memory_over_linopy": max(over("peak_mb", "quod", "linopy")),
        "peak_memory_over_pyomo": max(over("peak_mb", "quod", "pyomo")),
        "added_memory_over_linopy": max(over("added_mb", "quod", "linopy")),
        "added_memory_over_pyomo": max(over("added_mb", "quod", "pyomo")),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 5·10⁴ nonzeros, one run each")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        builder, model, size = options.child
        print(json.dumps(child(builder, model, int(size))))
        return
    raw = []
    for size in QUICK_SIZES if options.quick else SIZES:
        for model in ("transport", "facility"):
            for builder in BUILDERS:
                repeats = 1 if options.quick else (3 if builder == "pyomo" or size == SIZES[-1] else 5)
                entry = {"model": model, "size": size, "builder": builder}
                raw.append(entry | measure(builder, model, size, repeats))
                if not options.json:
                    print(line(raw[-1]), flush=True)
    document = {"name": "build", "machine": machine(), "ratios": ratios(raw), "raw": raw}
    print(json.dumps(document) if options.json else json.dumps(document["ratios"], indent=1))


def line(entry: dict[str, Any]) -> str:
    what = f"{entry['model']:10} {entry['nonzeros']:>9.0f} nonzeros  {entry['builder']:7}"
    memory = f"peak {entry['peak_mb']:6.0f} MB  added {entry['added_mb']:6.0f} MB"
    return f"{what} {entry['seconds']:8.4f} s  {memory}"


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
