/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/watch/internal.h"

#include <string.h>

enum { FINDINGS_PER_CHECK = 20 };

static void finding_free(WatchFinding *finding) {
  g_ptr_array_unref(finding->calls);
  g_free(finding->message);
  g_free(finding);
}

Watch *watch_new(const SimHost *host) {
  Watch *watch = g_new0(Watch, 1);
  watch->tce_vfio = host->spapr_tce_vfio;
  watch->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  watch->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  watch->left = g_ptr_array_new_with_free_func(g_free);
  shadow_init(&watch->shadow, host);
  return watch;
}

void watch_free(Watch *watch) {
  if (!watch)
    return;
  shadow_clear(&watch->shadow);
  g_ptr_array_unref(watch->left);
  g_hash_table_unref(watch->keys);
  g_ptr_array_unref(watch->findings);
  g_free(watch);
}

const GPtrArray *watch_findings(const Watch *watch) {
  return watch->findings;
}

static int by_number(gconstpointer a, gconstpointer b) {
  const TraceEvent *left = *(TraceEvent *const *)a, *right = *(TraceEvent *const *)b;
  return left->seq < right->seq ? -1 : left->seq > right->seq;
}

WatchFinding *watch_find(Watch *watch, CheckId check, const char *key, const TraceEvent *const *calls, guint n) {
  g_autofree char *whole = g_strdup_printf("%d %s", check, key);
  WatchFinding *finding = g_hash_table_lookup(watch->keys, whole);

  if (finding) {
    finding->times++;
    return NULL;
  }
  if (watch->n[check] == FINDINGS_PER_CHECK)
    return NULL;
  watch->n[check]++;
  finding = g_new0(WatchFinding, 1);
  finding->check = check;
  finding->times = 1;
  finding->calls = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < n; i++)
    if (calls[i])
      g_ptr_array_add(finding->calls, g_memdup2(calls[i], sizeof(TraceEvent)));
  g_ptr_array_sort(finding->calls, by_number);
  for (guint i = finding->calls->len; i-- > 1;)
    if (((TraceEvent *)finding->calls->pdata[i])->seq == ((TraceEvent *)finding->calls->pdata[i - 1])->seq)
      g_ptr_array_remove_index(finding->calls, i);
  g_ptr_array_add(watch->findings, finding);
  g_hash_table_insert(watch->keys, g_steal_pointer(&whole), finding);
  return finding;
}

void watch_event(Watch *watch, const TraceEvent *event) {
  watch_check_feeds(watch, event);
  watch_check_answers(watch, event);
  watch_check_left(watch, event);
  shadow_event(&watch->shadow, event);
}

void watch_end(Watch *watch) {
  watch_report_left(watch);
}

guint64 watch_checks_all(void) {
  return watch_checks_default() | (guint64)1 << CHECK_STRICT | (guint64)1 << CHECK_LEFT;
}

guint64 watch_checks_default(void) {
  return (guint64)1 << CHECK_UNFED | (guint64)1 << CHECK_ORPHAN | (guint64)1 << CHECK_LIVE | (guint64)1 << CHECK_TRAP;
}
