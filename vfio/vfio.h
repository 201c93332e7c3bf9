/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attach code of a VMM: what stands between "this PCI device" and "its DMA goes through this guest window". Works
 * on a real host unchanged; knows nothing of simulators.
 *
 * One VfioContext per VM. A device is opened into the DMA address space of its host bridge: its group is attached (see
 * attach.h), a container of that address space is reused or made; the group leaves when its last device is closed, the
 * container when its last group has left. Not thread-safe.
 */
#pragma once

#include "vfio/address-space.h"
#include "vfio/attach.h"
#include "vfio/iommu-region.h"
#include "vfio/kvm.h"
#include "vfio/sys.h"

G_BEGIN_DECLS

#define VFIO_ERROR (vfio_error_quark())
GQuark vfio_error_quark(void);
typedef enum {
  VFIO_ERROR_SYSTEM,     /* a system call failed: vfio_error_errno() tells */
  VFIO_ERROR_NOT_VIABLE, /* the group has devices bound to host drivers */
  VFIO_ERROR_NO_IOMMU,   /* the host offers no IOMMU type that is known */
  VFIO_ERROR_WINDOW,     /* a DMA window that the host cannot make or makes elsewhere */
  VFIO_ERROR_OVERLAP,
  VFIO_ERROR_BUSY,      /* the group is attached to another address space, or the device is open */
  VFIO_ERROR_NOT_FOUND, /* no such device on the host */
} VfioError;

/* The errno of the system call behind an error, 0 if there was none. */
int vfio_error_errno(const GError *error);

typedef struct VfioContext VfioContext;
typedef struct VfioPciDevice VfioPciDevice;

/* sys and kvm (NULL: no KVM) must outlive the context; system_memory is the guest's RAM, referenced.
 * order: NULL = vfio_attach_order. */
VfioContext *vfio_context_new(const VfioSys *sys, VfioAddressSpace *system_memory, VfioKvm *kvm, VfioAttachOrder order);
void vfio_context_free(VfioContext *context); /* every device must have been closed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioContext, vfio_context_free)

/* The smallest page that backs guest RAM, bytes, a power of two: no DMA window gets larger IOMMU pages. The host's page
 * size at first; a VMM whose RAM is all huge pages may say so before it opens devices. */
void vfio_context_set_ram_page_size(VfioContext *context, gsize size);

/* Attaches the device's group to the address space and opens the device: info, regions, config space, INTx, ERR and REQ
 * eventfds. address: "0000:01:00.0". NULL on failure: everything is undone. */
VfioPciDevice *vfio_pci_device_open(VfioContext *context, const char *address, VfioAddressSpace *dma, GError **error);
/* Tears interrupts down, closes the device, and detaches its group if it was the last device of it. */
void vfio_pci_device_close(VfioPciDevice *device);
/* As a machine reset does: INTx off, VFIO_DEVICE_RESET if the device can, INTx on. */
gboolean vfio_pci_device_reset(VfioPciDevice *device, GError **error);

const char *vfio_pci_device_address(const VfioPciDevice *device);
guint vfio_pci_device_group(const VfioPciDevice *device);
gboolean vfio_pci_device_config_read(VfioPciDevice *device, guint offset, void *buf, gsize len, GError **error);
gboolean vfio_pci_device_config_write(VfioPciDevice *device, guint offset, const void *buf, gsize len, GError **error);
gboolean vfio_pci_device_bar_read(VfioPciDevice *device, guint bar, guint64 offset, void *buf, gsize len,
                                  GError **error);
gboolean vfio_pci_device_bar_write(VfioPciDevice *device, guint bar, guint64 offset, const void *buf, gsize len,
                                   GError **error);
/* Enables n vectors of MSI (1) or MSI-X (2), by eventfd; INTx goes off meanwhile. */
gboolean vfio_pci_device_enable_msi(VfioPciDevice *device, guint index, guint n, GError **error);
void vfio_pci_device_disable_msi(VfioPciDevice *device);
/* Takes (resets) the eventfd's count of a vector: how often it fired. index: VFIO_PCI_*_IRQ_INDEX. */
guint64 vfio_pci_device_take_interrupts(VfioPciDevice *device, guint index, guint vector);

/* EEH of an address space: what pseries does after a reset (VFIO_EEH_PE_ENABLE). An address space with several
 * containers or groups has no EEH, as its state could not be told apart; neither that nor a host without EEH is an
 * error. */
gboolean vfio_address_space_eeh_enable(VfioContext *context, VfioAddressSpace *dma, GError **error);

/* Counts for checks: containers and groups now attached. */
guint vfio_context_n_containers(const VfioContext *context);
guint vfio_context_n_groups(const VfioContext *context);

G_END_DECLS
