package sqs

import (
	"net/url"
	"regexp"
	"strings"
)

// address is where the API of a queue is. Empty fields are for the AWS SDK to find.
type address struct {
	region, endpoint string
}

// addressOf works out the address of a valid configuration.
func addressOf(c *Config) address {
	a := address{region: c.Region, endpoint: c.Endpoint}
	if c.Queue != "" {
		if ref, err := parseRef(c.Queue); err == nil && a.region == "" {
			a.region = ref.region
		}
		return a
	}
	u, err := url.Parse(c.QueueURL)
	if err != nil {
		return a
	}
	region, regional := regionOf(u.Hostname())
	if a.region == "" {
		a.region = region
	}
	if a.endpoint == "" && !regional {
		a.endpoint = u.Scheme + "://" + u.Host
	}
	return a
}

// regionOf returns the region in the host of a queue URL, and whether the host is the region's own endpoint, which the AWS
// SDK would choose as well. Other hosts are older or private endpoints, and emulators.
func regionOf(host string) (region string, regional bool) {
	labels := strings.Split(strings.ToLower(host), ".")
	for i, label := range labels {
		switch {
		case (label == "sqs" || label == "sqs-fips") && i+1 < len(labels) && isRegion(labels[i+1]):
			region = labels[i+1]
		case label == "queue" && i > 0 && isRegion(labels[i-1]):
			region = labels[i-1]
		}
	}
	if host == "queue.amazonaws.com" {
		region = "us-east-1"
	}
	own := "sqs." + region + ".amazonaws.com"
	return region, region != "" && (host == own || host == own+".cn")
}

func isRegion(s string) bool {
	ok, _ := regexp.MatchString(`^[a-z]{2,}(-[a-z]+)+-\d+$`, s)
	return ok
}
