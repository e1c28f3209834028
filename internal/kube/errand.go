package kube

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

// errand is one dry run or apply: for whom, where, and of which application.
type errand struct {
	cluster *cluster
	session *session // the team's
	as      policy.Acting
	place   manifest.Place
	app     string
	scaled  map[scaled]int64 // what the set's autoscalers scale, see autoscaled
	prune   []manifest.Ref

	mu     sync.Mutex
	absent map[string]bool // namespaces, by whether they are known not to exist
}

func (cs *Clusters) errand(ctx context.Context, as policy.Acting, place manifest.Place, app string, set manifest.Set, prune []manifest.Ref) (*errand, error) {
	c, err := cs.cluster(place.Cluster)
	if err != nil {
		return nil, err
	}
	s, err := c.as(as)
	if err != nil {
		return nil, err
	}
	if _, err := c.discovery.version(ctx); err != nil { // nothing can be asked or written before kinds are known
		return nil, err
	}
	return &errand{cluster: c, session: s, as: as, place: place, app: app, scaled: autoscaled(set), prune: prune, absent: map[string]bool{}}, nil
}

// lacksNamespace tells whether a namespace certainly does not exist. It asks once for each.
func (e *errand) lacksNamespace(ctx context.Context, name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	absent, known := e.absent[name]
	if !known {
		absent = e.cluster.lacksNamespace(ctx, name)
		e.absent[name] = absent
	}
	return absent
}

// refOf names an object as the application sees it.
func (e *errand) refOf(u manifest.Object) manifest.Ref { return manifest.RefIn(u, e.place.Namespace) }

var namespaceKind = manifest.Ref{Version: "v1", Kind: "Namespace"}

// lacksNamespace tells whether the namespace certainly does not exist. The portal asks for itself: in
// a namespace that does not exist no team has rights.
func (c *cluster) lacksNamespace(ctx context.Context, name string) bool {
	s, err := c.own()
	if err != nil {
		return false
	}
	ref := namespaceKind
	ref.Name = name
	_, err = s.head(ctx, name, ref)
	return apierrors.IsNotFound(err)
}

// problem puts err into plain words, without the secret values of the objects that it is about.
func (e *errand) problem(ctx context.Context, err error, ref manifest.Ref, about ...manifest.Object) *manifest.Problem {
	var other *foreign
	var another *replaced
	switch {
	case errors.As(err, &another):
		return another.problem(ref)
	case errors.As(err, &other):
		return say(manifest.NotOurs, "%s exists already and belongs to %s. Choose another name, or have it removed first.", ref, other.whose)
	case errors.Is(err, errTerminating):
		return say(manifest.Other, "%s is still being deleted. Try again when it is gone.", ref)
	}
	c := circumstances{team: e.as.Team, namespace: cmp.Or(ref.Namespace, e.place.Namespace), ref: ref}
	if s, ok := answerOf(err); ok && (s.Code == http.StatusForbidden || s.Code == http.StatusNotFound) {
		c.inNone = e.inNone(ctx, ref)
		c.noNamespace = !c.inNone && e.lacksNamespace(ctx, c.namespace)
	}
	p := problem(err, c)
	p.Sentence, p.Said = maskAll(p.Sentence, about), maskAll(p.Said, about)
	return p
}

// inNone tells whether objects of a kind belong to no namespace.
func (e *errand) inNone(ctx context.Context, ref manifest.Ref) bool {
	r, err := e.cluster.discovery.resource(ctx, ref.GVK())
	return err == nil && !r.namespaced
}

// mine tells whether an object carries this application's labels, and if not, whose it is.
func (e *errand) mine(o metav1.Object) (whose string, mine bool) {
	labels := o.GetLabels()
	app, team := labels[manifest.LabelApp], labels[manifest.LabelTeam]
	switch {
	case app == e.app && team == e.as.Team:
		// Outside the namespace, another environment of the team may have an application of the name.
		if set := labels[manifest.LabelPartOf]; o.GetNamespace() != e.place.Namespace && set != "" && set != manifest.ApplySetID(e.app, e.place.Namespace) {
			return "the application " + app + " of another environment", false
		}
		return "", true
	case app == "" || team == "": // somebody took a label off
		return manifest.OfNoApplication, false
	case team == e.as.Team:
		return "the application " + app, false
	}
	return "an application of another team", false
}

// foreign says that an object is somebody else's.
type foreign struct{ whose string }

func (f *foreign) Error() string { return "the object belongs to " + f.whose }

// errTerminating is why an object cannot be written now: it is on its way out.
var errTerminating = errors.New("the object is being deleted")

// owned tells why an object that exists may not be written; nil if nothing speaks against it.
func (e *errand) owned(o metav1.Object) error {
	if whose, mine := e.mine(o); !mine {
		return &foreign{whose}
	}
	if o.GetDeletionTimestamp() != nil {
		return errTerminating
	}
	return nil
}

func gone(err error) bool { return apierrors.IsNotFound(err) }
