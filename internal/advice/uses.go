package advice

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

// use is a reference to a claim, a Secret or a ConfigMap, or to a key of one.
type use struct {
	from manifest.Ref
	path string
	ref  manifest.Ref
	key  string // empty for the whole
	why  string // "for TLS", "to pull images"; empty where that is clear
}

// uses finds all references that must be there; what is marked optional is left out.
func (s *set) uses() []use {
	var out []use
	for _, w := range s.works {
		if w.ref.Namespace != "" {
			continue
		}
		for _, p := range w.pod.ImagePullSecrets {
			out = append(out, use{from: w.ref, path: w.at + ".imagePullSecrets", ref: secret(p.Name), why: " to pull images with"})
		}
		for _, c := range containers(w.pod) {
			out = append(out, w.usesOf(c)...)
		}
		for _, v := range w.pod.Volumes {
			out = append(out, w.usesOfVolume(v)...)
		}
	}
	for _, u := range s.ingresses {
		ref := manifest.RefIn(u, s.home)
		// A certificate that cert-manager makes is there later.
		if ref.Namespace != "" || u.GetAnnotations()["cert-manager.io/cluster-issuer"]+u.GetAnnotations()["cert-manager.io/issuer"] != "" {
			continue
		}
		spec, _ := u.Object["spec"].(map[string]any)
		list, _ := spec["tls"].([]any)
		for _, t := range list {
			m, _ := t.(map[string]any)
			if name, _ := m["secretName"].(string); name != "" {
				out = append(out, use{from: ref, path: ".spec.tls", ref: secret(name), why: " with its certificate"})
			}
		}
	}
	return slices.DeleteFunc(out, func(u use) bool { return u.ref.Name == "" })
}

func secret(name string) manifest.Ref {
	return manifest.Ref{Version: "v1", Kind: "Secret", Name: name}
}

func configMap(name string) manifest.Ref {
	return manifest.Ref{Version: "v1", Kind: "ConfigMap", Name: name}
}

func must(optional *bool) bool { return optional == nil || !*optional }

func (w work) usesOf(c corev1.Container) []use {
	var out []use
	at := fmt.Sprintf("%s.containers[name=%q]", w.at, c.Name)
	for _, e := range c.Env {
		switch {
		case e.ValueFrom == nil:
		case e.ValueFrom.SecretKeyRef != nil && must(e.ValueFrom.SecretKeyRef.Optional):
			out = append(out, use{from: w.ref, path: at + ".env." + e.Name, ref: secret(e.ValueFrom.SecretKeyRef.Name), key: e.ValueFrom.SecretKeyRef.Key})
		case e.ValueFrom.ConfigMapKeyRef != nil && must(e.ValueFrom.ConfigMapKeyRef.Optional):
			out = append(out, use{from: w.ref, path: at + ".env." + e.Name, ref: configMap(e.ValueFrom.ConfigMapKeyRef.Name), key: e.ValueFrom.ConfigMapKeyRef.Key})
		}
	}
	for _, e := range c.EnvFrom {
		switch {
		case e.SecretRef != nil && must(e.SecretRef.Optional):
			out = append(out, use{from: w.ref, path: at + ".envFrom", ref: secret(e.SecretRef.Name)})
		case e.ConfigMapRef != nil && must(e.ConfigMapRef.Optional):
			out = append(out, use{from: w.ref, path: at + ".envFrom", ref: configMap(e.ConfigMapRef.Name)})
		}
	}
	return out
}

func (w work) usesOfVolume(v corev1.Volume) []use {
	var out []use
	at := fmt.Sprintf("%s.volumes[name=%q]", w.at, v.Name)
	add := func(ref manifest.Ref, items []corev1.KeyToPath, optional *bool) {
		if !must(optional) {
			return
		}
		out = append(out, use{from: w.ref, path: at, ref: ref})
		for _, i := range items {
			out = append(out, use{from: w.ref, path: at, ref: ref, key: i.Key})
		}
	}
	switch {
	case v.PersistentVolumeClaim != nil:
		add(manifest.Ref{Version: "v1", Kind: "PersistentVolumeClaim", Name: v.PersistentVolumeClaim.ClaimName}, nil, nil)
	case v.Secret != nil:
		add(secret(v.Secret.SecretName), v.Secret.Items, v.Secret.Optional)
	case v.ConfigMap != nil:
		add(configMap(v.ConfigMap.Name), v.ConfigMap.Items, v.ConfigMap.Optional)
	case v.Projected != nil:
		for _, src := range v.Projected.Sources {
			if src.Secret != nil {
				add(secret(src.Secret.Name), src.Secret.Items, src.Secret.Optional)
			}
			if src.ConfigMap != nil {
				add(configMap(src.ConfigMap.Name), src.ConfigMap.Items, src.ConfigMap.Optional)
			}
		}
	}
	return out
}

// missing says which Secrets, ConfigMaps and keys are not there.
func (s *set) missing(facts manifest.Facts) []Warning {
	var out []Warning
	for _, u := range s.uses() {
		have, known := facts.Keyed[u.ref]
		if keys, mine := s.keyed[u.ref]; mine {
			have, known = manifest.Keyed{Exists: true, Keys: keys}, true
		}
		switch {
		case !known, s.later[u.ref]:
		case !have.Exists:
			out = append(out, Warning{fmt.Sprintf("%s `%s` needs the %s `%s`%s, which does not exist in this namespace.", u.from.Kind, u.from.Name, u.ref.Kind, u.ref.Name, u.why), u.from, u.path})
		case u.key != "" && !slices.Contains(have.Keys, u.key):
			out = append(out, Warning{fmt.Sprintf("%s `%s` needs the key `%s` of the %s `%s`, which has %s.", u.from.Kind, u.from.Name, u.key, u.ref.Kind, u.ref.Name, keys(have.Keys)), u.from, u.path})
		}
	}
	return out
}

func keys(all []string) string {
	const most = 5
	switch {
	case len(all) == 0:
		return "no keys"
	case len(all) > most:
		return fmt.Sprintf("`%s` and %d more", strings.Join(all[:most], "`, `"), len(all)-most)
	}
	return "`" + strings.Join(all, "`, `") + "`"
}

// secretFolders are where files with secrets are mounted by custom.
var secretFolders = []string{"/secrets", "/etc/secrets", "/run/secrets", "/var/run/secrets", "/etc/certs", "/certs", "/etc/tls", "/mnt/secrets"}

// unmounted finds settings that name a file in a folder of secrets that nothing is mounted at.
func (s *set) unmounted() []Warning {
	var out []Warning
	for _, w := range s.works {
		for _, c := range w.pod.Containers {
			for _, e := range s.settings(c) {
				named := strings.HasSuffix(e.Name, "_PATH") || strings.HasSuffix(e.Name, "_FILE")
				if !named || !path.IsAbs(e.Value) || !inSecretFolder(e.Value) || mounted(c, e.Value) {
					continue
				}
				if !slices.Contains(c.Env, e) && s.mountedSomewhere(e.Value) {
					continue // settings that several share: the one that reads the file has it
				}
				out = append(out, Warning{
					fmt.Sprintf("`%s` is `%s`, and nothing is mounted in `%s` of `%s`: the file will not be there.", e.Name, e.Value, path.Dir(e.Value), c.Name),
					w.ref, fmt.Sprintf("%s.containers[name=%q].volumeMounts", w.at, c.Name),
				})
			}
		}
	}
	return out
}

// mountedSomewhere tells whether any container of the set has something mounted where a file is.
func (s *set) mountedSomewhere(file string) bool {
	return slices.ContainsFunc(s.works, func(w work) bool {
		return slices.ContainsFunc(w.pod.Containers, func(c corev1.Container) bool { return mounted(c, file) })
	})
}

// settings are the environment of a container, as far as the set itself says it.
func (s *set) settings(c corev1.Container) []corev1.EnvVar {
	out := slices.Clone(c.Env)
	own := func(name string) bool {
		return slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == name })
	}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil || s.configs[from.ConfigMapRef.Name] == nil {
			continue
		}
		u := s.configs[from.ConfigMapRef.Name]
		data, _ := u.Object["data"].(map[string]any)
		for _, key := range keysOf(u) {
			if text, ok := data[key].(string); ok && !own(from.Prefix+key) {
				out = append(out, corev1.EnvVar{Name: from.Prefix + key, Value: text})
			}
		}
	}
	return out
}

func inSecretFolder(file string) bool {
	return slices.ContainsFunc(secretFolders, func(f string) bool { return strings.HasPrefix(file, f+"/") })
}

func mounted(c corev1.Container, file string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
		at := strings.TrimSuffix(m.MountPath, "/")
		return file == at || strings.HasPrefix(file, at+"/")
	})
}
