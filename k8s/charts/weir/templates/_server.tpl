{{/* The pod that serves, for a StatefulSet as for a Deployment. */}}
{{- define "weir.server" -}}
metadata:
  labels:
    {{- include "weir.podLabels" (dict "root" . "part" "server") | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # What a pod cannot take over while it runs replaces it.
    checksum/config: {{ include (.Values.watch | ternary "weir.weirToml" "weir.config") . | sha256sum }}
    {{- with include "weir.redisChecksum" . }}
    checksum/redis: {{ . }}
    {{- end }}
    kubectl.kubernetes.io/default-container: {{ include "weir.name" . }}
    {{- if .Values.monitoring.annotations }}
    prometheus.io/scrape: "true"
    prometheus.io/port: "9464"
    prometheus.io/path: /metrics
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "weir.identity" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ include "weir.gracePeriod" . }}
  securityContext:
    {{- include "weir.podSecurity" (dict "uid" 65532) | nindent 4 }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "weir.selector" (dict "root" $ "part" "server") | nindent 10 }}
    {{- end }}
  containers:
    {{- list (include "weir.serverContainer" . | fromYaml) | toYaml | nindent 4 }}
  volumes:
    {{- include "weir.serverVolumes" . | nindent 4 }}
{{- end }}

{{- define "weir.serverContainer" -}}
name: {{ include "weir.name" . }}
image: {{ include "weir.image" (dict "image" .Values.image "default" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  - up
  - --from=/etc/weir/spin.toml
  - --config=/etc/weir/weir.toml
  - --app-dir=/app
  {{- if .Values.watch }}
  - --watch
  - --skip-build
  {{- end }}
  {{- range .Values.components }}
  - --component-id={{ . }}
  {{- end }}
  {{- if eq .Values.store.type "redis" }}
  - --runtime-config-file=/etc/weir-redis/runtime-config.toml
  {{- end }}
env:
  {{- include "weir.serverEnvironment" . | nindent 2 }}
ports:
  {{- range .Values.listeners }}
  - name: {{ .name }}
    containerPort: {{ .port }}
  {{- end }}
  - name: admin
    containerPort: 9464
# The process answers soon; that it compiles or repairs a store, /readyz says.
startupProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- include "weir.containerSecurity" . | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /etc/weir, readOnly: true}
  - {name: data, mountPath: /data}
  - {name: logs, mountPath: /logs}
  {{- if eq .Values.store.type "redis" }}
  - {name: redis, mountPath: /etc/weir-redis, readOnly: true}
  {{- end }}
  {{- range .Values.listeners }}
  {{- if .tls }}
  - {name: tls-{{ .name }}, mountPath: /etc/weir-tls/{{ .name }}, readOnly: true}
  {{- end }}
  {{- end }}
{{- end }}

{{- define "weir.serverEnvironment" -}}
{{- if .Values.integrationKeys.enabled }}
{{- range $environment := list "DEV" "STAGING" "PROD" }}
- name: SPIN_VARIABLE_{{ $environment }}_INTEGRATION_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "weir.keysSecret" $ }}
      key: {{ $environment }}_INTEGRATION_KEY
      optional: true
{{- end }}
{{- end }}
{{- include "weir.variables" .Values.variables }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "weir.serverVolumes" -}}
- name: config
  configMap:
    name: {{ include "weir.fullname" . }}
{{- range $name := list "data" "logs" }}
{{- $volume := get $.Values $name }}
{{- if not $volume.persistence.enabled }}
- name: {{ $name }}
  emptyDir:
    sizeLimit: {{ $volume.sizeLimit }}
{{- end }}
{{- end }}
{{- if eq .Values.store.type "redis" }}
- name: redis
  secret:
    secretName: {{ include "weir.redisSecret" . }}
    items:
      - {key: runtime-config.toml, path: runtime-config.toml}
{{- end }}
{{- range .Values.listeners }}
{{- if .tls }}
- name: tls-{{ .name }}
  secret:
    secretName: {{ .tls.secretName }}
{{- end }}
{{- end }}
{{- end }}
