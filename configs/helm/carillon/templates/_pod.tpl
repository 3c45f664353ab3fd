{{- /* The pod of both modes; only the journal's volume differs. */ -}}
{{- define "carillon.pod" -}}
metadata:
  labels:
    {{- include "carillon.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Another configuration is another pod: Carillon reads it at the start.
    checksum/config: {{ include "carillon.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "carillon.serviceAccount" . }}
  # Carillon asks nothing of the cluster. The token for IRSA is another one.
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: carillon
      image: {{ include "carillon.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, -c, /etc/carillon/carillon.yaml]
      ports:
        - {name: http, containerPort: 8080}
        - {name: admin, containerPort: 9464}
      env:
        # Go sees the limits of the container itself for CPU, not for memory.
        - name: GOMEMLIMIT
          valueFrom: {resourceFieldRef: {resource: limits.memory}}
        {{- if eq .Values.mode "external" }}
        {{- with .Values.nats.urlFrom }}
        - name: NATS_URL
          valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}
        {{- end }}
        {{- end }}
        {{- range $name, $from := .Values.secrets.env }}
        - name: {{ $name }}
          valueFrom: {secretKeyRef: {name: {{ $from.name }}, key: {{ $from.key }}}}
        {{- end }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      # Up at once, however long the journal takes to be read: not ready is not dead.
      startupProbe:
        httpGet: {path: /healthz, port: admin}
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: {path: /healthz, port: admin}
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        {{- toYaml .Values.probes.readiness | nindent 8 }}
      {{- if .Values.preStopSeconds }}
      # Before SIGTERM, so that whoever still sends here is answered.
      lifecycle:
        preStop: {sleep: {seconds: {{ .Values.preStopSeconds }}}}
      {{- end }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/carillon, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if eq .Values.mode "embedded" }}
        - {name: journal, mountPath: /var/lib/carillon}
        {{- else if .Values.nats.credentials }}
        - {name: nats, mountPath: /run/secrets/nats, readOnly: true}
        {{- end }}
        {{- if .Values.http.tls.secretName }}
        - {name: tls, mountPath: /run/secrets/tls, readOnly: true}
        {{- end }}
        {{- range $i, $file := .Values.secrets.files }}
        - {name: secret-{{ $i }}, mountPath: {{ $file.path }}, readOnly: true}
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ include "carillon.fullname" . }}}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- if and (eq .Values.mode "external") .Values.nats.credentials }}
    - name: nats
      secret:
        secretName: {{ .Values.nats.credentials.name }}
        items: [{key: {{ .Values.nats.credentials.key }}, path: {{ .Values.nats.credentials.key }}}]
    {{- end }}
    {{- with .Values.http.tls.secretName }}
    - name: tls
      secret: {secretName: {{ . }}}
    {{- end }}
    {{- range $i, $file := .Values.secrets.files }}
    - name: secret-{{ $i }}
      secret: {secretName: {{ $file.name }}}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $one := deepCopy . }}
    {{- if not (hasKey $one "labelSelector") }}
    {{- $_ := set $one "labelSelector" (dict "matchLabels" (include "carillon.selector" $ | fromYaml)) }}
    {{- end }}
    - {{ toYaml $one | nindent 6 | trim }}
    {{- end }}
  {{- end }}
{{- end }}
