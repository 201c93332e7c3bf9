/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/kernel/type1-rig.h"

Rig *type1_new(int type, int *container) {
  Rig *rig = rig_new("4K");
  int group;

  rig_set(rig, "profile", "linux-6.12-x86");
  *container = rig_container(rig, type, &group, 0, -1);
  return rig;
}

long type1_map(Rig *rig, int container, guint32 flags, guint64 iova, guint64 offset, guint64 size) {
  struct {
    guint32 argsz, flags;
    guint64 vaddr, iova, size;
  } map = {sizeof map, flags, (guintptr)rig->buf + offset, iova, size};

  return rig_call(rig, container, ABI_TYPE1_MAP_DMA, (guintptr)&map);
}

long type1_unmap(Rig *rig, int container, guint32 flags, guint64 iova, guint64 size, guint64 *unmapped) {
  struct {
    guint32 argsz, flags;
    guint64 iova, size;
  } unmap = {sizeof unmap, flags, iova, size};
  long result = rig_call(rig, container, ABI_TYPE1_UNMAP_DMA, (guintptr)&unmap);

  if (unmapped)
    *unmapped = unmap.size;
  return result;
}

long type1_info(Rig *rig, int container, guint32 argsz, guint8 *info) {
  memset(info, 0xee, 256);
  memcpy(info, &argsz, sizeof argsz);
  return rig_call(rig, container, ABI_TYPE1_GET_INFO, (guintptr)info);
}

guint32 type1_avail(Rig *rig, int container) {
  guint8 info[256];
  guint32 avail;

  assert_int_equal(type1_info(rig, container, sizeof info, info), 0);
  memcpy(&avail, info + 56 + 8, sizeof avail);
  return avail;
}

long type1_dirty(Rig *rig, int container, const Type1Dirty *dirty) {
  return rig_call(rig, container, ABI_DIRTY_PAGES, (guintptr)dirty);
}
