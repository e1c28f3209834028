package kube

import (
	"context"
	"maps"
	"net/http"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"slipway.dev/slipway/internal/manifest"
)

// A change is agreed to for the objects that were there when it was planned. Whatever is made later under the name of
// one of them is another object, whoever made it and whatever labels it has (ADR 32). What tells the two apart is the
// UID (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#uids). The portal compares it when it
// looks, and has the API server compare it when it writes.

// replaced says that an object is not the one that was planned for.
type replaced struct {
	there bool // another one of its name is; else there is none any more
}

func (r *replaced) Error() string {
	if r.there {
		return "the object is another one than was planned for"
	}
	return "the object was deleted after it was planned for"
}

// problem puts it into words.
func (r *replaced) problem(ref manifest.Ref) *manifest.Problem {
	if r.there {
		return say(manifest.Replaced, "%s is another one than this was planned for: that one was deleted, and somebody has made one of the same name. It is left as it is. Submit the change again to see what it does to this one.", ref)
	}
	return say(manifest.Replaced, "%s was deleted after this was planned. It is not made anew, because nobody agreed to that. Submit the change again if it is to be there.", ref)
}

// goneMeanwhile tells what it means that there is no object of the name: nothing, where none was planned for, or
// where it was on its way out, else that somebody has deleted it.
func (s *step) goneMeanwhile() error {
	if s.uid != "" && !s.ending {
		return &replaced{}
	}
	s.uid = "" // what is there from now on was made by this run, or is found out by noVersion
	return nil
}

// stillThatOne tells why the object that is there may not be written; nil if nothing speaks against it.
func (r *run) stillThatOne(s *step) error {
	if whose, mine := r.mine(s.head); !mine {
		return &foreign{whose}
	}
	if s.uid != "" && s.uid != s.head.UID {
		return &replaced{there: true}
	}
	s.ending = s.head.DeletionTimestamp != nil
	return r.owned(s.head)
}

// orReplaced is err, or what is behind it: that the object is no longer the one that was looked at. The API server
// says "conflict" of one that is gone, and of another one that its UID cannot be changed, so what is there is looked at.
func (r *run) orReplaced(ctx context.Context, s *step, err error) error {
	status, answered := answerOf(err)
	if !answered || s.head == nil || status.Code != http.StatusConflict && status.Code != http.StatusUnprocessableEntity {
		return err
	}
	switch head, now := r.session.head(ctx, r.place.Namespace, s.outcome.Ref); {
	case gone(now):
		return &replaced{}
	case now == nil && head.UID != s.head.UID:
		if whose, mine := r.mine(head); !mine {
			return &foreign{whose}
		}
		return &replaced{there: true}
	}
	return err
}

// only is opts for an apply to the very object that was looked at, or, where there was none, to a new one.
func (s *step) only(opts applyOptions) applyOptions {
	if s.head == nil {
		opts.onlyNew = true
		return opts
	}
	opts.uid = s.head.UID
	return opts
}

// withUID is u as it is sent to be applied to the object of that UID, and to no other. u stays as it is.
func withUID(u manifest.Object, uid types.UID) manifest.Object {
	return withMetadata(u, "uid", string(uid))
}

// withMetadata is u with a field of its metadata. u stays as it is.
func withMetadata(u manifest.Object, field, value string) manifest.Object {
	object := maps.Clone(u.Object)
	metadata, _ := object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	metadata[field] = value
	object["metadata"] = metadata
	return &unstructured.Unstructured{Object: object}
}
