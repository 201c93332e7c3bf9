/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The simulated kernel: one object that owns groups, devices, containers, VMs and TCE tables, and answers calls as
 * Linux would on a POWER host, or on x86. Deterministic, not thread-safe (its caller serialises), no I/O of its own:
 * see port.h.
 *
 * Every function that stands for a system call returns >= 0 or -errno, as the kernel does, and leaves one event in the
 * trace. Rules: sim/rules. Sources: drivers/vfio, virt/kvm/vfio.c, arch/powerpc/kvm, arch/powerpc/platforms/powernv.
 */
#pragma once

#include <sys/types.h>

#include "sim/host/host.h"
#include "sim/kernel/port.h"
#include "sim/trace/trace.h"

G_BEGIN_DECLS

typedef struct SimKernel SimKernel;

/* Asked before a call is answered, with the event's call, object, in-payload and refs (what can be read of them).
 * Returns 0 to let the call through or -errno to answer so (the event gets TRACE_INJECTED). */
typedef int (*SimFaultFunc)(const TraceEvent *event, gpointer data);

/* The kernel keeps references on nothing it is given: host, port and trace must outlive it. trace may be NULL. */
SimKernel *sim_kernel_new(const SimHost *host, const SimPort *port, gpointer port_data, Trace *trace);
void sim_kernel_free(SimKernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimKernel, sim_kernel_free)

void sim_kernel_set_fault(SimKernel *kernel, SimFaultFunc fault, gpointer data);

/* open("/dev/vfio/vfio"), open("/dev/vfio/N"), open("/dev/kvm"). 0 with a new reference in *file, or -errno
 * (CG-1..CG-8; no such group: -ENOENT). */
int sim_open_container(SimKernel *kernel, gpointer task, SimFile **file);
int sim_open_group(SimKernel *kernel, gpointer task, guint number, SimFile **file);
int sim_open_kvm(SimKernel *kernel, gpointer task, SimFile **file);

/* An open file description. The last unref is the kernel's release(): it detaches, frees, resets (CG-79..CG-88), and is
 * traced as CLOSE when it is the user's. References are held by fds (the port), devices and kvm-vfio entries. */
SimFile *sim_file_ref(SimFile *file);
void sim_file_unref(SimFile *file);
/* The user's side lets go of the open file: traces CLOSE, then drops the reference. */
void sim_file_close(SimFile *file, gpointer task);
AbiObject sim_file_object(const SimFile *file);
SimKernel *sim_file_kernel(const SimFile *file);

/* Where the gate keeps what it knows of the file (its inode, its fd); freed by nobody. */
void sim_file_set_data(SimFile *file, gpointer data);
gpointer sim_file_data(const SimFile *file);

/* KVM_CREATE_DEVICE on a VM of the machine's own KVM, the caller's fd (host key kvm=real). Of such a VM the model knows
 * its kvm-vfio device, and the VM itself for as long as that is open. The caller is taken for the process that made the
 * VM: the KVM behind it would answer any other EIO (KV-5). */
long sim_real_vm_create_device(SimKernel *kernel, gpointer task, int fd, guint64 arg);

long sim_ioctl(SimFile *file, gpointer task, guint32 number, guint64 arg);
ssize_t sim_pread(SimFile *file, gpointer task, void *buf, gsize len, guint64 offset);
ssize_t sim_pwrite(SimFile *file, gpointer task, const void *buf, gsize len, guint64 offset);
/* mmap(): 0 with the shared memory of a TCE table in *memory (offset applied), or -errno (CG-15, KV-22, PD-128..). */
int sim_mmap(SimFile *file, gpointer task, gsize len, int prot, gboolean shared, guint64 offset, void **memory);

/* A hypercall of the VM's guest: H_PUT_TCE 0x20, H_GET_TCE 0x1c, H_STUFF_TCE 0x138, H_PUT_TCE_INDIRECT 0x13c.
 * args as in the registers r4.. . Returns H_SUCCESS 0, H_PARAMETER -4, ..., or SIM_H_TOO_HARD: the vCPU would exit and
 * the VMM handle it. H_GET_TCE's value in *value. vm: serial of the VM, from 1. */
enum { SIM_H_TOO_HARD = 9999 };
long sim_hypercall(SimKernel *kernel, guint vm, guint64 nr, const guint64 args[4], guint64 *value);

/* ---- a scripted guest: what it does on a vCPU, by the serial of its VM and the vCPU's id. No instruction is executed.
 */

typedef enum {
  SIM_WORK_HCALL, /* nr in r3, args in r4.. */
  SIM_WORK_LOAD,  /* args: guest physical address, bytes (1, 2, 4, 8), the value as it lies in memory */
  SIM_WORK_STORE, /* the same */
} SimWorkKind;

typedef struct {
  SimWorkKind kind;
  guint64 nr, args[9]; /* when done: the registers as the hypercall left them; a load's value */
  gint64 result;       /* when done: a hypercall's, from r3 */
} SimGuestWork;

typedef enum {
  SIM_WORK_NONE,      /* no such vCPU, or nothing given */
  SIM_WORK_GIVEN,     /* the vCPU does not run: KVM_RUN was not made since */
  SIM_WORK_UNDER_WAY, /* the VMM has it */
  SIM_WORK_DONE,
} SimWorkState;

/* Serial of the VM that was made last, of those that live; 0: none. */
guint sim_newest_vm(SimKernel *kernel);
/* A general purpose register, 0..31, as KVM_GET_REGS would show it. FALSE: no such vCPU. */
gboolean sim_vcpu_gpr(SimKernel *kernel, guint vm, guint vcpu, guint number, guint64 *value);

/* What the guest does next. Hypercalls that KVM takes never reach the VMM; for anything else KVM_RUN returns, and the
 * VMM's answer is taken at the KVM_RUN after it. FALSE: no such vCPU, it has work already, or a size is none of those.
 */
gboolean sim_vcpu_give(SimKernel *kernel, guint vm, guint vcpu, const SimGuestWork *work);
/* How far it is; if it is done it is copied to *work, and the vCPU is free. */
SimWorkState sim_vcpu_take(SimKernel *kernel, guint vm, guint vcpu, SimGuestWork *work);
/* Takes work back that was given and not begun. FALSE: there is none. */
gboolean sim_vcpu_take_back(SimKernel *kernel, guint vm, guint vcpu);

/* For who serves KVM_RUN of a caller on the open file and may wait, where the model does not: takes the VMM's last
 * answer, lets the guest go on, and says whether it has nothing to do. TRUE: KVM_RUN is not to be made yet; ask again
 * after SimPort.vcpu_work, or make it when a signal has come: it is -EINTR. FALSE: make it; it returns at once. */
gboolean sim_vcpu_waits(SimFile *file, gpointer task);

/* The device's DMA: reads or writes client memory by I/O address through the tables now programmed for its group.
 * 0, -ENODEV no such device, -ENXIO no window or no TCE there, -EPERM the TCE does not permit it, -EFAULT the memory is
 * gone. Bus mastering is not required. */
int sim_dma(SimKernel *kernel, guint64 device, guint64 ioba, void *buf, gsize len, gboolean write);
/* The device raises an interrupt: index as in vfio_irq_info, vector. 0, -ENODEV, or -EINVAL nothing is set up there. */
int sim_interrupt(SimKernel *kernel, guint64 device, guint index, guint vector);

/* ---- the host's administrator, who asks no leave of clients; none of it is traced. driver.c ---- */

typedef enum { SIM_DRIVER_NONE, SIM_DRIVER_VFIO, SIM_DRIVER_HOST } SimDriver;

enum { SIM_UNBIND_WAITS = 1 };
/* Takes a device from its driver, as by writing to /sys/bus/pci/drivers/DRIVER/unbind. 0; -ENODEV: it is bound to none;
 * SIM_UNBIND_WAITS: it is in use, its user is asked to let go (the REQ interrupt), and it leaves when the last of its
 * files is closed (CG-89). With the last device of a group bound to vfio-pci the group goes, too (CG-90). */
int sim_unbind(SimKernel *kernel, guint64 device);
/* Binds a device to vfio-pci or to some driver of the host's. 0; -ENODEV: no such device; -EBUSY: it is bound already,
 * or VFIO has claimed its group and the driver is the host's (CG-91); -EINVAL: vfio-pci refuses it (CG-53). */
int sim_bind(SimKernel *kernel, guint64 device, SimDriver driver);
SimDriver sim_driver_of(SimKernel *kernel, guint64 device); /* SIM_DRIVER_NONE if there is no such device, too */

/* Some other program opens the device's own node, /dev/vfio/devices/vfioN, and binds it to an iommufd: then its group
 * cannot be opened (CG-5). 0; -ENOENT: no such node on this host; -EBUSY: the group is open, or the node is. */
int sim_device_node_open(SimKernel *kernel, guint64 device);
int sim_device_node_close(SimKernel *kernel, guint64 device); /* 0, or -EBADF: it was not open */

/* Whether /dev/vfio/N (noiommu-N for a group without IOMMU) is there. */
gboolean sim_group_has_node(SimKernel *kernel, guint number);

/* The address space is gone (process exit or exec); its fds have been closed before by the port. */
void sim_kernel_mm_exit(SimKernel *kernel, gpointer mm);

/* Questions of checks and assertions; none of them is traced. */
gboolean sim_liobn_feeds_group(SimKernel *kernel, guint64 liobn, guint group); /* some VM's table is attached to a table
                                                                                  programmed in the group */
guint64 sim_locked_pages(SimKernel *kernel, gpointer mm); /* host pages the model has accounted to it */
typedef struct {
  guint containers, groups_open, devices_open, vms, kvm_vfio, tables, windows, regions; /* objects alive */
  guint64 tces;                                                                         /* hardware TCEs in use */
  guint64 locked_pages;                                                                 /* over all address spaces */
} SimCensus;
void sim_census(SimKernel *kernel, SimCensus *census);
/* Bytes of model memory behind hardware tables now: what a bench divides by the TCEs. */
gsize sim_table_bytes(SimKernel *kernel);

/* How often each rule was met since the kernel was made; array of RULE_COUNT. */
const guint32 *sim_rules_met(SimKernel *kernel);

G_END_DECLS
