# shellcheck shell=bash disable=SC2154 # k8s/check and the other parts set what is not set here
# compose.yaml on a real engine: weir and what watches it, with stand-ins for the public images.

compose() {
  PROMETHEUS=$work/prometheus IMAGE=$IMAGE "$lint/docker-compose" --project-name "$label" \
    --file compose.yaml --file k8s/checks/compose/stand-ins.yaml "$@"
}

# The shipped files, but for how long they wait.
hasten() {
  mkdir -p "$work/prometheus/alerts" && chmod 755 "$work" "$work/prometheus" || return
  # A service that takes three seconds needs more than the others.
  sed -e 's/10s/1s/' -e 's/\( *\)scrape_interval: 30s/\1scrape_interval: 5s\n\1scrape_timeout: 5s/' \
    k8s/monitoring/prometheus.yml >"$work/prometheus/prometheus.yml"
  local rules
  for rules in grafana/alerts/*.rules.yml; do
    sed '/^ *for:/d' "$rules" >"$work/prometheus/alerts/$(basename "$rules")"
  done
}

comes_up() {
  hasten && compose up --detach --no-build --wait \
    weir traffic-generator prometheus alertmanager node-exporter blackbox-exporter
}

# What a service of compose.yaml answers.
ask() { # SERVICE PORT PATH [OPTION...]
  local address
  address=$(compose port "$1" "$2") &&
    curl --silent --fail --max-time 10 "http://$address$3" "${@:4}"
}

# Succeeds if the query has a result.
query() { # EXPRESSION
  ask prometheus 9090 /api/v1/query --get --data-urlencode "query=$1" | grep '"metric":'
}

scrapes() {
  local job
  for job in weir node prometheus alertmanager; do
    within 60 query "up{job=\"$job\"} == 1" || return
  done
  within 30 query 'weir_ready{job="weir"} == 1'
}

services_are_asked() {
  within 60 query 'count(probe_success{job="health-check"} == 1) == 3'
}

# As many as the files have, and each without an error.
rules_are_loaded() {
  local said
  said=$(cat grafana/alerts/*.rules.yml | grep -c -E '^ +- (alert|record):')
  ((said > 0)) && within 60 has_rules "$said"
}

has_rules() { # HOW MANY
  ask prometheus 9090 /api/v1/rules | "$lint/python" -c '
import json, sys
groups = json.load(sys.stdin)["data"]["groups"]
found = [rule["health"] for group in groups for rule in group["rules"]]
print(found)
sys.exit(found != ["ok"] * int(sys.argv[1]))' "$1"
}

# Of itself, at its low rate.
traffic_moves_the_graphs() {
  within 60 query 'sum(increase(http_server_request_duration_seconds_count{component="storage-api",http_request_method="PUT"}[1m])) > 20'
}

# The usual traffic, once: it ends well if every request got its answer.
traffic_ends_well() {
  TRAFFIC_RATE=0 TRAFFIC_TASKS=50 compose run --rm --no-deps traffic-generator
}

# It asks the services for what they answer; the pauses of three seconds are theirs. What it logs can
# be read by the image itself.
health_is_checked() {
  local log
  compose run --rm --no-deps health-check || return
  log=$(compose run --rm --no-deps health-check logs health-check health_check) || return
  echo "$log"
  [[ $(grep -c 'is reachable - Health check passed$' <<<"$log") == 3 ]]
}

alerts_arrive() {
  ask alertmanager 9093 /api/v2/alerts | grep -q '"alertname":"ServiceDown"' &&
    { echo "it is said to be down"; return 1; }
  compose stop weir && within 90 told_of ServiceDown
}

told_of() { # ALERT
  ask alertmanager 9093 /api/v2/alerts | grep -o "\"alertname\":\"$1\""
}

replicas_share() {
  local address
  compose --profile replicas up --detach --no-build --no-deps --wait redis &&
    compose --profile replicas up --detach --no-build --no-deps --wait weir-replica || return
  address=$(compose --profile replicas port --index 1 weir-replica 5000)
  curl --silent --fail --request PUT --data shared "http://$address/api/buckets/8" || return
  address=$(compose --profile replicas port --index 2 weir-replica 5000)
  [[ $(curl --silent --fail "http://$address/api/buckets/8") == shared ]] || return
  # By its discovery in the DNS.
  within 60 query 'count(weir_ready{job="weir"} == 1) == 2'
}

goes_down() {
  compose --profile '*' down --volumes --timeout 60 || return
  ! "$docker" ps --all --quiet --filter "label=com.docker.compose.project=$label" | grep . &&
    ! "$docker" volume ls --quiet --filter "label=com.docker.compose.project=$label" | grep .
}

# `make monitor`, but for Grafana, of which there is no stand-in.
monitors() {
  HOST=$(inspected watched '{{.Id}}') IMAGE=$IMAGE "$lint/docker-compose" \
    --project-name "$label-monitor" --file compose.yaml --file k8s/monitoring/local.yaml \
    --file k8s/checks/compose/monitor.yaml "$@"
}

monitor_scrapes() {
  started watched || return
  monitors up --detach --no-deps prometheus && within 60 monitor_sees_the_host
  local status=$?
  monitors down --volumes --timeout 20
  return $status
}

# Its port is in the network of the host's container, where promtool can ask.
monitor_sees_the_host() {
  "$docker" exec "$label-monitor-prometheus-1" promtool query instant http://127.0.0.1:9090 \
    'up{job="weir"} == 1' | grep '=> 1'
}

check_compose() {
  check "compose: it comes up" comes_up
  check "compose: Prometheus scrapes everything" scrapes
  check "compose: the services are asked from outside" services_are_asked
  check "compose: the rules are loaded" rules_are_loaded
  check "compose: the traffic generator moves the graphs" traffic_moves_the_graphs
  check "compose: the usual traffic gets its answers" traffic_ends_well
  check "compose: the health check finds the services well" health_is_checked
  check "compose: an alert reaches Alertmanager" alerts_arrive
  check "compose: replicas share what they store, and are found" replicas_share
  check "compose: it goes down and leaves nothing" goes_down
  check "monitor: Prometheus scrapes the host beside it" monitor_scrapes
}
