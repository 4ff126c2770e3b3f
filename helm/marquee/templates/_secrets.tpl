{{- define "marquee.secretKeys" -}}
{{- $keys := list "POSTGRES_PASSWORD" "POSTGRES_REPLICATION_PASSWORD" "POSTGRES_EXPORTER_PASSWORD" "AUDIT_DATABASE_PASSWORD" "REDIS_PASSWORD" "RABBITMQ_PASSWORD" "RABBITMQ_ERLANG_COOKIE" "FLOWER_PASSWORD" "FRONTEND_SECRET_KEY" -}}
{{- range $name, $service := .Values.services }}
{{- $keys = concat $keys (list (printf "%s_SECRET_KEY" (upper $name)) (printf "%s_DATABASE_PASSWORD" (upper $name))) (values $service.secretEnv) }}
{{- end }}
{{- $keys | uniq | sortAlpha | toJson }}
{{- end }}

{{- /* A secret's value: what is kept in the cluster, else a new one, the same wherever this render asks for it.
       Takes root, key. */ -}}
{{- define "marquee.secret" -}}
{{- $made := .root.Values._made | default dict -}}
{{- if not (hasKey $made .key) }}
{{- $there := lookup "v1" "Secret" .root.Release.Namespace (include "marquee.secretName" .root) | default dict }}
{{- $kept := index ($there.data | default dict) .key }}
{{- if $kept }}{{ $_ := set $made .key ($kept | b64dec) }}
{{- else if has .key (list "JWT_PRIVATE_KEY" "TICKET_SIGNING_KEY") }}{{ $_ := set $made .key (genPrivateKey "ed25519") }}
{{- else }}{{ $_ := set $made .key (randAlphaNum 48) }}{{ end }}
{{- $_ := set .root.Values "_made" $made }}
{{- end }}
{{- index $made .key }}
{{- end }}
