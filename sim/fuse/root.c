/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sim/fuse/fuse.h"
#include "sim/fuse/sysfs.h"

static gboolean link_to(const char *folder, const char *name, const char *target, GError **error) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return symlink(target, path) == 0 || gate_error_set(error, errno, "cannot make %s", path);
}

char *sim_fuse_root(const char *root, GError **error) {
  g_autofree char *path = g_strdup("/dev/.vfiosim-root-XXXXXX"); /* /dev is a mirror: gate_mounts_mirror() */
  g_autoptr(GDir) dir = g_dir_open(root, 0, error);
  const char *name;
  if (!dir)
    return NULL;
  if (!g_mkdtemp(path)) {
    gate_error_set(error, errno, "cannot make a folder in /dev");
    return NULL;
  }
  if (!link_to(path, "proc", SIM_OWN_PLACE "/proc", error))
    return NULL;
  while ((name = g_dir_read_name(dir))) {
    g_autofree char *target = g_build_filename(root, name, NULL);
    if (!g_str_equal(name, "proc") && !link_to(path, name, target, error))
      return NULL;
  }
  return g_steal_pointer(&path);
}
