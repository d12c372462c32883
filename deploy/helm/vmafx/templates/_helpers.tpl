{{/* The release name if it holds "vmafx", else RELEASE-vmafx. Room is left for "-controller". */}}
{{- define "vmafx.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What a Deployment selects by: never changes. (dict "root" $ "component" "operator") */}}
{{- define "vmafx.selectorLabels" -}}
app.kubernetes.io/name: vmafx
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "vmafx.labels" -}}
{{ include "vmafx.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* (dict "root" $ "image" .Values.operator.image) */}}
{{- define "vmafx.image" -}}
{{- printf "%s:%s" .image.repository (.image.tag | default (printf "v%s" .root.Chart.AppVersion)) -}}
{{- end -}}

{{/* host:port of the controller's gRPC, from every namespace. */}}
{{- define "vmafx.controllerGrpc" -}}
{{- printf "%s-controller.%s.svc.cluster.local:%v" (include "vmafx.fullname" .) .Release.Namespace .Values.controller.service.grpcPort -}}
{{- end -}}

{{/* Of Pod and container: no root, no writing, no capabilities. */}}
{{- define "vmafx.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "vmafx.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
