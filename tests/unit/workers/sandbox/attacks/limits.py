"""Using more than was given: time, processors, memory, disk, processes, output."""

from __future__ import annotations

from attacks.attack import Attack

TIME = ("seconds",)
PROCESSOR = ("cpu_seconds",)
LONG = {"seconds": 20, "cpu_seconds": 1}


def bomb(name: str, source: str, *ends_by: str | None, **limits: float) -> Attack:
    return Attack(name, source, loose="no", limits=limits, ends_by=ends_by)


ATTACKS = [
    bomb("sleep", "time.sleep(1000)", *TIME),
    bomb("burn", "while True: pass", *PROCESSOR, **LONG),
    bomb(
        "burn_in_threads",
        "for _ in range(8): threading.Thread(target=lambda: sum(range(10**12))).start()",
        *PROCESSOR,
        **LONG,
    ),
    bomb("burn_in_one_call", "import re; re.match('(a*)*b', 'a' * 100)", *PROCESSOR, **LONG),
    bomb(
        "burn_in_processes", "for _ in range(2): os.fork()\nwhile True: pass", *PROCESSOR, **LONG, processes=8
    ),
    bomb(
        "swallow_exceptions",
        """
        while True:
            try:
                while True:
                    time.sleep(1)
            except BaseException:
                pass
        """,
        *TIME,
    ),
    bomb(
        "ignore_signals",
        """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True: pass
        """,
        *PROCESSOR,
        **LONG,
    ),
    bomb(
        "catch_the_processor_limit",
        "signal.signal(signal.SIGXCPU, lambda *_: None)\nwhile True: pass",
        *PROCESSOR,
        **LONG,
    ),
    bomb("stop_itself", "os.kill(os.getpid(), signal.SIGSTOP)", *TIME),
    bomb("close_everything", "os.closerange(0, 1024); time.sleep(1000)", *TIME),
    bomb("never_ending_exit", "import atexit; atexit.register(time.sleep, 1000)", *TIME),
    bomb("thread_that_stays", "threading.Thread(target=time.sleep, args=(1000,)).start()", *TIME),
    bomb("memory", "kept = []\nwhile True: kept.append(bytearray(10 << 20))", "memory_mb", seconds=20),
    bomb("memory_at_once", "bytearray(1 << 40)", "memory_mb"),
    bomb("memory_by_mapping", "kept = []\nwhile True: kept.append(mmap.mmap(-1, 64 << 20))", "memory_mb"),
    bomb(
        "memory_of_several_processes",
        """
        for _ in range(3):
            os.fork()
        kept = bytearray(200 << 20)
        kept[::4096] = b'x' * len(kept[::4096])
        time.sleep(1000)
        """,
        "memory_mb",
        processes=8,
        seconds=20,
        cpu_seconds=20,
    ),
    bomb(
        "recursion",
        "sys.setrecursionlimit(10**9)\ndef f(): return f() + 1\nf()",
        None,
        "memory_mb",
        "seconds",
    ),
    bomb(
        "threads",
        """
        threading.stack_size(65536)
        while True:
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        """,
        "threads",
        seconds=20,
        cpu_seconds=20,
    ),
    bomb("forks", "while True:\n    os.fork()", "processes", processes=4, seconds=20, cpu_seconds=20),
    bomb(
        "forks_with_helpers",
        "while True:\n    if os.fork() == 0 and os.fork() == 0:\n        time.sleep(1000)",
        "processes",
        processes=4,
        seconds=20,
        cpu_seconds=20,
    ),
    bomb("output", "while True: os.write(1, b'y' * 65536)", "seconds", "cpu_seconds"),
    bomb("output_of_errors", "while True: os.write(2, b'y' * 65536)", "seconds", "cpu_seconds"),
    bomb(
        "one_large_file", "with open('x', 'wb') as f:\n    while True: f.write(b'x' * (1 << 20))", "file_mb"
    ),
    bomb("sparse_file", "with open('x', 'wb') as f: f.truncate(1 << 40)", "file_mb"),
    bomb(
        "reserved_file",
        "fd = os.open('x', os.O_CREAT | os.O_RDWR); os.posix_fallocate(fd, 0, 1 << 40)",
        "file_mb",
    ),
    bomb(
        "large_files",
        """
        for number in range(10**6):
            with open(f'{number}', 'wb') as f: f.write(b'x' * (4 << 20))
        """,
        "work_mb",
        seconds=20,
        cpu_seconds=20,
    ),
    bomb(
        "deleted_files",
        """
        kept = []
        while True:
            kept.append(open('x', 'wb', 0)); os.unlink('x'); kept[-1].write(b'x' * (4 << 20))
        """,
        "work_mb",
        seconds=20,
        cpu_seconds=20,
    ),
    bomb(
        "small_files",
        "for number in range(10**9): open(f'{number}', 'w').close()",
        "files",
        seconds=20,
        cpu_seconds=20,
    ),
    bomb(
        "deep_folders", "while True:\n    os.mkdir('d'); os.chdir('d')", "files", seconds=20, cpu_seconds=20
    ),
    bomb(
        "locked_folders",
        "for number in range(100):\n    os.mkdir(f'd{number}', 0)\ntime.sleep(1000)",
        "seconds",
        "files",
    ),
    bomb("descriptors", "kept = []\nwhile True: kept.append(os.dup(1))", None),
    bomb(
        "pipes",
        """
        kept = []
        while True:
            kept.append(os.pipe())
            os.set_blocking(kept[-1][1], False)
            os.write(kept[-1][1], bytes(1 << 20))
        """,
        None,
    ),
    bomb("never_read_stdin", "time.sleep(1000)", *TIME),
]
