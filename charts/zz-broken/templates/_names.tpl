{{/* What selects the pods. It cannot be changed once the application exists. */}}
{{- define "web-service.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The labels of every object. */}}
{{- define "web-service.labels" -}}
{{ include "web-service.selector" . }}
app.kubernetes.io/component: web
{{- end }}

{{/* The same with the version, for what a new image changes anyway: the other objects stay as they are. */}}
{{- define "web-service.versioned" -}}
{{ include "web-service.labels" . }}
{{- with include "web-service.version" . }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The image's tag, where it can be a label. */}}
{{- define "web-service.version" -}}
{{- $name := .Values.image | splitList "@" | first | splitList "/" | last -}}
{{- $tag := regexFind ":.+$" $name | trimPrefix ":" -}}
{{- if regexMatch "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$" $tag -}}
{{- $tag -}}
{{- end -}}
{{- end }}

{{/* CPU and memory, without those that are empty. */}}
{{- define "web-service.amounts" -}}
{{- range $name, $amount := . }}
{{- if $amount }}
{{ $name }}: {{ $amount | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* How a pod is asked. */}}
{{- define "web-service.probe" -}}
{{- if .Values.healthPath -}}
httpGet:
  path: {{ .Values.healthPath | quote }}
  port: http
{{- else -}}
tcpSocket:
  port: http
{{- end -}}
{{- end }}
