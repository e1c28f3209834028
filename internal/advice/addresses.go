package advice

import (
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"slipway.dev/slipway/internal/manifest"
)

// internal matches an address whose host may be a Service: NAME, NAME.NAMESPACE, and these with .svc and
// the cluster's own domain (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/).
var internal = regexp.MustCompile(`\b[a-z][a-z0-9+.-]*://(?:[^\s/@"']*@)?([a-z]([-a-z0-9]{0,61}[a-z0-9])?)(?:\.([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?))?(\.svc(?:\.cluster\.local)?)?:([0-9]{1,5})\b`)

// address is a Service and port that some text names.
type address struct {
	ref     manifest.Ref // where it stands
	path    string
	text    string // "http://api:3000"
	service manifest.Ref
	port    int32
}

// addresses finds what the settings, arguments and environments of the application name. Secrets are
// not looked into.
func (s *set) addresses() []address {
	var out []address
	for _, name := range slices.Sorted(maps.Keys(s.configs)) {
		u := s.configs[name]
		data, _ := u.Object["data"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(data)) {
			text, _ := data[key].(string)
			out = append(out, s.addressesIn(text, manifest.RefIn(u, s.home), ".data."+key)...)
		}
	}
	for _, w := range s.works {
		if w.ref.Namespace != "" {
			continue
		}
		for _, c := range containers(w.pod) {
			at := fmt.Sprintf("%s.containers[name=%q]", w.at, c.Name)
			for _, e := range c.Env {
				out = append(out, s.addressesIn(e.Value, w.ref, at+".env."+e.Name)...)
			}
			for _, arg := range slices.Concat(c.Command, c.Args) {
				out = append(out, s.addressesIn(arg, w.ref, at+".args")...)
			}
		}
	}
	return out
}

func containers(p corev1.PodSpec) []corev1.Container {
	return slices.Concat(p.InitContainers, p.Containers)
}

func (s *set) addressesIn(text string, ref manifest.Ref, path string) []address {
	var out []address
	for _, m := range internal.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		name, namespace, svc := group(1), group(3), group(5)
		if namespace == "svc" && svc == "" { // NAME.svc is no name of a Service
			continue
		}
		// Without .svc, NAME.NAMESPACE may as well be a host outside: example.com.
		if name == "localhost" || namespace != "" && svc == "" && namespace != s.home {
			continue
		}
		port, err := strconv.ParseInt(group(6), 10, 32)
		if err != nil || port == 0 || port > 65535 {
			continue
		}
		a := address{ref: ref, path: path, port: int32(port), service: manifest.Ref{Version: "v1", Kind: "Service", Name: name}}
		if namespace != s.home {
			a.service.Namespace = namespace
		}
		host := strings.TrimSuffix(text[m[2]:m[1]], ":"+group(6))
		a.text = text[m[0]:strings.Index(text[m[0]:], "://")+m[0]+3] + net.JoinHostPort(host, group(6)) // without a user and password
		out = append(out, a)
	}
	return out
}

func (s *set) wrongAddresses(facts manifest.Facts) []Warning {
	var out []Warning
	for _, a := range s.addresses() {
		service, known := facts.Services[a.service]
		if mine, ok := s.services[a.service]; ok {
			service, known = read(mine), true
		}
		where := "in this namespace"
		if a.service.Namespace != "" {
			where = fmt.Sprintf("in the namespace `%s`", a.service.Namespace)
		}
		var says string
		switch {
		case !known, service.External, len(service.Ports) == 0 && service.Exists, slices.Contains(service.Ports, a.port):
			continue
		case !service.Exists:
			says = fmt.Sprintf("`%s` leads nowhere: there is no Service `%s` %s.", a.text, a.service.Name, where)
		default:
			says = fmt.Sprintf("`%s` is not answered: the Service `%s` has %s, not %d.", a.text, a.service.Name, ports(service.Ports), a.port)
		}
		out = append(out, Warning{says, a.ref, a.path})
	}
	return out
}

func read(s corev1.Service) manifest.Service {
	out := manifest.Service{Exists: true, External: s.Spec.Type == corev1.ServiceTypeExternalName}
	if s.Spec.ClusterIP == corev1.ClusterIPNone {
		out.External = true // one asks its pods directly, at any port that they have
	}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, p.Port)
	}
	return out
}

func ports(all []int32) string {
	if len(all) == 1 {
		return fmt.Sprintf("port %d", all[0])
	}
	var words []string
	for _, p := range all {
		words = append(words, strconv.Itoa(int(p)))
	}
	return "ports " + strings.Join(words, ", ")
}
