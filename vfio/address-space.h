/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Address spaces and memory listeners: what a VMM says about guest memory, in the terms of QEMU's memory API. An
 * address space holds sections: RAM (a guest physical range backed by host memory) and IOMMU regions (DMA windows). A
 * listener is told of every section: when it is registered, of those that are there, in ascending order; later, of each
 * that comes or goes. That replay at registration is where hotplug differs from boot.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct VfioAddressSpace VfioAddressSpace;
typedef struct VfioIommuRegion VfioIommuRegion;

typedef struct {
  guint64 start;          /* guest physical or I/O address, bytes */
  guint64 size;           /* bytes, never 0; start + size - 1 does not wrap */
  void *memory;           /* RAM: host address of the first byte; NULL for IOMMU sections */
  VfioIommuRegion *iommu; /* IOMMU sections; NULL for RAM */
} VfioMemorySection;

typedef struct VfioMemoryListener VfioMemoryListener;
struct VfioMemoryListener {
  /* A section appears. FALSE with error: whoever added it (or registered the listener) fails and undoes. */
  gboolean (*region_add)(VfioMemoryListener *listener, const VfioMemorySection *section, GError **error);
  void (*region_del)(VfioMemoryListener *listener, const VfioMemorySection *section);
};

VfioAddressSpace *vfio_address_space_new(const char *name);
VfioAddressSpace *vfio_address_space_ref(VfioAddressSpace *space);
void vfio_address_space_unref(VfioAddressSpace *space);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioAddressSpace, vfio_address_space_unref)
const char *vfio_address_space_name(const VfioAddressSpace *space);

/* Adds or removes a section. Adding fails (VFIO_ERROR_OVERLAP, or a listener's error; then listeners told so far are
 * told of the removal and the section is not there). Removing a section that is not there is a programming error. */
gboolean vfio_address_space_add_ram(VfioAddressSpace *space, guint64 start, guint64 size, void *memory, GError **error);
gboolean vfio_address_space_add_iommu(VfioAddressSpace *space, guint64 start, guint64 size, VfioIommuRegion *iommu,
                                      GError **error);
void vfio_address_space_remove(VfioAddressSpace *space, guint64 start);

/* The host address of [start, start + size), if one RAM section holds all of it; else NULL. */
void *vfio_address_space_translate(const VfioAddressSpace *space, guint64 start, guint64 size);

/* Registers: region_add for each section present, ascending; the first failure undoes the others and is returned.
 * Unregisters: region_del for each section present, descending. The listener must live until then. */
gboolean vfio_address_space_register(VfioAddressSpace *space, VfioMemoryListener *listener, GError **error);
void vfio_address_space_unregister(VfioAddressSpace *space, VfioMemoryListener *listener);

G_END_DECLS
