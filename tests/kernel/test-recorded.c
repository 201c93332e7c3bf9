/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays the recorded calls of a real kernel (recorded-64k.txt, recorded-4k.txt) to the model and compares every answer,
 * every struct left behind and the locked memory. A failure names the recorded line. argv: file, host's page size.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/direct/process.h"
#include "tests/kernel/reached.h"

enum { BUF_SIZE = 0x4000000, AREA_PAGES = 16 };

typedef struct {
  SimHost *host;
  SimKernel *kernel;
  Trace *trace;
  SimProcess *process;
  GHashTable *handles; /* name -> fd */
  guint8 *buf;         /* BUF_SIZE bytes, aligned to 64K */
  GHashTable *areas;   /* kind of memory -> address */
  gsize page;
  guint n_calls, n_wrong;
} Player;

static const char *recorded_file, *page_size;

static guint8 *map_aligned(gsize size, int prot, int fd) {
  guint8 *at = mmap(NULL, size + 0x10000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  guint8 *aligned = (guint8 *)(((guintptr)at + 0xffff) & ~(guintptr)0xffff);

  assert_true(at != MAP_FAILED);
  munmap(at, (gsize)(aligned - at));
  munmap(aligned + size, 0x10000 - (gsize)(aligned - at));
  assert_true(mmap(aligned, size, prot, MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED),
                   fd, 0) == aligned);
  return aligned;
}

static guint8 *make_area(const char *kind, gsize page, gsize *size) {
  int prot = PROT_READ | PROT_WRITE, fd = -1;
  guint8 *area;

  *size = AREA_PAGES * page;
  if (strcmp(kind, "read-only") == 0)
    prot = PROT_READ;
  else if (strcmp(kind, "none") == 0)
    prot = PROT_NONE;
  else if (strcmp(kind, "file") == 0 || strcmp(kind, "short-file") == 0)
    fd = memfd_create("area", MFD_CLOEXEC);
  if (strcmp(kind, "file") == 0)
    *size /= 2;
  if (fd >= 0)
    assert_int_equal(ftruncate(fd, (off_t)(AREA_PAGES / 2 * page)), 0);
  area = map_aligned(*size, prot, fd);
  if (fd >= 0)
    close(fd);
  if (strcmp(kind, "hole") == 0)
    munmap(area + AREA_PAGES / 2 * page, page);
  else if (strcmp(kind, "unmapped") == 0)
    munmap(area, *size);
  return area;
}

static void begin_section(Player *player) {
  player->trace = trace_new();
  player->kernel = sim_kernel_new(player->host, sim_direct_port(), NULL, player->trace);
  player->process = sim_process_new(player->kernel, player->host, 1);
  player->handles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  player->areas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void end_section(Player *player) {
  if (!player->kernel)
    return;
  sim_process_free(player->process);
  reached(player->kernel, player->trace);
  sim_kernel_free(player->kernel);
  trace_free(player->trace);
  g_hash_table_unref(player->handles);
  g_hash_table_unref(player->areas);
  player->kernel = NULL;
}

static int handle(Player *player, const char *name) {
  gpointer fd;

  if (strcmp(name, "stdin") == 0)
    return 0;
  if (strcmp(name, "-1") == 0)
    return -1;
  if (!g_hash_table_lookup_extended(player->handles, name, NULL, &fd))
    fail_msg("the recording names '%s' before it is opened", name);
  return GPOINTER_TO_INT(fd);
}

static guint64 value_of(Player *player, const char *text) {
  if (g_str_has_prefix(text, "buf+"))
    return (guintptr)player->buf + g_ascii_strtoull(text + 4, NULL, 0);
  if (text[0] == '-')
    return (guint64)g_ascii_strtoll(text, NULL, 0);
  return g_ascii_strtoull(text, NULL, 0);
}

/* "name=value" into the struct; "+12:4=1" sets 4 bytes at offset 12, which has no name. */
static void put_argument(Player *player, const AbiCall *row, guint8 *payload, const char *argument) {
  g_auto(GStrv) parts = g_strsplit(argument, "=", 2);
  const AbiField *field;

  if (argument[0] == '+') {
    payload[g_ascii_strtoull(argument + 1, NULL, 10)] = (guint8)g_ascii_strtoull(parts[1], NULL, 0);
    return;
  }
  field = abi_field(row, parts[0]);
  assert_non_null(field);
  abi_set(field, payload, row->size, value_of(player, parts[1]));
}

static void reserved_zero(const AbiCall *row, guint8 *payload) {
  if (row->id == ABI_TCE_CREATE)
    memset(payload + 12, 0, 4), memset(payload + 28, 0, 4);
}

static long kvm_vfio(Player *player, int fd, AbiCallId id, GStrv arguments) {
  gint32 fds[2];
  struct {
    guint32 flags, group;
    guint64 attr, addr;
  } attr = {.group = 1, .attr = id - ABI_GROUP_ADD + 1, .addr = (guintptr)fds};

  fds[0] = handle(player, arguments[0]);
  if (id == ABI_SET_SPAPR_TCE)
    fds[1] = handle(player, arguments[1]);
  return sim_process_ioctl(player->process, fd, abi_call(ABI_SET_DEVICE_ATTR)->nr_powerpc, (guintptr)&attr);
}

static const char *device_name(const char *name) {
  static const char *const names[][2] = {
      {"D0", "0000:01:00.0"}, {"D1", "0001:01:00.0"}, {"wrong", "0000:99:00.0"}, {"empty", ""}, {"other", "hello"}};

  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i][0], name) == 0)
      return names[i][1];
  return name;
}

static long struct_call(Player *player, int fd, const AbiCall *row, guint32 number, GStrv arguments, GStrv after,
                        const char *id) {
  guint8 payload[TRACE_PAYLOAD];
  long result;

  memset(payload, 0xa5, sizeof payload);
  reserved_zero(row, payload);
  for (guint i = 0; arguments[i]; i++) {
    const char *argument = arguments[i];

    if (g_str_has_prefix(argument, "memory=")) {
      const char *kind = argument + 7;
      gsize size;
      guint8 *area;

      if (strcmp(kind, "munmapped") == 0) {
        area = g_hash_table_lookup(player->areas, "plain");
        size = AREA_PAGES * player->page;
        munmap(area, size);
      } else if (row->id == ABI_UNREGISTER_MEMORY) {
        area = g_hash_table_lookup(player->areas, kind);
        size = AREA_PAGES / 2 * player->page;
      } else {
        area = make_area(kind, player->page, &size);
        g_hash_table_insert(player->areas, g_strdup(kind), area);
      }
      abi_set(abi_field(row, "argsz"), payload, row->size, row->size);
      abi_set(abi_field(row, "flags"), payload, row->size, 0);
      abi_set(abi_field(row, "vaddr"), payload, row->size, (guintptr)area);
      abi_set(abi_field(row, "size"), payload, row->size, size);
    } else {
      put_argument(player, row, payload, argument);
    }
  }
  result = sim_process_ioctl(player->process, fd, number, (guintptr)payload);
  for (guint i = 0; after[i]; i++) {
    g_auto(GStrv) parts = g_strsplit(after[i], "=", 2);
    const AbiField *field = abi_field(row, parts[0]);
    guint64 got = abi_get(field, payload, row->size), want = value_of(player, parts[1]);

    if (got != want) {
      print_error("%s: %s is 0x%" G_GINT64_MODIFIER "x, recorded %s\n", id, parts[0], got, parts[1]);
      player->n_wrong++;
    }
  }
  return result;
}

static long play_call(Player *player, const char *id, const char *call, const char *on, GStrv arguments, GStrv after) {
  guint8 buf[8];
  void *memory;
  guint32 number;
  const AbiCall *row;

  if (strcmp(call, "open") == 0) {
    g_autofree char *path = on[0] == 'c'   ? g_strdup("/dev/vfio/vfio")
                            : on[0] == 'G' ? g_strdup_printf("/dev/vfio/%s", on + 1)
                                           : g_strdup("/dev/kvm");
    return sim_process_open(player->process, path, O_RDWR);
  }
  if (strcmp(call, "close") == 0)
    return sim_process_close(player->process, handle(player, on));
  if (strcmp(call, "dup") == 0)
    return sim_process_dup(player->process, handle(player, arguments[0]));
  if (strcmp(call, "read") == 0)
    return sim_process_pread(player->process, handle(player, on), buf, sizeof buf, 0);
  if (strcmp(call, "write") == 0)
    return sim_process_pwrite(player->process, handle(player, on), buf, sizeof buf, 0);
  if (strcmp(call, "mmap") == 0)
    return sim_process_mmap(player->process, handle(player, on), player->page, PROT_READ, TRUE, 0, &memory);
  if (g_str_has_prefix(call, "0x"))
    return sim_process_ioctl(player->process, handle(player, on), (guint32)g_ascii_strtoull(call, NULL, 16), 0);
  row = abi_find_name(ABI_NONE, call);
  assert_non_null(row);
  /* clients of both kinds are answered: every other call is an x86 client's */
  number = player->n_calls % 2 ? row->nr_x86 : row->nr_powerpc;
  if (arguments[0] && strcmp(arguments[0], "bad-pointer") == 0)
    return sim_process_ioctl(player->process, handle(player, on), number, 8);
  if (row->kind == ABI_KVM_VFIO)
    return kvm_vfio(player, handle(player, on), row->id, arguments);
  switch (row->id) {
  case ABI_SET_CONTAINER: {
    gint32 fd = strcmp(arguments[0], "bad-pointer") == 0 ? 0 : handle(player, arguments[0]);

    return sim_process_ioctl(player->process, handle(player, on), number, (guintptr)&fd);
  }
  case ABI_GET_DEVICE_FD: {
    const char *name = device_name(arguments[0]);

    return sim_process_ioctl(player->process, handle(player, on), number, (guintptr)name);
  }
  case ABI_CREATE_DEVICE: {
    guint32 device[3] = {4, 0xa5a5a5a5, 0};
    long result = sim_process_ioctl(player->process, handle(player, on), number, (guintptr)device);

    return result ? result : (long)device[1];
  }
  default:
    break;
  }
  if (row->arg == ABI_ARG_STRUCT)
    return struct_call(player, handle(player, on), row, number, arguments, after, id);
  return sim_process_ioctl(player->process, handle(player, on), number,
                           arguments[0] ? value_of(player, arguments[0]) : 0);
}

static gboolean matches(const char *want, long got) {
  if (strcmp(want, "fd") == 0)
    return got >= SIM_FD_BASE;
  if (want[0] == '-')
    return got == -(long)abi_errno_from_name(want + 1);
  return got == strtol(want, NULL, 10);
}

/* ID CALL ON [arguments] [as NAME] = RESULT [after] */
static void play_line(Player *player, const char *line) {
  g_auto(GStrv) sides = g_strsplit(line, " = ", 2);
  g_auto(GStrv) left = g_strsplit(sides[0], " ", -1), right = g_strsplit(sides[1], " ", -1);
  guint n = g_strv_length(left);
  g_autofree char *as = NULL;
  const char *name = left[2];
  GStrv arguments = left + 3;
  long result;

  if (n > 4 && strcmp(left[n - 2], "as") == 0) {
    name = as = g_steal_pointer(&left[n - 1]);
    g_clear_pointer(&left[n - 2], g_free);
    n -= 2;
  }
  if (n > 3 && strcmp(left[1], "open") == 0)
    arguments = left + n;
  if (strcmp(left[1], "GET_DEVICE_FD") == 0 && name == left[2])
    name = left[3];
  result = play_call(player, left[0], left[1], left[2], arguments, right + 1);
  player->n_calls++;
  if (!matches(right[0], result)) {
    const char *error = result < 0 ? abi_errno_name((int)-result) : NULL;

    print_error("%s: %s%s%ld, recorded %s\n", sides[0], error ? "-" : "", error ? error : "", result, right[0]);
    player->n_wrong++;
  }
  if (result >= SIM_FD_BASE)
    g_hash_table_insert(player->handles, g_strdup(name), GINT_TO_POINTER((int)result));
}

static void check_locked(Player *player, const char *line, const char *last) {
  guint64 pages = sim_locked_pages(player->kernel, sim_process_mm(player->process));
  guint64 got = pages * player->page >> 10, want = g_ascii_strtoull(line + strlen("locked "), NULL, 10);

  if (got != want) {
    print_error("after %s: %" G_GUINT64_FORMAT " KiB locked, recorded %" G_GUINT64_FORMAT "\n", last, got, want);
    player->n_wrong++;
  }
}

static void recorded_calls_get_the_recorded_answers(void **state) {
  Player player = {0};
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  const char *last = "";

  assert_true(g_file_get_contents(recorded_file, &text, NULL, NULL));
  player.host = sim_host_new();
  assert_true(sim_host_set(player.host, "page-size", page_size, NULL));
  player.page = (gsize)1 << player.host->page_shift;
  assert_true(sim_host_add_device(player.host, 0, "0000:01:00.0", NULL));
  assert_true(sim_host_add_device(player.host, 1, "0001:01:00.0", NULL));
  player.buf = map_aligned(BUF_SIZE, PROT_READ | PROT_WRITE, -1);
  lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    const char *line = lines[i];

    if (!*line || *line == '#')
      continue;
    if (g_str_has_prefix(line, "section ")) {
      end_section(&player);
      begin_section(&player);
    } else if (g_str_has_prefix(line, "locked ")) {
      check_locked(&player, line, last);
    } else {
      play_line(&player, line);
      last = line;
    }
  }
  end_section(&player);
  munmap(player.buf, BUF_SIZE);
  sim_host_free(player.host);
  assert_true(player.n_calls > 850);
  assert_int_equal(player.n_wrong, 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_calls_get_the_recorded_answers)};

  recorded_file = argv[1];
  page_size = argv[2];
  return cmocka_run_group_tests_name(page_size, tests, NULL, NULL);
}
