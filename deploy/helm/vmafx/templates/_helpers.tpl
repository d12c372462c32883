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

{{/* Of the controller's Service, from every namespace; its certificate has to name it. */}}
{{- define "vmafx.controllerHost" -}}
{{- printf "%s-controller.%s.svc.cluster.local" (include "vmafx.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* host:port of the controller's gRPC, from every namespace. */}}
{{- define "vmafx.controllerGrpc" -}}
{{- printf "%s:%v" (include "vmafx.controllerHost" .) .Values.controller.service.grpcPort -}}
{{- end -}}

{{/* "true" where the webhook's certificates come from cert-manager, else empty. */}}
{{- define "vmafx.webhookCertManager" -}}
{{- $wanted := toString .Values.webhook.certManager.enabled -}}
{{- if and .Values.webhook.enabled (or (eq $wanted "true") (and (eq $wanted "auto") (.Capabilities.APIVersions.Has "cert-manager.io/v1"))) -}}
true
{{- end -}}
{{- end -}}

{{/* "true" where the operator makes the webhook's certificates, else empty. */}}
{{- define "vmafx.webhookSelfMade" -}}
{{- if and .Values.webhook.enabled (not (include "vmafx.webhookCertManager" .)) -}}
true
{{- end -}}
{{- end -}}

{{/* Environment of whoever calls the controller: who it is, and how it knows the controller. */}}
{{- define "vmafx.controllerClientEnv" -}}
- {name: VMAFX_CONTROLLER_TOKEN_FILE, value: /var/run/secrets/vmafx/token}
{{- if .Values.tls.enabled }}
- {name: VMAFX_CONTROLLER_TLS, value: "true"}
- {name: VMAFX_CONTROLLER_CA_FILE, value: /etc/vmafx/controller-ca/ca.crt}
{{- with .Values.tls.serverName }}
- {name: VMAFX_CONTROLLER_SERVER_NAME, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end -}}

{{- define "vmafx.controllerClientMounts" -}}
- {name: controller-token, mountPath: /var/run/secrets/vmafx, readOnly: true}
{{- if .Values.tls.enabled }}
- {name: controller-ca, mountPath: /etc/vmafx/controller-ca, readOnly: true}
{{- end }}
{{- end -}}

{{/* The token is rotated by the kubelet; a program reads it again when it changed. (dict "root" $ "secret" "") */}}
{{- define "vmafx.controllerClientVolumes" -}}
- name: controller-token
  {{- if .secret }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items: [{key: token, path: token}]
  {{- else }}
  projected:
    sources:
      - serviceAccountToken: {path: token, audience: vmafx-controller, expirationSeconds: 3600}
  {{- end }}
{{- if .root.Values.tls.enabled }}
- name: controller-ca
  secret: # the CA alone: the key is the controller's
    secretName: {{ .root.Values.tls.secretName }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end -}}

{{- define "vmafx.extraEnv" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{/* Where a Pod may be placed. */}}
{{- define "vmafx.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
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

{{/* HOST:PORT of the training that pool nodes' samples go to, quoted. */}}
{{- define "vmafx.sidecarTrainer" -}}
{{- with .Values.node.sidecar.training -}}
{{- printf "vmafx-trainer-%s.%s.svc:9092" .name (.namespace | default $.Release.Namespace) | quote -}}
{{- end -}}
{{- end -}}
