{{- define "carillon.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "carillon.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "carillon.selector" -}}
app.kubernetes.io/name: {{ include "carillon.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "carillon.labels" -}}
{{ include "carillon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "carillon.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "carillon.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "carillon.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* The drain: what is left of the grace period after preStop and the reserve, which the hard limit of a stop needs. */ -}}
{{- define "carillon.drain" -}}
{{- sub (int .Values.terminationGracePeriodSeconds) (add (int .Values.preStopSeconds) 15) }}
{{- end }}

{{- /* The user's configuration with what follows from the pod. */ -}}
{{- define "carillon.config" -}}
{{- include "carillon.validate" . }}
{{- $c := deepCopy .Values.config }}
{{- $own := dict
      "admin" (dict "listen" ":9464")
      "http" (dict "listen" ":8080")
      "shutdown" (dict "drain" (printf "%ss" (include "carillon.drain" .))) }}
{{- if eq .Values.mode "embedded" }}
{{- $_ := set $own "nats" (dict "embedded" (dict "dir" "/var/lib/carillon" "sync" .Values.persistence.sync)) }}
{{- else }}
{{- $nats := dict "url" (ternary "${env:NATS_URL}" .Values.nats.url (not (empty .Values.nats.urlFrom))) }}
{{- if .Values.nats.credentials }}
{{- $_ := set $nats "creds" (printf "/run/secrets/nats/%s" .Values.nats.credentials.key) }}
{{- end }}
{{- $_ := set $own "nats" $nats }}
{{- end }}
{{- if .Values.http.tls.secretName }}
{{- $_ := set (get $own "http") "tls" (dict "cert" "/run/secrets/tls/tls.crt" "key" "/run/secrets/tls/tls.key") }}
{{- end }}
{{- toYaml (mustMergeOverwrite $c $own) }}
{{- end }}
