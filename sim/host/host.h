/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The description of a simulated host: kernel version and platform, page size, limits, IOMMU groups and PCI devices.
 * Read from a key file (docs/host-file.md) or built by calls. Nothing of it comes from the machine it runs on.
 *
 *   [host]                      [group 7]                       [device 0000:01:00.0]
 *   profile=linux-6.12-powernv  devices=0000:01:00.0            vendor=0x8086 device=0x10d3 class=0x020000
 *   page-size=64K                                               bar0=mem32 64K    msi=1  msix=5 bar=3 ...
 */
#pragma once

#include <glib.h>

#include "sim/abi/abi.h"

G_BEGIN_DECLS

#define SIM_HOST_ERROR (sim_host_error_quark())
GQuark sim_host_error_quark(void);
typedef enum {
  SIM_HOST_ERROR_SYNTAX,
  SIM_HOST_ERROR_VALUE,
  SIM_HOST_ERROR_CONFLICT,
  SIM_HOST_ERROR_NOT_FOUND
} SimHostError;

typedef enum { SIM_POWERNV, SIM_PSERIES, SIM_X86 } SimPlatform;

/* Who answers on /dev/kvm. */
typedef enum {
  SIM_KVM_NONE,  /* there is none */
  SIM_KVM_MODEL, /* the model */
  SIM_KVM_REAL,  /* the machine's own KVM, of whose VMs only the kvm-vfio device is the model's */
} SimHostKvm;

typedef struct {
  guint64 size;  /* bytes, a power of two; 0 = absent */
  gboolean io;   /* I/O space */
  gboolean is64; /* takes the next BAR's slot as its upper half */
  gboolean prefetch;
} SimBar;

/* Whether a function wakes up from a sleep. */
typedef enum {
  SIM_WAKES,
  SIM_WAKES_ONCE,  /* when it is opened, and never again */
  SIM_WAKES_NEVER, /* it cannot be opened */
} SimWake;

/* What becomes of a function's INTx pin. */
typedef enum {
  SIM_LINE_ROUTED,
  SIM_LINE_UNROUTED, /* the host has no interrupt for it */
  SIM_LINE_TAKEN,    /* somebody holds it, and does not share */
} SimLine;

enum { SIM_ATOMICS_32 = 1, SIM_ATOMICS_64 = 2, SIM_ATOMICS_128 = 4 }; /* VFIO_PCI_ATOMIC_COMP* */

typedef struct {
  guint64 id;  /* packed address, see abi.h */
  guint group; /* number of its IOMMU group */
  guint16 vendor, device, subsystem_vendor, subsystem_device;
  guint32 class_code; /* 24 bits */
  guint8 revision;
  guint8 intx_pin; /* 0 = none, 1 = INTA */
  SimLine intx_line;
  gboolean vectors_limited;
  guint vectors;  /* of MSI or MSI-X that the host can give it, if they are limited */
  guint msi;      /* vectors, a power of two; 0 = no capability */
  guint msix;     /* vectors; 0 = no capability */
  guint msix_bar; /* BAR of the MSI-X table; at its offset 0 of msix_offset */
  guint32 msix_offset;
  gboolean express; /* PCI Express: 4096 bytes of config space, ERR interrupt */
  gboolean reset;   /* function reset works (the RESET flag) */
  guint64 rom_size;
  gboolean mmap;       /* BARs say MMAP: they can be mapped in process */
  gboolean claimed[6]; /* BARs that another driver of the host's has claimed */
  gboolean opregion;   /* Intel graphics of an x86 host: the firmware's OpRegion */
  guint atomics;       /* sizes of atomic operations that the root port completes: SIM_ATOMICS_* */
  gboolean virtual;    /* a virtual function (SR-IOV) ... */
  guint64 physfn;      /* ... of this one */
  SimWake wake;
  SimBar bars[6];
  GBytes *recorded;     /* config space as a real function had it, 256 or 4096 bytes; NULL: made from the rest */
  gboolean engine;      /* a DMA engine with its registers in BAR 0 (docs/engine.md) */
  gboolean host_driver; /* bound to a host driver, not to vfio-pci: makes its group non-viable */
} SimHostDevice;

/* What stands behind a group: the usual IOMMU, or what else VFIO meets on hosts. */
typedef enum {
  SIM_IOMMU_ORDINARY,
  SIM_IOMMU_NONE,            /* a no-IOMMU group, /dev/vfio/noiommu-N */
  SIM_IOMMU_EMULATED,        /* of a mediated device */
  SIM_IOMMU_NO_TABLE,        /* the host bridge has no TCE tables */
  SIM_IOMMU_OTHER_DOMAIN,    /* somebody in the kernel has attached a domain of its own */
  SIM_IOMMU_BUSY,            /* the host's own TCE table is in use, and stays so */
  SIM_IOMMU_NPU,             /* an NVLink bridge, whose windows are made by other functions */
  SIM_IOMMU_REFUSES_WINDOWS, /* the firmware makes none */
  SIM_IOMMU_RMRR,            /* x86: the firmware wants memory of the device's mapped for ever */
} SimGroupIommu;

typedef struct {
  guint number;
  SimGroupIommu iommu;
  guint iova_bits; /* x86: how far the group's IOMMU translates */
  GArray *devices; /* of SimHostDevice, in the order given */
} SimHostGroup;

typedef struct SimHost {
  char *name;        /* "power9" */
  char *description; /* one line for `vfiosim hosts` */
  SimPlatform platform;
  guint version;                 /* kernel version, 6.12 = SIM_VERSION(6, 12) */
  guint page_shift;              /* of the host kernel: 16 or 12 */
  guint64 tce_page_sizes;        /* mask of IOMMU page sizes, 0x40211000 on POWER9 (PNV-2); on x86 of type1's */
  guint64 dma32_size;            /* default window, bytes (PNV-1) */
  guint max_levels, max_windows; /* as GET_INFO says */
  gboolean eeh;
  gboolean spapr_v2;       /* FALSE: CHECK_EXTENSION(7) answers 0 and SET_IOMMU(7) is ENODEV, a v1-only host */
  gboolean spapr_tce_vfio; /* KVM_CAP_SPAPR_TCE_VFIO */
  gboolean spapr_tce_64;   /* KVM_CAP_SPAPR_TCE_64 */
  gboolean spapr_multitce; /* KVM_CAP_SPAPR_MULTITCE */
  SimHostKvm kvm;
  guint64 memlock;              /* RLIMIT_MEMLOCK of simulated processes, bytes; G_MAXUINT64 = unlimited */
  gboolean ipc_lock;            /* they have CAP_IPC_LOCK */
  gboolean sys_rawio;           /* they have CAP_SYS_RAWIO */
  gboolean noiommu;             /* vfio's parameter enable_unsafe_noiommu_mode is on */
  gboolean interrupt_remapping; /* x86 */
  GPtrArray *groups;            /* of SimHostGroup*, by number */
} SimHost;

#define SIM_VERSION(major, minor) ((major)*1000u + (minor))

/* A POWER9 bare-metal host on Linux 6.12, 64K pages, no groups. */
SimHost *sim_host_new(void);
SimHost *sim_host_copy(const SimHost *host);
void sim_host_free(SimHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimHost, sim_host_free)

/* A host file, or one of the built-in hosts by name. Errors name file, group and key. */
SimHost *sim_host_load(const char *path, GError **error);
SimHost *sim_host_builtin(const char *name, GError **error);
const char *const *sim_host_builtin_names(void); /* NULL-terminated */

/* Adds a device with the built-in shape "dumb" (1af4:1110, one 64K BAR, INTx, MSI 1, MSI-X 4). An error if the device
 * is in another group already. */
gboolean sim_host_add_device(SimHost *host, guint group, const char *address, GError **error);

/* What one key of [host] cannot see: TRUE, or an error that names the keys. Files and scenarios have been checked. */
gboolean sim_host_check(const SimHost *host, GError **error);

/* Applies one "key=value" of section [group N] but its devices; the group is made if it is not there. */
gboolean sim_host_group_set(SimHost *host, guint group, const char *key, const char *value, GError **error);

/* Applies one "key=value" of section [host], as scenarios' indented host lines do: ("page-size", "4K"). */
gboolean sim_host_set(SimHost *host, const char *key, const char *value, GError **error);

/* The name of the group's node in /dev/vfio: "7", or "noiommu-7". Free with g_free(). */
char *sim_host_group_node(const SimHostGroup *group);

/* Applies one "key=value" of a section [device ADDRESS]: ("0000:01:00.0", "model", "e1000e"). The device is there, and
 * is whole afterwards. */
gboolean sim_host_set_device(SimHost *host, const char *address, const char *key, const char *value, GError **error);

const SimHostGroup *sim_host_group(const SimHost *host, guint number); /* NULL if there is none */
const SimHostDevice *sim_host_device(const SimHost *host, guint64 id); /* NULL if there is none */

/* "ordinary", "none", ...: as a host file has it. */
const char *sim_host_iommu_name(SimGroupIommu iommu);

enum { SIM_CAP_IPC_LOCK = 14, SIM_CAP_SYS_RAWIO = 17 }; /* numbers of capability(7) */
/* Whether the simulated processes have a capability. */
gboolean sim_host_capable(const SimHost *host, int capability);

G_END_DECLS
