/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio/internal.h"

struct VfioIommuRegion {
  const VfioIommuRegionOps *ops;
  gpointer data;
  guint page_shift;
  GPtrArray *notifiers;  /* of VfioIommuNotifier* */
  gboolean kvm_can_feed; /* what the VMM was told; meaningless without notifiers */
};

VfioIommuRegion *vfio_iommu_region_new(const VfioIommuRegionOps *ops, gpointer data, guint page_shift) {
  VfioIommuRegion *region = g_new0(VfioIommuRegion, 1);

  region->ops = ops;
  region->data = data;
  region->page_shift = page_shift;
  region->notifiers = g_ptr_array_new();
  return region;
}

void vfio_iommu_region_free(VfioIommuRegion *region) {
  if (!region)
    return;
  g_assert(region->notifiers->len == 0);
  g_ptr_array_unref(region->notifiers);
  g_free(region);
}

guint vfio_iommu_region_page_shift(const VfioIommuRegion *region) {
  return region->page_shift;
}

int vfio_iommu_region_kvm_table_fd(VfioIommuRegion *region) {
  return region->ops->kvm_table_fd(region->data);
}

gboolean vfio_iommu_region_replay(VfioIommuRegion *region, VfioIommuNotifier *notifier, GError **error) {
  return region->ops->replay(region->data, notifier, error);
}

gboolean vfio_iommu_region_listen(VfioIommuRegion *region, VfioIommuNotifier *notifier, gboolean kvm_can_feed,
                                  GError **error) {
  gboolean first = region->notifiers->len == 0;

  if (first || (region->kvm_can_feed && !kvm_can_feed)) {
    if (!region->ops->set_need_vfio(region->data, TRUE, kvm_can_feed, error))
      return FALSE;
    region->kvm_can_feed = kvm_can_feed;
  }
  g_ptr_array_add(region->notifiers, notifier);
  return TRUE;
}

void vfio_iommu_region_ignore(VfioIommuRegion *region, VfioIommuNotifier *notifier) {
  g_autoptr(GError) error = NULL;

  g_return_if_fail(g_ptr_array_remove(region->notifiers, notifier));
  /* No way back to the kernel while anyone listens: the windows of those who stay are not linked to its table. */
  if (region->notifiers->len == 0 && !region->ops->set_need_vfio(region->data, FALSE, TRUE, &error))
    g_warning("guest TCEs stay in user space: %s", error->message);
}

gboolean vfio_iommu_region_notify(VfioIommuRegion *region, const VfioIommuTlb *tlb, GError **error) {
  gboolean ok = TRUE;

  for (guint i = 0; i < region->notifiers->len; i++) {
    VfioIommuNotifier *notifier = region->notifiers->pdata[i];
    ok &= notifier->notify(notifier, tlb, ok ? error : NULL);
  }
  return ok;
}
