/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/host-vcpu.h"

#include "harness/kernel.h"

#ifdef __powerpc__

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  SLOT = 500,        /* above those that a machine gives its RAM */
  MAX_ENTRIES = 100, /* of KVM_RUN for one hypercall: signals interrupt it */
  /* A number that no hypercall has, so that KVM leaves it to user space. */
  H_DONE = 0x6ffc,
};

#define PROGRAM_AT (G_GUINT64_CONSTANT(1) << 40) /* guest real address */
/* arch/powerpc/include/asm/reg.h: 64 bits, machine checks, little-endian; no translation */
#define GUEST_MSR (G_GUINT64_CONSTANT(1) << 63 | G_GUINT64_CONSTANT(1) << 12 | 1)
/* arch/powerpc/include/asm/mmu.h: a process table of a radix guest; it is not walked without translation */
#define PATB_GR (G_GUINT64_CONSTANT(1) << 63)

static const guint32 program[] = {
    0x44000022,          /* sc 1 */
    0x7c852378,          /* mr r5, r4 */
    0x7c641b78,          /* mr r4, r3 */
    0x38600000 | H_DONE, /* li r3, H_DONE */
    0x44000022,          /* sc 1 */
    0x48000000,          /* b . */
};

gboolean host_vcpu_available(void) {
  return TRUE;
}

struct HostVcpu {
  int fd;
  struct kvm_run *run;
  gsize run_size;
  void *memory; /* of the program, a page */
  gsize page;
};

static gboolean failed(const char *what, GError **error) {
  int err = errno;

  g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "%s: %s", what, g_strerror(err));
  return FALSE;
}

static gboolean set_up(HostVcpu *vcpu, int vm_fd, GError **error) {
  struct kvm_ppc_mmuv3_cfg mmu = {.flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE, .process_table = PATB_GR};
  struct kvm_enable_cap papr = {.cap = KVM_CAP_PPC_PAPR};
  struct kvm_userspace_memory_region region = {.slot = SLOT, .guest_phys_addr = PROGRAM_AT, .memory_size = vcpu->page};
  long size = ioctl(vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);

  if (size > 0 && size <= SLOT)
    region.slot = (guint32)size - 1;
  vcpu->memory = mmap(NULL, vcpu->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (vcpu->memory == MAP_FAILED)
    return failed("memory for a guest's program", error);
  memcpy(vcpu->memory, program, sizeof program);
  region.userspace_addr = (guintptr)vcpu->memory;
  if (ioctl(vm_fd, KVM_PPC_CONFIGURE_V3_MMU, &mmu) < 0)
    return failed("KVM_PPC_CONFIGURE_V3_MMU(radix)", error);
  if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0)
    return failed("KVM_SET_USER_MEMORY_REGION of a guest's program", error);
  vcpu->fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
  if (vcpu->fd < 0)
    return failed("KVM_CREATE_VCPU", error);
  if (ioctl(vcpu->fd, KVM_ENABLE_CAP, &papr) < 0)
    return failed("KVM_ENABLE_CAP(PPC_PAPR)", error);
  return TRUE;
}

HostVcpu *host_vcpu_new(int vm_fd, GError **error) {
  HostVcpu *vcpu = g_new0(HostVcpu, 1);

  vcpu->fd = -1;
  vcpu->page = (gsize)sysconf(_SC_PAGESIZE);
  vcpu->run = MAP_FAILED;
  if (set_up(vcpu, vm_fd, error)) {
    /* KVM_GET_VCPU_MMAP_SIZE is asked of /dev/kvm, which is not ours: the struct that is used is in the first page. */
    vcpu->run_size = vcpu->page;
    vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (vcpu->run != MAP_FAILED)
      return vcpu;
    failed("mmap of a vCPU", error);
  }
  host_vcpu_free(vcpu);
  return NULL;
}

void host_vcpu_free(HostVcpu *vcpu) {
  if (!vcpu)
    return;
  if (vcpu->run != MAP_FAILED)
    munmap(vcpu->run, vcpu->run_size);
  if (vcpu->fd >= 0)
    close(vcpu->fd);
  if (vcpu->memory && vcpu->memory != MAP_FAILED)
    munmap(vcpu->memory, vcpu->page);
  g_free(vcpu);
}

/* What KVM_RUN takes r3 and on from: the registers, or, after a hypercall that user space has answered, that answer. */
static gboolean load(HostVcpu *vcpu, guint64 nr, const guint64 args[4], GError **error) {
  struct kvm_regs regs;

  if (ioctl(vcpu->fd, KVM_GET_REGS, &regs) < 0)
    return failed("KVM_GET_REGS", error);
  regs.pc = PROGRAM_AT;
  regs.msr = GUEST_MSR;
  regs.gpr[3] = vcpu->run->papr_hcall.ret = nr;
  for (guint i = 0; i < 4; i++)
    regs.gpr[4 + i] = vcpu->run->papr_hcall.args[i] = args[i];
  if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
    return failed("KVM_SET_REGS", error);
  return TRUE;
}

gboolean host_vcpu_hypercall(HostVcpu *vcpu, guint64 nr, const guint64 args[4], guint64 *value, long *result,
                             GError **error) {
  const struct kvm_run *run = vcpu->run;

  if (!load(vcpu, nr, args, error))
    return FALSE;
  for (guint i = 0; i < MAX_ENTRIES; i++) {
    if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
      if (errno != EINTR && errno != EAGAIN)
        return failed("KVM_RUN", error);
      continue;
    }
    if (run->exit_reason != KVM_EXIT_PAPR_HCALL)
      break;
    *result = run->papr_hcall.nr == H_DONE ? (long)run->papr_hcall.args[0] : SIM_H_TOO_HARD;
    *value = run->papr_hcall.nr == H_DONE ? run->papr_hcall.args[1] : 0;
    return TRUE;
  }
  g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "the vCPU left KVM for reason %u", run->exit_reason);
  return FALSE;
}

#else

gboolean host_vcpu_available(void) {
  return FALSE;
}

HostVcpu *host_vcpu_new(int vm_fd, GError **error) {
  g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                      "hypercalls are made by a guest's processor, which this machine has not: it is no POWER host");
  return NULL;
}

void host_vcpu_free(HostVcpu *vcpu) {
}

gboolean host_vcpu_hypercall(HostVcpu *vcpu, guint64 nr, const guint64 args[4], guint64 *value, long *result,
                             GError **error) {
  return FALSE;
}

#endif
