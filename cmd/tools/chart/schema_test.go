//go:build integration

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	kubernetes = "1.37.2"
	// kubernetesSum is the checksum of the module k8s.io/kubernetes of that version, which is in no go.sum: it cannot be required.
	kubernetesSum = "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE="
	definitions   = "#/definitions/"
)

// swagger is what Kubernetes says about its own objects.
type swagger struct {
	Definitions map[string]map[string]any
}

func readSwagger(t *testing.T) *swagger {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@v"+kubernetes).Output()
	require.NoError(t, err, "%s", out)
	var module struct{ Dir, Sum string }
	require.NoError(t, json.Unmarshal(out, &module))
	require.Equal(t, kubernetesSum, module.Sum)
	text, err := os.ReadFile(filepath.Join(module.Dir, "api/openapi-spec/swagger.json"))
	require.NoError(t, err)
	s := &swagger{}
	require.NoError(t, json.Unmarshal(text, s))
	return s
}

// write puts a schema for each kind of Kubernetes into dir, and those of testdata/crd, under the names by which kubeconform looks
// for them, and returns how many there are. Unknown fields are errors: the API server would drop them.
func (s *swagger) write(t *testing.T, dir string) (count int) {
	t.Helper()
	for name, d := range s.Definitions {
		s.close(d)
		switch name {
		case "io.k8s.apimachinery.pkg.util.intstr.IntOrString":
			s.Definitions[name] = map[string]any{"type": []string{"string", "integer"}}
		case "io.k8s.apimachinery.pkg.api.resource.Quantity":
			s.Definitions[name] = map[string]any{"type": []string{"string", "number"}}
		}
	}
	for name, d := range s.Definitions {
		kinds, _ := d["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 { // DeleteOptions and the like, which are in every group and in no file.
			continue
		}
		gvk := kinds[0].(map[string]any)
		group, _, _ := strings.Cut(gvk["group"].(string), ".")
		file := strings.ToLower(gvk["kind"].(string)) + "-"
		if group != "" {
			file += group + "-"
		}
		reached := map[string]any{}
		s.reach(d, reached)
		reached[name] = d
		text, err := json.Marshal(map[string]any{"$ref": definitions + name, "definitions": reached})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file+gvk["version"].(string)+".json"), text, 0o600))
		count++
	}
	own, err := filepath.Glob("testdata/crd/*.json")
	require.NoError(t, err)
	require.Len(t, own, 3)
	for _, path := range own {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), text, 0o600))
	}
	return count
}

// close refuses what a definition with properties does not know.
func (s *swagger) close(in any) {
	switch v := in.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			v["additionalProperties"] = false
		}
		for _, value := range v {
			s.close(value)
		}
	case []any:
		for _, value := range v {
			s.close(value)
		}
	}
}

// reach gathers every definition that in refers to.
func (s *swagger) reach(in any, into map[string]any) {
	switch v := in.(type) {
	case map[string]any:
		for key, value := range v {
			name, ok := value.(string)
			if key == "$ref" && ok {
				name = strings.TrimPrefix(name, definitions)
				if _, known := into[name]; !known {
					into[name] = s.Definitions[name]
					s.reach(s.Definitions[name], into)
				}
				continue
			}
			s.reach(value, into)
		}
	case []any:
		for _, value := range v {
			s.reach(value, into)
		}
	}
}

// location is where kubeconform finds the schemas of dir.
func location(dir string) string {
	return dir + "/{{ .ResourceKind }}{{ .KindSuffix }}.json"
}
