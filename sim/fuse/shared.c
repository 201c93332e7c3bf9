/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/fuse/shared.h"

#include <sys/mman.h>
#include <unistd.h>

typedef struct {
  void *start;
  gsize size;
  int fd;
} Piece;

struct SimShared {
  GPtrArray *pieces; /* of Piece* */
};

static void piece_free(Piece *piece) {
  munmap(piece->start, piece->size);
  close(piece->fd);
  g_free(piece);
}

SimShared *sim_shared_new(void) {
  SimShared *shared = g_new0(SimShared, 1);
  shared->pieces = g_ptr_array_new_with_free_func((GDestroyNotify)piece_free);
  return shared;
}

void sim_shared_free(SimShared *shared) {
  if (!shared)
    return;
  g_ptr_array_unref(shared->pieces);
  g_free(shared);
}

void *sim_shared_add(SimShared *shared, gsize size) {
  int fd = memfd_create("vfiosim", MFD_CLOEXEC);
  void *start = fd >= 0 && ftruncate(fd, (off_t)size) == 0
                    ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0)
                    : MAP_FAILED;
  if (start == MAP_FAILED) {
    if (fd >= 0)
      close(fd);
    return NULL;
  }
  Piece *piece = g_new(Piece, 1);
  *piece = (Piece){start, size, fd};
  g_ptr_array_add(shared->pieces, piece);
  return start;
}

static Piece *find(const SimShared *shared, const void *memory) {
  for (guint i = 0; i < shared->pieces->len; i++) {
    Piece *piece = shared->pieces->pdata[i];
    if (piece->start == memory)
      return piece;
  }
  return NULL;
}

void sim_shared_remove(SimShared *shared, void *memory) {
  g_ptr_array_remove_fast(shared->pieces, find(shared, memory));
}

int sim_shared_fd(const SimShared *shared, const void *memory) {
  const Piece *piece = find(shared, memory);
  return piece ? piece->fd : -1;
}
