package sns

// domainOf returns the domain of the AWS endpoints of a partition.
func domainOf(partition string) (domain string, known bool) {
	switch partition {
	case "aws", "aws-us-gov":
		return "amazonaws.com", true
	case "aws-cn":
		return "amazonaws.com.cn", true
	case "aws-eusc":
		return "amazonaws.eu", true
	case "aws-iso":
		return "c2s.ic.gov", true
	case "aws-iso-b":
		return "sc2s.sgov.gov", true
	case "aws-iso-e":
		return "cloud.adc-e.uk", true
	case "aws-iso-f":
		return "csp.hci.ic.gov", true
	}
	return "", false
}

// certificateNames returns the names, any of which a signing certificate of the region must carry. Some regions share one
// certificate, and some have their own. A region that is not in the table is a newer one or one of the first: those share
// the name of the whole domain, and newer ones have so far been given their own.
func certificateNames(region, domain string) []string {
	switch region {
	case "us-gov-west-1", "us-gov-east-1":
		return []string{"sns-us-gov-west-1." + domain}
	case "cn-north-1", "cn-northwest-1", "us-iso-east-1", "us-isob-east-1":
		return []string{"sns-" + region + "." + domain}
	case "af-south-1",
		"ap-east-1", "ap-east-2", "ap-south-2",
		"ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
		"ca-west-1",
		"eu-central-2", "eu-south-1", "eu-south-2",
		"il-central-1",
		"me-central-1", "me-south-1",
		"mx-central-1",
		"eusc-de-east-1", "eu-isoe-west-1", "us-isof-east-1", "us-isof-south-1":
		return []string{"sns-signing." + region + "." + domain}
	}
	return []string{"sns." + domain, "sns-signing." + region + "." + domain}
}
