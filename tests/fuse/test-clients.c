/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs' own system calls on the nodes: what arrives, from whom, and what comes back. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fuse/rig.h"

enum { NOBODY = 65534, PAGE = 65536 };

/* An address that is never mapped. */
static void *const wild = (void *)0xdead000;

static int register_memory(int container, void *memory, gsize size) {
  struct vfio_iommu_spapr_register_memory args = {.argsz = sizeof args, .vaddr = (guintptr)memory, .size = size};
  return ioctl(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &args);
}

static int answers(gpointer data, int keep_fd) {
  int group, container = open_attached(&group);
  struct vfio_group_status status = {.argsz = sizeof status};
  guint16 id = 0;

  CHECK(ioctl(container, VFIO_GET_API_VERSION) == VFIO_API_VERSION);
  CHECK(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_SPAPR_TCE_v2_IOMMU) == 1);
  CHECK(ioctl(group, VFIO_GROUP_GET_STATUS, &status) == 0);
  CHECK(status.flags == (VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET));
  /* PD-1 */
  CHECK(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:03:00.0") == -1 && errno == ENODEV);
  int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
  CHECK(device >= 0 && fcntl(device, F_GETFD) == FD_CLOEXEC);
  /* Config space is region 7: its offset has the index in the bits from 40 on. */
  CHECK(pread(device, &id, sizeof id, (off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40) == sizeof id && id == 0x1af4);
  CHECK(pread(device, &id, sizeof id, (off_t)100 << 40) == -1 && errno == EINVAL);
  return 0;
}

static int wild_pointers(gpointer data, int keep_fd) {
  int group, container = open_attached(&group), vm = create_vm();
  guint8 *pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);

  CHECK(ioctl(group, VFIO_GROUP_GET_STATUS, wild) == -1 && errno == EFAULT);
  CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, wild) == -1 && errno == EFAULT);
  CHECK(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, wild) == -1 && errno == EFAULT);
  CHECK(ioctl(container, VFIO_IOMMU_MAP_DMA, wild) == -1);
  CHECK(ioctl(container, VFIO_IOMMU_SPAPR_TCE_CREATE, wild) == -1 && errno == EFAULT);
  CHECK(ioctl(container, VFIO_IOMMU_SPAPR_TCE_GET_INFO, pages + 4092) == -1 && errno == EFAULT);
  CHECK(ioctl(vm, KVM_CREATE_DEVICE, wild) == -1 && errno == EFAULT);
  return 0;
}

/* KVM_CREATE_DEVICE returns its fd inside the struct. */
static int fd_in_a_struct(gpointer data, int keep_fd) {
  struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO, .fd = 12345};
  int group, container = open_attached(&group), vm = create_vm();
  CHECK(container >= 0);
  CHECK(ioctl(vm, KVM_CREATE_DEVICE, &create) == 0);
  CHECK(create.fd != 12345 && fcntl(create.fd, F_GETFD) == FD_CLOEXEC);
  struct kvm_device_attr attr = {.group = KVM_DEV_VFIO_GROUP, .attr = KVM_DEV_VFIO_GROUP_ADD, .addr = (guintptr)&group};
  CHECK(ioctl(create.fd, KVM_SET_DEVICE_ATTR, &attr) == 0);
  attr.addr = (guintptr)wild;
  CHECK(ioctl(create.fd, KVM_SET_DEVICE_ATTR, &attr) == -1 && errno == EFAULT);
  return 0;
}

static int foreign_files(gpointer data, int keep_fd) {
  int zero = open("/dev/zero", O_RDWR), group = open_group(7), none = -1;
  /* The command numbers that are held by the filter, on files of others: the kernel's own answers. */
  CHECK(ioctl(zero, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0") == -1 && errno == ENOTTY);
  CHECK(ioctl(-1, KVM_CREATE_VM, 0) == -1 && errno == EBADF);
  /* The same command on a node that does not know it. */
  CHECK(ioctl(group, KVM_CREATE_VM, 0) == -1 && errno == ENOTTY);
  /* CG-47: a file of another kind; CG-43: none, or one that is not open to be used */
  CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &zero) == -1 && errno == EBADFD);
  int path = open("/dev/vfio/vfio", O_PATH);
  CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &path) == -1 && errno == EBADF);
  CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &none) == -1 && errno == EBADF);
  return 0;
}

static int no_fds_left(gpointer data, int keep_fd) {
  int group, container = open_attached(&group), last = -1, fd;
  CHECK(container >= 0);
  while ((fd = dup(0)) >= 0)
    last = fd;
  CHECK(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0") == -1 && errno == EMFILE);
  close(last);
  CHECK(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0") == last);
  return 0;
}

static int interrupts(gpointer data, int keep_fd) {
  int group, container = open_attached(&group);
  int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0");
  int event = eventfd(0, EFD_NONBLOCK), zero = open("/dev/zero", O_RDWR);
  struct { /* struct vfio_irq_set with its data */
    guint32 argsz, flags, index, start, count;
    gint32 fd;
  } args = {sizeof args, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, event};
  guint64 count = 0;
  CHECK(container >= 0 && ioctl(device, VFIO_DEVICE_SET_IRQS, &args) == 0);
  /* The loopback of SET_IRQS fires the vector as the device would. */
  struct vfio_irq_set fire = {sizeof fire, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_PCI_MSI_IRQ_INDEX,
                              0, 1};
  CHECK(ioctl(device, VFIO_DEVICE_SET_IRQS, &fire) == 0);
  CHECK(read(event, &count, sizeof count) == sizeof count && count == 1);
  args.fd = zero;
  CHECK(ioctl(device, VFIO_DEVICE_SET_IRQS, &args) == -1 && errno == EINVAL);
  return 0;
}

/* ---- whose call it is ---- */

static void *call_in_thread(void *container) {
  struct vfio_iommu_spapr_tce_info info = {.argsz = sizeof info};
  return GINT_TO_POINTER(ioctl(GPOINTER_TO_INT(container), VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info));
}

static int get_info(int container) {
  struct vfio_iommu_spapr_tce_info info = {.argsz = sizeof info};
  return ioctl(container, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info);
}

static int check_extension(int vm) {
  return ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_SPAPR_TCE);
}

/* TCE-24, KV-5: another address space is refused, a thread of this one is not. */
static int fork_and_threads(gpointer data, int keep_fd) {
  int group, container = open_attached(&group), vm = create_vm(), status;
  pthread_t thread;
  void *result;

  CHECK(register_memory(container, aligned_alloc(PAGE, PAGE), PAGE) == 0);
  pid_t pid = fork();
  if (pid == 0) {
    CHECK(get_info(container) == -1 && errno == EPERM);
    CHECK(check_extension(vm) == -1 && errno == EIO);
    /* CG-9: the container itself asks nobody who calls. */
    CHECK(ioctl(container, VFIO_GET_API_VERSION) == VFIO_API_VERSION);
    _exit(0);
  }
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  CHECK(pthread_create(&thread, NULL, call_in_thread, GINT_TO_POINTER(container)) == 0);
  CHECK(pthread_join(thread, &result) == 0 && GPOINTER_TO_INT(result) == 0);
  CHECK(get_info(container) == 0 && check_extension(vm) >= 0);
  return 0;
}

/* vfork() shares the address space until exec() or exit. */
static int vforked(gpointer data, int keep_fd) {
  int group, container = open_attached(&group), status;
  CHECK(register_memory(container, aligned_alloc(PAGE, PAGE), PAGE) == 0);
  pid_t pid = vfork();
  if (pid == 0)
    _exit(get_info(container) == 0 ? 0 : 1);
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  return 0;
}

/* The address space ends with exec(), the open files do not. */
static int execed(gpointer data, int keep_fd) {
  int group, container = open_attached(&group), status;
  CHECK(register_memory(container, aligned_alloc(PAGE, PAGE), PAGE) == 0);
  CHECK(fcntl(container, F_SETFD, 0) == 0 && fcntl(group, F_SETFD, 0) == 0);
  g_autofree char *fd = g_strdup_printf("%d", container);
  pid_t pid = fork();
  if (pid == 0) {
    execl("/proc/self/exe", "test-clients", "--after-exec", fd, NULL);
    _exit(1);
  }
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  /* Its own exec, too: the caller is then another address space than the container's. */
  execl("/proc/self/exe", "test-clients", "--after-exec", fd, NULL);
  return 1;
}

static int after_exec(int container) {
  CHECK(get_info(container) == -1 && errno == EPERM); /* TCE-24 */
  return 0;
}

static void send_fd(int socket, int fd) {
  char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_fd(int socket) {
  char byte, control[CMSG_SPACE(sizeof(int))];
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd;
  CHECK(recvmsg(socket, &message, 0) == 1);
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

/* An open file that arrives over a socket is the same one: the group can be put into the container by another process.
 */
static int passed(gpointer data, int keep_fd) {
  int sockets[2], status;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  pid_t pid = fork();
  if (pid == 0) {
    int container = receive_fd(sockets[1]), group = receive_fd(sockets[1]);
    CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
    CHECK(ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU) == 0);
    CHECK(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:00.0") >= 0);
    _exit(0);
  }
  int container = open_container(), group = open_group(7);
  send_fd(sockets[0], container);
  send_fd(sockets[0], group);
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  struct vfio_group_status state = {.argsz = sizeof state};
  CHECK(ioctl(group, VFIO_GROUP_GET_STATUS, &state) == 0 && (state.flags & VFIO_GROUP_FLAGS_CONTAINER_SET));
  return 0;
}

/* ---- tests ---- */

static GateClientFunc now;

static void run_now(World *world) {
  client_run(world, now, NULL);
  SimCensus census = world_census(world);
  CHECK(census.containers == 0 && census.groups_open == 0 && census.devices_open == 0 && census.vms == 0);
  CHECK(census.locked_pages == 0 && census.tables == 0 && census.regions == 0);
}

static void run(uid_t uid, GateClientFunc func) {
  now = func;
  in_world(uid, run_now);
}

static void calls_are_answered(void **state) {
  run(0, answers);
}

static void calls_of_an_ordinary_user_are_answered(void **state) {
  run(NOBODY, answers);
}

static void wild_pointers_are_efault(void **state) {
  run(0, wild_pointers);
}

static void wild_pointers_of_an_ordinary_user_are_efault(void **state) {
  run(NOBODY, wild_pointers);
}

static void create_device_returns_its_fd_in_the_struct(void **state) {
  run(0, fd_in_a_struct);
}

static void files_of_others_are_left_alone(void **state) {
  run(0, foreign_files);
}

static void a_full_fd_table_is_emfile(void **state) {
  run(0, no_fds_left);
}

static void an_interrupt_reaches_the_eventfd(void **state) {
  run(0, interrupts);
}

static void TCE_24_KV_5_a_forked_child_is_refused(void **state) {
  run(0, fork_and_threads);
}

static void TCE_24_KV_5_a_forked_child_of_an_ordinary_user_is_refused(void **state) {
  run(NOBODY, fork_and_threads);
}

static void a_vforked_child_shares_the_address_space(void **state) {
  run(0, vforked);
}

static void TCE_24_an_execed_image_is_refused(void **state) {
  run(0, execed);
}

static void an_fd_passed_over_a_socket_is_the_same_file(void **state) {
  run(0, passed);
}

static void an_fd_passed_by_an_ordinary_user_is_the_same_file(void **state) {
  run(NOBODY, passed);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--after-exec") == 0)
    return after_exec(atoi(argv[2]));
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_are_answered),
      cmocka_unit_test(calls_of_an_ordinary_user_are_answered),
      cmocka_unit_test(wild_pointers_are_efault),
      cmocka_unit_test(wild_pointers_of_an_ordinary_user_are_efault),
      cmocka_unit_test(create_device_returns_its_fd_in_the_struct),
      cmocka_unit_test(files_of_others_are_left_alone),
      cmocka_unit_test(a_full_fd_table_is_emfile),
      cmocka_unit_test(an_interrupt_reaches_the_eventfd),
      cmocka_unit_test(TCE_24_KV_5_a_forked_child_is_refused),
      cmocka_unit_test(TCE_24_KV_5_a_forked_child_of_an_ordinary_user_is_refused),
      cmocka_unit_test(a_vforked_child_shares_the_address_space),
      cmocka_unit_test(TCE_24_an_execed_image_is_refused),
      cmocka_unit_test(an_fd_passed_over_a_socket_is_the_same_file),
      cmocka_unit_test(an_fd_passed_by_an_ordinary_user_is_the_same_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
