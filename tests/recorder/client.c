/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that is recorded: attaches a device to a VM and undoes it, asks wrongly now and then. Exits with the line
 * of the first call that answers otherwise than it should. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUST(condition)                                                                                                \
  do {                                                                                                                 \
    if (!(condition))                                                                                                  \
      return __LINE__ & 0xff ? __LINE__ & 0xff : 1;                                                                    \
  } while (0)

enum { WINDOW = 1 << 30, CONFIG = 7, SET_SPAPR_TCE = 3 };

static int attribute(int device, unsigned long attr, const void *addr) {
  struct kvm_device_attr args = {.group = KVM_DEV_VFIO_GROUP, .attr = attr, .addr = (unsigned long)addr};
  return ioctl(device, KVM_SET_DEVICE_ATTR, &args);
}

int main(void) {
  int container = open("/dev/vfio/vfio", O_RDWR), group = openat(AT_FDCWD, "/dev/vfio/7", O_RDWR | O_CLOEXEC);
  MUST(container >= 0 && group >= 0);
  MUST(open("/dev/vfio/7", O_RDWR) < 0 && errno == EBUSY);
  MUST(ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) < 0 && errno == EINVAL);
  MUST(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
  MUST(ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) == 0);
  MUST(ioctl(container, 0xdead) < 0 && errno == ENOTTY);

  int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0);
  MUST(vm >= 0);
  struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO, .flags = KVM_CREATE_DEVICE_TEST};
  MUST(ioctl(vm, KVM_CREATE_DEVICE, &device) == 0);
  device.flags = 0;
  MUST(ioctl(vm, KVM_CREATE_DEVICE, &device) == 0);
  MUST(attribute((int)device.fd, KVM_DEV_VFIO_GROUP_ADD, &group) == 0);
  MUST(attribute((int)device.fd, KVM_DEV_VFIO_GROUP_ADD, &group) < 0 && errno == EEXIST);

  struct vfio_iommu_spapr_tce_create window = {
      .argsz = sizeof window, .page_shift = 12, .window_size = WINDOW, .levels = 1};
  struct vfio_iommu_spapr_tce_remove first = {.argsz = sizeof first};
  MUST(ioctl(container, VFIO_IOMMU_SPAPR_TCE_REMOVE, &first) == 0);
  MUST(ioctl(container, VFIO_IOMMU_SPAPR_TCE_CREATE, &window) == 0);
  struct {
    unsigned long long liobn;
    unsigned page_shift, flags;
    unsigned long long offset, size;
  } table_args = {0x80000000, 12, 0, 0, WINDOW >> 12};
  int table = ioctl(vm, _IOW(KVMIO, 0xa8, table_args), &table_args);
  MUST(table >= 0);
  int pair[2] = {group, table};
  MUST(attribute((int)device.fd, SET_SPAPR_TCE, pair) == 0);
  void *memory = mmap(NULL, WINDOW >> 9, PROT_READ, MAP_SHARED, table, 0);
  MUST(memory != MAP_FAILED);

  int nic = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
  MUST(nic >= 0);
  struct vfio_region_info region = {.argsz = sizeof region, .index = CONFIG};
  unsigned id = 0;
  MUST(ioctl(nic, VFIO_DEVICE_GET_REGION_INFO, &region) == 0);
  MUST(pread(nic, &id, sizeof id, (off_t)region.offset) == sizeof id && id == 0x11101af4);
  MUST(pwrite(nic, &id, sizeof id, (off_t)region.offset) == sizeof id);

  MUST(close(table) == 0);
  MUST(munmap(memory, WINDOW >> 9) == 0);
  MUST(attribute((int)device.fd, KVM_DEV_VFIO_GROUP_DEL, &group) == 0);
  MUST(close(nic) == 0);
  MUST(close((int)device.fd) == 0);
  MUST(ioctl(group, VFIO_GROUP_UNSET_CONTAINER) == 0);
  MUST(close(group) == 0);
  MUST(close(container) == 0);
  MUST(close(vm) == 0);
  MUST(close(kvm) == 0);
  return 0;
}
