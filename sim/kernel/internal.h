/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seams between the nouns of the model: files, calls, groups, containers, address spaces, hardware tables. Private
 * to sim/kernel.
 */
#pragma once

#include <errno.h>

#include "sim/kernel/kernel.h"

G_BEGIN_DECLS

typedef struct SimMm SimMm;
typedef struct SimGroup SimGroup;
typedef struct SimContainer SimContainer;
typedef struct SimDevice SimDevice;
typedef struct SimVm SimVm;
typedef struct SimTceTable SimTceTable;
typedef struct SimRegion SimRegion;

/* ---- files ----------------------------------------------------------------------------------------------------
 * file.c */

/* One call being answered. Lives on the stack of sim_ioctl() and its like. */
typedef struct {
  SimKernel *kernel;
  SimFile *file;
  gpointer task;
  TraceEvent *event; /* never NULL: without a trace it is a scratch */
  guint32 number;
  guint64 arg;
  RuleId met; /* the last rule that sim_met() was told of */
} SimCall;

typedef struct {
  AbiKind kind;
  long (*ioctl)(SimCall *call, gpointer object);
  ssize_t (*pread)(SimCall *call, gpointer object, void *buf, gsize len, guint64 offset);        /* NULL: -EINVAL */
  ssize_t (*pwrite)(SimCall *call, gpointer object, const void *buf, gsize len, guint64 offset); /* NULL: -EINVAL */
  int (*mmap)(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
              void **memory);                      /* NULL: -ENODEV */
  void (*kept)(SimFile *file, gpointer object);    /* the user let go, others hold it; may be NULL */
  void (*release)(SimFile *file, gpointer object); /* last reference gone */
} SimFileOps;

SimFile *sim_file_new(SimKernel *kernel, const SimFileOps *ops, guint64 id, gpointer object);
AbiKind sim_file_kind(const SimFile *file);
gpointer sim_file_get(const SimFile *file, AbiKind kind); /* the object if the file is of that kind, else NULL */

/* ---- answering a call --------------------------------------------------------------------------------------- call.c
 */

/* Around every call: begin makes its event (the process is the task's; the guest has none), end puts the result into it
 * and returns it. Opens, reads and hypercalls use them; ioctls come with them done. */
void sim_call_begin(SimCall *call, SimKernel *kernel, SimFile *file, gpointer task, AbiObject object);
long sim_call_end(SimCall *call, long result);

/* Names the row of the call once it is known and asks for a fault. 0, or the -errno to return at once. Every ioctl
 * handler calls it once before it does anything; kvm-vfio calls it when it has read the attribute. */
long sim_call_is(SimCall *call, AbiCallId id);

/* The row of an ioctl's number on an fd of `kind`; ABI_UNKNOWN, with the number as the payload, if there is none. */
AbiCallId sim_call_find(SimCall *call, AbiKind kind);

/* Refuses: remembers the rule in the event and the count, returns -err. */
long sim_refuse(SimCall *call, int err, RuleId rule);
/* A rule was met that does not refuse: counted for coverage, and the event's rule if nothing stronger comes; the line
 * of a success does not print it. */
void sim_met(SimCall *call, RuleId rule);
/* The same where no call is at hand: in a release. */
void sim_kernel_met(SimKernel *kernel, RuleId rule);
/* A success that is a trap: counted and printed. Returns `result`. */
long sim_notable(SimCall *call, long result, RuleId rule);

/* Copies the payload; what is copied from call->arg lands in the event. 0 or -EFAULT (no rule set: the caller refuses).
 */
int sim_read(SimCall *call, guint64 addr, void *buf, gsize len);
int sim_write(SimCall *call, guint64 addr, const void *buf, gsize len);
/* Replaces the event's in-payload: the nested struct of SET_DEVICE_ATTR. */
void sim_call_payload(SimCall *call, const void *payload, gsize len);

/* Resolves an fd argument, and notes the object as event->refs[ref]. 0 or -EBADF. */
int sim_call_file(SimCall *call, int fd, guint ref, SimFile **file);

/* Hands a new file to the caller; consumes the reference in every case; notes it as event->made. fd or -EMFILE. */
long sim_call_install(SimCall *call, SimFile *file);

gboolean sim_call_capable(SimCall *call, int cap); /* the caller has it: SIM_CAP_* */

gboolean sim_since(const SimKernel *kernel, guint major, guint minor); /* host version >= major.minor */
const SimHost *sim_host_of(const SimKernel *kernel);
const SimPort *sim_port_of(const SimKernel *kernel, gpointer *port_data);
guint sim_page_shift(const SimKernel *kernel);

/* ---- address spaces, accounting, preregistration -------------------------------------------------------- mm.c,
 * prereg.c */

SimMm *sim_call_mm(SimCall *call); /* the caller's; borrowed */
SimMm *sim_mm_ref(SimMm *mm);
void sim_mm_unref(SimMm *mm);
gpointer sim_mm_handle(const SimMm *mm); /* the port's; NULL once the process is gone */
/* MM-1..MM-3. pages of the host's size. 0 or -ENOMEM (rule set in the call). */
long sim_mm_account(SimCall *call, SimMm *mm, guint64 pages);
/* How many pages more the caller may account to it; G_MAXUINT64: no limit. */
guint64 sim_mm_room(SimCall *call, const SimMm *mm);
void sim_mm_unaccount(SimMm *mm, guint64 pages);
guint64 sim_mm_locked(const SimMm *mm); /* host pages */

/* Preregistered regions of an address space (mm_iommu_*). */
guint64 sim_region_start(const SimRegion *region);
guint64 sim_region_size(const SimRegion *region);
guint sim_region_page_shift(const SimRegion *region);
/* Whether the page at ua, of the region's, is as large as the region takes itself to be (TCE-82). */
gboolean sim_region_contains(const SimRegion *region, guint64 ua);
SimRegion *sim_region_covering(SimMm *mm, guint64 ua, guint64 size); /* the one region that holds it whole, or NULL */
void sim_region_mapped_inc(SimRegion *region);
void sim_region_mapped_dec(SimRegion *region);

/* ---- hardware tables ---------------------------------------------------------------------------------- tce-table.c
 */

/* A hardware TCE table (iommu_table): sparse, costs memory only for entries in use. An entry is a user address with the
 * permission in its low bits (READ 1, WRITE 2), 0 = clear. */
enum { SIM_TCE_READ = 1, SIM_TCE_WRITE = 2, SIM_TCE_PERM = 3 };

SimTceTable *sim_tce_table_new(SimKernel *kernel, guint page_shift, guint64 offset_pages, guint64 entries);
SimTceTable *sim_tce_table_ref(SimTceTable *table);
void sim_tce_table_unref(SimTceTable *table);
guint sim_tce_table_page_shift(const SimTceTable *table);
guint64 sim_tce_table_offset(const SimTceTable *table);  /* first entry's I/O address >> page_shift */
guint64 sim_tce_table_entries(const SimTceTable *table); /* after rounding up (PNV-8) */
/* The address space whose memory the entries point into; set by the container when it makes the table. */
void sim_tce_table_set_mm(SimTceTable *table, SimMm *mm);
SimMm *sim_tce_table_mm(const SimTceTable *table);
/* Whether the table keeps user addresses, as KVM needs (v2 windows do; the host's own table does not). */
gboolean sim_tce_table_userspace(const SimTceTable *table);
void sim_tce_table_set_userspace(SimTceTable *table, gboolean userspace);

guint64 sim_tce_get(const SimTceTable *table, guint64 index);                     /* index from 0; out of range: 0 */
void sim_tce_set(SimTceTable *table, guint64 index, guint64 entry, guint64 *old); /* entry 0 clears */
/* Calls func for each entry in use in [index, index + count), in ascending order; func may clear it. Linear in what is
 * there, not in count. */
typedef void (*SimTceFunc)(SimTceTable *table, guint64 index, guint64 entry, gpointer data);
void sim_tce_foreach(SimTceTable *table, guint64 index, guint64 count, SimTceFunc func, gpointer data);
guint64 sim_tce_in_use(const SimTceTable *table);
gsize sim_tce_table_bytes(const SimTceTable *table);
/* Clears [index, index + count) with the v2 side effects: each entry's region.mapped - 1. */
void sim_tce_clear(SimTceTable *table, guint64 index, guint64 count);

/* ---- groups --------------------------------------------------------------------------------------------- group.c */

SimGroup *sim_kernel_group(SimKernel *kernel, guint number);
guint sim_group_number(const SimGroup *group);
/* The hardware tables programmed for the group now, slot 0 or 1; NULL: none. Never freed while borrowed within a call.
 */
SimTceTable *sim_group_table(const SimGroup *group, guint slot);
gboolean sim_group_has_tables(const SimGroup *group);  /* FALSE: no host bridge with TCE tables is behind it */
guint sim_group_vfio_devices(const SimGroup *group);   /* bound to vfio-pci */
gboolean sim_group_has_devices(const SimGroup *group); /* any of these; with none there is no group to VFIO */
SimGroup *sim_file_group(const SimFile *file);         /* the group of a group file, or NULL */
/* FALSE: the group has lost all its devices since the file was opened (CG-90); what goes by its number now is another.
 */
gboolean sim_file_group_alive(const SimFile *file);

/* ---- devices -------------------------------------------------------------------------------------------- device.c */

SimDevice *sim_device_new(SimKernel *kernel, SimGroup *group, const SimHostDevice *host);
void sim_device_free(SimDevice *device);
/* At the host's start: the driver that its description gives it. driver.c */
void sim_device_probe(SimDevice *device);
gboolean sim_device_node_is_open(SimKernel *kernel, guint64 id); /* by another program */
/* An unbinding that waits ends if nothing holds the device any more. */
void sim_device_may_leave(SimDevice *device);
SimDevice *sim_kernel_device(SimKernel *kernel, guint64 id);
guint64 sim_device_id(const SimDevice *device);
SimGroup *sim_device_group(const SimDevice *device);
gboolean sim_device_is_open(const SimDevice *device);
/* GET_DEVICE_FD past the group's checks (PD-1..PD-8): a file of the device; runs the driver's open on the first one.
 * The caller of open keeps container_users and the group file's reference: it is told through
 * sim_group_device_opened/closed, which device.c calls on 0 -> 1 and 1 -> 0 fds. */
long sim_device_match(SimCall *call, SimDevice *device, const char *name); /* 1 match, 0 no match, -errno */
long sim_device_open(SimCall *call, SimDevice *device, SimFile **file);
void sim_group_device_opened(SimGroup *group);
void sim_group_device_closed(SimGroup *group);

/* ---- virtual machines ---------------------------------------------------------------------------------------- vm.c
 */

SimVm *sim_vm_ref(SimVm *vm);
void sim_vm_unref(SimVm *vm);

/* Everything a kernel owns; kernel.c makes and frees it, the nouns reach their own part. */
struct SimKernel {
  const SimHost *host;
  const SimPort *port;
  gpointer port_data;
  Trace *trace;
  SimFaultFunc fault;
  gpointer fault_data;
  GPtrArray *groups;                     /* of SimGroup*, by number */
  GPtrArray *devices;                    /* of SimDevice*, by id, whatever driver they have */
  GPtrArray *vms;                        /* of SimVm* alive, borrowed */
  GHashTable *mms;                       /* port's handle -> SimMm* alive, borrowed */
  guint n_containers, n_vms, n_kvm_vfio; /* serials given out */
  SimCensus census;                      /* kept by each noun as it makes and frees objects */
  gsize table_bytes;
  guint32 met[RULE_COUNT];
  TraceEvent scratch; /* where events go without a trace */
};

G_END_DECLS
