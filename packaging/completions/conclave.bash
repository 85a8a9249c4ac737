# Completion of conclave for bash. Put it into /usr/share/bash-completion/completions/conclave, or
# source it from ~/.bashrc. Commands and flags are read from the program's own help, so they are
# those of the version that is installed.

_conclave_commands() {  # program: every command, one a line
  "$1" -h 2>/dev/null | sed -n 's/^    \([a-z][a-z -]*[a-z]\)  .*/\1/p'
}

_conclave_flags() {  # program command...: its flags; those with a value end in "="
  "$@" -h 2>/dev/null | sed -n 's/^  \(-[a-z0-9-]*\)\(=\{0,1\}\).*/\1\2/p'
}

_conclave() {
  local program=$1 word=${COMP_WORDS[COMP_CWORD]} path='' index part
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    part=${COMP_WORDS[index]}
    [[ $part == -* ]] && break
    # What follows a command of this name is its own affair.
    if _conclave_commands "$program" | grep -qx -- "${path}${part}"; then
      path+=$part
      if [[ $word == -* ]]; then
        # shellcheck disable=SC2086  # a command is one word or two
        mapfile -t COMPREPLY < <(compgen -W "$(_conclave_flags "$program" $path)" -- "$word")
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
      else
        compopt -o default
      fi
      return
    fi
    path+="$part "
  done
  mapfile -t COMPREPLY < <(compgen -W "$(_conclave_commands "$program" |
    sed -n "s/^${path}\([^ ]*\).*/\1/p" | sort -u)" -- "$word")
}

complete -F _conclave conclave
# Called through a link of this name it takes Consul's place.
complete -F _conclave consul
