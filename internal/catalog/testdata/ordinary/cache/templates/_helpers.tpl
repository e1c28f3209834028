{{- define "cache.password" -}}
{{- $old := lookup "v1" "Secret" .Release.Namespace (printf "%s-cache" .Release.Name) -}}
{{- if .Values.auth.password -}}
{{- .Values.auth.password | b64enc -}}
{{- else if $old -}}
{{- index $old.data "password" -}}
{{- else -}}
{{- randAlphaNum 16 | b64enc -}}
{{- end -}}
{{- end -}}
