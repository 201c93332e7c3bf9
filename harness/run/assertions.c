/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "harness/run/run.h"

gboolean assertion_needs_model(ScenarioStmtKind kind) {
  switch (kind) {
  case STMT_ASSERT_DMA:
  case STMT_ASSERT_FEEDS:
  case STMT_ASSERT_INTERRUPT:
  case STMT_ASSERT_CLEAN:
  case STMT_ASSERT_DRIVER:
    return TRUE;
  default:
    return FALSE;
  }
}

/* ---- feeds ---- */

typedef struct {
  guint64 liobn;
  guint group;
  gboolean feeds;
} Feeds;

static void ask_feeds(SimKernel *model, gpointer data) {
  Feeds *ask = data;
  ask->feeds = sim_liobn_feeds_group(model, ask->liobn, ask->group);
}

static void check_feeds(Run *run, const ScenarioStmt *stmt) {
  Feeds ask = {.liobn = stmt->liobn, .group = stmt->group};
  g_autoptr(GString) why = g_string_new(NULL);

  kernel_with_model(run->kernel, ask_feeds, &ask);
  if (ask.feeds == !stmt->negate)
    return;
  if (stmt->negate) {
    run_fail(run, CHECK_FEEDS, stmt->place, RUN_NO_MARK,
             "LIOBN 0x%" G_GINT64_MODIFIER
             "x feeds group %u: its table is attached to a window programmed in the group",
             stmt->liobn, stmt->group);
    return;
  }
  char *stretch = diagnose_feed(run, stmt->group, stmt->liobn, why);
  run_fail_stretch(run, CHECK_FEEDS, stmt->place, stretch, "LIOBN 0x%" G_GINT64_MODIFIER "x does not feed group %u%s%s",
                   stmt->liobn, stmt->group, why->len ? ": " : "", why->str);
}

/* ---- DMA ---- */

enum { PATTERN = 16 };

typedef struct {
  guint64 device, ioba;
  guint8 *buf;
  gsize len;
  gboolean write;
  int result;
} Dma;

static void do_dma(SimKernel *model, gpointer data) {
  Dma *dma = data;
  dma->result = sim_dma(model, dma->device, dma->ioba, dma->buf, dma->len, dma->write);
}

static int dma(Run *run, guint64 device, guint64 ioba, guint8 *buf, gsize len, gboolean write) {
  Dma ask = {.device = device, .ioba = ioba, .buf = buf, .len = len, .write = write};
  kernel_with_model(run->kernel, do_dma, &ask);
  return ask.result;
}

static const char *dma_reason(int result) {
  switch (-result) {
  case ENODEV:
    return "the host has no such device";
  case ENXIO:
    return "there is no window or no TCE at that address";
  case EPERM:
    return "the TCE there does not permit it";
  case EFAULT:
    return "the TCE there points to memory that is gone";
  default:
    return "the model refused it";
  }
}

static void fail_dma(Run *run, const ScenarioStmt *stmt, const ScenarioStmt *device, const char *what, int result) {
  const SimHostDevice *host = sim_host_device(run->scenario->host, device->device);
  g_autoptr(GString) why = g_string_new(NULL);
  char *stretch = NULL;

  if (result == -ENXIO && host && run->scenario->kvm)
    stretch = diagnose_feed(run, host->group, run_liobn_at(run, device->phb.index, stmt->ioba), why);
  else if (result == 0)
    g_string_append(why, "what arrives is not what was sent: the TCE there points elsewhere");
  if (why->len == 0)
    g_string_append(why, dma_reason(result));
  run_fail_stretch(run, CHECK_REACHES, stmt->place,
                   stretch ? stretch : stretch_range(run->trace, run->first, trace_len(run->trace), RUN_NO_MARK),
                   "%s's DMA at 0x%" G_GINT64_MODIFIER "x does not reach ram 0x%" G_GINT64_MODIFIER "x (%s): %s",
                   stmt->name, stmt->ioba, stmt->addr, what, why->str);
}

/* One direction after the other, with a pattern each that the memory does not hold already. */
static void check_dma_reaches(Run *run, const ScenarioStmt *stmt, const ScenarioStmt *device) {
  Subject *subject = run->subject;
  guint8 saved[PATTERN], pattern[PATTERN], got[PATTERN];
  guint perm = stmt->perm ? stmt->perm : 3;
  gboolean held = TRUE;
  const char *what = NULL;
  int result = 0;

  if (!subject->peek(subject, stmt->addr, saved, PATTERN)) {
    run_fail(run, CHECK_REACHES, stmt->place, RUN_NO_MARK, "the guest has no RAM at 0x%" G_GINT64_MODIFIER "x",
             stmt->addr);
    return;
  }
  for (guint i = 0; i < PATTERN; i++)
    pattern[i] = (guint8)(saved[i] ^ (0x5a + i));
  if (perm & 2) {
    what = "the device writes";
    result = dma(run, device->device, stmt->ioba, pattern, PATTERN, TRUE);
    held = result == 0 && subject->peek(subject, stmt->addr, got, PATTERN) && memcmp(got, pattern, PATTERN) == 0;
  }
  if (held && (perm & 1)) {
    what = "the device reads";
    for (guint i = 0; i < PATTERN; i++)
      pattern[i] = (guint8)(pattern[i] ^ 0xff);
    memset(got, 0, sizeof got);
    held = subject->poke(subject, stmt->addr, pattern, PATTERN);
    result = dma(run, device->device, stmt->ioba, got, PATTERN, FALSE);
    held = held && result == 0 && memcmp(got, pattern, PATTERN) == 0;
  }
  subject->poke(subject, stmt->addr, saved, PATTERN);
  if (!held)
    fail_dma(run, stmt, device, what, result);
}

static void check_dma(Run *run, const ScenarioStmt *stmt) {
  const ScenarioStmt *device = run_device(run, stmt->name, stmt);
  guint8 byte = 0;

  g_return_if_fail(device != NULL);
  if (!stmt->negate) {
    check_dma_reaches(run, stmt, device);
    return;
  }
  int result = dma(run, device->device, stmt->ioba, &byte, 1, FALSE);
  if (result == -EPERM)
    result = dma(run, device->device, stmt->ioba, &byte, 1, TRUE);
  if (result == 0)
    run_fail(run, CHECK_NOTHING, stmt->place, RUN_NO_MARK,
             "%s's DMA at 0x%" G_GINT64_MODIFIER "x finds a translation: the device still reaches memory there",
             stmt->name, stmt->ioba);
}

/* ---- interrupts ---- */

typedef struct {
  guint64 device;
  guint index, vector;
  int result;
} Interrupt;

static void raise_interrupt(SimKernel *model, gpointer data) {
  Interrupt *ask = data;
  ask->result = sim_interrupt(model, ask->device, ask->index, ask->vector);
}

static void check_interrupt(Run *run, const ScenarioStmt *stmt) {
  const ScenarioStmt *device = run_device(run, stmt->name, stmt);

  g_return_if_fail(device != NULL);
  Interrupt ask = {.device = device->device, .index = stmt->index, .vector = stmt->vector};
  run->subject->interrupts(run->subject, stmt->name, stmt->index, stmt->vector); /* what came before does not count */
  kernel_with_model(run->kernel, raise_interrupt, &ask);
  kernel_settle(run->kernel);
  if (ask.result < 0)
    run_fail(run, CHECK_INTERRUPT, stmt->place, RUN_NO_MARK, "%s cannot raise it: %s", stmt->name,
             ask.result == -EINVAL ? "the subject has set up no such interrupt" : "the host has no such device");
  else if (run->subject->interrupts(run->subject, stmt->name, stmt->index, stmt->vector) == 0)
    run_fail(run, CHECK_INTERRUPT, stmt->place, RUN_NO_MARK, "%s raised it, but the subject's eventfd has not counted",
             stmt->name);
}

/* ---- what the kernel holds ---- */

static void ask_census(SimKernel *model, gpointer data) {
  sim_census(model, data);
}

static void check_locked(Run *run, const ScenarioStmt *stmt) {
  const guint shift = run->scenario->host->page_shift;
  SimCensus census = {0};
  guint64 locked;

  if (!kernel_locked(run->kernel, &locked)) {
    kernel_with_model(run->kernel, ask_census, &census);
    locked = census.locked_pages << shift;
  }
  if (locked != stmt->size)
    run_fail(run, CHECK_LOCKED, stmt->place, RUN_NO_MARK,
             "0x%" G_GINT64_MODIFIER "x bytes are accounted (%" G_GUINT64_FORMAT
             " pages of %uK); expected are 0x%" G_GINT64_MODIFIER "x",
             locked, locked >> shift, 1u << (shift - 10), stmt->size);
}

static void append_left(GString *left, guint64 n, const char *one, const char *many) {
  if (n)
    g_string_append_printf(left, "%s%" G_GUINT64_FORMAT " %s", left->len ? ", " : "", n, n == 1 ? one : many);
}

static void check_clean(Run *run, const ScenarioStmt *stmt) {
  g_autoptr(GString) left = g_string_new(NULL);
  SimCensus c = {0};

  kernel_with_model(run->kernel, ask_census, &c);
  append_left(left, c.containers, "container", "containers");
  append_left(left, c.groups_open, "open group", "open groups");
  append_left(left, c.devices_open, "open device", "open devices");
  append_left(left, c.windows, "DMA window", "DMA windows");
  append_left(left, c.regions, "preregistered region", "preregistered regions");
  if (!run->machine) {
    append_left(left, c.tces, "hardware TCE", "hardware TCEs");
    append_left(left, c.vms, "VM", "VMs");
    append_left(left, c.kvm_vfio, "kvm-vfio device", "kvm-vfio devices");
    append_left(left, c.tables, "guest TCE table", "guest TCE tables");
    append_left(left, c.locked_pages, "locked page", "locked pages");
  }
  if (left->len)
    run_fail(run, CHECK_CLEAN, stmt->place, RUN_NO_MARK, "the kernel still holds %s of the subject", left->str);
}

static void check_count(Run *run, const ScenarioStmt *stmt) {
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint));

  for (guint i = 0; i < trace_len(run->trace); i++)
    if (scenario_expect_matches(&stmt->match, trace_get(run->trace, i)))
      g_array_append_val(found, i);
  if (found->len == stmt->value)
    return;
  guint n = found->len;
  if (found->len > 30)
    g_array_set_size(found, 30);
  run_fail_stretch(run, CHECK_COUNT, stmt->place, stretch_of(run->trace, found, RUN_NO_MARK),
                   "%u such calls were made; expected are %" G_GUINT64_FORMAT, n, stmt->value);
}

void assertion_check(Run *run, const ScenarioStmt *stmt) {
  switch (stmt->kind) {
  case STMT_ASSERT_DMA:
    check_dma(run, stmt);
    break;
  case STMT_ASSERT_FEEDS:
    check_feeds(run, stmt);
    break;
  case STMT_ASSERT_COUNT:
    check_count(run, stmt);
    break;
  case STMT_ASSERT_LOCKED:
    check_locked(run, stmt);
    break;
  case STMT_ASSERT_INTERRUPT:
    check_interrupt(run, stmt);
    break;
  case STMT_ASSERT_RAM:
    memory_check(run, stmt);
    break;
  case STMT_ASSERT_CLEAN:
    check_clean(run, stmt);
    break;
  case STMT_ASSERT_DRIVER:
    host_event_check_driver(run, stmt);
    break;
  default:
    g_return_if_reached();
  }
}
