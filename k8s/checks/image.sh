# shellcheck shell=bash disable=SC2154 # k8s/check and the other parts set what is not set here
# What the image promises, looked at in its files and in containers of it.

# What it says about itself to who runs it.
says() {
  local version
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
  diff - <("$docker" image inspect --format "$(cat <<'FORMAT'
user {{.Config.User}}
entrypoint {{.Config.Entrypoint}}
health {{.Config.Healthcheck.Test}}
writable {{range $path, $_ := .Config.Volumes}}{{$path}} {{end}}
licence {{index .Config.Labels "org.opencontainers.image.licenses"}}
version {{index .Config.Labels "org.opencontainers.image.version"}}
FORMAT
)" "$IMAGE") <<EXPECTED || return
user 65532:65532
entrypoint [/weir]
health [CMD /weir health]
writable /data /logs 
licence Apache-2.0
version $version
EXPECTED
  "$docker" image inspect --format '{{index .Config.Labels "org.opencontainers.image.revision"}}' \
    "$IMAGE" | grep -E '^[0-9a-f]{40}$'
}

# Files of the image, unpacked, with a list of modes and owners.
unpack() {
  local id
  id=$("$docker" create --label "$label" "$IMAGE") &&
    "$docker" export "$id" >"$work/image.tar" &&
    tar --list --verbose --numeric-owner --file "$work/image.tar" >"$work/files" &&
    mkdir -p "$work/unpacked" && tar -xf "$work/image.tar" -C "$work/unpacked" --exclude=dev/*
}

# The last entries are what the engine adds to every container.
holds_nothing_else() {
  ! awk '{ print $6 }' "$work/files" | grep -v '/$' | grep -v -x -E \
    -e 'weir|app/(spin|commands|weir)\.toml|etc/(passwd|group)|etc/weir/weir\.toml' \
    -e 'app/components/target/wasm32-wasip2/release/[a-z_]+\.wasm|app/precompiled/[0-9a-f]+\.cwasm' \
    -e 'sbom/[a-z-]+\.cdx\.json|etc/ssl/certs/ca-certificates\.crt' \
    -e '\.dockerenv|dev/console|etc/(hostname|hosts|resolv\.conf|mtab)'
}

# Nothing but the two volumes belongs to the user, or may be written by others than root.
belongs_to_root() {
  ! grep -v -E '^(l|d[^ ]* 0/0 .* (dev|proc|sys)/)' "$work/files" |
    awk '$2 == "0/0" ? substr($1, 6, 1) substr($1, 9, 1) ~ /w/ || $1 ~ /s/ : $6 !~ /^(data|logs)\/$/' |
    grep .
}

is_as_small_as_said() {
  local said size
  said=$(grep -o -E 'less than [0-9]+ MB' docs/kubernetes.md | grep -o -E '[0-9]+')
  size=$(($("$docker" image inspect --format '{{.Size}}' "$IMAGE") / 1000000))
  echo "$size MB; docs/kubernetes.md says less than $said"
  ((size < said))
}

lists_what_it_is_made_of() {
  "$lint/python" - "$work/unpacked" <<'PYTHON'
import json, pathlib, sys, tomllib
root = pathlib.Path(sys.argv[1])
def crates(name):
    bom = json.loads((root / "sbom" / f"{name}.cdx.json").read_text())
    assert bom["bomFormat"] == "CycloneDX", name
    return {(crate["name"], crate["version"]) for crate in bom["components"]}
for name, lock, crate in ("weir", "Cargo.lock", "wasmtime"), ("data-api", "components/Cargo.lock", "spin-sdk"):
    locked = {(one["name"], one["version"]) for one in tomllib.loads(pathlib.Path(lock).read_text())["package"]}
    assert crates(name) <= locked, crates(name) - locked
    assert crate in {found for found, _ in crates(name)}, f"{name} without {crate}"
modules = {path.stem.replace("_", "-") for path in root.glob("app/**/*.wasm")}
described = {path.name.split(".")[0] for path in root.glob("sbom/*")}
assert modules and modules | {"weir"} == described, modules ^ described
PYTHON
}

# In its files, its environment and the commands that made it.
holds_no_secret() {
  "$docker" save --output "$work/saved.tar" "$IMAGE" &&
    "$lint/trivy" image --quiet --scanners secret --image-config-scanners secret \
      --skip-version-check --exit-code 1 --input "$work/saved.tar" &&
    ! "$docker" image inspect --format '{{.Config.Env}}' "$IMAGE" | grep -i -E 'key|token|password'
}

knows_certificate_authorities() {
  openssl crl2pkcs7 -nocrl -certfile "$work/unpacked/etc/ssl/certs/ca-certificates.crt" |
    openssl pkcs7 -print_certs -noout | grep -c '^subject' | { read -r count && ((count > 50)); }
}

# As the kernel sees the process.
is_confined() {
  local status
  status=/proc/$(inspected hard '{{.State.Pid}}')/status
  diff - <(grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "$status" | tr '\t' ' ') <<EXPECTED
Uid: 65532 65532 65532 65532
CapEff: 0000000000000000
CapBnd: 0000000000000000
NoNewPrivs: 1
Seccomp: 2
EXPECTED
}

stores_and_answers() {
  bucket hard 1 --request PUT --data kept && [[ $(bucket hard 1) == kept ]]
}

# The host itself is the one program there is to try with.
writes_to_volumes_alone() {
  local compile=(/weir compile --component-id external-logs --output) said
  "$docker" exec "$label-hard" "${compile[@]}" /data/tried || return
  said=$("$docker" exec "$label-hard" "${compile[@]}" /app/tried 2>&1) && return 1
  [[ $said == *"Read-only file system"* ]] || { echo "$said"; return 1; }
  ! "$docker" diff "$label-hard" | grep .
}

# compiled NAME: components that the container compiled itself.
compiled() { "$docker" cp "$label-$1:/data/cache" - 2>/dev/null | tar --list | grep '\.cwasm$'; }

# Where its configuration does not name the folder, it does.
compiles_nothing_at_its_start() {
  sed '/^\[engine\]/,$d' k8s/config/weir.toml >"$work/weir.toml"
  started plain --volume "$work/weir.toml:/etc/weir/weir.toml:ro" || return
  [[ -n $(compiled plain) ]] && removed plain && [[ -z $(compiled hard) ]]
}

# A request of three seconds and the signal at once: the answer comes, then the end, with status 0.
drains_on_sigterm() {
  local address status stop answer
  started drain || return
  address=$(at drain 5001)
  curl --silent --max-time 60 --output "$work/answer" --write-out '%{http_code}' \
    "http://$address/" >"$work/code" &
  answer=$!
  within 10 in_flight drain || return
  "$docker" stop --time 45 "$label-drain" >/dev/null &
  stop=$!
  within 10 says_no drain
  status=$?
  wait "$answer" "$stop"
  [[ $status == 0 && $(<"$work/code") == 200 ]] || { echo "answered $(<"$work/code")"; return 1; }
  [[ $(inspected drain '{{.State.ExitCode}} {{.State.OOMKilled}}') == "0 false" ]]
}

in_flight() {
  curl --silent --fail "http://$(at "$1" 9464)/metrics" |
    grep -E '^http_server_active_requests.* [1-9]'
}

# Its health command, while it still runs.
says_no() {
  local said
  said=$("$docker" exec "$label-$1" /weir health 2>&1)
  [[ $? == 1 && $said != *"no answer"* ]]
}

# Found by its name, as everything in a container's network is.
shares_by_redis() {
  local name
  "$docker" network create "$label" >/dev/null &&
    "$docker" run --detach --label "$label" --name "$label-redis" --network "$label" \
      --network-alias redis weir-check/redis --protected-mode no >/dev/null || return
  for name in one two; do
    started $name --network "$label" --env WEIR_RUNTIME_CONFIG_FILE=/etc/redis.toml \
      --volume "$PWD/k8s/config/redis.toml:/etc/redis.toml:ro" || return
  done
  bucket one 7 --request PUT --data shared && [[ $(bucket two 7) == shared ]] || return
  removed one
  [[ $(bucket two 7) == shared ]]
}

# The Dockerfile that docs/kubernetes.md shows, on the component and the files it shows.
takes_a_component_of_ones_own() {
  local context=$work/own hello=host/tests/guests/target/wasm32-wasip2/release/p3_readme.wasm
  [[ -f $hello ]] || { echo "no $hello: cargo xtask guests builds it"; return 1; }
  mkdir -p "$context"
  cp "$hello" "$context/hello.wasm"
  "$lint/python" - "$context" <<'PYTHON' || return
import pathlib, re, sys
page = pathlib.Path("docs/kubernetes.md").read_text()
for name, text in re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
    pathlib.Path(sys.argv[1], name).write_text(text)
PYTHON
  sed -i "s|^FROM .*|FROM $IMAGE|" "$context/Dockerfile"
  "$docker" build --quiet --tag weir-check/own "$context" >/dev/null || return
  IMAGE=weir-check/own started own --publish 127.0.0.1::3000 || return
  [[ $(curl --silent --fail --max-time 20 "http://$(at own 3000)/hello/you") == "Hello, /hello/you" ]]
}

check_image() {
  check "image: it says what it is" says
  check "image: unpacked" unpack
  check "image: it holds nothing else" holds_nothing_else
  check "image: what it holds belongs to root" belongs_to_root
  # The page speaks of what is published; what tests build is larger.
  [[ ${PROFILE:-dist} != dist ]] || check "image: it is as small as the page says" is_as_small_as_said
  check "image: it lists what it is made of" lists_what_it_is_made_of
  check "image: no secret is in it" holds_no_secret
  check "image: it knows certificate authorities" knows_certificate_authorities
  check "image: healthy with a read-only root, no privileges, 256 MB and one CPU" started hard
  check "image: the process is confined" is_confined
  check "image: it stores and answers" stores_and_answers
  check "image: it writes to its volumes alone" writes_to_volumes_alone
  check "image: it compiles nothing at its start" compiles_nothing_at_its_start
  check "image: SIGTERM drains it within the grace period" drains_on_sigterm
  check "image: two containers share a Redis" shares_by_redis
  check "image: a component of one's own in three lines" takes_a_component_of_ones_own
}
