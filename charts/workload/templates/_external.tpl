{{/*
The Secrets that External Secrets fills. Each gets labels of its own: without any it would get those of the
object that asks for it, and count as one of the application's objects.
*/}}
{{- define "workload.externalSecrets" -}}
{{- $of := . }}
{{- range .s.externalSecrets }}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {{ .name | quote }}
  labels:
    {{- include "workload.shared.labels" $of | nindent 4 }}
spec:
  refreshInterval: {{ .refresh | quote }}
  secretStoreRef:
    name: {{ .store | quote }}
    kind: {{ .storeKind }}
  target:
    name: {{ .name | quote }}
    template:
      metadata:
        labels:
          {{- include "workload.shared.labels" $of | nindent 10 }}
  {{- with .keys }}
  data:
    {{- range . }}
    - secretKey: {{ .key | quote }}
      remoteRef:
        key: {{ .remoteKey | toJson }}
        {{- with .property }}
        property: {{ . | toJson }}
        {{- end }}
    {{- end }}
  {{- end }}
  {{- with .extract }}
  dataFrom:
    - extract:
        key: {{ . | toJson }}
  {{- end }}
{{- end }}
{{- end }}
