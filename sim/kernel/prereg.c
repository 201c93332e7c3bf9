/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preregistered memory: arch/powerpc/mm/book3s64/iommu_api.c, mm_iommu_*(). Shared by all containers of a process and
 * KVM. */
#include "sim/kernel/mm.h"

struct SimRegion {
  SimMm *mm;
  guint64 ua, size;
  guint page_shift; /* the largest IOMMU page that may be used on it */
  guint64 huge;     /* bytes from its start on whose pages are no smaller than that */
  guint used;       /* holders; 1 with no holder: the leak of TCE-63 */
  guint64 mapped;   /* 1 + TCEs that point into it */
};

guint64 sim_region_start(const SimRegion *region) {
  return region->ua;
}

guint64 sim_region_size(const SimRegion *region) {
  return region->size;
}

guint sim_region_page_shift(const SimRegion *region) {
  return region->page_shift;
}

gboolean sim_region_contains(const SimRegion *region, guint64 ua) {
  return ua - region->ua < region->huge;
}

gboolean sim_region_shared(const SimRegion *region) {
  return region->used > 1;
}

/* Index of the first region that starts after ua. */
static guint upper_bound(const SimMm *mm, guint64 ua) {
  guint low = 0, high = mm->regions->len;

  while (low < high) {
    guint mid = low + (high - low) / 2;
    const SimRegion *region = g_ptr_array_index(mm->regions, mid);

    if (region->ua <= ua)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

static gboolean covers(const SimRegion *region, guint64 ua, guint64 size) {
  return ua >= region->ua && ua - region->ua < region->size && size <= region->size - (ua - region->ua);
}

SimRegion *sim_region_covering(SimMm *mm, guint64 ua, guint64 size) {
  guint after;
  SimRegion *region;

  if (mm->last && covers(mm->last, ua, size))
    return mm->last;
  after = upper_bound(mm, ua);
  if (!after)
    return NULL;
  region = g_ptr_array_index(mm->regions, after - 1);
  if (!covers(region, ua, size))
    return NULL;
  mm->last = region;
  return region;
}

void sim_region_mapped_inc(SimRegion *region) {
  region->mapped++;
}

void sim_region_mapped_dec(SimRegion *region) {
  if (region->mapped > 1)
    region->mapped--;
}

SimRegion *sim_region_find(SimMm *mm, guint64 ua, guint64 size) {
  guint after = upper_bound(mm, ua);
  SimRegion *region = after ? g_ptr_array_index(mm->regions, after - 1) : NULL;

  if (!region || region->ua != ua || region->size != size)
    return NULL;
  return region;
}

void sim_region_share(SimRegion *region) {
  region->used++;
}

guint64 sim_region_mapped(const SimRegion *region) {
  return region->mapped - 1;
}

static void region_free(SimRegion *region) {
  SimMm *mm = region->mm;

  mm->kernel->census.regions--;
  if (mm->last == region)
    mm->last = NULL;
  g_free(region);
}

int sim_region_put(SimRegion *region) {
  SimMm *mm = region->mm;

  if (--region->used)
    return 0;
  if (region->mapped != 1) {
    region->used++;
    return -EBUSY;
  }
  g_ptr_array_remove_index(mm->regions, upper_bound(mm, region->ua) - 1);
  sim_mm_unaccount(mm, region->size >> sim_page_shift(mm->kernel));
  region_free(region);
  return 0;
}

void sim_mm_drop_regions(SimMm *mm) {
  for (guint i = 0; i < mm->regions->len; i++)
    region_free(g_ptr_array_index(mm->regions, i));
  g_ptr_array_set_size(mm->regions, 0);
}

static gboolean overlaps(const SimMm *mm, guint64 ua, guint64 size) {
  guint before_end = upper_bound(mm, ua + size - 1);
  const SimRegion *region = before_end ? g_ptr_array_index(mm->regions, before_end - 1) : NULL;

  return region && region->ua + region->size > ua;
}

/* The pages are pinned by chunks as big as the largest allocation of an array of pointers to them; only a chunk's own
 * failure is told (MM-6, MM-7). */
static long pin_result(SimCall *call, guint64 pinned, guint64 pages) {
  guint64 chunk = (G_GUINT64_CONSTANT(1) << 24) / sizeof(guint64);

  if (pinned >= pages)
    return 0;
  pinned %= MIN(chunk, pages);
  if (!pinned)
    return sim_refuse(call, EFAULT, RULE_MM_6);
  return sim_notable(call, (long)pinned, RULE_MM_7);
}

/* What is asked to be registered, and how much of it could be pinned. */
typedef struct {
  guint64 ua, size, pages, pinned, huge;
  guint page_shift;
} Wanted;

/* How much of [ua, ua + size) can be pinned; *page_shift is lowered to what backs it. */
static guint64 pin(SimCall *call, guint64 ua, guint64 size, guint *page_shift) {
  SimKernel *kernel = call->kernel;

  return kernel->port->pin(kernel->port_data, call->task, ua, size, TRUE, sim_page_shift(kernel), page_shift);
}

/* A region that begins with huge pages and goes on with small ones passes for one of huge pages (from 5.1 on: the page
 * size of one page is taken for the next). */
static void find_huge_part(SimCall *call, Wanted *wanted) {
  guint host_shift = sim_page_shift(call->kernel), first = (guint)__builtin_ctzll(wanted->ua | wanted->size), shift;
  guint64 low = 1, high = wanted->pages; /* pages that are huge; that are not all */

  wanted->huge = wanted->size;
  if (wanted->page_shift > host_shift || first == host_shift || !sim_since(call->kernel, 5, 1))
    return;
  (void)pin(call, wanted->ua, G_GUINT64_CONSTANT(1) << host_shift, &first);
  if (first <= host_shift)
    return;
  while (high - low > 1) {
    guint64 mid = low + (high - low) / 2;

    shift = first;
    (void)pin(call, wanted->ua, mid << host_shift, &shift);
    if (shift > host_shift)
      low = mid;
    else
      high = mid;
  }
  wanted->page_shift = first;
  wanted->huge = low << host_shift;
}

static long account_and_pin(SimCall *call, SimMm *mm, Wanted *wanted) {
  guint host_shift = sim_page_shift(call->kernel);

  wanted->pages = wanted->size >> host_shift;
  if (sim_mm_account(call, mm, wanted->pages) < 0)
    return sim_refuse(call, ENOMEM, RULE_MM_4);
  if (!wanted->pages)
    return sim_refuse(call, ENOMEM, RULE_MM_5);
  wanted->page_shift = (guint)__builtin_ctzll(wanted->ua | wanted->size);
  wanted->pinned = pin(call, wanted->ua, wanted->size, &wanted->page_shift) >> host_shift;
  return 0;
}

static long prepare(SimCall *call, SimMm *mm, Wanted *wanted) {
  long result = account_and_pin(call, mm, wanted);

  if (result)
    return result;
  result = pin_result(call, wanted->pinned, wanted->pages);
  if (!result && overlaps(mm, wanted->ua, wanted->size))
    result = sim_refuse(call, EINVAL, RULE_MM_9);
  if (result)
    sim_mm_unaccount(mm, wanted->pages);
  return result;
}

/* Up to 4.19 what overlaps was found first, and no page that cannot be pinned was forgiven. */
static long prepare_before_5_4(SimCall *call, SimMm *mm, Wanted *wanted) {
  long result;

  if (wanted->size && overlaps(mm, wanted->ua, wanted->size))
    return sim_refuse(call, EINVAL, RULE_MM_10);
  result = account_and_pin(call, mm, wanted);
  if (result || wanted->pinned >= wanted->pages)
    return result;
  sim_mm_unaccount(mm, wanted->pages);
  return sim_refuse(call, EFAULT, RULE_MM_8);
}

long sim_region_new(SimCall *call, SimMm *mm, guint64 ua, guint64 size, SimRegion **out) {
  Wanted wanted = {.ua = ua, .size = size};
  SimRegion *region;
  long result = sim_since(call->kernel, 5, 4) ? prepare(call, mm, &wanted) : prepare_before_5_4(call, mm, &wanted);

  if (result)
    return result;
  find_huge_part(call, &wanted);
  region = g_new0(SimRegion, 1);
  region->mm = mm;
  region->ua = ua;
  region->size = size;
  region->page_shift = wanted.page_shift;
  region->huge = wanted.huge;
  region->used = 1;
  region->mapped = 1;
  g_ptr_array_insert(mm->regions, (gint)upper_bound(mm, ua), region);
  call->kernel->census.regions++;
  sim_met(call, RULE_MM_11);
  *out = region;
  return 0;
}
