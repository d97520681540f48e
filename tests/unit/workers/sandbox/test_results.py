"""The result file and the folder of a program that means no good."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from quod.workers import sandbox
from quod.workers.sandbox import measure, results

ISOLATED = ("bubblewrap", "landlock")
REMOVE = "import os\ntry: os.unlink('result.json')\nexcept OSError: pass\n"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "work"
    path.mkdir()
    return path


def value(folder):
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return results.value(fd)
    finally:
        os.close(fd)


def used(folder):
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return measure.Meter(fd, 1 << 20)([])
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("text", "expected"), [("[1, 2.5]", [1, 2.5]), ('{"a": null}', {"a": None}), ("0", 0)]
)
def test_plain_json(text, expected, folder):
    (folder / "result.json").write_text(text, encoding="utf-8")
    assert value(folder) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"-1e999",
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
        b"\x80\x04K\x01.",
        b"[" * 200_000,
        b"9" * 5000,
        b'"' + b"x" * (results.SIZE_LIMIT + 1) + b'"',
        b"1 2",
        b"\xef\xbb\xbf1",
    ],
)
def test_what_is_not_plain_json_is_no_value(data, folder):
    (folder / "result.json").write_bytes(data)
    assert value(folder) is None


def test_what_is_no_plain_file_is_no_value(folder, tmp_path):
    other = tmp_path / "other"
    other.write_text('"secret"', encoding="ascii")
    result = folder / "result.json"
    assert value(folder) is None
    result.symlink_to(other)
    assert value(folder) is None
    result.unlink()
    os.link(other, result)
    assert value(folder) is None
    result.unlink()
    os.mkfifo(result)
    assert value(folder) is None
    result.unlink()
    result.mkdir()
    assert value(folder) is None
    result.rmdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(result))
        assert value(folder) is None
    result.unlink()
    result.touch()
    os.truncate(result, 1 << 40)
    assert value(folder) is None


@pytest.mark.parametrize("backend", ISOLATED)
@pytest.mark.parametrize(
    "source",
    [
        f"{REMOVE}os.symlink('/dev/zero', 'result.json')",
        "import os\nos.symlink('/etc/hostname', 'x'); os.replace('x', 'result.json')",
        f"{REMOVE}os.mkdir('result.json')",
        "open('result.json', 'w').write('{}' * 1000)",
        "open('result.json', 'w').write('[' * 10**6)",
        "open('result.json', 'w').truncate(15 << 20)",
    ],
)
def test_results_of_hostile_programs(source, backend):
    assert sandbox.run_python(source, backend=backend).value is None


def test_size_counts_what_is_on_disk(folder):
    (folder / "a").mkdir()
    (folder / "a" / "b").write_bytes(b"x" * 100_000)
    (folder / "link").symlink_to("/usr")
    before = used(folder)
    assert 100_000 <= before[0] < 200_000
    assert before[1] == 3
    (folder / "sparse").touch()
    os.truncate(folder / "sparse", 1 << 40)
    assert used(folder) == (before[0], 4)


def test_counting_stops(folder):
    for number in range(measure.FILES_LIMIT + 50):
        (folder / str(number)).touch()
    assert used(folder)[1] > measure.FILES_LIMIT


def test_any_folder_is_removed(tmp_path, folder):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (folder / "link").symlink_to(outside)
    (folder / "locked").mkdir()
    (folder / "locked" / "inner").mkdir(mode=0)
    (folder / "locked" / "file").touch(mode=0)
    (folder / "locked").chmod(0)
    os.mkfifo(folder / "fifo")
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    results.remove(str(folder))
    assert not folder.exists()
    assert stat.S_ISREG((outside / "kept").stat().st_mode)
