/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's own kernel. Scenarios name devices by addresses of their own; bindings say which device of this machine
 * each is. The subject sees the scenario's addresses and group numbers only.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "harness/host-vcpu.h"
#include "harness/kernel-internal.h"
#include "harness/pseries/builtin.h"
#include "harness/raw/raw.h"
#include "harness/recorder/recorder.h"
#include "harness/sys-tracer.h"
#include "sim/gate/client.h"

/* One device of the scenario on this machine. */
typedef struct {
  char *address; /* as the scenario has it */
  char *here;    /* on this machine */
  guint group, group_here;
} Binding;

typedef struct {
  Kernel kernel;
  GArray *bindings; /* of Binding */
  SysNames names;
  SysTracer *tracer; /* of a subject that runs in this process */
  RawSys raw;
  Trace *trace;
  Recorder *recorder; /* of one that is a process of its own; NULL: there is none */
  pid_t client;
  VfioSys sys;    /* libc's, but for closes, which are seen */
  guint vm;       /* whose vCPU it is */
  int vm_fd;      /* a VM with a vCPU that is open is not gone: it is closed with the VM */
  HostVcpu *vcpu; /* NULL: none was needed yet */
} Host;

/* ---- bindings ---- */

static void binding_clear(gpointer data) {
  Binding *binding = data;
  g_free(binding->address);
  g_free(binding->here);
}

static gboolean group_of(const char *address, guint *group) {
  g_autofree char *path = g_strdup_printf("/sys/bus/pci/devices/%s/iommu_group", address);
  g_autofree char *link = g_file_read_link(path, NULL);
  guint64 number;

  if (!link)
    return FALSE;
  g_autofree char *base = g_path_get_basename(link);
  if (!g_ascii_string_to_unsigned(base, 10, 0, G_MAXUINT, &number, NULL))
    return FALSE;
  *group = (guint)number;
  return TRUE;
}

/* The name under which the scenario plugs the device first; NULL: it is in the host's description only. */
static const char *plugged_as(const Scenario *scenario, guint64 device) {
  for (guint i = 0; i < scenario->stmts->len; i++) {
    const ScenarioStmt *stmt = scenario->stmts->pdata[i];
    if ((stmt->kind == STMT_PLUG || stmt->kind == STMT_COLD) && stmt->device == device)
      return stmt->name;
  }
  return NULL;
}

/* The ADDRESS of "ROLE=ADDRESS" for either of two roles. */
static const char *bound_to(const char *const *bindings, const char *role, const char *other) {
  for (; bindings && *bindings; bindings++) {
    const char *equals = strchr(*bindings, '=');
    gsize len = equals ? (gsize)(equals - *bindings) : 0;
    if (len && ((strlen(role) == len && strncmp(*bindings, role, len) == 0) ||
                (other && strlen(other) == len && strncmp(*bindings, other, len) == 0)))
      return equals + 1;
  }
  return NULL;
}

static gboolean bind_device(Host *host, const Scenario *scenario, const SimHostDevice *device,
                            const char *const *bindings, GError **error) {
  g_autoptr(GString) address = g_string_new(NULL);
  const char *name = plugged_as(scenario, device->id);
  Binding binding = {.group = device->group};

  abi_bdf_print(address, device->id);
  const char *here = bound_to(bindings, address->str, name);
  if (!group_of(here ? here : address->str, &binding.group_here)) {
    if (!name && !here)
      return TRUE; /* not needed */
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                "this machine has no device %s in an IOMMU group: say which of its devices %s is, --bind %s=ADDRESS",
                here ? here : address->str, name ? name : address->str, name ? name : address->str);
    return FALSE;
  }
  binding.address = g_strdup(address->str);
  binding.here = g_strdup(here ? here : address->str);
  g_array_append_val(host->bindings, binding);
  return TRUE;
}

static gboolean bind_devices(Host *host, const Scenario *scenario, const char *const *bindings, GError **error) {
  for (const char *const *b = bindings; b && *b; b++)
    if (!strchr(*b, '=')) {
      g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "--bind %s: write NAME=ADDRESS, as nic0=0003:09:00.0", *b);
      return FALSE;
    }
  for (guint i = 0; i < scenario->host->groups->len; i++) {
    const SimHostGroup *group = scenario->host->groups->pdata[i];
    for (guint j = 0; j < group->devices->len; j++)
      if (!bind_device(host, scenario, &g_array_index(group->devices, SimHostDevice, j), bindings, error))
        return FALSE;
  }
  return TRUE;
}

/* ---- names ---- */

/* "/dev/vfio/7" and "/sys/bus/pci/devices/0000:01:00.0/..." in this machine's terms. */
static char *name_path(gpointer data, const char *path) {
  static const char devices[] = "/sys/bus/pci/devices/";
  const Host *host = data;
  guint64 number;

  for (guint i = 0; i < host->bindings->len; i++) {
    const Binding *b = &g_array_index(host->bindings, Binding, i);
    if (g_str_has_prefix(path, devices) && g_str_has_prefix(path + strlen(devices), b->address))
      return g_strdup_printf("%s%s%s", devices, b->here, path + strlen(devices) + strlen(b->address));
    if (g_str_has_prefix(path, "/dev/vfio/") &&
        g_ascii_string_to_unsigned(path + strlen("/dev/vfio/"), 10, 0, G_MAXUINT, &number, NULL) && number == b->group)
      return g_strdup_printf("/dev/vfio/%u", b->group_here);
  }
  return g_strdup(path);
}

/* "../../../kernel/iommu_groups/42" as the scenario numbers it. */
static char *name_link(gpointer data, const char *text) {
  const Host *host = data;
  g_autofree char *base = g_path_get_basename(text);
  g_autofree char *dir = g_path_get_dirname(text);
  guint64 number;

  if (!g_str_has_suffix(dir, "iommu_groups") || !g_ascii_string_to_unsigned(base, 10, 0, G_MAXUINT, &number, NULL))
    return NULL;
  for (guint i = 0; i < host->bindings->len; i++) {
    const Binding *b = &g_array_index(host->bindings, Binding, i);
    if (b->group_here == number)
      return g_strdup_printf("%s/%u", dir, b->group);
  }
  return NULL;
}

static char *name_device(gpointer data, const char *name) {
  const Host *host = data;

  for (guint i = 0; i < host->bindings->len; i++) {
    const Binding *b = &g_array_index(host->bindings, Binding, i);
    if (strcmp(b->address, name) == 0)
      return g_strdup(b->here);
  }
  return g_strdup(name);
}

/* ---- a subject that is a process of its own: it has this machine's names, its events get the scenario's ---- */

static char *host_device(Kernel *kernel, guint64 device) {
  g_autoptr(GString) address = g_string_new(NULL);

  abi_bdf_print(address, device);
  return name_device(kernel, address->str);
}

static void rename_object(const Host *host, AbiObject *object) {
  for (guint i = 0; i < host->bindings->len; i++) {
    const Binding *b = &g_array_index(host->bindings, Binding, i);
    guint64 here;

    if (object->kind == ABI_GROUP && object->id == b->group_here) {
      object->id = b->group;
      return;
    }
    if (object->kind == ABI_DEVICE && abi_bdf_parse(b->here, &here) && here == object->id) {
      abi_bdf_parse(b->address, &object->id);
      return;
    }
  }
}

static void rename_event(TraceEvent *event, gpointer data) {
  const Host *host = data;

  rename_object(host, &event->object);
  rename_object(host, &event->made);
  for (guint i = 0; i < TRACE_REFS; i++)
    rename_object(host, &event->refs[i]);
  for (guint i = 0; event->call == ABI_GET_DEVICE_FD && i < host->bindings->len; i++) {
    const Binding *b = &g_array_index(host->bindings, Binding, i);
    if (event->in_len == strlen(b->here) + 1 && memcmp(event->in, b->here, event->in_len) == 0) {
      event->in_len = (guint8)g_strlcpy((char *)event->in, b->address, sizeof event->in) + 1;
      return;
    }
  }
}

static void host_settle(Kernel *kernel) {
  Host *host = (Host *)kernel;

  if (host->recorder)
    recorder_collect(host->recorder, host->trace, rename_event, host);
}

typedef struct {
  const Recorder *recorder;
  KernelClientFunc func;
  gpointer data;
} Client;

static int client_main(gpointer data, int keep_fd) {
  const Client *client = data;

  recorder_enter(client->recorder);
  return client->func(client->data, keep_fd);
}

static pid_t host_fork_client(Kernel *kernel, KernelClientFunc func, gpointer data, int keep_fd, GError **error) {
  Host *host = (Host *)kernel;
  Client client = {.func = func, .data = data};
  int none;

  if (!host->recorder)
    host->recorder = recorder_new(error);
  if (!host->recorder)
    return -1;
  client.recorder = host->recorder;
  host->client = gate_client_fork(NULL, client_main, &client, keep_fd, &none, error);
  return host->client;
}

/* ---- the kernel ---- */

static int raw_dup(const RawSys *raw, int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

  if (copy < 0)
    return -errno;
  sys_tracer_dup(((Host *)raw->data)->tracer, fd, copy);
  return copy;
}

/* ---- hypercalls ---- */

static int host_close(gpointer data, int fd) {
  Host *host = data;
  const VfioSys *libc = vfio_sys_libc();

  if (host->vcpu && fd == host->vm_fd)
    g_clear_pointer(&host->vcpu, host_vcpu_free);
  return libc->close(libc->data, fd);
}

static gboolean host_hypercall(Kernel *kernel, guint vm, guint64 nr, const guint64 args[4], guint64 *value,
                               long *result, GError **error) {
  Host *host = (Host *)kernel;

  if (!host->vcpu || host->vm != vm) {
    g_clear_pointer(&host->vcpu, host_vcpu_free);
    host->vm = vm;
    host->vm_fd = sys_tracer_fd(host->tracer, (AbiObject){ABI_VM, vm});
    host->vcpu = host_vcpu_new(host->vm_fd, error);
  }
  if (!host->vcpu || !host_vcpu_hypercall(host->vcpu, nr, args, value, result, error))
    return FALSE;
  sys_tracer_hypercall(host->tracer, vm, nr, args, *value, *result);
  return TRUE;
}

/* ---- the kernel ---- */

static Subject *host_start(Kernel *kernel, const Scenario *scenario, VfioAttachOrder order, GError **error) {
  Host *host = (Host *)kernel;

  if (!scenario->guest)
    return raw_subject_new(&host->raw, scenario);
  return builtin_subject_new(scenario, host->raw.sys, order, NULL, NULL, error);
}

static void host_set_fault(Kernel *kernel, SimFaultFunc fault, gpointer data) {
  sys_tracer_set_fault(((Host *)kernel)->tracer, fault, data);
}

/* Neither this process, in which the builtin subject runs, nor another program locks anything of its own. */
static gboolean host_locked(Kernel *kernel, guint64 *bytes) {
  static const char key[] = "\nVmLck:";
  const Host *host = (const Host *)kernel;
  g_autofree char *path = g_strdup_printf("/proc/%d/status", host->client > 0 ? host->client : getpid());
  g_autofree char *status = NULL;

  if (!g_file_get_contents(path, &status, NULL, NULL))
    return FALSE;
  const char *line = strstr(status, key);
  if (!line)
    return FALSE;
  *bytes = g_ascii_strtoull(line + strlen(key), NULL, 10) * 1024;
  return TRUE;
}

static void host_free(Kernel *kernel) {
  Host *host = (Host *)kernel;

  host_vcpu_free(host->vcpu);
  sys_tracer_free(host->tracer);
  recorder_free(host->recorder);
  g_array_unref(host->bindings);
  g_free(host);
}

static gboolean check_available(const Scenario *scenario, GError **error) {
  if (access("/dev/vfio/vfio", F_OK) != 0) {
    g_set_error_literal(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                        "this machine has no /dev/vfio/vfio: load vfio-pci on a POWER host, or use --kernel direct");
    return FALSE;
  }
  if (access("/dev/vfio/vfio", R_OK | W_OK) != 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                "/dev/vfio/vfio cannot be opened (%s): be root, or let your user have it and the groups' nodes",
                g_strerror(errno));
    return FALSE;
  }
  if (scenario->kvm && access("/dev/kvm", R_OK | W_OK) != 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
                "/dev/kvm cannot be opened (%s): load kvm-hv, or write `guest pseries tcg`", g_strerror(errno));
    return FALSE;
  }
  return TRUE;
}

Kernel *kernel_host_new(const Scenario *scenario, Trace *trace, const char *const *bindings, GError **error) {
  Host *host;

  if (!check_available(scenario, error))
    return NULL;
  host = g_new0(Host, 1);
  host->kernel = (Kernel){.start = host_start,
                          .fork_client = host_fork_client,
                          .set_fault = host_set_fault,
                          .hypercall = host_hypercall,
                          .locked = host_locked,
                          .device = host_device,
                          .settle = host_settle,
                          .free = host_free};
  host->trace = trace;
  host->bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  g_array_set_clear_func(host->bindings, binding_clear);
  host->names = (SysNames){.data = host, .path = name_path, .link = name_link, .device = name_device};
  host->sys = *vfio_sys_libc();
  host->sys.close = host_close;
  host->sys.data = host;
  host->tracer = sys_tracer_new(&host->sys, &host->names, trace);
  host->raw = (RawSys){.sys = sys_tracer_sys(host->tracer), .dup = raw_dup, .data = host};
  if (bind_devices(host, scenario, bindings, error))
    return &host->kernel;
  host_free(&host->kernel);
  return NULL;
}
