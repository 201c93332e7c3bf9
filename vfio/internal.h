/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of vfio/ share: contexts, containers, groups, and the pieces of a container (host windows,
 * preregistration, DMA listener). Not installed.
 */
#pragma once

#include "vfio/vfio.h"

G_BEGIN_DECLS

#pragma GCC visibility push(hidden)

typedef struct VfioContainer VfioContainer;
typedef struct VfioGroup VfioGroup;
typedef struct VfioPrereg VfioPrereg;
typedef struct VfioDmaListener VfioDmaListener;

struct VfioContext {
  const VfioSys *sys;
  VfioAddressSpace *memory;
  VfioKvm *kvm; /* NULL: no KVM */
  VfioAttachOrder order;
  gsize ram_page_size;
  GPtrArray *containers; /* of VfioContainer*, in the order of attaching; each is freed when its last group leaves */
  GPtrArray *groups;     /* of VfioGroup*: those attached */
  GPtrArray *devices;    /* of VfioPciDevice*: open ones */
};

struct VfioAttach {
  VfioContext *context;
  VfioGroup *group;
  gboolean reused; /* the container was there before */
  guint done;      /* steps of the order that have been performed */
};

struct VfioGroup {
  guint number;
  int fd; /* -1: not open */
  VfioAddressSpace *space;
  VfioContainer *container;
  gboolean in_kvm;
  guint devices; /* open ones */
  VfioAttach attach;
};

/* The window that the host has, for v1 the default one. */
typedef struct {
  guint64 start, size; /* bytes */
  guint page_shift;
} VfioHostWindow;

struct VfioContainer {
  VfioContext *context;
  VfioAddressSpace *space;
  int fd;
  gboolean has_v2; /* CHECK_EXTENSION said so */
  gboolean v2;
  guint members;     /* groups inside by SET_CONTAINER */
  GPtrArray *groups; /* of VfioGroup*: those listed, which listeners serve */
  guint64 dma32_start, dma32_size, pgsizes;
  guint max_levels;
  GArray *host_windows; /* of VfioHostWindow */
  VfioPrereg *prereg;
  VfioDmaListener *listener;
};

/* error.c: sets an error with the errno behind it (0: none). The text gets ": MESSAGE (NAME)" appended if there is one.
 */
void vfio_error_set(GError **error, VfioError code, int err, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* sys.c: an ioctl that answers 0 and nothing else. Negative results are VFIO_ERROR_SYSTEM; so are positive ones, as
 * EINVAL: SPAPR's MAP, UNMAP and REGISTER return such for what they did not do. call: its name, for the message. */
gboolean vfio_sys_call(const VfioSys *sys, int fd, unsigned long request, const void *arg, const char *call,
                       GError **error);
/* open() of a node; the message names it. -1 with error. */
int vfio_sys_open(const VfioSys *sys, const char *path, GError **error);

/* context.c: the attached group, attached now if it was not. NULL with error. */
VfioGroup *vfio_context_get_group(VfioContext *context, guint number, VfioAddressSpace *space, GError **error);

/* group.c */
VfioGroup *vfio_group_new(VfioContext *context, guint number, VfioAddressSpace *space);
void vfio_group_free(VfioGroup *group);
gboolean vfio_group_open(VfioGroup *group, GError **error);
void vfio_group_close(VfioGroup *group);
/* One device less; the last one detaches and frees the group. */
void vfio_group_put(VfioGroup *group);
/* GROUP_ADD; nothing without KVM. */
gboolean vfio_group_join_kvm(VfioGroup *group, GError **error);
/* GROUP_DEL if the group is in KVM. */
void vfio_group_leave_kvm(VfioGroup *group);

/* container.c */
VfioContainer *vfio_container_new(VfioContext *context, VfioAddressSpace *space, GError **error);
void vfio_container_free(VfioContainer *container); /* closes it */
gboolean vfio_container_set_iommu(VfioContainer *container, GError **error);
/* SET_CONTAINER and UNSET_CONTAINER. */
gboolean vfio_container_join(VfioContainer *container, VfioGroup *group, GError **error);
void vfio_container_leave(VfioContainer *container, VfioGroup *group);
/* Whether KVM updates the hardware tables of this container's windows, once it was told by SET_SPAPR_TCE. */
gboolean vfio_container_kvm_can_feed(const VfioContainer *container);
/* Takes the listed groups out of KVM and in again, links them to every window anew and replays what the guest may have
 * set meanwhile: the only way to a known state after a group was linked to some windows only, as KVM counts the links
 * of a table and GROUP_DEL takes one off every table (KV-53). Failures are warned of. */
void vfio_container_relink(VfioContainer *container);

/* spapr-windows.c: TCE_GET_INFO; v2: the default window is removed, as the guest's take its place. */
gboolean vfio_windows_query(VfioContainer *container, GError **error);
/* A guest window of IOMMU pages of 1 << page_shift gets its host window: v2 makes one, v1's must hold it. */
gboolean vfio_windows_add(VfioContainer *container, guint64 start, guint64 size, guint page_shift, GError **error);
void vfio_windows_remove(VfioContainer *container, guint64 start);

/* prereg.c: REGISTER_MEMORY of guest RAM, now and as it comes and goes. */
VfioPrereg *vfio_prereg_new(VfioContainer *container, GError **error);
void vfio_prereg_free(VfioPrereg *prereg);

/* listener.c: follows the container's DMA address space. */
VfioDmaListener *vfio_dma_listener_new(VfioContainer *container, GError **error);
void vfio_dma_listener_free(VfioDmaListener *listener);
/* SET_SPAPR_TCE of each window that KVM feeds, for one group. */
gboolean vfio_dma_listener_link(VfioDmaListener *listener, VfioGroup *group, GError **error);
/* MAP_DMA of every TCE present in every window. */
gboolean vfio_dma_listener_replay(VfioDmaListener *listener, GError **error);

/* attach.c: performs the order's steps. FALSE: those performed are undone. */
gboolean vfio_attach_run(VfioAttach *attach, GError **error);
/* Undoes the steps performed, the last first: what detaches a group. */
void vfio_attach_undo(VfioAttach *attach);

/* pci-irq.c */
typedef struct {
  int intx, err, req; /* eventfds; -1: off */
  guint msi_index;    /* VFIO_PCI_MSI_IRQ_INDEX or _MSIX_; meaningless if there are no vectors */
  GArray *msi;        /* of int: eventfds by vector */
} VfioPciIrqs;

struct VfioPciDevice {
  VfioContext *context;
  VfioGroup *group;
  char *address;
  int fd;
  guint32 flags; /* VFIO_DEVICE_FLAGS_* */
  struct {
    guint64 offset, size;
  } regions[8]; /* by index; the ROM's is not asked for */
  gboolean has_err;
  guint8 intx_pin; /* 0: none */
  VfioPciIrqs irqs;
};

void vfio_pci_irqs_init(VfioPciIrqs *irqs);
/* INTx if the device has a pin, ERR and REQ if it has them. */
gboolean vfio_pci_irqs_enable(VfioPciDevice *device, GError **error);
/* Takes down whatever is on: REQ, ERR, then MSI or INTx. */
void vfio_pci_irqs_disable(VfioPciDevice *device);
gboolean vfio_pci_intx_enable(VfioPciDevice *device, GError **error);
/* MSI and INTx go off, whichever is on. */
void vfio_pci_irqs_quiesce(VfioPciDevice *device);

#pragma GCC visibility pop

G_END_DECLS
