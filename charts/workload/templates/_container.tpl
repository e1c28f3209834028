{{/* The variables of a container: its own, which win over the shared ones. */}}
{{- define "workload.env" -}}
{{- if or .w.env .w.variables }}
env:
  {{- range $name, $value := .w.env }}
  - name: {{ $name | quote }}
    value: {{ $value | toJson }}
  {{- end }}
  {{- range .w.variables }}
  - name: {{ .name | quote }}
    {{- if eq .from "value" }}
    value: {{ .value | toJson }}
    {{- else if eq .from "field" }}
    valueFrom:
      fieldRef:
        fieldPath: {{ .field }}
    {{- else if eq .from "secret" }}
    valueFrom:
      secretKeyRef:
        name: {{ default $.secrets .ref | quote }}
        key: {{ default .name .key | quote }}
        {{- if .optional }}
        optional: true
        {{- end }}
    {{- else }}
    valueFrom:
      configMapKeyRef:
        name: {{ default $.config .configMap | quote }}
        key: {{ default .name .configKey | quote }}
        {{- if .optional }}
        optional: true
        {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- $config := and .s.config.data (has .w.inject (list "all" "config")) }}
{{- $secrets := and .s.secrets.data (has .w.inject (list "all" "secrets")) }}
{{- if or $config $secrets .w.envFrom }}
envFrom:
  {{- if $config }}
  - configMapRef:
      name: {{ .config | quote }}
  {{- end }}
  {{- if $secrets }}
  - secretRef:
      name: {{ .secrets | quote }}
  {{- end }}
  {{- range .w.envFrom }}
  - {{ ternary "secretRef" "configMapRef" (eq .kind "Secret") }}:
      name: {{ .name | quote }}
      {{- if .optional }}
      optional: true
      {{- end }}
    {{- with .prefix }}
    prefix: {{ . | quote }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* CPU, memory and disk, without those that are empty. */}}
{{- define "workload.amounts" -}}
{{- range $name, $amount := . }}
{{- if $amount }}
{{ ternary "ephemeral-storage" $name (eq $name "ephemeralStorage") }}: {{ $amount | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "workload.resources" -}}
{{- $requests := include "workload.amounts" .requests }}
{{- $limits := include "workload.amounts" .limits }}
{{- if or $requests $limits }}
resources:
  {{- with $requests }}
  requests:
    {{- . | trim | nindent 4 }}
  {{- end }}
  {{- with $limits }}
  limits:
    {{- . | trim | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "workload.securityContext" -}}
securityContext:
  allowPrivilegeEscalation: {{ .allowPrivilegeEscalation }}
  readOnlyRootFilesystem: {{ .readOnlyRootFilesystem }}
  capabilities:
    drop:
      - ALL
    {{- with .addCapabilities }}
    add: {{ toJson . }}
    {{- end }}
{{- end }}

{{/* When nodes fetch the image: (list policy image). */}}
{{- define "workload.pullPolicy" -}}
{{- $image := index . 1 -}}
{{- if ne (index . 0) "auto" -}}{{ index . 0 }}
{{- else if contains "@" $image -}}IfNotPresent
{{- else if and (regexMatch ":[^/]+$" $image) (not (hasSuffix ":latest" $image)) -}}IfNotPresent
{{- else -}}Always
{{- end -}}
{{- end }}

{{/* How a container is asked: (dict of ctx probe type default), where type is a map's key. */}}
{{- define "workload.probe" -}}
{{- $p := .probe -}}
{{- $path := default .of.w.healthPath $p.path -}}
{{- $type := $p.type -}}
{{- if eq $type "auto" -}}
{{- $type = ternary "http" (ternary "none" "tcp" (eq .check "liveness")) (ne $path "") -}}
{{- if kindIs "invalid" .of.w.port -}}{{- $type = "none" -}}{{- end -}}
{{- end -}}
{{- $port := default (default (.of.w.port | toString) .of.w.portName) $p.port -}}
{{- if regexMatch "^(y|n|yes|no|on|off|true|false|null)$" $port }}{{ $port = quote $port }}{{ end -}}
{{- if ne $type "none" -}}
{{ .check }}Probe:
  {{- if eq $type "http" }}
  httpGet:
    path: {{ default "/" $path | quote }}
    port: {{ $port }}
    {{- if eq $p.scheme "HTTPS" }}
    scheme: HTTPS
    {{- end }}
  {{- else if eq $type "tcp" }}
  tcpSocket:
    port: {{ $port }}
  {{- else if eq $type "grpc" }}
  grpc:
    port: {{ default .of.w.port $p.port | int }}
    {{- with $p.service }}
    service: {{ . | quote }}
    {{- end }}
  {{- else }}
  exec:
    command: {{ toJson $p.command }}
  {{- end }}
  {{- range $key := list "initialDelaySeconds" "periodSeconds" "timeoutSeconds" "failureThreshold" "successThreshold" }}
  {{- if hasKey $p $key }}
  {{- $value := index $p $key }}
  {{- if not (kindIs "invalid" $value) }}
  {{ $key }}: {{ int $value }}
  {{- else if and (eq $key "failureThreshold") (eq $.check "startup") }}
  {{ $key }}: {{ div (add (int $.of.w.startSeconds) (int $p.periodSeconds) -1) (int $p.periodSeconds) }}
  {{- end }}
  {{- end }}
  {{- end }}
{{- end -}}
{{- end }}

{{/* What a container's files are: mounts, for the workload and its migration. */}}
{{- define "workload.mounts" -}}
{{- $w := .w }}
{{- range .files }}
- name: {{ .name | quote }}
  mountPath: {{ .mountPath | quote }}
  readOnly: true
{{- end }}
{{- range $w.configFiles }}
- name: {{ .name | quote }}
  mountPath: {{ .mountPath | quote }}
  readOnly: true
{{- end }}
{{- if $w.tmpSize }}
- name: tmp
  mountPath: /tmp
{{- end }}
{{- range $w.scratch }}
- name: {{ .name | quote }}
  mountPath: {{ .mountPath | quote }}
{{- end }}
{{- if eq .kind "stateful" }}
- name: {{ $w.storage.name | quote }}
  mountPath: {{ $w.storage.mountPath | quote }}
  {{- with $w.storage.subPath }}
  subPath: {{ . | quote }}
  {{- end }}
{{- end }}
{{- range $w.claims }}
- name: {{ .name | quote }}
  mountPath: {{ .mountPath | quote }}
  {{- with .subPath }}
  subPath: {{ . | quote }}
  {{- end }}
  {{- if .readOnly }}
  readOnly: true
  {{- end }}
{{- end }}
{{- end }}

{{/* The workload's container. */}}
{{- define "workload.container" -}}
{{- $w := .w -}}
name: {{ default .name $w.container | quote }}
image: {{ $w.image | quote }}
imagePullPolicy: {{ include "workload.pullPolicy" (list $w.pullPolicy $w.image) }}
{{- if .trying }}
restartPolicy: Always
{{- end }}
{{- with $w.command }}
command: {{ toJson . }}
{{- end }}
{{- with $w.args }}
args: {{ toJson . }}
{{- end }}
{{- include "workload.ports" . }}
{{- include "workload.env" . }}
{{- if .trying }}
{{- with include "workload.trialProbe" . }}
{{ . }}
{{- end }}
{{- else if ne .kind "job" }}
{{- range $check := list "startup" "readiness" "liveness" }}
{{- with include "workload.probe" (dict "of" $ "probe" (index $w.probes $check) "check" $check) }}
{{ . }}
{{- end }}
{{- end }}
{{- if and $w.preStopSeconds (semverCompare ">=1.30.0-0" .root.Capabilities.KubeVersion.Version) }}
lifecycle:
  preStop:
    sleep:
      seconds: {{ int $w.preStopSeconds }}
{{- end }}
{{- end }}
{{- include "workload.resources" $w.resources }}
{{ include "workload.securityContext" $w.security }}
{{- with include "workload.mounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "workload.ports" -}}
{{- if and (ne .kind "job") (not (kindIs "invalid" .w.port)) }}
ports:
  - containerPort: {{ int .w.port }}
    {{- with .w.portName }}
    name: {{ . | quote }}
    {{- end }}
    protocol: TCP
  {{- if ne .kind "worker" }}
  {{- range .w.ports }}
  - containerPort: {{ int .port }}
    name: {{ .name | quote }}
    protocol: {{ .protocol }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}
