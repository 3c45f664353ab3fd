package entries

import (
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// maxIdle is how many unused connections are kept: as many as a sink may have calls in flight.
const maxIdle = 4096

// newHTTP returns a client that keeps its connections and follows no redirect: a signed request is for its host alone. A call
// ends with its context.
func newHTTP() *http.Client {
	t := awshttp.NewBuildableClient().GetTransport()
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.IdleConnTimeout = maxIdle, maxIdle, 90*time.Second
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
