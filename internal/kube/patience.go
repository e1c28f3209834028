package kube

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How long one object is tried. patienceLimit bounds the waiting between tries; a single try is
// bounded by tryTimeout, because an admission webhook may take 30 s.
const (
	patienceLimit = 30 * time.Second
	tryTimeout    = 40 * time.Second
	firstWait     = 100 * time.Millisecond
	longestWait   = 5 * time.Second
)

// fate is what an answer, or the lack of one, means for trying again.
type fate int

const (
	final fate = iota // asking again would bring the same answer
	again             // nothing was written; it may work later
	lost              // it may have been written, and no answer came
)

// fateOf judges the outcome of a request. Never tried again are what the object or the rights are
// wrong about: 400, 401, 403, 404, 409 about ownership, 422, and 500 about a schema or a webhook.
func fateOf(err error) fate {
	var bad *badName
	var other *foreign
	var another *replaced
	var elsewhere *misplaced
	var reading *readError
	switch {
	case err == nil, errors.As(err, &bad), errors.As(err, &other), errors.As(err, &another), errors.As(err, &elsewhere), errors.Is(err, ErrIdentity), meta.IsNoMatchError(err):
		return final
	case errors.Is(err, errTerminating):
		return again
	}
	s, answered := answerOf(err)
	switch {
	case !answered && (unsent(err) || errors.As(err, &reading)):
		return again
	case !answered:
		return lost
	case s.Code == http.StatusTooManyRequests, s.Code == http.StatusServiceUnavailable:
		return again
	case s.Code == http.StatusBadGateway, s.Code == http.StatusGatewayTimeout:
		return lost
	case s.Code == http.StatusInternalServerError && strings.Contains(s.Message, "etcdserver:"):
		return lost // a leader was elected while the write was under way
	case s.Code == http.StatusConflict && !hasCause(s, metav1.CauseTypeFieldManagerConflict):
		return again // two writes at the same moment
	}
	return final
}

// readError marks a failure to read: nothing was written, whatever became of the answer.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// patience tries something until its fate is final, its time is up, or stop is closed.
type patience struct {
	limit time.Duration
	stop  <-chan struct{}
}

// attempt is what came of trying.
type attempt struct {
	err   error
	tries int
	lost  bool // the last word is missing: it may have been done
}

// do calls try again and again. Each try has its own time.
func (p patience) do(ctx context.Context, try func(context.Context) error) attempt {
	end := time.Now().Add(p.limit)
	var a attempt
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		a.tries++
		a.err = p.once(ctx, try)
		f := fateOf(a.err)
		if f == final {
			a.lost = false
			return a
		}
		a.lost = a.lost || f == lost
		pause := pauseAfter(a.err, wait)
		if time.Now().Add(pause).After(end) || !p.sleep(ctx, pause) {
			return a
		}
	}
}

func (p patience) once(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return try(ctx)
}

// pauseAfter is what the API server asks for (Retry-After, RFC 9110 section 10.2.3), or else wait, half
// of it by chance, so that those who were refused together do not come back together.
func pauseAfter(err error, wait time.Duration) time.Duration {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return wait/2 + rand.N(wait/2)
}

func (p patience) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	case <-p.stop:
		return false
	}
}
