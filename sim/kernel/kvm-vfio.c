/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kvm-vfio pseudo device. virt/kvm/vfio.c; virt/kvm/kvm_main.c: kvm_ioctl_create_device(), kvm_device_ioctl(). */
#include <linux/kvm.h>

#include "sim/kernel/group.h"
#include "sim/kernel/vm.h"

enum { ATTR_SET_SPAPR_TCE = 3 }; /* KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE: only powerpc's kernels have it */

/* An open file that KVM was told of, with the reference that keeps it open (KV-34). */
typedef struct {
  SimFile *file;
  gboolean asked; /* SET_SPAPR_TCE was called for it, whatever came of it: DEL then has tables to look for (KV-39) */
} Entry;

struct SimKvmVfio {
  SimVm *vm; /* a reference while the file is open */
  guint serial;
  GArray *entries; /* of Entry, oldest first */
};

static Entry *find_entry(const SimKvmVfio *device, const SimFile *file, guint *index) {
  for (guint i = 0; file && i < device->entries->len; i++) {
    Entry *entry = &g_array_index(device->entries, Entry, i);

    if (entry->file == file) {
      *index = i;
      return entry;
    }
  }
  return NULL;
}

static gboolean is_known_elsewhere(const SimKvmVfio *device, const SimFile *file) {
  const GPtrArray *vms = sim_vm_kernel(device->vm)->vms;
  guint at;

  for (guint i = 0; i < vms->len; i++) {
    const SimKvmVfio *other = sim_vm_kvm_vfio(g_ptr_array_index(vms, i));

    if (other && other != device && find_entry(other, file, &at))
      return TRUE;
  }
  return FALSE;
}

/* Up to 5.18 an entry was a user of the group's container, so that it needed one and kept the group in it
 * (KV-29..KV-31). */
static gboolean is_container_user(SimKernel *kernel) {
  return !sim_since(kernel, 5, 19);
}

/* Lets go of all but the file's reference, which goes last: it may be what keeps the group in its container (CG-84).
 * Returns the trap that it left behind (KV-55..KV-57), or RULE_NONE. */
static RuleId release_entry(SimVm *vm, Entry entry) {
  SimGroup *group = sim_file_group(entry.file);
  gboolean old = is_container_user(sim_vm_kernel(vm));
  RuleId trap = RULE_NONE;

  if (group && (entry.asked || old))
    trap = sim_vm_release_group(vm, group);
  else if (group && sim_vm_feeds_group(vm, group))
    trap = RULE_KV_57;
  if (group && old)
    group->container_users--;
  return trap;
}

/* ---- attributes ---- */

/* An fd that an attribute names, looked up before the call's event is complete: a fault may ask for its object. */
typedef struct {
  SimFile *file; /* borrowed; NULL: none, or none of the model's */
  int err;       /* 0 or -EBADF */
} Named;

static Named name_file(SimCall *call, int fd, guint ref) {
  Named named;

  named.err = sim_call_file(call, fd, ref, &named.file);
  return named;
}

/* The rule by which the file cannot be added, or RULE_NONE. */
static RuleId unfit_file(SimCall *call, const SimFile *file) {
  if (file && sim_file_group(file))
    return RULE_NONE;
  if (!sim_since(call->kernel, 6, 6))
    return RULE_KV_27;
  if (!file || sim_file_kind(file) != ABI_DEVICE)
    return RULE_KV_28;
  sim_met(call, RULE_KV_28);
  return RULE_NONE;
}

/* The same up to 5.18: vfio_group_get_external_user(). */
static RuleId unfit_container_user(const SimFile *file) {
  const SimGroup *group = file ? sim_file_group(file) : NULL;

  if (!group)
    return RULE_KV_27;
  if (!group->container)
    return RULE_KV_29;
  if (group->host->iommu == SIM_IOMMU_NONE)
    return RULE_KV_30;
  return sim_container_has_driver(group->container) && sim_group_viable(group) ? RULE_NONE : RULE_KV_31;
}

static long group_add(SimCall *call, SimKvmVfio *device, Named group) {
  RuleId unfit;
  SimFile *file = group.file;
  Entry entry = {.file = file};
  guint at;

  if (group.err)
    return sim_refuse(call, EBADF, RULE_KV_26);
  unfit = is_container_user(call->kernel) ? unfit_container_user(file) : unfit_file(call, file);
  if (unfit != RULE_NONE)
    return sim_refuse(call, unfit == RULE_KV_30 ? EPERM : EINVAL, unfit);
  if (find_entry(device, file, &at))
    return sim_refuse(call, EEXIST, RULE_KV_33);
  if (is_container_user(call->kernel))
    sim_file_group(file)->container_users++;
  else
    sim_met(call, RULE_KV_32);
  if (is_known_elsewhere(device, file))
    sim_met(call, RULE_KV_66);
  sim_file_ref(file);
  g_array_append_val(device->entries, entry);
  sim_met(call, RULE_KV_34);
  return 0;
}

static long group_del(SimCall *call, SimKvmVfio *device, Named group) {
  Entry *found, entry;
  RuleId trap;
  guint at;

  if (group.err)
    return sim_refuse(call, EBADF, RULE_KV_36);
  /* up to 4.12 the group was asked for as ADD asks, and so could be refused (Linux 5d6dee80a1e9) */
  if (!sim_since(call->kernel, 4, 13) && unfit_container_user(group.file) != RULE_NONE)
    return sim_refuse(call, EINVAL, RULE_KV_37);
  found = find_entry(device, group.file, &at);
  if (!found)
    return sim_refuse(call, ENOENT, RULE_KV_37);
  entry = *found;
  g_array_remove_index(device->entries, at);
  sim_met(call, entry.asked || is_container_user(call->kernel) ? RULE_KV_38 : RULE_KV_39);
  trap = release_entry(device->vm, entry);
  sim_file_unref(entry.file);
  return trap == RULE_NONE ? 0 : sim_notable(call, 0, trap);
}

static long set_spapr_tce(SimCall *call, SimKvmVfio *device, Named named, Named table) {
  SimGroup *group;
  Entry *entry;
  guint at;

  if (named.err)
    return sim_refuse(call, EBADF, RULE_KV_41);
  if (is_container_user(call->kernel)) {
    RuleId unfit = unfit_container_user(named.file);

    if (unfit != RULE_NONE)
      return sim_refuse(call, unfit == RULE_KV_30 ? EPERM : EINVAL, RULE_KV_42);
  }
  entry = find_entry(device, named.file, &at);
  if (!entry)
    return sim_refuse(call, ENOENT, RULE_KV_43);
  group = sim_file_group(named.file);
  if (!entry->asked && !sim_file_group_alive(named.file))
    return sim_refuse(call, EIO, RULE_KV_44);
  entry->asked = TRUE;
  if (table.err)
    return sim_refuse(call, EBADF, RULE_KV_45);
  return sim_vm_attach_group(call, device->vm, table.file, group);
}

static gboolean has_attribute(SimKernel *kernel, const struct kvm_device_attr *attr) {
  if (attr->group != KVM_DEV_VFIO_GROUP)
    return FALSE;
  switch (attr->attr) {
  case KVM_DEV_VFIO_GROUP_ADD:
  case KVM_DEV_VFIO_GROUP_DEL:
    return TRUE;
  case ATTR_SET_SPAPR_TCE:
    return sim_host_of(kernel)->platform != SIM_X86 && sim_since(kernel, 4, 12);
  default:
    return FALSE;
  }
}

static long has_attr(SimCall *call) {
  struct kvm_device_attr attr;

  if (sim_read(call, call->arg, &attr, sizeof attr))
    return sim_refuse(call, EFAULT, RULE_KV_16);
  if (!has_attribute(call->kernel, &attr))
    return sim_refuse(call, ENXIO, RULE_KV_19);
  sim_met(call, attr.attr == ATTR_SET_SPAPR_TCE ? RULE_KV_18 : RULE_KV_17);
  return 0;
}

/* What SET_DEVICE_ATTR turns out to be once its attribute is known. */
static const struct {
  AbiCallId call;
  guint8 size;    /* of what attr.addr points to */
  guint16 efault; /* RuleId */
} attributes[] = {
    [KVM_DEV_VFIO_GROUP_ADD] = {ABI_GROUP_ADD, 4, RULE_KV_25},
    [KVM_DEV_VFIO_GROUP_DEL] = {ABI_GROUP_DEL, 4, RULE_KV_35},
    [ATTR_SET_SPAPR_TCE] = {ABI_SET_SPAPR_TCE, 8, RULE_KV_40},
};

static long set_attr(SimCall *call, SimKvmVfio *device) {
  struct kvm_vfio_spapr_tce param = {-1, -1}; /* its first field is the fd of ADD and DEL */
  struct kvm_device_attr attr;
  Named group = {NULL, 0}, table = {NULL, 0};
  int unreadable = sim_read(call, call->arg, &attr, sizeof attr);
  int unknown = unreadable ? 0 : !has_attribute(call->kernel, &attr);
  long r;

  if (unreadable || unknown) {
    r = sim_call_is(call, ABI_SET_DEVICE_ATTR);
    if (r)
      return r;
    return unreadable ? sim_refuse(call, EFAULT, RULE_KV_23) : sim_refuse(call, ENXIO, RULE_KV_24);
  }
  unreadable = sim_read(call, attr.addr, &param, attributes[attr.attr].size);
  sim_call_payload(call, &param, unreadable ? 0 : attributes[attr.attr].size);
  if (!unreadable)
    group = name_file(call, param.groupfd, 0);
  if (!unreadable && attr.attr == ATTR_SET_SPAPR_TCE)
    table = name_file(call, param.tablefd, 1);
  r = sim_call_is(call, attributes[attr.attr].call);
  if (r)
    return r;
  if (unreadable)
    return sim_refuse(call, EFAULT, (RuleId)attributes[attr.attr].efault);
  switch (attr.attr) {
  case KVM_DEV_VFIO_GROUP_ADD:
    return group_add(call, device, group);
  case KVM_DEV_VFIO_GROUP_DEL:
    return group_del(call, device, group);
  default:
    return set_spapr_tce(call, device, group, table);
  }
}

/* ---- the file ---- */

static long kvm_vfio_ioctl(SimCall *call, gpointer object) {
  SimKvmVfio *device = object;
  AbiCallId id = sim_call_find(call, ABI_KVM_VFIO);
  gboolean foreign = sim_call_mm(call) != sim_vm_mm(device->vm);
  long r;

  if (!sim_vm_is_open(device->vm))
    sim_met(call, RULE_KV_60);
  if (id == ABI_SET_DEVICE_ATTR && !foreign)
    return set_attr(call, device);
  r = sim_call_is(call, id);
  if (!r)
    r = sim_vm_check_caller(call, device->vm);
  if (r)
    return r;
  switch (id) {
  case ABI_GET_DEVICE_ATTR:
    return sim_refuse(call, EPERM, RULE_KV_20);
  case ABI_HAS_DEVICE_ATTR:
    return has_attr(call);
  default:
    return sim_refuse(call, ENOTTY, RULE_KV_21);
  }
}

static int kvm_vfio_mmap(SimCall *call, gpointer object, gsize len, int prot, gboolean shared, guint64 offset,
                         void **memory) {
  return (int)sim_refuse(call, ENODEV, RULE_KV_22);
}

void sim_kvm_vfio_free(SimKvmVfio *device) {
  SimVm *vm = device->vm;
  gboolean old = is_container_user(sim_vm_kernel(vm));
  guint n = device->entries->len;

  sim_vm_set_kvm_vfio(vm, NULL);
  for (guint i = 0; i < n; i++) {
    RuleId trap = release_entry(vm, g_array_index(device->entries, Entry, i));

    if (trap != RULE_NONE)
      sim_kernel_met(sim_vm_kernel(vm), trap);
  }
  /* fput() leaves the last of a file to task_work, whose newest work is run first; groups were put at once. */
  for (guint i = 0; i < n; i++)
    sim_file_unref(g_array_index(device->entries, Entry, old ? i : n - 1 - i).file);
  sim_vm_kernel(vm)->census.kvm_vfio--;
  g_array_unref(device->entries);
  g_free(device);
}

static void kvm_vfio_release(SimFile *file, gpointer object) {
  SimKvmVfio *device = object;
  SimVm *vm = device->vm;
  SimKernel *kernel = sim_vm_kernel(vm);

  if (sim_since(kernel, 6, 1)) {
    sim_kernel_met(kernel, RULE_KV_58);
    sim_kvm_vfio_free(device);
  } else {
    sim_kernel_met(kernel, RULE_KV_59);
  }
  sim_vm_unref(vm);
}

static const SimFileOps kvm_vfio_ops = {
    .kind = ABI_KVM_VFIO, .ioctl = kvm_vfio_ioctl, .mmap = kvm_vfio_mmap, .release = kvm_vfio_release};

/* An fd of the VM's new device, or -errno. */
static long make_device(SimCall *call, SimVm *vm) {
  SimKvmVfio *device;
  long fd;

  if (sim_vm_kvm_vfio(vm))
    return sim_refuse(call, EBUSY, RULE_KV_11);
  device = g_new0(SimKvmVfio, 1);
  device->vm = sim_vm_ref(vm);
  device->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
  sim_vm_set_kvm_vfio(vm, device);
  call->kernel->census.kvm_vfio++;
  fd = sim_call_install(call, sim_file_new(call->kernel, &kvm_vfio_ops, ++call->kernel->n_kvm_vfio, device));
  if (fd < 0)
    return sim_refuse(call, (int)-fd, RULE_KV_13);
  sim_met(call, RULE_KV_14);
  return fd;
}

long sim_kvm_vfio_create(SimCall *call, SimVm *vm) {
  struct kvm_create_device args;

  if (sim_read(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_KV_7);
  if (args.type != KVM_DEV_TYPE_VFIO)
    return sim_refuse(call, ENODEV, RULE_KV_8);
  if (args.flags & ~KVM_CREATE_DEVICE_TEST)
    sim_met(call, RULE_KV_10);
  if (args.flags & KVM_CREATE_DEVICE_TEST) {
    sim_met(call, RULE_KV_9);
  } else {
    long fd = make_device(call, vm);

    if (fd < 0)
      return fd;
    args.fd = (guint32)fd;
  }
  if (sim_write(call, call->arg, &args, sizeof args))
    return sim_refuse(call, EFAULT, RULE_KV_15);
  return 0;
}
