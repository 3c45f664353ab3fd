package connectortest

import "strings"

// Problems fails the test unless what Validate returned has a line for each of want that begins with it, in this order. No want
// stands for a configuration that is valid. No line may have one of secrets in it.
func Problems(t T, err error, want []string, secrets ...string) {
	t.Helper()
	var lines []string
	if err != nil {
		lines = strings.Split(err.Error(), "\n")
	}
	for i, line := range lines {
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				t.Errorf("problem %d holds a secret: %s", i, line)
			}
		}
		if i < len(want) && !strings.HasPrefix(line, want[i]) {
			t.Errorf("problem %d is %q and does not begin with %q", i, line, want[i])
		}
	}
	if len(lines) != len(want) {
		t.Errorf("there are %d problems instead of %d: %v", len(lines), len(want), err)
	}
}
