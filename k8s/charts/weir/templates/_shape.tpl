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

{{/* The Secret with integration keys, or nothing. */}}
{{- define "weir.keysSecret" -}}
{{- with .Values.integrationKeys -}}
{{- if .existingSecret }}{{ .existingSecret }}
{{- else }}{{ printf "%s-integration-keys" (include "weir.fullname" $) }}
{{- end -}}
{{- end -}}
{{- end }}
