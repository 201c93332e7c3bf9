/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one system call that does nothing takes, in nanoseconds of processor time, the best of a few runs; with --filter
 * under a filter that allows everything: what the kernel takes for any filter.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { CALLS = 200000, ROUNDS = 15 };

int main(int argc, char **argv) {
  struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {G_N_ELEMENTS(allow), allow};
  double best = 0;

  if (argc > 1 && strcmp(argv[1], "--filter") == 0 &&
      (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)) {
    perror("bench-syscalls");
    return 1;
  }
  for (guint round = 0; round < ROUNDS; round++) {
    double start = bench_seconds();
    for (guint i = 0; i < CALLS; i++)
      syscall(SYS_getppid);
    double each = (bench_seconds() - start) / CALLS;
    best = round == 0 ? each : MIN(best, each);
  }
  printf("%.1f\n", best * 1e9);
  return 0;
}
