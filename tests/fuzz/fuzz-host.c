/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any host file is a host that a kernel can be made of, or is refused with a message. */
#include <sys/mman.h>
#include <unistd.h>

#include "sim/direct/process.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(SimHost) host = NULL;
  g_autoptr(SimKernel) kernel = NULL;
  g_autofree char *path = NULL;
  int fd = memfd_create("host", MFD_CLOEXEC);

  g_assert_true(fd >= 0 && write(fd, data, size) == (ssize_t)size);
  path = g_strdup_printf("/proc/self/fd/%d", fd);
  host = sim_host_load(path, &error);
  close(fd);
  g_assert_true((host != NULL) == (error == NULL));
  if (host)
    kernel = sim_kernel_new(host, sim_direct_port(), NULL, NULL);
  return 0;
}
