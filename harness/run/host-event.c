/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host's administrator does while the subject runs: drivers come and go. */
#include <errno.h>
#include <string.h>

#include "harness/run/run.h"

static SimDriver model_driver(ScenarioDriver driver) {
  static const SimDriver drivers[SCENARIO_N_DRIVERS] = {[SCENARIO_DRIVER_NONE] = SIM_DRIVER_NONE,
                                                        [SCENARIO_DRIVER_VFIO] = SIM_DRIVER_VFIO,
                                                        [SCENARIO_DRIVER_HOST] = SIM_DRIVER_HOST};

  return drivers[driver];
}

typedef struct {
  const ScenarioStmt *stmt;
  int result;
} HostEvent;

static void make_event(SimKernel *model, gpointer data) {
  HostEvent *event = data;
  const ScenarioStmt *stmt = event->stmt;

  switch (stmt->kind) {
  case STMT_HOST_UNBIND:
    event->result = sim_unbind(model, stmt->device);
    break;
  case STMT_HOST_BIND:
    event->result = sim_bind(model, stmt->device, model_driver(stmt->driver));
    break;
  case STMT_HOST_OPEN:
    event->result = sim_device_node_open(model, stmt->device);
    break;
  default:
    event->result = sim_device_node_close(model, stmt->device);
    break;
  }
}

static void judge_failure(Run *run, const ScenarioStmt *stmt, int err) {
  const char *wanted = stmt->error ? abi_errno_name(stmt->error) : NULL;

  if (!stmt->fails)
    run_fail(run, CHECK_FAILS, stmt->place, RUN_NO_MARK, "the host cannot do it: %s", abi_errno_name(err));
  else if (stmt->error && stmt->error != err)
    run_fail(run, CHECK_FAILS, stmt->place, RUN_NO_MARK, "the host was refused with %s; expected is %s",
             abi_errno_name(err), wanted);
}

void host_event_make(Run *run, const ScenarioStmt *stmt) {
  HostEvent event = {.stmt = stmt};

  kernel_with_model(run->kernel, make_event, &event);
  if (event.result < 0)
    judge_failure(run, stmt, -event.result);
  else if (stmt->fails)
    run_fail(run, CHECK_FAILS, stmt->place, RUN_NO_MARK, "it succeeded; it should have been refused");
  else if (stmt->kind == STMT_HOST_UNBIND && stmt->waits != (event.result == SIM_UNBIND_WAITS))
    run_fail(run, CHECK_FAILS, stmt->place, RUN_NO_MARK,
             stmt->waits ? "the device left its driver at once; it should have waited for its user"
                         : "the unbinding waits until the device's user lets go of it: write `waits` if it should");
}

typedef struct {
  guint64 device;
  SimDriver driver;
} AskDriver;

static void ask_driver(SimKernel *model, gpointer data) {
  AskDriver *ask = data;
  ask->driver = sim_driver_of(model, ask->device);
}

void host_event_check_driver(Run *run, const ScenarioStmt *stmt) {
  static const char *const names[] = {
      [SIM_DRIVER_NONE] = "none", [SIM_DRIVER_VFIO] = "vfio-pci", [SIM_DRIVER_HOST] = "one of the host's"};
  AskDriver ask = {.device = stmt->device};

  kernel_with_model(run->kernel, ask_driver, &ask);
  if (ask.driver != model_driver(stmt->driver))
    run_fail(run, CHECK_DRIVER, stmt->place, RUN_NO_MARK, "the device's driver is %s; expected is %s",
             names[ask.driver], names[model_driver(stmt->driver)]);
}
