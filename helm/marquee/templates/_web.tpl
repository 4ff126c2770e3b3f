{{- /* What the Deployments of one of our projects have in common. Takes root, name, service. */ -}}
{{- define "marquee.common" -}}
{{- $config := printf "%s-%s" (include "marquee.fullname" .root) .name -}}
{{ dict "component" .name "service" .name "configMap" $config "checksum" (include "marquee.settings" . | sha256sum | trunc 16) "env" (include "marquee.secretSettings" .) | toJson }}
{{- end }}

{{- /* Web pods of each colour that runs, with their settings and the Services before them. Takes root, name, service, and
       port (of the Services). */ -}}
{{- define "marquee.web" -}}
{{- $root := .root -}}
{{- $fullname := include "marquee.fullname" .root -}}
{{- $config := printf "%s-%s" $fullname .name -}}
{{- $common := merge (dict "root" .root) (include "marquee.common" . | fromJson) -}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $config }}
  labels: {{- include "marquee.labels" (dict "root" $root "component" $.name) | nindent 4 }}
data: {{- include "marquee.settings" . | nindent 2 }}
{{- range $color := include "marquee.colors" $root | fromJsonArray }}
{{- $tag := include "marquee.tag" (dict "root" $root "color" $color) }}
{{- $image := printf "%s/%s:%s" $root.Values.image.repository $.name $tag }}
---
{{ include "marquee.deployment" (merge (dict
  "name" (printf "%s-%s-web-%s" $fullname $.name $color) "process" "web" "color" $color "image" $image "tag" $tag "args" (list "web")
  "replicas" (ternary 0 $.service.web.autoscaling.min $root.Values.autoscaling.enabled) "resources" $.service.web.resources
  "certificate" (ternary (printf "%s-tls" $config) "" (eq "true" (include "marquee.tls" (dict "root" $root "server" "services"))))
  "port" $.service.port "probe" (dict "live" "/health/live" "ready" "/health/ready" "port" "http")
  "drain" (include "marquee.drain" $) "grace" 50) $common) }}
{{- end }}
---
# What others ask, whatever the colour.
apiVersion: v1
kind: Service
metadata:
  name: {{ $fullname }}-{{ $.name }}
  labels: {{- include "marquee.labels" (dict "root" $root "component" $.name "process" "web") | nindent 4 }}
spec:
  selector: {{- include "marquee.selector" (dict "root" $root "component" $.name "process" "web") | nindent 4 }}
  ports: [{name: http, port: {{ $.port }}, targetPort: http}]
{{- range $color := include "marquee.colors" $root | fromJsonArray }}
---
# What the gateway asks.
apiVersion: v1
kind: Service
metadata:
  name: {{ $fullname }}-{{ $.name }}-{{ $color }}
  labels: {{- include "marquee.labels" (dict "root" $root "component" $.name "color" $color) | nindent 4 }}
spec:
  selector: {{- include "marquee.selector" (dict "root" $root "component" $.name "process" "web" "color" $color) | nindent 4 }}
  ports: [{name: http, port: {{ $.port }}, targetPort: http}]
{{- end }}
{{- end }}
