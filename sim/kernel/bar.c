/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BARs and the expansion ROM: plain memory with the MSI-X table hidden. drivers/vfio/pci/vfio_pci_rdwr.c. */
#include "sim/kernel/bar.h"

#include <linux/pci_regs.h>
#include <string.h>

enum { BAR_PAGE_SHIFT = 12, BAR_PAGE = 1 << BAR_PAGE_SHIFT };

guint64 sim_bar_size(const SimHostDevice *host, guint index) {
  if (index == SIM_ROM)
    return host->rom_size;
  if (index && host->bars[index - 1].is64 && host->bars[index - 1].size)
    return 0;
  return host->bars[index].size;
}

gboolean sim_bar_is_memory(const SimHostDevice *host, guint index) {
  return index == SIM_ROM || !host->bars[index].io;
}

gboolean sim_bar_touches_msix(const SimHostDevice *host, guint index, guint64 start, guint64 len) {
  guint64 end = (guint64)host->msix_offset + host->msix * PCI_MSIX_ENTRY_SIZE;

  return host->msix && index == host->msix_bar && start < end && start + len > host->msix_offset;
}

ssize_t sim_bar_check(SimCall *call, const SimBars *bars, guint index, gsize len, guint64 offset) {
  guint64 size = sim_bar_size(bars->host, index);

  if (!size)
    return sim_refuse(call, EINVAL, RULE_PD_119);
  if (offset >= size)
    return sim_refuse(call, EINVAL, RULE_PD_120);
  if (index != SIM_ROM && bars->host->claimed[index])
    return sim_refuse(call, EBUSY, RULE_NONE);
  if (sim_bar_is_memory(bars->host, index) && !sim_config_decodes_memory(bars->config))
    return sim_refuse(call, EIO, RULE_PD_123);
  sim_met(call, RULE_PD_126);
  if (len <= size - offset)
    return (ssize_t)len;
  sim_met(call, RULE_PD_121);
  return (ssize_t)(size - offset);
}

static guint8 *find_page(GHashTable *pages, guint64 page) {
  return pages ? g_hash_table_lookup(pages, &page) : NULL;
}

static guint8 *make_page(GHashTable **pages, guint64 page) {
  guint8 *bytes = find_page(*pages, page);

  if (bytes)
    return bytes;
  if (!*pages)
    *pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  bytes = g_malloc0(BAR_PAGE);
  g_hash_table_insert(*pages, g_memdup2(&page, sizeof page), bytes);
  return bytes;
}

/* [offset, offset + len) cut at pages and at the ends of the MSI-X table. */
static gsize piece(const SimHostDevice *host, guint index, guint64 offset, gsize len) {
  gsize n = MIN(len, BAR_PAGE - (offset & (BAR_PAGE - 1)));
  guint64 table = host->msix_offset, end = table + host->msix * PCI_MSIX_ENTRY_SIZE;

  if (!sim_bar_touches_msix(host, index, offset, n))
    return n;
  return (gsize)MIN(offset + n, offset < table ? table : end) - (gsize)offset;
}

/* What is behind [offset, offset + n) of a page; NULL: zeroes. */
static const guint8 *look(const SimBars *bars, guint index, guint64 offset) {
  const guint8 *page;

  if (bars->mapped[index])
    return bars->mapped[index] + offset;
  page = find_page(bars->pages[index], offset >> BAR_PAGE_SHIFT);
  return page ? page + (offset & (BAR_PAGE - 1)) : NULL;
}

static guint8 *reach(SimBars *bars, guint index, guint64 offset) {
  if (bars->mapped[index])
    return bars->mapped[index] + offset;
  return make_page(&bars->pages[index], offset >> BAR_PAGE_SHIFT) + (offset & (BAR_PAGE - 1));
}

void sim_bar_read(SimCall *call, const SimBars *bars, guint index, void *buf, gsize len, guint64 offset) {
  guint8 *at = buf;
  gsize n;

  for (; len; len -= n, at += n, offset += n) {
    const guint8 *from = look(bars, index, offset);

    n = piece(bars->host, index, offset, len);
    if (sim_bar_touches_msix(bars->host, index, offset, n)) {
      sim_met(call, RULE_PD_125);
      memset(at, 0xff, n);
    } else if (from) {
      memcpy(at, from, n);
    } else {
      memset(at, 0, n);
    }
    /* a ROM begins with its signature, else nobody would take it for one */
    if (index == SIM_ROM)
      for (guint i = 0; i < 2 && offset + i < 2 && i < n; i++)
        at[i] = offset + i ? 0xaa : 0x55;
  }
}

void sim_bar_write(SimCall *call, SimBars *bars, guint index, const void *buf, gsize len, guint64 offset) {
  const guint8 *at = buf;
  gsize n;

  for (; len; len -= n, at += n, offset += n) {
    n = piece(bars->host, index, offset, len);
    if (sim_bar_touches_msix(bars->host, index, offset, n))
      sim_met(call, RULE_PD_125);
    else
      memcpy(reach(bars, index, offset), at, n);
  }
}

/* ---- mapping them ---- */

/* On POWER the firmware gives each BAR pages of its own, so that a small one maps, too. */
gboolean sim_bar_maps(const SimKernel *kernel, const SimHostDevice *host, guint index) {
  guint64 size = sim_bar_size(host, index);

  if (!host->mmap || !size || !sim_bar_is_memory(host, index))
    return FALSE;
  return sim_host_of(kernel)->platform != SIM_X86 || size >> sim_page_shift(kernel) > 0;
}

guint64 sim_bar_map_size(const SimKernel *kernel, const SimHostDevice *host, guint index) {
  guint64 page = G_GUINT64_CONSTANT(1) << sim_page_shift(kernel);

  return (sim_bar_size(host, index) + page - 1) & ~(page - 1);
}

guint8 *sim_bar_map(SimBars *bars, guint index) {
  const SimPort *port = bars->kernel->port;
  GHashTableIter iter;
  gpointer number, page;

  if (bars->mapped[index])
    return bars->mapped[index];
  bars->mapped[index] = port->shared_new(bars->kernel->port_data, sim_bar_map_size(bars->kernel, bars->host, index));
  if (!bars->mapped[index] || !bars->pages[index])
    return bars->mapped[index];
  g_hash_table_iter_init(&iter, bars->pages[index]);
  while (g_hash_table_iter_next(&iter, &number, &page)) {
    guint64 at = *(const guint64 *)number << BAR_PAGE_SHIFT;

    memcpy(bars->mapped[index] + at, page, MIN(BAR_PAGE, sim_bar_map_size(bars->kernel, bars->host, index) - at));
  }
  g_clear_pointer(&bars->pages[index], g_hash_table_unref);
  return bars->mapped[index];
}

void sim_bars_reset(SimBars *bars) {
  for (guint i = 0; i < SIM_MEMORIES; i++) {
    g_clear_pointer(&bars->pages[i], g_hash_table_unref);
    if (bars->mapped[i])
      memset(bars->mapped[i], 0, sim_bar_map_size(bars->kernel, bars->host, i));
  }
}

void sim_bars_clear(SimBars *bars) {
  sim_bars_reset(bars);
  for (guint i = 0; i < SIM_MEMORIES; i++) {
    if (bars->mapped[i])
      bars->kernel->port->shared_free(bars->kernel->port_data, bars->mapped[i],
                                      sim_bar_map_size(bars->kernel, bars->host, i));
    bars->mapped[i] = NULL;
  }
}
