/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first process of the emulated POWER machine: loads the modules of /modules/order, gives every PCI function that
 * is neither a bridge nor the port's own to vfio-pci, and serves the port until it is told to power off.
 *
 * Both ways a message is a line "WORD [PATH] LENGTH" and LENGTH bytes. It is asked:
 *   put PATH LENGTH  the bytes are the file PATH from now on; its folders are made
 *   run LENGTH       words with blanks between: a program and its arguments
 *   off 0
 * and answers:
 *   machine  a line of what was found here, at the start; the last is followed by "ready"
 *   report   what the program printed
 *   trace    what it left in /tmp/trace
 *   kernel   the kernel's complaints meanwhile, line by line
 *   end      the program's exit status, or 128 and the signal
 * This file runs on an emulated machine alone: it is static and uses libc only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORDS = 64, MAX_LOG = 1 << 20, PCI_BRIDGE_CLASS = 0x06, PCI_VENDOR_VIRTIO = 0x1af4 };

static const char devices[] = "/sys/bus/pci/devices";

__attribute__((format(printf, 2, 3))) static int write_file(const char *text, const char *format, ...) {
  char path[512];
  va_list args;

  va_start(args, format);
  vsnprintf(path, sizeof path, format, args);
  va_end(args);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  ssize_t n = write(fd, text, strlen(text));
  close(fd);
  return n < 0 ? -1 : 0;
}

static unsigned long read_number(const char *device, const char *name) {
  char path[512], text[32] = "";

  snprintf(path, sizeof path, "%s/%s/%s", devices, device, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
    text[0] = 0;
  if (fd >= 0)
    close(fd);
  return strtoul(text, NULL, 16);
}

/* The last part of what a link says, or "none". */
static void read_link(const char *device, const char *name, char *out, size_t size) {
  char path[512], text[512];

  snprintf(path, sizeof path, "%s/%s/%s", devices, device, name);
  ssize_t n = readlink(path, text, sizeof text - 1);
  text[n < 0 ? 0 : n] = 0;
  const char *slash = strrchr(text, '/');
  snprintf(out, size, "%s", slash ? slash + 1 : "none");
}

/* ---- the port ---- */

static FILE *from_host, *to_host;

static void send_bytes(const char *word, const void *data, size_t len) {
  fprintf(to_host, "%s %zu\n", word, len);
  fwrite(data, 1, len, to_host);
  fflush(to_host);
}

__attribute__((format(printf, 2, 3))) static void send_text(const char *word, const char *format, ...) {
  char text[512];
  va_list args;

  va_start(args, format);
  int n = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  send_bytes(word, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

/* A file that is not there is sent as none. */
static void send_file(const char *word, const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char *data = fd >= 0 && fstat(fd, &status) == 0 ? malloc((size_t)status.st_size + 1) : NULL;
  ssize_t n = data ? read(fd, data, (size_t)status.st_size) : -1;

  if (n >= 0)
    send_bytes(word, data, (size_t)n);
  free(data);
  if (fd >= 0)
    close(fd);
}

/* The host's end comes up a moment after the driver; without a port there is nothing to do here. */
static int open_port(void) {
  int fd = -1;

  for (int i = 0; i < 100 && (fd = open("/dev/vport0p1", O_RDWR | O_CLOEXEC)) < 0; i++)
    usleep(100000);
  if (fd < 0) {
    printf("init: /dev/vport0p1: %s\n", strerror(errno));
    return -1;
  }
  from_host = fdopen(fd, "re");
  to_host = fdopen(dup(fd), "we");
  return from_host && to_host ? 0 : -1;
}

/* ---- the machine ---- */

static void mount_all(void) {
  mkdir("/proc", 0755);
  mkdir("/sys", 0755);
  mkdir("/dev", 0755);
  mkdir("/tmp", 0777);
  mount("proc", "/proc", "proc", 0, NULL);
  mount("sysfs", "/sys", "sysfs", 0, NULL);
  mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
  mkdir("/dev/shm", 0777);
  mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
}

static void open_console(void) {
  int fd = open("/dev/console", O_RDWR);

  if (fd < 0)
    return;
  dup2(fd, STDIN_FILENO);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close(fd);
  setvbuf(stdout, NULL, _IOLBF, 0);
}

static void load_modules(void) {
  FILE *order = fopen("/modules/order", "re");
  char name[128], path[256];

  while (order && fscanf(order, "%127s", name) == 1) {
    snprintf(path, sizeof path, "/modules/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
      send_text("machine", "module %s: %s", name, strerror(errno));
    if (fd >= 0)
      close(fd);
  }
  if (order)
    fclose(order);
}

static void bind_device(const char *name) {
  char group[32], driver[64];

  if (read_number(name, "class") >> 16 == PCI_BRIDGE_CLASS || read_number(name, "vendor") == PCI_VENDOR_VIRTIO)
    return;
  write_file(name, "%s/%s/driver/unbind", devices, name);
  write_file("vfio-pci", "%s/%s/driver_override", devices, name);
  write_file(name, "/sys/bus/pci/drivers_probe");
  read_link(name, "iommu_group", group, sizeof group);
  read_link(name, "driver", driver, sizeof driver);
  send_text("machine", "device %s %04lx:%04lx group %s driver %s", name, read_number(name, "vendor"),
            read_number(name, "device"), group, driver);
}

static void bind_devices(void) {
  DIR *dir = opendir(devices);
  struct dirent *entry;

  while (dir && (entry = readdir(dir)))
    if (entry->d_name[0] != '.')
      bind_device(entry->d_name);
  if (dir)
    closedir(dir);
}

/* The kernel's warnings that have come since the last call. */
static void send_complaints(void) {
  static const char *const words[] = {"WARNING: ", "BUG: ", "Oops: ", "nobody cared"};
  enum { READ_AND_CLEAR = 4 };
  char *log = malloc(MAX_LOG), *at = log;
  int n = log ? klogctl(READ_AND_CLEAR, log, MAX_LOG - 1) : 0;

  if (!log)
    return;
  log[n < 0 ? 0 : n] = 0;
  for (char *line; (line = strsep(&at, "\n"));)
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
      if (strstr(line, words[i]))
        send_text("kernel", "%s", line);
  free(log);
}

/* ---- requests ---- */

static int run(char *line) {
  char *words[MAX_WORDS + 1] = {0};
  int status = 0;

  for (int n = 0; n < MAX_WORDS && (words[n] = strsep(&line, " ")); n++)
    if (!*words[n])
      n--;
  if (!words[0])
    return 127;
  unlink("/tmp/trace");
  pid_t pid = fork();
  if (pid == 0) {
    int fd = open("/tmp/report", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int none = open("/dev/null", O_RDONLY);
    dup2(none, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close(none);
    close(fd);
    execv(words[0], words);
    printf("%s: %s\n", words[0], strerror(errno));
    exit(127);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void serve_run(char *words) {
  int status = run(words);

  send_file("report", "/tmp/report");
  send_file("trace", "/tmp/trace");
  send_complaints();
  send_text("end", "%d", status);
}

static void serve_put(char *path, const char *data, size_t len) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(path, 0755);
    *slash = '/';
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, data, len) != (ssize_t)len)
    send_text("machine", "put %s: %s", path, strerror(errno));
  if (fd >= 0)
    close(fd);
}

static void serve(void) {
  char line[600], word[16], path[512];
  size_t len;

  while (fgets(line, sizeof line, from_host)) {
    int put = sscanf(line, "%15s %511s %zu", word, path, &len) == 3;
    if (!put && sscanf(line, "%15s %zu", word, &len) != 2)
      return;
    char *data = malloc(len + 1);
    if (!data || fread(data, 1, len, from_host) != len || strcmp(word, "off") == 0) {
      free(data);
      return;
    }
    data[len] = 0;
    if (put)
      serve_put(path, data, len);
    else
      serve_run(data);
    free(data);
  }
}

int main(void) {
  mount_all();
  open_console();
  if (open_port() == 0) {
    load_modules();
    bind_devices();
    write_file("1 4 1 7", "/proc/sys/kernel/printk");
    send_complaints();
    send_bytes("ready", "", 0);
    serve();
  }
  reboot(RB_POWER_OFF);
  return 1;
}
