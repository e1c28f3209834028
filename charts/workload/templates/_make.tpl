{{/*
All objects of one workload: (dict root name kind w s). What its kind has no fields for is not asked for.
*/}}
{{- define "workload.make" -}}
{{- include "workload.context" . }}
{{- $_ := set . "files" .w.secretFiles }}
{{- $_ := set . "rights" (default (list) (get .w "rights")) }}
{{- $_ := set . "single" false }}
{{- $_ := set . "scaled" false }}
{{- $_ := set . "trying" false }}
{{- $_ := set . "migrating" false }}
{{- if eq .kind "worker" }}{{- $_ := set . "single" .w.singleton.enabled }}{{- end }}
{{- if has .kind (list "web" "worker") }}{{- $_ := set . "scaled" (and .w.autoscale.enabled (not .single)) }}{{- end }}
{{- include "workload.serviceAccount" . }}
{{- include "workload.rights" . }}
{{- include "workload.configFiles" . }}
{{- include "workload.claims" . }}
{{- include "workload.egress" . }}
{{- if eq .kind "job" }}
{{- include (ternary "workload.onceJob" "workload.cronJob" (eq .w.runs "once")) . }}
{{- else }}
{{- if and (eq .kind "stateful") (eq .w.controller "StatefulSet") }}
{{- include "workload.statefulSet" . }}
{{- else }}
{{- include "workload.deployment" . }}
{{- end }}
{{- $migrates := eq .w.migration.run "job" }}
{{- $tries := false }}
{{- if has .kind (list "web" "worker") }}{{- $tries = and .w.trial.enabled (or .scaled (ne (int .w.replicas) 0)) }}{{- end }}
{{- if or $migrates $tries }}{{- include "workload.gateEgress" . }}{{- end }}
{{- if $migrates }}{{- include "workload.migration" . }}{{- end }}
{{- if $tries }}{{- include "workload.trial" . }}{{- end }}
{{- include "workload.budget" . }}
{{- if .scaled }}
{{- include "workload.autoscaler" . }}
{{- end }}
{{- if ne .kind "worker" }}
{{- if ne .w.exposure "none" }}
{{- include "workload.service" . }}
{{- end }}
{{- include "workload.callers" . }}
{{- end }}
{{- if eq .kind "web" }}
{{- include "workload.ingress" . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The template of one workload, named like its application: (list $ kind). */}}
{{- define "workload.one" -}}
{{- $root := index . 0 }}
{{- $of := dict "root" $root "name" $root.Release.Name "kind" (index . 1) "w" $root.Values "s" $root.Values }}
{{- include "workload.make" $of }}
{{- include "workload.shared" $of }}
{{- end }}

{{/* The template of several workloads. */}}
{{- define "workload.several" -}}
{{- $root := . }}
{{- $of := dict "root" $root "name" $root.Release.Name "kind" "application" "s" $root.Values }}
{{- include "workload.context" $of }}
{{- include "workload.shared" $of }}
{{- range $root.Values.certificates }}
{{- include "workload.certificate" (dict "of" $of "name" .name "certificate" .certificate "key" .privateKey) }}
{{- end }}
{{- range $root.Values.workloads }}
{{- $one := dict "root" $root "name" .name "kind" .kind "w" . "s" $root.Values }}
{{- include "workload.make" $one }}
{{- include "workload.secretFiles" (dict "of" $one "rows" .secretFiles) }}
{{- end }}
{{- end }}
