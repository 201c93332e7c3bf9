# SPDX-License-Identifier: LGPL-2.1-or-later
"""The emulated POWER machine with a real Linux: built, booted, asked to run programs. init.c is its other end."""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

import initramfs

SOURCE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
SKIP = 77
BOOT_LIMIT = 300  # seconds; 6 on an idle machine
QEMU = "/bin/qemu-system-ppc64"  # there
RECORDER = "/usr/local/lib/vfiosim/libvfiosim-record.so"  # where a vfiosim that is built by default looks for it


class Unavailable(Exception):
    """It cannot be had here: the sentence says why."""


class Stopped(Exception):
    """The machine is dead, or did not answer in time: what its console said last."""


class Run:
    """One program's run."""

    def __init__(self):
        self.status = None
        self.report = ""
        self.trace = ""
        self.complaints = []


def die_with_parent():
    """For a child before it is executed: nothing of the machine stays when its owner is killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def script(name, *args):
    """Runs one of the project's scripts; its output."""
    # What the native build was told is not for the other machine.
    told = {"CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "PKG_CONFIG_PATH"}
    env = {name: value for name, value in os.environ.items() if name not in told}
    ran = subprocess.run([os.path.join(SOURCE, "scripts", name), *args], env=env, text=True, check=False,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if ran.returncode == SKIP:
        raise Unavailable(ran.stderr.strip())
    if ran.returncode:
        raise RuntimeError(f"scripts/{name} ends with status {ran.returncode}:\n{ran.stderr}{ran.stdout}")
    return ran.stdout


class Machine:
    """A running machine; its process is gone when the `with` block is left."""

    def __init__(self, build, pages, qemu=False):
        """BUILD: a folder for the cross build and what belongs to this machine. PAGES: "64k" or "4k". QEMU: it is there to be run."""
        self.found = []  # what its init says of devices
        self.process = None
        build = os.path.realpath(build)
        os.makedirs(build, exist_ok=True)
        kernel, _, sysroot = script("fetch", "--path", "kernel-" + pages, "qemu", "sysroot").split("\n")[:3]
        roots, programs, files = [sysroot], [os.path.join(build, "vfiosim")], []
        if qemu:
            roots.append(script("fetch", "--path", "qemu-ppc64el").strip())
            programs.append(os.path.join(roots[1], "usr", QEMU.lstrip("/")))
            # QEMU looks for it beside the folder that it runs from.
            files = [("share/qemu/slof.bin", os.path.join(roots[1], "usr/share/qemu/slof.bin")),
                     (RECORDER, os.path.join(build, "harness/recorder", os.path.basename(RECORDER)))]
        script("real-kernel/cross-build", build)
        self.console = os.path.join(build, f"console-{pages}.txt")
        archive = os.path.join(build, f"initramfs-{pages}{'-qemu' if qemu else ''}.gz")
        initramfs.pack(archive, os.path.join(build, "tests/real-kernel/init"), kernel, roots, programs, files)
        self.boot(pages, archive, os.path.join(build, f"port-{os.getpid()}"))

    def boot(self, pages, archive, path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        boot = [os.path.join(SOURCE, "scripts/real-kernel/boot"), pages, archive, self.console]
        # The folder may have a longer path than a socket's address has room for.
        folder = os.open(os.path.dirname(path), os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                short = f"/proc/self/fd/{folder}/{os.path.basename(path)}"
                listener.bind(short)
                listener.listen()
                listener.settimeout(BOOT_LIMIT)
                self.process = subprocess.Popen(boot + [short], pass_fds=[folder], start_new_session=True,
                                                preexec_fn=die_with_parent)
                self.port = listener.accept()[0]
            self.stream = self.port.makefile("rwb")
            self.read_until("ready", BOOT_LIMIT)
        except BaseException as error:
            self.kill()
            if isinstance(error, (TimeoutError, OSError)):
                raise Stopped(f"the machine did not boot: {error}\n{self.last_words()}") from error
            raise
        finally:
            os.close(folder)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self.send("off", b"")
            self.process.wait(10)
        self.kill()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_words(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.console, encoding="utf-8", errors="replace") as console:
                return "".join(console.read().replace("\r", "").splitlines(True)[-20:])
        return ""

    # ---- messages ----

    def send(self, words, data):
        self.stream.write(f"{words} {len(data)}\n".encode() + data)
        self.stream.flush()

    def read_until(self, end, limit):
        """The messages up to one of that name; within LIMIT seconds."""
        deadline = time.monotonic() + limit
        run = Run()
        while True:
            self.port.settimeout(max(deadline - time.monotonic(), 0.001))
            line = self.stream.readline().decode()
            if not line:
                raise ConnectionError("the machine went away")
            word, size = line.split()
            text = self.stream.read(int(size)).decode(errors="replace")
            if word == "machine":
                self.found.append(text)
            elif word == "kernel":
                run.complaints.append(text)
            elif word == "end":
                run.status = int(text)
            else:
                setattr(run, word, text)
            if word == end:
                return run

    def put(self, path, text):
        """A file of the machine's, from now on."""
        self.send(f"put {path}", text.encode())

    def run(self, words, limit):
        """Runs a program there, its arguments without blanks. Raises Stopped if it has not ended after LIMIT seconds."""
        try:
            self.send("run", words.encode())
            return self.read_until("end", limit)
        except (TimeoutError, OSError) as error:
            self.kill()
            raise Stopped(f"the machine did not answer within {limit:.0f} s ({error})\n{self.last_words()}") from error
