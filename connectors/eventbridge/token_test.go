package eventbridge_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/eventbridge"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

const audience = "https://router.example.com"

var rsaKeys = sync.OnceValues(func() ([]*rsa.PrivateKey, error) {
	keys := make([]*rsa.PrivateKey, 2)
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, err
		}
	}
	return keys, nil
})

// issuer publishes keys and makes tokens. It builds both from their parts and shares no code with what checks them.
type issuer struct {
	*httptest.Server
	mu     sync.Mutex
	answer string
	status int
	asked  int
	rsa    []*rsa.PrivateKey
	ec     *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	keys, err := rsaKeys()
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	i := &issuer{rsa: keys, ec: ec, status: http.StatusOK}
	i.publish(i.rsaJWK(0, "one"))
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	w.Header().Set("Location", "https://evil.example/")
	w.WriteHeader(i.status)
	_, _ = fmt.Fprint(w, i.answer)
}

func (i *issuer) say(status int, answer string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status, i.answer = status, answer
}

func (i *issuer) publish(keys ...string) {
	i.say(http.StatusOK, `{"keys":[`+strings.Join(keys, ",")+`]}`)
}

func (i *issuer) questions() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func (i *issuer) rsaJWK(n int, kid string) string {
	k := i.rsa[n].PublicKey
	return fmt.Sprintf(`{"kty":"RSA","use":"sig","alg":"RS256","kid":%q,"n":%q,"e":%q}`, kid, b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes()))
}

func (i *issuer) ecJWK(t *testing.T, kid string) string {
	t.Helper()
	point, err := i.ec.PublicKey.Bytes()
	require.NoError(t, err)
	return fmt.Sprintf(`{"kty":"EC","crv":"P-256","kid":%q,"x":%q,"y":%q}`, kid, b64(point[1:33]), b64(point[33:]))
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// object is the header or the claims of a token; nil takes a name out.
type object map[string]any

func (o object) with(more object) object {
	out := maps.Clone(o)
	maps.Copy(out, more)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func goodClaims(now time.Time) object {
	return object{
		"iss": "https://issuer.example.com", "aud": []string{audience, "other"}, "sub": "bus", "client_id": "bus",
		"exp": now.Add(time.Hour).Unix(), "nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(),
	}
}

// token signs with RS256 and key n.
func (i *issuer) token(t *testing.T, n int, header, claims object) string {
	t.Helper()
	text := unsigned(t, header, claims)
	sum := crypto.SHA256.New()
	sum.Write([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, i.rsa[n], crypto.SHA256, sum.Sum(nil))
	require.NoError(t, err)
	return text + "." + b64(sig)
}

func (i *issuer) ecToken(t *testing.T, header, claims object) string {
	t.Helper()
	text := unsigned(t, header, claims)
	sum := crypto.SHA256.New()
	sum.Write([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.ec, sum.Sum(nil))
	require.NoError(t, err)
	return text + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func unsigned(t *testing.T, header, claims object) string {
	t.Helper()
	h, err := json.Marshal(header)
	require.NoError(t, err)
	c, err := json.Marshal(claims)
	require.NoError(t, err)
	return b64(h) + "." + b64(c)
}

func header(kid string) object { return object{"alg": "RS256", "typ": "JWT", "kid": kid} }

// buildJWT makes a source that takes tokens of i.
func buildJWT(t *testing.T, i *issuer, change func(*eventbridge.JWTConfig)) *harness {
	t.Helper()
	return build(t, func(c *eventbridge.Config) {
		c.Auth.APIKey.Value = pipeline.Secret{}
		c.Auth.JWT.JWKSURL, c.Auth.JWT.Issuer, c.Auth.JWT.Audience = i.URL, "https://issuer.example.com", audience
		if change != nil {
			change(&c.Auth.JWT)
		}
	})
}

func (h *harness) postToken(token string) *httptest.ResponseRecorder {
	return h.post("{}", func(r *http.Request) {
		r.Header.Del("X-Api-Key")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	})
}

func (h *harness) denials(t *testing.T) map[string]int {
	t.Helper()
	return h.values(t, "carillon_eventbridge_denials_total")
}

func TestTokens(t *testing.T) {
	i := newIssuer(t)
	i.publish(i.rsaJWK(0, "one"), i.ecJWK(t, "curve"), `{"kty":"oct","kid":"shared","k":"c2VjcmV0"}`, `{"kty":"strange"}`, "7")
	both := func(c *eventbridge.JWTConfig) { c.Algorithms = []string{"RS256", "ES256"} }
	client := func(c *eventbridge.JWTConfig) { c.Audience, c.ClientID = "", "bus" }
	now := time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC)
	claims, at := goodClaims(now), func(d time.Duration) int64 { return now.Add(d).Unix() }
	tests := []struct {
		name, token, denied string
		config              func(*eventbridge.JWTConfig)
	}{
		{name: "good", token: i.token(t, 0, header("one"), claims)},
		{name: "no kid", token: i.token(t, 0, header("").with(object{"kid": nil}), claims)},
		{name: "one audience", token: i.token(t, 0, header("one"), claims.with(object{"aud": audience}))},
		{name: "curve", token: i.ecToken(t, object{"alg": "ES256", "kid": "curve"}, claims), config: both},
		{name: "client", token: i.token(t, 0, header("one"), claims.with(object{"aud": nil})), config: client},
		{name: "ended less than clocks differ", token: i.token(t, 0, header("one"), claims.with(object{"exp": at(-50 * time.Second)}))},
		{name: "begins soon", token: i.token(t, 0, header("one"), claims.with(object{"nbf": at(50 * time.Second)}))},

		{name: "nothing", denied: "missing"},
		{name: "text", token: "hello", denied: "malformed"},
		{name: "four parts", token: i.token(t, 0, header("one"), claims) + ".x", denied: "malformed"},
		{name: "null claims", token: strings.Replace(i.token(t, 0, header("one"), claims), ".", "."+b64([]byte("null"))+"", 1), denied: "malformed"},
		{name: "no algorithm", token: i.token(t, 0, object{"kid": "one"}, claims), denied: "algorithm"},
		{name: "none", token: unsigned(t, object{"alg": "none", "kid": "one"}, claims) + ".", denied: "algorithm"},
		{name: "None", token: unsigned(t, object{"alg": "None"}, claims) + ".", denied: "algorithm"},
		{name: "shared secret", token: i.token(t, 0, object{"alg": "HS256", "kid": "shared"}, claims), denied: "algorithm"},
		{name: "algorithm that is off", token: i.ecToken(t, object{"alg": "ES256", "kid": "curve"}, claims), denied: "algorithm"},
		{name: "key of another algorithm", token: i.token(t, 0, header("curve"), claims), denied: "signature", config: both},
		{name: "shared key", token: i.token(t, 0, header("shared"), claims), denied: "unknown_key"},
		{name: "unknown key", token: i.token(t, 1, header("two"), claims), denied: "unknown_key"},
		{name: "other key", token: i.token(t, 1, header("one"), claims), denied: "signature"},
		{name: "other key without kid", token: i.token(t, 1, object{"alg": "RS256"}, claims), denied: "signature"},
		{name: "changed claims", token: strings.Join([]string{
			strings.Split(i.token(t, 0, header("one"), claims), ".")[0], b64([]byte(`{"iss":"https://issuer.example.com"}`)),
			strings.Split(i.token(t, 0, header("one"), claims), ".")[2],
		}, "."), denied: "signature"},
		{name: "no signature", token: unsigned(t, header("one"), claims) + ".", denied: "signature"},
		{name: "key inside", token: i.token(t, 1, object{"alg": "RS256", "jwk": json.RawMessage(i.rsaJWK(1, "x"))}, claims), denied: "signature"},
		{name: "ended", token: i.token(t, 0, header("one"), claims.with(object{"exp": at(-70 * time.Second)})), denied: "expired"},
		{name: "endless", token: i.token(t, 0, header("one"), claims.with(object{"exp": nil})), denied: "expired"},
		{name: "empty claims", token: i.token(t, 0, header("one"), object{}), denied: "expired"},
		{name: "early", token: i.token(t, 0, header("one"), claims.with(object{"nbf": at(70 * time.Second)})), denied: "not_yet_valid"},
		{name: "other issuer", token: i.token(t, 0, header("one"), claims.with(object{"iss": "https://issuer.example.com/"})), denied: "issuer"},
		{name: "no issuer", token: i.token(t, 0, header("one"), claims.with(object{"iss": nil})), denied: "issuer"},
		{name: "other audience", token: i.token(t, 0, header("one"), claims.with(object{"aud": "x"})), denied: "audience"},
		{name: "no audience", token: i.token(t, 0, header("one"), claims.with(object{"aud": nil})), denied: "audience"},
		{name: "other client", token: i.token(t, 0, header("one"), claims.with(object{"client_id": "x"})), denied: "client", config: client},
		{name: "no client", token: i.token(t, 0, header("one"), claims.with(object{"client_id": nil})), denied: "client", config: client},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, out := buildJWT(t, i, tt.config), &pipelinetest.Emitter{}
			h.run(t, out)
			w, want := h.postToken(tt.token), h.denials(t)
			for reason := range want {
				want[reason] = 0
			}
			if tt.denied == "" {
				require.Equal(t, http.StatusOK, w.Code, h.log)
				require.Len(t, out.Stored(), 1)
			} else {
				require.Equal(t, http.StatusUnauthorized, w.Code)
				require.Equal(t, "Unauthorized\n", w.Body.String(), "an answer tells nothing else")
				require.Equal(t, `Bearer realm="carillon"`, w.Header().Get("WWW-Authenticate"))
				require.Empty(t, out.Stored())
				want[tt.denied] = 1
			}
			require.Equal(t, want, h.denials(t), "this reason and no other")
			require.NotContains(t, h.log.String(), "eyJ", "nothing of a token is logged")
		})
	}
}
