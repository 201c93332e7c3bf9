/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sim/fuse/internal.h"
#include "sim/gate/carried.h"

/* What never changes may be remembered by the client's kernel; nodes may not, each lookup names a new one, and what
 * follows a device's driver may not either. */
static const double static_timeout = 3600;

static SimFuse *fuse_of(fuse_req_t req) {
  return fuse_req_userdata(req);
}

static void node_stat(const SimNode *node, struct stat *st) {
  sim_entry_stat(node->entry, st);
  st->st_ino = node->ino;
  st->st_size = node->size;
}

static void server_init(void *data, struct fuse_conn_info *conn) {
  conn->want &= ~(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_AUTO_INVAL_DATA);
  /* Releases beyond this number queue up elsewhere and could be overtaken by a barrier. */
  conn->max_background = 65535;
  conn->congestion_threshold = 65535;
}

/* Under the lock. */
static gboolean is_there(const SimEntry *entry, gpointer data) {
  const SimFuse *fuse = data;
  if (entry->type == SIM_ENTRY_NODE && entry->kind == ABI_GROUP)
    return sim_group_has_node(fuse->kernel, entry->group);
  return !entry->device || sim_driver_of(fuse->kernel, entry->device) == (SimDriver)entry->driver;
}

static void server_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
  SimFuse *fuse = fuse_of(req);
  const SimEntry *directory = sim_tree_entry(fuse->tree, parent);
  struct fuse_entry_param reply = {0};
  g_mutex_lock(&fuse->lock);
  const SimEntry *entry = directory ? sim_entry_child(directory, name, is_there, fuse) : NULL;
  g_mutex_unlock(&fuse->lock);
  if (!entry) {
    fuse_reply_err(req, ENOENT);
    return;
  }
  if (entry->type == SIM_ENTRY_NODE) {
    g_mutex_lock(&fuse->lock);
    SimNode *node = sim_nodes_add(fuse->nodes, entry);
    node_stat(node, &reply.attr);
    g_mutex_unlock(&fuse->lock);
  } else {
    sim_entry_stat(entry, &reply.attr);
    reply.entry_timeout = entry->device ? 0 : static_timeout;
    reply.attr_timeout = static_timeout;
  }
  reply.ino = reply.attr.st_ino;
  fuse_reply_entry(req, &reply);
}

static void forget(SimFuse *fuse, guint64 ino, guint64 lookups) {
  g_mutex_lock(&fuse->lock);
  SimNode *node = sim_nodes_find(fuse->nodes, ino);
  if (node)
    sim_nodes_forget(fuse->nodes, node, lookups);
  g_mutex_unlock(&fuse->lock);
}

static void server_forget(fuse_req_t req, fuse_ino_t ino, guint64 lookups) {
  forget(fuse_of(req), ino, lookups);
  fuse_reply_none(req);
}

static void server_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets) {
  for (size_t i = 0; i < count; i++)
    forget(fuse_of(req), forgets[i].ino, forgets[i].nlookup);
  fuse_reply_none(req);
}

static void server_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
  SimFuse *fuse = fuse_of(req);
  const SimEntry *entry = sim_tree_entry(fuse->tree, ino);
  struct stat st;
  if (entry) {
    sim_entry_stat(entry, &st);
    fuse_reply_attr(req, &st, static_timeout);
    return;
  }
  g_mutex_lock(&fuse->lock);
  SimNode *node = sim_nodes_find(fuse->nodes, ino);
  if (node)
    node_stat(node, &st);
  g_mutex_unlock(&fuse->lock);
  if (node)
    fuse_reply_attr(req, &st, 0);
  else
    fuse_reply_err(req, ENOENT);
}

static void server_readlink(fuse_req_t req, fuse_ino_t ino) {
  const SimEntry *entry = sim_tree_entry(fuse_of(req)->tree, ino);
  if (entry && entry->type == SIM_ENTRY_LINK)
    fuse_reply_readlink(req, entry->text);
  else
    fuse_reply_err(req, EINVAL);
}

static void server_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
  SimFuse *fuse = fuse_of(req);
  const SimEntry *directory = sim_tree_entry(fuse->tree, ino);
  if (!directory || !directory->children) {
    fuse_reply_err(req, ENOTDIR);
    return;
  }
  g_autofree char *buf = g_malloc(size);
  size_t used = 0;
  /* Offset n is "after entry n - 1"; entries 0 and 1 are "." and "..". */
  for (guint i = offset; i < directory->children->len + 2; i++) {
    const SimEntry *entry = i == 0   ? directory
                            : i == 1 ? directory->parent
                                     : (const SimEntry *)directory->children->pdata[i - 2];
    const char *name = i == 0 ? "." : i == 1 ? ".." : entry->name;
    struct stat st;
    g_mutex_lock(&fuse->lock);
    gboolean there = is_there(entry, fuse);
    g_mutex_unlock(&fuse->lock);
    if (!there)
      continue;
    sim_entry_stat(entry, &st);
    size_t need = fuse_add_direntry(req, buf + used, size - used, name, &st, i + 1);
    if (need > size - used)
      break;
    used += need;
  }
  fuse_reply_buf(req, buf, used);
}

static void release(SimFuse *fuse, SimNode *node) {
  g_mutex_lock(&fuse->lock);
  SimTask task = {.serial = node->serial};
  SimFile *file = g_steal_pointer(&node->file);
  if (file)
    sim_file_close(file, &task);
  node->memory = NULL;
  node->cached = FALSE;
  sim_nodes_closed(fuse->nodes, node);
  g_mutex_unlock(&fuse->lock);
}

static int open_node(SimFuse *fuse, SimNode *node, SimTask *task) {
  switch (node->entry->kind) {
  case ABI_CONTAINER:
    return sim_open_container(fuse->kernel, task, &node->file);
  case ABI_GROUP:
    return sim_open_group(fuse->kernel, task, node->entry->group, &node->file);
  case ABI_KVM:
    return sim_open_kvm(fuse->kernel, task, &node->file);
  default:
    return 0; /* given its file by install() */
  }
}

static void server_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
  SimFuse *fuse = fuse_of(req);
  const SimEntry *entry = sim_tree_entry(fuse->tree, ino);
  if (entry) {
    if ((fi->flags & O_ACCMODE) == O_RDONLY)
      fuse_reply_open(req, fi);
    else
      fuse_reply_err(req, EACCES);
    return;
  }
  SimTask task = {0};
  int err = 0;
  g_mutex_lock(&fuse->lock);
  SimNode *node = sim_nodes_find(fuse->nodes, ino);
  /* A second open of the inode (through /proc/self/fd) could not be told from the first. ESTALE makes the caller's
   * kernel look a path up again, and so opens another inode. */
  if (!node || node->used)
    err = -ESTALE;
  else if (!sim_task_enter(fuse, &task, fuse_req_ctx(req)->pid))
    err = -ESRCH;
  else
    err = open_node(fuse, node, &task);
  if (!err) {
    node->open = node->used = TRUE;
    node->serial = task.serial;
    fi->fh = (guintptr)node;
    fi->direct_io = node->entry->kind != ABI_TABLE;
  }
  g_mutex_unlock(&fuse->lock);
  if (err)
    fuse_reply_err(req, -err);
  else if (fuse_reply_open(req, fi) == -ENOENT)
    release(fuse, node); /* the caller was killed: there will be no RELEASE */
}

static void server_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi) {
  if (fi->fh)
    release(fuse_of(req), (SimNode *)(guintptr)fi->fh);
  fuse_reply_err(req, 0);
}

static void read_entry(fuse_req_t req, const SimEntry *entry, size_t size, off_t offset) {
  size_t from = MIN((size_t)offset, entry->size);
  fuse_reply_buf(req, entry->text + from, MIN(size, entry->size - from));
}

static void server_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi) {
  SimFuse *fuse = fuse_of(req);
  SimNode *node = (SimNode *)(guintptr)fi->fh;
  if (!node) {
    read_entry(req, sim_tree_entry(fuse->tree, ino), size, offset);
    return;
  }
  g_autofree void *buf = g_malloc0(size);
  SimTask task = {0};
  ssize_t n;
  g_mutex_lock(&fuse->lock);
  if (node->memory) {
    n = (gsize)offset < node->size ? MIN(size, node->size - (gsize)offset) : 0;
    memcpy(buf, (char *)node->memory + offset, n);
    node->cached = TRUE;
  } else if (!node->file || !sim_task_enter(fuse, &task, fuse_req_ctx(req)->pid)) {
    n = -EIO;
  } else {
    n = sim_pread(node->file, &task, buf, size, offset);
  }
  g_mutex_unlock(&fuse->lock);
  if (n < 0)
    fuse_reply_err(req, -n);
  else
    fuse_reply_buf(req, buf, n);
}

static void server_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t offset,
                         struct fuse_file_info *fi) {
  SimFuse *fuse = fuse_of(req);
  SimNode *node = (SimNode *)(guintptr)fi->fh;
  SimTask task = {0};
  ssize_t n;
  g_mutex_lock(&fuse->lock);
  if (!node) {
    n = -EACCES;
  } else if (node->memory && fi->writepage) {
    if ((gsize)offset < node->size)
      memcpy((char *)node->memory + offset, buf, MIN(size, node->size - (gsize)offset));
    n = size;
  } else if (!node->file || !sim_task_enter(fuse, &task, fuse_req_ctx(req)->pid)) {
    n = -EIO;
  } else {
    n = sim_pwrite(node->file, &task, buf, size, offset);
  }
  g_mutex_unlock(&fuse->lock);
  if (n < 0)
    fuse_reply_err(req, -n);
  else
    fuse_reply_write(req, n);
}

void sim_server_answer(SimFuse *fuse, fuse_req_t req, SimNode *node, pid_t tid, guint32 number, guint64 arg) {
  SimTask task = {0};
  long result;
  g_mutex_lock(&fuse->lock);
  if (!node->file || !sim_task_enter(fuse, &task, tid))
    result = -EIO;
  else
    result = sim_ioctl(node->file, &task, number, arg);
  g_mutex_unlock(&fuse->lock);
  /* Errors too: fuse_reply_err() refuses what is not below 512, and the caller would hang. */
  fuse_reply_ioctl(req, result, NULL, 0);
}

static void server_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int number, void *arg, struct fuse_file_info *fi,
                         unsigned flags, const void *in, size_t in_size, size_t out_size) {
  SimFuse *fuse = fuse_of(req);
  SimNode *node = (SimNode *)(guintptr)fi->fh;
  if (!node || (flags & FUSE_IOCTL_DIR)) {
    fuse_reply_ioctl(req, -ENOTTY, NULL, 0);
    return;
  }
  pid_t tid = fuse_req_ctx(req)->pid;
  CarriedMessage call = {.op = CARRIED_IOCTL, .number = number, .arg = (guintptr)arg};
  if (gate_carried_read(tid, number, call.arg, &call) && call.op != CARRIED_IOCTL)
    fuse_reply_ioctl(req, -ENOTTY, NULL, 0);
  else if (!sim_parked_keep(fuse, req, node, tid, call.number, call.arg))
    sim_server_answer(fuse, req, node, tid, call.number, call.arg);
}

static const struct fuse_lowlevel_ops server_ops = {
    .init = server_init,
    .lookup = server_lookup,
    .forget = server_forget,
    .forget_multi = server_forget_multi,
    .getattr = server_getattr,
    .readlink = server_readlink,
    .readdir = server_readdir,
    .open = server_open,
    .release = server_release,
    .read = server_read,
    .write = server_write,
    .ioctl = server_ioctl,
};

/* Answers one request. FALSE: there is none, or the mount is gone. Under `serving`. */
static gboolean serve(SimFuse *fuse) {
  if (fuse_session_receive_buf(fuse->session, &fuse->buf) <= 0)
    return FALSE;
  fuse_session_process_buf(fuse->session, &fuse->buf);
  sim_parked_go_on(fuse);
  return TRUE;
}

static gpointer run(gpointer data) {
  SimFuse *fuse = data;
  guint64 count;
  struct pollfd polls[] = {
      {.fd = fuse->fd, .events = POLLIN}, {.fd = fuse->stop, .events = POLLIN}, {.fd = fuse->work, .events = POLLIN}};
  for (;;) {
    if (poll(polls, G_N_ELEMENTS(polls), -1) < 0)
      continue;
    if (polls[1].revents || (polls[0].revents & ~POLLIN))
      return NULL;
    g_mutex_lock(&fuse->serving);
    serve(fuse);
    if (polls[2].revents && read(fuse->work, &count, sizeof count) > 0)
      fuse->parked_due = TRUE;
    sim_parked_go_on(fuse);
    g_mutex_unlock(&fuse->serving);
  }
}

/* A request to the own mount would do as well, but must never be made by the process that answers it: see helper.h. */
void sim_server_barrier(SimFuse *fuse) {
  g_mutex_lock(&fuse->serving);
  while (serve(fuse))
    ;
  g_mutex_unlock(&fuse->serving);
}

gboolean sim_server_start(SimFuse *fuse, GError **error) {
  char name[] = "vfiosim", *argv[] = {name, NULL};
  struct fuse_args args = FUSE_ARGS_INIT(1, argv);
  g_autofree char *path = g_strdup_printf("/dev/fd/%d", fuse->fd);
  fuse->session = fuse_session_new(&args, &server_ops, sizeof server_ops, fuse);
  fuse_opt_free_args(&args);
  if (!fuse->session || fuse_session_mount(fuse->session, path) != 0) {
    close(fuse->fd);
    return gate_error_set(error, EIO, "cannot make a FUSE session");
  }
  fuse->stop = eventfd(0, EFD_CLOEXEC);
  fuse->work = eventfd(0, EFD_CLOEXEC);
  if (fuse->stop < 0 || fuse->work < 0)
    return gate_error_set(error, errno, "cannot make an eventfd");
  fuse->thread = g_thread_new("nodes", run, fuse);
  return TRUE;
}

void sim_server_stop(SimFuse *fuse) {
  guint64 one = 1;
  if (fuse->thread) {
    if (write(fuse->stop, &one, sizeof one) < 0)
      g_assert_not_reached(); /* an eventfd blocks only at 2^64 - 2 */
    g_thread_join(g_steal_pointer(&fuse->thread));
  }
  sim_parked_abort(fuse);
  if (fuse->stop >= 0)
    close(fuse->stop);
  if (fuse->work >= 0)
    close(fuse->work);
  if (fuse->session)
    fuse_session_destroy(g_steal_pointer(&fuse->session)); /* closes fuse->fd */
  free(fuse->buf.mem);
}
