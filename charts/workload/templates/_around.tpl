{{- define "workload.serviceAccount" -}}
{{- if not .w.serviceAccount.exists }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ default .name .w.serviceAccount.name | quote }}
  {{- include "workload.metadata" (dict "of" . "extra" .w.serviceAccount.annotations) | nindent 2 }}
automountServiceAccountToken: false
{{- end }}
{{- end }}

{{/* The port that others use. */}}
{{- define "workload.servicePort" -}}
{{- if not (kindIs "invalid" .w.service.port) -}}{{ int .w.service.port }}
{{- else if eq .kind "web" -}}80
{{- else -}}{{ int .w.port }}
{{- end -}}
{{- end }}

{{- define "workload.service" -}}
{{- $type := dict "nodePort" "NodePort" "loadBalancer" "LoadBalancer" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ default .name .w.service.name | quote }}
  {{- include "workload.metadata" (dict "of" . "extra" .w.service.annotations) | nindent 2 }}
spec:
  type: {{ default "ClusterIP" (get $type .w.exposure) }}
  {{- if eq .w.exposure "headless" }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "workload.selector" . | nindent 4 }}
  ports:
    - port: {{ include "workload.servicePort" . }}
      targetPort: {{ default (int .w.port) .w.portName | toJson }}
      protocol: TCP
      {{- with default (ternary "main" "" (gt (len .w.ports) 0)) .w.portName }}
      name: {{ . | quote }}
      {{- end }}
      {{- if and (eq .w.exposure "nodePort") (not (kindIs "invalid" .w.service.nodePort)) }}
      nodePort: {{ int .w.service.nodePort }}
      {{- end }}
    {{- range .w.ports }}
    - port: {{ int (ternary .port .servicePort (kindIs "invalid" .servicePort)) }}
      targetPort: {{ .name | quote }}
      protocol: {{ .protocol }}
      name: {{ .name | quote }}
    {{- end }}
{{- end }}

{{- define "workload.autoscaler" }}
{{- $a := .w.autoscale }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name | quote }}
  minReplicas: {{ int $a.min }}
  maxReplicas: {{ int $a.max }}
  metrics:
    {{- range $name := list "cpu" "memory" }}
    {{- if not (kindIs "invalid" (index $a $name)) }}
    - type: Resource
      resource:
        name: {{ $name }}
        target:
          type: Utilization
          averageUtilization: {{ int (index $a $name) }}
    {{- end }}
    {{- end }}
    {{- range $a.metrics }}
    - type: {{ .type }}
      {{ lower .type }}:
        metric:
          name: {{ .name | quote }}
        target:
          type: AverageValue
          averageValue: {{ .averageValue | quote }}
    {{- end }}
{{- end }}

{{/* 0 is a value here: it lets the only pod go. */}}
{{- define "workload.budget" -}}
{{- $b := .w.budget }}
{{- if ne (printf "%s%s" $b.minAvailable $b.maxUnavailable) "" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "workload.named" (list . $b.name "pdb") | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  {{- if ne $b.minAvailable "" }}
  minAvailable: {{ include "workload.share" $b.minAvailable }}
  {{- else }}
  maxUnavailable: {{ include "workload.share" $b.maxUnavailable }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "workload.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "workload.rights" -}}
{{- if .rights }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ .name | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
rules:
  {{- range .rights }}
  - apiGroups: {{ toJson (default (list "") .apiGroups) }}
    resources: {{ toJson .resources }}
    verbs: {{ toJson .verbs }}
    {{- with .names }}
    resourceNames: {{ toJson . }}
    {{- end }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ default .name .w.serviceAccount.name | quote }}
    namespace: {{ .root.Release.Namespace | quote }}
{{- end }}
{{- end }}
