from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from quod.agents import offload
from quod.workers import runner


def sleeping(marker: str) -> list[int]:
    """Processes whose command line holds `marker`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker in path.read_bytes().decode(errors="replace"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_cancellation_reaches_the_process_and_waits_for_its_end(tmp_path: Path) -> None:
    marker = f"marker-{tmp_path.name}-{time.monotonic_ns()}"
    program = f"import time, sys; open({str(tmp_path / 'up')!r}, 'w'); time.sleep(60)  # {marker}"

    async def main() -> None:
        work = asyncio.create_task(offload.offload(runner.run, [sys.executable, "-c", program]))
        while not (tmp_path / "up").exists():
            await asyncio.sleep(0.01)
        assert sleeping(marker)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert not sleeping(marker)

    asyncio.run(main())


def test_values_and_errors_come_back() -> None:
    async def main() -> int:
        with pytest.raises(ZeroDivisionError):
            await offload.offload(lambda: 1 // 0)
        return await offload.offload(max, 1, 2)

    assert asyncio.run(main()) == 2


def test_synchronous_callers_inside_a_loop_get_values_and_errors() -> None:
    async def give(value: int) -> int:
        await asyncio.sleep(0)
        if value < 0:
            raise ValueError("negative")
        return value

    async def main() -> int:
        with pytest.raises(ValueError, match="negative"):
            offload.run_sync(give(-1))
        return offload.run_sync(give(3))

    assert offload.run_sync(give(1)) == 1
    assert asyncio.run(main()) == 3
