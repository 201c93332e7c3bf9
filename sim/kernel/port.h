/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the model needs from outside, as a table of functions: the caller's memory, fds, limits and eventfds. The model
 * makes no system call of its own; the direct gate answers these in process, the FUSE gate through /proc and
 * process_vm_*, tests as they like.
 *
 * `task` is the port's own handle of the calling thread, valid during one call. `mm` is its handle of an address space:
 * equal pointers mean the same address space; it stays valid until the port calls sim_kernel_mm_exit().
 */
#pragma once

#include "sim/host/host.h"

G_BEGIN_DECLS

typedef struct SimFile SimFile;

typedef struct {
  /* Copies between the model and the caller's memory. 0, or -EFAULT with nothing promised about the bytes copied. */
  int (*read)(gpointer port, gpointer task, guint64 addr, void *buf, gsize len);
  int (*write)(gpointer port, gpointer task, guint64 addr, const void *buf, gsize len);

  gpointer (*mm)(gpointer port, gpointer task);   /* the caller's address space */
  guint (*process)(gpointer port, gpointer task); /* serial of the calling process, from 1, for the trace */
  /* Whether the process is ending: what is closed now is closed for it. NULL: never. */
  gboolean (*exiting)(gpointer port, gpointer task);

  /* Memory of an address space when its owner is not calling (the device's DMA, the guest's hypercalls). 0 or -EFAULT.
   */
  int (*mm_read)(gpointer port, gpointer mm, guint64 addr, void *buf, gsize len);
  int (*mm_write)(gpointer port, gpointer mm, guint64 addr, const void *buf, gsize len);

  /* How many bytes from addr (at most len) could be pinned for reading or, with `write`, for writing: mapped and
   * readable (writable) without a gap. *page_shift is lowered to the backing page size if the range is of huge pages of
   * at least that size, else left alone by normal pages: in: the largest shift the caller cares for, out: log2 of the
   * smallest page backing the range (host page for normal memory). */
  guint64 (*pin)(gpointer port, gpointer task, guint64 addr, guint64 len, gboolean write, guint host_page_shift,
                 guint *page_shift);

  guint64 (*memlock)(gpointer port, gpointer task); /* RLIMIT_MEMLOCK of the caller, bytes; G_MAXUINT64 = unlimited */
  gboolean (*capable)(gpointer port, gpointer task, int cap); /* SIM_CAP_* */

  /* The open file behind the caller's fd. *file borrowed; NULL for a file that is not the model's. 0 or -EBADF. */
  int (*file)(gpointer port, gpointer task, int fd, SimFile **file);

  /* Whether install() would find a number now. */
  gboolean (*has_free_fd)(gpointer port, gpointer task);

  /* Gives the caller an fd (O_RDWR|O_CLOEXEC) for a new file. The port takes over the reference on success.
   * fd >= 0 or -EMFILE. */
  int (*install)(gpointer port, gpointer task, SimFile *file);

  /* An eventfd of the caller, held until event_put. 0, -EBADF (not open) or -EINVAL (no eventfd). */
  int (*event_get)(gpointer port, gpointer task, int fd, gpointer *event);
  void (*event_signal)(gpointer port, gpointer event);
  void (*event_put)(gpointer port, gpointer event);

  /* The VM of the machine's own KVM behind the caller's fd, held until vm_put; equal handles mean the same VM. 0 or
   * -EBADF. NULL, both: no such VM ever calls (sim_real_vm_create_device()). */
  int (*vm_get)(gpointer port, gpointer task, int fd, gpointer *vm);
  void (*vm_put)(gpointer port, gpointer vm);

  /* Zeroed memory that clients can map: a guest TCE table, a vCPU's run page. NULL: no memory. */
  void *(*shared_new)(gpointer port, gsize size);
  void (*shared_free)(gpointer port, void *memory, gsize size);

  /* The guest on that vCPU (serial of its VM, its id) has got work: a KVM_RUN that waits may go on. NULL: none waits.
   */
  void (*vcpu_work)(gpointer port, guint vm, guint vcpu);
} SimPort;

G_END_DECLS
