/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The direct gate: a simulated process inside this process. It has an fd table of its own, whose numbers start at
 * SIM_FD_BASE so that they never meet a real fd, and answers the SimPort of a kernel. Memory is this process's own; a
 * bad pointer is EFAULT, never a crash.
 */
#pragma once

#include "sim/kernel/kernel.h"

G_BEGIN_DECLS

enum { SIM_FD_BASE = 1 << 20, SIM_FD_MAX = 4096 };

typedef struct SimProcess SimProcess;

/* The port to hand to sim_kernel_new(); port_data is ignored by it. */
const SimPort *sim_direct_port(void);

/* A process of that host: its limits and capabilities are the host's. serial: from 1, for the trace. */
SimProcess *sim_process_new(SimKernel *kernel, const SimHost *host, guint serial);
/* Exit: closes every fd in ascending order, then tells the kernel that the address space is gone. */
void sim_process_free(SimProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimProcess, sim_process_free)
/* fork(): another address space, the same open files. */
SimProcess *sim_process_fork(SimProcess *process, guint serial);

/* Memory that REGISTER_MEMORY may pin, so that no look into /proc is needed. huge_shift: of its backing pages, 0 =
 * normal. Ranges not told of are looked up in /proc/self/maps. Overlapping ranges are replaced. */
void sim_process_map(SimProcess *process, void *memory, gsize size, gboolean writable, guint huge_shift);
void sim_process_unmap(SimProcess *process, void *memory, gsize size);

/* System calls. Paths: /dev/vfio/vfio, /dev/vfio/N, /dev/kvm, and readlink of
 * /sys/bus/pci/devices/BDF/iommu_group; anything else -ENOENT. All return >= 0 or -errno. */
int sim_process_open(SimProcess *process, const char *path, int flags);
int sim_process_close(SimProcess *process, int fd);
int sim_process_dup(SimProcess *process, int fd);
long sim_process_ioctl(SimProcess *process, int fd, guint32 number, guint64 arg);
ssize_t sim_process_pread(SimProcess *process, int fd, void *buf, gsize len, guint64 offset);
ssize_t sim_process_pwrite(SimProcess *process, int fd, const void *buf, gsize len, guint64 offset);
int sim_process_mmap(SimProcess *process, int fd, gsize len, int prot, gboolean shared, guint64 offset, void **memory);
int sim_process_munmap(SimProcess *process, void *memory, gsize len);
ssize_t sim_process_readlink(SimProcess *process, const char *path, char *buf, gsize len);

SimFile *sim_process_file(SimProcess *process, int fd); /* borrowed; NULL */
gpointer sim_process_mm(SimProcess *process);           /* for sim_locked_pages() */
guint sim_process_open_fds(const SimProcess *process);

G_END_DECLS
