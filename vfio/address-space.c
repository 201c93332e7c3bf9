/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio/internal.h"

struct VfioAddressSpace {
  guint refs;
  char *name;
  GArray *sections;     /* of VfioMemorySection, ascending, disjoint */
  GPtrArray *listeners; /* of VfioMemoryListener*, in the order of registration */
};

static const VfioMemorySection *section_at(const VfioAddressSpace *space, guint i) {
  return &g_array_index(space->sections, VfioMemorySection, i);
}

VfioAddressSpace *vfio_address_space_new(const char *name) {
  VfioAddressSpace *space = g_new0(VfioAddressSpace, 1);

  space->refs = 1;
  space->name = g_strdup(name);
  space->sections = g_array_new(FALSE, TRUE, sizeof(VfioMemorySection));
  space->listeners = g_ptr_array_new();
  return space;
}

VfioAddressSpace *vfio_address_space_ref(VfioAddressSpace *space) {
  space->refs++;
  return space;
}

void vfio_address_space_unref(VfioAddressSpace *space) {
  if (--space->refs)
    return;
  g_assert(space->listeners->len == 0);
  g_ptr_array_unref(space->listeners);
  g_array_unref(space->sections);
  g_free(space->name);
  g_free(space);
}

const char *vfio_address_space_name(const VfioAddressSpace *space) {
  return space->name;
}

/* Where a section of that start belongs: the first one that starts there or above. */
static guint lower_bound(const VfioAddressSpace *space, guint64 start) {
  guint i = 0;

  while (i < space->sections->len && section_at(space, i)->start < start)
    i++;
  return i;
}

static gboolean add_section(VfioAddressSpace *space, VfioMemorySection section, GError **error) {
  g_return_val_if_fail(section.size > 0 && section.start + (section.size - 1) >= section.start, FALSE);

  guint64 last = section.start + (section.size - 1);
  guint at = lower_bound(space, section.start);
  const VfioMemorySection *below = at > 0 ? section_at(space, at - 1) : NULL;
  const VfioMemorySection *above = at < space->sections->len ? section_at(space, at) : NULL;
  const VfioMemorySection *hit = NULL;

  if (below && below->start + (below->size - 1) >= section.start)
    hit = below;
  else if (above && above->start <= last)
    hit = above;
  if (hit) {
    vfio_error_set(error, VFIO_ERROR_OVERLAP, 0,
                   "%s: 0x%" G_GINT64_MODIFIER "x..0x%" G_GINT64_MODIFIER "x overlaps 0x%" G_GINT64_MODIFIER
                   "x..0x%" G_GINT64_MODIFIER "x, which is there",
                   space->name, section.start, last, hit->start, hit->start + (hit->size - 1));
    return FALSE;
  }

  g_array_insert_val(space->sections, at, section);
  for (guint i = 0; i < space->listeners->len; i++) {
    VfioMemoryListener *listener = space->listeners->pdata[i];
    if (listener->region_add(listener, &section, error))
      continue;
    while (i-- > 0) {
      listener = space->listeners->pdata[i];
      listener->region_del(listener, &section);
    }
    g_array_remove_index(space->sections, at);
    return FALSE;
  }
  return TRUE;
}

gboolean vfio_address_space_add_ram(VfioAddressSpace *space, guint64 start, guint64 size, void *memory,
                                    GError **error) {
  return add_section(space, (VfioMemorySection){.start = start, .size = size, .memory = memory}, error);
}

gboolean vfio_address_space_add_iommu(VfioAddressSpace *space, guint64 start, guint64 size, VfioIommuRegion *iommu,
                                      GError **error) {
  return add_section(space, (VfioMemorySection){.start = start, .size = size, .iommu = iommu}, error);
}

void vfio_address_space_remove(VfioAddressSpace *space, guint64 start) {
  guint at = lower_bound(space, start);

  g_return_if_fail(at < space->sections->len && section_at(space, at)->start == start);
  VfioMemorySection section = *section_at(space, at);
  for (guint i = space->listeners->len; i-- > 0;) {
    VfioMemoryListener *listener = space->listeners->pdata[i];
    listener->region_del(listener, &section);
  }
  g_array_remove_index(space->sections, at);
}

void *vfio_address_space_translate(const VfioAddressSpace *space, guint64 start, guint64 size) {
  for (guint i = 0; i < space->sections->len; i++) {
    const VfioMemorySection *section = section_at(space, i);
    if (section->memory && start >= section->start && start - section->start < section->size)
      return size <= section->size - (start - section->start) ? (char *)section->memory + (start - section->start)
                                                              : NULL;
  }
  return NULL;
}

gboolean vfio_address_space_register(VfioAddressSpace *space, VfioMemoryListener *listener, GError **error) {
  for (guint i = 0; i < space->sections->len; i++) {
    if (listener->region_add(listener, section_at(space, i), error))
      continue;
    while (i-- > 0)
      listener->region_del(listener, section_at(space, i));
    return FALSE;
  }
  g_ptr_array_add(space->listeners, listener);
  return TRUE;
}

void vfio_address_space_unregister(VfioAddressSpace *space, VfioMemoryListener *listener) {
  g_return_if_fail(g_ptr_array_remove(space->listeners, listener));
  for (guint i = space->sections->len; i-- > 0;)
    listener->region_del(listener, section_at(space, i));
}
