package eventbridge_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/eventbridge"
	"carillon/pipeline/pipelinetest"
)

func TestKeysAreFetchedOnceAndAgainWhenOld(t *testing.T) {
	i := newIssuer(t)
	h := buildJWT(t, i, nil)
	h.run(t, &pipelinetest.Emitter{})
	claims := goodClaims(h.clock.Now()).with(object{"exp": h.clock.Now().Add(48 * time.Hour).Unix()})
	token := i.token(t, 0, header("one"), claims)
	var good atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if h.postToken(token).Code == http.StatusOK {
				good.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(16), good.Load())
	require.Equal(t, 1, i.questions(), "they shared one question")

	h.clock.Advance(15*time.Minute - time.Second)
	require.Equal(t, http.StatusOK, h.postToken(token).Code)
	require.Equal(t, 1, i.questions())
	h.clock.Advance(time.Second)
	require.Equal(t, http.StatusOK, h.postToken(token).Code)
	require.Equal(t, 2, i.questions())
	require.Equal(t, map[string]int{"good": 2, "unavailable": 0}, h.values(t, "carillon_eventbridge_key_fetches_total"))
}

func TestNewKeyIsFoundWhenATokenNamesIt(t *testing.T) {
	i := newIssuer(t)
	h := buildJWT(t, i, nil)
	h.run(t, &pipelinetest.Emitter{})
	old, rotated := i.token(t, 0, header("one"), goodClaims(h.clock.Now())), i.token(t, 1, header("two"), goodClaims(h.clock.Now()))
	require.Equal(t, http.StatusOK, h.postToken(old).Code)
	i.publish(i.rsaJWK(1, "two"))
	require.Equal(t, http.StatusUnauthorized, h.postToken(rotated).Code, "asked a moment ago")
	h.clock.Advance(30 * time.Second)
	require.Equal(t, http.StatusOK, h.postToken(rotated).Code)
	require.Equal(t, http.StatusUnauthorized, h.postToken(old).Code, "a key that was withdrawn is not used")
	require.Equal(t, 2, i.questions())
}

func TestInventedKeysDoNotFloodTheIssuer(t *testing.T) {
	i := newIssuer(t)
	h := buildJWT(t, i, nil)
	h.run(t, &pipelinetest.Emitter{})
	for n := range 300 {
		forged := i.token(t, 1, header(fmt.Sprint("invented-", n)), goodClaims(h.clock.Now()))
		require.Equal(t, http.StatusUnauthorized, h.postToken(forged).Code)
		h.clock.Advance(time.Second)
	}
	require.LessOrEqual(t, i.questions(), 11, "at most two a minute")
	require.Equal(t, 300, h.denials(t)["unknown_key"])
	require.Equal(t, 5, strings.Count(h.log.String(), "unknown_key"), "one line a minute")
}

func TestIssuerThatIsDown(t *testing.T) {
	i := newIssuer(t)
	h, out := buildJWT(t, i, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	claims := goodClaims(h.clock.Now()).with(object{"exp": h.clock.Now().Add(48 * time.Hour).Unix()})
	token := i.token(t, 0, header("one"), claims)
	for status, answer := range map[int]string{
		http.StatusInternalServerError: "", http.StatusNotFound: "", http.StatusFound: "", http.StatusOK: "no JSON",
	} {
		before := i.questions()
		i.say(status, answer)
		for range 3 {
			w := h.postToken(token)
			require.Equal(t, http.StatusServiceUnavailable, w.Code, "what cannot be judged must come again")
			require.Equal(t, "5", w.Header().Get("Retry-After"))
		}
		require.Equal(t, before+1, i.questions(), "not asked again at once")
		h.clock.Advance(5 * time.Second)
	}
	require.Equal(t, 12, h.count(t, "keys_unavailable"))
	require.Empty(t, out.Stored())

	i.publish(i.rsaJWK(0, "one"))
	require.Equal(t, http.StatusOK, h.postToken(token).Code)
	i.say(http.StatusInternalServerError, "")
	h.clock.Advance(23 * time.Hour)
	require.Equal(t, http.StatusOK, h.postToken(token).Code, "the last known keys are used meanwhile")
	asked := i.questions()
	require.Equal(t, http.StatusOK, h.postToken(token).Code)
	require.Equal(t, asked, i.questions())
	h.clock.Advance(time.Hour)
	require.Equal(t, http.StatusServiceUnavailable, h.postToken(token).Code, "but not for longer than a day")
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	for name, answer := range map[string]string{
		"empty set": `{"keys":[]}`, "no set": `{}`, "list": `[]`, "large": `{"keys":[` + strings.Repeat(" ", 256<<10) + `]}`,
		"for encryption": `{"keys":[{"kty":"RSA","use":"enc","kid":"one","n":"AQAB","e":"AQAB"}]}`,
		"short":          `{"keys":[{"kty":"RSA","kid":"one","n":"` + strings.Repeat("qqqq", 40) + `","e":"AQAB"}]}`,
		"shared":         `{"keys":[{"kty":"oct","kid":"one","k":"c2VjcmV0"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.say(http.StatusOK, answer)
			h := buildJWT(t, i, func(c *eventbridge.JWTConfig) { c.Algorithms = []string{"RS256", "ES256"} })
			h.run(t, &pipelinetest.Emitter{})
			token := i.token(t, 0, header("one"), goodClaims(h.clock.Now()))
			require.Equal(t, http.StatusServiceUnavailable, h.postToken(token).Code)
			require.Equal(t, 1, h.values(t, "carillon_eventbridge_key_fetches_total")["unavailable"])
		})
	}
}
