/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tables and hardware windows that should belong together, or should not any more. */
#include "harness/watch/internal.h"

/* Calls after which a window that was never fed cannot be told from one that had no need to. */
static gboolean takes_down(const TraceEvent *event) {
  switch (event->call) {
  case ABI_TCE_REMOVE:
  case ABI_UNSET_CONTAINER:
  case ABI_GROUP_DEL:
  case ABI_CLOSE:
    return event->result == 0;
  default:
    return FALSE;
  }
}

static gboolean is_guests_write(const TraceEvent *event) {
  return event->object.kind == ABI_GUEST && event->result == 0 && event->call != ABI_H_GET_TCE;
}

/* A table of the VM that knows the group, through which the guest would write the window. */
static const ShadowTable *table_for(const Watch *watch, const ShadowGroup *group, const ShadowWindow *window) {
  const guint64 *vm = g_hash_table_lookup(watch->shadow.vm_of, &group->kvm_vfio);

  for (guint i = 0; vm && i < watch->shadow.tables->len; i++) {
    const ShadowTable *table = watch->shadow.tables->pdata[i];
    if (table->vm == *vm && shadow_pairs(table, window))
      return table;
  }
  return NULL;
}

static void tell_unfed(Watch *watch, const ShadowGroup *group, ShadowWindow *window, const ShadowTable *table,
                       const TraceEvent *seen) {
  const TraceEvent *calls[] = {table->made, group->set, group->add, window->made, group->use, seen};
  g_autofree char *key = g_strdup_printf("%u", window->made->seq);
  WatchFinding *finding = watch_find(watch, CHECK_UNFED, key, calls, G_N_ELEMENTS(calls));

  window->unfed_told = TRUE;
  if (!finding)
    return;
  finding->message = g_strdup_printf(
      "the guest's DMA mappings do not reach group %" G_GUINT64_FORMAT
      ": KVM knows the group (call %u) and takes the guest's H_PUT_TCE on LIOBN 0x%" G_GINT64_MODIFIER
      "x (call %u), but no SET_SPAPR_TCE connects that table to the group's window at 0x%" G_GINT64_MODIFIER
      "x (call %u)%s",
      group->number, group->add->seq, table->liobn, table->made->seq, window->start, window->made->seq,
      window->made->seq < group->add->seq ? ". The window was made before KVM knew the group: at that moment there was "
                                            "no group to name (QEMU commit 8c37faa475)"
                                          : "");
}

/* liobn: only its windows; NULL: all. */
static void check_unfed(Watch *watch, const guint64 *liobn, const TraceEvent *seen) {
  for (guint i = 0; i < watch->shadow.groups->len; i++) {
    const ShadowGroup *group = watch->shadow.groups->pdata[i];
    /* Until a device is had, somebody is still at work on it, or has given it up. */
    if (!group->kvm_vfio || !group->container || !group->use)
      continue;
    for (guint j = 0; j < group->container->windows->len; j++) {
      ShadowWindow *window = group->container->windows->pdata[j];
      const ShadowTable *table = table_for(watch, group, window);
      if (table && !window->unfed_told && (!liobn || *liobn == table->liobn) && !shadow_feed_of(&watch->shadow, window))
        tell_unfed(watch, group, window, table, seen);
    }
  }
}

static void check_orphans(Watch *watch, const guint64 *liobn, const TraceEvent *seen) {
  for (guint i = 0; i < watch->shadow.feeds->len; i++) {
    const ShadowFeed *feed = watch->shadow.feeds->pdata[i];
    if (feed->window || (liobn && *liobn != feed->table->liobn))
      continue;
    const TraceEvent *calls[] = {feed->table->made, feed->made, seen};
    g_autofree char *key = g_strdup_printf("%u", feed->made->seq);
    WatchFinding *finding = watch_find(watch, CHECK_ORPHAN, key, calls, G_N_ELEMENTS(calls));
    if (finding)
      finding->message = g_strdup_printf(
          "KVM still writes a hardware table that no group uses any more: SET_SPAPR_TCE attached it to LIOBN "
          "0x%" G_GINT64_MODIFIER "x (call %u), its window was taken away since, and neither GROUP_DEL before that nor "
          "closing the guest's table has detached it",
          feed->table->liobn, feed->made->seq);
  }
}

static void check_live(Watch *watch, const TraceEvent *event) {
  const ShadowContainer *container = shadow_container(&watch->shadow, event->object.id);
  guint64 start = 0;

  (void)trace_event_field(event, "start_addr", &start);
  const ShadowWindow *window = container ? shadow_window_at(container, start) : NULL;
  guint64 bytes = window ? ranges_within(container->mapped, window->start, window->size) : 0;
  if (bytes == 0)
    return;
  const TraceEvent *calls[] = {window->made, event};
  g_autofree char *key = g_strdup_printf("%u", window->made->seq);
  WatchFinding *finding = watch_find(watch, CHECK_LIVE, key, calls, G_N_ELEMENTS(calls));
  if (finding)
    finding->message = g_strdup_printf("the window at 0x%" G_GINT64_MODIFIER "x was removed while 0x%" G_GINT64_MODIFIER
                                       "x bytes were mapped in it: a device at work there loses its memory",
                                       window->start, bytes);
}

void watch_check_feeds(Watch *watch, const TraceEvent *event) {
  guint64 liobn = 0;

  if (event->call == ABI_TCE_REMOVE && event->result == 0)
    check_live(watch, event);
  if (is_guests_write(event)) {
    (void)trace_event_field(event, "liobn", &liobn);
    if (watch->tce_vfio)
      check_unfed(watch, &liobn, event);
    check_orphans(watch, &liobn, event);
  } else if (takes_down(event)) {
    if (watch->tce_vfio)
      check_unfed(watch, NULL, event);
    /* Between its removal and the next call on the table, a window's attachment may live on: QEMU closes the table
     * next. It is found when the guest writes there, or when nothing has come of it by the end. */
    if (event->flags & TRACE_AT_EXIT && !watch->exiting)
      check_orphans(watch, NULL, event);
    watch->exiting = (event->flags & TRACE_AT_EXIT) != 0;
  }
}
