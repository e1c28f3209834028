package kube

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"slipway.dev/slipway/internal/logs"
	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// perClusterLogs is how many logs of one cluster are read at once. They have slots of their own: a log
// that is followed holds its slot for as long as somebody looks, and must not hold up an apply.
const perClusterLogs = 256

// logStart is how long the node may take to begin with a log.
const logStart = 10 * time.Second

// Log reads the log of a container with the team's rights, with a time in front of each line; see
// logs.Open. The error is a *logs.Unreadable that says why it cannot be read, ErrIdentity if nobody
// acts, or ctx's.
func (cs *Clusters) Log(ctx context.Context, as policy.Acting, place manifest.Place, s logs.Source, a logs.Ask) (io.ReadCloser, error) {
	c, err := cs.cluster(place.Cluster)
	if err != nil {
		return nil, err
	}
	team, err := c.as(as)
	if err != nil {
		return nil, err
	}
	p, err := team.path(ctx, place.Namespace, manifest.Ref{Version: "v1", Kind: "Pod", Name: s.Pod, Namespace: s.Namespace})
	if err != nil {
		return nil, notRead(err, as, s, place)
	}
	select {
	case c.logs <- struct{}{}:
	default:
		return nil, &logs.Unreadable{Sentence: "cannot be read at present: too many logs of this cluster are being read. Try again in a minute"}
	}
	give := func() { <-c.logs }
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(logStart, func() { cancel(errNodeSilent) })
	req := team.rest.Get().AbsPath(append(p, "log")...).MaxRetries(0).Param("container", s.Container).Param("timestamps", "true")
	for name, value := range logParams(s, a) {
		req = req.Param(name, value)
	}
	stream, err := req.Stream(ctx)
	if !late.Stop() && err == nil { // it fired at the last moment
		stream.Close()
		err = errNodeSilent
	}
	if err != nil {
		err = cmp.Or(context.Cause(ctx), err)
		cancel(nil)
		give()
		return nil, notRead(err, as, s, place)
	}
	return &logStream{ReadCloser: stream, end: sync.OnceFunc(func() { cancel(nil); give() })}, nil
}

// logParams are the query of a log, see PodLogOptions of the Kubernetes API.
func logParams(s logs.Source, a logs.Ask) map[string]string {
	out := map[string]string{}
	if s.Previous {
		out["previous"] = "true"
	}
	if a.Follow {
		out["follow"] = "true"
	}
	if a.Tail > 0 {
		out["tailLines"] = strconv.Itoa(a.Tail)
	}
	if !a.Since.IsZero() {
		out["sinceTime"] = a.Since.UTC().Format(time.RFC3339)
	}
	return out
}

// logStream gives back its slot when it is closed.
type logStream struct {
	io.ReadCloser
	end func()
}

// Close ends the reading. Closing twice does nothing.
func (l *logStream) Close() error {
	defer l.end()
	return l.ReadCloser.Close()
}

// errNodeSilent ends the wait for a node that does not begin to answer.
var errNodeSilent = fmt.Errorf("kube: no log within %s", logStart)

// notRead says why a log cannot be read.
func notRead(err error, as policy.Acting, s logs.Source, place manifest.Place) error {
	status, answered := answerOf(err)
	said := status.Message
	switch {
	case err == errNodeSilent:
		return &logs.Unreadable{Sentence: "cannot be read at present: its node does not answer"}
	case gone(err):
		return &logs.Unreadable{Sentence: "has gone", Gone: true}
	case answered && status.Code == http.StatusForbidden:
		return &logs.Unreadable{Gone: true, Sentence: fmt.Sprintf(
			"may not be read: the team %s has no right to get pods/log in the namespace %s. The platform team can give it", as.Team, cmp.Or(s.Namespace, place.Namespace))}
	case s.Previous && strings.Contains(said, "previous terminated container"):
		return &logs.Unreadable{Sentence: "has nothing kept from before its last restart", Gone: true}
	case strings.Contains(said, "is waiting to start"), strings.Contains(said, "is not available"), strings.Contains(said, "does not have a host assigned"):
		return &logs.Unreadable{Sentence: "has not started yet"}
	case strings.Contains(said, "is not valid for pod"):
		return &logs.Unreadable{Sentence: "is not a container of this pod", Gone: true}
	case answered && (status.Code == http.StatusInternalServerError || status.Code == http.StatusBadGateway):
		return &logs.Unreadable{Sentence: "cannot be read at present: its node does not answer"}
	case away(err):
		return &logs.Unreadable{Sentence: "cannot be read at present: the cluster does not answer"}
	}
	return err
}
