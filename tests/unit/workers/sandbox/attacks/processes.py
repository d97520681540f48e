"""Starting processes that stay, and reaching those that are there."""

from __future__ import annotations

from attacks.attack import Attack

SURVIVOR = """
def become_survivor():
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', W['marker']])
"""
SEVERAL = {"processes": 6}

CHILDREN = [
    Attack("fork", "if (pid := tried(os.fork)) is not None:\n    breach(pid)"),
    Attack("subprocess", "if tried(subprocess.run, ['/bin/true']) is not None: breach()"),
    Attack(
        "posix_spawn",
        "if tried(os.posix_spawn, sys.executable, ['python', '-c', ''], {}) is not None: breach()",
    ),
    Attack("system", "if os.system('true') == 0: breach()"),
    Attack("raw_clone", "if (pid := raw('clone', signal.SIGCHLD, 0, 0, 0, 0)) >= 0: breach(pid)"),
    Attack(
        "raw_clone3",
        """
        arguments = struct.pack('=8Q', 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
        if (pid := raw('clone3', arguments, 64)) >= 0:
            breach(pid)
        """,
    ),
    Attack(
        "multiprocessing",
        """
        import multiprocessing
        if __name__ == '__main__' and tried(multiprocessing.Process(target=print).start) is None:
            pass
        if multiprocessing.active_children():
            breach()
        """,
        loose="no",  # the child may be gone before it is seen
    ),
    Attack(
        "orphan",
        SURVIVOR + "if tried(os.fork) == 0:\n    become_survivor()\nelse:\n    time.sleep(0.2)",
        limits=SEVERAL,
        loose="no",  # the runner kills its group in any case
    ),
    Attack(
        "double_fork_and_new_session",
        SURVIVOR
        + """
if tried(os.fork) == 0:
    tried(os.setsid)
    tried(os.setpgid, 0, 0)
    if tried(os.fork) == 0:
        for fd in (0, 1, 2):
            os.close(fd)
        become_survivor()
    os._exit(0)
time.sleep(0.3)
""",
        limits=SEVERAL,
    ),
    Attack(
        "group_of_its_own",
        SURVIVOR
        + """
if tried(os.fork) == 0:
    raw('setpgid', 0, 0)
    become_survivor()
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
""",
        limits=SEVERAL,
    ),
    Attack(
        "survive_the_deadline",
        SURVIVOR
        + """
for _ in range(3):
    if tried(os.fork) == 0:
        tried(os.setsid)
        become_survivor()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(60)
""",
        limits=SEVERAL,
        ends_by=("seconds",),
    ),
    Attack(
        "sibling",
        SURVIVOR
        + """
if raw('clone', 0x8000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
    become_survivor()
time.sleep(0.2)
""",
        limits=SEVERAL,
        loose="no",  # it would be a child of the test itself
    ),
    Attack(
        "forget_the_parent",
        "if libc.prctl(1, 0, 0, 0, 0) == 0: breach('outlives its supervisor')",
    ),
]

OTHERS = [
    Attack("kill", "tried(os.kill, W['victim'], signal.SIGKILL)"),
    Attack("stop", "tried(os.kill, W['victim'], signal.SIGSTOP)"),
    Attack("kill_with_several_processes", "tried(os.kill, W['victim'], signal.SIGKILL)", limits=SEVERAL),
    Attack("kill_group", "tried(os.killpg, W['victim'], signal.SIGKILL)"),
    Attack(
        "signal_the_parent",
        "tried(os.kill, os.getppid(), signal.SIGUSR1); tried(os.kill, W['parent'], signal.SIGUSR1)",
    ),
    Attack(
        "signal_the_parent_with_several_processes",
        "tried(os.kill, os.getppid(), signal.SIGUSR1); tried(os.kill, W['parent'], signal.SIGUSR1)",
        limits=SEVERAL,
    ),
    Attack("kill_everybody", "tried(os.kill, -1, signal.SIGKILL)", loose="no"),
    Attack(
        "kill_everybody_with_several_processes",
        "tried(os.kill, -1, signal.SIGKILL)",
        limits=SEVERAL,
        loose="no",
    ),
    Attack("tkill", "raw('tkill', W['victim'], 9)"),
    Attack("tgkill", "raw('tgkill', W['victim'], W['victim'], 9)"),
    Attack(
        "queued_signal",
        """
        info = struct.pack('=iiiiii', 9, 0, -1, 0, os.getpid(), os.getuid()) + bytes(104)
        raw('rt_sigqueueinfo', W['victim'], 9, info)
        """,
    ),
    Attack(
        "signal_by_descriptor",
        "raw('pidfd_send_signal', raw('pidfd_open', W['victim'], 0), 9, 0, 0)",
    ),
    Attack(
        "signal_by_owner_of_a_pipe",
        """
        read, write = os.pipe()
        tried(fcntl.fcntl, read, fcntl.F_SETOWN, W['victim'])
        tried(fcntl.fcntl, read, fcntl.F_SETFL, fcntl.fcntl(read, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(write, b'x')
        time.sleep(0.1)
        """,
    ),
    Attack(
        "limits_of_others",
        "if tried(resource.prlimit, W['victim'], resource.RLIMIT_NOFILE, (7, 7)): breach()",
        loose="no",
    ),
    Attack(
        "raw_limits_of_others",
        """
        limits = struct.pack('=QQ', 7, 7)
        if raw('prlimit64', W['victim'], resource.RLIMIT_NOFILE, limits, 0) == 0:
            breach()
        """,
    ),
    Attack("priority_of_others", "if raw('setpriority', 0, W['victim'], 19) == 0: breach()"),
    Attack(
        "processors_of_others",
        "if raw('sched_setaffinity', W['victim'], 8, struct.pack('=Q', 1)) == 0: breach()",
    ),
    Attack(
        "scheduler_of_others",
        "if raw('sched_setscheduler', W['victim'], 5, struct.pack('=i', 0)) == 0: breach()",
    ),
    Attack("io_priority_of_others", "if raw('ioprio_set', 1, W['victim'], 3 << 13) == 0: breach()"),
    Attack("ptrace_attach", "if raw('ptrace', 16, W['victim'], 0, 0) == 0: breach()", loose="root"),
    Attack("ptrace_seize", "if raw('ptrace', 0x4206, W['victim'], 0, 0) == 0: breach()", loose="root"),
    Attack("ptrace_me", "if raw('ptrace', 0, 0, 0, 0) == 0: breach()"),
    Attack(
        "read_memory",
        """
        buffer = ctypes.create_string_buffer(100)
        ours = struct.pack('=QQ', ctypes.addressof(buffer), 64)
        raw('process_vm_readv', W['victim'], ours, 1, struct.pack('=QQ', W['address'], 64), 1, 0)
        print(buffer.raw)
        """,
        loose="root",
    ),
    Attack(
        "write_memory",
        """
        buffer = ctypes.create_string_buffer(b'x' * 64)
        ours = struct.pack('=QQ', ctypes.addressof(buffer), 64)
        if raw('process_vm_writev', W['victim'], ours, 1, struct.pack('=QQ', W['address'], 64), 1, 0) > 0:
            breach()
        """,
        loose="root",
    ),
    Attack(
        "memory_file",
        """
        def read():
            with open(f"/proc/{W['victim']}/mem", 'rb', 0) as stream:
                stream.seek(W['address'])
                print(stream.read(64))
        tried(read)
        """,
        loose="root",
    ),
    Attack(
        "descriptors_of_others",
        """
        pidfd = raw('pidfd_open', W['victim'], 0)
        if raw('pidfd_getfd', pidfd, 0, 0) >= 0:
            breach()
        """,
        loose="root",
    ),
]
