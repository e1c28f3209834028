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
{{- $redirect := include "workload.redirect" . }}
{{- if eq $by "nginx" }}
{{- with $redirect }}
nginx.ingress.kubernetes.io/{{ . }}
{{- end }}
{{- with $i.bodySize }}
nginx.ingress.kubernetes.io/proxy-body-size: {{ . | quote }}
{{- end }}
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
{{- with $redirect }}
haproxy-ingress.github.io/{{ . | replace "force-ssl" "ssl" }}
{{- end }}
{{- if and (eq $i.redirect "always") (not (include "workload.tls" .)) }}
haproxy-ingress.github.io/ssl-always-add-https: "true"
{{- end }}
{{- with $i.bodySize }}
haproxy-ingress.github.io/proxy-body-size: {{ . | quote }}
{{- end }}
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
{{- else if eq $by "traefik" }}
{{- include "workload.traefik" . }}
{{- end }}
{{- end }}

{{/* How ingress-nginx is told where HTTP leads to; nothing without a certificate. */}}
{{- define "workload.redirect" -}}
{{- if eq .w.ingress.redirect "always" -}}force-ssl-redirect: "true"
{{- else if include "workload.tls" . -}}ssl-redirect: {{ eq .w.ingress.redirect "auto" | quote }}
{{- end -}}
{{- end }}

{{/*
Traefik serves an Ingress at the entry points that it names. Without one for HTTP nothing is served in plain
text; leading people from there to HTTPS is either the entry point's own business or needs a middleware.
*/}}
{{- define "workload.traefik" -}}
{{- $i := .w.ingress }}
{{- if or (eq $i.redirect "always") (and (eq $i.redirect "never") (include "workload.tls" .)) }}
traefik.ingress.kubernetes.io/router.entrypoints: web,websecure
{{- else if include "workload.tls" . }}
traefik.ingress.kubernetes.io/router.entrypoints: websecure
{{- end }}
{{- $names := list }}
{{- if eq $i.redirect "always" }}{{- $names = append $names (include "workload.named" (list . "" "redirect")) }}{{- end }}
{{- if not (kindIs "invalid" $i.rateLimit) }}{{- $names = append $names (include "workload.named" (list . "" "rate-limit")) }}{{- end }}
{{- $all := list }}
{{- range concat $names (default (list) (get $i "middlewares")) }}
{{- $all = append $all (ternary . (printf "%s-%s@kubernetescrd" $.root.Release.Namespace .) (contains "@" .)) }}
{{- end }}
{{- with $all }}
traefik.ingress.kubernetes.io/router.middlewares: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{/* The middlewares of Traefik that an Ingress needs and that are only made because somebody asked. */}}
{{- define "workload.middlewares" -}}
{{- if eq (include "workload.controller" .) "traefik" }}
{{- if eq .w.ingress.redirect "always" }}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata:
  name: {{ include "workload.named" (list . "" "redirect") | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  redirectScheme:
    scheme: https
    permanent: true
{{- end }}
{{- if not (kindIs "invalid" .w.ingress.rateLimit) }}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata:
  name: {{ include "workload.named" (list . "" "rate-limit") | quote }}
  {{- include "workload.metadata" (dict "of" .) | nindent 2 }}
spec:
  # In a burst as much more as ingress-nginx lets through.
  rateLimit:
    average: {{ int .w.ingress.rateLimit }}
    burst: {{ mul 5 (int .w.ingress.rateLimit) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Not empty if the Ingress has a certificate. */}}
{{- define "workload.tls" -}}
{{- $i := .w.ingress -}}
{{- if or (ne $i.certificate "issuer") $i.issuer -}}yes{{- end -}}
{{- end }}

{{/* The addresses of a web service, each leading to its Service. */}}
{{- define "workload.rules" -}}
{{- $all := .w.hosts }}
{{- if .w.host }}{{- $all = prepend $all (dict "host" .w.host "path" .w.path) }}{{- end }}
{{- $hosts := list }}
{{- range $all }}{{- $hosts = append $hosts .host }}{{- end }}
{{- range $host := uniq $hosts }}
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
    {{- include "workload.rules" . | nindent 4 }}
{{- include "workload.middlewares" . }}
{{- if eq $i.certificate "own" }}
{{- include "workload.certificate" (dict "of" . "name" $secret "certificate" $i.certificateText "key" $i.privateKey) }}
{{- end }}
{{- if .w.canary.enabled }}
{{- include "workload.canary" . }}
{{- end }}
{{- end }}
{{- end }}

