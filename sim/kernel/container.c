/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/kernel/container.h"

#include "sim/kernel/group.h"

struct SimContainer {
  SimKernel *kernel;
  guint refs;        /* the open file + each attached group */
  GPtrArray *groups; /* of SimGroup*, the newest first */
  gboolean noiommu;  /* they have no IOMMU; meaningless without a group */
  const SimIommuOps *ops;
  gpointer instance;
};

static SimContainer *container_ref(SimContainer *container) {
  container->refs++;
  return container;
}

static void container_unref(SimContainer *container) {
  if (--container->refs)
    return;
  container->kernel->census.containers--;
  g_ptr_array_unref(container->groups);
  g_free(container);
}

gboolean sim_container_has_driver(const SimContainer *container) {
  return container->ops != NULL;
}

gboolean sim_container_translate(const SimContainer *container, guint64 iova, SimDmaTarget *target) {
  return container->ops && container->ops->translate && container->ops->translate(container->instance, iova, target);
}

/* The drivers that the host's kernel has registered, newest first, NULL at the end. */
static const SimIommuOps *const *registered(const SimKernel *kernel) {
  static const SimIommuOps *const power[] = {&sim_spapr_ops, &sim_noiommu_ops, NULL}, *const x86[] = {&sim_type1_ops,
                                                                                                      &sim_noiommu_ops,
                                                                                                      NULL};

  return kernel->host->platform == SIM_X86 ? x86 : power;
}

/* Whether the driver is for such groups as the container has. */
static gboolean is_allowed(const SimContainer *container, const SimIommuOps *ops) {
  return container->noiommu == (ops == &sim_noiommu_ops);
}

static long check_extension(SimCall *call, SimContainer *container) {
  long answer = 0;

  if (container->ops) {
    sim_met(call, RULE_CG_17);
    return container->ops->check(call, container->instance, call->arg);
  }
  sim_met(call, RULE_CG_18);
  for (const SimIommuOps *const *ops = registered(container->kernel); *ops && answer <= 0; ops++)
    if (!container->groups->len || is_allowed(container, *ops))
      answer = (*ops)->check(call, NULL, call->arg);
  return answer;
}

static long attach_all(SimCall *call, SimContainer *container, const SimIommuOps *ops, gpointer instance) {
  for (guint i = 0; i < container->groups->len; i++) {
    long result = ops->attach(call, instance, g_ptr_array_index(container->groups, i));

    if (result) {
      while (i--)
        ops->detach(call, instance, g_ptr_array_index(container->groups, i));
      sim_met(call, RULE_CG_28);
      return result;
    }
  }
  return 0;
}

static long set_iommu(SimCall *call, SimContainer *container) {
  long result = 0;

  if (!container->groups->len)
    return sim_refuse(call, EINVAL, RULE_CG_24);
  if (container->ops)
    return sim_refuse(call, EINVAL, RULE_CG_25);
  for (const SimIommuOps *const *ops = registered(container->kernel); *ops; ops++) {
    gpointer instance;

    if (!is_allowed(container, *ops) || (*ops)->check(call, NULL, call->arg) <= 0)
      continue;
    result = (*ops)->open(call, call->arg, &instance);
    if (result)
      continue;
    result = attach_all(call, container, *ops, instance);
    if (result) {
      (*ops)->release(instance);
      continue;
    }
    container->ops = *ops;
    container->instance = instance;
    sim_met(call, RULE_CG_29);
    return 0;
  }
  return result ? result : sim_refuse(call, ENODEV, RULE_CG_26);
}

static long container_ioctl(SimCall *call, gpointer object) {
  SimContainer *container = object;
  const AbiCall *row = abi_find(ABI_CONTAINER, container->ops ? container->ops->driver : ABI_DRIVER_ANY, call->number);
  AbiCallId id = row ? row->id : ABI_UNKNOWN;
  long fault;

  if (!row)
    sim_call_payload(call, &call->number, sizeof call->number);
  fault = sim_call_is(call, id);
  if (fault)
    return fault;
  switch (id) {
  case ABI_GET_API_VERSION:
    sim_met(call, RULE_CG_9);
    return 0;
  case ABI_CHECK_EXTENSION:
    sim_met(call, RULE_CG_10);
    return check_extension(call, container);
  case ABI_SET_IOMMU:
    sim_met(call, RULE_CG_11);
    return set_iommu(call, container);
  default:
    if (!container->ops)
      return sim_refuse(call, EINVAL, RULE_CG_12);
    sim_met(call, RULE_CG_13);
    return container->ops->ioctl(call, container->instance, id);
  }
}

static ssize_t container_pread(SimCall *call, gpointer object, void *buf, gsize len, guint64 offset) {
  return sim_refuse(call, EINVAL, RULE_CG_14);
}

static ssize_t container_pwrite(SimCall *call, gpointer object, const void *buf, gsize len, guint64 offset) {
  return sim_refuse(call, EINVAL, RULE_CG_14);
}

static int container_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                          void **memory) {
  if (!sim_since(call->kernel, 5, 19))
    return (int)sim_refuse(call, EINVAL, RULE_CG_16);
  return (int)sim_refuse(call, ENODEV, RULE_CG_15);
}

static void container_release(SimFile *file, gpointer object) {
  SimContainer *container = object;

  sim_kernel_met(container->kernel, container->groups->len ? RULE_CG_80 : RULE_CG_79);
  container_unref(container);
}

static const SimFileOps container_ops = {
    .kind = ABI_CONTAINER,
    .ioctl = container_ioctl,
    .pread = container_pread,
    .pwrite = container_pwrite,
    .mmap = container_mmap,
    .release = container_release,
};

int sim_open_container(SimKernel *kernel, gpointer task, SimFile **file) {
  AbiObject object = {ABI_CONTAINER, kernel->n_containers + 1};
  SimContainer *container;
  SimCall call;
  long result;

  *file = NULL;
  sim_call_begin(&call, kernel, NULL, task, object);
  result = sim_call_is(&call, ABI_OPEN);
  if (result)
    return (int)sim_call_end(&call, result);
  kernel->n_containers++;
  kernel->census.containers++;
  container = g_new0(SimContainer, 1);
  container->kernel = kernel;
  container->refs = 1;
  container->groups = g_ptr_array_new();
  *file = sim_file_new(kernel, &container_ops, object.id, container);
  call.event->made = object;
  sim_met(&call, RULE_CG_1);
  return (int)sim_call_end(&call, 0);
}

/* Viability counts here from 5.19 on; on POWER the windows go with it from 6.4 on. */
static long claim(SimCall *call, SimGroup *group) {
  if (!sim_since(call->kernel, 5, 19)) {
    sim_met(call, RULE_CG_55);
    return 0;
  }
  if (!sim_group_viable(group))
    return sim_refuse(call, EPERM, RULE_CG_51);
  if (group->host->iommu == SIM_IOMMU_OTHER_DOMAIN)
    return sim_refuse(call, EBUSY, RULE_CG_52);
  if (group->host->iommu == SIM_IOMMU_BUSY && sim_host_of(call->kernel)->platform == SIM_PSERIES &&
      sim_since(call->kernel, 6, 4))
    return sim_refuse(call, EPERM, RULE_CG_54);
  if (sim_since(call->kernel, 6, 4))
    sim_group_claim(group);
  return 0;
}

/* A group without an IOMMU is the user's own risk, and none to share. */
static long may_join(SimCall *call, const SimContainer *container, const SimGroup *group) {
  gboolean noiommu = group->host->iommu == SIM_IOMMU_NONE;

  if (noiommu && !sim_call_capable(call, SIM_CAP_SYS_RAWIO))
    return sim_refuse(call, EPERM, RULE_CG_49);
  return container->groups->len && container->noiommu != noiommu ? sim_refuse(call, EPERM, RULE_CG_50) : 0;
}

long sim_container_attach(SimCall *call, SimContainer *container, SimGroup *group) {
  long result = may_join(call, container, group);

  if (!result && sim_group_is_real(group))
    result = claim(call, group);
  if (result)
    return result;
  if (container->ops) {
    result = container->ops->attach(call, container->instance, group);
    if (result) {
      sim_group_release(group);
      sim_met(call, RULE_CG_56);
      return result;
    }
  }
  group->container = container_ref(container);
  group->container_users = 1;
  container->noiommu = group->host->iommu == SIM_IOMMU_NONE;
  g_ptr_array_insert(container->groups, 0, group);
  sim_met(call, RULE_CG_57);
  return 0;
}

void sim_container_detach(SimCall *call, SimGroup *group) {
  SimContainer *container = group->container;

  if (container->ops)
    container->ops->detach(call, container->instance, group);
  sim_group_release(group);
  group->container = NULL;
  group->container_users = 0;
  g_ptr_array_remove(container->groups, group);
  if (container->ops && !container->groups->len) {
    container->ops->release(container->instance);
    container->ops = NULL;
    container->instance = NULL;
    sim_kernel_met(container->kernel, RULE_CG_61);
  }
  container_unref(container);
  sim_group_settle(group);
}
