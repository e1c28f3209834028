package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// Git is a folder of charts in a repository, at a commit or a tag, over https. Its folder is read as
// Folder reads one. A tag has one commit: the one that it was first seen with, see OCI.
type Git struct {
	URL      string
	Ref      string // a commit, 40 hexadecimal digits, or a tag
	Path     string // the folder in the repository; empty for its root
	Plain    bool   // http, for a server on this machine
	Access   Access
	Cache    Cache
	Interval time.Duration // 0 means 5 minutes

	known kept
	given string // commit of what was given last
	noted bool
}

// Name is the address, with the folder and what is read of it.
func (g *Git) Name() string {
	name := g.URL
	if g.Path != "" {
		name += "//" + g.Path
	}
	return name + "@" + g.Ref
}

// Every is the interval.
func (g *Git) Every() time.Duration { return orElse(g.Interval, 5*time.Minute) }

// Patience is two minutes: a repository is more than a chart.
func (g *Git) Patience() time.Duration { return 2 * time.Minute }

// Read gives the charts. If the server cannot be asked the first time, it gives what the cache has.
func (g *Git) Read(ctx context.Context) (Content, error) {
	if g.known == nil {
		g.known = g.Cache.load(g.Name())
	}
	old := g.known[g.Ref]
	if plumbing.IsHash(g.Ref) && old.Pin == g.Ref && old.Data != nil { // a commit never changes
		return g.give(old, nil)
	}
	commit, files, err := g.fetch(ctx, old)
	var refused *refusedError
	switch {
	case errors.As(err, &refused) && old.Data != nil:
		return g.give(old, []string{refused.says})
	case err != nil:
		err = g.inWords(err)
		if g.given == "" && old.Data != nil {
			c, cerr := g.give(old, nil)
			c.Cached, c.Problem = true, err.Error()
			return c, cerr
		}
		return Content{}, err
	case files == nil:
		return g.give(old, nil)
	}
	return g.keep(commit, files)
}

// keep remembers what was fetched and gives it.
func (g *Git) keep(commit string, files map[string][]byte) (Content, error) {
	data, err := json.Marshal(files)
	if err != nil {
		return Content{}, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return Content{}, err
	}
	if err := z.Close(); err != nil {
		return Content{}, err
	}
	v := keptVersion{Pin: commit, Sum: sumOf(b.Bytes()), Data: b.Bytes(), Seen: time.Now().UTC().Format(time.RFC3339)}
	g.known = kept{g.Ref: v}
	var notes []string
	if err := g.Cache.store(g.Name(), g.known); err != nil {
		notes = append(notes, "What was fetched could not be kept on disk: "+err.Error())
	}
	return g.give(v, notes)
}

// give makes content of what is kept, unless that was given already.
func (g *Git) give(v keptVersion, notes []string) (Content, error) {
	if g.given == v.Pin && g.noted == (len(notes) > 0) {
		return Content{}, ErrUnchanged
	}
	z, err := gzip.NewReader(bytes.NewReader(v.Data))
	if err != nil {
		return Content{}, fmt.Errorf("what was kept is damaged: %w", err)
	}
	var files map[string][]byte
	if err := json.NewDecoder(io.LimitReader(z, 2*maxTreeBytes)).Decode(&files); err != nil {
		return Content{}, fmt.Errorf("what was kept is damaged: %w", err)
	}
	t := newTree()
	for name, data := range files {
		if err := t.put(name, data); err != nil {
			return Content{}, err
		}
	}
	c, err := collect(t.seal())
	if err != nil {
		return Content{}, err
	}
	for folder := range c.Pins {
		c.Pins[folder] = v.Pin
	}
	c.Notes = notes
	g.given, g.noted = v.Pin, len(notes) > 0
	return c, nil
}

// fetch asks the server. files is nil where the commit is the one that is known.
func (g *Git) fetch(ctx context.Context, old keptVersion) (commit string, files map[string][]byte, err error) {
	session, err := g.connect()
	if err != nil {
		return "", nil, err
	}
	defer session.Close()
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return "", nil, err
	}
	want, err := g.resolve(refs)
	if err != nil {
		return "", nil, err
	}
	switch {
	case old.Pin == want.String() && old.Data != nil:
		return old.Pin, nil, nil
	case old.Pin != "" && old.Pin != want.String():
		return "", nil, refuse("The tag %s was %s and is %s now. The new content is refused, the old one stays. If the change is meant, make a new tag, or name the commit.", g.Ref, old.Pin, want)
	}
	all, err := g.pack(ctx, session, refs, want)
	if err != nil {
		return "", nil, err
	}
	files, err = g.files(all, want)
	return want.String(), files, err
}

func (g *Git) connect() (transport.UploadPackSession, error) {
	u, err := url.Parse(g.URL)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	c, err := newClient(u.Hostname(), g.Plain, g.Access)
	if err != nil {
		return nil, err
	}
	ep, err := transport.NewEndpoint(g.URL)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	var auth transport.AuthMethod
	if g.Access.User != "" || g.Access.Password != "" {
		auth = &githttp.BasicAuth{Username: g.Access.User, Password: g.Access.Password}
	}
	return githttp.NewClient(c).NewUploadPackSession(ep, auth)
}

// resolve finds the commit that is meant.
func (g *Git) resolve(refs *packp.AdvRefs) (plumbing.Hash, error) {
	if plumbing.IsHash(g.Ref) {
		return plumbing.NewHash(g.Ref), nil
	}
	tag := "refs/tags/" + g.Ref
	if h, ok := refs.Peeled[tag]; ok { // of an annotated tag, the commit
		return h, nil
	}
	if h, ok := refs.References[tag]; ok {
		return h, nil
	}
	if _, ok := refs.References["refs/heads/"+g.Ref]; ok {
		return plumbing.ZeroHash, fmt.Errorf("%s is a branch, which moves; name a tag or a commit", g.Ref)
	}
	return plumbing.ZeroHash, fmt.Errorf("there is no tag %s in the repository", g.Ref)
}

// pack fetches one commit without its history.
func (g *Git) pack(ctx context.Context, session transport.UploadPackSession, refs *packp.AdvRefs, want plumbing.Hash) (objects, error) {
	req := packp.NewUploadPackRequest()
	req.Wants = []plumbing.Hash{want}
	for _, c := range []capability.Capability{capability.OFSDelta, capability.Shallow} {
		if refs.Capabilities.Supports(c) {
			if err := req.Capabilities.Set(c); err != nil {
				return nil, err
			}
		}
	}
	if refs.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(1)
	}
	resp, err := session.UploadPack(ctx, req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Close() }() // what matters has been read, or has failed
	return readPack(resp)
}

// files takes what is in the folder. Links and other repositories are left out: a chart is files.
func (g *Git) files(all objects, commit plumbing.Hash) (map[string][]byte, error) {
	at, err := all.treeOf(commit)
	if err != nil {
		return nil, err
	}
	if g.Path != "" {
		for part := range strings.SplitSeq(path.Clean(g.Path), "/") {
			if at, err = all.folder(at, part); err != nil {
				return nil, fmt.Errorf("%s: %w", g.Path, err)
			}
		}
	}
	t := newTree()
	return t.files, all.walk(at, "", 0, t)
}

func (o objects) folder(tree plumbing.Hash, name string) (plumbing.Hash, error) {
	entries, err := o.entries(tree)
	for _, e := range entries {
		if e.name == name && e.mode == "40000" {
			return e.hash, nil
		}
	}
	if err == nil {
		err = errors.New("there is no such folder in the repository")
	}
	return plumbing.ZeroHash, err
}

// maxDepth is how deep folders may be nested; a pack can hold a folder that is in itself.
const maxDepth = 30

func (o objects) walk(folder plumbing.Hash, at string, depth int, into *tree) error {
	if depth > maxDepth {
		return fmt.Errorf("its folders are nested deeper than %d", maxDepth)
	}
	entries, err := o.entries(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.name == "" || e.name == "." || e.name == ".." || strings.Contains(e.name, "/") {
			return fmt.Errorf("it holds %q, which is not a name", e.name)
		}
		switch e.mode {
		case "40000":
			err = o.walk(e.hash, path.Join(at, e.name), depth+1, into)
		case "100644", "100755":
			blob, ok := o[e.hash]
			if !ok || blob.kind != plumbing.BlobObject {
				return fmt.Errorf("it did not send %s", path.Join(at, e.name))
			}
			err = into.put(path.Join(at, e.name), blob.data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inWords makes an error fit for a page, without credentials.
func (g *Git) inWords(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return errors.New("the server does not let this account in")
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return errors.New("the server has no such repository, or does not show it to this account")
	case errors.Is(err, transport.ErrEmptyUploadPackRequest), strings.Contains(err.Error(), "not our ref"):
		return fmt.Errorf("the server does not give %s; most give a commit only while a branch or a tag holds it", g.Ref)
	}
	s := credentials.ReplaceAllString(err.Error(), "//")
	if p := g.Access.Password; p != "" {
		s = strings.ReplaceAll(s, p, "…")
	}
	return errors.New(s)
}
