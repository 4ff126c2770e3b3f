{{- /* What Prometheus, Alertmanager, Grafana and kube-state-metrics have in common; they live in a namespace of their own. */ -}}
{{- define "marquee.watcher" -}}
{{ include "marquee.fullname" .root }}-{{ .component }}
{{- end }}

{{- /* Metadata of an object. Takes root, component, and maybe namespace (false: the cluster's). */ -}}
{{- define "marquee.watcherMeta" -}}
{{- if eq (toString .namespace) "false" }}
name: {{ .root.Release.Namespace }}-{{ include "marquee.watcher" . }}
{{- else }}
name: {{ include "marquee.watcher" . }}
namespace: {{ .namespace | default .root.Values.monitoring.stack.namespace }}
{{- end }}
labels: {{- include "marquee.labels" (dict "root" .root "component" .component) | nindent 2 }}
{{- end }}

{{- /* The start of a pod's spec. Takes root, component, uid, and maybe token: whether it asks the API server. */ -}}
{{- define "marquee.watcherHead" -}}
serviceAccountName: {{ include "marquee.watcher" . }}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext: {{- include "marquee.podSecurity" . | nindent 2 }}
topologySpreadConstraints: {{- include "marquee.spread" (dict "root" .root "component" .component) | nindent 2 }}
{{- end }}

{{- /* Its account, and its Service on one port. Takes root, component, port. */ -}}
{{- define "marquee.watcherNeeds" }}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "marquee.watcherMeta" . | nindent 2 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata: {{- include "marquee.watcherMeta" . | nindent 2 }}
spec:
  selector: {{- include "marquee.selector" (dict "root" .root "component" .component) | nindent 4 }}
  ports: [{name: http, port: {{ .port }}, targetPort: http}]
{{- end }}

{{- /* A role and who has it. Takes root, component, rules (YAML), and maybe namespace (false: the cluster's). */ -}}
{{- define "marquee.watcherRole" }}
{{- $everywhere := eq (toString .namespace) "false" }}
{{- $kind := ternary "ClusterRole" "Role" $everywhere }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata: {{- include "marquee.watcherMeta" . | nindent 2 }}
rules: {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata: {{- include "marquee.watcherMeta" . | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $kind }}, name: {{ if $everywhere }}{{ .root.Release.Namespace }}-{{ end }}{{ include "marquee.watcher" . }}}
subjects: [{kind: ServiceAccount, name: {{ include "marquee.watcher" . }}, namespace: {{ .root.Values.monitoring.stack.namespace }}}]
{{- end }}

{{- define "marquee.watcherProbes" -}}
readinessProbe:
  httpGet: {path: {{ .ready }}, port: http}
  periodSeconds: 5
livenessProbe:
  httpGet: {path: {{ .live }}, port: http}
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
