{{/* The pod of a command: (dict "root" . "part" NAME "job" VALUES "restart" POLICY "claim" NAME). The
     commands stand in a manifest of their own; logs go to the claim, or nowhere that lasts. */}}
{{- define "weir.command" -}}
metadata:
  labels:
    {{- include "weir.podLabels" . | nindent 4 }}
spec:
  {{- include "weir.identity" .root | nindent 2 }}
  restartPolicy: {{ .restart }}
  securityContext:
    {{- include "weir.podSecurity" (dict "uid" 65532) | nindent 4 }}
  containers:
    - name: {{ .part }}
      image: {{ include "weir.image" (dict "image" .root.Values.image "default" .root.Chart.AppVersion) }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args:
        {{- toYaml .job.args | nindent 8 }}
      env:
        - {name: WEIR_FROM, value: /app/commands.toml}
        {{- include "weir.variables" .job.variables | nindent 8 }}
      resources:
        {{- toYaml .job.resources | nindent 8 }}
      securityContext:
        {{- include "weir.containerSecurity" .root | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: logs, mountPath: /logs}
  volumes:
    - name: data
      emptyDir:
        sizeLimit: 256Mi
    - name: logs
      {{- if .claim }}
      persistentVolumeClaim:
        claimName: {{ .claim }}
      {{- else }}
      emptyDir:
        sizeLimit: 64Mi
      {{- end }}
{{- end }}
