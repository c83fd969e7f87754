{{/* What every pod has in common. */}}

{{/* The restricted pod security standard, for uid (dict "uid" 65532). */}}
{{- define "weir.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "weir.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A pod never talks to the API server. Variables for Services would begin with WEIR_ and be taken
     for settings. */}}
{{- define "weir.identity" -}}
serviceAccountName: {{ include "weir.fullname" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Variables of the app as the environment has them: (dict "name" "value"). */}}
{{- define "weir.variables" -}}
{{- range $name, $value := . }}
- name: SPIN_VARIABLE_{{ upper $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* A claim's spec of (dict "size" "storageClass"). */}}
{{- define "weir.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}
