/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the benchmarks share. Times are of this process's CPU, so that a busy machine does not count, and the best of a
 * few runs; targets are ratios where they can be.
 */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <time.h>

static inline double bench_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Prints the figure and whether it is within its target; returns whether. */
static inline gboolean bench_at_most(const char *what, double value, const char *unit, double target) {
  gboolean good = value <= target;
  printf("%-58s %12.3f %-6s  at most %g: %s\n", what, value, unit, target, good ? "good" : "MISSED");
  return good;
}

static inline gboolean bench_at_least(const char *what, double value, const char *unit, double target) {
  gboolean good = value >= target;
  printf("%-58s %12.3f %-6s  at least %g: %s\n", what, value, unit, target, good ? "good" : "MISSED");
  return good;
}
