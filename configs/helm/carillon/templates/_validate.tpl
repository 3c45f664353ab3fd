{{- /* What the schema cannot say in words: each refusal names the value and what to do. All of them at once. */ -}}
{{- define "carillon.validate" -}}
{{- $wrong := list }}
{{- $v := .Values }}
{{- $c := $v.config }}
{{- if hasKey $c "nats" }}
{{- $wrong = append $wrong "config.nats: is set by the chart; use mode, persistence and nats" }}
{{- end }}
{{- if hasKey (default dict $c.admin) "listen" }}
{{- $wrong = append $wrong "config.admin.listen: is set by the chart to \":9464\", where probes and the admin Service look" }}
{{- end }}
{{- range $key := list "listen" "tls" }}
{{- if hasKey (default dict $c.http) $key }}
{{- $wrong = append $wrong (printf "config.http.%s: is set by the chart; for a certificate use http.tls.secretName" $key) }}
{{- end }}
{{- end }}
{{- if hasKey (default dict $c.shutdown) "drain" }}
{{- $wrong = append $wrong "config.shutdown.drain: follows from terminationGracePeriodSeconds, less preStopSeconds and 15 s in reserve; set that" }}
{{- end }}
{{- if lt (int (include "carillon.drain" .)) 1 }}
{{- $wrong = append $wrong (printf "terminationGracePeriodSeconds: %d leaves no time to drain after preStopSeconds (%d) and 15 s in reserve; set %d or more" (int $v.terminationGracePeriodSeconds) (int $v.preStopSeconds) (int (add $v.preStopSeconds 16))) }}
{{- end }}
{{- if eq $v.mode "external" }}
{{- if and (not $v.nats.url) (not $v.nats.urlFrom) }}
{{- $wrong = append $wrong "nats.url: is required in mode external, such as nats://nats-0.nats:4222,nats://nats-1.nats:4222; or nats.urlFrom, a secret that holds it" }}
{{- end }}
{{- if and $v.nats.url $v.nats.urlFrom }}
{{- $wrong = append $wrong "nats.urlFrom: is set together with nats.url; set one of them" }}
{{- end }}
{{- if contains "@" (default "" $v.nats.url) }}
{{- $wrong = append $wrong "nats.url: holds a user or a password, and a ConfigMap is no place for one; use nats.urlFrom or nats.credentials" }}
{{- end }}
{{- else if or $v.nats.url $v.nats.urlFrom $v.nats.credentials }}
{{- $wrong = append $wrong "nats: is of use only in mode external; set mode: external, or remove it" }}
{{- end }}
{{- if and $v.ingress.enabled (not $v.service.enabled) }}
{{- $wrong = append $wrong "ingress.enabled: needs service.enabled, the Service that it leads to" }}
{{- end }}
{{- if and $v.monitoring.podMonitor.enabled $v.monitoring.serviceMonitor.enabled }}
{{- $wrong = append $wrong "monitoring.serviceMonitor.enabled: is set together with monitoring.podMonitor.enabled; everything would be counted twice" }}
{{- end }}
{{- if not (regexMatch "^[^@]+$" $v.image.repository) }}
{{- $wrong = append $wrong "image.repository: holds a digest; put it into image.digest" }}
{{- end }}
{{- if not (regexMatch "^(sha256:[0-9a-f]{64})?$" (default "" $v.image.digest)) }}
{{- $wrong = append $wrong (printf "image.digest: %q is not sha256: and 64 hexadecimal digits" $v.image.digest) }}
{{- end }}
{{- range $url := compact (splitList "," (default "" $v.nats.url)) }}
{{- if not (regexMatch "^(nats|tls)://[^/]+$" $url) }}
{{- $wrong = append $wrong "nats.url: is not of the form nats://host:port or tls://host:port, several of them with commas between" }}
{{- end }}
{{- end }}
{{- if not (regexMatch "^(arn:aws[a-z-]*:iam::[0-9]{12}:role/.+)?$" (default "" $v.serviceAccount.roleArn)) }}
{{- $wrong = append $wrong (printf "serviceAccount.roleArn: %q is not the ARN of a role, such as arn:aws:iam::111122223333:role/carillon" $v.serviceAccount.roleArn) }}
{{- end }}
{{- range $name, $from := $v.secrets.env }}
{{- if eq $name "NATS_URL" }}
{{- $wrong = append $wrong "secrets.env.NATS_URL: is set by the chart; use nats.urlFrom" }}
{{- else if not (regexMatch "^[A-Za-z_][A-Za-z0-9_]*$" $name) }}
{{- $wrong = append $wrong (printf "secrets.env.%s: is not the name of an environment variable: letters, digits and _, not beginning with a digit" $name) }}
{{- end }}
{{- end }}
{{- range $i, $file := $v.secrets.files }}
{{- if not (hasPrefix "/" $file.path) }}
{{- $wrong = append $wrong (printf "secrets.files[%d].path: %q does not begin with /" $i $file.path) }}
{{- end }}
{{- end }}
{{- $wrong = concat $wrong (splitList "\n" (include "carillon.literals" (dict "at" "config" "in" $c)) | compact) }}
{{- if $wrong }}
{{- fail (printf "\n\n%s\n" (join "\n" $wrong)) }}
{{- end }}
{{- end }}

{{- /* One line for each secret of the configuration that is written out instead of referred to. */ -}}
{{- define "carillon.literals" -}}
{{- $at := .at }}
{{- $secret := list "secret" "previous_secret" "token" "password" "secret_access_key" "access_key_id" "dsn" }}
{{- if kindIs "map" .in }}
{{- range $key, $value := .in }}
{{- $path := printf "%s.%s" $at $key }}
{{- $named := or (has $key $secret) (and (eq $key "value") (hasSuffix ".api_key" $at)) (and (eq ($key | lower) "authorization") (hasSuffix ".headers" $at)) }}
{{- if kindIs "string" $value }}
{{- if and $value $named (not (regexMatch "\\$\\{(env|file):[^}]+\\}" $value)) }}
{{ $path }}: holds a secret in plain text, and a ConfigMap is no place for one; write ${env:NAME} and name the secret under secrets.env.NAME
{{- else if regexMatch "^[a-z]+://[^/]*:[^/$]+@" $value }}
{{ $path }}: holds a password in plain text, and a ConfigMap is no place for one; write ${env:NAME} and name the secret under secrets.env.NAME
{{- end }}
{{- else }}
{{- include "carillon.literals" (dict "at" $path "in" $value) }}
{{- end }}
{{- end }}
{{- else if kindIs "slice" .in }}
{{- range $i, $value := .in }}
{{- include "carillon.literals" (dict "at" (printf "%s[%d]" $at $i) "in" $value) }}
{{- end }}
{{- end }}
{{- end }}
