/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/scenario/names.h"

struct Names {
  GHashTable *by_name; /* char * -> Name *, the newest of each */
  GPtrArray *all;      /* of Name *, owned */
  GPtrArray *phbs;     /* of NamesPhb *, owned */
};

static void name_free(gpointer data) {
  Name *name = data;

  g_free(name->name);
  g_free(name);
}

Names *names_new(void) {
  Names *names = g_new0(Names, 1);

  names->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  names->all = g_ptr_array_new_with_free_func(name_free);
  names->phbs = g_ptr_array_new_with_free_func(g_free);
  return names;
}

void names_free(Names *names) {
  if (!names)
    return;
  g_hash_table_unref(names->by_name);
  g_ptr_array_unref(names->all);
  g_ptr_array_unref(names->phbs);
  g_free(names);
}

const char *name_kind_word(NameKind kind) {
  static const char *const words[] = {
      [NAME_DEVICE] = "device", [NAME_WINDOW] = "window", [NAME_RAM] = "RAM block",
      [NAME_HANDLE] = "handle", [NAME_BUFFER] = "buffer",
  };

  return words[kind];
}

Name *names_find(const Names *names, const char *name) {
  return g_hash_table_lookup(names->by_name, name);
}

Name *names_add(Names *names, NameKind kind, const char *text, guint line) {
  Name *name = g_new0(Name, 1);

  name->name = g_strdup(text);
  name->kind = kind;
  name->line = line;
  g_ptr_array_add(names->all, name);
  g_hash_table_replace(names->by_name, name->name, name);
  return name;
}

void name_end(Name *name, guint line, const char *gone) {
  name->state = NAME_GONE;
  name->gone_line = line;
  name->gone = gone;
}

guint names_len(const Names *names) {
  return names->all->len;
}

Name *names_get(const Names *names, guint index) {
  return g_ptr_array_index(names->all, index);
}

NamesPhb *names_phb(const Names *names, guint index) {
  for (guint i = names->phbs->len; i > 0; i--) {
    NamesPhb *entry = g_ptr_array_index(names->phbs, i - 1);

    if (entry->phb.index == index)
      return entry;
  }
  return NULL;
}

NamesPhb *names_add_phb(Names *names, const ScenarioPhb *phb, guint line) {
  NamesPhb *entry = g_new0(NamesPhb, 1);

  entry->phb = *phb;
  entry->line = line;
  entry->alive = TRUE;
  g_ptr_array_add(names->phbs, entry);
  return entry;
}

guint names_n_phbs(const Names *names) {
  return names->phbs->len;
}

NamesPhb *names_get_phb(const Names *names, guint i) {
  return g_ptr_array_index(names->phbs, i);
}
