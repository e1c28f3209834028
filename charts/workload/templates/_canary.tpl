{{/*
Another version beside a web service: its own Deployment and Service, so that no selector of the first one
finds its pods, and an Ingress of the same addresses that ingress-nginx gives a part of the requests. What the
first one reads it reads too, and it acts under the same account.
*/}}
{{- define "workload.canary" -}}
{{- $w := deepCopy .w }}
{{- range $key, $value := dict "image" .w.canary.image "replicas" .w.canary.replicas "exposure" "cluster" }}
{{- $_ := set $w $key $value }}
{{- end }}
{{- $_ := set $w "service" (dict "name" "" "port" .w.service.port "nodePort" nil "annotations" (dict)) }}
{{- $_ := set $w "serviceAccount" (dict "name" (default .name .w.serviceAccount.name) "exists" true) }}
{{- $ctx := . }}
{{- range $w.configFiles }}
{{- $_ := set . "configMap" (include "workload.named" (list $ctx .configMap .name)) }}
{{- end }}
{{- $_ := set $w.network "outName" "" }}
{{- $_ := set $w.networkIn "name" "" }}
{{- $of := dict "root" .root "name" (printf "%s-canary" .name) "kind" .kind "w" $w "s" .s "files" .files "rights" list "single" false "scaled" false "trying" false "migrating" false }}
{{- include "workload.context" $of }}
{{- include "workload.egress" $of }}
{{- include "workload.deployment" $of }}
{{- include "workload.service" $of }}
{{- include "workload.callers" $of }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ printf "%s-canary" (default .name .w.ingress.name) | quote }}
  {{- $share := dict "nginx.ingress.kubernetes.io/canary" "true" "nginx.ingress.kubernetes.io/canary-weight" (toString (int .w.canary.weight)) }}
  {{- include "workload.metadata" (dict "of" $of "extra" $share) | nindent 2 }}
spec:
  {{- with .w.ingress.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  rules:
    {{- include "workload.rules" $of | nindent 4 }}
{{- end }}
