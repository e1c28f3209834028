{{/*
The context of every named template here is a dict: root (the chart's own $), name (the workload's),
kind (web, worker, stateful or job), w (its values) and s (the values that all workloads share).
workload.context adds what is asked for often.
*/}}
{{- define "workload.context" -}}
{{- $app := .root.Release.Name -}}
{{- $_ := set . "app" $app -}}
{{- $_ := set . "config" (default (printf "%s-config" $app) .s.config.name) -}}
{{- $_ := set . "secrets" (default (printf "%s-secrets" $app) .s.secrets.name) -}}
{{- $_ := set . "registry" (default (printf "%s-registry" $app) .s.registry.name) -}}
{{- end }}

{{/* What selects the pods. It cannot be changed once the workload exists. */}}
{{- define "workload.selector" -}}
app.kubernetes.io/name: {{ .name | quote }}
app.kubernetes.io/instance: {{ .app | quote }}
{{- end }}

{{/* The labels of every object of a workload. */}}
{{- define "workload.labels" -}}
{{ include "workload.selector" . }}
app.kubernetes.io/component: {{ .kind }}
app.kubernetes.io/part-of: {{ .app | quote }}
{{- range $key, $value := .w.labels }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* The same with the version, for what a new image changes anyway: other objects stay as they are. */}}
{{- define "workload.versioned" -}}
{{ include "workload.labels" . }}
{{- $tag := regexFind ":[^/:]+$" (.w.image | splitList "@" | first) | trimPrefix ":" }}
{{- if regexMatch "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$" $tag }}
app.kubernetes.io/version: {{ $tag | quote }}
{{- end }}
{{- end }}

{{/* metadata.labels and, if there are any, metadata.annotations of an object. "extra" is a map. */}}
{{- define "workload.metadata" -}}
labels:
  {{- include (default "workload.labels" (get . "labels")) .of | nindent 2 }}
{{- $annotations := merge (dict) (default (dict) (get . "extra")) .of.w.annotations }}
{{- if $annotations }}
annotations:
  {{- toYaml $annotations | nindent 2 }}
{{- end }}
{{- end }}

{{/* The reasons that people gave for settings, as annotations of the workload. */}}
{{- define "workload.reasons" -}}
{{- range $key, $value := .w.notes }}
slipway.dev/why-{{ $key }}: {{ $value | quote }}
{{- end }}
{{- if .single }}
slipway.dev/why-singleton: {{ .w.singleton.reason | quote }}
{{- end }}
{{- end }}

{{/* A name that was left empty is made of the workload's: (list ctx given suffix). */}}
{{- define "workload.named" -}}
{{- $suffix := index . 2 -}}
{{- default (ternary (index . 0).name (printf "%s-%s" (index . 0).name $suffix) (eq $suffix "")) (index . 1) -}}
{{- end }}
