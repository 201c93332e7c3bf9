# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packs the file system of the emulated POWER machine: init, the kernel's modules in the order in which they load, programs
with the shared libraries that they need.
"""
import gzip
import lzma
import os
import stat
import struct

MODULES = ["vfio_iommu_spapr_tce", "vfio_pci", "kvm_hv"]


class Archive:
    """cpio, "new ASCII" format, as the kernel unpacks it."""

    def __init__(self):
        self.parts = []
        self.dirs = set()

    def add(self, name, mode, data=b""):
        name = name.lstrip("/")
        self.make_dirs(os.path.dirname(name))
        self.entry(name, mode, data)

    def make_dirs(self, name):
        if name and name not in self.dirs:
            self.make_dirs(os.path.dirname(name))
            self.dirs.add(name)
            self.entry(name, stat.S_IFDIR | 0o755, b"")

    def entry(self, name, mode, data):
        fields = [len(self.parts) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        self.parts.append(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def write(self, path):
        self.entry("TRAILER!!!", 0, b"")
        with gzip.open(path, "wb", compresslevel=1) as out:
            out.writelines(self.parts)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def module_files(top):
    """name -> path; in file names "-" and "_" are the same."""
    files = {}
    for folder, _, names in os.walk(top):
        for name in names:
            if ".ko" in name:
                files[name.split(".ko")[0].replace("-", "_")] = os.path.join(folder, name)
    return files


def add_modules(archive, top):
    files = module_files(top)
    order = []

    def add(name):
        if name in order:
            return
        if name not in files:
            raise FileNotFoundError(f"this kernel has no module {name} below {top}")
        data = read(files[name])
        if files[name].endswith(".xz"):
            data = lzma.decompress(data)
        start = data.find(b"\0depends=") + len(b"\0depends=")
        for needed in data[start : data.index(b"\0", start)].decode().split(","):
            if needed:
                add(needed.replace("-", "_"))
        order.append(name)
        archive.add(f"modules/{name}.ko", stat.S_IFREG | 0o644, data)

    for name in MODULES:
        add(name)
    archive.add("modules/order", stat.S_IFREG | 0o644, "".join(f"{name}.ko\n" for name in order).encode())


def needed_libraries(data):
    """The DT_NEEDED names of a 64-bit little-endian ELF file."""
    phoff, phnum = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    segments = [struct.unpack_from("<IIQQQQ", data, phoff + 56 * i) for i in range(phnum)]
    load = [(vaddr, offset, size) for kind, _, offset, vaddr, _, size in segments if kind == 1]

    def place(address):
        return next(offset + address - vaddr for vaddr, offset, size in load if vaddr <= address < vaddr + size)

    for kind, _, offset, _, _, size in segments:
        if kind != 2:
            continue
        tags = [struct.unpack_from("<QQ", data, at) for at in range(offset, offset + size, 16)]
        strings = place(next(value for tag, value in tags if tag == 5))
        return [data[strings + v : data.index(b"\0", strings + v)].decode() for tag, v in tags if tag == 1]
    return []


def add_programs(archive, programs, sysroots):
    folders = [f"{root}/{folder}/powerpc64le-linux-gnu" for root in sysroots for folder in ("lib", "usr/lib")]
    seen = set()

    def add_libraries(path, data):
        for name in needed_libraries(data):
            if name in seen:
                continue
            seen.add(name)
            found = next((f"{f}/{name}" for f in folders if os.path.exists(f"{f}/{name}")), None)
            if not found:
                raise FileNotFoundError(f"{path} needs {name}, which is not in {' or '.join(sysroots)}")
            library = read(found)
            folder = "lib64" if name.startswith("ld") else "lib/powerpc64le-linux-gnu"
            archive.add(f"{folder}/{name}", stat.S_IFREG | 0o755, library)
            add_libraries(found, library)

    for program in programs:
        data = read(program)
        archive.add("bin/" + os.path.basename(program), stat.S_IFREG | 0o755, data)
        add_libraries(program, data)


def pack(out, init, modules, sysroots, programs, files=()):
    """Writes OUT: INIT as its first process, what it loads from the folder MODULES, PROGRAMS in /bin, each of their libraries from
    the first of SYSROOTS that has it; FILES are pairs of a path there and one here."""
    archive = Archive()
    archive.add("init", stat.S_IFREG | 0o755, read(init))
    archive.entry("dev", stat.S_IFDIR | 0o755, b"")
    add_modules(archive, modules)
    add_programs(archive, programs, sysroots)
    for there, here in files:
        archive.add(there, stat.S_IFREG | 0o755, read(here))
    archive.write(out)
