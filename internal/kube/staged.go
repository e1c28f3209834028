package kube

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"golang.org/x/sync/errgroup"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/policy"
)

var secretKind = manifest.Ref{Version: "v1", Kind: "Secret"}

// Stage puts secret values aside in the place, in the team's name, each in a Secret of its own that
// cannot be changed, only deleted. Putting the same value aside again, be it by two people at once,
// renews its time and nothing else.
//
// The error is a *manifest.NotStaged if the API server refuses one, or a value is larger than
// manifest.MaxSecretBytes; it wraps manifest.ErrClusterAway if the cluster does not answer, and
// ErrIdentity if nobody acts. Some values may be put aside by then, which does no harm. No error
// holds a value.
func (cs *Clusters) Stage(ctx context.Context, as policy.Acting, place manifest.Place, values manifest.Secrets) error {
	for t, v := range values {
		if !t.Stands() {
			return fmt.Errorf("kube: %q stands for no value", t)
		}
		if len(v) > manifest.MaxSecretBytes {
			return &manifest.NotStaged{Problem: *say(manifest.InvalidField,
				"A secret value has %d KiB, and the cluster takes %d KiB at most. Put large files elsewhere, such as into an object store.", len(v)>>10, manifest.MaxSecretBytes>>10)}
		}
	}
	e, err := cs.errand(ctx, as, place, "", nil, nil)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(perCall)
	for t, v := range values {
		g.Go(func() error { return e.stage(ctx, t, v) })
	}
	return g.Wait()
}

// stage puts one value aside. What stands there under another value was put there by hand: it cannot
// be changed, so it is replaced.
func (e *errand) stage(ctx context.Context, t manifest.Token, value string) error {
	u := e.stagedObject(t, value)
	a := asking.do(ctx, func(ctx context.Context) error {
		_, err := e.session.apply(ctx, e.place.Namespace, u, applyOptions{})
		if s, ok := answerOf(err); !ok || s.Code != http.StatusUnprocessableEntity && len(conflictsIn(err, nil, nil)) == 0 {
			return err
		}
		if err := e.removeStaged(ctx, manifest.Staged{Name: u.GetName()}); err != nil && !gone(err) {
			return err
		}
		_, err = e.session.apply(ctx, e.place.Namespace, u, applyOptions{})
		return err
	})
	switch {
	case a.err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case away(a.err):
		return fmt.Errorf("%w: a secret value was not put aside", manifest.ErrClusterAway)
	}
	return &manifest.NotStaged{Problem: *e.problem(ctx, a.err, manifest.RefOf(u), u)}
}

func (e *errand) stagedObject(t manifest.Token, value string) manifest.Object {
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
		"data": map[string]any{manifest.StagedKey: base64.StdEncoding.EncodeToString([]byte(value))},
	}}
	u.SetName(manifest.StagedName(t))
	u.SetNamespace(e.place.Namespace)
	u.SetLabels(map[string]string{manifest.LabelStaged: "true", manifest.LabelTeam: e.as.Team})
	u.SetAnnotations(map[string]string{
		manifest.AnnotationToken:  string(t),
		manifest.AnnotationStaged: time.Now().UTC().Format(time.RFC3339),
	})
	return u
}

// Staged lists what is put aside in the place, without the values, which the API server is not asked
// for. The list may be seconds old; Unstage leaves alone what has changed since. A namespace that does not
// exist keeps nothing. The errors are those of Stage.
func (cs *Clusters) Staged(ctx context.Context, as policy.Acting, place manifest.Place) ([]manifest.Staged, error) {
	e, err := cs.errand(ctx, as, place, "", nil, nil)
	if err != nil {
		return nil, err
	}
	heads, err := e.session.heads(ctx, secretKind, place.Namespace, map[string]string{"labelSelector": manifest.LabelStaged + "=true"})
	switch {
	case away(err):
		return nil, fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
	case err != nil:
		p := e.problem(ctx, err, secretKind)
		if p.Kind == manifest.NoNamespace {
			return nil, nil
		}
		return nil, &manifest.NotStaged{Problem: *p}
	}
	var out []manifest.Staged
	for _, h := range heads {
		s := manifest.Staged{
			Token: manifest.Token(h.Annotations[manifest.AnnotationToken]), At: h.CreationTimestamp.UTC(),
			Name: h.Name, UID: string(h.UID), Version: h.ResourceVersion,
		}
		if at, err := time.Parse(time.RFC3339, h.Annotations[manifest.AnnotationStaged]); err == nil {
			s.At = at.UTC()
		}
		out = append(out, s)
	}
	return out, nil
}

// Unstage deletes values that are put aside, each only if it is still what Staged has seen. What is
// gone, or was put aside again since, is no error. The errors are those of Stage.
func (cs *Clusters) Unstage(ctx context.Context, as policy.Acting, place manifest.Place, which []manifest.Staged) error {
	e, err := cs.errand(ctx, as, place, "", nil, nil)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(perCall)
	for _, s := range which {
		g.Go(func() error {
			err := e.removeStaged(ctx, s)
			status, answered := answerOf(err)
			switch {
			case err == nil, gone(err), answered && status.Code == http.StatusConflict:
				return nil
			case away(err):
				return fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
			}
			return &manifest.NotStaged{Problem: *e.problem(ctx, err, secretKind)}
		})
	}
	return g.Wait()
}

func (e *errand) removeStaged(ctx context.Context, s manifest.Staged) error {
	ref := secretKind
	ref.Name = s.Name
	p, err := e.session.path(ctx, e.place.Namespace, ref)
	if err != nil {
		return err
	}
	opts := metav1.DeleteOptions{TypeMeta: metav1.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"}}
	if s.UID != "" {
		uid := types.UID(s.UID)
		opts.Preconditions = &metav1.Preconditions{UID: &uid, ResourceVersion: &s.Version}
	}
	body, err := json.Marshal(opts)
	if err != nil {
		return err
	}
	return e.session.rest.Delete().AbsPath(p...).SetHeader("Content-Type", "application/json").Body(body).MaxRetries(0).Do(ctx).Error()
}

// unsealed is one object with its secret values in it.
type unsealed struct {
	object manifest.Object
	// cover is a Secret of all values that were put in, for masking: a value may stand inside a longer
	// text of the object, and be quoted alone.
	cover   manifest.Object
	problem *manifest.Problem // why it could not be done; object is then as it was
}

// masks are the objects whose values must not be in any text about u.
func (u unsealed) masks() []manifest.Object {
	if u.cover == nil {
		return []manifest.Object{u.object}
	}
	return []manifest.Object{u.object, u.cover}
}

// unseal puts the values that are put aside into the Secrets of set. The values stay in memory and in
// this package. The error wraps manifest.ErrClusterAway; whatever is wrong with one object stands in its
// problem.
func (e *errand) unseal(ctx context.Context, set manifest.Set) ([]unsealed, error) {
	values, refusals, err := e.values(ctx, set)
	if err != nil {
		return nil, err
	}
	out := make([]unsealed, len(set))
	for i, u := range set {
		out[i] = unsealOne(u, values)
		for _, t := range manifest.Tokens(u) {
			if p := refusals[t]; p != nil {
				out[i].problem = p
			}
		}
	}
	return out, nil
}

func unsealOne(u manifest.Object, values manifest.Secrets) unsealed {
	open, err := manifest.Unseal(u, values)
	var missing *manifest.MissingValue
	switch {
	case errors.As(err, &missing) && missing.Token == manifest.Unset:
		return unsealed{object: u, problem: say(manifest.UnsetSecret, "`%s` has no value yet. Set it, then this can be applied.", missing.Key)}
	case errors.As(err, &missing):
		return unsealed{object: u, problem: say(manifest.UnsetSecret, "The value of `%s` is no longer there. Type it again.", missing.Key)}
	case err != nil:
		return unsealed{object: u, problem: say(manifest.Other, "%s holds a secret value where it cannot stay secret, or data that cannot be read, so it is not sent.", manifest.RefOf(u))}
	}
	out := unsealed{object: open}
	if tokens := manifest.Tokens(u); len(tokens) > 0 {
		used := map[string]any{}
		for _, t := range tokens {
			used[string(t)] = base64.StdEncoding.EncodeToString([]byte(values[t]))
		}
		out.cover = &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "data": used}}
	}
	return out
}

// values reads the values of all tokens of set, each once. A token without a value is left out; if the
// API server refuses to say, refusals has the reason.
func (e *errand) values(ctx context.Context, set manifest.Set) (manifest.Secrets, map[manifest.Token]*manifest.Problem, error) {
	values, refusals, asked := manifest.Secrets{}, map[manifest.Token]*manifest.Problem{}, map[manifest.Token]bool{}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(perCall)
	for _, u := range set {
		for _, t := range manifest.Tokens(u) {
			if asked[t] || !t.Stands() {
				continue
			}
			asked[t] = true
			g.Go(func() error {
				v, found, err := e.value(ctx, t)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case ctx.Err() != nil:
					return ctx.Err()
				case away(err):
					return fmt.Errorf("%w: %w", manifest.ErrClusterAway, err)
				case err != nil:
					refusals[t] = e.problem(ctx, err, secretKind)
				case found:
					values[t] = v
				}
				return nil
			})
		}
	}
	return values, refusals, g.Wait()
}

// value reads the value of one token. A Secret of the name that was made for another token, or is
// not marked as one of ours, does not count.
func (e *errand) value(ctx context.Context, t manifest.Token) (value string, found bool, err error) {
	ref := secretKind
	ref.Name = manifest.StagedName(t)
	var s corev1.Secret
	err = asking.do(ctx, func(ctx context.Context) error {
		s = corev1.Secret{}
		return e.session.getInto(ctx, e.place.Namespace, ref, &s)
	}).err
	if gone(err) {
		return "", false, nil
	}
	if err != nil || s.Labels[manifest.LabelStaged] != "true" || s.Annotations[manifest.AnnotationToken] != string(t) {
		return "", false, err
	}
	raw, ok := s.Data[manifest.StagedKey]
	return string(raw), ok, nil
}
