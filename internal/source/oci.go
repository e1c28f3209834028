package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"sigs.k8s.io/yaml"
)

// Helm's media types in a registry (HIP 6).
const (
	helmConfig  = "application/vnd.cncf.helm.config.v1+json"
	helmContent = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

const (
	maxTags     = 10_000
	maxVersions = 50 // of one repository
	maxManifest = 1 << 20
)

// OCI is a repository of a registry with the versions of one chart, as `helm push` puts them there.
//
// A version has one content. What a tag was first seen with is remembered in the cache; if it has
// another digest later, the new content is refused and the old one stays. Who wants certainty from the
// beginning, or has several portals, writes the digest into the configuration.
type OCI struct {
	Repository string   // "registry.example.com/charts/web-service"
	Versions   []string // "1.2.0", "1.2.0@sha256:…" or a range such as "^1.2"; none for "*"
	Plain      bool     // http, for a registry on this machine
	Access     Access
	Cache      Cache
	Interval   time.Duration // 0 means 5 minutes

	repo  *remote.Repository
	known kept
	given map[string]string // version → pin of what was given last
	notes []string          // of what was given last
}

// Name is the repository.
func (o *OCI) Name() string { return "oci://" + o.Repository }

// Every is the interval.
func (o *OCI) Every() time.Duration { return orElse(o.Interval, 5*time.Minute) }

// Patience is a minute.
func (o *OCI) Patience() time.Duration { return time.Minute }

func orElse(d, other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return d
}

// wanted is a version that the configuration names or means.
type wanted struct {
	version string // "1.2.0+build"
	digest  string // as the configuration pins it; empty for as first seen
}

// tag is how a version stands in a registry, whose tags have no "+".
func (w wanted) tag() string { return strings.ReplaceAll(w.version, "+", "_") }

// Read gives the versions. If the registry cannot be asked the first time, it gives what the cache has.
func (o *OCI) Read(ctx context.Context) (Content, error) {
	first := o.given == nil
	if o.known == nil {
		o.known = o.Cache.load(o.Name())
	}
	have, notes, err := o.fetch(ctx)
	if err != nil {
		err = o.inWords(err)
		if first && len(o.known) > 0 {
			c := o.content(o.meant(o.known), nil)
			c.Cached, c.Problem = true, err.Error()
			return c, nil
		}
		return Content{}, err
	}
	now := map[string]string{}
	for version, v := range have {
		now[version] = v.Pin
	}
	if !first && maps.Equal(now, o.given) && slices.Equal(notes, o.notes) {
		return Content{}, ErrUnchanged
	}
	o.given, o.notes = now, notes
	for version, v := range have {
		o.known[version] = v
	}
	if err := o.Cache.store(o.Name(), o.known); err != nil {
		notes = append(notes, "What was fetched could not be kept on disk: "+err.Error())
	}
	return o.content(have, notes), nil
}

// fetch gets what is wanted and not known yet. The error is for what concerns the registry as a whole.
func (o *OCI) fetch(ctx context.Context) (kept, []string, error) {
	if err := o.connect(); err != nil {
		return nil, nil, err
	}
	all, err := o.wanted(ctx)
	if err != nil {
		return nil, nil, err
	}
	have, notes := kept{}, []string(nil)
	for _, w := range all {
		v, err := o.version(ctx, w)
		var refused *refusedError
		switch {
		case errors.As(err, &refused):
			notes = append(notes, refused.says)
			if old := o.known[w.version]; old.Data != nil && (w.digest == "" || w.digest == old.Pin) {
				have[w.version] = old
			}
		case err != nil:
			return nil, nil, fmt.Errorf("version %s: %w", w.version, err)
		default:
			have[w.version] = v
		}
	}
	return have, notes, nil
}

// meant is what the configuration of now means of what was kept before.
func (o *OCI) meant(all kept) kept {
	exact, ranges, err := o.entries()
	if err != nil {
		return nil
	}
	out := kept{}
	for version, v := range all {
		parsed, err := semver.StrictNewVersion(version)
		if err != nil {
			continue
		}
		i := slices.IndexFunc(exact, func(w wanted) bool { return w.version == version })
		switch {
		case i >= 0 && exact[i].digest != "" && exact[i].digest != v.Pin:
		case i >= 0, slices.ContainsFunc(ranges, func(r *semver.Constraints) bool { return r.Check(parsed) }):
			out[version] = v
		}
	}
	return out
}

// refusedError is why one version is not taken; the others are.
type refusedError struct{ says string }

func (e *refusedError) Error() string { return e.says }

func refuse(format string, args ...any) error { return &refusedError{fmt.Sprintf(format, args...)} }

func (o *OCI) connect() error {
	if o.repo != nil {
		return nil
	}
	repo, err := remote.NewRepository(o.Repository)
	if err != nil {
		return fmt.Errorf("%q is not a repository such as registry.example.com/charts/web-service", o.Repository)
	}
	host := repo.Reference.Host()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	client, err := newClient(host, o.Plain, o.Access)
	if err != nil {
		return err
	}
	c := &auth.Client{Client: client, Cache: auth.NewCache()}
	if o.Access.User != "" || o.Access.Password != "" {
		c.Credential = auth.StaticCredential(repo.Reference.Host(), auth.Credential{Username: o.Access.User, Password: o.Access.Password})
	}
	repo.Client, repo.PlainHTTP, repo.MaxMetadataBytes = c, o.Plain, maxManifest
	o.repo = repo
	return nil
}

// entries reads what the configuration says of versions.
func (o *OCI) entries() (exact []wanted, ranges []*semver.Constraints, err error) {
	for _, e := range o.Versions {
		version, digest, _ := strings.Cut(e, "@")
		if _, err := semver.StrictNewVersion(version); err == nil {
			exact = append(exact, wanted{version, digest})
			continue
		}
		r, err := semver.NewConstraint(e)
		if err != nil {
			return nil, nil, fmt.Errorf("%q is neither a version nor a range of versions", e)
		}
		ranges = append(ranges, r)
	}
	if len(o.Versions) == 0 {
		r, err := semver.NewConstraint("*")
		return nil, []*semver.Constraints{r}, err
	}
	return exact, ranges, nil
}

// wanted lists the versions that the configuration means.
func (o *OCI) wanted(ctx context.Context) ([]wanted, error) {
	out, ranges, err := o.entries()
	if err != nil {
		return nil, err
	}
	if len(ranges) == 0 {
		return out, nil
	}
	tags, err := o.tags(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range tags {
		named := slices.ContainsFunc(out, func(w wanted) bool { return w.version == v.Original() })
		meant := slices.ContainsFunc(ranges, func(r *semver.Constraints) bool { return r.Check(v) })
		if meant && !named && len(out) < maxVersions {
			out = append(out, wanted{version: v.Original()})
		}
	}
	return out, nil
}

// tags are the tags that are versions, newest first.
func (o *OCI) tags(ctx context.Context) ([]*semver.Version, error) {
	var out []*semver.Version
	n := 0
	err := o.repo.Tags(ctx, "", func(tags []string) error {
		if n += len(tags); n > maxTags {
			return fmt.Errorf("it lists more than %d tags", maxTags)
		}
		for _, t := range tags {
			if v, err := semver.StrictNewVersion(strings.ReplaceAll(t, "_", "+")); err == nil {
				out = append(out, v)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b *semver.Version) int { return b.Compare(a) })
	return out, err
}

// version gets one version, unless it is known already.
func (o *OCI) version(ctx context.Context, w wanted) (keptVersion, error) {
	old, seen := o.known[w.version]
	reference := w.tag()
	if w.digest != "" {
		reference = w.digest
		if old.Pin == w.digest && old.Data != nil {
			return old, nil
		}
	}
	desc, err := o.repo.Resolve(ctx, reference)
	switch {
	case errors.Is(err, errdef.ErrNotFound) && seen && old.Data != nil:
		return keptVersion{}, refuse("Version %s is no longer in the registry. What it was is kept.", w.version)
	case errors.Is(err, errdef.ErrNotFound):
		return keptVersion{}, refuse("Version %s is not in the registry.", w.version)
	case err != nil:
		return keptVersion{}, err
	}
	pin := desc.Digest.String()
	if w.digest == "" && seen && old.Pin != pin {
		return keptVersion{}, refuse("The tag of version %s was %s and is %s now. The new content is refused, the old one stays. If the change is meant, publish it as a new version, or pin the new digest.", w.version, old.Pin, pin)
	}
	if seen && old.Pin == pin && old.Data != nil {
		return old, nil
	}
	data, err := o.layer(ctx, desc)
	if err == nil {
		err = isVersion(data, w.version)
	}
	if err != nil {
		return keptVersion{}, err
	}
	return keptVersion{Pin: pin, Sum: sumOf(data), Data: data, Seen: time.Now().UTC().Format(time.RFC3339)}, nil
}

// layer fetches the packed chart that a manifest names. What comes is checked against size and digest.
func (o *OCI) layer(ctx context.Context, desc ocispec.Descriptor) ([]byte, error) {
	if desc.Size > maxManifest {
		return nil, refuse("A manifest in the registry is larger than %d MiB.", maxManifest>>20)
	}
	raw, err := content.FetchAll(ctx, o.repo, desc)
	if err != nil {
		return nil, err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw, &m); err != nil || m.Config.MediaType != helmConfig {
		return nil, refuse("%s is not a Helm chart.", desc.Digest)
	}
	for _, l := range m.Layers {
		if l.MediaType != helmContent {
			continue
		}
		if l.Size > maxPackedBytes {
			return nil, refuse("The chart in %s is larger than %d MiB.", desc.Digest, maxPackedBytes>>20)
		}
		return content.FetchAll(ctx, o.repo.Blobs(), l)
	}
	return nil, refuse("%s holds no chart.", desc.Digest)
}

// isVersion refuses a chart that says of itself another version than its tag does.
func isVersion(data []byte, version string) error {
	_, files, err := unpack(data)
	if err != nil {
		return refuse("Version %s is refused: %v.", version, err)
	}
	var meta struct{ Version string }
	if err := yaml.Unmarshal(files.files["Chart.yaml"], &meta); err != nil || meta.Version != version {
		return refuse("The tag says version %s and the chart in it says %q, so it is refused.", version, meta.Version)
	}
	return nil
}

// content unpacks what was fetched.
func (o *OCI) content(have kept, notes []string) Content {
	name := o.Repository[strings.LastIndexByte(o.Repository, '/')+1:]
	c := collector{files: newTree(), content: Content{Broken: map[string]error{}, Pins: map[string]string{}, Notes: notes}}
	for version, v := range have {
		folder := folderFor(name, version)
		if v.Data == nil {
			continue
		}
		_, chart, err := unpack(v.Data)
		c.add(folder, chart, err)
		c.content.Pins[folder] = v.Pin
	}
	c.content.Files = c.files.seal()
	return c.content
}

var credentials = regexp.MustCompile(`//[^/@\s"]*@`)

// inWords makes an error fit for a page: without credentials that an address may hold.
func (o *OCI) inWords(err error) error {
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		return errors.New("the registry has no such repository, or does not show it to this account")
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return errors.New("the registry asks for credentials, and none are configured")
	case errors.Is(err, context.DeadlineExceeded):
		return err
	}
	s := credentials.ReplaceAllString(err.Error(), "//")
	if p := o.Access.Password; p != "" {
		s = strings.ReplaceAll(s, p, "…")
	}
	return errors.New(s)
}
