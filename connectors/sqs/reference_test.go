package sqs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

func TestQueueByARNAndByName(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	_, err := srv.CreateQueue("chime")
	require.NoError(t, err)
	for name, ref := range map[string]string{
		"arn": srv.QueueARN("chime"), "name": "chime", "account and name": srv.Account() + "/chime",
	} {
		t.Run(name, func(t *testing.T) {
			var out pipelinetest.Emitter
			b := p.run(t, "", &out, func(c *sqs.Config) {
				c.Queue = ref
				if name == "arn" {
					c.Region = ""
				}
			})
			p.send(t, srv.QueueURL("chime"), name)
			require.NoError(t, out.Wait(soon(t), 1))
			p.untilHolds(t, srv.QueueURL("chime"), 0)
			b.stop(t)
			require.Equal(t, []string{name}, bodiesOf(out.Stored()))
		})
	}
}

func TestMissingQueueIsNamed(t *testing.T) {
	p := newPlace(t, startAWS(t).Endpoint())
	src, _ := p.build(t, "", func(c *sqs.Config) { c.Queue = "444455556666/no-such-queue" })
	starter, ok := src.(pipeline.Starter)
	require.True(t, ok)
	err := starter.Start(t.Context())
	require.ErrorContains(t, err, `finding queue "444455556666/no-such-queue"`)
	require.ErrorContains(t, err, "sqs:GetQueueUrl")
	require.NotContains(t, err.Error(), secret)
}
