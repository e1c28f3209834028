{{/* The volumes of a pod. */}}
{{- define "workload.volumes" -}}
{{- range .files }}
- name: {{ .name | quote }}
  secret:
    secretName: {{ default (printf "%s-%s" $.app .name) .secret | quote }}
    {{- include "workload.items" .files }}
{{- end }}
{{- range .w.configFiles }}
- name: {{ .name | quote }}
  configMap:
    name: {{ include "workload.named" (list $ .configMap .name) | quote }}
    {{- include "workload.items" .files }}
{{- end }}
{{- with .w.tmpSize }}
- name: tmp
  emptyDir:
    sizeLimit: {{ . | quote }}
{{- end }}
{{- range .w.scratch }}
- name: {{ .name | quote }}
  emptyDir:
    sizeLimit: {{ .size | quote }}
    {{- if .memory }}
    medium: Memory
    {{- end }}
{{- end }}
{{- if and (eq .kind "stateful") (eq (toString .w.controller) "Deployment") }}
- name: {{ .w.storage.name | quote }}
  persistentVolumeClaim:
    claimName: {{ include "workload.named" (list . .w.storage.claim .w.storage.name) | quote }}
{{- end }}
{{- range .w.claims }}
- name: {{ .name | quote }}
  persistentVolumeClaim:
    claimName: {{ include "workload.named" (list $ .claim .name) | quote }}
{{- end }}
{{- end }}

{{- define "workload.items" -}}
{{- with . }}
    items:
      {{- range . }}
      - key: {{ .key | quote }}
        path: {{ default .key .path | quote }}
      {{- end }}
{{- end }}
{{- end }}

{{/* Annotations that change when what the pods read at their start does, so that they start again. */}}
{{- define "workload.checksums" -}}
{{- $config := dict }}
{{- $secrets := dict }}
{{- if has .w.inject (list "all" "config") }}{{- $config = merge $config .s.config.data }}{{- end }}
{{- if has .w.inject (list "all" "secrets") }}{{- $secrets = merge $secrets .s.secrets.data }}{{- end }}
{{- range .w.variables }}
{{- if eq .from "secret" }}
{{- $key := default .name .key }}
{{- if and (has .ref (list "" $.secrets)) (hasKey $.s.secrets.data $key) }}{{- $_ := set $secrets $key (index $.s.secrets.data $key) }}{{- end }}
{{- else if eq .from "config" }}
{{- $key := default .name .configKey }}
{{- if and (has .configMap (list "" $.config)) (hasKey $.s.config.data $key) }}{{- $_ := set $config $key (index $.s.config.data $key) }}{{- end }}
{{- end }}
{{- end }}
{{- range .w.envFrom }}
{{- if and (eq .kind "Secret") (eq .name $.secrets) }}{{- $secrets = merge $secrets $.s.secrets.data }}{{- end }}
{{- if and (eq .kind "ConfigMap") (eq .name $.config) }}{{- $config = merge $config $.s.config.data }}{{- end }}
{{- end }}
{{- range .w.configFiles }}{{- $_ := set $config (printf "/%s" .name) .files }}{{- end }}
{{- range .files }}{{- $_ := set $secrets (printf "/%s" .name) .files }}{{- end }}
{{- if $config }}
checksum/config: {{ $config | toJson | sha256sum }}
{{- end }}
{{- if $secrets }}
checksum/secrets: {{ $secrets | toJson | sha256sum }}
{{- end }}
{{- end }}

{{/* metadata of the pods. */}}
{{- define "workload.podMetadata" -}}
labels:
  {{- include "workload.versioned" . | nindent 2 }}
  {{- range $key, $value := .w.podLabels }}
  {{ $key | quote }}: {{ $value | quote }}
  {{- end }}
{{- $annotations := dict }}
{{- if and (eq .kind "web") .w.metrics.enabled }}
{{- $_ := set $annotations "prometheus.io/scrape" "true" }}
{{- $_ := set $annotations "prometheus.io/port" (default .w.port .w.metrics.port | int | toString) }}
{{- $_ := set $annotations "prometheus.io/path" .w.metrics.path }}
{{- end }}
{{- $annotations = merge (dict) .w.podAnnotations $annotations }}
{{- $sums := include "workload.checksums" . | trim }}
{{- if or $annotations $sums }}
annotations:
  {{- with $annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- with $sums }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/*
The number of the user that pods run as. Where each workload shall have its own, it is made of the names, so
that it stays the same whatever stands beside it; but files on disks belong to the user who wrote them.
*/}}
{{- define "workload.user" -}}
{{- $user := int64 .w.security.runAsUser -}}
{{- $keeps := or .w.claims (eq .kind "stateful") -}}
{{- if and (get .s "ownUsers") (eq $user 10001) (not $keeps) -}}
{{- $sum := printf "%s/%s" .app .name | sha256sum | trunc 8 | printf "0x%s" | int64 -}}
{{- add 20000 (mod $sum 40000) -}}
{{- else -}}{{ $user }}{{- end -}}
{{- end }}

{{/* Who the pods are in the cluster and on the node. */}}
{{- define "workload.identity" -}}
{{- $s := .w.security -}}
{{- $user := include "workload.user" . -}}
serviceAccountName: {{ default .name .w.serviceAccount.name | quote }}
automountServiceAccountToken: {{ or $s.serviceAccountToken (ne (len (default (list) .rights)) 0) }}
{{- /* The cluster's other Services are not put into the environment: names are found by DNS. */}}
enableServiceLinks: false
{{- $logins := list }}
{{- if .s.registry.server }}{{- $logins = append $logins .registry }}{{- end }}
{{- if .s.pullSecret }}{{- $logins = append $logins .s.pullSecret }}{{- end }}
{{- with $logins }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
securityContext:
  {{- if not $s.allowRoot }}
  runAsNonRoot: true
  runAsUser: {{ $user }}
  runAsGroup: {{ int64 (ternary $user $s.runAsGroup (kindIs "invalid" $s.runAsGroup)) }}
  {{- end }}
  fsGroup: {{ int64 (ternary $user $s.fsGroup (kindIs "invalid" $s.fsGroup)) }}
  seccompProfile:
    type: RuntimeDefault
  {{- if eq (include "workload.listensLow" .) "true" }}
  # Not every runtime lets others than root listen below 1024. It is a safe sysctl, also for Pod Security.
  sysctls:
    - name: net.ipv4.ip_unprivileged_port_start
      value: "0"
  {{- end }}
{{- end }}

{{/* Whether pods that are not root listen at a port below 1024. */}}
{{- define "workload.listensLow" -}}
{{- $low := false -}}
{{- if not (or (eq .kind "job") .migrating .w.security.allowRoot) -}}
{{- $low = and (not (kindIs "invalid" .w.port)) (lt (int .w.port) 1024) -}}
{{- range default (list) (get .w "ports") -}}{{- if lt (int .port) 1024 -}}{{- $low = true -}}{{- end -}}{{- end -}}
{{- end -}}
{{- $low -}}
{{- end }}

{{/* On which nodes the pods may run. */}}
{{- define "workload.nodes" -}}
{{- with .w.nodeSelector }}
nodeSelector:
  {{- range $key, $value := . }}
  {{ $key | quote }}: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- with .w.tolerations }}
tolerations:
  {{- range . }}
  - operator: {{ .operator }}
    {{- with .key }}
    key: {{ . | quote }}
    {{- end }}
    {{- if and .value (eq .operator "Equal") }}
    value: {{ .value | quote }}
    {{- end }}
    {{- with .effect }}
    effect: {{ . }}
    {{- end }}
    {{- if not (kindIs "invalid" .seconds) }}
    tolerationSeconds: {{ int .seconds }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with .w.priorityClass }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Where the pods may run, also in respect of each other. */}}
{{- define "workload.placement" -}}
{{- include "workload.nodes" . }}
{{- if ne .w.antiAffinity "none" }}
affinity:
  podAntiAffinity:
    {{- if eq .w.antiAffinity "required" }}
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "workload.selector" . | nindent 12 }}
    {{- else }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "workload.selector" . | nindent 14 }}
    {{- end }}
{{- end }}
{{- if and .w.spread (ne .kind "job") }}
topologySpreadConstraints:
  {{- range .w.spread }}
  - topologyKey: {{ .key | quote }}
    maxSkew: {{ int .maxSkew }}
    whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" .hard }}
    labelSelector:
      matchLabels:
        {{- include "workload.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The container that migrates, from what the workload's own has. */}}
{{- define "workload.migrator" -}}
{{- $m := .w.migration -}}
{{- $image := default .w.image $m.image -}}
name: migrate
image: {{ $image | quote }}
imagePullPolicy: {{ include "workload.pullPolicy" (list .w.pullPolicy $image) }}
{{- with $m.command }}
command: {{ toJson . }}
{{- end }}
{{- with $m.args }}
args: {{ toJson . }}
{{- end }}
{{- include "workload.env" . }}
{{- include "workload.resources" .w.resources }}
{{ include "workload.securityContext" .w.security }}
{{- with include "workload.mounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The pods of a workload: their spec. */}}
{{- define "workload.podSpec" -}}
{{ include "workload.identity" . }}
terminationGracePeriodSeconds: {{ int .w.graceSeconds }}
{{- include "workload.placement" . }}
{{- if ne .kind "job" }}
{{- if eq .w.migration.run "init" }}
initContainers:
  - {{ include "workload.migrator" . | nindent 4 | trim }}
{{- end }}
{{- end }}
containers:
  - {{ include "workload.container" . | nindent 4 | trim }}
{{- with include "workload.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
