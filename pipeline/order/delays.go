package order

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
)

const (
	// accuracy is the relative error of every value a sketch gives back.
	accuracy = 0.01
	// bins bounds a sketch: 1,400 bins of this accuracy span twelve powers of ten.
	bins = 1400
	// tailPoints is how many samples lie above the highest quantile that a fit believes.
	tailPoints = 8
)

// sketch is a distribution of times in seconds.
type sketch struct{ *ddsketch.DDSketch }

func newSketch() sketch {
	s, err := ddsketch.LogCollapsingLowestDenseDDSketch(accuracy, bins)
	if err != nil {
		panic(err) // The constants above are out of its range.
	}
	return sketch{s}
}

// add takes n times of x seconds. What is not above 0 counts as a microsecond.
func (s sketch) add(x float64, n int) {
	_ = s.AddWithCount(max(x, 1e-6), float64(n)) // It fails only for what is no number.
}

// tail is a log-normal distribution that was fitted to the upper half of a sketch.
type tail struct{ mu, sigma float64 }

// fewSamples is up to how many samples the lower half of a sketch helps to fit the upper one.
const fewSamples = 500

// fit fits a log-normal tail through the quantiles 1/2, 3/4, 7/8 ... as far as samples carry them, each weighted by how well it
// is known. Few samples say little about a tail, so that 1/4 and 1/8 count as well then.
func (s sketch) fit() tail {
	n, l := s.GetCount(), fitting{}
	for p := 0.5; p*n >= tailPoints; p /= 2 {
		s.point(&l, p)
		if n < fewSamples && p < 0.5 && p > 0.1 {
			s.point(&l, 1-p)
		}
	}
	return l.tail()
}

// point adds the quantile that the share p exceeds.
func (s sketch) point(l *fitting, p float64) {
	if x, err := s.GetValueAtQuantile(1 - p); err == nil {
		z := -normalQuantile(p)
		l.add(z, math.Log(x), density(z)*density(z)/(p*(1-p)))
	}
}

// fitting is a weighted fit of a straight line by least squares.
type fitting struct{ w, x, y, xx, xy float64 }

func (l *fitting) add(x, y, w float64) {
	l.w, l.x, l.y, l.xx, l.xy = l.w+w, l.x+w*x, l.y+w*y, l.xx+w*x*x, l.xy+w*x*y
}

func (l *fitting) tail() tail {
	d := l.w*l.xx - l.x*l.x
	if d <= 0 {
		return tail{mu: math.Inf(-1), sigma: 1}
	}
	sigma := max((l.w*l.xy-l.x*l.y)/d, 1e-3)
	return tail{mu: (l.y - sigma*l.x) / l.w, sigma: sigma}
}

// above returns the share of times above x.
func (t tail) above(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return math.Erfc((math.Log(x)-t.mu)/(t.sigma*math.Sqrt2)) / 2
}

// normalQuantile is the inverse of the standard normal distribution.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

func density(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
