{{/* What all workloads of an application share: settings, secrets, files and the registry's login. */}}
{{- define "workload.shared" -}}
{{- if .s.config.data }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .config | quote }}
  labels:
    {{- include "workload.shared.labels" . | nindent 4 }}
data:
  {{- range $key, $value := .s.config.data }}
  {{ $key | quote }}: {{ $value | toJson }}
  {{- end }}
{{- end }}
{{- if .s.secrets.data }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .secrets | quote }}
  labels:
    {{- include "workload.shared.labels" . | nindent 4 }}
type: Opaque
data:
  {{- range $key, $value := .s.secrets.data }}
  {{ $key | quote }}: {{ include "workload.secret" $value | b64enc | quote }}
  {{- end }}
{{- end }}
{{- if .s.registry.server }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .registry | quote }}
  labels:
    {{- include "workload.shared.labels" . | nindent 4 }}
type: kubernetes.io/dockerconfigjson
data:
  {{- $login := dict "username" .s.registry.username "password" (include "workload.secret" .s.registry.password) }}
  .dockerconfigjson: {{ dict "auths" (dict .s.registry.server $login) | toJson | b64enc | quote }}
{{- end }}
{{- include "workload.secretFiles" (dict "of" . "rows" .s.secretFiles) }}
{{- include "workload.externalSecrets" . }}
{{- end }}

{{/* Labels of what belongs to no workload alone. */}}
{{- define "workload.shared.labels" -}}
app.kubernetes.io/name: {{ .app | quote }}
app.kubernetes.io/instance: {{ .app | quote }}
app.kubernetes.io/part-of: {{ .app | quote }}
{{- end }}

{{/* A secret's value, which is a token here, or what stands for one that has no value yet. */}}
{{- define "workload.secret" -}}
{{- if kindIs "invalid" . -}}slipway-secret-unset{{- else -}}{{- . -}}{{- end -}}
{{- end }}

{{/* The Secrets of files, except those that something else makes. */}}
{{- define "workload.secretFiles" -}}
{{- $of := .of }}
{{- range .rows }}
{{- if not (and (hasKey . "exists") .exists) }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ default (printf "%s-%s" $of.app .name) .secret | quote }}
  labels:
    {{- include "workload.shared.labels" $of | nindent 4 }}
type: Opaque
data:
  {{- range .files }}
  {{ .key | quote }}: {{ include "workload.secret" .value | b64enc | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ConfigMaps of files, except those that something else makes. */}}
{{- define "workload.configFiles" -}}
{{- range .w.configFiles }}
{{- if not .exists }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "workload.named" (list $ .configMap .name) | quote }}
  {{- include "workload.metadata" (dict "of" $) | nindent 2 }}
data:
  {{- range .files }}
  {{ .key | quote }}: {{ .value | toJson }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A TLS Secret: (dict of ctx name certificate key). */}}
{{- define "workload.certificate" }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name | quote }}
  labels:
    {{- include "workload.shared.labels" .of | nindent 4 }}
type: kubernetes.io/tls
data:
  tls.crt: {{ include "workload.secret" .certificate | b64enc | quote }}
  tls.key: {{ include "workload.secret" .key | b64enc | quote }}
{{- end }}
