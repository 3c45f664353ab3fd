package receive

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var pathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// CheckPath tells what is wrong with the path of a receiver, as a sentence without its key. A path has at least one segment
// of letters, digits and "._~-", at most 256 characters, no slash at its end, and no segment "." or "..".
func CheckPath(path string) error {
	if path == "" {
		return errors.New("must be set, such as /hook")
	}
	if len(path) > 256 || !pathForm.MatchString(path) {
		return fmt.Errorf(`%q must be / and a name of letters, digits and "._~-", or several of these, such as /hook`, path)
	}
	if strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") {
		return fmt.Errorf("%q must not contain . or .. as a segment", path)
	}
	return nil
}
