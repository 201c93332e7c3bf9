/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/vm-mmu.h"

#include "sim/kernel/cpu.h"

void sim_vm_mmu_init(SimVmMmu *mmu, const SimHost *host) {
  mmu->radix = mmu->gtse = sim_cpu_is_power9(host);
}

static long put(SimCall *call, const void *info, gsize size) {
  return sim_write(call, call->arg, info, size) ? sim_refuse(call, EFAULT, RULE_VC_1) : 0;
}

/* ---- hashed page tables ---- */

enum { SEGMENT_SIZES = 8, PAGE_SIZES = 8 };

/* struct kvm_ppc_smmu_info */
typedef struct {
  guint64 flags;
  guint32 slb_size;
  guint16 data_keys, instr_keys;
  struct {
    guint32 page_shift, slb_enc;
    struct {
      guint32 page_shift, pte_enc;
    } enc[PAGE_SIZES];
  } sps[SEGMENT_SIZES];
} SmmuInfo;

G_STATIC_ASSERT(sizeof(SmmuInfo) == 592);

enum {
  PAGE_SIZES_REAL = 1, /* a page of the guest lies in one of the host that is as large */
  SEGMENTS_1T = 2,
  NO_HASH = 4,
  SLB_ENTRIES = 32,
  KEYS = 32,
  SLB_64K = 0x110, /* L and LP=01 of a segment's entry */
  SLB_16M = 0x100, /* L */
  PTE_64K = 1,
  PTE_16M_IN_4K = 0x38,
  PTE_16M_IN_64K = 8,
};

long sim_vm_mmu_smmu_info(SimCall *call) {
  SmmuInfo info = {
      .flags = PAGE_SIZES_REAL | SEGMENTS_1T,
      .slb_size = SLB_ENTRIES,
      .data_keys = KEYS,
      .instr_keys = KEYS,
      .sps = {{.page_shift = 12, .enc = {{12, 0}, {24, PTE_16M_IN_4K}}},
              {.page_shift = 16, .slb_enc = SLB_64K, .enc = {{16, PTE_64K}, {24, PTE_16M_IN_64K}}},
              {.page_shift = 24, .slb_enc = SLB_16M, .enc = {{24, 0}}}},
  };

  if (sim_host_of(call->kernel)->platform == SIM_PSERIES) /* a hypervisor that is a guest itself */
    info.flags |= NO_HASH;
  return put(call, &info, sizeof info);
}

enum { HTAB_ORDER_MIN = 18, HTAB_ORDER_MAX = 46 };

/* kvmppc_alloc_reset_hpt() */
long sim_vm_mmu_allocate_htab(SimCall *call, SimVmMmu *mmu) {
  guint32 order;

  if (sim_host_of(call->kernel)->platform == SIM_PSERIES)
    return sim_refuse(call, EOPNOTSUPP, RULE_VC_22);
  if (sim_read(call, call->arg, &order, sizeof order))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  mmu->radix = mmu->gtse = FALSE; /* whatever comes of it */
  if (order < HTAB_ORDER_MIN || order > HTAB_ORDER_MAX)
    return sim_refuse(call, EINVAL, RULE_VC_23);
  return 0;
}

/* ---- POWER9: radix page tables ---- */

enum { GEOMETRIES = 8, LEVELS = 4, AP_SHIFT = 29 };

/* struct kvm_ppc_rmmu_info */
typedef struct {
  struct {
    guint8 page_shift, level_bits[LEVELS], padding[3];
  } geometries[GEOMETRIES];
  guint32 ap_encodings[GEOMETRIES];
} RmmuInfo;

G_STATIC_ASSERT(sizeof(RmmuInfo) == 96);

long sim_vm_mmu_rmmu_info(SimCall *call) {
  const RmmuInfo power9 = {
      .geometries = {{.page_shift = 12, .level_bits = {9, 9, 9, 13}}, {.page_shift = 16, .level_bits = {5, 9, 9, 13}}},
      .ap_encodings = {12, 16 | 5u << AP_SHIFT, 21 | 1u << AP_SHIFT, 30 | 2u << AP_SHIFT},
  };
  const RmmuInfo none = {0};

  return put(call, sim_cpu_is_power9(sim_host_of(call->kernel)) ? &power9 : &none, sizeof(RmmuInfo));
}

enum { MMU_RADIX = 1, MMU_GTSE = 2, TABLE_SIZE_MASK = 0x1f, TABLE_SIZE_MAX = 24 };

#define TABLE_GUEST_RADIX (G_GUINT64_CONSTANT(1) << 63)

/* struct kvm_ppc_mmuv3_cfg */
typedef struct {
  guint64 flags, process_table;
} MmuConfig;

static gboolean is_sane(const SimHost *host, const MmuConfig *config) {
  gboolean radix = (config->flags & MMU_RADIX) != 0;

  return !(config->flags & ~(guint64)(MMU_RADIX | MMU_GTSE)) &&
         ((config->process_table & TABLE_GUEST_RADIX) != 0) == radix &&
         (config->process_table & TABLE_SIZE_MASK) <= TABLE_SIZE_MAX && (radix || host->platform != SIM_PSERIES);
}

long sim_vm_mmu_configure(SimCall *call, SimVmMmu *mmu) {
  const SimHost *host = sim_host_of(call->kernel);
  MmuConfig config;

  if (sim_read(call, call->arg, &config, sizeof config))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  if (!sim_cpu_is_power9(host))
    return sim_refuse(call, ENODEV, RULE_VC_24);
  if (!is_sane(host, &config))
    return sim_refuse(call, EINVAL, RULE_VC_25);
  mmu->radix = (config.flags & MMU_RADIX) != 0;
  mmu->gtse = (config.flags & MMU_GTSE) != 0;
  return 0;
}

/* ---- speculation ---- */

/* struct kvm_ppc_cpu_char: what the firmware of a POWER9 DD2.3 or of a POWER8 says of its guards against Meltdown and
 * Spectre. */
typedef struct {
  guint64 character, behaviour, character_mask, behaviour_mask;
} CpuChar;

#define BIT(n) (G_GUINT64_CONSTANT(1) << (n))
#define SPEC_BAR_ORI31 BIT(63)
#define BCCTRL_SERIALISED BIT(62)
#define L1D_FLUSH_ORI30 BIT(61)
#define L1D_FLUSH_TRIG2 BIT(60)
#define L1D_THREAD_PRIV BIT(59)
#define COUNT_CACHE_DIS BIT(56)
#define BCCTR_FLUSH_ASSIST BIT(54)
#define FAVOUR_SECURITY BIT(63)
#define L1D_FLUSH_PR BIT(62)
#define BNDS_CHK_SPEC_BAR BIT(61)
#define FLUSH_COUNT_CACHE BIT(58)

long sim_vm_mmu_cpu_char(SimCall *call) {
  CpuChar info = {
      .character = SPEC_BAR_ORI31,
      .behaviour = FAVOUR_SECURITY | L1D_FLUSH_PR | BNDS_CHK_SPEC_BAR | FLUSH_COUNT_CACHE,
      .character_mask = SPEC_BAR_ORI31 | BCCTRL_SERIALISED | L1D_FLUSH_ORI30 | L1D_FLUSH_TRIG2 | L1D_THREAD_PRIV |
                        COUNT_CACHE_DIS | BCCTR_FLUSH_ASSIST,
      .behaviour_mask = FAVOUR_SECURITY | L1D_FLUSH_PR | BNDS_CHK_SPEC_BAR | FLUSH_COUNT_CACHE,
  };

  info.character |= sim_cpu_is_power9(sim_host_of(call->kernel))
                        ? L1D_FLUSH_TRIG2 | L1D_THREAD_PRIV | BCCTR_FLUSH_ASSIST
                        : L1D_FLUSH_ORI30;
  return put(call, &info, sizeof info);
}
