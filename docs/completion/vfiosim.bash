# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of vfiosim for bash: source it, or install it as /usr/share/bash-completion/completions/vfiosim.

_vfiosim() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-} words=
  COMPREPLY=()

  if [ "$COMP_CWORD" = 1 ]; then
    words="run exec check trace import explain hosts coverage --help --version"
  else
    case $before in
    --kernel | -k) words="direct fuse host" ;;
    --order | -o) [ "$command" = run ] && words="shipped pre-2017" ;;
    --host | -H) [ "$command" = exec ] && words=$(vfiosim hosts 2>/dev/null | awk '{ print $1 }') ;;
    --checks | -c) [ "$command" = exec ] && words="default all none CHK-UNFED CHK-ORPHAN CHK-LIVE CHK-TRAP CHK-STRICT CHK-LEFT" ;;
    --subject) words="builtin qemu" ;;
    esac
    if [ -z "$words" ]; then
      case $command:$word in
      run:-*) words="--kernel --order --subject --bind --tap --junit --json --trace --tally --verbose --no-fork --help" ;;
      exec:-*) words="--host --group --device --set --checks --trace --verbose --wait --help" ;;
      trace:-*) words="--object --call --rule --json --help" ;;
      import:-*) words="--host --output --help" ;;
      check:-*) words="--quiet --help" ;;
      explain:-*) words="--list --help" ;;
      coverage:-*) words="--except --output --help" ;;
      *:-*) words="--help" ;;
      hosts:*) words=$(vfiosim hosts 2>/dev/null | awk '{ print $1 }') ;;
      esac
    fi
  fi
  if [ -n "$words" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}

complete -o filenames -F _vfiosim vfiosim
