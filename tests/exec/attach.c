/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VMM's attach, as a program of its own that knows nothing of vfiosim: group 7 into a v2 container, a window, a guest
 * table, kvm-vfio, the device, then all of it back. usage: attach [FAULT]
 *
 * FAULT is what it does wrong:
 *   unfed    the order of before 2017: the window is made before KVM knows the group, SET_SPAPR_TCE is never called
 *   orphan   the window goes while the guest's table is attached to it
 *   live     the window goes while something is mapped in it
 *   trap     memory is unregistered while it is mapped (TCE-63)
 *   strict   a struct is too small
 *   left     nothing is given back
 * or, no fault at all:
 *   confined under a seccomp filter of its own
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 65536, LIOBN = 0x80000000, SPAPR_TCE_64 = 0x4020aea8, VFIO_DEVICE = 4, VFIO_GROUP = 1 };
enum { GROUP_ADD = 1, GROUP_DEL = 2, SET_SPAPR_TCE = 3 }; /* virt/kvm/vfio.c: arch/powerpc's own is the last */

struct create_table { /* struct kvm_create_spapr_tce_64 */
  uint64_t liobn;
  uint32_t page_shift, flags;
  uint64_t offset, size;
};

static int check(int result, const char *what) {
  if (result >= 0)
    return result;
  fprintf(stderr, "attach: %s: %s\n", what, strerror(errno));
  exit(3);
}
#define CALL(fd, number, arg) check(ioctl(fd, number, arg), #number)

static int open_node(const char *path) {
  return check(open(path, O_RDWR | O_CLOEXEC), path);
}

static void kvm_vfio(int device, int attribute, const void *arg) {
  struct kvm_device_attr attr = {.group = VFIO_GROUP, .attr = attribute, .addr = (uintptr_t)arg};
  CALL(device, KVM_SET_DEVICE_ATTR, &attr);
}

/* As sandboxes do: one system call is forbidden for good. */
static void confine(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setdomainname, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTUNIQ),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
  if (syscall(SYS_setdomainname, "", 0) != -1 || errno != ENOTUNIQ)
    exit(5);
}

int main(int argc, char **argv) {
  const char *fault = argc > 1 ? argv[1] : "";
  int unfed = strcmp(fault, "unfed") == 0, live = strcmp(fault, "live") == 0, trap = strcmp(fault, "trap") == 0;
  if (strcmp(fault, "confined") == 0)
    confine();
  void *memory = aligned_alloc(PAGE, PAGE);

  int kvm = open_node("/dev/kvm");
  int vm = CALL(kvm, KVM_CREATE_VM, 0);
  struct create_table guest_window = {.liobn = LIOBN, .page_shift = 16, .size = 0x4000};
  int table = CALL(vm, SPAPR_TCE_64, &guest_window);
  struct kvm_create_device create_device = {.type = VFIO_DEVICE};
  CALL(vm, KVM_CREATE_DEVICE, &create_device);
  int group = open_node("/dev/vfio/7"), container = open_node("/dev/vfio/vfio");
  CALL(group, VFIO_GROUP_SET_CONTAINER, &container);
  CALL(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU);
  struct vfio_iommu_spapr_register_memory prereg = {.argsz = sizeof prereg, .vaddr = (uintptr_t)memory, .size = PAGE};
  CALL(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &prereg);
  struct vfio_iommu_spapr_tce_remove remove_window = {.argsz = sizeof remove_window};
  CALL(container, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove_window); /* the default window */
  struct vfio_iommu_spapr_tce_create window = {
      .argsz = sizeof window, .page_shift = 16, .window_size = 1 << 30, .levels = 1};
  struct {
    int group, table;
  } feed = {group, table};

  if (!unfed)
    kvm_vfio(create_device.fd, GROUP_ADD, &group);
  CALL(container, VFIO_IOMMU_SPAPR_TCE_CREATE, &window);
  if (unfed)
    kvm_vfio(create_device.fd, GROUP_ADD, &group);
  else
    kvm_vfio(create_device.fd, SET_SPAPR_TCE, &feed);
  int device = CALL(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");

  struct vfio_iommu_type1_dma_map map = {.argsz = sizeof map,
                                         .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                                         .vaddr = (uintptr_t)memory,
                                         .iova = PAGE,
                                         .size = PAGE};
  CALL(container, VFIO_IOMMU_MAP_DMA, &map);
  if (strcmp(fault, "strict") == 0) {
    struct vfio_group_status status = {.argsz = 4};
    if (ioctl(group, VFIO_GROUP_GET_STATUS, &status) == 0)
      return 4;
  }
  if (strcmp(fault, "left") == 0)
    return 0;

  if (trap)
    CALL(container, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &prereg);
  struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof unmap, .iova = PAGE, .size = PAGE};
  if (!live)
    CALL(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
  close(device);
  if (strcmp(fault, "orphan") == 0) {
    CALL(container, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove_window);
    return 0;
  }
  kvm_vfio(create_device.fd, GROUP_DEL, &group);
  CALL(container, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove_window);
  if (!trap)
    CALL(container, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &prereg);
  ioctl(group, VFIO_GROUP_UNSET_CONTAINER);
  close(group);
  close(container);
  close(create_device.fd);
  close(table);
  close(vm);
  close(kvm);
  return 0;
}
