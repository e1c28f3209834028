package kube

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// extensionAgain is how soon a cluster is asked again for a kind that it does not have, or that the portal
// may not read: both are put right by people.
const extensionAgain = time.Minute

// spot is a kind in a namespace. Kinds that are in none are watched as a whole, whatever it says there.
type spot struct {
	schema.GroupVersionKind
	namespace string
}

// extensions are the kinds that are watched in one cluster beside watchedKinds: those of which an
// application has an object, in the namespaces where it has them. There is one watch for all applications
// that have objects of a kind in a namespace, and none when the last of them has gone.
type extensions struct {
	again time.Duration
	begin func(*extension) // starts the watch, which ends with the context of the extension

	mu      sync.Mutex
	watched map[spot]*extension
}

// extension is one watch.
type extension struct {
	spot
	ctx    context.Context
	cancel context.CancelFunc
	table  *table
	tell   func() // called, without the lock held, when what can be seen changed

	users map[status.Key]bool // under the lock of extensions

	mu      sync.Mutex
	list    status.Blindness // why the last list failed
	watch   status.Blindness // why the last watch did
	everSaw bool
}

// known tells whether something was heard of the kind, be it that it cannot be seen.
func (e *extension) known() bool { return e.blind() != status.NotListed }

// blind is why nothing can be said about objects of the kind, "" if something can.
func (e *extension) blind() status.Blindness {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.list != "":
		return e.list
	case e.watch != "":
		return e.watch
	case !e.everSaw:
		return status.NotListed
	}
	return ""
}

func (e *extension) note(change func()) {
	before := e.blind()
	e.mu.Lock()
	change()
	e.mu.Unlock()
	if e.blind() != before {
		e.tell()
	}
}

// use makes these the spots that an application has objects at. It starts what is missing and ends what
// nobody else has objects at.
func (x *extensions) use(ctx context.Context, k status.Key, spots map[spot]bool, fresh func(context.Context, spot) *extension) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for at := range spots {
		e := x.watched[at]
		if e == nil {
			e = fresh(ctx, at)
			x.watched[at] = e
			x.begin(e)
		}
		e.users[k] = true
	}
	for at, e := range x.watched {
		if spots[at] || !e.users[k] {
			continue
		}
		delete(e.users, k)
		if len(e.users) == 0 {
			e.cancel()
			delete(x.watched, at)
		}
	}
}

// at gives what is watched at a spot; nil if it is not.
func (x *extensions) at(s spot) *extension {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.watched[s]
}

// usedBy lists what is watched for an application.
func (x *extensions) usedBy(k status.Key) []*extension {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []*extension
	for _, e := range x.watched {
		if e.users[k] {
			out = append(out, e)
		}
	}
	return out
}

// all lists what is watched.
func (x *extensions) all() []*extension {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]*extension, 0, len(x.watched))
	for _, e := range x.watched {
		out = append(out, e)
	}
	return out
}

// source lists and watches the extension with the rights of the portal itself. What cannot be had is noted,
// and asked for again after a while.
func (e *extension) source(c *cluster, l *link, again time.Duration) (*cache.ListWatch, error) {
	client, err := dynamic.NewForConfigAndClient(c.config, &http.Client{Transport: c.authenticated})
	if err != nil {
		return nil, err
	}
	objects := func(ctx context.Context) (dynamic.ResourceInterface, error) {
		if err := l.wait(ctx); err != nil {
			return nil, err
		}
		r, err := c.discovery.resource(ctx, e.GroupVersionKind)
		if err != nil || !r.namespaced {
			return client.Resource(r.GroupVersionResource), err
		}
		return client.Resource(r.GroupVersionResource).Namespace(e.namespace), nil
	}
	refused := func(ctx context.Context, into *status.Blindness, err error) error {
		why := blindness(err)
		e.note(func() { *into = why })
		if why == "" {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
		return err
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			from, err := objects(ctx)
			if err != nil {
				return nil, refused(ctx, &e.list, err)
			}
			labelled(&o)
			list, err := from.List(ctx, o)
			if err != nil {
				return nil, refused(ctx, &e.list, err)
			}
			e.note(func() { e.list = "" })
			return list, nil
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			from, err := objects(ctx)
			if err != nil {
				return nil, refused(ctx, &e.watch, err)
			}
			labelled(&o)
			w, err := from.Watch(ctx, o)
			if err != nil {
				return nil, refused(ctx, &e.watch, err)
			}
			e.note(func() { e.watch, e.list = "", "" })
			return w, nil
		},
	}, nil
}

// blindness is what an error means for what can be seen; "" for one that passes by itself.
func blindness(err error) status.Blindness {
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err): // the latter where its definition went a moment ago
		return status.NoSuchKind
	case apierrors.IsForbidden(err):
		return status.NotAllowed
	}
	return ""
}

// misplaced says that a template gave an object to its application's namespace, and that its kind is in
// none. Without this a template could leave the namespace without having declared it, see ADR 16.
type misplaced struct{ ref manifest.Ref }

func (m *misplaced) Error() string {
	return fmt.Sprintf("objects of the kind %s are in no namespace, and the template does not say so", m.ref.Kind)
}

// placed holds an object to the namespace that it was given.
func (s *session) placed(ctx context.Context, u manifest.Object, ref manifest.Ref) error {
	r, err := s.discovery.resource(ctx, ref.GVK())
	if err == nil && !r.namespaced && u.GetNamespace() != "" {
		return &misplaced{ref}
	}
	return err
}
