package nats_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/format"
	"carillon/connectors/nats"
	"carillon/pipeline"
)

func TestWrite_SendsTheNotificationAndWhatIsKnownOfIt(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f.addr())
	e := event(7, "m")
	e.IsLate, e.Gap, e.Kind = true, "two\nlines", "50% ä"
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	stored := f.stored()
	require.Len(t, stored, 1)
	require.Equal(t, "stored.m", stored[0].Subject)
	require.Equal(t, e.Body, stored[0].Data)
	require.Equal(t, natsgo.Header{
		"content-type": {"application/json"}, "Nats-Msg-Id": {e.ID.String()}, "Nats-Expected-Stream": {"CHIME"},
		"carillon-id": {e.ID.String()}, "carillon-key": {"m"}, "carillon-kind": {"50%25 %C3%A4"}, "carillon-time": {"1760000000123"},
		"carillon-source": {"queue"}, "carillon-sequence": {"7"}, "carillon-epoch": {"9"}, "carillon-late": {"0"},
		"carillon-gap": {"two%EF%BF%BDlines"},
	}, stored[0].Header)
}

func TestWrite_OtherFormats(t *testing.T) {
	f := newFarSide(t)
	e := event(7, "m 1")
	s := started(t, f.addr(), func(c *nats.Config) { c.Format = format.CloudEventsBinary })
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	m := f.stored()[0]
	require.Equal(t, "stored.m_1", m.Subject)
	require.Equal(t, e.Body, m.Data)
	for name, want := range map[string]string{
		"ce-specversion": "1.0", "ce-id": e.ID.String(), "ce-type": "aws.chime.AttendeeJoined", "ce-source": "aws.chime", "ce-subject": "m%201",
		"ce-time": "2025-10-09T08:53:20.123Z", "ce-datacontenttype": "application/json", "ce-carillonsequence": "7",
	} {
		require.Equal(t, want, m.Header.Get(name), name)
	}

	s = started(t, f.addr(), func(c *nats.Config) { c.Format = format.EventBridge })
	e.ID[0] = 1
	err := s.Write(t.Context(), []pipeline.Event{e})
	requireClass(t, err, pipeline.ClassReject, "writing the event as eventbridge: the body has no detail")

	s = started(t, f.addr(), func(c *nats.Config) { c.Format = format.CloudEvents })
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	require.Equal(t, "application/cloudevents+json", f.stored()[1].Header.Get("content-type"))
}

func requireClass(t *testing.T, err error, class pipeline.Class, text string) {
	t.Helper()
	require.ErrorContains(t, err, text)
	require.NotContains(t, err.Error(), secret)
	got, _ := pipeline.Classify(pipeline.FailedAt(err, 1)[0])
	require.Equal(t, class, got)
}

// TestWrite_WhatTheServerSays asks a real server for answers of every class.
func TestWrite_WhatTheServerSays(t *testing.T) {
	f := newFarSide(t, func(f *farSide) {
		f.opts.Username, f.opts.Password = "", ""
		f.opts.Users = []*server.User{{Username: user, Password: secret, Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"denied.>"}},
		}}}
	})
	large, larger := event(1, "m"), event(2, "m")
	large.Body = []byte(strings.Repeat("x", 40<<10))
	larger.Body = []byte(strings.Repeat("x", 70<<10))
	subject := func(text string) func(*nats.Config) { return func(c *nats.Config) { c.Subject = text } }
	for _, row := range []struct {
		name   string
		change func(*nats.Config)
		event  pipeline.Event
		class  pipeline.Class
		text   string
	}{
		{"larger than the stream takes", subject("stored.x"), large, pipeline.ClassReject, "10054"},
		{"larger than the server takes", subject("stored.x"), larger, pipeline.ClassReject, "max_payload"},
		{"no stream", subject("elsewhere.x"), event(3, "m"), pipeline.ClassRetry, "no stream has the subject"},
		{"another stream", func(c *nats.Config) { c.Stream = "OTHER" }, event(4, "m"), pipeline.ClassFatal, "10060"},
		{"not permitted", subject("denied.x"), event(5, "m"), pipeline.ClassRetry, "no permission"},
		{"not permitted, core", func(c *nats.Config) { core(c); c.Subject = "denied.x" }, event(6, "m"), pipeline.ClassRetry, "no permission"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := started(t, f.addr(), within(2*time.Second), row.change)
			requireClass(t, s.Write(t.Context(), []pipeline.Event{row.event}), row.class, row.text)
		})
	}
	require.Empty(t, f.stored())
}

func TestWrite_ARepeatIsDropped(t *testing.T) {
	f := newFarSide(t)
	s, reg := openWith(t, f.addr())
	connectortest.StartSink(t, s)
	for range 3 {
		require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(1, "m"), event(2, "m")}))
	}
	require.Len(t, f.stored(), 2)
	large := event(3, "m")
	large.Body = make([]byte, 40<<10)
	require.Error(t, s.Write(t.Context(), []pipeline.Event{large, event(4, "m"), event(5, "n")}))
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP carillon_nats_messages_total Messages by how they ended.
# TYPE carillon_nats_messages_total counter
carillon_nats_messages_total{outcome="accepted"} 3
carillon_nats_messages_total{outcome="canceled"} 0
carillon_nats_messages_total{outcome="duplicate"} 4
carillon_nats_messages_total{outcome="refused"} 0
carillon_nats_messages_total{outcome="rejected"} 1
carillon_nats_messages_total{outcome="throttled"} 0
carillon_nats_messages_total{outcome="timeout"} 0
carillon_nats_messages_total{outcome="unreachable"} 0
`), "carillon_nats_messages_total"))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestStart_WaitsForAServerThatIsAway(t *testing.T) {
	f := newFarSide(t)
	f.stop()
	s := started(t, f.addr())
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassRetry, "there is no connection")
	f.start()
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
	require.Len(t, f.stored(), 1)
}

func TestStart_AWrongPasswordIsNoReasonToGiveUp(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f.addr(), func(c *nats.Config) { c.URL = pipeline.NewSecret("nats://user:" + secret + "@" + f.addr()) })
	for range 3 {
		requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassRetry, "there is no connection")
	}
}

func TestStart_Creds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "user.creds")
	f := newFarSide(t, operator(t, name))
	l := f.listen()
	s := started(t, f.addr(), core, func(c *nats.Config) {
		c.URL, c.Creds = pipeline.NewSecret("nats://"+f.addr()), name
	})
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
	require.Len(t, l.accepted(), 1)

	wrong := filepath.Join(t.TempDir(), "wrong.creds")
	require.NoError(t, os.WriteFile(wrong, []byte(secret), 0o600))
	for name, want := range map[string]string{wrong: "creds: " + wrong + " holds no NATS credentials", wrong + "-missing": "no such file"} {
		s := open(t, f.addr(), func(c *nats.Config) { c.Creds = name })
		starter, ok := s.(pipeline.Starter)
		require.True(t, ok)
		require.ErrorContains(t, starter.Start(t.Context()), want)
		require.NoError(t, s.Close(t.Context()))
	}
}

// operator makes a server trust accounts that an operator signed, and writes the credentials of a user.
func operator(t *testing.T, name string) func(*farSide) {
	t.Helper()
	op, err := nkeys.CreateOperator()
	require.NoError(t, err)
	account, err := nkeys.CreateAccount()
	require.NoError(t, err)
	person, err := nkeys.CreateUser()
	require.NoError(t, err)
	public := func(k nkeys.KeyPair) string {
		key, err := k.PublicKey()
		require.NoError(t, err)
		return key
	}
	opClaims := jwt.NewOperatorClaims(public(op))
	_, err = opClaims.Encode(op)
	require.NoError(t, err)
	accountJWT, err := jwt.NewAccountClaims(public(account)).Encode(op)
	require.NoError(t, err)
	userJWT, err := jwt.NewUserClaims(public(person)).Encode(account)
	require.NoError(t, err)
	seed, err := person.Seed()
	require.NoError(t, err)
	creds, err := jwt.FormatUserConfig(userJWT, seed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, creds, 0o600))
	return func(f *farSide) {
		resolver := &server.MemAccResolver{}
		require.NoError(t, resolver.Store(public(account), accountJWT))
		f.opts.TrustedKeys, f.opts.AccountResolver, f.creds = []string{public(op)}, resolver, name
		f.opts.JetStream, f.opts.Username, f.opts.Password = false, "", ""
	}
}

func TestWrite_OutsideItsLife(t *testing.T) {
	f := newFarSide(t)
	s := open(t, f.addr())
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassFatal, "not started")
	connectortest.StartSink(t, s)
	require.NoError(t, s.Close(context.WithoutCancel(t.Context())))
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassFatal, "closed")
	require.Empty(t, f.stored())
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := nats.Factory().New(nil, pipeline.Settings{ID: "bus"})
	require.ErrorContains(t, err, `nats sink "bus"`)
}
