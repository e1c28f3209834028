{{/* A number or a percentage, as what the API takes for either. */}}
{{- define "workload.share" -}}
{{- if hasSuffix "%" . -}}{{ . | quote }}{{- else -}}{{ int . }}{{- end -}}
{{- end }}

{{/* How a new version comes. What must never be there twice is ended first. */}}
{{- define "workload.strategy" -}}
{{- $alone := list "ReadWriteOnce" "ReadWriteOncePod" -}}
{{- $kept := and (eq .kind "stateful") (has (get (default (dict) (get .w "storage")) "accessMode") $alone) -}}
{{- if or (eq .w.strategy "Recreate") .single $kept -}}
strategy:
  type: Recreate
{{- else -}}
strategy:
  type: RollingUpdate
  rollingUpdate:
    maxUnavailable: {{ include "workload.share" .w.maxUnavailable }}
    maxSurge: {{ include "workload.share" .w.maxSurge }}
{{- end -}}
{{- end }}

{{- define "workload.deployment" }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name | quote }}
  {{- $reasons := include "workload.reasons" . | fromYaml }}
  {{- include "workload.metadata" (dict "of" . "labels" "workload.versioned" "extra" $reasons) | nindent 2 }}
spec:
  {{- if .single }}
  replicas: {{ min 1 .w.replicas }}
  {{- else if not .scaled }}
  replicas: {{ int .w.replicas }}
  {{- end }}
  revisionHistoryLimit: {{ int .w.revisionHistoryLimit }}
  {{- if not (kindIs "invalid" .w.minReadySeconds) }}
  minReadySeconds: {{ int .w.minReadySeconds }}
  {{- end }}
  # Counts from the last progress, so it must be longer than the longest start of one pod.
  progressDeadlineSeconds: {{ if kindIs "invalid" .w.progressDeadlineSeconds }}{{ add (int .w.startSeconds) (int .w.minReadySeconds) 300 }}{{ else }}{{ int .w.progressDeadlineSeconds }}{{ end }}
  selector:
    matchLabels:
      {{- include "workload.selector" . | nindent 6 }}
  {{- include "workload.strategy" . | nindent 2 }}
  template:
    metadata:
      {{- include "workload.podMetadata" . | nindent 6 }}
    spec:
      {{- include "workload.podSpec" . | nindent 6 }}
{{- end }}

{{- define "workload.statefulSet" }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ .name | quote }}
  {{- $reasons := include "workload.reasons" . | fromYaml }}
  {{- include "workload.metadata" (dict "of" . "labels" "workload.versioned" "extra" $reasons) | nindent 2 }}
spec:
  replicas: {{ int .w.replicas }}
  revisionHistoryLimit: {{ int .w.revisionHistoryLimit }}
  {{- if not (kindIs "invalid" .w.minReadySeconds) }}
  minReadySeconds: {{ int .w.minReadySeconds }}
  {{- end }}
  serviceName: {{ default .name .w.service.name | quote }}
  selector:
    matchLabels:
      {{- include "workload.selector" . | nindent 6 }}
  template:
    metadata:
      {{- include "workload.podMetadata" . | nindent 6 }}
    spec:
      {{- include "workload.podSpec" . | nindent 6 }}
  # Cannot be changed once it exists, so its labels are those of the selector only.
  volumeClaimTemplates:
    - apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: {{ .w.storage.name | quote }}
        labels:
          {{- include "workload.selector" . | nindent 10 }}
      spec:
        {{- include "workload.claimSpec" .w.storage | nindent 8 }}
{{- end }}

{{- define "workload.claimSpec" -}}
accessModes:
  - {{ .accessMode }}
{{- with .className }}
storageClassName: {{ . | quote }}
{{- end }}
resources:
  requests:
    storage: {{ .size | quote }}
{{- end }}

{{/* The claims of a workload, except those that something else makes. */}}
{{- define "workload.claims" -}}
{{- $claims := .w.claims }}
{{- if and (eq .kind "stateful") (eq (toString (default "" (get .w "controller"))) "Deployment") }}
{{- $claims = append $claims .w.storage }}
{{- end }}
{{- range $claims }}
{{- if not (default false (get . "exists")) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "workload.named" (list $ .claim .name) | quote }}
  {{- include "workload.metadata" (dict "of" $) | nindent 2 }}
spec:
  {{- include "workload.claimSpec" . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "workload.cronJob" }}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .name | quote }}
  {{- $reasons := include "workload.reasons" . | fromYaml }}
  {{- include "workload.metadata" (dict "of" . "labels" "workload.versioned" "extra" $reasons) | nindent 2 }}
spec:
  schedule: {{ .w.schedule | quote }}
  timeZone: {{ .w.timeZone | quote }}
  concurrencyPolicy: {{ .w.concurrency }}
  suspend: {{ .w.suspend }}
  startingDeadlineSeconds: {{ int .w.startingDeadlineSeconds }}
  successfulJobsHistoryLimit: {{ int .w.successfulHistory }}
  failedJobsHistoryLimit: {{ int .w.failedHistory }}
  jobTemplate:
    metadata:
      labels:
        {{- include "workload.labels" . | nindent 8 }}
    spec:
      backoffLimit: {{ int .w.retries }}
      activeDeadlineSeconds: {{ int .w.deadlineSeconds }}
      {{- if not (kindIs "invalid" .w.ttlSeconds) }}
      ttlSecondsAfterFinished: {{ int .w.ttlSeconds }}
      {{- end }}
      template:
        metadata:
          {{- include "workload.podMetadata" . | nindent 10 }}
        spec:
          restartPolicy: {{ .w.restartPolicy }}
          {{- include "workload.podSpec" . | nindent 10 }}
{{- end }}

{{/*
A Job that runs when it is applied, which waits until it has ended. A Job cannot be changed, so each content
has a name of its own.
*/}}
{{- define "workload.onceJob" }}
{{- $metadata := include "workload.podMetadata" . }}
{{- $pod := include "workload.podSpec" . }}
{{- $sum := print $metadata $pod (int .w.again) .w.restartPolicy | sha256sum | trunc 8 }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ printf "%s-%s" (.name | trunc 54 | trimSuffix "-") $sum | quote }}
  {{- $extra := merge (dict "slipway.dev/gate" "complete") (include "workload.reasons" . | fromYaml) }}
  {{- include "workload.metadata" (dict "of" . "labels" "workload.versioned" "extra" $extra) | nindent 2 }}
spec:
  backoffLimit: {{ int .w.retries }}
  activeDeadlineSeconds: {{ int .w.deadlineSeconds }}
  template:
    metadata:
      {{- $metadata | nindent 6 }}
    spec:
      restartPolicy: {{ .w.restartPolicy }}
      {{- $pod | nindent 6 }}
{{- end }}
