/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of calls against the kernel's own headers, <linux/vfio.h> and <linux/kvm.h>: numbers as x86 passes them,
 * sizes, offsets and widths of fields. What the headers of this machine do not have (the powerpc structs of KVM, the
 * iommufd calls of 6.6) is in test-abi-table.c, after the specification.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/kvm.h>
#include <linux/vfio.h>

#include "sim/abi/abi.h"

#define NUMBER(id, macro)                                                                                              \
  { ABI_##id, #macro, (guint32)(macro) }

static const struct {
  AbiCallId id;
  const char *full_name;
  guint32 number;
} numbers[] = {
    NUMBER(GET_API_VERSION, VFIO_GET_API_VERSION),
    NUMBER(CHECK_EXTENSION, VFIO_CHECK_EXTENSION),
    NUMBER(SET_IOMMU, VFIO_SET_IOMMU),
    NUMBER(TCE_GET_INFO, VFIO_IOMMU_SPAPR_TCE_GET_INFO),
    NUMBER(MAP_DMA, VFIO_IOMMU_MAP_DMA),
    NUMBER(UNMAP_DMA, VFIO_IOMMU_UNMAP_DMA),
    NUMBER(ENABLE, VFIO_IOMMU_ENABLE),
    NUMBER(DISABLE, VFIO_IOMMU_DISABLE),
    NUMBER(REGISTER_MEMORY, VFIO_IOMMU_SPAPR_REGISTER_MEMORY),
    NUMBER(UNREGISTER_MEMORY, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY),
    NUMBER(TCE_CREATE, VFIO_IOMMU_SPAPR_TCE_CREATE),
    NUMBER(TCE_REMOVE, VFIO_IOMMU_SPAPR_TCE_REMOVE),
    NUMBER(EEH_PE_OP, VFIO_EEH_PE_OP),
    NUMBER(TYPE1_GET_INFO, VFIO_IOMMU_GET_INFO),
    NUMBER(TYPE1_MAP_DMA, VFIO_IOMMU_MAP_DMA),
    NUMBER(TYPE1_UNMAP_DMA, VFIO_IOMMU_UNMAP_DMA),
    NUMBER(DIRTY_PAGES, VFIO_IOMMU_DIRTY_PAGES),
    NUMBER(GROUP_GET_STATUS, VFIO_GROUP_GET_STATUS),
    NUMBER(SET_CONTAINER, VFIO_GROUP_SET_CONTAINER),
    NUMBER(UNSET_CONTAINER, VFIO_GROUP_UNSET_CONTAINER),
    NUMBER(GET_DEVICE_FD, VFIO_GROUP_GET_DEVICE_FD),
    NUMBER(DEVICE_GET_INFO, VFIO_DEVICE_GET_INFO),
    NUMBER(GET_REGION_INFO, VFIO_DEVICE_GET_REGION_INFO),
    NUMBER(GET_IRQ_INFO, VFIO_DEVICE_GET_IRQ_INFO),
    NUMBER(SET_IRQS, VFIO_DEVICE_SET_IRQS),
    NUMBER(DEVICE_RESET, VFIO_DEVICE_RESET),
    NUMBER(GET_HOT_RESET_INFO, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO),
    NUMBER(HOT_RESET, VFIO_DEVICE_PCI_HOT_RESET),
    NUMBER(QUERY_GFX_PLANE, VFIO_DEVICE_QUERY_GFX_PLANE),
    NUMBER(GET_GFX_DMABUF, VFIO_DEVICE_GET_GFX_DMABUF),
    NUMBER(IOEVENTFD, VFIO_DEVICE_IOEVENTFD),
    NUMBER(DEVICE_FEATURE, VFIO_DEVICE_FEATURE),
    NUMBER(KVM_GET_API_VERSION, KVM_GET_API_VERSION),
    NUMBER(CREATE_VM, KVM_CREATE_VM),
    NUMBER(KVM_CHECK_EXTENSION, KVM_CHECK_EXTENSION),
    NUMBER(GET_VCPU_MMAP_SIZE, KVM_GET_VCPU_MMAP_SIZE),
    NUMBER(VM_CHECK_EXTENSION, KVM_CHECK_EXTENSION),
    NUMBER(CREATE_VCPU, KVM_CREATE_VCPU),
    NUMBER(SET_USER_MEMORY_REGION, KVM_SET_USER_MEMORY_REGION),
    NUMBER(GET_DIRTY_LOG, KVM_GET_DIRTY_LOG),
    NUMBER(IRQ_LINE, KVM_IRQ_LINE),
    NUMBER(IRQFD, KVM_IRQFD),
    NUMBER(VM_IOEVENTFD, KVM_IOEVENTFD),
    NUMBER(ENABLE_CAP, KVM_ENABLE_CAP),
    NUMBER(PPC_GET_PVINFO, KVM_PPC_GET_PVINFO),
    NUMBER(PPC_GET_SMMU_INFO, KVM_PPC_GET_SMMU_INFO),
    NUMBER(PPC_ALLOCATE_HTAB, KVM_PPC_ALLOCATE_HTAB),
    NUMBER(PPC_SVM_OFF, KVM_PPC_SVM_OFF),
    NUMBER(RUN, KVM_RUN),
    NUMBER(TRANSLATE, KVM_TRANSLATE),
    NUMBER(INTERRUPT, KVM_INTERRUPT),
    NUMBER(SET_SIGNAL_MASK, KVM_SET_SIGNAL_MASK),
    NUMBER(GET_MP_STATE, KVM_GET_MP_STATE),
    NUMBER(SET_MP_STATE, KVM_SET_MP_STATE),
    NUMBER(GET_ONE_REG, KVM_GET_ONE_REG),
    NUMBER(SET_ONE_REG, KVM_SET_ONE_REG),
    NUMBER(CREATE_DEVICE, KVM_CREATE_DEVICE),
    NUMBER(SET_DEVICE_ATTR, KVM_SET_DEVICE_ATTR),
    NUMBER(GET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR),
    NUMBER(HAS_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR),
};

static void test_numbers(void **state) {
  for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
    const AbiCall *call = abi_call(numbers[i].id);
    assert_string_equal(call->full_name, numbers[i].full_name);
    assert_int_equal(call->nr_x86, numbers[i].number);
  }
}

/* Their structs are in asm/kvm.h of powerpc. */
static gboolean of_powerpc(AbiCallId id) {
  switch (id) {
  case ABI_CREATE_SPAPR_TCE:
  case ABI_CREATE_SPAPR_TCE_64:
  case ABI_PPC_CONFIGURE_V3_MMU:
  case ABI_PPC_GET_RMMU_INFO:
  case ABI_PPC_GET_CPU_CHAR:
  case ABI_GET_REGS:
  case ABI_SET_REGS:
  case ABI_GET_SREGS:
  case ABI_SET_SREGS:
  case ABI_GET_FPU:
  case ABI_SET_FPU:
  case ABI_SET_GUEST_DEBUG:
    return TRUE;
  default:
    return FALSE;
  }
}

/* Every call with a number is compared, but for those that the headers of this machine may lack. */
static void test_no_number_unchecked(void **state) {
  for (int id = ABI_CALL_NONE + 1; id < ABI_N_CALLS; id++) {
    gboolean checked = abi_call((AbiCallId)id)->nr_x86 == 0 || of_powerpc((AbiCallId)id) || id == ABI_BIND_IOMMUFD ||
                       id == ABI_ATTACH_IOMMUFD_PT || id == ABI_DETACH_IOMMUFD_PT;
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
      checked = checked || (int)numbers[i].id == id;
    if (!checked)
      fail_msg("%s is compared with no header", abi_call((AbiCallId)id)->name);
  }
}

#define SIZE(id, type)                                                                                                 \
  { ABI_##id, sizeof(type) }

static const struct {
  AbiCallId id;
  gsize size;
} sizes[] = {
    SIZE(TCE_GET_INFO, struct vfio_iommu_spapr_tce_info),
    SIZE(MAP_DMA, struct vfio_iommu_type1_dma_map),
    SIZE(UNMAP_DMA, struct vfio_iommu_type1_dma_unmap),
    SIZE(REGISTER_MEMORY, struct vfio_iommu_spapr_register_memory),
    SIZE(UNREGISTER_MEMORY, struct vfio_iommu_spapr_register_memory),
    SIZE(TCE_CREATE, struct vfio_iommu_spapr_tce_create),
    SIZE(TCE_REMOVE, struct vfio_iommu_spapr_tce_remove),
    SIZE(EEH_PE_OP, struct vfio_eeh_pe_op),
    SIZE(TYPE1_GET_INFO, struct vfio_iommu_type1_info),
    SIZE(TYPE1_MAP_DMA, struct vfio_iommu_type1_dma_map),
    SIZE(TYPE1_UNMAP_DMA, struct vfio_iommu_type1_dma_unmap),
    SIZE(DIRTY_PAGES, struct vfio_iommu_type1_dirty_bitmap),
    SIZE(GROUP_GET_STATUS, struct vfio_group_status),
    SIZE(GET_REGION_INFO, struct vfio_region_info),
    SIZE(GET_IRQ_INFO, struct vfio_irq_info),
    {ABI_SET_IRQS, offsetof(struct vfio_irq_set, data)},
    {ABI_GET_HOT_RESET_INFO, offsetof(struct vfio_pci_hot_reset_info, devices)},
    {ABI_HOT_RESET, offsetof(struct vfio_pci_hot_reset, group_fds)},
    SIZE(QUERY_GFX_PLANE, struct vfio_device_gfx_plane_info),
    SIZE(IOEVENTFD, struct vfio_device_ioeventfd),
    {ABI_DEVICE_FEATURE, offsetof(struct vfio_device_feature, data)},
    SIZE(SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region),
    SIZE(ENABLE_CAP, struct kvm_enable_cap),
    SIZE(GET_DIRTY_LOG, struct kvm_dirty_log),
    SIZE(IRQ_LINE, struct kvm_irq_level),
    SIZE(IRQFD, struct kvm_irqfd),
    SIZE(VM_IOEVENTFD, struct kvm_ioeventfd),
    SIZE(PPC_GET_PVINFO, struct kvm_ppc_pvinfo),
    SIZE(PPC_GET_SMMU_INFO, struct kvm_ppc_smmu_info),
    SIZE(TRANSLATE, struct kvm_translation),
    SIZE(INTERRUPT, struct kvm_interrupt),
    SIZE(SET_SIGNAL_MASK, struct kvm_signal_mask),
    SIZE(GET_MP_STATE, struct kvm_mp_state),
    SIZE(SET_MP_STATE, struct kvm_mp_state),
    SIZE(GET_ONE_REG, struct kvm_one_reg),
    SIZE(SET_ONE_REG, struct kvm_one_reg),
    SIZE(CREATE_DEVICE, struct kvm_create_device),
    SIZE(SET_DEVICE_ATTR, struct kvm_device_attr),
    SIZE(GET_DEVICE_ATTR, struct kvm_device_attr),
    SIZE(HAS_DEVICE_ATTR, struct kvm_device_attr),
    SIZE(SET_SPAPR_TCE, struct kvm_vfio_spapr_tce),
};

static void test_sizes(void **state) {
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
    assert_int_equal(abi_call(sizes[i].id)->size, sizes[i].size);
  assert_true(abi_call(ABI_DEVICE_GET_INFO)->size >=
              sizeof(struct vfio_device_info)); /* 20 bytes before 6.6, then 24 */
}

#define FIELD_AS(id, name, type, member)                                                                               \
  { ABI_##id, #name, offsetof(type, member), sizeof(((type *)NULL)->member) }
#define FIELD(id, type, member) FIELD_AS(id, member, type, member)

static const struct {
  AbiCallId id;
  const char *name;
  gsize offset, size;
} fields[] = {
    FIELD(TCE_GET_INFO, struct vfio_iommu_spapr_tce_info, argsz),
    FIELD(TCE_GET_INFO, struct vfio_iommu_spapr_tce_info, flags),
    FIELD(TCE_GET_INFO, struct vfio_iommu_spapr_tce_info, dma32_window_start),
    FIELD(TCE_GET_INFO, struct vfio_iommu_spapr_tce_info, dma32_window_size),
    FIELD_AS(TCE_GET_INFO, pgsizes, struct vfio_iommu_spapr_tce_info, ddw.pgsizes),
    FIELD_AS(TCE_GET_INFO, max_dynamic_windows_supported, struct vfio_iommu_spapr_tce_info,
             ddw.max_dynamic_windows_supported),
    FIELD_AS(TCE_GET_INFO, levels, struct vfio_iommu_spapr_tce_info, ddw.levels),
    FIELD(MAP_DMA, struct vfio_iommu_type1_dma_map, argsz),
    FIELD(MAP_DMA, struct vfio_iommu_type1_dma_map, flags),
    FIELD(MAP_DMA, struct vfio_iommu_type1_dma_map, vaddr),
    FIELD(MAP_DMA, struct vfio_iommu_type1_dma_map, iova),
    FIELD(MAP_DMA, struct vfio_iommu_type1_dma_map, size),
    FIELD(UNMAP_DMA, struct vfio_iommu_type1_dma_unmap, argsz),
    FIELD(UNMAP_DMA, struct vfio_iommu_type1_dma_unmap, flags),
    FIELD(UNMAP_DMA, struct vfio_iommu_type1_dma_unmap, iova),
    FIELD(UNMAP_DMA, struct vfio_iommu_type1_dma_unmap, size),
    FIELD(REGISTER_MEMORY, struct vfio_iommu_spapr_register_memory, argsz),
    FIELD(REGISTER_MEMORY, struct vfio_iommu_spapr_register_memory, flags),
    FIELD(REGISTER_MEMORY, struct vfio_iommu_spapr_register_memory, vaddr),
    FIELD(REGISTER_MEMORY, struct vfio_iommu_spapr_register_memory, size),
    FIELD(UNREGISTER_MEMORY, struct vfio_iommu_spapr_register_memory, vaddr),
    FIELD(UNREGISTER_MEMORY, struct vfio_iommu_spapr_register_memory, size),
    FIELD(TCE_CREATE, struct vfio_iommu_spapr_tce_create, argsz),
    FIELD(TCE_CREATE, struct vfio_iommu_spapr_tce_create, flags),
    FIELD(TCE_CREATE, struct vfio_iommu_spapr_tce_create, page_shift),
    FIELD(TCE_CREATE, struct vfio_iommu_spapr_tce_create, window_size),
    FIELD(TCE_CREATE, struct vfio_iommu_spapr_tce_create, levels),
    FIELD(TCE_CREATE, struct vfio_iommu_spapr_tce_create, start_addr),
    FIELD(TCE_REMOVE, struct vfio_iommu_spapr_tce_remove, argsz),
    FIELD(TCE_REMOVE, struct vfio_iommu_spapr_tce_remove, flags),
    FIELD(TCE_REMOVE, struct vfio_iommu_spapr_tce_remove, start_addr),
    FIELD(EEH_PE_OP, struct vfio_eeh_pe_op, argsz),
    FIELD(EEH_PE_OP, struct vfio_eeh_pe_op, flags),
    FIELD(EEH_PE_OP, struct vfio_eeh_pe_op, op),
    FIELD_AS(EEH_PE_OP, type, struct vfio_eeh_pe_op, err.type),
    FIELD_AS(EEH_PE_OP, func, struct vfio_eeh_pe_op, err.func),
    FIELD_AS(EEH_PE_OP, addr, struct vfio_eeh_pe_op, err.addr),
    FIELD_AS(EEH_PE_OP, mask, struct vfio_eeh_pe_op, err.mask),
    FIELD(TYPE1_GET_INFO, struct vfio_iommu_type1_info, argsz),
    FIELD(TYPE1_GET_INFO, struct vfio_iommu_type1_info, flags),
    FIELD(TYPE1_GET_INFO, struct vfio_iommu_type1_info, iova_pgsizes),
    FIELD(TYPE1_GET_INFO, struct vfio_iommu_type1_info, cap_offset),
    FIELD(TYPE1_MAP_DMA, struct vfio_iommu_type1_dma_map, vaddr),
    FIELD(TYPE1_MAP_DMA, struct vfio_iommu_type1_dma_map, iova),
    FIELD(TYPE1_MAP_DMA, struct vfio_iommu_type1_dma_map, size),
    FIELD(TYPE1_UNMAP_DMA, struct vfio_iommu_type1_dma_unmap, iova),
    FIELD(TYPE1_UNMAP_DMA, struct vfio_iommu_type1_dma_unmap, size),
    FIELD(DIRTY_PAGES, struct vfio_iommu_type1_dirty_bitmap, flags),
    FIELD(GROUP_GET_STATUS, struct vfio_group_status, argsz),
    FIELD(GROUP_GET_STATUS, struct vfio_group_status, flags),
    FIELD(DEVICE_GET_INFO, struct vfio_device_info, argsz),
    FIELD(DEVICE_GET_INFO, struct vfio_device_info, flags),
    FIELD(DEVICE_GET_INFO, struct vfio_device_info, num_regions),
    FIELD(DEVICE_GET_INFO, struct vfio_device_info, num_irqs),
    FIELD(DEVICE_GET_INFO, struct vfio_device_info, cap_offset),
    FIELD(GET_REGION_INFO, struct vfio_region_info, argsz),
    FIELD(GET_REGION_INFO, struct vfio_region_info, flags),
    FIELD(GET_REGION_INFO, struct vfio_region_info, index),
    FIELD(GET_REGION_INFO, struct vfio_region_info, cap_offset),
    FIELD(GET_REGION_INFO, struct vfio_region_info, size),
    FIELD(GET_REGION_INFO, struct vfio_region_info, offset),
    FIELD(GET_IRQ_INFO, struct vfio_irq_info, argsz),
    FIELD(GET_IRQ_INFO, struct vfio_irq_info, flags),
    FIELD(GET_IRQ_INFO, struct vfio_irq_info, index),
    FIELD(GET_IRQ_INFO, struct vfio_irq_info, count),
    FIELD(SET_IRQS, struct vfio_irq_set, argsz),
    FIELD(SET_IRQS, struct vfio_irq_set, flags),
    FIELD(SET_IRQS, struct vfio_irq_set, index),
    FIELD(SET_IRQS, struct vfio_irq_set, start),
    FIELD(SET_IRQS, struct vfio_irq_set, count),
    FIELD(GET_HOT_RESET_INFO, struct vfio_pci_hot_reset_info, flags),
    FIELD(GET_HOT_RESET_INFO, struct vfio_pci_hot_reset_info, count),
    FIELD(HOT_RESET, struct vfio_pci_hot_reset, flags),
    FIELD(HOT_RESET, struct vfio_pci_hot_reset, count),
    FIELD(QUERY_GFX_PLANE, struct vfio_device_gfx_plane_info, drm_plane_type),
    FIELD(IOEVENTFD, struct vfio_device_ioeventfd, flags),
    FIELD(IOEVENTFD, struct vfio_device_ioeventfd, offset),
    FIELD(IOEVENTFD, struct vfio_device_ioeventfd, data),
    FIELD(IOEVENTFD, struct vfio_device_ioeventfd, fd),
    FIELD(DEVICE_FEATURE, struct vfio_device_feature, flags),
    FIELD(SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region, slot),
    FIELD(SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region, flags),
    FIELD(SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region, guest_phys_addr),
    FIELD(SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region, memory_size),
    FIELD(SET_USER_MEMORY_REGION, struct kvm_userspace_memory_region, userspace_addr),
    FIELD(ENABLE_CAP, struct kvm_enable_cap, cap),
    FIELD(ENABLE_CAP, struct kvm_enable_cap, flags),
    FIELD_AS(ENABLE_CAP, args0, struct kvm_enable_cap, args[0]),
    FIELD_AS(ENABLE_CAP, args1, struct kvm_enable_cap, args[1]),
    FIELD_AS(ENABLE_CAP, args2, struct kvm_enable_cap, args[2]),
    FIELD_AS(ENABLE_CAP, args3, struct kvm_enable_cap, args[3]),
    FIELD(GET_DIRTY_LOG, struct kvm_dirty_log, slot),
    FIELD(GET_DIRTY_LOG, struct kvm_dirty_log, dirty_bitmap),
    FIELD(IRQ_LINE, struct kvm_irq_level, irq),
    FIELD(IRQ_LINE, struct kvm_irq_level, level),
    FIELD(IRQFD, struct kvm_irqfd, fd),
    FIELD(IRQFD, struct kvm_irqfd, gsi),
    FIELD(IRQFD, struct kvm_irqfd, flags),
    FIELD(VM_IOEVENTFD, struct kvm_ioeventfd, datamatch),
    FIELD(VM_IOEVENTFD, struct kvm_ioeventfd, addr),
    FIELD(VM_IOEVENTFD, struct kvm_ioeventfd, len),
    FIELD(VM_IOEVENTFD, struct kvm_ioeventfd, fd),
    FIELD(VM_IOEVENTFD, struct kvm_ioeventfd, flags),
    FIELD(PPC_GET_PVINFO, struct kvm_ppc_pvinfo, flags),
    FIELD(PPC_GET_SMMU_INFO, struct kvm_ppc_smmu_info, flags),
    FIELD(PPC_GET_SMMU_INFO, struct kvm_ppc_smmu_info, slb_size),
    FIELD(PPC_GET_SMMU_INFO, struct kvm_ppc_smmu_info, data_keys),
    FIELD(PPC_GET_SMMU_INFO, struct kvm_ppc_smmu_info, instr_keys),
    FIELD(TRANSLATE, struct kvm_translation, linear_address),
    FIELD(TRANSLATE, struct kvm_translation, physical_address),
    FIELD(INTERRUPT, struct kvm_interrupt, irq),
    FIELD(SET_SIGNAL_MASK, struct kvm_signal_mask, len),
    FIELD(SET_MP_STATE, struct kvm_mp_state, mp_state),
    FIELD(GET_ONE_REG, struct kvm_one_reg, id),
    FIELD(GET_ONE_REG, struct kvm_one_reg, addr),
    FIELD(CREATE_DEVICE, struct kvm_create_device, type),
    FIELD(CREATE_DEVICE, struct kvm_create_device, fd),
    FIELD(CREATE_DEVICE, struct kvm_create_device, flags),
    FIELD(SET_DEVICE_ATTR, struct kvm_device_attr, flags),
    FIELD(SET_DEVICE_ATTR, struct kvm_device_attr, group),
    FIELD(SET_DEVICE_ATTR, struct kvm_device_attr, attr),
    FIELD(SET_DEVICE_ATTR, struct kvm_device_attr, addr),
    FIELD(GET_DEVICE_ATTR, struct kvm_device_attr, addr),
    FIELD(HAS_DEVICE_ATTR, struct kvm_device_attr, attr),
    FIELD_AS(SET_SPAPR_TCE, group, struct kvm_vfio_spapr_tce, groupfd),
    FIELD_AS(SET_SPAPR_TCE, liobn, struct kvm_vfio_spapr_tce, tablefd),
};

static void test_fields(void **state) {
  for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
    const AbiField *field = abi_field(abi_call(fields[i].id), fields[i].name);
    if (!field || field->offset != fields[i].offset || field->size != fields[i].size)
      fail_msg("%s.%s is not at %zu, %zu bytes long", abi_call(fields[i].id)->name, fields[i].name, fields[i].offset,
               fields[i].size);
  }
}

static void test_attributes_of_kvm_vfio(void **state) {
  assert_int_equal(KVM_DEV_TYPE_VFIO, 4);
  assert_int_equal(KVM_DEV_VFIO_GROUP_ADD, 1);
  assert_string_equal(abi_call(ABI_GROUP_ADD)->full_name, "KVM_DEV_VFIO_GROUP_ADD");
  assert_string_equal(abi_call(ABI_GROUP_DEL)->full_name, "KVM_DEV_VFIO_GROUP_DEL");
  assert_string_equal(abi_call(ABI_SET_SPAPR_TCE)->full_name, "KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers), cmocka_unit_test(test_no_number_unchecked),    cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_fields),  cmocka_unit_test(test_attributes_of_kvm_vfio),
  };

  return cmocka_run_group_tests_name("abi-headers", tests, NULL, NULL);
}
