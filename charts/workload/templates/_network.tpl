{{/* Pods of a workload or a namespace, of this or another one. */}}
{{- define "workload.peer" -}}
{{- if .namespace -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: {{ .namespace | quote }}
{{- end }}
{{- if .app }}
podSelector:
  matchLabels:
    app.kubernetes.io/name: {{ .app | quote }}
{{- else if not .namespace }}
podSelector: {}
{{- end }}
{{- end }}

{{/*
A caller: the pods of a workload, and those that stand for it with labels of their own, so that no Service
finds them: its canary, its migration and its trial. All of a namespace where no workload is named.
*/}}
{{- define "workload.caller" -}}
{{- if .app -}}
{{- with .namespace -}}
namespaceSelector:
  matchLabels:
    kubernetes.io/metadata.name: {{ . | quote }}
{{ end -}}
podSelector:
  matchExpressions:
    - key: app.kubernetes.io/name
      operator: In
      values:
        {{- range $suffix := list "" "-canary" "-migrate" "-trial" }}
        {{- $name := print $.app $suffix }}
        {{- if le (len $name) 63 }}
        - {{ $name | quote }}
        {{- end }}
        {{- end }}
{{- else }}
{{- include "workload.peer" . }}
{{- end }}
{{- end }}

{{/* What the pods may call. Names are found in any case. */}}
{{- define "workload.egress" -}}
{{- if .w.network.limitOut }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "workload.named" (list . .w.network.outName "egress") | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "workload.selector" . | nindent 6 }}
  {{- include "workload.egressRules" . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The same for what runs before the rollout: no more and no less than the workload itself may. */}}
{{- define "workload.gateEgress" -}}
{{- if .w.network.limitOut }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ printf "%s-jobs" (include "workload.named" (list . .w.network.outName "egress")) | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .app | quote }}
    matchExpressions:
      - key: app.kubernetes.io/name
        operator: In
        values:
          - {{ printf "%s-migrate" .name | quote }}
          - {{ printf "%s-trial" .name | quote }}
  {{- include "workload.egressRules" . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "workload.egressRules" -}}
policyTypes:
  - Egress
egress:
  - ports:
      - port: 53
        protocol: UDP
      - port: 53
        protocol: TCP
  {{- range .w.network.to }}
  - {{ if or .cidr .namespace .app }}to:
      {{- if .cidr }}
      - ipBlock:
          cidr: {{ .cidr | quote }}
      {{- else }}
      - {{ include "workload.peer" . | trim | nindent 8 | trim }}
      {{- end }}
    {{ end }}ports:
      {{- if kindIs "invalid" .port }}
      - protocol: {{ .protocol }}
      {{- else }}
      - port: {{ int .port }}
        protocol: {{ .protocol }}
      {{- end }}
  {{- end }}
{{- end }}

{{/* Who may call the pods. */}}
{{- define "workload.callers" -}}
{{- if .w.networkIn.limit }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "workload.named" (list . .w.networkIn.name "ingress") | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "workload.selector" . | nindent 6 }}
  policyTypes:
    - Ingress
  {{- $from := .w.networkIn.from }}
  {{- with .w.networkIn.controller }}{{- $from = append $from (dict "namespace" . "app" "") }}{{- end }}
  {{- with $from }}
  ingress:
    - from:
        {{- range . }}
        - {{ include "workload.caller" . | trim | nindent 10 | trim }}
        {{- end }}
  {{- else }}
  ingress: []
  {{- end }}
{{- end }}
{{- end }}
