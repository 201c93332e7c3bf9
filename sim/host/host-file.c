/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host files: GKeyFile text, from a path or from the built-in ones, into a SimHost. docs/host-file.md */
#include "sim/host/host-internal.h"

#include <gio/gio.h>
#include <string.h>

#include "hosts-resource.h"

static const char *const builtin_names[] = {"power9", "power9-4k", "power9-v1", "power9-no-tce-vfio",
                                            "power8", "x86",       NULL};

typedef struct {
  const char *name;   /* of the file, for messages */
  const char *folder; /* what paths in it are relative to; NULL: nothing */
  const char *text;
  GKeyFile *keys;
  SimHost *host;
} Reader;

/* GKeyFile keeps no line numbers: looks the section (and key) up in the text. 0: not found. */
static guint line_of(const Reader *reader, const char *section, const char *key) {
  g_auto(GStrv) lines = g_strsplit(reader->text, "\n", -1);
  gboolean inside = FALSE;
  guint found = 0;

  for (guint i = 0; lines[i]; i++) {
    const char *line = g_strstrip(lines[i]);
    gsize len = strlen(line);

    if (line[0] == '[' && len > 2) {
      inside = strncmp(line + 1, section, len - 2) == 0 && strlen(section) == len - 2;
      if (inside && !key)
        return i + 1;
    } else if (inside && key && g_str_has_prefix(line, key) && strchr("= \t", line[strlen(key)])) {
      found = i + 1; /* the last one is the one that counts */
    }
  }
  return found;
}

/* Puts "file:line: [section] " before an error's message. */
static gboolean fail_at(const Reader *reader, const char *section, const char *key, GError **error, GError *inner) {
  guint line = line_of(reader, section, key);

  if (line)
    g_prefix_error(&inner, "%s:%u: [%s] ", reader->name, line, section);
  else
    g_prefix_error(&inner, "%s: [%s] ", reader->name, section);
  g_propagate_error(error, inner);
  return FALSE;
}

/* Calls `set` for each key of a section. */
typedef gboolean (*SetFunc)(gpointer base, const char *key, const char *value, GError **error);

static gboolean read_keys(const Reader *reader, const char *section, const char *first, SetFunc set, gpointer base,
                          GError **error) {
  g_auto(GStrv) keys = g_key_file_get_keys(reader->keys, section, NULL, NULL);

  /* A profile or model sets what the other keys refine, so it goes first wherever it stands. */
  for (int pass = 0; pass < 2; pass++) {
    for (guint i = 0; keys && keys[i]; i++) {
      g_autofree char *value = g_key_file_get_value(reader->keys, section, keys[i], NULL);
      GError *inner = NULL;

      if ((strcmp(keys[i], first) == 0) != (pass == 0))
        continue;
      if (!set(base, keys[i], value, &inner))
        return fail_at(reader, section, keys[i], error, inner);
    }
  }
  return TRUE;
}

static gboolean set_host(gpointer base, const char *key, const char *value, GError **error) {
  return sim_host_set(base, key, value, error);
}

typedef struct {
  SimHostDevice *device;
  const char *folder;
} PlacedDevice;

static gboolean set_device(gpointer base, const char *key, const char *value, GError **error) {
  const PlacedDevice *placed = base;
  g_autofree char *path = NULL;

  if (strcmp(key, "config") == 0 && placed->folder)
    path = g_canonicalize_filename(value, placed->folder);
  return sim_host_device_set(placed->device, key, path ? path : value, error);
}

typedef struct {
  SimHost *host;
  guint number;
} NumberedGroup;

/* The group's devices are read beside its keys. */
static gboolean set_group(gpointer base, const char *key, const char *value, GError **error) {
  const NumberedGroup *group = base;

  if (strcmp(key, "devices") == 0 || sim_host_group_set(group->host, group->number, key, value, error))
    return TRUE;
  if (error && g_error_matches(*error, SIM_HOST_ERROR, SIM_HOST_ERROR_NOT_FOUND)) {
    g_autofree char *message = g_strconcat((*error)->message, ", devices", NULL);

    g_clear_error(error);
    g_set_error_literal(error, SIM_HOST_ERROR, SIM_HOST_ERROR_NOT_FOUND, message);
  }
  return FALSE;
}

static gboolean read_group(const Reader *reader, const char *section, GError **error) {
  g_autofree char *devices = g_key_file_get_value(reader->keys, section, "devices", NULL);
  g_auto(GStrv) addresses = NULL;
  NumberedGroup group = {.host = reader->host};
  guint64 number;
  guint n = 0;

  if (!g_ascii_string_to_unsigned(section + strlen("group "), 10, 0, G_MAXINT, &number, NULL))
    return fail_at(
        reader, section, NULL, error,
        g_error_new(SIM_HOST_ERROR, SIM_HOST_ERROR_SYNTAX, "a group is named by its number, as in [group 7]"));
  group.number = (guint)number;
  if (!read_keys(reader, section, "devices", set_group, &group, error))
    return FALSE;
  addresses = g_strsplit(devices ? devices : "", " ", -1);
  for (guint i = 0; addresses[i]; i++) {
    GError *inner = NULL;

    if (!*addresses[i])
      continue;
    n++;
    if (!sim_host_add_device(reader->host, (guint)number, addresses[i], &inner))
      return fail_at(reader, section, "devices", error, inner);
  }
  if (!n)
    return fail_at(reader, section, devices ? "devices" : NULL, error,
                   g_error_new(SIM_HOST_ERROR, SIM_HOST_ERROR_VALUE,
                               "a group has at least one device; write devices=0000:01:00.0"));
  return TRUE;
}

static gboolean read_device(const Reader *reader, const char *section, GError **error) {
  const char *address = section + strlen("device ");
  gboolean recorded = g_key_file_has_key(reader->keys, section, "config", NULL);
  PlacedDevice placed = {.folder = reader->folder};
  SimHostDevice *device = NULL;
  GError *inner = NULL;
  guint64 id;

  if (abi_bdf_parse(address, &id))
    device = sim_host_find_device(reader->host, id);
  if (!device)
    return fail_at(reader, section, NULL, error,
                   g_error_new(SIM_HOST_ERROR, SIM_HOST_ERROR_NOT_FOUND,
                               "no group has a device '%s'; name it in a group's devices", address));
  if (recorded && g_key_file_has_key(reader->keys, section, "model", NULL))
    return fail_at(reader, section, "config", error,
                   g_error_new(SIM_HOST_ERROR, SIM_HOST_ERROR_CONFLICT,
                               "key 'config': a recorded device has no model; leave one of the two out"));
  placed.device = device;
  if (!read_keys(reader, section, recorded ? "config" : "model", set_device, &placed, error))
    return FALSE;
  if (!sim_host_device_check(device, &inner))
    return fail_at(reader, section, NULL, error, inner);
  return TRUE;
}

static gboolean read_sections(const Reader *reader, GError **error) {
  g_auto(GStrv) sections = g_key_file_get_groups(reader->keys, NULL);
  GError *inner = NULL;

  if (!read_keys(reader, "host", "profile", set_host, reader->host, error))
    return FALSE;
  if (!sim_host_check(reader->host, &inner))
    return fail_at(reader, "host", "kvm", error, inner);
  /* Groups before devices: a device's section describes one that a group has named. */
  for (guint i = 0; sections[i]; i++)
    if (g_str_has_prefix(sections[i], "group ") && !read_group(reader, sections[i], error))
      return FALSE;
  for (guint i = 0; sections[i]; i++) {
    if (g_str_has_prefix(sections[i], "device ")) {
      if (!read_device(reader, sections[i], error))
        return FALSE;
    } else if (strcmp(sections[i], "host") != 0 && !g_str_has_prefix(sections[i], "group ")) {
      return fail_at(reader, sections[i], NULL, error,
                     g_error_new(SIM_HOST_ERROR, SIM_HOST_ERROR_SYNTAX,
                                 "unknown section; known: [host], [group N], [device ADDRESS]"));
    }
  }
  return TRUE;
}

static SimHost *read_text(const char *name, const char *file, const char *folder, const char *text, gsize len,
                          GError **error) {
  g_autoptr(GKeyFile) keys = g_key_file_new();
  g_autoptr(SimHost) host = sim_host_new();
  g_autofree char *copy = g_strndup(text, len);
  Reader reader = {.name = file, .folder = folder, .text = copy, .keys = keys, .host = host};

  g_free(host->name);
  host->name = g_strdup(name);
  if (!g_key_file_load_from_data(keys, text, len, G_KEY_FILE_NONE, error)) {
    g_prefix_error(error, "%s: ", file);
    if (error && *error) {
      (*error)->domain = SIM_HOST_ERROR;
      (*error)->code = SIM_HOST_ERROR_SYNTAX;
    }
    return NULL;
  }
  if (!g_key_file_has_group(keys, "host")) {
    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_SYNTAX, "%s: no [host] section", file);
    return NULL;
  }
  if (!read_sections(&reader, error))
    return NULL;
  return g_steal_pointer(&host);
}

SimHost *sim_host_load(const char *path, GError **error) {
  g_autofree char *text = NULL, *base = NULL, *folder = NULL;
  gsize len;

  if (g_strv_contains(builtin_names, path))
    return sim_host_builtin(path, error);
  if (!g_file_get_contents(path, &text, &len, error)) {
    g_autofree char *known = g_strjoinv(", ", (char **)builtin_names);

    if (error && *error) {
      (*error)->domain = SIM_HOST_ERROR;
      (*error)->code = SIM_HOST_ERROR_NOT_FOUND;
    }
    g_prefix_error(error, "host '%s' is neither a host file nor a built-in host (%s): ", path, known);
    return NULL;
  }
  base = g_path_get_basename(path);
  if (g_str_has_suffix(base, ".ini"))
    base[strlen(base) - strlen(".ini")] = '\0';
  folder = g_path_get_dirname(path);
  return read_text(base, path, folder, text, len, error);
}

SimHost *sim_host_builtin(const char *name, GError **error) {
  g_autofree char *path = g_strdup_printf("/vfiosim/hosts/%s.ini", name);
  g_autofree char *file = g_strdup_printf("built-in host %s", name);
  g_autoptr(GBytes) bytes = NULL;
  const char *text;
  gsize len;

  if (g_strv_contains(builtin_names, name))
    bytes = g_resource_lookup_data(sim_hosts_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (!bytes) {
    g_autofree char *known = g_strjoinv(", ", (char **)builtin_names);

    g_set_error(error, SIM_HOST_ERROR, SIM_HOST_ERROR_NOT_FOUND, "no built-in host '%s'; there are: %s", name, known);
    return NULL;
  }
  text = g_bytes_get_data(bytes, &len);
  return read_text(name, file, NULL, text, len, error);
}

const char *const *sim_host_builtin_names(void) {
  return builtin_names;
}
