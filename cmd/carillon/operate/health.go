package operate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// mostHealth bounds the answer of /readyz: names of components and what is wrong with each.
const mostHealth = 1 << 20

// ErrUnready means that the router is not ready; it was said why.
var ErrUnready = errors.New("not ready")

// health is the answer of /readyz, or why there is none.
type health struct {
	URL      string            `json:"url"`
	Ready    bool              `json:"ready"`
	Problems map[string]string `json:"problems,omitempty"`
	Degraded map[string]string `json:"degraded,omitempty"`
	Error    string            `json:"error,omitempty"`
}

// Health asks the router whose admin listener is at base, such as http://127.0.0.1:9464, whether it is ready, and prints what it
// says. It waits no longer than limit. An answer that is not yes, or none, is ErrUnready; sinks that are held back are named, and
// do not make a router unready.
func Health(ctx context.Context, base string, limit time.Duration, asJSON bool, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	h := health{URL: strings.TrimSuffix(base, "/") + "/readyz"}
	if err := h.ask(ctx); err != nil {
		h.Ready, h.Error = false, err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			h.Error = fmt.Sprintf("no answer within %s: is the router overloaded, or is that not its admin.listen?", limit)
		}
	}
	var err error
	if asJSON {
		err = json.NewEncoder(out).Encode(h)
	} else {
		_, err = io.WriteString(out, h.String())
	}
	if err == nil && !h.Ready {
		err = ErrUnready
	}
	return err
}

func (h *health) ask(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, http.NoBody)
	if err != nil {
		return errors.New("not a URL such as http://127.0.0.1:9464")
	}
	// A probe runs every few seconds: it leaves no connection behind, follows nobody elsewhere, and no proxy is between it and its router.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return fmt.Errorf("no router answers: is it running, and is that its admin.listen? (%w)", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		return fmt.Errorf("it answers %s: is that the admin listener of a router?", resp.Status)
	}
	asked := h.URL
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostHealth)).Decode(h); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("its answer is not that of a router: is that the admin listener of one?")
	}
	h.URL, h.Error = asked, ""
	h.Ready = h.Ready && resp.StatusCode == http.StatusOK
	return nil
}

// String returns one line for the router and one for each component that has something to say.
func (h *health) String() string {
	var b strings.Builder
	switch {
	case h.Ready:
		fmt.Fprintf(&b, "%s: ready\n", h.URL)
	case h.Error != "":
		fmt.Fprintf(&b, "%s: %s\n", h.URL, h.Error)
	default:
		fmt.Fprintf(&b, "%s: not ready\n", h.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Problems)) {
		fmt.Fprintf(&b, "  wrong     %s: %s\n", plain(name), plain(h.Problems[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(h.Degraded)) {
		fmt.Fprintf(&b, "  degraded  %s: %s\n", plain(name), plain(h.Degraded[name]))
	}
	return b.String()
}
