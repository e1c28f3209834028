{{/*
Jobs that have to succeed before the workload is touched (slipway.dev/gate). Jobs cannot be changed, so
each content has a name of its own. Their pods do not carry the labels by which the Service finds the
workload's.
*/}}

{{/* The pods of such a Job: (list ctx suffix). */}}
{{- define "workload.gateLabels" -}}
{{- $of := index . 0 -}}
app.kubernetes.io/name: {{ printf "%s-%s" $of.name (index . 1) | quote }}
app.kubernetes.io/instance: {{ $of.app | quote }}
app.kubernetes.io/part-of: {{ $of.app | quote }}
{{- end }}

{{- define "workload.migration" -}}
{{- $_ := set . "migrating" true }}
{{- $_ := set . "migrator" (include "workload.migrationPod" .) }}
{{- $_ := set . "migrating" false }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ printf "%s-migrate-%s" (.name | trunc 46 | trimSuffix "-") (.migrator | sha256sum | trunc 8) | quote }}
  {{- include "workload.metadata" (dict "of" . "extra" (dict "slipway.dev/gate" "complete")) | nindent 2 }}
spec:
  backoffLimit: {{ int .w.migration.retries }}
  activeDeadlineSeconds: {{ int .w.migration.seconds }}
  template:
    metadata:
      labels:
        {{- include "workload.gateLabels" (list . "migrate") | nindent 8 }}
    spec:
      {{- .migrator | nindent 6 }}
{{- end }}

{{- define "workload.migrationPod" -}}
restartPolicy: Never
{{ include "workload.identity" . }}
containers:
  - {{ include "workload.migrator" . | nindent 4 | trim }}
{{- with include "workload.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What asks whether the workload is up: what decides over its requests, else what decides over its start. */}}
{{- define "workload.trialProbe" -}}
{{- $readiness := include "workload.probe" (dict "of" . "probe" .w.probes.readiness "check" "readiness") -}}
{{- $probe := omit (ternary .w.probes.readiness .w.probes.startup (ne $readiness "")) "successThreshold" -}}
{{- include "workload.probe" (dict "of" . "probe" (set $probe "failureThreshold" nil) "check" "startup") -}}
{{- end }}

{{/*
The new version beside the old one. The workload's own container is a sidecar, so that the kubelet starts
the one after it only when the check has passed; that one ends at once, and the Job with it.
*/}}
{{- define "workload.trial" -}}
{{- if not (semverCompare ">=1.29.0-0" .root.Capabilities.KubeVersion.Version) }}
{{- fail "To try it before the rollout, the cluster needs Kubernetes 1.29 or newer. Switch the trial off for this one." }}
{{- end }}
{{- $_ := set . "trying" true }}
{{- $pod := include "workload.trialPod" . }}
{{- $_ := set . "trying" false }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ printf "%s-trial-%s" (.name | trunc 48 | trimSuffix "-") (print $pod (include "workload.checksums" .) | sha256sum | trunc 8) | quote }}
  {{- include "workload.metadata" (dict "of" . "extra" (dict "slipway.dev/gate" "trial")) | nindent 2 }}
spec:
  backoffLimit: 0
  # The longest start, and time to find a node and to pull the image before it.
  activeDeadlineSeconds: {{ add (int .w.startSeconds) (int .w.trial.seconds) }}
  template:
    metadata:
      labels:
        {{- include "workload.gateLabels" (list . "trial") | nindent 8 }}
    spec:
      {{- $pod | nindent 6 }}
{{- end }}

{{- define "workload.trialPod" -}}
restartPolicy: Never
{{ include "workload.identity" . }}
terminationGracePeriodSeconds: {{ int .w.graceSeconds }}
{{- include "workload.nodes" . }}
initContainers:
  {{- if eq .w.migration.run "init" }}
  - {{ include "workload.migrator" . | nindent 4 | trim }}
  {{- end }}
  - {{ include "workload.container" . | nindent 4 | trim }}
containers:
  - name: passed
    image: {{ .w.trial.image | quote }}
    imagePullPolicy: {{ include "workload.pullPolicy" (list "auto" .w.trial.image) }}
    command: ["true"]
    resources:
      requests:
        cpu: 10m
        memory: 16Mi
      limits:
        memory: 16Mi
    {{- $strict := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "addCapabilities" list }}
    {{- include "workload.securityContext" $strict | nindent 4 }}
{{- with include "workload.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
