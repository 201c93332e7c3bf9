/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/kvm: version, capabilities, new VMs. virt/kvm/kvm_main.c: kvm_dev_ioctl(); arch/powerpc/kvm/powerpc.c:
 * kvm_vm_ioctl_check_extension().
 */
#include <linux/kvm.h>

#include "sim/kernel/cpu.h"
#include "sim/kernel/vm.h"

enum {
  MEMSLOTS = 32767,   /* KVM_USER_MEM_SLOTS of book3s */
  VCPUS_ADVISED = 64, /* NR_VCPUS: what QEMU warns beyond */
  VCPUS = 2048,       /* KVM_MAX_VCPUS */
  VCPU_IDS = 16384,   /* KVM_MAX_VCPU_IDS: 8 threads each */
  SMT_POSSIBLE = 0xf, /* POWER9: 1, 2, 4 or 8 threads in a virtual core */
  API_VERSION = 12,
  PPC_AIL_MODE_3 = 210, /* not in every build machine's linux/kvm.h */
};

typedef struct {
  guint16 cap;
  guint16 value;
} Capability;

/* Capabilities with one answer; any other number is 0 (KV-64). */
static const Capability everywhere[] = {
    {KVM_CAP_USER_MEMORY, 1},
    {KVM_CAP_NR_VCPUS, VCPUS_ADVISED},
    {KVM_CAP_NR_MEMSLOTS, MEMSLOTS},
    {KVM_CAP_SYNC_MMU, 1},
    {KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1},
    {KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1},
    {KVM_CAP_IRQFD, 1},
    {KVM_CAP_IOEVENTFD, 1},
    {KVM_CAP_INTERNAL_ERROR_DATA, 1},
    {KVM_CAP_ENABLE_CAP, 1},
    {KVM_CAP_MAX_VCPUS, VCPUS},
    {KVM_CAP_ONE_REG, 1},
    {KVM_CAP_ENABLE_CAP_VM, 1},
    {KVM_CAP_CHECK_EXTENSION_VM, 1},
    {KVM_CAP_IOEVENTFD_ANY_LENGTH, 1},
    {KVM_CAP_MAX_VCPU_ID, VCPU_IDS},
    {KVM_CAP_IMMEDIATE_EXIT, 1},
};

static const Capability on_power[] = {
    {KVM_CAP_PPC_SEGSTATE, 1},
    {KVM_CAP_PPC_UNSET_IRQ, 1},
    {KVM_CAP_PPC_IRQ_LEVEL, 1},
    {KVM_CAP_PPC_SMT, 1},
    {KVM_CAP_PPC_HIOR, 1},
    {KVM_CAP_PPC_PAPR, 1},
    {KVM_CAP_PPC_GET_SMMU_INFO, 1},
    {KVM_CAP_PPC_ALLOC_HTAB, 1},
    {KVM_CAP_PPC_HTAB_FD, 1},
    {KVM_CAP_PPC_FIXUP_HCALL, 1},
    {KVM_CAP_PPC_ENABLE_HCALL, 1},
    {KVM_CAP_SPAPR_RESIZE_HPT, 1},
    {KVM_CAP_PPC_FWNMI, 1},
    {KVM_CAP_PPC_SMT_POSSIBLE, SMT_POSSIBLE},
    {KVM_CAP_PPC_GET_CPU_CHAR, 1},
    {KVM_CAP_PPC_RPT_INVALIDATE, 1},
    {PPC_AIL_MODE_3, 1},
};

static long look_up(const Capability *table, gsize n, guint64 cap) {
  for (gsize i = 0; i < n; i++)
    if (table[i].cap == cap)
      return table[i].value;
  return 0;
}

static long yes_no(SimCall *call, gboolean value, RuleId rule) {
  sim_met(call, rule);
  return value ? 1 : 0;
}

/* In 4.12 always; then on bare metal only, and from 6.12 in an LPAR, too. */
static gboolean has_tce_vfio(const SimKernel *kernel) {
  const SimHost *host = sim_host_of(kernel);

  if (!sim_since(kernel, 4, 19))
    return TRUE;
  return host->spapr_tce_vfio && (host->platform != SIM_PSERIES || sim_since(kernel, 6, 12));
}

long sim_kvm_capability(SimCall *call, guint64 cap) {
  const SimHost *host = sim_host_of(call->kernel);
  gboolean power = host->platform != SIM_X86;
  long value;

  switch (cap) {
  case KVM_CAP_SPAPR_TCE:
    return yes_no(call, power, RULE_KV_1);
  case KVM_CAP_SPAPR_TCE_64:
    return yes_no(call, power && host->spapr_tce_64, RULE_KV_1);
  case KVM_CAP_SPAPR_MULTITCE:
    return yes_no(call, power && host->spapr_multitce, RULE_KV_1);
  case KVM_CAP_SPAPR_TCE_VFIO:
    if (!sim_since(call->kernel, 4, 12))
      return yes_no(call, FALSE, RULE_KV_3);
    return yes_no(call, power && has_tce_vfio(call->kernel), RULE_KV_2);
  case KVM_CAP_DEVICE_CTRL:
    return yes_no(call, TRUE, RULE_KV_4);
  case KVM_CAP_PPC_MMU_RADIX:
    return yes_no(call, sim_cpu_is_power9(host), RULE_KV_64);
  case KVM_CAP_PPC_MMU_HASH_V3: /* a nested guest has none */
    return yes_no(call, sim_cpu_is_power9(host) && host->platform == SIM_POWERNV, RULE_KV_64);
  default:
    break;
  }
  sim_met(call, RULE_KV_64);
  value = look_up(everywhere, G_N_ELEMENTS(everywhere), cap);
  return value || !power ? value : look_up(on_power, G_N_ELEMENTS(on_power), cap);
}

static long create_vm(SimCall *call) {
  SimVm *vm;
  long fd;

  /* 0 is the host's own kind, 1 HV; 2, PR, is not built in */
  if (call->arg > 1)
    return sim_refuse(call, EINVAL, RULE_KV_62);
  sim_met(call, RULE_KV_62);
  vm = sim_vm_new(call);
  fd = sim_call_install(call, sim_vm_file(vm));
  sim_vm_unref(vm);
  return fd;
}

static long kvm_ioctl(SimCall *call, gpointer object) {
  AbiCallId id = sim_call_find(call, ABI_KVM);
  long r = sim_call_is(call, id);

  if (r)
    return r;
  switch (id) {
  case ABI_KVM_GET_API_VERSION:
    return call->arg ? sim_refuse(call, EINVAL, RULE_NONE) : API_VERSION;
  case ABI_CREATE_VM:
    return create_vm(call);
  case ABI_KVM_CHECK_EXTENSION:
    return sim_kvm_capability(call, call->arg);
  case ABI_GET_VCPU_MMAP_SIZE:
    if (call->arg)
      return sim_refuse(call, EINVAL, RULE_NONE);
    sim_met(call, RULE_KV_63);
    return 1L << sim_page_shift(call->kernel);
  default:
    return sim_refuse(call, EINVAL, RULE_KV_67);
  }
}

static const SimFileOps kvm_ops = {.kind = ABI_KVM, .ioctl = kvm_ioctl};

int sim_open_kvm(SimKernel *kernel, gpointer task, SimFile **file) {
  SimCall call;
  long r;

  sim_call_begin(&call, kernel, NULL, task, (AbiObject){.kind = ABI_KVM});
  r = sim_call_is(&call, ABI_OPEN);
  if (!r && sim_host_of(kernel)->kvm != SIM_KVM_MODEL)
    r = sim_refuse(&call, ENOENT, RULE_NONE);
  if (!r) {
    *file = sim_file_new(kernel, &kvm_ops, 0, NULL);
    call.event->made = (AbiObject){.kind = ABI_KVM};
  }
  return (int)sim_call_end(&call, r);
}
