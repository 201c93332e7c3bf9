/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/pseries/phb.h"

#include <errno.h>
#include <linux/vfio.h>

#include "harness/pseries/error.h"

typedef struct {
  char *name;
  VfioPciDevice *pci;
  guint irq_index; /* the kind of interrupt that the guest uses */
  guint vectors;
} Device;

struct PseriesPhb {
  VfioContext *context;
  guint index;
  VfioAddressSpace *dma;
  PhbWindows *windows;
  GPtrArray *devices; /* of Device*, in the order of plugging */
};

PseriesPhb *pseries_phb_new(VfioContext *context, PseriesVm *vm, const PseriesPhbConfig *config) {
  g_autofree char *name = g_strdup_printf("phb %u", config->index);
  PseriesPhb *phb = g_new0(PseriesPhb, 1);

  phb->context = context;
  phb->index = config->index;
  phb->dma = vfio_address_space_new(name);
  phb->windows = phb_windows_new(phb->dma, vm, config);
  phb->devices = g_ptr_array_new();
  return phb;
}

guint pseries_phb_index(const PseriesPhb *phb) {
  return phb->index;
}

PhbWindows *pseries_phb_windows(PseriesPhb *phb) {
  return phb->windows;
}

static Device *find_device(const PseriesPhb *phb, const char *name, guint *at) {
  for (guint i = 0; i < phb->devices->len; i++) {
    Device *device = phb->devices->pdata[i];
    if (!g_str_equal(device->name, name))
      continue;
    if (at)
      *at = i;
    return device;
  }
  return NULL;
}

static gboolean reset_device(Device *device, GError **error) {
  device->irq_index = VFIO_PCI_INTX_IRQ_INDEX;
  device->vectors = 0;
  return vfio_pci_device_reset(device->pci, error);
}

static void close_device(Device *device) {
  vfio_pci_device_close(device->pci);
  g_free(device->name);
  g_free(device);
}

guint pseries_phb_n_devices(const PseriesPhb *phb) {
  return phb->devices->len;
}

gboolean pseries_phb_has(const PseriesPhb *phb, const char *name) {
  return find_device(phb, name, NULL) != NULL;
}

gboolean pseries_phb_plug(PseriesPhb *phb, const char *name, const char *address, gboolean running, GError **error) {
  VfioPciDevice *pci = vfio_pci_device_open(phb->context, address, phb->dma, error);

  if (!pci)
    return FALSE;
  Device *device = g_new0(Device, 1);
  device->name = g_strdup(name);
  device->pci = pci;
  if (running && !reset_device(device, error)) {
    close_device(device);
    return FALSE;
  }
  g_ptr_array_add(phb->devices, device);
  return TRUE;
}

void pseries_phb_unplug(PseriesPhb *phb, const char *name) {
  g_autoptr(GError) error = NULL;
  guint at;
  Device *device = find_device(phb, name, &at);

  g_return_if_fail(device);
  g_ptr_array_remove_index(phb->devices, at);
  if (!reset_device(device, &error))
    g_warning("%s", error->message);
  close_device(device);
}

VfioPciDevice *pseries_phb_device(const PseriesPhb *phb, const char *name) {
  const Device *device = find_device(phb, name, NULL);

  return device ? device->pci : NULL;
}

gboolean pseries_phb_use_interrupt(PseriesPhb *phb, const char *name, guint index, guint vector) {
  Device *device = find_device(phb, name, NULL);

  if (!device)
    return FALSE;
  if (index == VFIO_PCI_INTX_IRQ_INDEX && device->irq_index != index) {
    vfio_pci_device_disable_msi(device->pci);
    device->irq_index = index;
  }
  if ((index == VFIO_PCI_MSI_IRQ_INDEX || index == VFIO_PCI_MSIX_IRQ_INDEX) &&
      (device->irq_index != index || device->vectors <= vector)) {
    device->vectors = vfio_pci_device_enable_msi(device->pci, index, vector + 1, NULL) ? vector + 1 : 0;
    device->irq_index = device->vectors ? index : VFIO_PCI_INTX_IRQ_INDEX;
    return device->vectors > 0;
  }
  return TRUE;
}

guint64 pseries_phb_interrupts(PseriesPhb *phb, const char *name, guint index, guint vector) {
  const Device *device = find_device(phb, name, NULL);

  if (!device)
    return 0;
  (void)pseries_phb_use_interrupt(phb, name, index, vector);
  return vfio_pci_device_take_interrupts(device->pci, index, vector);
}

/* Keeps the first of several errors. */
static void keep_first(GError **first, GError *error) {
  if (*first)
    g_clear_error(&error);
  else
    *first = error;
}

gboolean pseries_phb_reset(PseriesPhb *phb, GError **error) {
  GError *first = NULL;

  for (guint i = phb->devices->len; i-- > 0;) {
    GError *failure = NULL;
    if (!reset_device(phb->devices->pdata[i], &failure))
      keep_first(&first, failure);
  }
  GError *failure = NULL;
  if (!phb_windows_reset(phb->windows, &failure))
    keep_first(&first, g_steal_pointer(&failure));
  if (!vfio_address_space_eeh_enable(phb->context, phb->dma, &failure))
    keep_first(&first, g_steal_pointer(&failure));
  if (first)
    g_propagate_error(error, first);
  return first == NULL;
}

void pseries_phb_free(PseriesPhb *phb) {
  if (!phb)
    return;
  while (phb->devices->len > 0)
    close_device(g_ptr_array_remove_index(phb->devices, phb->devices->len - 1));
  phb_windows_free(phb->windows);
  g_ptr_array_unref(phb->devices);
  vfio_address_space_unref(phb->dma);
  g_free(phb);
}
