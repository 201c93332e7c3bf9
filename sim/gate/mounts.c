/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct GateMounts {
  char *base;           /* where the workshop is; NULL once it is gone */
  GHashTable *writable; /* paths of mirrors, and of directories made in them */
  guint serial;
};

/* Any directory will do that is there on every machine: it is covered only while nobody but this process looks. */
static const char *const bases[] = {"/tmp", "/mnt", "/run", NULL};

GateMounts *gate_mounts_new(GError **error) {
  for (guint i = 0; bases[i]; i++) {
    if (!g_file_test(bases[i], G_FILE_TEST_IS_DIR))
      continue;
    if (mount("vfiosim", bases[i], "tmpfs", MS_NOSUID, "mode=0755,size=16m") < 0) {
      gate_error_set(error, errno, "cannot mount a tmpfs over %s", bases[i]);
      return NULL;
    }
    GateMounts *mounts = g_new0(GateMounts, 1);
    mounts->base = g_strdup(bases[i]);
    mounts->writable = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return mounts;
  }
  gate_error_set(error, ENOENT, "none of /tmp, /mnt and /run is there to work in");
  return NULL;
}

void gate_mounts_free(GateMounts *mounts) {
  if (!mounts)
    return;
  gate_mounts_finish(mounts, NULL);
  g_hash_table_unref(mounts->writable);
  g_free(mounts);
}

gboolean gate_mounts_finish(GateMounts *mounts, GError **error) {
  if (!mounts->base)
    return TRUE;
  if (umount2(mounts->base, MNT_DETACH) < 0)
    return gate_error_set(error, errno, "cannot unmount the tmpfs over %s", mounts->base);
  g_clear_pointer(&mounts->base, g_free);
  return TRUE;
}

char *gate_mounts_directory(GateMounts *mounts, const char *name, GError **error) {
  g_autofree char *path = g_build_filename(mounts->base, name, NULL);
  if (mkdir(path, 0755) < 0) {
    gate_error_set(error, errno, "cannot make %s", path);
    return NULL;
  }
  return g_steal_pointer(&path);
}

/* One entry of the mirrored directory. What cannot be carried over (a name that has just gone, a mount that is locked)
 * is left out: the mirror is for finding our own nodes beside the machine's. */
static void mirror_entry(const char *from, const char *to, unsigned char type) {
  if (type == DT_LNK) {
    g_autofree char *text = g_file_read_link(from, NULL);
    if (text && symlink(text, to) == 0)
      return;
    return;
  }
  if (type == DT_DIR) {
    if (mkdir(to, 0755) < 0)
      return;
  } else {
    int fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
      return;
    close(fd);
  }
  if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0) {
    if (type == DT_DIR)
      rmdir(to);
    else
      unlink(to);
  }
}

gboolean gate_mounts_mirror(GateMounts *mounts, const char *target, GError **error) {
  if (g_hash_table_contains(mounts->writable, target))
    return TRUE;
  g_autofree char *name = g_strdup_printf("mirror-%u", mounts->serial++);
  g_autofree char *path = gate_mounts_directory(mounts, name, error);
  if (!path)
    return FALSE;
  struct stat st;
  if (stat(target, &st) < 0)
    return gate_error_set(error, errno, "cannot look at %s", target);
  g_autofree char *options = g_strdup_printf("mode=%04o,size=1m", st.st_mode & 07777);
  if (mount("vfiosim", path, "tmpfs", MS_NOSUID, options) < 0)
    return gate_error_set(error, errno, "cannot mount a tmpfs to mirror %s", target);
  DIR *dir = opendir(target);
  if (!dir)
    return gate_error_set(error, errno, "cannot list %s", target);
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, ".."))
      continue;
    g_autofree char *from = g_build_filename(target, entry->d_name, NULL);
    g_autofree char *to = g_build_filename(path, entry->d_name, NULL);
    mirror_entry(from, to, entry->d_type);
  }
  closedir(dir);
  if (mount(path, target, NULL, MS_MOVE, NULL) < 0)
    return gate_error_set(error, errno, "cannot move the mirror over %s", target);
  g_hash_table_add(mounts->writable, g_strdup(target));
  return TRUE;
}

/* Makes the missing directories of `path` inside a mirror of the last one that is there; never in the machine's own,
 * where root could. */
static gboolean make_path(GateMounts *mounts, const char *path, GError **error) {
  if (g_file_test(path, G_FILE_TEST_IS_DIR))
    return TRUE;
  g_autofree char *parent = g_path_get_dirname(path);
  if (!make_path(mounts, parent, error) || !gate_mounts_mirror(mounts, parent, error))
    return FALSE;
  if (mkdir(path, 0755) < 0)
    return gate_error_set(error, errno, "cannot make %s in the mirror of %s", path, parent);
  g_hash_table_add(mounts->writable, g_strdup(path));
  return TRUE;
}

gboolean gate_mounts_bind(GateMounts *mounts, const char *source, const char *target, GError **error) {
  if (g_file_test(source, G_FILE_TEST_IS_DIR) && !make_path(mounts, target, error))
    return FALSE;
  if (mount(source, target, NULL, MS_BIND, NULL) < 0)
    return gate_error_set(error, errno, "cannot bind the simulated %s", target);
  return TRUE;
}

gboolean gate_mounts_directory_at(GateMounts *mounts, const char *target, GError **error) {
  return make_path(mounts, target, error);
}

gboolean gate_mounts_hide(GateMounts *mounts, const char *path, GError **error) {
  umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  if (unlink(path) < 0 && errno != ENOENT)
    return gate_error_set(error, errno, "cannot take %s away", path);
  return TRUE;
}
