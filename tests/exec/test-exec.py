#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`vfiosim exec` as its users meet it: what the program gets, what it gives, what is left. usage: test-exec.py VFIOSIM ATTACH...

ATTACH is tests/exec/attach.c, built in several ways. Names of checks are asserted against faults that attach makes on purpose.
"""
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tapped import check, end, skip, skip_all  # noqa: E402  (its place is beside these folders)

VFIOSIM, ATTACH = os.path.abspath(sys.argv[1]), [os.path.abspath(path) for path in sys.argv[2:]]
LIMIT = 60
# A folder that this user may not search would make "not found" a "permission denied", as it does for execvp(3).
os.environ["PATH"] = ":".join(path for path in os.environ["PATH"].split(":") if os.access(path, os.X_OK))


def start(*args, **more):
    return subprocess.Popen([VFIOSIM, "exec", *args], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def run(*args, stdin=None, **more):
    return subprocess.run([VFIOSIM, "exec", *args], input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LIMIT, **more)


def expect(name, code, *args, out=None, err="", **more):
    r = run(*args, **more)
    good = r.returncode == code and (out is None or r.stdout == out) and (err in r.stderr if err else r.stderr == "")
    check(name, good, f"exit {r.returncode}\nstdout: {r.stdout}\nstderr: {r.stderr}")
    return r


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def parent(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and parent(name) == pid:
                found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


# ---- what the program gets, and gives ----


def statuses():
    expect("the program's status", 3, "sh", "-c", "exit 3")
    expect("a signal is 128 and its number", 137, "sh", "-c", "kill -9 $$")
    expect("a program that is not there", 127, "no-such-program", err="vfiosim: cannot run no-such-program: No such file")
    expect("a file that is no program", 126, "/etc/passwd", err="vfiosim: cannot run /etc/passwd: Permission denied")
    expect("a folder", 126, "/tmp", err="cannot run /tmp")
    with open("script", "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\ntest -e /dev/vfio/7 && echo \"$1\"\n")
    os.chmod("script", 0o755)
    expect("a script", 0, "./script", "argument", out="argument\n")
    expect("no program", 125, err="no program given")
    expect("a bad option", 125, "--no-such", "true", err="vfiosim exec --help")
    expect("options after the program are its own", 0, "echo", "--verbose", "-c", out="--verbose -c\n")
    expect("so are those after --", 0, "--", "echo", "--", out="--\n")
    expect("help", 0, "--help", out=None)
    expect("a trace that cannot be written", 125, "--trace", "/no/such", "true", err="/no/such: No such file")


def hosts():
    nodes = ("sh", "-c", "cd /dev/vfio && echo * && test -e /dev/kvm && echo kvm")
    expect("the host of its own accord", 0, *nodes, out="7 vfio\nkvm\n")
    expect("groups", 0, "-g", "3: 0000:02:00.0 0000:02:00.1", "-g", "12:0001:00:01.0", *nodes, out="12 3 vfio\nkvm\n")
    expect("settings", 1, "--set", "kvm=off", *nodes, out="7 vfio\n")
    expect("a device's model", 0, "-d", "0000:01:00.0 model=e1000e", "cat", "/sys/bus/pci/devices/0000:01:00.0/device", out="0x10d3\n")
    expect("a device that is not there", 125, "--device", "0000:02:00.0 msi=1", "true", err="no device '0000:02:00.0'")
    expect("a key of no device", 125, "--device", "0000:01:00.0 mdl=dumb", "true", err="device 0000:01:00.0: unknown key 'mdl'")
    expect("a device that would not be whole", 125, "--device", "0000:01:00.0 msi=3", "true", err="no number of MSI vectors")
    expect("a device without a key", 125, "--device", "0000:01:00.0", "true", err="sets nothing")
    expect("devices are in /sys", 0, "-g", "3: 0000:02:00.0", "readlink", "/sys/bus/pci/devices/0000:02:00.0/iommu_group",
           out="../../../../kernel/iommu_groups/3\n")
    with open("host.ini", "w", encoding="utf-8") as f:
        f.write("[host]\npage-size=4K\n[group 5]\ndevices=0000:05:00.0\n")
    expect("a host file", 0, "--host", "host.ini", "ls", "/dev/vfio", out="5\nvfio\n")
    expect("a host that is not there", 125, "--host", "power99", "true", err="power99")
    expect("a group without a device", 125, "--group", "7:", "true", err='write "7: 0000:01:00.0"')
    expect("a group that is none", 125, "--group", "0000:01:00.0", "true", err="is no group")
    expect("a device twice", 125, "-g", "7: 0000:01:00.0", "-g", "8: 0000:01:00.0", "true", err="is in group 7 already")
    expect("a setting without a value", 125, "--set", "kvm", "true", err="KEY=VALUE")
    expect("a setting that is none", 125, "--set", "kvn=off", "true", err="unknown key 'kvn'")
    expect("a check that is none", 125, "--checks", "lft", "true", err="known: all, default, none")


def inheritance():
    read, write = os.pipe()
    os.write(write, b"given")
    os.close(write)
    r = run("sh", "-c", f"pwd; umask; ulimit -n; ulimit -c; id -u; id -g; echo $HERE; cat; cat <&{read}", stdin="in\n",
            pass_fds=[read], cwd="/usr", umask=0o27, env={**os.environ, "HERE": "there"},
            preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200)),
                                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))))
    expected = ["/usr", "0027", "100", "0", str(os.getuid()), str(os.getgid()), "there", "in", "given"]
    check("directory, umask, limits, ids, environment, input and other files", r.stdout.split() == expected, r.stdout + r.stderr)
    os.close(read)

    r = run("python3", "-c", "import os, signal; print(signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN, "
            "[s.name for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])], len(os.sched_getaffinity(0)), "
            "sorted(os.listdir('/proc/self/fd'))[:-1])", restore_signals=True)
    # Python itself ignores SIGPIPE; what it was before is in the status of a shell.
    check("signals are not blocked, no processor is denied, no fd is passed", r.stdout.split(" ", 1)[1] ==
          f"[] {len(os.sched_getaffinity(0))} ['0', '1', '2']\n", r.stdout + r.stderr)
    for ignored in (False, True):
        r = run("sh", "-c", "grep SigIgn /proc/self/status", restore_signals=not ignored)
        check(f"SIGPIPE is {'ignored' if ignored else 'as usual'} as it was", bool(int(r.stdout.split()[1], 16) & 1 << 12) == ignored,
              r.stdout)
    r = run("sh", "-c", "readlink /proc/self/fd/0", preexec_fn=lambda: os.close(0))
    check("a standard fd that is closed is /dev/null", r.stdout == "/dev/null\n", r.stdout + r.stderr)
    r = subprocess.run(["sh", "-c", f"mkdir gone; cd gone; rmdir ../gone; '{VFIOSIM}' exec readlink /proc/self/cwd"], text=True,
                       capture_output=True, timeout=LIMIT, check=False)
    check("a working directory that has been removed", r.stdout.endswith("/gone (deleted)\n"), r.stdout + r.stderr)
    expect("a working directory in /dev is that of the simulated host", 0, "sh", "-c", "ls vfio", out="7\nvfio\n", cwd="/dev")


# ---- signals, stops, the terminal ----

def at_terminal(words, *keys):
    """The status and the output of a command that has a terminal of its own. keys: what is pressed when what has been read."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("timeout", ["timeout", "--foreground", "-k", "1", str(LIMIT // 2), *words])
    text, pressed = b"", 0
    try:
        while True:
            text += os.read(terminal, 1000)
            if pressed < len(keys) and keys[pressed][0] in text:
                os.write(terminal, keys[pressed][1])
                pressed += 1
    except OSError:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


SLEEPER = "trap 'echo term; exit 5' TERM; trap 'echo int; exit 6' INT; trap 'echo usr1' USR1; echo up; while :; do sleep 0.05; done"


def signals():
    for number, code, out in ((signal.SIGTERM, 5, "term\n"), (signal.SIGINT, 6, "int\n")):
        p = start("sh", "-c", SLEEPER)
        p.stdout.readline()
        p.send_signal(number)
        rest, err = p.communicate(timeout=LIMIT)
        check(f"{number.name} is passed on", p.returncode == code and rest == out and err == "", f"{p.returncode} {rest} {err}")
    p = start("sleep", "60")
    wait_for(lambda: len(children(p.pid)) >= 2)
    time.sleep(0.3)
    p.terminate()
    check("a program that SIGTERM kills", p.wait(LIMIT) == 143, p.returncode)

    status, text = at_terminal([VFIOSIM, "exec", "sh", "-c", SLEEPER], (b"up", b"\x03"))
    check("Ctrl-C is the program's, once", status == 6 and text.count(b"int") == 1, text)
    job = f"'{VFIOSIM}' exec sh -c 'echo up; read line; echo on; exit 4'; jobs; fg"
    status, text = at_terminal(["bash", "--norc", "-mc", job], (b"up", b"\x1a"), (b"Stopped", b"\n"))
    check("Ctrl-Z stops the job, and it goes on", status == 4 and b"\r\non" in text, text)


# ---- what is left ----


def leftovers():
    r = run("sh", "-c", "sleep 61 >/dev/null 2>&1 & echo $!")
    check("what the program leaves behind is killed, and told", r.returncode == 0 and "killed 1 process that" in r.stderr and
          is_gone(int(r.stdout)), r.stdout + r.stderr)
    r = run("--wait", "sh", "-c", "(sleep 0.3; test -e /dev/vfio/7 && echo late) & exit 2")
    check("or waited for", r.returncode == 2 and r.stdout == "late\n" and r.stderr == "", f"{r.returncode} {r.stdout} {r.stderr}")
    before = set(os.listdir(tempfile.gettempdir()))
    for who in ("vfiosim", "keeper", "helper", "all but the keeper", "group"):
        # One that has left the process group, the session and its parent.
        p = start("sh", "-c", "(setsid sleep 62 >/dev/null 2>&1 & echo $!); sleep 63 & echo $!; echo $$; wait", start_new_session=True)
        pids = [int(p.stdout.readline()) for _ in range(3)]
        keeper = parent(pids[2])
        helper = [pid for pid in children(p.pid) if pid != keeper]
        victims = {"vfiosim": [p.pid], "keeper": [keeper], "helper": helper, "all but the keeper": [p.pid, *helper],
                   "group": [-p.pid]}[who]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        if who == "helper":
            check("kill -9 of the helper leaves the program alone", not wait_for(lambda: any(map(is_gone, pids)), 0.3))
            p.terminate()
        everybody = [*pids, keeper, *helper]
        gone = wait_for(lambda: p.poll() is not None and all(map(is_gone, everybody)))
        check(f"kill -9 of {who} leaves no process", gone, [pid for pid in everybody if not is_gone(pid)])
        p.communicate(timeout=LIMIT)
    with open("/proc/self/mounts", encoding="utf-8") as f:
        check("no mount is left", "vfiosim" not in f.read())
    new = set(os.listdir(tempfile.gettempdir())) - before
    check("no file is left", not any("vfiosim" in name for name in new), new)


# ---- what the calls show ----


def findings():
    attach = ATTACH[0]
    for path in ATTACH:
        expect(f"{os.path.basename(path)}: nothing to find", 0, "--checks", "all", path)
        expect(f"{os.path.basename(path)}: under a filter of its own", 0, "--checks", "all", path, "confined")
    for fault, found in (("unfed", "CHK-UNFED"), ("orphan", "CHK-ORPHAN"), ("live", "CHK-LIVE"), ("trap", "CHK-TRAP"),
                         ("strict", "CHK-STRICT"), ("left", "CHK-LEFT")):
        r = run("--checks", "all", attach, fault)
        ids = {line.split()[1].rstrip(":") for line in r.stderr.splitlines() if line.startswith("vfiosim: CHK-")}
        wanted = {found} | ({"CHK-LEFT"} if fault == "orphan" else set())
        check(f"{fault} is {found}", r.returncode == 1 and ids == wanted, r.stderr)
        r = run(attach, fault)
        told = found not in ("CHK-STRICT", "CHK-LEFT")
        check(f"{fault}: {'counts' if told else 'does not count'} by default", r.returncode == (1 if told else 0) and
              (found in r.stderr) == told, r.stderr)
    expect("no check at all", 0, "--checks", "none", attach, "unfed")
    expect("one by its short name", 1, "--checks", "left", attach, "left", err="0x10000 bytes were registered")
    expect("a host without KVM_CAP_SPAPR_TCE_VFIO feeds no window", 0, "--set", "spapr-tce-vfio=off", attach, "unfed")
    r = run("--checks", "unfed", attach, "unfed")
    check("a finding names the calls that led to it", "GROUP_ADD group 7 = 0" in r.stderr and "TCE_CREATE" in r.stderr and
          "SET_CONTAINER" in r.stderr and "8c37faa475" in r.stderr, r.stderr)


def traces():
    attach = ATTACH[0]
    run("--trace", "calls.json", "sh", "-c", f"{attach}; {attach}")
    with open("calls.json", encoding="utf-8") as f:
        events = [json.loads(line) for line in f]
    check("the trace has every call of every process", [e["seq"] for e in events] == list(range(1, len(events) + 1)) and
          len({e["process"] for e in events}) == 2 and sum(e["call"] == "GROUP_ADD" for e in events) == 2, len(events))
    r = subprocess.run([VFIOSIM, "trace", "--call", "GROUP_ADD", "calls.json"], capture_output=True, text=True, timeout=LIMIT)
    check("vfiosim trace reads it", r.stdout.count("GROUP_ADD group 7 = 0") == 2, r.stdout + r.stderr)
    r = run("--verbose", attach)
    lines = r.stderr.splitlines()
    check("--verbose says every call", len(lines) == len(events) // 2 and all(line.startswith("vfiosim: ") for line in lines), r.stderr)
    p = start("--verbose", "sh", "-c", "exec 3</dev/vfio/vfio; read end", stdin=subprocess.PIPE)
    line = p.stderr.readline()
    check("while it happens", "container 1   OPEN = fd" in line, line)
    p.communicate("end\n", timeout=LIMIT)
    p = start("--trace", "live.json", "sh", "-c", "exec 3</dev/vfio/vfio; echo up; read end", stdin=subprocess.PIPE)
    p.stdout.readline()
    with open("live.json", encoding="utf-8") as f:
        check("the trace can be followed", json.loads(f.read())["call"] == "OPEN")
    p.communicate("end\n", timeout=LIMIT)


def others():
    attach = ATTACH[0]
    if shutil.which("strace"):
        r = run("strace", "-f", "-qq", "-o", "strace.out", "-e", "trace=ioctl", attach)
        with open("strace.out", encoding="utf-8") as f:
            text = f.read()
        check("a program under strace", r.returncode == 0 and "VFIO_GROUP_GET_DEVICE_FD" in text, r.stderr)
    else:
        skip("a program under strace", "there is no strace")
    r = run("unshare", "--user", "--pid", "--fork", "--map-root-user", attach)
    if "unshare failed" in r.stderr:
        skip("a program in user and pid namespaces of its own", r.stderr.strip())
    else:
        check("a program in user and pid namespaces of its own", r.returncode == 0, r.stderr)
    check("nodes inside nodes", run(VFIOSIM, "exec", "-g", "9: 0000:09:00.0", "true").returncode != 0)


r = run("true")
if r.returncode == 77:
    skip_all(r.stderr.strip())
with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    for part in (statuses, hosts, inheritance, signals, leftovers, findings, traces, others):
        part()
    os.chdir("/")
end()
