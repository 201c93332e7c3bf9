/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/watch/shadow.h"

static TraceEvent *keep(const TraceEvent *event) {
  return g_memdup2(event, sizeof *event);
}

static void keep_as(TraceEvent **kept, const TraceEvent *event) {
  g_free(*kept);
  *kept = event ? keep(event) : NULL;
}

static void window_free(ShadowWindow *window) {
  g_free(window->made);
  g_free(window);
}

static void container_free(ShadowContainer *container) {
  g_ptr_array_unref(container->windows);
  ranges_free(container->mapped);
  ranges_free(container->registered);
  g_free(container);
}

static void group_free(ShadowGroup *group) {
  g_free(group->set);
  g_free(group->add);
  g_free(group->use);
  g_free(group);
}

static void table_free(ShadowTable *table) {
  g_free(table->made);
  g_free(table);
}

static void feed_free(ShadowFeed *feed) {
  g_free(feed->made);
  g_free(feed);
}

void shadow_init(Shadow *shadow, const SimHost *host) {
  shadow->del_releases = host->version < SIM_VERSION(6, 0);
  shadow->containers = g_ptr_array_new_with_free_func((GDestroyNotify)container_free);
  shadow->groups = g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
  shadow->tables = g_ptr_array_new_with_free_func((GDestroyNotify)table_free);
  shadow->feeds = g_ptr_array_new_with_free_func((GDestroyNotify)feed_free);
  shadow->vm_of = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  shadow->device_group = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  shadow->opened = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void shadow_clear(Shadow *shadow) {
  g_ptr_array_unref(shadow->feeds);
  g_ptr_array_unref(shadow->tables);
  g_ptr_array_unref(shadow->groups);
  g_ptr_array_unref(shadow->containers);
  g_hash_table_unref(shadow->vm_of);
  g_hash_table_unref(shadow->device_group);
  g_hash_table_unref(shadow->opened);
}

/* ---- questions ---- */

ShadowContainer *shadow_container(const Shadow *shadow, guint64 id) {
  for (guint i = 0; i < shadow->containers->len; i++) {
    ShadowContainer *container = shadow->containers->pdata[i];
    if (container->id == id)
      return container;
  }
  return NULL;
}

ShadowGroup *shadow_group(const Shadow *shadow, guint64 number) {
  for (guint i = 0; i < shadow->groups->len; i++) {
    ShadowGroup *group = shadow->groups->pdata[i];
    if (group->number == number)
      return group;
  }
  return NULL;
}

gboolean shadow_pairs(const ShadowTable *table, const ShadowWindow *window) {
  return window->page_shift <= table->page_shift && window->start == table->start && window->size >= table->size;
}

ShadowFeed *shadow_feed_of(const Shadow *shadow, const ShadowWindow *window) {
  for (guint i = 0; i < shadow->feeds->len; i++) {
    ShadowFeed *feed = shadow->feeds->pdata[i];
    if (feed->window == window)
      return feed;
  }
  return NULL;
}

ShadowWindow *shadow_window_at(const ShadowContainer *container, guint64 ioba) {
  for (guint i = 0; i < container->windows->len; i++) {
    ShadowWindow *window = container->windows->pdata[i];
    if (ioba >= window->start && ioba - window->start < window->size)
      return window;
  }
  return NULL;
}

/* ---- changes ---- */

static guint64 field(const TraceEvent *event, const char *name) {
  guint64 value = 0;
  (void)trace_event_field(event, name, &value);
  return value;
}

static void note_opened(Shadow *shadow, AbiObject object, const TraceEvent *event) {
  GString *name = g_string_new(NULL);
  abi_object_print(name, object);
  g_hash_table_replace(shadow->opened, g_string_free(name, FALSE), keep(event));
}

static void note_closed(Shadow *shadow, AbiObject object) {
  g_autoptr(GString) name = g_string_new(NULL);
  abi_object_print(name, object);
  g_hash_table_remove(shadow->opened, name->str);
}

static ShadowContainer *container_new(Shadow *shadow, guint64 id) {
  ShadowContainer *container = g_new0(ShadowContainer, 1);
  container->id = id;
  container->open = TRUE;
  container->windows = g_ptr_array_new_with_free_func((GDestroyNotify)window_free);
  container->mapped = ranges_new();
  container->registered = ranges_new();
  g_ptr_array_add(shadow->containers, container);
  return container;
}

static ShadowGroup *group_new(Shadow *shadow, guint64 number) {
  ShadowGroup *group = shadow_group(shadow, number);
  if (!group) {
    group = g_new0(ShadowGroup, 1);
    group->number = number;
    g_ptr_array_add(shadow->groups, group);
  }
  group->open = TRUE;
  return group;
}

static void close_window(Shadow *shadow, ShadowContainer *container, ShadowWindow *window) {
  ranges_remove(container->mapped, window->start, window->size);
  for (guint i = 0; i < shadow->feeds->len; i++) {
    ShadowFeed *feed = shadow->feeds->pdata[i];
    if (feed->window == window)
      feed->window = NULL;
  }
  g_ptr_array_remove(container->windows, window);
}

/* The container's IOMMU goes with its last group, the container with that and its last fd. */
static void settle_container(Shadow *shadow, ShadowContainer *container) {
  if (container->n_groups)
    return;
  while (container->windows->len)
    close_window(shadow, container, container->windows->pdata[0]);
  ranges_remove(container->mapped, 0, G_MAXUINT64);
  ranges_remove(container->registered, 0, G_MAXUINT64);
  if (!container->open)
    g_ptr_array_remove(shadow->containers, container);
}

static void leave_container(Shadow *shadow, ShadowGroup *group) {
  ShadowContainer *container = group->container;
  keep_as(&group->set, NULL);
  group->container = NULL;
  if (!container)
    return;
  container->n_groups--;
  settle_container(shadow, container);
}

/* CG-82..CG-84: a group's open file is held by fds, by its devices and by kvm-vfio. */
static void settle_group(Shadow *shadow, ShadowGroup *group) {
  if (!group->open && !group->devices && !group->kvm_vfio)
    leave_container(shadow, group);
}

/* KV-53, KV-39 */
static void release_feeds(Shadow *shadow, const ShadowGroup *group, guint64 vm) {
  for (guint i = shadow->feeds->len; i-- > 0;) {
    ShadowFeed *feed = shadow->feeds->pdata[i];
    guint at;
    if (feed->table->vm == vm && group->container && feed->window &&
        g_ptr_array_find(group->container->windows, feed->window, &at) && --feed->count == 0)
      g_ptr_array_remove_index(shadow->feeds, i);
  }
}

static guint64 vm_of(const Shadow *shadow, guint64 kvm_vfio) {
  const guint64 *vm = g_hash_table_lookup(shadow->vm_of, &kvm_vfio);
  return vm ? *vm : 0;
}

static void forget_by_kvm(Shadow *shadow, ShadowGroup *group) {
  if (group->asked || shadow->del_releases)
    release_feeds(shadow, group, vm_of(shadow, group->kvm_vfio));
  group->asked = FALSE;
  keep_as(&group->add, NULL);
  group->kvm_vfio = 0;
  settle_group(shadow, group);
}

static void table_made(Shadow *shadow, const TraceEvent *event) {
  ShadowTable *table = g_new0(ShadowTable, 1);
  table->vm = event->object.id;
  table->liobn = event->made.id;
  table->made = keep(event);
  if (event->call == ABI_CREATE_SPAPR_TCE) {
    table->page_shift = 12;
    table->size = field(event, "window_size");
  } else {
    table->page_shift = (guint)MIN(field(event, "page_shift"), 63);
    table->start = field(event, "offset") << table->page_shift;
    table->size = field(event, "size") << table->page_shift;
  }
  g_ptr_array_add(shadow->tables, table);
}

static void table_closed(Shadow *shadow, guint64 liobn) {
  for (guint i = 0; i < shadow->tables->len; i++) {
    ShadowTable *table = shadow->tables->pdata[i];
    if (table->liobn != liobn)
      continue;
    for (guint j = shadow->feeds->len; j-- > 0;)
      if (((ShadowFeed *)shadow->feeds->pdata[j])->table == table)
        g_ptr_array_remove_index(shadow->feeds, j);
    g_ptr_array_remove_index(shadow->tables, i);
    return;
  }
}

/* KV-46, KV-49: one hardware table, the first that fits. */
static void table_set(Shadow *shadow, const TraceEvent *event) {
  const ShadowGroup *group = shadow_group(shadow, event->refs[0].id);
  guint64 vm = vm_of(shadow, event->object.id);
  if (!group || !group->container)
    return;
  for (guint i = 0; i < shadow->tables->len; i++) {
    ShadowTable *table = shadow->tables->pdata[i];
    if (table->vm != vm || table->liobn != event->refs[1].id)
      continue;
    for (guint j = 0; j < group->container->windows->len; j++) {
      const ShadowWindow *window = group->container->windows->pdata[j];
      if (!shadow_pairs(table, window))
        continue;
      ShadowFeed *feed = shadow_feed_of(shadow, window);
      if (!feed || feed->table != table) {
        feed = g_new0(ShadowFeed, 1);
        feed->table = table;
        feed->window = window;
        feed->made = keep(event);
        g_ptr_array_add(shadow->feeds, feed);
      }
      feed->count++;
      return;
    }
  }
}

static void window_made(Shadow *shadow, const TraceEvent *event) {
  ShadowContainer *container = shadow_container(shadow, event->object.id);
  if (!container)
    return;
  ShadowWindow *window = g_new0(ShadowWindow, 1);
  window->start = field(event, "start_addr");
  window->size = field(event, "window_size");
  window->page_shift = (guint)field(event, "page_shift");
  window->made = keep(event);
  g_ptr_array_add(container->windows, window);
}

static void device_made(Shadow *shadow, const TraceEvent *event) {
  ShadowGroup *group = shadow_group(shadow, event->object.id);
  if (!group)
    return;
  group->devices++;
  keep_as(&group->use, event);
  g_hash_table_replace(shadow->device_group, g_memdup2(&event->made.id, sizeof event->made.id),
                       g_memdup2(&group->number, sizeof group->number));
}

static void device_closed(Shadow *shadow, guint64 id) {
  const guint64 *number = g_hash_table_lookup(shadow->device_group, &id);
  ShadowGroup *group = number ? shadow_group(shadow, *number) : NULL;
  if (!group || group->devices == 0)
    return;
  if (--group->devices == 0)
    keep_as(&group->use, NULL);
  settle_group(shadow, group);
}

static void closed(Shadow *shadow, AbiObject object) {
  ShadowContainer *container;
  ShadowGroup *group;

  note_closed(shadow, object);
  switch (object.kind) {
  case ABI_CONTAINER:
    if ((container = shadow_container(shadow, object.id))) {
      container->open = FALSE;
      settle_container(shadow, container);
    }
    break;
  case ABI_GROUP:
    if ((group = shadow_group(shadow, object.id))) {
      group->open = FALSE;
      settle_group(shadow, group);
    }
    break;
  case ABI_DEVICE:
    device_closed(shadow, object.id);
    break;
  case ABI_KVM_VFIO:
    for (guint i = 0; i < shadow->groups->len; i++) {
      group = shadow->groups->pdata[i];
      if (group->kvm_vfio == object.id)
        forget_by_kvm(shadow, group);
    }
    g_hash_table_remove(shadow->vm_of, &object.id);
    break;
  case ABI_TABLE:
    table_closed(shadow, object.id);
    break;
  default:
    break;
  }
}

/* H_PUT_TCE and its like: what the guest has mapped lies in the windows that its table feeds. */
static void guest_mapped(Shadow *shadow, const TraceEvent *event) {
  guint64 liobn = field(event, "liobn"), ioba = field(event, "ioba");
  guint64 count = event->call == ABI_H_PUT_TCE ? 1 : field(event, "count");
  guint64 tce = event->call == ABI_H_PUT_TCE     ? field(event, "tce")
                : event->call == ABI_H_STUFF_TCE ? field(event, "value")
                                                 : 3;
  for (guint i = 0; i < shadow->feeds->len; i++) {
    const ShadowFeed *feed = shadow->feeds->pdata[i];
    if (feed->table->liobn != liobn || !feed->window)
      continue;
    for (guint j = 0; j < shadow->containers->len; j++) {
      ShadowContainer *container = shadow->containers->pdata[j];
      if (shadow_window_at(container, ioba) != feed->window)
        continue;
      if (tce & 3)
        ranges_add(container->mapped, ioba, count << feed->table->page_shift);
      else
        ranges_remove(container->mapped, ioba, count << feed->table->page_shift);
    }
  }
}

static void container_event(Shadow *shadow, const TraceEvent *event) {
  ShadowContainer *container = shadow_container(shadow, event->object.id);
  ShadowWindow *window;

  if (!container)
    return;
  switch (event->call) {
  case ABI_MAP_DMA:
    ranges_add(container->mapped, field(event, "iova"), field(event, "size"));
    break;
  case ABI_UNMAP_DMA:
    ranges_remove(container->mapped, field(event, "iova"), field(event, "size"));
    break;
  case ABI_REGISTER_MEMORY:
    ranges_add(container->registered, field(event, "vaddr"), field(event, "size"));
    break;
  case ABI_UNREGISTER_MEMORY:
    ranges_remove(container->registered, field(event, "vaddr"), field(event, "size"));
    break;
  case ABI_TCE_CREATE:
    window_made(shadow, event);
    break;
  case ABI_TCE_REMOVE:
    if ((window = shadow_window_at(container, field(event, "start_addr"))))
      close_window(shadow, container, window);
    break;
  default:
    break;
  }
}

static void group_event(Shadow *shadow, const TraceEvent *event, guint64 number) {
  ShadowGroup *group = shadow_group(shadow, number);
  if (!group)
    return;
  switch (event->call) {
  case ABI_SET_CONTAINER:
    leave_container(shadow, group);
    if ((group->container = shadow_container(shadow, event->refs[0].id))) {
      group->container->n_groups++;
      keep_as(&group->set, event);
    }
    break;
  case ABI_UNSET_CONTAINER:
    leave_container(shadow, group);
    break;
  case ABI_GROUP_ADD:
    group->kvm_vfio = event->object.id;
    keep_as(&group->add, event);
    break;
  case ABI_GROUP_DEL:
    forget_by_kvm(shadow, group);
    break;
  default:
    break;
  }
}

static void made(Shadow *shadow, const TraceEvent *event) {
  note_opened(shadow, event->made, event);
  switch (event->made.kind) {
  case ABI_CONTAINER:
    container_new(shadow, event->made.id);
    break;
  case ABI_GROUP:
    group_new(shadow, event->made.id);
    break;
  case ABI_DEVICE:
    device_made(shadow, event);
    break;
  case ABI_KVM_VFIO:
    g_hash_table_replace(shadow->vm_of, g_memdup2(&event->made.id, sizeof event->made.id),
                         g_memdup2(&event->object.id, sizeof event->object.id));
    break;
  case ABI_TABLE:
    table_made(shadow, event);
    break;
  default:
    break;
  }
}

static void note_asked(const Shadow *shadow, const TraceEvent *event) {
  ShadowGroup *group = shadow_group(shadow, event->refs[0].id);
  if (group && group->kvm_vfio == event->object.id)
    group->asked = TRUE;
}

void shadow_event(Shadow *shadow, const TraceEvent *event) {
  if (event->call == ABI_SET_SPAPR_TCE && event->refs[0].kind == ABI_GROUP && !(event->flags & TRACE_INJECTED))
    note_asked(shadow, event);
  if (event->object.kind == ABI_GUEST) {
    if (event->result == 0 && event->call != ABI_H_GET_TCE)
      guest_mapped(shadow, event);
    return;
  }
  if (event->result != 0 && event->made.kind == ABI_NONE)
    return; /* refused; or a positive answer: nothing, or not all, was done (TCE-75, TCE-96, MM-7) */
  if (event->made.kind != ABI_NONE)
    made(shadow, event);
  else if (event->call == ABI_CLOSE)
    closed(shadow, event->object);
  else if (event->call == ABI_SET_SPAPR_TCE)
    table_set(shadow, event);
  else if (event->call == ABI_GROUP_ADD || event->call == ABI_GROUP_DEL)
    group_event(shadow, event, event->refs[0].id);
  else if (event->object.kind == ABI_GROUP)
    group_event(shadow, event, event->object.id);
  else if (event->object.kind == ABI_CONTAINER)
    container_event(shadow, event);
}
