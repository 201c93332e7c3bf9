/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/gate/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* -1: the machine has no such setting. */
static long read_setting(const char *path) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return -1;
  return strtol(text, NULL, 10);
}

static gboolean write_setting(const char *path, const char *text, GError **error) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return gate_error_set(error, errno, "cannot open %s", path);
  ssize_t n = write(fd, text, strlen(text));
  int err = errno;
  close(fd);
  if (n < 0)
    return gate_error_set(error, err, "cannot write %s", path);
  return TRUE;
}

/* fdinfo's "ino:" (5.14) names the open file behind a caller's fd; nothing older can be served. */
static gboolean check_version(GError **error) {
  struct utsname name;
  unsigned major = 0, minor = 0;
  if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
    return gate_error_set(error, errno, "cannot tell the version of the running kernel");
  if (major > 5 || (major == 5 && minor >= 14))
    return TRUE;
  g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
              "the nodes need Linux 5.14 or newer and this is %s: use --kernel direct here", name.release);
  return FALSE;
}

static gboolean check_ptrace(GError **error) {
  if (read_setting("/proc/sys/kernel/yama/ptrace_scope") != 3)
    return TRUE;
  g_set_error(
      error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
      "kernel.yama.ptrace_scope is 3, so clients' memory cannot be reached: use --kernel direct here, or set it "
      "lower at boot");
  return FALSE;
}

static gboolean user_namespace_refused(int err, GError **error) {
  if (read_setting("/proc/sys/user/max_user_namespaces") == 0)
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "this machine allows no user namespaces: run as root, or sysctl user.max_user_namespaces=15000");
  else if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "this machine allows user namespaces to root only: run as root, or "
                "sysctl kernel.unprivileged_userns_clone=1");
  else if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "AppArmor keeps ordinary users out of user namespaces: run as root, or "
                "sysctl kernel.apparmor_restrict_unprivileged_userns=0");
  else
    g_set_error(error, GATE_ERROR, GATE_ERROR_UNAVAILABLE,
                "a user namespace was refused (%s), as containers and sandboxes do: run as root or outside of it",
                g_strerror(err));
  return FALSE;
}

static gboolean map_ids(uid_t uid, gid_t gid, GError **error) {
  g_autofree char *uids = g_strdup_printf("%u %u 1", uid, uid);
  g_autofree char *gids = g_strdup_printf("%u %u 1", gid, gid);
  return write_setting("/proc/self/setgroups", "deny", error) && write_setting("/proc/self/uid_map", uids, error) &&
         write_setting("/proc/self/gid_map", gids, error);
}

gboolean gate_namespace_enter(GError **error) {
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (!check_version(error) || !check_ptrace(error))
    return FALSE;
  if (unshare(CLONE_NEWNS) < 0) {
    if (errno != EPERM)
      return gate_error_set(error, errno, "cannot make a mount namespace");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
      if (errno == EPERM || errno == ENOSPC || errno == EACCES)
        return user_namespace_refused(errno, error);
      return gate_error_set(error, errno, "cannot make a user namespace");
    }
    /* A security module may let the namespace be made and then take its capabilities away. */
    g_autoptr(GError) why = NULL;
    if (!map_ids(uid, gid, &why))
      return user_namespace_refused(EPERM, error);
  }
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
    if (errno == EPERM || errno == EACCES)
      return user_namespace_refused(errno, error);
    return gate_error_set(error, errno, "cannot make the mounts private");
  }
  return TRUE;
}
