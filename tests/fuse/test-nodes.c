/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the nodes are, and what is beside them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/fuse/rig.h"

enum { NOBODY = 65534 };

static gboolean has(const char *path) {
  return access(path, F_OK) == 0;
}

static char *text_of(const char *path) {
  char *text = NULL;
  CHECK(g_file_get_contents(path, &text, NULL, NULL));
  return text;
}

static int look(gpointer data, int keep_fd) {
  char target[PATH_MAX];
  g_autofree char *vendor = NULL;
  guint n = 0;

  DIR *dir = opendir("/dev/vfio");
  CHECK(dir);
  for (struct dirent *entry; (entry = readdir(dir));)
    n += entry->d_name[0] != '.';
  closedir(dir);
  CHECK(n == 3);
  CHECK(has("/dev/vfio/vfio") && has("/dev/vfio/7") && has("/dev/vfio/8"));
  CHECK(open("/dev/vfio/9", O_RDWR) == -1 && errno == ENOENT);
  CHECK(open("/dev/kvm", O_RDWR) >= 0);
  struct stat st;
  CHECK(stat("/dev/vfio/vfio", &st) == 0 && (st.st_mode & 0777) == 0666); /* CG-1 */
  CHECK(stat("/dev/vfio/7", &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_uid == geteuid());
  CHECK(has("/dev/null") && has("/dev/fd/0") && has("/sys/kernel") && has("/proc/self"));

  /* What QEMU 7.2 asks for when it realizes a device: the group's number is the link's basename. */
  CHECK(realpath("/sys/bus/pci/devices/0000:01:00.0/iommu_group", target));
  CHECK(strcmp(target, "/sys/kernel/iommu_groups/7") == 0);
  CHECK(realpath("/sys/bus/pci/devices/0000:01:00.0/subsystem", target));
  CHECK(strcmp(target, "/sys/bus/pci") == 0);
  CHECK(realpath("/sys/kernel/iommu_groups/7/devices/0000:01:00.0", target));
  CHECK(strcmp(target, "/sys/bus/pci/devices/0000:01:00.0") == 0);
  /* What DPDK 22.11 reads when it scans the bus. */
  static const char *const files[] = {"vendor", "device",  "subsystem_vendor", "subsystem_device",
                                      "class",  "max_vfs", "numa_node",        "resource"};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_strdup_printf("/sys/bus/pci/devices/0000:02:00.0/%s", files[i]);
    g_autofree char *text = text_of(path);
    CHECK(strlen(text) > 0 && text[strlen(text) - 1] == '\n');
  }
  CHECK(realpath("/sys/bus/pci/devices/0000:02:00.0/driver", target));
  CHECK(strcmp(target, "/sys/bus/pci/drivers/vfio-pci") == 0);
  CHECK(has("/sys/module/vfio") && has("/sys/module/vfio_pci"));
  vendor = text_of("/sys/bus/pci/devices/0000:01:00.0/vendor");
  CHECK(strcmp(vendor, "0x1af4\n") == 0);
  CHECK(open("/sys/bus/pci/devices/0000:01:00.0/vendor", O_WRONLY) == -1 && errno == EACCES);
  return 0;
}

static void nodes_are_seen(World *world) {
  client_run(world, look, NULL);
}

static void root_sees_the_nodes(void **state) {
  in_world(0, nodes_are_seen);
}

static void an_ordinary_user_sees_the_nodes(void **state) {
  in_world(NOBODY, nodes_are_seen);
}

static int no_kvm(gpointer data, int keep_fd) {
  CHECK(open("/dev/kvm", O_RDWR) == -1 && errno == ENOENT);
  return 0;
}

static void hide_kvm(World *world) {
  client_run(world, no_kvm, NULL);
}

static void a_host_without_kvm_has_no_dev_kvm(void **state) {
  in_world_with("kvm", "off", hide_kvm);
}

/* The fd behind a node, whichever way it is had, is the open file that was opened: two opens of a name are two
 * containers. */
static int two_containers(gpointer data, int keep_fd) {
  struct stat a, b;
  CHECK(fstat(open_container(), &a) == 0 && fstat(open_container(), &b) == 0);
  CHECK(a.st_ino != b.st_ino);
  return 0;
}

static void opens_differ(World *world) {
  client_run(world, two_containers, NULL);
}

static void each_open_is_its_own_file(void **state) {
  in_world(0, opens_differ);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(root_sees_the_nodes),
      cmocka_unit_test(an_ordinary_user_sees_the_nodes),
      cmocka_unit_test(a_host_without_kvm_has_no_dev_kvm),
      cmocka_unit_test(each_open_is_its_own_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
