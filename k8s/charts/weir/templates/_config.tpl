{{/* The files of the ConfigMap, which is mounted as a folder so that changes arrive. */}}
{{- define "weir.config" -}}
spin.toml: |
  {{- default (.Files.Get "files/spin.toml") .Values.spinToml | nindent 2 }}
weir.toml: |
  {{- include "weir.weirToml" . | nindent 2 }}
{{- end }}

{{- define "weir.weirToml" -}}
{{- range .Values.listeners -}}
[[listener]]
address = "{{ $.Values.bindAddress }}:{{ .port }}"
{{- with .basePath }}
base_path = {{ . | quote }}
{{- end }}
{{- with .components }}
components = {{ toJson . }}
{{- end }}
{{- if .metrics }}
metrics = true
{{- end }}
{{- if .tls }}
tls = { certificate = "/etc/weir-tls/{{ .name }}/tls.crt", key = "/etc/weir-tls/{{ .name }}/tls.key" }
{{- end }}

{{ end -}}
[admin]
address = "{{ .Values.bindAddress }}:9464"

[drain]
delay = "{{ .Values.drain.delaySeconds }}s"
deadline = "{{ .Values.drain.deadlineSeconds }}s"
admin_linger = "{{ .Values.drain.adminLingerSeconds }}s"

[state]
directory = "/data"

[log_directory]
root = "/logs"
{{- if not (regexMatch `(?m)^\s*\[engine\]` .Values.config) }}

[engine]
precompiled_directory = "/app/precompiled"
{{- end }}
{{- with .Values.config }}

{{ . | trim }}
{{- end }}
{{- end }}
