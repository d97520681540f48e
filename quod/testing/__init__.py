"""Tools for testing programs that use quod: a scripted model behind a real local HTTP server.

from quod import Client, testing

with testing.ScriptedServer(['{"objective": …}']) as server:
    with Client(drafter="openai", model_url=server.url, model="scripted") as quod:
        result = quod.solve("A bakery …")
assert "A bakery" in server.requests[0].messages[-1]["content"]
"""

from __future__ import annotations

from quod.models.scripted import ScriptedModel
from quod.testing.replies import Request, Scripted
from quod.testing.server import ScriptedServer

__all__ = ["Request", "Scripted", "ScriptedModel", "ScriptedServer"]
