# shellcheck shell=bash disable=SC2154 # k8s/check sets what is not set here
# Containers for the checks: all carry one label, by which they are found and removed.
#
# Wants `docker`, `IMAGE`, `work` (a folder) and `tools`.

label=weir-check-$$
# As a careful operator runs a container.
hardened=(--read-only --cap-drop all --security-opt no-new-privileges --memory 256m --cpus 1
  --pids-limit 256)

# container NAME [OPTION...] [-- ARGUMENT...]
container() {
  local name=$1 options=()
  shift
  while (($#)) && [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  "$docker" run --detach --label "$label" --name "$label-$name" "${hardened[@]}" \
    --publish 127.0.0.1::5000 --publish 127.0.0.1::5001 --publish 127.0.0.1::9464 \
    --health-interval 1s "${options[@]}" "$IMAGE" "${@:2}" >"$work/started"
}

# removed NAME...: gone, with what it stored.
removed() {
  local name
  for name in "$@"; do
    "$docker" rm --force --volumes "$label-$name" >/dev/null
  done
}

remove_all() {
  local left
  mapfile -t left < <("$docker" ps --all --quiet --filter "label=$label")
  ((${#left[@]} == 0)) || "$docker" rm --force --volumes "${left[@]}" >/dev/null
  "$docker" network rm "$label" >/dev/null 2>&1
}

# inspected NAME FORMAT
inspected() { "$docker" inspect --format "$2" "$label-$1"; }

# at NAME PORT: where a port of the container is published.
at() { "$docker" port "$label-$1" "$2/tcp"; }

pause() { read -rt "$1" <> <(:) || true; }

# within SECONDS COMMAND...: tries until it succeeds, and shows what it said last if it never does.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >"$work/last" 2>&1; do
    if ((SECONDS >= end)); then
      echo "not in time: $*"
      cat "$work/last"
      return 1
    fi
    pause 0.2
  done
}

is_healthy() { [[ $(inspected "$1" '{{.State.Health.Status}}') == healthy ]]; }

# started NAME [OPTION...]: a container that takes traffic by its own health command.
started() {
  container "$@" || return
  within 60 is_healthy "$1" || { "$docker" logs "$label-$1"; return 1; }
}

bucket() { # NAME ID [OPTION...]
  curl --silent --fail --max-time 10 "${@:3}" "http://$(at "$1" 5000)/api/buckets/$2"
}

# One of the stand-ins: Debian's program with the libraries it is linked with, in an image FROM
# scratch. The public images cannot be had everywhere, and what is checked is what is around them.
stand_in() { # NAME BINARY FOLDER [OTHER FILE...]
  local name=$1 binary=$2 folder=$3 context=$work/stand-in-$1 root=$work/stand-in-$1/root file
  shift 3
  mkdir -p "$root" "$context/volumes/$folder"
  for file in "$binary" "$@"; do
    [[ -f $file ]] || file=$(command -v "$file") || { echo "no $file"; return 1; }
    install -D "$file" "$root$file"
    ldd "$file" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
      install -D "$library" "$root$library"
    done
  done
  "$docker" build --quiet --tag "weir-check/$name" --file - "$context" >/dev/null <<DOCKERFILE
FROM scratch
COPY root/ /
COPY --chown=65534:65534 volumes/ /
ENV PATH=/usr/bin
WORKDIR /$folder
USER 65534:65534
ENTRYPOINT ["$(command -v "$binary")"]
DOCKERFILE
}

stand_ins() {
  stand_in prometheus prometheus prometheus promtool &&
    stand_in alertmanager prometheus-alertmanager alertmanager \
      /usr/share/prometheus/alertmanager/{default,email}.tmpl &&
    stand_in node-exporter prometheus-node-exporter node &&
    stand_in blackbox-exporter prometheus-blackbox-exporter blackbox /etc/prometheus/blackbox.yml &&
    stand_in redis redis-server data redis-cli
}
