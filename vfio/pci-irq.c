/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "vfio/internal.h"

static const char *const index_names[] = {"INTx", "MSI", "MSI-X", "ERR", "REQ"};

/* SET_IRQS with eventfds for vectors 0..n-1; fd -1 takes one off. */
static gboolean set_eventfds(VfioPciDevice *device, guint index, const gint32 *fds, guint n, GError **error) {
  gsize size = sizeof(struct vfio_irq_set) + n * sizeof *fds;
  g_autofree struct vfio_irq_set *set = g_malloc0(size);
  g_autofree char *call = g_strdup_printf("SET_IRQS(%s)", index_names[index]);

  set->argsz = (guint32)size;
  set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
  set->index = index;
  set->count = n;
  memcpy(set->data, fds, n * sizeof *fds);
  return vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_SET_IRQS, set, call, error);
}

/* SET_IRQS without data: count 0 turns the whole index off. */
static void set_none(VfioPciDevice *device, guint index, guint32 action, guint count) {
  struct vfio_irq_set set = {
      .argsz = sizeof set, .flags = VFIO_IRQ_SET_DATA_NONE | action, .index = index, .count = count};
  g_autofree char *call = g_strdup_printf("SET_IRQS(%s)", index_names[index]);
  g_autoptr(GError) error = NULL;

  if (!vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_SET_IRQS, &set, call, &error))
    g_warning("%s: %s", device->address, error->message);
}

static gboolean new_eventfd(VfioPciDevice *device, int *fd, GError **error) {
  const VfioSys *sys = device->context->sys;
  int ret = sys->eventfd(sys->data);

  *fd = MAX(ret, -1);
  if (ret >= 0)
    return TRUE;
  vfio_error_set(error, VFIO_ERROR_SYSTEM, -ret, "eventfd");
  return FALSE;
}

static void drop_eventfd(VfioPciDevice *device, int *fd) {
  const VfioSys *sys = device->context->sys;

  if (*fd >= 0)
    sys->eventfd_close(sys->data, *fd);
  *fd = -1;
}

static gboolean enable_single(VfioPciDevice *device, guint index, int *fd, GError **error) {
  if (!new_eventfd(device, fd, error))
    return FALSE;
  gint32 value = *fd;
  if (set_eventfds(device, index, &value, 1, error))
    return TRUE;
  drop_eventfd(device, fd);
  return FALSE;
}

/* ERR and REQ know no "off" but an eventfd of -1. */
static void disable_single(VfioPciDevice *device, guint index, int *fd) {
  g_autoptr(GError) error = NULL;
  gint32 none = -1;

  if (*fd < 0)
    return;
  if (!set_eventfds(device, index, &none, 1, &error))
    g_warning("%s: %s", device->address, error->message);
  drop_eventfd(device, fd);
}

void vfio_pci_irqs_init(VfioPciIrqs *irqs) {
  *irqs = (VfioPciIrqs){.intx = -1, .err = -1, .req = -1};
  irqs->msi = g_array_new(FALSE, TRUE, sizeof(int));
}

gboolean vfio_pci_intx_enable(VfioPciDevice *device, GError **error) {
  if (!device->intx_pin || device->irqs.intx >= 0)
    return TRUE;
  return enable_single(device, VFIO_PCI_INTX_IRQ_INDEX, &device->irqs.intx, error);
}

static void intx_disable(VfioPciDevice *device) {
  if (device->irqs.intx < 0)
    return;
  set_none(device, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_ACTION_TRIGGER, 0);
  drop_eventfd(device, &device->irqs.intx);
}

static void drop_vectors(VfioPciDevice *device) {
  for (guint i = 0; i < device->irqs.msi->len; i++)
    drop_eventfd(device, &g_array_index(device->irqs.msi, int, i));
  g_array_set_size(device->irqs.msi, 0);
}

void vfio_pci_irqs_quiesce(VfioPciDevice *device) {
  if (device->irqs.msi->len > 0) {
    set_none(device, device->irqs.msi_index, VFIO_IRQ_SET_ACTION_TRIGGER, 0);
    drop_vectors(device);
  }
  intx_disable(device);
}

static gboolean enable_req(VfioPciDevice *device, GError **error) {
  struct vfio_irq_info info = {.argsz = sizeof info, .index = VFIO_PCI_REQ_IRQ_INDEX};
  g_autoptr(GError) failure = NULL;

  if (vfio_sys_call(device->context->sys, device->fd, VFIO_DEVICE_GET_IRQ_INFO, &info, "GET_IRQ_INFO(REQ)", &failure))
    return info.count == 0 || enable_single(device, VFIO_PCI_REQ_IRQ_INDEX, &device->irqs.req, error);
  if (vfio_error_errno(failure) == EINVAL) /* the host's kernel has no such index */
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

gboolean vfio_pci_irqs_enable(VfioPciDevice *device, GError **error) {
  return vfio_pci_intx_enable(device, error) &&
         (!device->has_err || enable_single(device, VFIO_PCI_ERR_IRQ_INDEX, &device->irqs.err, error)) &&
         enable_req(device, error);
}

void vfio_pci_irqs_disable(VfioPciDevice *device) {
  disable_single(device, VFIO_PCI_REQ_IRQ_INDEX, &device->irqs.req);
  disable_single(device, VFIO_PCI_ERR_IRQ_INDEX, &device->irqs.err);
  vfio_pci_irqs_quiesce(device);
  g_clear_pointer(&device->irqs.msi, g_array_unref);
}

gboolean vfio_pci_device_enable_msi(VfioPciDevice *device, guint index, guint n, GError **error) {
  g_autoptr(GError) intx_error = NULL;
  GArray *fds = device->irqs.msi;

  g_return_val_if_fail(index == VFIO_PCI_MSI_IRQ_INDEX || index == VFIO_PCI_MSIX_IRQ_INDEX, FALSE);
  g_return_val_if_fail(n > 0, FALSE);
  vfio_pci_irqs_quiesce(device);
  while (fds->len < n) {
    int fd;
    if (!new_eventfd(device, &fd, error))
      goto fail;
    g_array_append_val(fds, fd);
  }
  /* A positive answer: the host has so many vectors to give, fewer than n, and nothing was enabled (PD-55). */
  if (set_eventfds(device, index, (const gint32 *)fds->data, n, error)) {
    device->irqs.msi_index = index;
    return TRUE;
  }
fail:
  drop_vectors(device);
  if (!vfio_pci_intx_enable(device, &intx_error))
    g_warning("%s: %s", device->address, intx_error->message);
  return FALSE;
}

void vfio_pci_device_disable_msi(VfioPciDevice *device) {
  g_autoptr(GError) error = NULL;

  if (device->irqs.msi->len == 0)
    return;
  vfio_pci_irqs_quiesce(device);
  if (!vfio_pci_intx_enable(device, &error))
    g_warning("%s: %s", device->address, error->message);
}

guint64 vfio_pci_device_take_interrupts(VfioPciDevice *device, guint index, guint vector) {
  const VfioSys *sys = device->context->sys;
  const VfioPciIrqs *irqs = &device->irqs;
  guint64 count = 0;
  int fd = -1;

  if (index == VFIO_PCI_INTX_IRQ_INDEX && vector == 0)
    fd = irqs->intx;
  else if (index == VFIO_PCI_ERR_IRQ_INDEX && vector == 0)
    fd = irqs->err;
  else if (index == VFIO_PCI_REQ_IRQ_INDEX && vector == 0)
    fd = irqs->req;
  else if (vector < irqs->msi->len && index == irqs->msi_index)
    fd = g_array_index(irqs->msi, int, vector);
  if (fd < 0 || sys->eventfd_read(sys->data, fd, &count) < 0)
    return 0;
  /* INTx is masked when it fires, until it has been served. */
  if (count > 0 && index == VFIO_PCI_INTX_IRQ_INDEX)
    set_none(device, index, VFIO_IRQ_SET_ACTION_UNMASK, 1);
  return count;
}
