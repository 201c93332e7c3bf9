/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first process of the emulated POWER machine: loads the modules of /modules/order, gives every PCI function that
 * is not a bridge to vfio-pci, runs each line of /commands and powers off. Words are separated by blanks. The console
 * is the only way out; its lines: <machine TEXT            what was found <begin N                 line N of /commands,
 * from 0, begins <report TEXT             a line of its standard output or error <trace TEXT              a line of
 * /tmp/trace, which it wrote <kernel TEXT             a complaint of the kernel's <end N STATUS            its exit
 * status, or 128 and the signal <done                    the machine powers off This file runs on an emulated machine
 * alone: it is static and uses libc only.
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

enum { MAX_WORDS = 64, MAX_LOG = 1 << 20, PCI_BRIDGE_CLASS = 0x06 };

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

/* Prints the lines of a file, each behind a tag. */
static void print_file(const char *path, const char *tag) {
  FILE *file = fopen(path, "re");
  char *line = NULL;
  size_t size = 0;

  while (file && getline(&line, &size, file) > 0) {
    line[strcspn(line, "\n")] = 0;
    printf("<%s %s\n", tag, line);
  }
  free(line);
  if (file)
    fclose(file);
}

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
      printf("<machine module %s: %s\n", name, strerror(errno));
    if (fd >= 0)
      close(fd);
  }
  if (order)
    fclose(order);
}

static void bind_device(const char *name) {
  char group[32], driver[64];

  if (read_number(name, "class") >> 16 == PCI_BRIDGE_CLASS)
    return;
  write_file(name, "%s/%s/driver/unbind", devices, name);
  write_file("vfio-pci", "%s/%s/driver_override", devices, name);
  write_file(name, "/sys/bus/pci/drivers_probe");
  read_link(name, "iommu_group", group, sizeof group);
  read_link(name, "driver", driver, sizeof driver);
  printf("<machine device %s %04lx:%04lx group %s driver %s\n", name, read_number(name, "vendor"),
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
static void print_complaints(void) {
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
        printf("<kernel %s\n", line);
  free(log);
}

static int run(char *line) {
  char *words[MAX_WORDS + 1] = {0};
  int status = 0;

  for (int n = 0; n < MAX_WORDS && (words[n] = strsep(&line, " \n")); n++)
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

static void run_commands(void) {
  FILE *commands = fopen("/commands", "re");
  char *line = NULL;
  size_t size = 0;

  for (int n = 0; commands && getline(&line, &size, commands) > 0; n++) {
    printf("<begin %d\n", n);
    int status = run(line);
    print_file("/tmp/report", "report");
    print_file("/tmp/trace", "trace");
    print_complaints();
    printf("<end %d %d\n", n, status);
  }
  free(line);
  if (commands)
    fclose(commands);
}

int main(void) {
  mount_all();
  open_console();
  load_modules();
  bind_devices();
  write_file("1 4 1 7", "/proc/sys/kernel/printk");
  print_complaints();
  run_commands();
  printf("<done\n");
  fflush(stdout);
  usleep(100000); /* the console drains */
  reboot(RB_POWER_OFF);
  return 1;
}
