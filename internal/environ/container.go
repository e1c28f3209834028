package environ

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

func (l *look) containers(ref manifest.Ref, pod corev1.PodSpec) []Container {
	var out []Container
	links := pod.EnableServiceLinks == nil || *pod.EnableServiceLinks
	add := func(c corev1.Container, first bool) {
		out = append(out, l.container(Container{Workload: ref, Name: c.Name, Init: first, Links: links}, c))
	}
	for _, c := range pod.InitContainers {
		// One that is always started again runs beside the others (KEP-753).
		add(c, c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways)
	}
	for _, c := range pod.Containers {
		add(c, false)
	}
	return out
}

// assembly is an environment on its way.
type assembly struct {
	vars map[string]Variable
	open bool // something may give variables that nobody knows
}

// put sets a variable; what had the name before is kept as overridden.
func (a *assembly) put(name string, o Origin) Variable {
	v := Variable{Name: name, Origin: o}
	if old, ok := a.vars[name]; ok {
		v.Overrides = append([]Origin{old.Origin}, old.Overrides...)
	}
	a.vars[name] = v
	return v
}

func (l *look) container(out Container, c corev1.Container) Container {
	a := &assembly{vars: map[string]Variable{}, open: out.Links}
	for _, from := range c.EnvFrom {
		switch {
		case from.ConfigMapRef != nil:
			out.Sources = append(out.Sources, l.all(a, ConfigMap, from.ConfigMapRef.Name, from.Prefix, from.ConfigMapRef.Optional))
		case from.SecretRef != nil:
			out.Sources = append(out.Sources, l.all(a, Secret, from.SecretRef.Name, from.Prefix, from.SecretRef.Optional))
		}
	}
	for _, e := range c.Env {
		l.one(a, e)
	}
	out.Variables = slices.SortedFunc(maps.Values(a.vars), func(x, y Variable) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// all takes every key of a ConfigMap or Secret.
func (l *look) all(a *assembly, kind Kind, name, prefix string, optional *bool) Source {
	ref := refTo(kind, name)
	have, known := l.keys[ref]
	s := Source{Kind: kind, Name: name, Prefix: prefix, Optional: optional != nil && *optional, Known: known, Missing: known && !have.Exists}
	a.open = a.open || !known
	for _, key := range have.Keys {
		if !isName(prefix + key) {
			s.Unusable = append(s.Unusable, key)
			continue
		}
		s.Gives++
		value, shown := l.values[ref][key]
		a.put(prefix+key, Origin{Kind: kind, Name: name, Key: key, Value: value, Shown: shown})
	}
	return s
}

// isName tells whether a key becomes a variable: the kubelet passes over what has a "=" in it, is no
// printable ASCII, or is empty.
func isName(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return r == '=' || r < ' ' || r > '~' })
}

// one takes an entry of env.
func (l *look) one(a *assembly, e corev1.EnvVar) {
	from := e.ValueFrom
	switch {
	case e.Value != "" || from == nil:
		v := Variable{}
		for _, name := range references(e.Value) {
			_, there := a.vars[name]
			switch {
			case there:
				v.Expands = append(v.Expands, name)
			case !a.open:
				v.Literal = append(v.Literal, name)
			}
		}
		set := a.put(e.Name, Origin{Kind: Own, Value: e.Value, Shown: true})
		set.Expands, set.Literal = v.Expands, v.Literal
		a.vars[e.Name] = set
	case from.ConfigMapKeyRef != nil:
		l.key(a, e.Name, ConfigMap, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key, from.ConfigMapKeyRef.Optional)
	case from.SecretKeyRef != nil:
		l.key(a, e.Name, Secret, from.SecretKeyRef.Name, from.SecretKeyRef.Key, from.SecretKeyRef.Optional)
	case from.FieldRef != nil:
		a.put(e.Name, Origin{Kind: Field, Name: from.FieldRef.FieldPath})
	case from.ResourceFieldRef != nil:
		path := from.ResourceFieldRef.Resource
		if from.ResourceFieldRef.ContainerName != "" {
			path = from.ResourceFieldRef.ContainerName + ": " + path
		}
		a.put(e.Name, Origin{Kind: Resource, Name: path})
	default:
		a.put(e.Name, Origin{Kind: Other})
	}
}

// key takes one key of a ConfigMap or Secret. Where it is optional and not there, what gave the variable
// before stays.
func (l *look) key(a *assembly, name string, kind Kind, object, key string, optional *bool) {
	ref := refTo(kind, object)
	have, known := l.keys[ref]
	o := Origin{Kind: kind, Name: object, Key: key, Optional: optional != nil && *optional, Unseen: !known}
	there := slices.Contains(have.Keys, key)
	if known && !there {
		if o.Optional {
			return
		}
		o.Missing = true
	}
	o.Value, o.Shown = l.values[ref][key]
	a.put(name, o)
}

// references are the names in $(NAME), each once, as Kubernetes reads them: "$$" stands for "$" and hides what
// follows, and a "$(" without its ")" means nothing
// (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
func references(text string) []string {
	var names []string
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '$' {
			continue
		}
		if text[i+1] == '(' {
			end := strings.IndexByte(text[i+2:], ')')
			if end < 0 {
				i++
				continue
			}
			if name := text[i+2 : i+2+end]; !slices.Contains(names, name) {
				names = append(names, name)
			}
			i += 2 + end
			continue
		}
		i++ // "$$", or a "$" that means itself
	}
	return names
}
