{{/* Whose annotations an Ingress gets: by what its class is called, and nginx for the default. */}}
{{- define "workload.controller" -}}
{{- $i := .w.ingress -}}
{{- if ne $i.controller "auto" -}}{{ $i.controller }}
{{- else if contains "traefik" $i.className -}}traefik
{{- else if contains "haproxy" $i.className -}}haproxy
{{- else if or (eq $i.className "") (contains "nginx" $i.className) -}}nginx
{{- else -}}none
{{- end -}}
{{- end }}

{{/* What an Ingress's controller is told by annotations. */}}
{{- define "workload.ingressAnnotations" -}}
{{- $i := .w.ingress }}
{{- $by := include "workload.controller" . }}
{{- if and (eq $i.certificate "issuer") $i.issuer }}
cert-manager.io/cluster-issuer: {{ $i.issuer | quote }}
{{- end }}
{{- if eq $by "nginx" }}
{{- if not (kindIs "invalid" $i.longConnections) }}
nginx.ingress.kubernetes.io/proxy-read-timeout: {{ int $i.longConnections | quote }}
nginx.ingress.kubernetes.io/proxy-send-timeout: {{ int $i.longConnections | quote }}
{{- end }}
{{- if not (kindIs "invalid" $i.rateLimit) }}
nginx.ingress.kubernetes.io/limit-rps: {{ int $i.rateLimit | quote }}
{{- end }}
{{- if eq $i.affinity "cookie" }}
nginx.ingress.kubernetes.io/affinity: cookie
nginx.ingress.kubernetes.io/session-cookie-name: {{ $i.cookieName | quote }}
nginx.ingress.kubernetes.io/session-cookie-max-age: {{ int64 $i.cookieSeconds | quote }}
{{- else if eq $i.affinity "hash" }}
nginx.ingress.kubernetes.io/upstream-hash-by: {{ $i.hashBy | quote }}
{{- end }}
{{- else if eq $by "haproxy" }}
{{- if not (kindIs "invalid" $i.longConnections) }}
haproxy-ingress.github.io/timeout-tunnel: {{ printf "%ds" (int $i.longConnections) | quote }}
haproxy-ingress.github.io/timeout-server: {{ printf "%ds" (int $i.longConnections) | quote }}
{{- end }}
{{- if not (kindIs "invalid" $i.rateLimit) }}
haproxy-ingress.github.io/limit-rps: {{ int $i.rateLimit | quote }}
{{- end }}
{{- if eq $i.affinity "cookie" }}
haproxy-ingress.github.io/affinity: cookie
haproxy-ingress.github.io/session-cookie-name: {{ $i.cookieName | quote }}
{{- else if eq $i.affinity "hash" }}
haproxy-ingress.github.io/balance-algorithm: uri
{{- end }}
{{- else if and (eq $by "traefik") (include "workload.tls" .) }}
traefik.ingress.kubernetes.io/router.entrypoints: websecure
{{- end }}
{{- end }}

{{/* Not empty if the Ingress has a certificate. */}}
{{- define "workload.tls" -}}
{{- $i := .w.ingress -}}
{{- if or (ne $i.certificate "issuer") $i.issuer -}}yes{{- end -}}
{{- end }}

{{- define "workload.ingress" -}}
{{- $i := .w.ingress }}
{{- $all := .w.hosts }}
{{- if .w.host }}{{- $all = prepend $all (dict "host" .w.host "path" .w.path) }}{{- end }}
{{- if $all }}
{{- $tls := include "workload.tls" . }}
{{- $secret := include "workload.named" (list . $i.tlsSecret "tls") }}
{{- $hosts := list }}
{{- range $all }}{{- $hosts = append $hosts .host }}{{- end }}
{{- $hosts = uniq $hosts }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ default .name $i.name | quote }}
  {{- $extra := merge (dict) $i.annotations (include "workload.ingressAnnotations" . | fromYaml) }}
  {{- include "workload.metadata" (dict "of" . "extra" $extra) | nindent 2 }}
spec:
  {{- with $i.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  {{- if $tls }}
  tls:
    - hosts: {{ toJson $hosts }}
      secretName: {{ $secret | quote }}
  {{- end }}
  rules:
    {{- range $host := $hosts }}
    - host: {{ $host | quote }}
      http:
        paths:
          {{- range $all }}
          {{- if eq .host $host }}
          - path: {{ .path | quote }}
            pathType: Prefix
            backend:
              service:
                name: {{ default $.name $.w.service.name | quote }}
                port:
                  number: {{ include "workload.servicePort" $ }}
          {{- end }}
          {{- end }}
    {{- end }}
{{- if eq $i.certificate "own" }}
{{- include "workload.certificate" (dict "of" . "name" $secret "certificate" $i.certificateText "key" $i.privateKey) }}
{{- end }}
{{- end }}
{{- end }}

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
