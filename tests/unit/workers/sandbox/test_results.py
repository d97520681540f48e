"""The result file and the folder of a program that means no good."""

from __future__ import annotations

import mmap
import os
import socket
import stat

import pytest

from quod.workers import runner, sandbox
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
    ("text", "expected"),
    [("[1, 2.5]", [1, 2.5]), ('{"a": null}', {"a": None}), ("0", 0), ('"\\ud83d\\ude00"', "\U0001f600")],
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
        b'"\\ud800"',
        b'{"a": ["\\udc00"]}',
        b'{"\\ud800": 1}',
        b"[" * 102 + b"]" * 102,
        b'{"a": ' * 102 + b"1" + b"}" * 102,
    ],
)
def test_what_is_not_plain_json_is_no_value(data, folder):
    (folder / "result.json").write_bytes(data)
    assert value(folder) is None


def test_a_value_of_the_largest_depth(folder):
    (folder / "result.json").write_text(
        "[" * results.DEPTH_LIMIT + "]" * results.DEPTH_LIMIT, encoding="ascii"
    )
    assert value(folder) is not None


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


def test_no_folder_is_left_out(folder):
    for number in range(300):
        (folder / str(number)).mkdir()
        (folder / str(number) / "file").write_bytes(b"x" * 5000)
    size, entries = used(folder)
    assert size >= 300 * 5000
    assert entries == 600


def test_a_folder_too_deep_to_be_measured_counts_as_too_many(folder):
    here = folder
    for _ in range(measure.DEPTH_LIMIT):
        here = here / "d"
        here.mkdir()
    assert used(folder)[1] == measure.DEPTH_LIMIT
    (here / "d").mkdir()
    assert used(folder)[1] > measure.FILES_LIMIT


def test_a_folder_that_cannot_be_measured_counts_as_too_many(folder, monkeypatch):
    (folder / "d").mkdir()
    (folder / "d").chmod(0o300)
    if os.geteuid() == 0:  # whom no mode stops: as the system answers everybody else
        opened = os.open

        def refused(path, *arguments, **options):
            if path == "d":
                raise PermissionError
            return opened(path, *arguments, **options)

        monkeypatch.setattr(os, "open", refused)
    assert used(folder)[1] > measure.FILES_LIMIT


def test_entries_that_are_never_where_they_were_count_as_too_many_in_the_end(folder, monkeypatch):
    (folder / "d").mkdir()
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    meter = measure.Meter(fd, 1 << 20)
    opened = os.open

    def gone(path, *arguments, **options):
        if path == "d":
            raise FileNotFoundError
        return opened(path, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", gone)
        counts = [meter([])[1] for _ in range(30)]
    assert counts[0] == 1
    assert counts[-1] > measure.FILES_LIMIT
    assert meter([])[1] == 1
    os.close(fd)


def test_deleted_files_that_are_open_or_mapped(folder):
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    leader = next(found for found in runner.members(os.getsid(0)) if found.pid == os.getpid())
    before = measure.Meter(fd, 16 << 20)([leader])  # pytest keeps some too
    with open(folder / "x", "wb+") as kept:
        kept.write(bytes(1 << 20))
        kept.flush()
        with mmap.mmap(kept.fileno(), 4096):
            os.unlink(folder / "x")
            size, entries = measure.Meter(fd, 16 << 20)([leader])
    assert 1 << 20 <= size - before[0] < 2 << 20
    assert entries == before[1] + 1
    assert measure.Meter(fd, 16 << 20)([leader])[1] == before[1]
    os.close(fd)


def test_nothing_outside_changes_when_a_folder_becomes_a_link(tmp_path, folder, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    (folder / "d").mkdir(mode=0o500)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    opened = os.open

    def replaced(path, *arguments, **options):
        if path == "d" and not (folder / "d").is_symlink():
            (folder / "d").rmdir()
            (folder / "d").symlink_to(outside)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", replaced)
    with pytest.raises(OSError, match=r"d"):
        results.remove(str(folder))
    assert stat.S_IMODE(outside.stat().st_mode) == 0o500
    os.close(fd)


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
