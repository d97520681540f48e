"""What a tool may use while it runs for one job."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from quod import jobs
from quod.agents import offload
from quod.models import roles
from quod.settings import Settings
from quod.solvers.drafters import base

T = TypeVar("T")
Progress = Callable[[str], None]
"""Called with a short line for people whenever a step starts."""


def silent(line: str) -> None:
    """Progress that nobody wants to see."""


@dataclasses.dataclass
class Context:
    """One job, its settings and its models, handed to every tool that asks for a `context`.

    `drafters` replace those that the settings name.
    """

    job: jobs.Job
    settings: Settings
    models: roles.Models
    drafters: Sequence[base.Drafter] = ()
    progress: Progress = silent

    async def offload(self, function: Callable[..., T], *arguments: Any) -> T:
        """`function(*arguments)` in a thread; see `quod.agents.offload`."""
        return await offload.offload(function, *arguments)
