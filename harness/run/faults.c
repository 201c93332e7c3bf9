/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/run/faults.h"

typedef struct {
  const ScenarioStmt *stmt;
  guint seen;
  gboolean reached;
} Fault;

struct Faults {
  GMutex lock;
  GArray *faults; /* of Fault */
};

Faults *faults_new(void) {
  Faults *faults = g_new0(Faults, 1);
  g_mutex_init(&faults->lock);
  faults->faults = g_array_new(FALSE, FALSE, sizeof(Fault));
  return faults;
}

void faults_free(Faults *faults) {
  g_array_unref(faults->faults);
  g_mutex_clear(&faults->lock);
  g_free(faults);
}

void faults_arm(Faults *faults, const ScenarioStmt *stmt) {
  g_mutex_lock(&faults->lock);
  g_array_append_val(faults->faults, ((Fault){.stmt = stmt}));
  g_mutex_unlock(&faults->lock);
}

int faults_offer(const TraceEvent *event, gpointer data) {
  Faults *faults = data;
  int answer = 0;

  g_mutex_lock(&faults->lock);
  for (guint i = 0; i < faults->faults->len; i++) {
    Fault *fault = &g_array_index(faults->faults, Fault, i);
    if (fault->reached || !scenario_expect_matches(&fault->stmt->match, event))
      continue;
    fault->seen++;
    /* Every fault counts every call; of two that fall on one call the first answers, the other is reached as well. */
    if (fault->seen == MAX(fault->stmt->nth, 1)) {
      fault->reached = TRUE;
      if (answer == 0)
        answer = -fault->stmt->error;
    }
  }
  g_mutex_unlock(&faults->lock);
  return answer;
}

const ScenarioStmt *faults_unreached(Faults *faults, guint *seen) {
  const ScenarioStmt *stmt = NULL;

  g_mutex_lock(&faults->lock);
  for (guint i = 0; i < faults->faults->len && !stmt; i++) {
    const Fault *fault = &g_array_index(faults->faults, Fault, i);
    if (!fault->reached) {
      stmt = fault->stmt;
      *seen = fault->seen;
    }
  }
  g_mutex_unlock(&faults->lock);
  return stmt;
}
