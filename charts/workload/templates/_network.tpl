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
        - {{ include "workload.peer" . | trim | nindent 10 | trim }}
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
        - {{ include "workload.peer" . | trim | nindent 10 | trim }}
        {{- end }}
  {{- else }}
  ingress: []
  {{- end }}
{{- end }}
{{- end }}
