/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_IOMMU_GET_INFO with its chain of capabilities: vfio_iommu_type1_get_info(), vfio_info_cap_add(). */
#include <string.h>

#include "sim/kernel/type1.h"

enum { FLAG_PGSIZES = 1, FLAG_CAPS = 2, CAP_IOVA_RANGE = 1, CAP_MIGRATION = 2, CAP_DMA_AVAIL = 3, WITHOUT_CAP = 16 };

struct info {
  guint32 argsz, flags;
  guint64 iova_pgsizes;
  guint32 cap_offset, pad;
};

/* struct vfio_info_cap_header */
struct header {
  guint16 id, version;
  guint32 next; /* from the start of struct info */
};

typedef struct {
  guint8 bytes[256];
  gsize len;
  gsize last; /* where the last header is */
  gboolean aligned;
} Chain;

static void chain_add(Chain *chain, guint16 id, const void *body, gsize len) {
  struct header header = {.id = id, .version = 1}, before;
  gsize at = chain->len;

  if (at) {
    memcpy(&before, chain->bytes + chain->last, sizeof before);
    before.next = (guint32)(sizeof(struct info) + at);
    memcpy(chain->bytes + chain->last, &before, sizeof before);
  }
  memcpy(chain->bytes + at, &header, sizeof header);
  memcpy(chain->bytes + at + sizeof header, body, len);
  chain->last = at;
  chain->len = at + sizeof header + len;
  if (chain->aligned)
    chain->len = (chain->len + 7) & ~(gsize)7;
}

static void build_chain(Chain *chain, const SimType1 *type1) {
  struct {
    guint32 flags, reserved;
    guint64 pgsize_bitmap, max_dirty_bitmap_size;
  } migration = {.pgsize_bitmap = sim_type1_page(type1->kernel), .max_dirty_bitmap_size = SIM_TYPE1_BITMAP_MAX};
  struct {
    guint32 n, reserved;
    SimIovaRange ranges[SIM_IOVA_RANGES];
  } iova = {0};
  guint32 avail = SIM_TYPE1_MAPPINGS - type1->mappings->len;

  iova.n = sim_type1_ranges(type1, iova.ranges);
  chain_add(chain, CAP_MIGRATION, &migration, sizeof migration);
  chain_add(chain, CAP_DMA_AVAIL, &avail, sizeof avail);
  chain_add(chain, CAP_IOVA_RANGE, &iova, 2 * sizeof(guint32) + iova.n * sizeof iova.ranges[0]);
}

/* How much of the struct the kernel takes for the caller's. */
static gsize written(const SimCall *call, guint32 argsz) {
  const gsize with_cap = 20;

  if (sim_since(call->kernel, 6, 6))
    return MIN(argsz, sizeof(struct info));
  return argsz >= with_cap ? with_cap : WITHOUT_CAP;
}

long sim_type1_get_info(SimCall *call, SimType1 *type1) {
  struct info info = {0};
  Chain chain = {.aligned = sim_since(call->kernel, 6, 6)};
  gsize size;

  if (sim_read(call, call->arg, &info, WITHOUT_CAP))
    return sim_refuse(call, EFAULT, RULE_T1_17);
  if (info.argsz < WITHOUT_CAP)
    return sim_refuse(call, EINVAL, RULE_T1_18);
  size = written(call, info.argsz);
  info.flags = FLAG_PGSIZES | FLAG_CAPS;
  info.iova_pgsizes = sim_type1_page_sizes(call->kernel);
  build_chain(&chain, type1);
  if (info.argsz < sizeof info + chain.len) {
    info.argsz = (guint32)(sizeof info + chain.len);
    sim_met(call, RULE_T1_20);
  } else {
    if (sim_write(call, call->arg + sizeof info, chain.bytes, chain.len))
      return sim_refuse(call, EFAULT, RULE_T1_17);
    info.cap_offset = sizeof info;
    sim_met(call, RULE_T1_21);
  }
  sim_met(call, RULE_T1_22);
  if (sim_write(call, call->arg, &info, size))
    return sim_refuse(call, EFAULT, RULE_T1_17);
  sim_met(call, RULE_T1_19);
  return 0;
}
