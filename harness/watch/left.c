/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process had not given back when it ended. */
#include "harness/watch/internal.h"

enum { CALLS = 12 }; /* that are shown */

void watch_check_left(Watch *watch, const TraceEvent *event) {
  if (event->call != ABI_CLOSE || !(event->flags & TRACE_AT_EXIT))
    return;
  g_autoptr(GString) name = g_string_new(NULL);
  abi_object_print(name, event->object);
  const TraceEvent *made = g_hash_table_lookup(watch->shadow.opened, name->str);
  if (made)
    g_ptr_array_add(watch->left, g_memdup2(made, sizeof *made));
  const ShadowContainer *container =
      event->object.kind == ABI_CONTAINER ? shadow_container(&watch->shadow, event->object.id) : NULL;
  if (container) {
    watch->left_mapped += ranges_within(container->mapped, 0, G_MAXUINT64);
    watch->left_registered += ranges_within(container->registered, 0, G_MAXUINT64);
  }
}

void watch_report_left(Watch *watch) {
  guint counts[ABI_N_KINDS] = {0};
  g_autoptr(GString) text = g_string_new(NULL);

  if (watch->left->len == 0)
    return;
  for (guint i = 0; i < watch->left->len; i++)
    counts[((const TraceEvent *)watch->left->pdata[i])->made.kind]++;
  for (guint kind = 0; kind < ABI_N_KINDS; kind++)
    if (counts[kind])
      g_string_append_printf(text, "%s%u %s%s", text->len ? ", " : "", counts[kind], abi_kind_name((AbiKind)kind),
                             counts[kind] == 1 ? "" : "s");
  if (watch->left_mapped)
    g_string_append_printf(text, "; 0x%" G_GINT64_MODIFIER "x bytes were mapped", watch->left_mapped);
  if (watch->left_registered)
    g_string_append_printf(text, "; 0x%" G_GINT64_MODIFIER "x bytes were registered", watch->left_registered);
  WatchFinding *finding =
      watch_find(watch, CHECK_LEFT, "", (const TraceEvent *const *)watch->left->pdata, MIN(watch->left->len, CALLS));
  if (finding)
    finding->message = g_strdup_printf("it ended with these open: %s", text->str);
}
