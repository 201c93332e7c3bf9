# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Shared by ./demo, ./test and .ci/run: sourced, never run. Expects to be sourced from the top of the tree.

set -u

jobs=$(nproc 2>/dev/null || echo 2)

say() { printf '%s\n' "$*"; }

heading() { printf '\n== %s\n' "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# packages SET...: the names of the packages of these sets.
packages() {
  local set
  for set in "$@"; do
    awk -v set="$set" '$1 == set { print $2 }' scripts/packages.txt
  done
}

# missing_packages SET...: those of them that are not installed.
missing_packages() {
  local package
  for package in $(packages "$@"); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

# as_root COMMAND...: runs it as root, by sudo if need be.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root and there is no sudo here; as root, run: $*"
  fi
}

# install_missing ASK SET...: installs what is missing, after asking once unless ASK is no.
install_missing() {
  local ask=$1
  shift
  if ! command -v dpkg-query >/dev/null; then
    say "This is neither Debian nor Ubuntu: nothing is installed for you. What is needed is listed in scripts/packages.txt."
    return 0
  fi
  local missing
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  say "Not installed yet, but needed: $missing"
  if [ "$ask" = yes ]; then
    [ -t 0 ] || die "nobody to ask; run with -y to install them, or: apt-get install $missing"
    local answer
    read -r -p "Install them with apt-get now? [Y/n] " answer
    case $answer in
      '' | [yY]*) ;;
      *) die "nothing was installed; to do it yourself: apt-get install $missing" ;;
    esac
  fi
  # shellcheck disable=SC2086 # a list of words
  {
    as_root timeout 600 env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null &&
      as_root timeout 1200 env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing </dev/null
  } || die "apt-get could not install: $missing"
}

# asking ARGS...: "no" where -y or CI=true says so, else "yes".
asking() {
  local arg
  [ "${CI:-}" != true ] || { echo no; return; }
  for arg in "$@"; do
    case $arg in -y | --yes) echo no; return ;; esac
  done
  echo yes
}

# build_in FOLDER [MESON OPTION]...: configures once, then builds. Its output is shown only if it fails.
build_in() {
  local folder=$1 log
  shift
  log=$folder.log
  {
    { [ -f "$folder/build.ninja" ] || timeout 300 meson setup "$folder" "$@"; } &&
      timeout 1500 ninja -C "$folder" -j "$jobs"
  } >"$log" 2>&1 </dev/null || {
    tail -n 60 "$log"
    say "The build in $folder failed; all of its output is in $log."
    return 1
  }
}

# fuse_problem: one sentence that says why the nodes cannot be served here, or nothing.
fuse_problem() {
  if [ ! -e /dev/fuse ]; then
    say "there is no /dev/fuse (modprobe fuse, or start the container with --device /dev/fuse)"
  elif ! { : <>/dev/fuse; } 2>/dev/null; then
    say "/dev/fuse may not be opened by $(id -un) (distributions make it mode 0666: chmod 0666 /dev/fuse)"
  elif ! unshare --user --map-root-user --mount true 2>/dev/null; then
    say "user namespaces are forbidden here (sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)"
  fi
}
