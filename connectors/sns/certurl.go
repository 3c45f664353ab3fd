package sns

import (
	"net/url"
	"regexp"
)

var certPath = regexp.MustCompile(`^/SimpleNotificationService-[0-9a-fA-F]{32}\.pem$`)

// pin checks the SigningCertURL of a message of t and returns the URL to fetch, put together from parts that are known: the
// port 443 is left out. The error is a *refusal.
func pin(raw string, t topic) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", refuse(urlMalformed)
	}
	switch {
	case u.Scheme != "https":
		return "", refuse(urlScheme)
	case u.User != nil:
		return "", refuse(urlUserinfo)
	case u.Hostname() != t.host():
		return "", refuse(urlHost)
	case u.Port() != "" && u.Port() != "443":
		return "", refuse(urlPort)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", refuse(urlQuery)
	case !certPath.MatchString(u.Path):
		return "", refuse(urlPath)
	}
	// What is left has only two spellings. Comparing them makes it irrelevant how url.Parse reads any other.
	rest := t.host() + u.Path
	if raw != "https://"+rest && raw != "https://"+t.host()+":443"+u.Path {
		return "", refuse(urlMalformed)
	}
	return "https://" + rest, nil
}
