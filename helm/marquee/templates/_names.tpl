{{- define "marquee.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "marquee.secretName" -}}
{{ .Values.secrets.existing | default (printf "%s-secrets" (include "marquee.fullname" .)) }}
{{- end }}

{{- /* Labels that select pods. Takes root, component, process. */ -}}
{{- define "marquee.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- with .process }}
marquee/process: {{ . }}
{{- end }}
{{- with .color }}
marquee/color: {{ . }}
{{- end }}
{{- end }}

{{- define "marquee.labels" -}}
{{ include "marquee.selector" . }}
app.kubernetes.io/part-of: marquee
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .version | default .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "marquee.tag" -}}
{{- $colour := index .root.Values.colors .color -}}
{{ $colour.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- /* Colours whose web pods run: the one the gateway sends to, and the other while it has a tag. */ -}}
{{- define "marquee.colors" -}}
{{- $running := list -}}
{{- range $name, $colour := .Values.colors }}{{ if or (eq $name $.Values.color) $colour.tag }}{{ $running = append $running $name }}{{ end }}{{ end -}}
{{ $running | toJson }}
{{- end }}

{{- /* "true" when a switch says so, or says auto and the cluster has the API. Takes root, switch, api. */ -}}
{{- define "marquee.enabled" -}}
{{- if eq (toString .switch) "auto" }}{{ if .root.Capabilities.APIVersions.Has .api }}true{{ end }}
{{- else if .switch }}true{{ end }}
{{- end }}

{{- /* "true" when a server speaks TLS: by its own switch, or by the one of all that run here. Takes root, server, which is
       postgresql, redis, rabbitmq, or services for the web processes and Flower. */ -}}
{{- define "marquee.tls" -}}
{{- $own := index .root.Values .server -}}
{{- if eq .server "services" }}{{ if .root.Values.tls.internal }}true{{ end }}
{{- else if or $own.tls.enabled (and .root.Values.tls.internal (not $own.external.enabled)) }}true{{ end }}
{{- end }}

{{- define "marquee.publicHost" -}}
{{ regexReplaceAll "^https?://([^/:]+).*$" .Values.publicUrl "${1}" }}
{{- end }}

{{- /* Names under which pods ask a Service, from its own namespace and from others. Takes root, service. */ -}}
{{- define "marquee.serviceHosts" -}}
{{- $name := printf "%s-%s" (include "marquee.fullname" .root) .service -}}
{{- $full := printf "%s.%s" $name .root.Release.Namespace -}}
{{ $name }},{{ $full }},{{ $full }}.svc,{{ $full }}.svc.cluster.local
{{- end }}

{{- define "marquee.postgresHost" -}}
{{- $name := printf "%s-postgres-%s" (include "marquee.fullname" .root) .name -}}
{{- if .root.Values.postgresql.external.enabled }}{{ index .root.Values.postgresql.external.hosts .name | required (printf "postgresql.external.hosts.%s is missing" .name) }}
{{- else if .root.Values.postgresql.operator.enabled }}{{ $name }}-rw:5432
{{- else }}{{ $name }}:5432{{ end }}
{{- end }}

{{- /* Where its standbys are asked, each by itself; none of servers of your own. Takes root, name, service. */ -}}
{{- define "marquee.standbyHosts" -}}
{{- $server := printf "%s-postgres-%s" (include "marquee.fullname" .root) .name -}}
{{- $hosts := list -}}
{{- if and (gt (int .service.database.standbys) 0) (not .root.Values.postgresql.external.enabled) -}}
{{- if .root.Values.postgresql.operator.enabled }}{{ $hosts = list (printf "%s-ro:5432" $server) }}
{{- else }}{{ range $number := until (int .service.database.standbys) }}{{ $hosts = append $hosts (printf "%s-standby-%d:5432" $server $number) }}{{ end }}{{ end -}}
{{- end -}}
{{ $hosts | toJson }}
{{- end }}

{{- define "marquee.redisHost" -}}
{{- if .Values.redis.external.enabled }}{{ .Values.redis.external.host | required "redis.external.host is missing" }}
{{- else }}{{ include "marquee.fullname" . }}-redis:6379{{ end }}
{{- end }}

{{- define "marquee.rabbitmqHost" -}}
{{- if .Values.rabbitmq.external.enabled }}{{ .Values.rabbitmq.external.host | required "rabbitmq.external.host is missing" }}:{{ .Values.rabbitmq.external.port }}
{{- else }}{{ include "marquee.fullname" . }}-rabbitmq:{{ ternary 5671 5672 (eq "true" (include "marquee.tls" (dict "root" . "server" "rabbitmq"))) }}{{ end }}
{{- end }}

{{- /* The operator's management goes on speaking plainly inside; of a broker of yours nothing is known. */ -}}
{{- define "marquee.rabbitmqManagementScheme" -}}
{{ ternary "https" "http" (and (eq "true" (include "marquee.tls" (dict "root" . "server" "rabbitmq"))) (not (or .Values.rabbitmq.external.enabled .Values.rabbitmq.operator.enabled))) }}
{{- end }}

{{- define "marquee.rabbitmqManagement" -}}
{{- if .Values.rabbitmq.external.enabled }}{{ .Values.rabbitmq.external.managementHost | required "rabbitmq.external.managementHost is missing" }}
{{- else }}{{ include "marquee.fullname" . }}-rabbitmq:15672{{ end }}
{{- end }}

{{- /* Names under which a server inside the cluster is asked; for certificates. Takes root, server, headless. */ -}}
{{- define "marquee.dnsNames" -}}
{{- $base := printf "%s-%s" (include "marquee.fullname" .root) .server -}}
{{- $names := list $base (printf "%s.%s.svc" $base .root.Release.Namespace) (printf "%s.%s.svc.cluster.local" $base .root.Release.Namespace) -}}
{{- $names = append $names (printf "*.%s-nodes.%s.svc.cluster.local" $base .root.Release.Namespace) -}}
{{- if hasPrefix "postgres-" .server -}}
{{- /* Standbys show the certificate of their primary. */ -}}
{{- range $host := include "marquee.standbyHosts" (dict "root" .root "name" (trimPrefix "postgres-" .server) "service" (index .root.Values.services (trimPrefix "postgres-" .server))) | fromJsonArray }}{{ $names = append $names (trimSuffix ":5432" $host) }}{{ end -}}
{{- end -}}
{{- if or (has .server (list "flower" "frontend")) (hasKey .root.Values.services .server) -}}
{{- /* As the gateway calls them, whatever the colour, and as Prometheus does, which asks pods. */ -}}
{{- $names = list .server (printf "%s-web" (include "marquee.fullname" .root)) $base (printf "%s.%s.svc" $base .root.Release.Namespace) -}}
{{- range $color, $_ := .root.Values.colors }}{{ $names = append $names (printf "%s-%s" $base $color) }}{{ end -}}
{{- end -}}
{{ $names | toJson }}
{{- end }}
