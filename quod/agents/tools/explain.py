"""`explain`: a formulation as readable mathematics beside the sentences it was read from."""

from __future__ import annotations

from typing import Any

from quod.agents import registry
from quod.agents.tools import solve
from quod.solvers import mathematics


@registry.tool(cost="cpu")
async def explain(draft: dict[str, Any]) -> dict[str, Any]:
    """Write a formulation as mathematics, each row beside the sentence that it was read from.

    draft: the output of `formulate`, or a formulation. Returns {"rows": [{"row", "mathematics", "source"}]}.
    """
    chosen = solve.read(draft)
    rows = mathematics.rows(chosen)
    return {
        "rows": [
            {"row": row.name, "mathematics": row.text, "source": mathematics.source(chosen, row)}
            for row in rows
        ]
    }
