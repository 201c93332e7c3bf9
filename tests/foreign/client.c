/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that is built for this machine and for ppc64le: makes calls of a kind, and prints what they answer, a line
 * each. usage: client KIND
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/preload/message.h"

/* Only ppc64le's headers have it, and what they have is too long a number elsewhere. */
struct create_table {
  uint64_t liobn;
  uint32_t page_shift, flags;
  uint64_t offset, size;
};
#undef KVM_CREATE_SPAPR_TCE_64
#define KVM_CREATE_SPAPR_TCE_64 _IOW(KVMIO, 0xa8, struct create_table)

enum { HOST_PAGE = 65536, CALLS = 200, THREADS = 4 };

/* An address that is never mapped. */
static void *const wild = (void *)0xdead000;

static long say(const char *what, long result) {
  if (result < 0)
    printf("%s: errno %d\n", what, errno);
  else
    printf("%s: %ld\n", what, result);
  return result;
}

/* The number of an fd is the client's affair; how it was made is not. */
static int say_fd(const char *what, long fd) {
  if (fd < 0)
    return (int)say(what, fd);
  printf("%s: fd, flags %d\n", what, fcntl((int)fd, F_GETFD));
  return (int)fd;
}

static int attach(int *group) {
  int container = say_fd("open container", open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
  *group = say_fd("open group", open("/dev/vfio/7", O_RDWR | O_CLOEXEC));
  say("SET_CONTAINER", ioctl(*group, VFIO_GROUP_SET_CONTAINER, &container));
  say("SET_IOMMU", ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU));
  return container;
}

static int create_vm(void) {
  int kvm = say_fd("open kvm", open("/dev/kvm", O_RDWR | O_CLOEXEC));
  int vm = say_fd("CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0));
  close(kvm);
  return vm;
}

static long get_info(int container) {
  struct vfio_iommu_spapr_tce_info info = {.argsz = sizeof info};
  return ioctl(container, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info);
}

static long register_memory(int container, void *memory, size_t size) {
  struct vfio_iommu_spapr_register_memory args = {.argsz = sizeof args, .vaddr = (uintptr_t)memory, .size = size};
  return ioctl(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &args);
}

static void calls_on_containers_and_devices(void) {
  int group, container = attach(&group);
  struct vfio_iommu_spapr_tce_create create = {
      .argsz = sizeof create, .page_shift = 16, .window_size = 1 << 30, .levels = 1};
  struct vfio_iommu_spapr_tce_remove remove = {.argsz = sizeof remove};
  struct vfio_region_info region = {.argsz = sizeof region, .index = VFIO_PCI_CONFIG_REGION_INDEX};
  void *memory = aligned_alloc(HOST_PAGE, HOST_PAGE);
  uint16_t id = 0;

  memset(memory, 1, HOST_PAGE);
  say("GET_API_VERSION", ioctl(container, VFIO_GET_API_VERSION));
  say("CHECK_EXTENSION", ioctl(container, VFIO_CHECK_EXTENSION, VFIO_SPAPR_TCE_v2_IOMMU));
  say("CHECK_EXTENSION of none", ioctl(container, VFIO_CHECK_EXTENSION, 1000));
  say("REGISTER_MEMORY", register_memory(container, memory, HOST_PAGE));
  say("REGISTER_MEMORY unaligned", register_memory(container, (char *)memory + 1, HOST_PAGE));
  say("GET_INFO", get_info(container));
  say("TCE_REMOVE", ioctl(container, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove));
  say("TCE_CREATE", ioctl(container, VFIO_IOMMU_SPAPR_TCE_CREATE, &create));
  printf("start_addr %#llx\n", (unsigned long long)create.start_addr);
  int device = say_fd("GET_DEVICE_FD", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0"));
  say_fd("GET_DEVICE_FD of none", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:09:00.0"));
  say("GET_REGION_INFO", ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region));
  say("pread", pread(device, &id, sizeof id, (off_t)region.offset));
  printf("vendor %#x\n", id);
  say("DEVICE_RESET", ioctl(device, VFIO_DEVICE_RESET));
  say("unknown", ioctl(device, _IO(VFIO_TYPE, VFIO_BASE + 99)));
  say("KVM's on a container", ioctl(container, KVM_GET_API_VERSION, 0));
}

static void calls_on_kvm(void) {
  int group, container = attach(&group), vm = create_vm();
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO, .fd = (uint32_t)-1};
  struct create_table table = {.liobn = 0x80000000, .page_shift = 16, .size = 64};
  struct kvm_device_attr attr = {
      .group = KVM_DEV_VFIO_GROUP, .attr = KVM_DEV_VFIO_GROUP_ADD, .addr = (uintptr_t)&group};
  struct {
    int32_t group, table;
  } spapr = {group, -1};

  say("CHECK_EXTENSION", ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE));
  say_fd("CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
  say_fd("CREATE_VCPU again", ioctl(vm, KVM_CREATE_VCPU, 0));
  say("CREATE_DEVICE", ioctl(vm, KVM_CREATE_DEVICE, &create));
  say_fd("the struct's fd", (int)create.fd);
  spapr.table = say_fd("CREATE_SPAPR_TCE_64", ioctl(vm, KVM_CREATE_SPAPR_TCE_64, &table));
  say_fd("CREATE_SPAPR_TCE_64 again", ioctl(vm, KVM_CREATE_SPAPR_TCE_64, &table));
  say("GROUP_ADD", ioctl((int)create.fd, KVM_SET_DEVICE_ATTR, &attr));
  say("GROUP_ADD again", ioctl((int)create.fd, KVM_SET_DEVICE_ATTR, &attr));
  attr.addr = (uintptr_t)wild;
  say("GROUP_ADD of wild memory", ioctl((int)create.fd, KVM_SET_DEVICE_ATTR, &attr));
  attr.attr = KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE;
  attr.addr = (uintptr_t)&spapr;
  say("SET_SPAPR_TCE", ioctl((int)create.fd, KVM_SET_DEVICE_ATTR, &attr));
  spapr.table = container;
  say("SET_SPAPR_TCE of no table", ioctl((int)create.fd, KVM_SET_DEVICE_ATTR, &attr));
}

static void wild_pointers(void) {
  int group, container = attach(&group), vm = create_vm();
  long page = 4096; /* the machine's */
  char *pages = mmap(NULL, HOST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + page, (size_t)(HOST_PAGE - page));
  say("GET_STATUS", ioctl(group, VFIO_GROUP_GET_STATUS, wild));
  say("SET_CONTAINER", ioctl(group, VFIO_GROUP_SET_CONTAINER, wild));
  say("GET_DEVICE_FD", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, wild));
  say("TCE_CREATE", ioctl(container, VFIO_IOMMU_SPAPR_TCE_CREATE, wild));
  say("GET_INFO that ends too soon", ioctl(container, VFIO_IOMMU_SPAPR_TCE_GET_INFO, pages + page - 4));
  say("CREATE_DEVICE", ioctl(vm, KVM_CREATE_DEVICE, wild));
  say("CREATE_SPAPR_TCE_64", ioctl(vm, KVM_CREATE_SPAPR_TCE_64, NULL));
}

static void files_of_others(void) {
  int zero = open("/dev/zero", O_RDWR), group = say_fd("open", open("/dev/vfio/7", O_RDWR)), vm = create_vm();
  say("a device of none", ioctl(zero, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0"));
  say("KVM of none", ioctl(zero, KVM_GET_API_VERSION, 0));
  say("no file", ioctl(-1, KVM_CREATE_VM, 0));
  say("closed", ioctl(999, VFIO_GET_API_VERSION));
  say("another's call", ioctl(group, KVM_CREATE_VM, 0));
  say("SET_CONTAINER of /dev/zero", ioctl(group, VFIO_GROUP_SET_CONTAINER, &zero));
  say("CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 1 << 20));
  while (dup(0) >= 0)
    ;
  say("CREATE_VCPU without an fd left", ioctl(vm, KVM_CREATE_VCPU, 3));
}

/* What carries calls, used by a program itself. */
static void carriers(void) {
  int group, container = attach(&group), zero = open("/dev/zero", O_RDWR);
  CarriedMessage message = {.magic = CARRIED_MAGIC, .op = CARRIED_IOCTL, .number = VFIO_GET_API_VERSION};
  message.self = (uintptr_t)&message;
  say("a good one", ioctl(container, CARRIER, &message));
  say("a foreign file", ioctl(zero, CARRIER, &message));
  message.op = 99;
  say("unknown", ioctl(container, CARRIER, &message));
  message.op = 0;
  say("nothing", ioctl(container, CARRIER, &message));
  message.op = CARRIED_MMAP;
  message.length = HOST_PAGE;
  say("memory of a container", ioctl(container, CARRIER, &message));
  message.op = CARRIED_IOCTL;
  message.self++;
  say("from elsewhere", ioctl(container, CARRIER, &message));
  message.self--;
  message.magic = 0;
  say("without magic", ioctl(container, CARRIER, &message));
  say("wild", ioctl(container, CARRIER, wild));
  say("none", ioctl(container, CARRIER, NULL));
}

static void interrupts(void) {
  int group, container = attach(&group);
  int device = say_fd("GET_DEVICE_FD", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0"));
  int event = eventfd(0, EFD_NONBLOCK);
  struct { /* struct vfio_irq_set with its data */
    uint32_t argsz, flags, index, start, count;
    int32_t fd;
  } args = {sizeof args, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, event};
  struct vfio_irq_set fire = {sizeof fire, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_PCI_MSI_IRQ_INDEX,
                              0, 1};
  uint64_t count = 0;
  say("SET_IRQS", ioctl(device, VFIO_DEVICE_SET_IRQS, &args));
  say("SET_IRQS that fires", ioctl(device, VFIO_DEVICE_SET_IRQS, &fire));
  say("read", read(event, &count, sizeof count));
  args.fd = container;
  say("SET_IRQS with no eventfd", ioctl(device, VFIO_DEVICE_SET_IRQS, &args));
}

/* TCE-24, KV-5: another address space is refused. */
static void forked(void) {
  int group, container = attach(&group), vm = create_vm(), status;
  say("REGISTER_MEMORY", register_memory(container, aligned_alloc(HOST_PAGE, HOST_PAGE), HOST_PAGE));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    say("the child's GET_INFO", get_info(container));
    say("the child's CHECK_EXTENSION", ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE));
    say("the child's GET_API_VERSION", ioctl(container, VFIO_GET_API_VERSION));
    say_fd("the child's own VM", create_vm());
    exit(0);
  }
  waitpid(pid, &status, 0);
  say("GET_INFO", get_info(container));
}

static void *call_often(void *arg) {
  int container = *(int *)arg;
  long bad = 0;
  for (int i = 0; i < CALLS; i++) {
    int vm = open("/dev/kvm", O_RDWR), made = ioctl(vm, KVM_CREATE_VM, 0);
    bad += made < 0 || get_info(container) != 0 || ioctl(container, VFIO_GET_API_VERSION) != 0;
    close(made);
    close(vm);
  }
  return (void *)bad;
}

static void threads(void) {
  int group, container = attach(&group);
  pthread_t ids[THREADS];
  say("REGISTER_MEMORY", register_memory(container, aligned_alloc(HOST_PAGE, HOST_PAGE), HOST_PAGE));
  for (int i = 0; i < THREADS; i++)
    pthread_create(&ids[i], NULL, call_often, &container);
  for (int i = 0; i < THREADS; i++) {
    void *bad = NULL;
    pthread_join(ids[i], &bad);
    say("calls that failed", (long)(intptr_t)bad);
  }
}

/* ---- KVM_RUN ---- */

static int papr_vcpu(int *vm) {
  struct kvm_enable_cap papr = {.cap = KVM_CAP_PPC_PAPR};
  *vm = create_vm();
  int vcpu = say_fd("CREATE_VCPU", ioctl(*vm, KVM_CREATE_VCPU, 0));
  say("ENABLE_CAP", ioctl(vcpu, KVM_ENABLE_CAP, &papr));
  return vcpu;
}

static void do_nothing(int signal) {
}

static void *run_vcpu(void *vcpu) {
  say("KVM_RUN", ioctl(*(int *)vcpu, KVM_RUN, 0));
  return NULL;
}

static void interrupted_by(int flags) {
  struct sigaction action = {.sa_handler = do_nothing, .sa_flags = flags};
  int vm, vcpu = papr_vcpu(&vm);
  pthread_t thread;
  sigaction(SIGUSR1, &action, NULL);
  pthread_create(&thread, NULL, run_vcpu, &vcpu);
  usleep(100000);
  for (int i = 0; i < 10; i++) /* others are served meanwhile */
    if (ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE) != 1)
      say("CHECK_EXTENSION meanwhile", -1);
  close(create_vm());
  pthread_kill(thread, SIGUSR1);
  pthread_join(thread, NULL);
  say("CHECK_EXTENSION", ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE));
  say("KVM_RUN with an argument", ioctl(vcpu, KVM_RUN, 1));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    say("the child's KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
    exit(0);
  }
  waitpid(pid, NULL, 0);
}

static void interrupted(void) {
  interrupted_by(0);
}

/* KVM_RUN is not begun again, whatever the handler's flags are. */
static void interrupted_with_restart(void) {
  interrupted_by(SA_RESTART);
}

/* What the guest does is the starter's. Ends with a KVM_RUN that waits. */
static void guest(void) {
  int vm, vcpu = papr_vcpu(&vm);
  struct kvm_run *run = mmap(NULL, HOST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  run->immediate_exit = 1;
  say("KVM_RUN with immediate_exit", ioctl(vcpu, KVM_RUN, 0));
  run->immediate_exit = 0;
  for (;;) {
    printf("running\n");
    fflush(stdout);
    say("KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
    printf("exit %u, hypercall %#llx of %#llx\n", run->exit_reason, (unsigned long long)run->papr_hcall.nr,
           (unsigned long long)run->papr_hcall.args[0]);
    run->papr_hcall.ret = 5;
  }
}

/* For those who kill it. */
static void for_ever(void) {
  int group, container = attach(&group);
  for (;;)
    call_often(&container);
}

/* What only a program under the emulator sees. */
static void pages(void) {
  int vm = create_vm(), shown = 0;
  struct create_table table = {.liobn = 0x80000000, .page_shift = 16, .size = 64};
  int fd = say_fd("CREATE_SPAPR_TCE_64", ioctl(vm, KVM_CREATE_SPAPR_TCE_64, &table));
  int vcpu = say_fd("CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));

  say("sysconf", sysconf(_SC_PAGESIZE));
  say("getpagesize", getpagesize());
  for (int i = 0; i < 8; i++) {
    char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *at = 1;
    shown += (uintptr_t)at % HOST_PAGE == 0;
  }
  say("aligned of 8", shown);
  say("mmap of nothing", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  say("mmap at a part of a page",
      mmap((void *)0x10001000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
  uint64_t *tces = mmap(NULL, HOST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  say("mmap of a table", tces == MAP_FAILED ? -1 : (long)((uintptr_t)tces % HOST_PAGE));
  tces[63] = 0x1003;
  uint64_t *again = mmap(NULL, HOST_PAGE, PROT_READ, MAP_SHARED, fd, 0);
  printf("entry %#llx\n", (unsigned long long)again[63]);
  struct kvm_run *run = mmap(NULL, HOST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  say("mmap of a vcpu", run == MAP_FAILED ? -1 : (long)run->immediate_exit);
  say("mmap of a VM", mmap(NULL, HOST_PAGE, PROT_READ, MAP_SHARED, vm, 0) == MAP_FAILED ? -1 : 0);
  say("mmap of a table's end", mmap(NULL, HOST_PAGE, PROT_READ, MAP_SHARED, fd, HOST_PAGE) == MAP_FAILED ? -1 : 0);
  say("munmap", munmap(tces, HOST_PAGE));
  say("mmap of all memory",
      mmap(NULL, (size_t)-4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  int file = open("/proc/self/exe", O_RDONLY);
  char *program = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  say("mmap of a file", program == MAP_FAILED ? -1 : strncmp(program, "\177ELF", 4));
  say("mmap of no file", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED ? -1 : 0);
}

static const struct {
  const char *name;
  void (*run)(void);
} kinds[] = {
    {"vfio", calls_on_containers_and_devices},
    {"kvm", calls_on_kvm},
    {"wild", wild_pointers},
    {"others", files_of_others},
    {"carriers", carriers},
    {"interrupts", interrupts},
    {"fork", forked},
    {"threads", threads},
    {"interrupted", interrupted},
    {"interrupted-restart", interrupted_with_restart},
    {"guest", guest},
    {"for-ever", for_ever},
    {"pages", pages},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, argv[1]) == 0) {
      kinds[i].run();
      return 0;
    }
  }
  fprintf(stderr, "usage: client KIND\n");
  return 2;
}
