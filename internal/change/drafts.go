package change

import (
	"context"
	"errors"
	"time"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/policy"
)

// Limits of drafts.
const (
	DraftsPerPerson = 20                  // saving one more removes the oldest
	DraftLife       = 14 * 24 * time.Hour // after its last saving
	DraftBytes      = 2 << 20             // of names and values
)

// SourcePath is the name in a kept form under which its Source stands.
const SourcePath = "source"

// ErrDraftTooLarge means that a form holds more than DraftBytes, so it was not kept.
var ErrDraftTooLarge = errors.New("change: the form is too large to be kept")

// DraftKey names a draft among those of one person.
type DraftKey struct {
	Target   policy.Target
	Template string // its name
	App      string // "" for a new application, whatever name has been typed for it
}

// SavedDraft is a form that somebody has begun and not submitted. It is its owner's alone, and is
// removed in the very transaction in which a change is made of it.
type SavedDraft struct {
	DraftKey
	Version string       // of the template, when it was saved
	Form    catalog.Form // as it was posted, with tokens in place of secrets; nil in lists
	Saved   time.Time
}

// Expires is when the draft is removed unless it is saved again.
func (d SavedDraft) Expires() time.Time { return d.Saved.Add(DraftLife) }

// SaveDraft keeps a form, in place of the one that was kept under its key before. Of the form it keeps
// the template's fields, the application's name (NamePath) and where it was taken over from (SourcePath);
// what stands in a secret field and is no
// token is left out. The draft comes back as it was kept.
//
// It returns ErrDraftTooLarge, catalog.ErrUnknownTemplate, ErrNotFound or a *Refusal.
func (s *Service) SaveDraft(ctx context.Context, who policy.Subject, d SavedDraft) (SavedDraft, error) {
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: d.Target}); err != nil {
		return SavedDraft{}, err
	}
	t, err := s.Templates.Template(catalog.TemplateID{Name: d.Template, Version: d.Version})
	if err != nil {
		return SavedDraft{}, err
	}
	form := t.Keepable(d.Form)
	if name := d.Form.Get(NamePath); name != "" && d.App == "" {
		form.Set(NamePath, name)
	}
	if from := ReadSource(d.Target.Team, d.Form.Get(SourcePath)); from != nil {
		form.Set(SourcePath, from.String())
	}
	if sizeOf(form) > DraftBytes {
		return SavedDraft{}, ErrDraftTooLarge
	}
	d.Form, d.Saved = form, s.now()
	return d, s.Store.SaveDraft(ctx, who.Identity, d)
}

// Draft gives a draft of who. ErrNotFound if there is none, or its target is no longer for who.
func (s *Service) Draft(ctx context.Context, who policy.Subject, key DraftKey) (SavedDraft, error) {
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: key.Target}); err != nil {
		return SavedDraft{}, err
	}
	return s.Store.Draft(ctx, who.Identity, key, s.now().Add(-DraftLife))
}

// Drafts lists the drafts of who, the newest first, without their forms. One whose target is no longer
// for who is left out.
func (s *Service) Drafts(ctx context.Context, who policy.Subject) ([]SavedDraft, error) {
	all, err := s.Store.Drafts(ctx, who.Identity, s.now().Add(-DraftLife))
	if err != nil {
		return nil, err
	}
	mine := all[:0]
	for _, d := range all {
		if s.May(who, policy.PreviewChange, policy.Resource{Target: d.Target}) == nil {
			mine = append(mine, d)
		}
	}
	return mine, nil
}

// DropDraft removes a draft of who. One that is not there is no error.
func (s *Service) DropDraft(ctx context.Context, who policy.Subject, key DraftKey) error {
	if err := s.May(who, policy.PreviewChange, policy.Resource{Target: key.Target}); err != nil {
		return err
	}
	return s.Store.DropDraft(ctx, who.Identity, key)
}

// DraftKey is the key of the draft that the change was made of; false for a change that has no form.
func (c Change) DraftKey() (DraftKey, bool) {
	key := DraftKey{Target: c.App.Target, Template: c.Template.Name}
	if c.Kind == Update {
		key.App = c.App.Name
	}
	return key, c.Kind == Create || c.Kind == Update
}

func sizeOf(form catalog.Form) int {
	n := 0
	for name, values := range form {
		n += len(name)
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}
