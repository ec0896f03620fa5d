{{/* Names are fixed: one installation in a cluster, since webhooks and policies are the cluster's. */}}
{{- define "chaperone.labels" -}}
app.kubernetes.io/part-of: chaperone
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "chaperone.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
capabilities: {drop: [ALL]}
{{- end }}

{{/* Where sidecars send their records. */}}
{{- define "chaperone.collectorUrl" -}}
{{- if .Values.collector.enabled -}}
https://chaperone-collector.{{ .Release.Namespace }}.svc:8443
{{- else -}}
{{- required "collector.url is needed where collector.enabled is false" .Values.collector.url -}}
{{- end -}}
{{- end }}

{{/* The cluster's resolvers: as given, or the address of kube-system/kube-dns. */}}
{{- define "chaperone.resolvers" -}}
{{- if .Values.sidecar.resolvers -}}
{{- toJson .Values.sidecar.resolvers -}}
{{- else -}}
{{- $dns := lookup "v1" "Service" "kube-system" "kube-dns" -}}
{{- if $dns -}}{{- toJson $dns.spec.clusterIPs -}}{{- else -}}[]{{- end -}}
{{- end -}}
{{- end }}

{{/* Of the tokens that sidecars show the collector; empty: they share one for each namespace. */}}
{{- define "chaperone.tokenAudience" -}}
{{- if and .Values.collector.enabled .Values.collector.podTokens.enabled -}}
{{- .Values.collector.podTokens.audience -}}
{{- end -}}
{{- end }}

{{/* "policies", "webhook" or "both": what judges pods after all webhooks, and live ones. */}}
{{- define "chaperone.admission" -}}
{{- if ne .Values.admission.by "auto" -}}
{{- .Values.admission.by -}}
{{- else if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
policies
{{- else -}}
webhook
{{- end -}}
{{- end }}

{{/* CEL: whether the pod's policy is one with this switch; (dict "root" . "switch" "rootTier"). */}}
{{- define "chaperone.policyHas" -}}
{{- $switch := .switch -}}
[{{- $first := true }}{{- range $a := .root.Values.agents }}{{- range .policies }}{{- if index . $switch }}{{ if not $first }}, {{ end }}'{{ $a.namespace }}/{{ .name }}'{{- $first = false }}{{- end }}{{- end }}{{- end }}]
.exists(p, has(object.metadata.annotations) && 'chaperone.dev/policy' in object.metadata.annotations && p == request.namespace + '/' + object.metadata.annotations['chaperone.dev/policy'])
{{- range $a := .root.Values.agents }}{{- range .policies }}{{- if and (index . $switch) .default }}
|| (request.namespace == '{{ $a.namespace }}' && !(has(object.metadata.annotations) && 'chaperone.dev/policy' in object.metadata.annotations))
{{- end }}{{- end }}{{- end }}
{{- end }}

{{- define "chaperone.injectorConfig" -}}
{{- $policies := list -}}
{{- range $agents := .Values.agents -}}
{{- range $agents.policies -}}
{{- $one := dict "name" .name "namespaces" (list $agents.namespace) "default" (.default | default false) "rootTier" (.rootTier | default false) "inbound" (.inbound | default false) -}}
{{- with .serviceAccounts }}{{- $_ := set $one "serviceAccounts" . -}}{{- end -}}
{{- $policies = append $policies $one -}}
{{- end -}}
{{- end -}}
{{- $s := .Values.sidecar -}}
{{- dict "namespace" .Release.Namespace "initImage" .Values.images.init "sidecarImage" .Values.images.sidecar
    "pullPolicy" .Values.images.pullPolicy "sidecarUid" (int64 $s.uid) "sidecarGid" (int64 $s.gid)
    "initUid" (int64 $s.initUid) "agentUid" (int64 $s.agentUid) "backend" $s.backend
    "resolvers" (include "chaperone.resolvers" . | fromJsonArray) "spoolSizeLimit" $s.spoolSizeLimit
    "tokenAudience" (include "chaperone.tokenAudience" .) "scrapeAnnotations" $s.scrapeAnnotations "initResources" $s.initResources
    "sidecarResources" $s.resources "allowed" $s.allowed "admins" .Values.admission.admins "policies" $policies | toPrettyJson -}}
{{- end }}
