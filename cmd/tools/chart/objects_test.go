//go:build integration

package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yannh/kubeconform/pkg/validator"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// sidecarManifests is the pod of the sidecar, which is held to the same rules.
const sidecarManifests = top + "configs/sidecar-kubernetes.yaml"

// object is a manifest, and of what kinds it may have a pod in.
type object struct {
	Kind     string
	Metadata metav1.ObjectMeta
	Data     map[string]string
	Spec     struct {
		Template struct {
			Metadata metav1.ObjectMeta
			Spec     *corev1.PodSpec
		}
	}
	raw map[string]any
	pod *corev1.PodSpec
}

// objects reads manifests.
func objects(t *testing.T, text string) (all []object) {
	t.Helper()
	for part := range strings.SplitSeq("\n"+text, "\n---\n") {
		var o object
		require.NoError(t, yaml.Unmarshal([]byte(part), &o.raw), part)
		if len(o.raw) == 0 {
			continue
		}
		loose := map[string]any{"kind": o.raw["kind"], "metadata": o.raw["metadata"], "data": o.raw["data"]}
		if kind := o.raw["kind"]; kind == "StatefulSet" || kind == "Deployment" {
			loose["spec"] = o.raw["spec"]
		}
		into(t, loose, &o)
		if o.Kind == "Pod" {
			o.pod = &corev1.PodSpec{}
			into(t, o.raw["spec"], o.pod)
		} else if o.Spec.Template.Spec != nil {
			o.pod = o.Spec.Template.Spec
		}
		all = append(all, o)
	}
	return all
}

func into(t *testing.T, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, to))
}

// everything renders all files of values, and reads the sidecar's manifests.
func everything(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, values := range accepted(t) {
		all[name] = render(t, values)
	}
	text, err := os.ReadFile(sidecarManifests)
	require.NoError(t, err)
	all["sidecar"] = string(text)
	return all
}

// TestManifestsAreValid holds every manifest to the schemas of Kubernetes; an unknown kind or field is an error.
func TestManifestsAreValid(t *testing.T) {
	dir := t.TempDir()
	t.Logf("%d schemas", readSwagger(t).write(t, dir))
	v, err := validator.New([]string{location(dir)}, validator.Opts{Strict: true, KubernetesVersion: kubernetes})
	require.NoError(t, err)
	kinds := map[string]int{}
	for name, text := range everything(t) {
		for _, r := range v.Validate(name, io.NopCloser(strings.NewReader(text))) {
			if r.Status == validator.Empty {
				continue
			}
			sig, err := r.Resource.Signature()
			require.NoError(t, err)
			require.Equal(t, validator.Valid, r.Status, "%s: %s %s: %v %v", name, sig.Kind, sig.Name, r.Err, r.ValidationErrors)
			kinds[sig.Kind]++
		}
	}
	t.Logf("%v", kinds)
	for _, kind := range []string{
		"StatefulSet", "Deployment", "ConfigMap", "Service", "Ingress", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget",
		"PodMonitor", "ServiceMonitor", "Pod",
	} {
		require.Positive(t, kinds[kind], kind)
	}
	broken := "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {prots: []}\n"
	r := v.Validate("broken", io.NopCloser(strings.NewReader(broken)))
	require.Equal(t, validator.Invalid, r[0].Status, "the schemas do find something")
}

// TestPodsAreRestricted asks the code of Kubernetes whether every pod passes the restricted pod security standard, and looks at what
// that does not ask for.
func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for name, text := range everything(t) {
		pods := 0
		for _, o := range objects(t, text) {
			if o.pod == nil {
				continue
			}
			pods++
			for _, r := range evaluator.EvaluatePod(level, &o.Spec.Template.Metadata, o.pod) {
				require.True(t, r.Allowed, "%s %s: %s %s", name, o.Kind, r.ForbiddenReason, r.ForbiddenDetail)
			}
			require.False(t, *o.pod.AutomountServiceAccountToken)
			_, isTest := o.Metadata.Annotations["helm.sh/hook"]
			for _, c := range append(o.pod.InitContainers, o.pod.Containers...) {
				requireCareful(t, name+" "+c.Name, &c, isTest)
			}
		}
		require.Positive(t, pods, name)
	}
}

// requireCareful looks at one container. Only a test, which ends by itself, needs no probes.
func requireCareful(t *testing.T, name string, c *corev1.Container, isTest bool) {
	t.Helper()
	require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, name)
	require.Positive(t, c.Resources.Limits.Memory().Value(), name)
	require.Positive(t, c.Resources.Limits.Cpu().MilliValue(), name)
	for _, e := range c.Env {
		require.False(t, e.Value != "" && looksSecret.MatchString(e.Name), "%s: %s has a value written out", name, e.Name)
	}
	if isTest {
		return
	}
	require.NotNil(t, c.ReadinessProbe, name)
	require.NotNil(t, c.LivenessProbe, name)
	require.NotNil(t, c.StartupProbe, name)
}

var looksSecret = regexp.MustCompile(`(?i)key|token|secret|password|creds`)

// TestNoSecretIsMade expects secrets to be named and never to be written: no object is one, and no configuration holds one.
func TestNoSecretIsMade(t *testing.T) {
	literal := regexp.MustCompile(`(?m)^\s*(secret|previous_secret|token|password|secret_access_key|value|Authorization): (.*)$`)
	for name, text := range everything(t) {
		for _, o := range objects(t, text) {
			require.NotEqual(t, "Secret", o.Kind, name)
			for _, m := range literal.FindAllStringSubmatch(o.Data["carillon.yaml"], -1) {
				require.Regexp(t, `\$\{(env|file):[^}]+\}`, m[2], name)
			}
		}
	}
}

// TestConfigurationsAreAccepted has the binary check every carillon.yaml, with secrets in place of those that are named.
func TestConfigurationsAreAccepted(t *testing.T) {
	for name, text := range everything(t) {
		t.Run(name, func(t *testing.T) {
			requireAccepted(t, text)
		})
	}
}

func requireAccepted(t *testing.T, text string) {
	t.Helper()
	var found int
	for _, o := range objects(t, text) {
		if config, ok := o.Data["carillon.yaml"]; ok {
			found++
			check(t, config, environment(t, text))
		}
	}
	require.Equal(t, 1, found)
}

// environment is that of the container carillon.
func environment(t *testing.T, text string) []string {
	t.Helper()
	env := []string{}
	for _, o := range objects(t, text) {
		if o.pod == nil || o.Metadata.Annotations["helm.sh/hook"] != "" {
			continue
		}
		for _, c := range append(o.pod.InitContainers, o.pod.Containers...) {
			for _, e := range c.Env {
				switch {
				case e.Name == "NATS_URL":
					e.Value = "nats://user:" + secretText + "@nats:4222"
				case e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil:
					e.Value = secretText
				case e.ValueFrom != nil:
					continue // GOMEMLIMIT
				}
				env = append(env, e.Name+"="+e.Value)
			}
		}
	}
	return env
}

func check(t *testing.T, config string, env []string) {
	t.Helper()
	secrets := t.TempDir() + "/"
	for _, m := range regexp.MustCompile(`\$\{file:/run/secrets/([^}]+)\}`).FindAllStringSubmatch(config, -1) {
		require.NoError(t, os.MkdirAll(filepath.Dir(secrets+m[1]), 0o700))
		require.NoError(t, os.WriteFile(secrets+m[1], []byte(secretText+"\n"), 0o600))
	}
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(config, "/run/secrets/", secrets)), 0o600))
	cmd := exec.Command(built.carillon, "check", "-c", file)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", out, config)
}
