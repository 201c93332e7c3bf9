/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/one-reg.h"

#include <string.h>

#include "sim/kernel/cpu.h"

/* KVM_REG_PPC, KVM_REG_PPC_TM and the size in an id; arch/powerpc/include/uapi/asm/kvm.h */
#define ID_PPC G_GUINT64_CONSTANT(0x1000000000000000)
#define ID_TM G_GUINT64_CONSTANT(0x80000000)
#define ID_SIZE(id) (1u << ((id) >> 52 & 0xf))

enum {
  REG_HIOR = 0x01,
  REG_FPR0 = 0x20,
  REG_FPR31 = 0x3f,
  REG_VSR0 = 0x60,
  REG_VPA_ADDR = 0x82,
  REG_VPA_SLB = 0x83,
  REG_VPA_DTL = 0x84,
  REG_DEBUG_INST = 0x8b,
  REG_ICP_STATE = 0x8c,
  REG_VP_STATE = 0x8d,
  REG_TB_OFFSET = 0x9c,
  REG_DAWRX = 0xab,
  REG_CIABR = 0xac,
  REG_PID = 0xb2,
  REG_LPCR = 0xb5,
  REG_ARCH_COMPAT = 0xb7,
  REG_DABRX = 0xb8,
  REG_PSSCR = 0xbd,
  REG_DAWRX1 = 0xc5,
};

typedef struct {
  guint16 first, last; /* numbers */
  guint8 bytes;
  guint since; /* kernel; 0: all that are modelled */
} Range;

/* Those that KVM-HV has a place for; the others of asm/kvm.h are of embedded CPUs. */
static const Range plain[] = {
    {0x01, 0x01, 8, 0},                  /* HIOR */
    {0x08, 0x0c, 8, 0},                  /* DABR, DSCR, PURR, SPURR, DAR */
    {0x0d, 0x0d, 4, 0},                  /* DSISR */
    {0x0e, 0x17, 8, 0},                  /* AMR, UAMOR, MMCR0..MMCRS, SIAR, SDAR, SIER */
    {0x18, 0x1f, 4, 0},                  /* PMC1..8 */
    {0x20, 0x3f, 8, 0},                  /* FPR0..31 */
    {0x40, 0x7f, 16, 0},                 /* VR0..31, VSR0..31 */
    {0x80, 0x80, 8, 0},                  /* FPSCR */
    {0x81, 0x81, 4, 0},                  /* VSCR */
    {0x82, 0x82, 8, 0},                  /* VPA_ADDR */
    {0x83, 0x84, 16, 0},                 /* VPA_SLB, VPA_DTL */
    {0x8b, 0x8b, 4, 0},                  /* DEBUG_INST */
    {0x8c, 0x8c, 8, 0},                  /* ICP_STATE */
    {0x8d, 0x8d, 16, SIM_VERSION(5, 2)}, /* VP_STATE */
    {0x9c, 0x9c, 8, 0},                  /* TB_OFFSET */
    {0x9d, 0x9e, 4, 0},                  /* SPMC1, SPMC2 */
    {0x9f, 0xa3, 8, 0},                  /* IAMR, TFHAR, TFIAR, TEXASR, FSCR */
    {0xa4, 0xa4, 4, 0},                  /* PSPB */
    {0xa5, 0xb3, 8, 0},                  /* EBBHR..TAR, DPDES, DAWR, DAWRX, CIABR, IC, VTB, CSIGR..TCSCR, PID, ACOP */
    {0xb4, 0xb4, 4, 0},                  /* VRSAVE */
    {0xb5, 0xb5, 4, 0},                  /* LPCR, its lower half */
    {0xb5, 0xb6, 8, 0},                  /* LPCR_64, PPR */
    {0xb7, 0xb8, 4, 0},                  /* ARCH_COMPAT, DABRX */
    {0xb9, 0xb9, 8, 0},                  /* WORT */
    {0xbc, 0xbe, 8, 0},                  /* TIDR, PSSCR, DEC_EXPIRY */
    {0xbf, 0xbf, 4, SIM_VERSION(4, 18)}, /* ONLINE */
    {0xc0, 0xc0, 8, SIM_VERSION(4, 20)}, /* PTCR */
    {0xc1, 0xc3, 8, SIM_VERSION(5, 9)},  /* MMCR3, SIER2, SIER3 */
    {0xc4, 0xc5, 8, SIM_VERSION(5, 12)}, /* DAWR1, DAWRX1 */
};

static const Range transaction[] = {
    {0x00, 0x1f, 8, 0},  /* GPR0..31 */
    {0x20, 0x5f, 16, 0}, /* VSR0..63 */
    {0x60, 0x66, 8, 0},  /* CR, LR, CTR, FPSCR, AMR, PPR, VRSAVE */
    {0x67, 0x67, 4, 0},  /* VSCR */
    {0x68, 0x6a, 8, 0},  /* DSCR, TAR, XER */
};

static gboolean has(const SimKernel *kernel, const Range *ranges, gsize n, guint64 number, guint bytes) {
  for (gsize i = 0; i < n; i++)
    if (number >= ranges[i].first && number <= ranges[i].last && bytes == ranges[i].bytes)
      return sim_host_of(kernel)->version >= ranges[i].since;
  return FALSE;
}

/* Where the register lies; NULL: KVM has none of that id. */
static guint8 *place(const SimKernel *kernel, SimOneRegs *regs, guint64 id, guint64 *number) {
  guint bytes = ID_SIZE(id);

  *number = id & ~(ID_PPC | G_GUINT64_CONSTANT(0xf) << 52);
  if ((id & ID_PPC) != ID_PPC)
    return NULL;
  if (*number & ID_TM) {
    *number &= ~ID_TM;
    return has(kernel, transaction, G_N_ELEMENTS(transaction), *number, bytes) ? regs->transaction[*number] : NULL;
  }
  if (!has(kernel, plain, G_N_ELEMENTS(plain), *number, bytes))
    return NULL;
  /* a floating point register is the half of a vector-scalar one that comes second in memory on a little-endian host */
  if (*number >= REG_FPR0 && *number <= REG_FPR31)
    return regs->plain[REG_VSR0 + *number - REG_FPR0] + sizeof(guint64);
  return regs->plain[*number];
}

static guint64 load(const SimOneRegs *regs, guint64 number) {
  guint64 value;

  memcpy(&value, regs->plain[number], sizeof value);
  return value;
}

static void store(SimOneRegs *regs, guint64 number, guint64 value) {
  memcpy(regs->plain[number], &value, sizeof value);
}

/* ---- the LPCR ---- */

#define LPCR_VPM0 (G_GUINT64_CONSTANT(1) << 63)
#define LPCR_VPM1 (G_GUINT64_CONSTANT(1) << 62)
#define LPCR_DPFD (G_GUINT64_CONSTANT(7) << 52)
#define LPCR_DPFD_4 (G_GUINT64_CONSTANT(4) << 52)

enum {
  LPCR_ILE = 0x02000000,
  LPCR_AIL = 0x01800000, /* 3 of its four values; 1 and 2 are reserved */
  LPCR_ONL = 0x00040000,
  LPCR_LD = 0x00020000,
  LPCR_UPRT = 0x00400000,
  LPCR_HR = 0x00100000,
  LPCR_GTSE = 0x00000400,
  LPCR_TC = 0x00000200,
  LPCR_HEIC = 0x10,
  LPCR_HVICE = 0x02,
  LPCR_HDICE = 0x01,
};

static void change_lpcr(SimOneRegs *regs, guint64 mask, guint64 bits) {
  store(regs, REG_LPCR, (load(regs, REG_LPCR) & ~mask) | (bits & mask));
}

/* kvmppc_switch_mmu_to_radix(), kvmppc_switch_mmu_to_hpt() */
void sim_one_regs_set_mmu(SimOneRegs *regs, const SimVmMmu *mmu) {
  guint64 bits = mmu->radix ? LPCR_UPRT | LPCR_HR : LPCR_VPM1;

  change_lpcr(regs, LPCR_VPM1 | LPCR_UPRT | LPCR_HR | LPCR_GTSE, mmu->gtse ? bits | LPCR_GTSE : bits);
}

/* kvmppc_core_init_vm_hv(), without the bits that are copied from the host's own LPCR */
void sim_one_regs_init(SimOneRegs *regs, const SimHost *host, const SimVmMmu *mmu) {
  memset(regs, 0, sizeof *regs);
  store(regs, REG_LPCR,
        LPCR_DPFD_4 | LPCR_HDICE | (sim_cpu_is_power9(host) ? LPCR_HVICE | LPCR_HEIC : LPCR_VPM0 | LPCR_ONL));
  sim_one_regs_set_mmu(regs, mmu);
}

/* kvmppc_set_lpcr(): user space decides a few bits only. */
static void set_lpcr(SimCall *call, SimOneRegs *regs, guint64 new, guint bytes) {
  guint64 mask = LPCR_DPFD | LPCR_ILE | LPCR_TC | LPCR_AIL;

  if (sim_cpu_is_power9(sim_host_of(call->kernel)))
    mask |= LPCR_LD;
  if (bytes == sizeof(guint32))
    mask &= G_MAXUINT32;
  if ((new &LPCR_AIL) != LPCR_AIL && sim_since(call->kernel, 5, 13))
    new &= ~(guint64)LPCR_AIL;
  change_lpcr(regs, mask, new);
}

guint64 sim_one_reg_pid(const SimOneRegs *regs) {
  return load(regs, REG_PID);
}

/* ---- other registers that do not take every value ---- */

/* PVR_ARCH_206 and later: kvmppc_set_arch_compat() */
static gboolean can_be_compatible(const SimHost *host, guint32 level) {
  static const struct {
    guint32 level;
    gboolean power9;
  } levels[] = {{0, FALSE},          {0x0f000002, FALSE}, {0x0f000003, FALSE},
                {0x0f100003, FALSE}, {0x0f000004, FALSE}, {0x0f000005, TRUE}};

  for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
    if (levels[i].level == level)
      return !levels[i].power9 || sim_cpu_is_power9(host);
  return FALSE;
}

static guint64 filtered(guint64 number, guint64 value) {
  const guint64 psscr_guest = G_GUINT64_CONSTANT(0xf0000000000003ff), tb = (G_GUINT64_CONSTANT(1) << 24) - 1;
  const guint64 dabrx_hyp = 4, dawrx_hyp = 4, ciabr_privilege = 3;

  switch (number) {
  case REG_DABRX:
    return value & ~dabrx_hyp;
  case REG_DAWRX:
  case REG_DAWRX1:
    return value & ~dawrx_hyp;
  case REG_CIABR: /* no breakpoint in the hypervisor */
    return (value & ciabr_privilege) == ciabr_privilege ? value & ~ciabr_privilege : value;
  case REG_PSSCR:
    return value & psscr_guest;
  case REG_TB_OFFSET:
    return (value + tb) & ~tb;
  default:
    return value;
  }
}

typedef union {
  guint8 bytes[SIM_ONE_REG_BYTES];
  guint64 words[SIM_ONE_REG_BYTES / sizeof(guint64)];
} Value;

enum { DTL_ENTRY = 48 }; /* struct dtl_entry: of the log of dispatches */

/* 0 or an errno: what a register refuses. The areas that a guest shares with the hypervisor hang on the first, its VPA.
 */
static int check(SimCall *call, const SimOneRegs *regs, guint64 number, const Value *value) {
  gboolean set = value->words[0] != 0;

  switch (number) {
  case REG_HIOR:
    return set ? EINVAL : 0;
  case REG_DEBUG_INST: /* read only */
    return EINVAL;
  case REG_ICP_STATE: /* no interrupt controller in the kernel */
  case REG_VP_STATE:
    return ENXIO;
  case REG_VPA_ADDR:
    return !set && (load(regs, REG_VPA_SLB) || load(regs, REG_VPA_DTL)) ? EINVAL : 0;
  case REG_VPA_SLB:
    return set && !load(regs, REG_VPA_ADDR) ? EINVAL : 0;
  case REG_VPA_DTL:
    return set && (value->words[1] < DTL_ENTRY || !load(regs, REG_VPA_ADDR)) ? EINVAL : 0;
  case REG_ARCH_COMPAT:
    return can_be_compatible(sim_host_of(call->kernel), (guint32)value->words[0]) ? 0 : EINVAL;
  default:
    return 0;
  }
}

/* ---- the ioctls ---- */

typedef struct {
  guint64 id, addr; /* struct kvm_one_reg */
} Args;

static long read_args(SimCall *call, Args *args) {
  if (sim_read(call, call->arg, args, sizeof *args))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  return ID_SIZE(args->id) > SIM_ONE_REG_BYTES ? sim_refuse(call, EINVAL, RULE_VC_28) : 0;
}

long sim_one_reg_get(SimCall *call, const SimOneRegs *regs) {
  static const guint32 breakpoint = 0x00dddd00; /* KVMPPC_INST_SW_BREAKPOINT */
  const guint8 *at;
  guint64 number;
  Args args;
  long r = read_args(call, &args);

  if (r)
    return r;
  at = place(call->kernel, (SimOneRegs *)regs, args.id, &number);
  if (!at)
    return sim_refuse(call, EINVAL, RULE_VC_29);
  if (at == regs->plain[REG_ICP_STATE] || at == regs->plain[REG_VP_STATE])
    return sim_refuse(call, ENXIO, RULE_VC_30);
  if (at == regs->plain[REG_DEBUG_INST])
    at = (const guint8 *)&breakpoint;
  return sim_write(call, args.addr, at, ID_SIZE(args.id)) ? sim_refuse(call, EFAULT, RULE_VC_1) : 0;
}

static long set_plain(SimCall *call, SimOneRegs *regs, guint64 number, Value *value, guint bytes) {
  int err = check(call, regs, number, value);

  if (err)
    return sim_refuse(call, err, err == ENXIO ? RULE_VC_30 : RULE_VC_31);
  if (number == REG_LPCR) {
    set_lpcr(call, regs, value->words[0], bytes);
    memcpy(value->bytes, regs->plain[REG_LPCR], bytes);
    sim_met(call, RULE_VC_32);
  } else if (number == REG_VPA_DTL) {
    value->words[1] -= value->words[1] % DTL_ENTRY;
  } else {
    value->words[0] = filtered(number, value->words[0]);
  }
  return 0;
}

long sim_one_reg_set(SimCall *call, SimOneRegs *regs) {
  Value value = {0};
  guint64 number;
  guint8 *at;
  Args args;
  long r = read_args(call, &args);

  if (r)
    return r;
  if (sim_read(call, args.addr, value.bytes, ID_SIZE(args.id)))
    return sim_refuse(call, EFAULT, RULE_VC_1);
  at = place(call->kernel, regs, args.id, &number);
  if (!at)
    return sim_refuse(call, EINVAL, RULE_VC_29);
  if (!(args.id & ID_TM))
    r = set_plain(call, regs, number, &value, ID_SIZE(args.id));
  if (!r)
    memcpy(at, value.bytes, ID_SIZE(args.id));
  return r;
}
