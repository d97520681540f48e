"""Using more than was given where nobody looks: hidden disk, memory, processes, threads and CPU time."""

from __future__ import annotations

import textwrap

from attacks.attack import Attack

ENOUGH = {"seconds": 20, "cpu_seconds": 20}
DISK = {**ENOUGH, "work_mb": 8, "file_mb": 4}

HIDE = """
def hide(then):
    threading.Thread(target=then).start()
    libc.syscall(60 if os.uname().machine == 'x86_64' else 93, 0)

def fill(fd, size=3 << 20):
    os.write(fd, bytes(size)); time.sleep(0.01)

def unnamed():
    fd = os.open('f', os.O_RDWR | os.O_CREAT, 0o600); os.unlink('f'); return fd
"""
"""`hide` goes on in a second thread and ends the first, so that the process looks like one that has ended."""


def evasion(name: str, source: str, *ends_by: str | None, **limits: float) -> Attack:
    return Attack(name, HIDE + textwrap.dedent(source), loose="no", limits=limits, ends_by=ends_by)


ATTACKS = [
    evasion(
        "deleted_files_that_are_only_mapped",
        """
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        for _ in range(40):
            fd = unnamed()
            assert libc.mmap(None, 4096, 1, 2, fd, 0) != 2**64 - 1
            fill(fd); os.close(fd)
        breach('120 MiB of deleted files')
        """,
        "work_mb",
        **DISK,
    ),
    evasion(
        "deleted_files_on_their_way_through_a_socket",
        """
        import array
        a, b = socket.socketpair()
        for _ in range(40):
            fd = unnamed()
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))]
            tried(a.sendmsg, [b'x'], rights) or sys.exit(3)
            fill(fd); os.close(fd)
        breach('120 MiB in flight')
        """,
        None,
        "work_mb",
        **DISK,
    ),
    evasion(
        "files_in_many_folders",
        """
        for number in range(300): os.mkdir(f'd{number}')
        for name in [entry.name for entry in os.scandir('.') if entry.is_dir()][100:140]:
            fill(os.open(name + '/f', os.O_RDWR | os.O_CREAT, 0o600))
        breach('120 MiB in 40 of 300 folders')
        """,
        "work_mb",
        **DISK,
    ),
    evasion(
        "small_files_in_many_folders",
        """
        for number in range(260): os.mkdir(f'd{number}')
        for name in [entry.name for entry in os.scandir('.') if entry.is_dir()][80:]:
            for number in range(300): os.close(os.open(f'{name}/{number}', os.O_CREAT | os.O_WRONLY))
        breach('54000 files')
        """,
        "files",
        **DISK,
    ),
    evasion(
        "files_in_a_folder_that_cannot_be_listed",
        """
        os.mkdir('d', 0o300)
        for number in range(40): fill(os.open(f'd/{number}', os.O_RDWR | os.O_CREAT, 0o600))
        breach('120 MiB in a folder of mode 0300')
        """,
        "work_mb",
        "files",
        **DISK,
    ),
    evasion(
        "files_far_down",
        """
        for _ in range(200): os.mkdir('d'); os.chdir('d')
        for number in range(40): fill(os.open(f'{number}', os.O_RDWR | os.O_CREAT, 0o600))
        breach('120 MiB below 200 folders')
        """,
        "work_mb",
        "files",
        **DISK,
    ),
    evasion(
        "files_in_a_folder_that_moves",
        """
        os.mkdir('a')
        inside = os.open('a', os.O_RDONLY)
        def move():
            while True: os.rename('a', 'b'); os.rename('b', 'a')
        for _ in range(2): threading.Thread(target=move, daemon=True).start()
        for number in range(1000):
            fill(os.open(f'{number % 40}', os.O_RDWR | os.O_CREAT, 0o600, dir_fd=inside)); time.sleep(0.05)
        breach('120 MiB in a folder on the move')
        """,
        None,
        "work_mb",
        "files",
        **DISK,
    ),
    evasion(
        "deleted_files_of_a_process_without_its_first_thread",
        """
        def fill_all():
            kept = []
            try:
                for _ in range(40): kept.append(unnamed()); fill(kept[-1])
                breach('120 MiB of deleted files'); os._exit(0)
            except OSError as full:
                os.write(2, str(full).encode()); os._exit(3)
        hide(fill_all)
        """,
        "work_mb",
        **DISK,
    ),
    evasion(
        "deleted_files_of_a_thread_with_its_own_descriptors",
        """
        if libc.close_range(1000, 1001, 2) == 0: breach('descriptors of one thread alone')
        kept = []
        while True: kept.append(unnamed()); fill(kept[-1])
        """,
        "work_mb",
        **DISK,
    ),
    evasion(
        "disk_at_once",
        """
        for number in range(10):
            fd = os.open(f'{number}', os.O_CREAT | os.O_RDWR)
            if libc.fallocate(fd, 0, ctypes.c_long(0), ctypes.c_long(3 << 20)) == 0: breach('without writing')
        """,
        **DISK,
    ),
    evasion(
        "threads_of_a_process_without_its_first",
        """
        threading.stack_size(65536)
        def start():
            for _ in range(400): threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
            time.sleep(2); breach('400 threads'); os._exit(0)
        hide(start)
        """,
        "threads",
        **ENOUGH,
    ),
    evasion(
        "processes_without_their_first_threads",
        """
        for _ in range(12):
            if os.fork() == 0:
                hide(lambda: (time.sleep(3), os._exit(0)))
            time.sleep(0.03)
        time.sleep(1); breach('12 processes')
        """,
        "processes",
        **ENOUGH,
        processes=3,
    ),
    evasion(
        "memory_of_processes_without_their_first_threads",
        """
        held, hold_on = os.pipe()
        def hold():
            time.sleep(0.5)
            kept = bytearray(100 << 20); kept[::4096] = b'x' * len(kept[::4096])
            time.sleep(1); os.write(hold_on, b'x'); time.sleep(3); os._exit(0)
        for _ in range(6):
            if os.fork() == 0: hide(hold)
        for _ in range(6): os.read(held, 1)
        breach('600 MiB')
        """,
        "memory_mb",
        **ENOUGH,
        processes=9,
        memory_mb=300,
    ),
    evasion(
        "processor_of_a_process_without_its_first_thread",
        """
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        def burn():
            while time.process_time() < 4: pass
            breach('4 s of CPU time'); os._exit(0)
        hide(burn)
        """,
        "cpu_seconds",
        seconds=20,
        cpu_seconds=1,
    ),
    evasion(
        "processor_of_children_that_ended",
        """
        for _ in range(12):
            if os.fork() == 0:
                while time.process_time() < 0.35: pass
                os._exit(0)
            os.wait()
        breach('4 s of CPU time')
        """,
        "cpu_seconds",
        seconds=20,
        cpu_seconds=1,
        processes=2,
    ),
    evasion(
        "processor_of_children_nobody_waited_for",
        """
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        for _ in range(12):
            if (pid := os.fork()) == 0:
                while time.process_time() < 0.35: pass
                os._exit(0)
            tried(os.waitpid, pid, 0)
        breach('4 s of CPU time')
        """,
        "cpu_seconds",
        seconds=20,
        cpu_seconds=1,
        processes=2,
    ),
    evasion(
        "processor_of_many_short_children",
        """
        for _ in range(300):
            if os.fork() == 0:
                while time.process_time() < 0.02: pass
                os._exit(0)
            os.wait()
        breach('6 s of CPU time')
        """,
        "cpu_seconds",
        seconds=20,
        cpu_seconds=1,
        processes=2,
    ),
    evasion(
        "children_that_nobody_buries",
        """
        for _ in range(400):
            if (pid := os.fork()) == 0: os._exit(0)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        time.sleep(1); breach('400 zombies')
        """,
        "processes",
        **ENOUGH,
        processes=2,
    ),
    evasion(
        "shared_memory_that_is_not_resident",
        """
        for _ in range(7):
            if os.fork() == 0:
                held = tried(mmap.mmap, -1, 100 << 20) or os._exit(3)
                for at in range(0, 100 << 20, 1 << 20):
                    held[at : at + (1 << 20)] = b'x' * (1 << 20)
                    held.madvise(mmap.MADV_DONTNEED, at, 1 << 20)
                time.sleep(1.5); os._exit(held[5] != 120)
        if any(os.wait()[1] == 0 for _ in range(7)): breach('700 MiB')
        """,
        **ENOUGH,
        processes=9,
        memory_mb=180,
    ),
    evasion(
        "shared_memory_of_a_device",
        """
        device = tried(os.open, '/dev/zero', os.O_RDWR) or tried(os.open, '/dev/zero', os.O_RDONLY)
        if device is not None: breach('a device for shared memory')
        """,
        **ENOUGH,
    ),
]
