{{- /* What the restricted Pod Security Standard asks of a pod. Takes uid. */ -}}
{{- define "marquee.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "marquee.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Over nodes and zones as evenly as it goes; a full zone is no reason to stay down. Takes the selector's dict. */ -}}
{{- define "marquee.spread" -}}
{{- range tuple "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ . }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "marquee.selector" $ | nindent 6 }}
{{- end }}
{{- end }}

{{- /* Seconds that a pod goes on serving after it was told to stop. A busy node learns late that it has gone; a connection
       that is sent to its address once nobody has that any more is not refused, it hangs. */ -}}
{{- define "marquee.drain" }}15{{ end }}

{{- /* The start of every pod's spec. Takes root, uid. */ -}}
{{- define "marquee.podHead" -}}
serviceAccountName: {{ include "marquee.fullname" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext: {{- include "marquee.podSecurity" . | nindent 2 }}
{{- end }}

{{- define "marquee.secretEnv" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ include "marquee.secretName" .root }}, key: {{ .key }}{{ if .optional }}, optional: true{{ end }}}}
{{- end }}

{{- /* Settings of a service that are no secrets, as a YAML map. Takes root, name, service. */ -}}
{{- define "marquee.settings" -}}
{{- $fullname := include "marquee.fullname" .root -}}
SERVICE_NAME: {{ .name }}
DJANGO_SETTINGS_MODULE: config.settings
LOG_LEVEL: {{ .root.Values.logLevel }}
{{- if .service.worker }}
EXPORTED_ROWS: {{ .root.Values.exportedRows | int | quote }}
IMPORTED_LINES: {{ .root.Values.importedLines | int | quote }}
WORKER_CONCURRENCY: {{ .service.worker.concurrency | toString | quote }}
{{- end }}
PUBLIC_URL: {{ .root.Values.publicUrl }}
CSRF_TRUSTED_ORIGINS: {{ .root.Values.publicUrl }}
BIND: 0.0.0.0
PORT: {{ .service.port | toString | quote }}
{{- $https := ternary "https" "http" (eq "true" (include "marquee.tls" (dict "root" .root "server" "services"))) }}
AUTH_URL: {{ $https }}://{{ $fullname }}-auth:{{ .root.Values.services.auth.port }}
{{- range .service.calls }}
{{ upper . }}_URL: {{ $https }}://{{ $fullname }}-{{ . }}:{{ (index $.root.Values.services .).port }}
{{- end }}
WEB_WORKERS: {{ .service.web.workers | toString | quote }}
WEB_THREADS: {{ .service.web.threads | toString | quote }}
PROMETHEUS_MULTIPROC_DIR: /run/metrics
{{- with .root.Values.tracing }}{{ if .endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint }}
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ .ratio | toString | quote }}
{{- end }}
{{- if and .page (eq $.name "booking") }}
TRACE_URL: {{ .page | quote }}
{{- end }}{{ end }}
MALLOC_ARENA_MAX: "2"
{{- with include "marquee.trusted" (dict "root" .root "name" .name) }}
# OpenSSL trusts it beside the certificates of the image.
SSL_CERT_FILE: {{ . }}
{{- end }}
{{- if include "marquee.tls" (dict "root" .root "server" "services") }}
TLS_CERTIFICATE: /tls/tls.crt
TLS_CERTIFICATE_KEY: /tls/tls.key
{{- end }}
{{- $own := .service.env | default dict -}}
{{- if .root.Values.simulator.enabled }}
{{- if eq .name "payment" }}{{ $own = merge (dict "PAYMENT_GATEWAY_URL" (printf "http://%s-gateway-simulator:9001" $fullname)) $own }}{{ end }}
{{- if eq .name "frontend" }}{{ $own = merge (dict "CARD_PAGE_URL" (printf "%s/simulated-card" .root.Values.publicUrl)) $own }}{{ end }}
{{- if eq .name "notify" }}{{ $own = merge (dict "SMTP_URL" (printf "smtp://%s-message-sink:9025" $fullname) "SMS_GATEWAY_URL" (printf "http://%s-message-sink:9026/sms" $fullname)) $own }}{{ end }}
{{- end }}
{{- with $own }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* The rest of its environment: secrets, and addresses that hold one. Takes root, name, service. */ -}}
{{- define "marquee.secretSettings" -}}
{{- $root := .root -}}
{{ include "marquee.secretEnv" (dict "root" $root "name" "SECRET_KEY" "key" (printf "%s_SECRET_KEY" (upper .name))) }}
{{ include "marquee.secretEnv" (dict "root" $root "name" "REDIS_PASSWORD" "key" "REDIS_PASSWORD") }}
{{- if .service.database }}
{{ include "marquee.secretEnv" (dict "root" $root "name" "DATABASE_PASSWORD" "key" (printf "%s_DATABASE_PASSWORD" (upper .name))) }}
{{ include "marquee.brokerEnv" $root }}
{{- end }}
{{- range $name, $key := .service.secretEnv }}
{{ include "marquee.secretEnv" (dict "root" $root "name" $name "key" $key) }}
{{- end }}
{{- range $name, $key := .service.optionalSecretEnv }}
{{ include "marquee.secretEnv" (dict "root" $root "name" $name "key" $key "optional" true) }}
{{- end }}
{{- if .service.database }}
- name: DATABASE_URL
  value: postgres://{{ .service.database.user }}:$(DATABASE_PASSWORD)@{{ include "marquee.postgresHost" . }}/{{ .service.database.name }}
    {{- if include "marquee.tls" (dict "root" $root "server" "postgresql") }}?sslmode=verify-full&sslrootcert=/etc/marquee/tls/postgresql/ca.crt{{ end }}
{{- with include "marquee.standbyHosts" . | fromJsonArray }}
{{- $urls := list }}
{{- range . }}{{ $urls = append $urls (printf "postgres://%s:$(DATABASE_PASSWORD)@%s/%s%s" $.service.database.user . $.service.database.name (ternary "?sslmode=verify-full&sslrootcert=/etc/marquee/tls/postgresql/ca.crt" "" (eq "true" (include "marquee.tls" (dict "root" $root "server" "postgresql"))))) }}{{ end }}
- name: DATABASE_REPLICA_URLS
  value: {{ join "," $urls }}
{{- end }}
{{- end }}
- name: REDIS_URL
  value: {{ ternary "rediss" "redis" (eq "true" (include "marquee.tls" (dict "root" $root "server" "redis"))) }}://:$(REDIS_PASSWORD)@{{ include "marquee.redisHost" $root }}/0
    {{- if include "marquee.tls" (dict "root" $root "server" "redis") }}?ssl_ca_certs=/etc/marquee/tls/redis/ca.crt{{ end }}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
# Probes and Prometheus ask a pod by its address.
- name: ALLOWED_HOSTS
  value: {{ include "marquee.publicHost" $root }},{{ include "marquee.serviceHosts" (dict "root" $root "service" .name) }},{{ include "marquee.serviceHosts" (dict "root" $root "service" "gateway") }},localhost,$(POD_IP)
{{- end }}

{{- /* What live seats are told beside their service's settings. Takes root, live. */ -}}
{{- define "marquee.liveSettings" -}}
- {name: PORT, value: {{ .live.port | toString | quote }}}
- {name: CORS_ALLOWED_ORIGINS, value: {{ join " " .root.Values.gateway.corsAllowedOrigins | quote }}}
- {name: LIVE_SOCKETS, value: {{ .live.sockets | int | quote }}}
- {name: LIVE_SOCKETS_PER_ADDRESS, value: {{ .root.Values.gateway.socketsPerAddress | int | quote }}}
{{- end }}

{{- define "marquee.brokerEnv" -}}
{{ include "marquee.secretEnv" (dict "root" . "name" "RABBITMQ_PASSWORD" "key" "RABBITMQ_PASSWORD") }}
- name: RABBITMQ_URL
  value: {{ ternary "amqps" "amqp" (eq "true" (include "marquee.tls" (dict "root" . "server" "rabbitmq"))) }}://{{ .Values.rabbitmq.user }}:$(RABBITMQ_PASSWORD)@{{ include "marquee.rabbitmqHost" . }}/{{ .Values.rabbitmq.vhost }}
{{- end }}

{{- /* Whom a process trusts by its whole environment: who signed RabbitMQ's certificate, else who signed its service's own.
       Nothing where neither speaks TLS. Takes root, name (none for the scheduler and Flower). */ -}}
{{- define "marquee.trusted" -}}
{{- if and (has "rabbitmq" (include "marquee.verified" . | fromJsonArray)) (include "marquee.tls" (dict "root" .root "server" "rabbitmq")) }}/etc/marquee/tls/rabbitmq/ca.crt
{{- else if and .name (include "marquee.tls" (dict "root" .root "server" "services")) }}/etc/marquee/tls/services/ca.crt{{ end }}
{{- end }}

{{- /* Whom a process asks: a service everybody, the shop (which has no database and no queue) Redis and the services, the
       scheduler and Flower the broker. Takes root, name (none for those two). */ -}}
{{- define "marquee.verified" -}}
{{- if not .name }}{{ list "rabbitmq" | toJson }}
{{- else if hasKey .root.Values.services .name }}{{ list "postgresql" "rabbitmq" "redis" "services" | toJson }}
{{- else }}{{ list "redis" "services" | toJson }}{{ end }}
{{- end }}

{{- /* Certificates of the servers that a service verifies. Takes root, name; or databases, a list of services whose
       PostgreSQL it verifies beside RabbitMQ. */ -}}
{{- define "marquee.caVolumes" -}}
{{- $fullname := include "marquee.fullname" .root -}}
{{- $secrets := dict "postgresql" (printf "%s-postgres-%s-%s" $fullname .name (ternary "ca" "tls" .root.Values.postgresql.operator.enabled)) "redis" (printf "%s-redis-tls" $fullname) "rabbitmq" (printf "%s-rabbitmq-tls" $fullname) -}}
{{- if .name }}{{ $_ := set $secrets "services" (printf "%s-%s-tls" $fullname .name) }}{{ end -}}
{{- range $server := include "marquee.verified" . | fromJsonArray }}{{ if include "marquee.tls" (dict "root" $.root "server" $server) }}
- name: {{ $server }}-ca
  secret: {secretName: {{ index $secrets $server }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}{{ end }}
{{- if include "marquee.tls" (dict "root" .root "server" "postgresql") }}{{ range .databases }}
- name: postgresql-{{ . }}-ca
  secret: {secretName: {{ $fullname }}-postgres-{{ . }}-{{ ternary "ca" "tls" $.root.Values.postgresql.operator.enabled }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}{{ end }}
{{- end }}

{{- define "marquee.caMounts" -}}
{{- range $server := include "marquee.verified" . | fromJsonArray }}{{ if include "marquee.tls" (dict "root" $.root "server" $server) }}
- {name: {{ $server }}-ca, mountPath: /etc/marquee/tls/{{ $server }}, readOnly: true}
{{- end }}{{ end }}
{{- if include "marquee.tls" (dict "root" .root "server" "postgresql") }}{{ range .databases }}
- {name: postgresql-{{ . }}-ca, mountPath: /etc/marquee/tls/postgresql-{{ . }}, readOnly: true}
{{- end }}{{ end }}
{{- end }}

{{- /* A Deployment of one of our Python processes.
       Takes root, component, process, name (of the object), image, command or args, env, resources, and maybe:
       replicas (none when an autoscaler says it), color, service (its name: certificates), databases (whose certificates), configMap, port, metricsPort,
       certificate (the Secret of the one it shows), probe (path), grace (seconds), drain (seconds to go on serving while endpoints forget the pod). */ -}}
{{- define "marquee.deployment" -}}
{{- $fullname := include "marquee.fullname" .root -}}
{{- $select := dict "root" .root "component" .component "process" .process "color" .color -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels: {{- include "marquee.labels" (merge (dict "version" .tag) $select) | nindent 4 }}
spec:
  {{- if .replicas }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  {{- if .claim }}
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: {{ .surge | default "25%" }}}
  {{- end }}
  selector:
    matchLabels: {{- include "marquee.selector" $select | nindent 6 }}
  template:
    metadata:
      labels: {{- include "marquee.labels" (merge (dict "version" .tag) $select) | nindent 8 }}
      annotations:
        {{- with include "marquee.secretsGiven" . }}
        checksum/secrets: {{ . | sha256sum | trunc 16 | quote }}
        {{- end }}
        {{- with .checksum }}
        checksum/config: {{ . | quote }}
        {{- end }}
    spec:
      {{- include "marquee.podHead" (dict "root" .root "uid" (.uid | default 10001)) | nindent 6 }}
      terminationGracePeriodSeconds: {{ .grace | default 30 }}
      topologySpreadConstraints: {{- include "marquee.spread" $select | nindent 8 }}
      containers:
        - name: {{ .process }}
          image: {{ .image }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          {{- with .command }}
          command: {{ toJson . }}
          {{- end }}
          {{- with .args }}
          args: {{ toJson . }}
          {{- end }}
          {{- with .configMap }}
          envFrom: [{configMapRef: {name: {{ . }}}}]
          {{- end }}
          env: {{- .env | nindent 12 }}
            {{- with .metricsPort }}
            - {name: METRICS_PORT, value: {{ . | quote }}}
            {{- end }}
          {{- if or .port .metricsPort }}
          ports:
            - {name: {{ ternary "http" "metrics" (empty .metricsPort) }}, containerPort: {{ .port | default .metricsPort }}}
            {{- with .extraPorts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          {{- end }}
          {{- with .probe }}
          startupProbe:
            httpGet: {path: {{ .live }}, port: {{ .port }}{{ if $.certificate }}, scheme: HTTPS{{ end }}}
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 90
          livenessProbe:
            httpGet: {path: {{ .live }}, port: {{ .port }}{{ if $.certificate }}, scheme: HTTPS{{ end }}}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          {{- if .ready }}
          readinessProbe:
            httpGet: {path: {{ .ready }}, port: {{ .port }}{{ if $.certificate }}, scheme: HTTPS{{ end }}}
            periodSeconds: 5
            timeoutSeconds: 4
            failureThreshold: 2
          {{- end }}
          {{- end }}
          {{- with .drain }}
          lifecycle:
            preStop: {exec: {command: [sleep, {{ . | quote }}]}}
          {{- end }}
          resources: {{- toYaml .resources | nindent 12 }}
          securityContext: {{- include "marquee.containerSecurity" . | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- if .configMap }}
            - {name: metrics, mountPath: /run/metrics}
            {{- end }}
            {{- with .data }}
            - {name: data, mountPath: {{ . }}}
            {{- end }}
            {{- if .certificate }}
            - {name: certificate, mountPath: /tls, readOnly: true}
            {{- end }}
            {{- include "marquee.caMounts" (dict "root" .root "name" .service "databases" .databases) | nindent 12 }}
      volumes:
        - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
        {{- if .configMap }}
        - {name: metrics, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
        {{- end }}
        {{- if .claim }}
        - {name: data, persistentVolumeClaim: {claimName: {{ .claim }}}}
        {{- else if .data }}
        - {name: data, emptyDir: {}}
        {{- end }}
        {{- with .certificate }}
        - {name: certificate, secret: {secretName: {{ . }}, defaultMode: 0440}}
        {{- end }}
        {{- include "marquee.caVolumes" (dict "root" .root "name" .service "databases" .databases) | nindent 8 }}
{{- end }}

{{- /* Pods start anew when what they are given of the Secret changes: those of its keys that their environment names. What
       this render generates counts as if it were there already. As JSON, "" where no key is named. Takes root, env. */ -}}
{{- define "marquee.secretsGiven" -}}
{{- $secret := include "marquee.secretName" .root -}}
{{- $there := (lookup "v1" "Secret" .root.Release.Namespace $secret | default dict).data | default dict -}}
{{- $given := dict -}}
{{- range fromYamlArray .env }}{{ with dig "valueFrom" "secretKeyRef" dict . }}{{ if eq .name $secret }}
{{- if or .optional $.root.Values.secrets.existing }}{{ $_ := set $given .key (index $there .key | default "") }}
{{- else }}{{ $_ := set $given .key (include "marquee.secret" (dict "root" $.root "key" .key) | b64enc) }}{{ end }}
{{- end }}{{ end }}{{ end -}}
{{- if $given }}{{ $given | toJson }}{{ end }}
{{- end }}
