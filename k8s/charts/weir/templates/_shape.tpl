{{/* What follows from several values together. */}}

{{- define "weir.stateful" -}}
{{- if or .Values.data.persistence.enabled .Values.logs.persistence.enabled }}true{{ end -}}
{{- end }}

{{- define "weir.kind" -}}
{{- if include "weir.stateful" . }}StatefulSet{{ else }}Deployment{{ end -}}
{{- end }}

{{- define "weir.several" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}true{{ end -}}
{{- end }}

{{/* Above the drain: 5 seconds for the process to end. */}}
{{- define "weir.gracePeriod" -}}
{{- with .Values.drain -}}
{{- add .delaySeconds .deadlineSeconds .adminLingerSeconds 5 -}}
{{- end -}}
{{- end }}

{{/* Whether a tri-state value holds: (dict "root" . "value" auto|true|false). */}}
{{- define "weir.operator" -}}
{{- if eq (toString .value) "auto" -}}
{{- if .root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}true{{ end -}}
{{- else if .value }}true{{ end -}}
{{- end }}

{{/* The Secret with the Redis' address: theirs or the chart's. */}}
{{- define "weir.redisSecret" -}}
{{- default (printf "%s-redis" (include "weir.fullname" .)) .Values.redis.existingSecret -}}
{{- end }}

{{/* Whether the release has a Redis of its own: one elsewhere is taken before it. */}}
{{- define "weir.deploysRedis" -}}
{{- with .Values -}}
{{- if and .server.enabled (eq .store.type "redis") .redis.deploy (not .redis.url) }}true{{ end -}}
{{- end -}}
{{- end }}

{{/* The port of the Redis: its address may name one. */}}
{{- define "weir.redisPort" -}}
{{- $host := default "" (urlParse .Values.redis.url).host -}}
{{- default "6379" (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $host)) -}}
{{- end }}

{{/* Changes when the chart's Secret of the Redis does; nothing if that is another's. */}}
{{- define "weir.redisChecksum" -}}
{{- if and (eq .Values.store.type "redis") (not .Values.redis.existingSecret) -}}
{{- printf "%s %s" .Values.redis.url .Values.redis.password | sha256sum -}}
{{- end -}}
{{- end }}

{{/* The Secret with integration keys, or nothing. */}}
{{- define "weir.keysSecret" -}}
{{- with .Values.integrationKeys -}}
{{- if .existingSecret }}{{ .existingSecret }}
{{- else }}{{ printf "%s-integration-keys" (include "weir.fullname" $) }}
{{- end -}}
{{- end -}}
{{- end }}
