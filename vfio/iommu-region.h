/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest IOMMU window as the VMM owns it (QEMU: IOMMUMemoryRegion; on pseries an sPAPR TCE table). The VMM implements
 * the ops; the attach code listens.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct VfioIommuRegion VfioIommuRegion;
typedef struct VfioIommuNotifier VfioIommuNotifier;

/* One translation, as the guest set or cleared it. */
typedef struct {
  guint64 iova; /* I/O address, bytes, absolute on the bus */
  guint64 gpa;  /* guest physical address it points to; unused when perm is 0 */
  guint64 size; /* bytes: the region's page size */
  guint perm;   /* READ 1 | WRITE 2; 0: unmapped, whatever gpa says */
} VfioIommuTlb;

struct VfioIommuNotifier {
  gboolean (*notify)(VfioIommuNotifier *notifier, const VfioIommuTlb *tlb, GError **error);
};

typedef struct {
  /* The fd of the in-kernel TCE table behind the region (KVM_CREATE_SPAPR_TCE), or -1: user space handles the guest's
   * TCEs. */
  int (*kvm_table_fd)(gpointer data);
  /* The host physical tables need the guest's TCEs from now on / no longer. kvm_can_feed: the attach code will link an
   * in-kernel table by SET_SPAPR_TCE; if FALSE the VMM must handle TCEs in user space while needed. Called on changes
   * only, however many listeners there are: kvm_can_feed is TRUE only if it is for all of them, and once FALSE stays so
   * until nobody needs the TCEs any more. FALSE with error: the table cannot be moved; whoever listens fails. */
  gboolean (*set_need_vfio)(gpointer data, gboolean need, gboolean kvm_can_feed, GError **error);
  /* Notifies of every translation present, ascending; the first failure ends it and is returned. */
  gboolean (*replay)(gpointer data, VfioIommuNotifier *notifier, GError **error);
} VfioIommuRegionOps;

/* page_shift: log2 of the guest's IOMMU page. */
VfioIommuRegion *vfio_iommu_region_new(const VfioIommuRegionOps *ops, gpointer data, guint page_shift);
void vfio_iommu_region_free(VfioIommuRegion *region); /* no notifier may be left */
guint vfio_iommu_region_page_shift(const VfioIommuRegion *region);

int vfio_iommu_region_kvm_table_fd(VfioIommuRegion *region);
gboolean vfio_iommu_region_replay(VfioIommuRegion *region, VfioIommuNotifier *notifier, GError **error);

/* From now on the notifier is told of changes, and the VMM that the TCEs are needed. FALSE: the VMM could not. */
gboolean vfio_iommu_region_listen(VfioIommuRegion *region, VfioIommuNotifier *notifier, gboolean kvm_can_feed,
                                  GError **error);
void vfio_iommu_region_ignore(VfioIommuRegion *region, VfioIommuNotifier *notifier);
/* The VMM tells of a change that it handled itself (a userspace H_PUT_TCE). Every notifier is told; the first error is
 * returned: the translation did not reach the hardware everywhere. */
gboolean vfio_iommu_region_notify(VfioIommuRegion *region, const VfioIommuTlb *tlb, GError **error);

G_END_DECLS
