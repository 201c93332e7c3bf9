/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interrupts: VFIO_DEVICE_SET_IRQS and the device raising one. drivers/vfio/vfio_main.c:
 * vfio_set_irqs_validate_and_prepare(); drivers/vfio/pci/vfio_pci_intrs.c.
 */
#include "sim/kernel/irq.h"

#include <linux/vfio.h>

#include "sim/kernel/eventfd.h"

enum { N_IRQS = VFIO_PCI_NUM_IRQS };

/* One SET_IRQS past its checks. */
typedef struct {
  SimIrqs *irqs;
  guint index, start, count;
  guint32 flags;    /* one DATA bit and the ACTION bits */
  const void *data; /* u8 or s32 of each, or NULL */
} Request;

guint sim_irq_count(const SimHostDevice *host, guint index) {
  switch (index) {
  case VFIO_PCI_INTX_IRQ_INDEX:
    return host->intx_pin ? 1 : 0;
  case VFIO_PCI_MSI_IRQ_INDEX:
    return host->msi;
  case VFIO_PCI_MSIX_IRQ_INDEX:
    return host->msix;
  case VFIO_PCI_ERR_IRQ_INDEX:
    return host->express ? 1 : 0;
  case VFIO_PCI_REQ_IRQ_INDEX:
    return 1;
  default:
    return 0;
  }
}

gboolean sim_irq_dynamic(const SimKernel *kernel) {
  return sim_host_of(kernel)->platform == SIM_X86 && sim_since(kernel, 6, 5);
}

static gint32 fd_of(const Request *request, guint i) {
  g_assert(i < request->count && request->data);
  return ((const gint32 *)request->data)[i];
}

static gboolean bool_of(const Request *request, guint i) {
  g_assert(i < request->count && request->data);
  return ((const guint8 *)request->data)[i] != 0;
}

/* ---- enabling and disabling a type ---- */

static void enable(SimIrqs *irqs, int type, guint vectors) {
  irqs->type = type;
  irqs->allocated = vectors;
  irqs->triggers = g_new0(gpointer, vectors);
  if (type == VFIO_PCI_MSIX_IRQ_INDEX)
    sim_config_set_msix(irqs->config, TRUE);
  if (type == VFIO_PCI_MSI_IRQ_INDEX)
    sim_config_set_msi(irqs->config, vectors);
  if (type == VFIO_PCI_INTX_IRQ_INDEX)
    irqs->masked = sim_config_intx_disabled(irqs->config);
}

static void disable(SimIrqs *irqs) {
  if (irqs->type == VFIO_PCI_MSIX_IRQ_INDEX)
    sim_config_set_msix(irqs->config, FALSE);
  if (irqs->type == VFIO_PCI_MSI_IRQ_INDEX)
    sim_config_set_msi(irqs->config, 0);
  for (guint i = 0; i < irqs->allocated; i++)
    sim_event_put(irqs->kernel, &irqs->triggers[i]);
  g_clear_pointer(&irqs->triggers, g_free);
  sim_event_put(irqs->kernel, &irqs->unmask);
  irqs->allocated = 0;
  irqs->masked = irqs->pending = FALSE;
  irqs->type = SIM_IRQ_NONE;
}

void sim_irqs_teardown(SimIrqs *irqs) {
  disable(irqs);
  sim_event_put(irqs->kernel, &irqs->err);
  sim_event_put(irqs->kernel, &irqs->req);
}

/* ---- INTx ---- */

/* It fires: masked by the handler until the user unmasks it (AUTOMASKED). */
static void fire_intx(SimIrqs *irqs) {
  irqs->masked = TRUE;
  irqs->pending = FALSE;
  sim_event_signal(irqs->kernel, irqs->triggers[0]);
}

static void unmask_intx(SimIrqs *irqs) {
  if (sim_config_intx_disabled(irqs->config))
    return;
  irqs->masked = FALSE;
  if (irqs->pending || irqs->asserted)
    fire_intx(irqs);
}

void sim_irqs_line(SimIrqs *irqs, gboolean asserted) {
  irqs->asserted = asserted;
  if (asserted && irqs->type == VFIO_PCI_INTX_IRQ_INDEX && !irqs->masked)
    fire_intx(irqs);
}

void sim_irqs_config_changed(SimIrqs *irqs) {
  if (irqs->type != VFIO_PCI_INTX_IRQ_INDEX)
    return;
  if (sim_config_intx_disabled(irqs->config))
    irqs->masked = TRUE;
  else
    unmask_intx(irqs);
}

/* Until 6.8 the fd was looked at only when the pin was known to have an interrupt; fd -1 requested none. */
static long intx_enable(SimCall *call, SimIrqs *irqs, gint32 fd) {
  if (irqs->host->intx_line == SIM_LINE_UNROUTED)
    return sim_refuse(call, ENODEV, RULE_PD_41);
  if ((fd >= 0 || sim_since(call->kernel, 6, 9)) && irqs->host->intx_line == SIM_LINE_TAKEN)
    return sim_refuse(call, EBUSY, RULE_PD_42);
  enable(irqs, VFIO_PCI_INTX_IRQ_INDEX, 1);
  return 0;
}

static long intx_trigger_eventfd(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  gboolean off = irqs->type == SIM_IRQ_NONE;
  gint32 fd = fd_of(request, 0);
  gpointer event = NULL;
  long r = 0;

  if (off && !sim_since(call->kernel, 6, 9) && irqs->host->intx_line == SIM_LINE_UNROUTED)
    return sim_refuse(call, ENODEV, RULE_PD_41);
  if (fd >= 0)
    r = sim_event_get(call, fd, &event);
  if (r)
    return sim_refuse(call, (int)-r, RULE_PD_40);
  if (off)
    r = intx_enable(call, irqs, fd);
  if (r) {
    sim_event_put(irqs->kernel, &event);
    return r;
  }
  sim_event_put(irqs->kernel, &irqs->triggers[0]);
  irqs->triggers[0] = event;
  sim_irqs_line(irqs, irqs->asserted);
  sim_met(call, RULE_PD_43);
  return 0;
}

static long intx_trigger(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  gboolean enabled = irqs->type == VFIO_PCI_INTX_IRQ_INDEX;

  if (enabled && !request->count && request->flags & VFIO_IRQ_SET_DATA_NONE) {
    disable(irqs);
    sim_met(call, RULE_PD_38);
    return 0;
  }
  if ((!enabled && irqs->type != SIM_IRQ_NONE) || request->start || request->count != 1)
    return sim_refuse(call, EINVAL, RULE_PD_39);
  if (request->flags & VFIO_IRQ_SET_DATA_EVENTFD)
    return intx_trigger_eventfd(call, request);
  if (!enabled)
    return sim_refuse(call, EINVAL, RULE_PD_44);
  if (request->flags & VFIO_IRQ_SET_DATA_NONE || bool_of(request, 0))
    sim_event_signal(irqs->kernel, irqs->triggers[0]);
  sim_met(call, RULE_PD_45);
  return 0;
}

static long intx_unmask_eventfd(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  gint32 fd = fd_of(request, 0);
  gpointer event;
  int r;

  if (fd < 0) {
    sim_event_put(irqs->kernel, &irqs->unmask);
    sim_met(call, RULE_PD_50);
    return 0;
  }
  r = sim_event_get(call, fd, &event);
  if (r)
    return sim_refuse(call, -r, RULE_PD_49);
  if (irqs->unmask) {
    sim_event_put(irqs->kernel, &event);
    return sim_refuse(call, EBUSY, RULE_PD_49);
  }
  irqs->unmask = event;
  sim_met(call, RULE_PD_49);
  return 0;
}

static long intx_mask(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  gboolean unmask = (request->flags & VFIO_IRQ_SET_ACTION_UNMASK) != 0;

  if (irqs->type != VFIO_PCI_INTX_IRQ_INDEX || request->start || request->count != 1)
    return sim_refuse(call, EINVAL, RULE_PD_46);
  if (request->flags & VFIO_IRQ_SET_DATA_EVENTFD)
    return unmask ? intx_unmask_eventfd(call, request) : sim_refuse(call, ENOTTY, RULE_PD_48);
  sim_met(call, RULE_PD_47);
  if (request->flags & VFIO_IRQ_SET_DATA_BOOL && !bool_of(request, 0))
    return 0;
  if (unmask)
    unmask_intx(irqs);
  else
    irqs->masked = TRUE;
  return 0;
}

/* ---- MSI, MSI-X ---- */

/* A vector that the system has not given yet. */
static long allocate_vector(SimCall *call, SimIrqs *irqs, guint vector) {
  if (irqs->type != VFIO_PCI_MSIX_IRQ_INDEX || !sim_irq_dynamic(irqs->kernel))
    return sim_refuse(call, EINVAL, RULE_PD_59);
  if (irqs->host->vectors_limited && vector >= irqs->host->vectors)
    return sim_refuse(call, ENOSPC, RULE_PD_56);
  irqs->triggers = g_renew(gpointer, irqs->triggers, vector + 1);
  for (; irqs->allocated <= vector; irqs->allocated++)
    irqs->triggers[irqs->allocated] = NULL;
  sim_met(call, RULE_PD_60);
  return 0;
}

static long set_vector(SimCall *call, SimIrqs *irqs, guint vector, gint32 fd) {
  gpointer event;
  long r = 0;

  if (vector < irqs->allocated)
    sim_event_put(irqs->kernel, &irqs->triggers[vector]);
  if (fd < 0)
    return 0;
  if (vector >= irqs->allocated)
    r = allocate_vector(call, irqs, vector);
  if (r)
    return r;
  r = sim_event_get(call, fd, &event);
  if (r)
    return sim_refuse(call, (int)-r, RULE_PD_57);
  irqs->triggers[vector] = event;
  return 0;
}

static long set_vectors(SimCall *call, const Request *request) {
  guint i;
  long r = 0;

  for (i = 0; i < request->count && !r; i++)
    r = set_vector(call, request->irqs, request->start + i, fd_of(request, i));
  while (r && i-- > 0)
    (void)set_vector(call, request->irqs, request->start + i, -1);
  return r;
}

static long msi_trigger_eventfd(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  guint end = request->start + request->count;
  long r;

  if (irqs->type == (int)request->index) {
    if (!sim_since(call->kernel, 6, 5) && (request->start >= irqs->allocated || end > irqs->allocated))
      return sim_refuse(call, EINVAL, RULE_PD_58);
    r = set_vectors(call, request);
    if (!r)
      sim_met(call, RULE_PD_61);
    return r;
  }
  if (!end)
    return sim_refuse(call, ERANGE, RULE_PD_54);
  if (irqs->host->vectors_limited && irqs->host->vectors < end) {
    if (!irqs->host->vectors)
      return sim_refuse(call, ENOSPC, RULE_PD_56);
    return sim_notable(call, irqs->host->vectors, RULE_PD_55);
  }
  enable(irqs, (int)request->index, end);
  r = set_vectors(call, request);
  if (r)
    disable(irqs);
  else
    sim_met(call, RULE_PD_53);
  return r;
}

static long msi_trigger(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  gboolean enabled = irqs->type == (int)request->index;

  if (enabled && !request->count && request->flags & VFIO_IRQ_SET_DATA_NONE) {
    disable(irqs);
    sim_met(call, RULE_PD_51);
    return 0;
  }
  if (!enabled && irqs->type != SIM_IRQ_NONE)
    return sim_refuse(call, EINVAL, RULE_PD_52);
  if (request->flags & VFIO_IRQ_SET_DATA_EVENTFD)
    return msi_trigger_eventfd(call, request);
  if (!enabled)
    return sim_refuse(call, EINVAL, RULE_PD_62);
  if (!sim_since(call->kernel, 6, 5) && request->start + request->count > irqs->allocated)
    return sim_refuse(call, EINVAL, RULE_PD_63);
  for (guint i = 0; i < request->count && request->start + i < irqs->allocated; i++)
    if (request->flags & VFIO_IRQ_SET_DATA_NONE || bool_of(request, i))
      sim_event_signal(irqs->kernel, irqs->triggers[request->start + i]);
  sim_met(call, RULE_PD_64);
  return 0;
}

/* ---- ERR, REQ ---- */

static long single_eventfd(SimCall *call, const Request *request, gpointer *slot) {
  SimKernel *kernel = request->irqs->kernel;
  gpointer event = NULL;
  gint32 fd;
  int r;

  if (!request->count)
    return sim_refuse(call, EINVAL, RULE_PD_70);
  fd = fd_of(request, 0);
  if (fd < -1) {
    sim_met(call, RULE_PD_72);
    return 0;
  }
  if (fd >= 0) {
    r = sim_event_get(call, fd, &event);
    if (r)
      return sim_refuse(call, -r, RULE_PD_73);
  }
  sim_event_put(kernel, slot);
  *slot = event;
  sim_met(call, event ? RULE_PD_74 : RULE_PD_71);
  return 0;
}

static long single_trigger(SimCall *call, const Request *request) {
  SimIrqs *irqs = request->irqs;
  gpointer *slot = request->index == VFIO_PCI_ERR_IRQ_INDEX ? &irqs->err : &irqs->req;

  if (request->flags & VFIO_IRQ_SET_DATA_EVENTFD)
    return single_eventfd(call, request, slot);
  if (request->flags & VFIO_IRQ_SET_DATA_BOOL) {
    if (!request->count)
      return sim_refuse(call, EINVAL, RULE_PD_68);
    if (bool_of(request, 0))
      sim_event_signal(irqs->kernel, *slot);
    sim_met(call, RULE_PD_69);
    return 0;
  }
  if (!*slot)
    return sim_refuse(call, EINVAL, RULE_PD_67);
  if (request->count)
    sim_event_signal(irqs->kernel, *slot);
  else
    sim_event_put(irqs->kernel, slot);
  sim_met(call, RULE_PD_66);
  return 0;
}

/* ---- the ioctl ---- */

static long act(SimCall *call, const Request *request) {
  guint32 action = request->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

  switch (request->index) {
  case VFIO_PCI_INTX_IRQ_INDEX:
    if (action == VFIO_IRQ_SET_ACTION_MASK || action == VFIO_IRQ_SET_ACTION_UNMASK)
      return intx_mask(call, request);
    if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
      return intx_trigger(call, request);
    break;
  case VFIO_PCI_MSI_IRQ_INDEX:
  case VFIO_PCI_MSIX_IRQ_INDEX:
    if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
      return msi_trigger(call, request);
    break;
  default:
    if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
      return single_trigger(call, request);
    break;
  }
  return sim_refuse(call, ENOTTY, RULE_PD_37);
}

/* Bytes that follow for each IRQ; -1: not exactly one kind of data. */
static int data_width(guint32 flags) {
  switch (flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
  case VFIO_IRQ_SET_DATA_NONE:
    return 0;
  case VFIO_IRQ_SET_DATA_BOOL:
    return sizeof(guint8);
  case VFIO_IRQ_SET_DATA_EVENTFD:
    return sizeof(gint32);
  default:
    return -1;
  }
}

long sim_irq_set(SimCall *call, SimIrqs *irqs) {
  const gsize head = offsetof(struct vfio_irq_set, data);
  g_autofree void *data = NULL;
  struct vfio_irq_set set;
  guint available;
  gsize size;
  int width;

  if (sim_read(call, call->arg, &set, head))
    return sim_refuse(call, EFAULT, RULE_PD_31);
  if (set.argsz < head || set.index >= N_IRQS || set.count >= G_MAXUINT32 - set.start ||
      set.flags & ~(guint32)(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK))
    return sim_refuse(call, EINVAL, RULE_PD_32);
  available = sim_irq_count(irqs->host, set.index);
  if (set.start >= available || set.start + set.count > available)
    return sim_refuse(call, EINVAL, RULE_PD_33);
  width = data_width(set.flags);
  if (width < 0)
    return sim_refuse(call, EINVAL, RULE_PD_34);
  size = (gsize)width * set.count;
  if (set.argsz - head < size)
    return sim_refuse(call, EINVAL, RULE_PD_35);
  if (size) {
    data = g_malloc(size);
    if (sim_read(call, call->arg + head, data, size))
      return sim_refuse(call, EFAULT, RULE_PD_36);
  }
  return act(
      call,
      &(Request){
          .irqs = irqs, .index = set.index, .start = set.start, .count = set.count, .flags = set.flags, .data = data});
}

/* ---- the device raises one ---- */

static gboolean raise_vector(const SimIrqs *irqs, gpointer event) {
  sim_event_signal(irqs->kernel, event);
  return event != NULL;
}

gboolean sim_irqs_raise(SimIrqs *irqs, guint index, guint vector) {
  gboolean raised = FALSE;

  if (vector >= sim_irq_count(irqs->host, index))
    return FALSE;
  switch (index) {
  case VFIO_PCI_INTX_IRQ_INDEX:
    if (irqs->type != VFIO_PCI_INTX_IRQ_INDEX)
      break;
    raised = irqs->triggers[0] != NULL;
    irqs->pending = TRUE;
    if (!irqs->masked)
      fire_intx(irqs);
    break;
  case VFIO_PCI_MSI_IRQ_INDEX:
  case VFIO_PCI_MSIX_IRQ_INDEX:
    raised = irqs->type == (int)index && vector < irqs->allocated && raise_vector(irqs, irqs->triggers[vector]);
    break;
  default:
    raised = raise_vector(irqs, index == VFIO_PCI_ERR_IRQ_INDEX ? irqs->err : irqs->req);
    break;
  }
  return raised;
}
