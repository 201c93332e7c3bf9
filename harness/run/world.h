/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A world of its own for each scenario: a forked process, so that a crash or a hang of the model or of the subject is a
 * failed result and nothing of one scenario is left for the next.
 */
#pragma once

#include "harness/run/runner.h"

G_BEGIN_DECLS

typedef struct Worlds Worlds;

/* Takes SIGINT, SIGTERM and SIGHUP over until worlds_free(). NULL with G_FILE_ERROR if the system has no fds left. */
Worlds *worlds_new(GError **error);
void worlds_free(Worlds *worlds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Worlds, worlds_free)

/* As run_scenario(), in a child with a process group of its own. options->trace gets the child's events, at most
 * 100,000; options->progress is called here. FALSE: interrupted by a signal; the world was killed. */
gboolean worlds_run(Worlds *worlds, const Scenario *scenario, const RunOptions *options, ScenarioResult *result);

G_END_DECLS
