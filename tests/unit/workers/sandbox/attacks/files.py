"""Reading, changing and making files outside the work folder."""

from __future__ import annotations

from attacks.attack import Attack

READ = [
    Attack("secret", "tried(steal, W['secret'])"),
    Attack("secret_in_data_folder", "tried(steal, W['data'])"),
    Attack("etc_passwd", "if tried(open, '/etc/passwd'): breach()"),
    Attack("etc_listing", "if tried(os.listdir, '/etc'): breach()"),
    Attack(
        "home_listing",
        """
        for folder in (W['outside'], W['home'], os.path.expanduser('~root'), '/home'):
            found = tried(os.listdir, folder)
            if found and found != ['.pyenv']:
                breach(folder, found)
        """,
    ),
    Attack(
        "attributes",
        """
        for path in (W['secret'], W['canary'], '/etc/passwd'):
            if tried(os.listxattr, path) is not None:
                breach(path)
        """,
    ),
    Attack("walk", "for _, _, names in os.walk(W['outside']): breach(names)"),
    Attack("symlink", "os.symlink(W['secret'], 'link'); tried(steal, 'link')"),
    Attack("symlink_to_folder", "os.symlink(W['outside'], 'link'); tried(steal, 'link/secret')"),
    Attack("hard_link", "tried(os.link, W['secret'], 'hard'); tried(steal, 'hard')"),
    Attack("rename_it_here", "tried(os.rename, W['secret'], 'mine'); tried(steal, 'mine')", loose="no"),
    Attack("proc_self_root", "tried(steal, '/proc/self/root' + W['secret'])"),
    Attack("proc_self_cwd", "tried(steal, '/proc/self/cwd/' + os.path.relpath(W['secret']))"),
    Attack(
        "proc_of_others",
        """
        for pid in ('1', str(os.getppid()), str(W['victim'])):
            for name in ('root', 'cwd'):
                tried(steal, f'/proc/{pid}/{name}' + W['secret'])
                tried(steal, f'/proc/{pid}/{name}/secret')
        """,
    ),
    Attack("dots", "tried(steal, '../' * 40 + W['secret'][1:])"),
    Attack(
        "path_descriptor",
        """
        def steal_by_path():
            fd = os.open(W['secret'], os.O_PATH)
            steal(f'/proc/self/fd/{fd}')
        def steal_below():
            fd = os.open(W['outside'], os.O_PATH | os.O_DIRECTORY)
            steal('secret', dir_fd=fd)
        tried(steal_by_path); tried(steal_below)
        """,
    ),
    Attack(
        "file_handle",
        """
        handle = ctypes.create_string_buffer(struct.pack('=Ii', 128, 0) + bytes(128))
        mount = ctypes.c_int()
        raw('name_to_handle_at', -100, W['secret'].encode(), handle, ctypes.byref(mount), 0)
        root = tried(os.open, '/', os.O_RDONLY)
        fd = raw('open_by_handle_at', -1 if root is None else root, handle, 0)
        if fd >= 0:
            print(os.read(fd, 100))
        """,
        loose="root",
    ),
    Attack("other_program", "tried(os.execv, '/bin/cat', ['cat', W['secret']])"),
    Attack("loader", "tried(os.execv, W['loader'], ['ld', '/bin/cat', W['secret']])"),
    Attack("environment_of_others", "tried(steal, f\"/proc/{W['victim']}/environ\")"),
    Attack("command_line_of_others", "tried(steal, f\"/proc/{W['victim']}/cmdline\")"),
    Attack("maps_of_others", "if tried(open, f\"/proc/{W['victim']}/maps\"): breach()"),
    Attack("processes", "if any(name.isdigit() for name in tried(os.listdir, '/proc') or []): breach()"),
    Attack(
        "environment_of_ancestors",
        """
        for pid in (1, os.getppid(), W['parent']):
            if tried(open, f'/proc/{pid}/environ'):
                breach(pid)
        """,
    ),
    Attack("own_source_tree", "if tried(open, W['tests']): breach()"),
    Attack(
        "devices",
        """
        names = 'mem kmsg vda sda nvme0n1 ptmx tty fuse kvm net/tun console'.split()
        for name in names:
            if tried(os.open, f'/dev/{name}', os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK) is not None:
                breach(name)
        """,
    ),
    Attack("sys", "if tried(os.listdir, '/sys/kernel') or tried(os.listdir, '/sys/fs/cgroup'): breach()"),
]

READ += [
    Attack(
        "around_the_environment",
        """
        own = (sys.prefix, sys.base_prefix)
        for path in (*own, *map(os.path.dirname, own)):
            for name in set(tried(os.listdir, path) or []) - {'bin', 'lib', 'lib32', 'lib64', 'pyvenv.cfg'}:
                if f'{path}/{name}' not in own and tried(os.listdir, f'{path}/{name}'):
                    breach(path, name)
        """,
        loose="no",  # there need not be anything
    ),
]

WRITE = [
    Attack("append", "tried(lambda: open(W['canary'], 'a').write('x'))"),
    Attack("overwrite", "tried(lambda: open(W['canary'], 'w').write('x'))"),
    Attack("create", "tried(lambda: open(W['outside'] + '/new', 'w'))"),
    Attack(
        "create_unnamed", "if tried(os.open, W['outside'], os.O_TMPFILE | os.O_RDWR) is not None: breach()"
    ),
    Attack("make_folder", "tried(os.mkdir, W['outside'] + '/new')"),
    Attack("make_symlink", "tried(os.symlink, '/', W['outside'] + '/new')"),
    Attack("make_fifo", "tried(os.mkfifo, W['outside'] + '/new')"),
    Attack("remove", "tried(os.unlink, W['canary'])"),
    Attack("rename", "tried(os.rename, W['canary'], W['outside'] + '/other')"),
    Attack(
        "bring_out",
        """
        open('x', 'w').close()
        tried(os.link, 'x', W['outside'] + '/y')
        tried(os.rename, 'x', W['outside'] + '/x')
        """,
    ),
    Attack("truncate", "tried(os.truncate, W['canary'], 1); tried(os.truncate, W['library'], 1)"),
    Attack(
        "truncate_as_reader",
        "for path in (W['canary'], W['library']): tried(os.open, path, os.O_RDONLY | os.O_TRUNC)",
    ),
    Attack("chmod", "for path in (W['canary'], W['library']): tried(os.chmod, path, 0o777)"),
    Attack(
        "fchmod",
        """
        fd = tried(os.open, W['library'], os.O_RDONLY)
        if fd is not None:
            tried(os.fchmod, fd, 0o4755)
        """,
    ),
    Attack("fchmodat2", "raw('fchmodat2', -100, W['library'].encode(), 0o777, 0)", loose="no"),
    Attack(
        "chown", "for path in (W['canary'], W['library']): tried(os.chown, path, 12345, 12345)", loose="root"
    ),
    Attack("utime", "for path in (W['canary'], W['library']): tried(os.utime, path, (1, 1))"),
    Attack(
        "xattr",
        "for path in (W['canary'], W['library']): tried(os.setxattr, path, 'user.x', b'x')",
        loose="no",
    ),
    Attack(
        "file_flags",
        """
        fd = tried(os.open, W['library'], os.O_RDONLY)
        flags = ctypes.c_long(0x80)  # no access times
        if fd is not None and libc.ioctl(fd, ctypes.c_ulong(0x40086602), ctypes.byref(flags)) == 0:
            breach()
        """,
        loose="no",  # not every file system has them
    ),
    Attack("write_library", "tried(lambda: open(W['library'], 'r+').write('x'))"),
    Attack("plant_a_module", "tried(lambda: open(W['packages'] + '/' + W['marker'] + '.py', 'w'))"),
    Attack("remove_library", "tried(os.unlink, W['library'])"),
    Attack(
        "write_interpreter", "if tried(open, os.path.realpath(sys.executable), 'r+b'): breach()", loose="no"
    ),
    Attack("bytecode", "tried(os.makedirs, W['packages'] + '/' + W['marker'] + '/__pycache__')"),
    Attack(
        "temporary_folders",
        """
        for folder in ('/tmp', '/var/tmp', '/dev/shm', '/run', '/', '/usr/lib', '/home', '/root'):
            path = f"{folder}/{W['marker']}"
            if tried(open, path, 'w'):
                os.unlink(path)
                breach(path)
        """,
    ),
    Attack(
        "kernel_settings",
        """
        for path in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/self/oom_score_adj',
                     f"/proc/{W['victim']}/oom_score_adj", '/sys/kernel/uevent_helper'):
            if tried(os.open, path, os.O_WRONLY) is not None:
                breach(path)
        """,
    ),
]
