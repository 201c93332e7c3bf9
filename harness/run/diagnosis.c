/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why does a guest's TCE table not feed a group? The answer is in the calls: usually one that was never made. */
#include "harness/run/run.h"

const ScenarioStmt *run_device(const Run *run, const char *name, const ScenarioStmt *before) {
  const ScenarioStmt *found = NULL;

  for (guint i = 0; i < run->scenario->stmts->len; i++) {
    const ScenarioStmt *stmt = run->scenario->stmts->pdata[i];
    if (stmt == before)
      break;
    if ((stmt->kind == STMT_PLUG || stmt->kind == STMT_COLD) && g_strcmp0(stmt->name, name) == 0)
      found = stmt;
  }
  return found;
}

static guint64 default_liobn(const Run *run, guint index) {
  for (guint i = 0; i < run->scenario->phbs->len; i++) {
    const ScenarioPhb *phb = &g_array_index(run->scenario->phbs, ScenarioPhb, i);
    if (phb->index == index && phb->liobn)
      return phb->liobn;
  }
  return 0x80000000u + ((guint64)index << 8);
}

/* Whether the event made a table whose window holds the I/O address. */
static gboolean table_holds(const TraceEvent *event, guint64 ioba) {
  guint64 shift, offset, size;

  return trace_event_field(event, "page_shift", &shift) && trace_event_field(event, "offset", &offset) &&
         trace_event_field(event, "size", &size) && shift < 64 && ioba >> shift >= offset &&
         (ioba >> shift) - offset < size;
}

guint64 run_liobn_at(const Run *run, guint phb, guint64 ioba) {
  guint64 base = default_liobn(run, phb);

  for (guint i = trace_len(run->trace); i-- > 0;) {
    const TraceEvent *event = trace_get(run->trace, i);
    if (event->call == ABI_CREATE_SPAPR_TCE_64 && event->result >= 0 && event->made.id >> 8 == base >> 8 &&
        table_holds(event, ioba))
      return event->made.id;
  }
  return base;
}

static gboolean object_is(AbiObject object, AbiKind kind, guint64 id) {
  return object.kind == kind && object.id == id;
}

/* What the calls have done for one group and one LIOBN so far; event indices, -1: not made, or undone since. */
typedef struct {
  int container_set, window, add, set, set_failed, table;
  guint64 container;
} Feed;

static void feed_note(Feed *feed, const TraceEvent *event, int index, guint group, guint64 liobn) {
  gboolean ok = event->result >= 0;

  switch (event->call) {
  case ABI_SET_CONTAINER:
    if (ok && object_is(event->object, ABI_GROUP, group)) {
      feed->container_set = index;
      feed->container = event->refs[0].id;
    }
    break;
  case ABI_UNSET_CONTAINER:
    if (ok && object_is(event->object, ABI_GROUP, group))
      feed->container_set = feed->window = -1;
    break;
  case ABI_TCE_CREATE:
    if (ok && feed->container_set >= 0 && object_is(event->object, ABI_CONTAINER, feed->container))
      feed->window = index;
    break;
  case ABI_GROUP_ADD:
    if (ok && object_is(event->refs[0], ABI_GROUP, group))
      feed->add = index;
    break;
  case ABI_GROUP_DEL:
    if (ok && object_is(event->refs[0], ABI_GROUP, group))
      feed->add = feed->set = -1;
    break;
  case ABI_SET_SPAPR_TCE:
    if (object_is(event->refs[0], ABI_GROUP, group) && object_is(event->refs[1], ABI_TABLE, liobn)) {
      feed->set = ok ? index : feed->set;
      feed->set_failed = ok ? -1 : index;
    }
    break;
  case ABI_CREATE_SPAPR_TCE:
  case ABI_CREATE_SPAPR_TCE_64:
    if (ok && object_is(event->made, ABI_TABLE, liobn))
      feed->table = index;
    break;
  default:
    break;
  }
}

static int compare_indices(gconstpointer a, gconstpointer b) {
  return *(const guint *)a < *(const guint *)b ? -1 : *(const guint *)a > *(const guint *)b;
}

char *diagnose_feed(const Run *run, guint group, guint64 liobn, GString *why) {
  Feed feed = {.container_set = -1, .window = -1, .add = -1, .set = -1, .set_failed = -1, .table = -1};
  g_autoptr(GArray) indices = g_array_new(FALSE, FALSE, sizeof(guint));
  guint mark = RUN_NO_MARK;

  for (guint i = 0; i < trace_len(run->trace); i++)
    feed_note(&feed, trace_get(run->trace, i), (int)i, group, liobn);

#define SEQ(index) trace_get(run->trace, (guint)(index))->seq
  if (feed.table < 0) {
    g_string_append_printf(why, "KVM has no table of LIOBN 0x%" G_GINT64_MODIFIER "x: user space handles that window",
                           liobn);
    return NULL;
  }
  if (feed.container_set < 0)
    g_string_append_printf(why, "group %u is in no container", group);
  else if (feed.set_failed >= 0) {
    mark = (guint)feed.set_failed;
    g_string_append_printf(why, "SET_SPAPR_TCE of group %u with LIOBN 0x%" G_GINT64_MODIFIER "x failed (call %u)",
                           group, liobn, SEQ(feed.set_failed));
  } else if (feed.add < 0) {
    mark = feed.window >= 0 ? (guint)feed.window : RUN_NO_MARK;
    g_string_append_printf(why, "group %u is not known to KVM: no GROUP_ADD names it", group);
  } else if (feed.window < 0) {
    g_string_append_printf(why, "group %u is known to KVM (call %u), but no window was made for its container", group,
                           SEQ(feed.add));
  } else if (feed.set < 0) {
    mark = (guint)feed.window;
    g_string_append_printf(
        why,
        "group %u is known to KVM (call %u), its window was made (call %u), but no SET_SPAPR_TCE names "
        "group %u with LIOBN 0x%" G_GINT64_MODIFIER "x: KVM takes the guest's H_PUT_TCE and no hardware "
        "table is written",
        group, SEQ(feed.add), SEQ(feed.window), group, liobn);
    if (feed.window < feed.add)
      g_string_append(why,
                      ". The window was made before the group was known to KVM: at that moment there was no group to "
                      "name (QEMU commit 8c37faa475)");
  } else {
    return NULL;
  }
#undef SEQ

  const int shown[] = {feed.table, feed.container_set, feed.add, feed.window, feed.set_failed, feed.set};
  for (guint i = 0; i < G_N_ELEMENTS(shown); i++)
    if (shown[i] >= 0)
      g_array_append_val(indices, shown[i]);
  g_array_sort(indices, compare_indices);
  /* Between the container and the end of the attach stands what should have been there: the whole of it, if it is
   * short. */
  guint from = g_array_index(indices, guint, 0), end = g_array_index(indices, guint, indices->len - 1) + 1;
  if (feed.container_set >= 0)
    from = (guint)feed.container_set;
  return end > from && end - from <= 25 ? stretch_range(run->trace, from, end, mark)
                                        : stretch_of(run->trace, indices, mark);
}
