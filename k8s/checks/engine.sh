# shellcheck shell=bash disable=SC2034 # k8s/check reads what is set here
# A Docker engine for the checks: the one that answers, or one of their own, whose data lie under
# target and which ends with them.
#
# Sets `docker` to a client that builds with BuildKit, or `no_engine` to why there is none.

no_engine='' engine_pid=''

# Some clients want a plugin for BuildKit which is not everywhere; Debian's has it inside.
find_client() {
  local said
  export DOCKER_BUILDKIT=1
  for docker in docker /usr/bin/docker; do
    said=$("$docker" build - </dev/null 2>&1)
    [[ $said != *"No such file"* && $said != *"buildx component is missing"* ]] && return
  done
  no_engine="no docker client with BuildKit"
  return 1
}

install_engine() {
  command -v dockerd >/dev/null && return
  .ci/debian docker.io
}

start_engine() { # FOLDER
  if [[ $(id -u) == 0 ]] && ! docker info >/dev/null 2>&1 && command -v apt-get >/dev/null; then
    install_engine >&2
  fi
  find_client || return
  "$docker" info >/dev/null 2>&1 && return
  if [[ $(id -u) != 0 ]]; then
    no_engine="no Docker engine answers, and only root can start one"
    return 1
  fi
  command -v dockerd >/dev/null || { no_engine="no dockerd"; return 1; }
  start_own_engine "$1"
}

start_own_engine() { # FOLDER
  local folder=$1 waited
  mkdir -p "$folder"
  export DOCKER_HOST=unix://$folder/socket
  dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" \
    --host "$DOCKER_HOST" --oom-score-adjust 0 >"$folder/log" 2>&1 &
  engine_pid=$!
  for waited in {1..300}; do
    "$docker" info >/dev/null 2>&1 && return
    kill -0 "$engine_pid" 2>/dev/null || break
    read -rt 0.2 <> <(:)
  done
  no_engine="dockerd did not start within $((waited / 5)) s: $(grep -m1 -i 'failed' "$folder/log")"
  stop_engine
  return 1
}

# An engine of the checks' own has nothing but what they built before.
has_image() {
  if [[ -n $engine_pid ]]; then
    DOCKER=$docker k8s/image/build
  else
    "$docker" image inspect "$IMAGE" >/dev/null 2>&1 || DOCKER=$docker k8s/image/build
  fi
}

stop_engine() {
  [[ -n $engine_pid ]] || return 0
  kill "$engine_pid" 2>/dev/null
  wait "$engine_pid"
  engine_pid=''
}
