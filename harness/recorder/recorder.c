/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/recorder/recorder.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/kernel.h"
#include "harness/recorder/recorder-paths.h"

struct Recorder {
  const char *library;
  int file;
  char *path; /* of the file, as other processes know it */
  off_t read; /* bytes that have been collected */
};

static const char *find_library(GError **error) {
  static const char *const paths[] = {RECORDER_LIBRARY_BUILT, RECORDER_LIBRARY_INSTALLED};

  for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
    if (access(paths[i], R_OK) == 0)
      return paths[i];
  g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_UNAVAILABLE,
              "the library that notes a program's calls is neither at %s nor at %s: build and install vfiosim whole",
              paths[0], paths[1]);
  return NULL;
}

Recorder *recorder_new(GError **error) {
  const char *library = find_library(error);
  Recorder *recorder;
  int file;

  if (!library)
    return NULL;
  file = memfd_create("vfiosim-record", MFD_CLOEXEC);
  if (file < 0) {
    g_set_error(error, KERNEL_ERROR, KERNEL_ERROR_FAILED, "cannot make a file for the program's calls: %s",
                g_strerror(errno));
    return NULL;
  }
  recorder = g_new0(Recorder, 1);
  recorder->library = library;
  recorder->file = file;
  recorder->path = g_strdup_printf("/proc/%d/fd/%d", getpid(), file);
  return recorder;
}

void recorder_free(Recorder *recorder) {
  if (!recorder)
    return;
  close(recorder->file);
  g_free(recorder->path);
  g_free(recorder);
}

void recorder_enter(const Recorder *recorder) {
  g_setenv("LD_PRELOAD", recorder->library, TRUE);
  g_setenv(RECORDER_VARIABLE, recorder->path, TRUE);
}

void recorder_collect(Recorder *recorder, Trace *trace, RecorderFunc func, gpointer data) {
  TraceEvent event;

  while (pread(recorder->file, &event, sizeof event, recorder->read) == sizeof event) {
    TraceEvent *added = trace_add(trace);
    guint32 seq = added->seq;

    *added = event;
    added->seq = seq;
    if (func)
      func(added, data);
    recorder->read += sizeof event;
  }
}
