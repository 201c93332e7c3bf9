/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/fetched.h"

char *fetched_path(const char *set, const char *below) {
  const char *cache = g_getenv("VFIOSIM_CACHE");

  if (cache)
    return g_build_filename(cache, set, below, NULL);
  return g_build_filename(g_get_user_cache_dir(), "vfiosim", set, below, NULL);
}
