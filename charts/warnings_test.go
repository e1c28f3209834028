package charts_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/charts"
	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/policy"
)

// release is where the inputs of these tests would go.
var release = catalog.Release{App: "shop", Target: policy.Target{Team: "team", Environment: "production"}}

// opened is read once: to compile all rules takes a while.
var opened = sync.OnceValues(func() (*catalog.Catalog, error) { return catalog.Open(charts.FS) })

// template loads one of the built-in templates.
func template(t *testing.T, name string) *catalog.Template {
	t.Helper()
	all, err := opened()
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := all.Newest(name)
	if err != nil || tpl.Broken != nil {
		t.Fatal(err, tpl.Broken)
	}
	return tpl
}

// inputs reads YAML as a form's inputs.
func inputs(t *testing.T, text string) catalog.Inputs {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	var in catalog.Inputs
	if err := decoder.Decode(&in); err != nil {
		t.Fatal(err)
	}
	return in
}

// What can be meant but is often a slip is warned of, at the field that one would change, and stops
// nothing. Each case is followed by the same inputs without the slip, which are not warned of. The
// numbers are those of docs/requirements.md.
func TestWarnings(t *testing.T) {
	const web = "image: a/b:1\nport: 80\n"
	for _, tc := range []struct {
		name, template string
		slip           string // what is warned of
		at, says       string
		right          string // the same without the slip
	}{
		{"P5 tag that moves", "web-service", "image: a/b:latest\nport: 80", "/image", "This tag moves", web},
		{"P5 no tag", "web-service", "image: kennethreitz/httpbin\nport: 80", "/image", "This tag moves", "image: kennethreitz/httpbin:1.0\nport: 80"},
		{"P5 no tag, simple", "simple-service", "image: kennethreitz/httpbin\nport: 80", "/image", "This tag moves", "image: a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nport: 80"},
		{"P5 no tag, worker", "worker", "image: a/b", "/image", "This tag moves", "image: a/b:1"},
		{"P5 no tag, stateful", "stateful", "image: a/b\nport: 80\nstorage: {mountPath: /d}", "/image", "This tag moves", "image: a/b:1\nport: 80\nstorage: {mountPath: /d}"},
		{"P5 no tag, job", "scheduled-job", "image: a/b\nschedule: '@daily'", "/image", "This tag moves", "image: a/b:1\nschedule: '@daily'"},
		{"P5 no tag, one of several", "application", "workloads: [{name: w, kind: worker, image: a/b}]", "/workloads/0/image", "This tag moves", "workloads: [{name: w, kind: worker, image: 'a/b:1'}]"},
		{"P11 baked in by the build", "web-service", web + "env: {NEXT_PUBLIC_API_URL: x}", "/env/NEXT_PUBLIC_API_URL", "built", web + "env: {API_URL: x}"},
		{"P13 secret among the settings", "web-service", web + "config: {data: {BETTER_AUTH_SECRET: x}}", "/config/data/BETTER_AUTH_SECRET", "secret", web + "config: {data: {LOG_LEVEL: x}}"},
		{"P23 file that is nowhere", "web-service", web + "env: {KEY_PATH: /secrets/apns/key.p8}", "/env", "no secret file is mounted", web + "env: {KEY_PATH: /secrets/apns/key.p8}\nsecretFiles: [{name: apns, mountPath: /secrets/apns, files: [{key: key.p8}]}]"},
		{"P26 another address", "web-service", web + "host: shop.example.com\ningress: {issuer: x}\nconfig: {data: {BASE_URL: 'https://old.example.com'}}", "/config/data", "names another host", web + "host: shop.example.com\ningress: {issuer: x}\nconfig: {data: {BASE_URL: 'https://shop.example.com'}}"},
		{"P37 disk of one node", "stateful", "image: redis:7\nport: 6379\nstorage: {mountPath: /data, className: local-path}", "/storage/className", "on one node", "image: redis:7\nport: 6379\nstorage: {mountPath: /data, className: local-path}\nnodeSelector: {disk: here}"},
		{"P59 liveness stricter than readiness", "web-service", web + "healthPath: /h\nprobes: {liveness: {periodSeconds: 1, failureThreshold: 1}}", "/probes/liveness/failureThreshold", "sooner than", web + "healthPath: /h\nprobes: {liveness: {periodSeconds: 30, failureThreshold: 3}}"},
		{"P61 answer later than the next try", "web-service", web + "probes: {readiness: {timeoutSeconds: 9, periodSeconds: 5}}", "/probes/readiness/timeoutSeconds", "still be waiting", web + "probes: {readiness: {timeoutSeconds: 5, periodSeconds: 5}}"},
		{"P70 no readiness", "web-service", web + "probes: {readiness: {type: none}}", "/probes/readiness/type", "counts as ready at once", web},
		{"P97 no spare node", "web-service", web + "antiAffinity: required", "/antiAffinity", "one node more", web + "antiAffinity: preferred"},
		{"P122 long connections stopped", "web-service", web + "replicas: 0\ningress: {longConnections: 3600}", "/replicas", "long connections end", web + "replicas: 0"},
		{"P137 address without TLS", "web-service", web + "host: shop.example.com", "/host", "Without TLS", web + "host: shop.example.com\ningress: {issuer: x}"},
		{"P137 simple address without TLS", "simple-service", web + "addresses: [{host: shop.example.com}]", "/addresses", "Without TLS", web + "addresses: [{host: shop.example.com}]\nissuer: x"},
		{"P153 may be root", "web-service", web + "security: {allowRoot: true}", "/security/allowRoot", "may run as root", web},
		{"P153 more capabilities", "web-service", web + "security: {addCapabilities: [NET_RAW]}", "/security/addCapabilities", "NET_BIND_SERVICE only", web + "security: {addCapabilities: [NET_BIND_SERVICE]}"},
		{"P163 database of an application without a dump", "application", "workloads: [{name: db, kind: stateful, image: 'postgres:16-alpine', port: 5432, storage: {mountPath: /d}}]", "/workloads/0/image", "takes backups", "workloads: [{name: redis, kind: stateful, image: 'redis:7-alpine', port: 6379, storage: {mountPath: /d}}]"},
		{"P163 database without a dump", "stateful", "image: postgres:16-alpine\nport: 5432\nstorage: {mountPath: /d}", "/image", "takes backups", "image: postgres:16-alpine\nport: 5432\nstorage: {mountPath: /d}\nnotes: {backup: The application postgres-dump dumps it each night.}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tpl := template(t, tc.template)
			in := inputs(t, tc.slip)
			if errs := tpl.Check(in, release); len(errs) > 0 {
				t.Errorf("it is refused: %v", errs)
			}
			found := tpl.Warnings(in, release)
			if !slices.ContainsFunc(found, func(e catalog.FieldError) bool {
				return tpl.PointerOf(in, e.Path) == tc.at && strings.Contains(e.Message, tc.says)
			}) {
				t.Errorf("%s is not warned of: %v", tc.at, found)
			}
			for _, e := range tpl.Warnings(inputs(t, tc.right), release) {
				if strings.Contains(e.Message, tc.says) {
					t.Errorf("without the slip: %s: %s", e.Path, e.Message)
				}
			}
		})
	}
}

// What a template prefers by itself raises no warning: the least that can be said is sound.
func TestLeastIsSound(t *testing.T) {
	for name, text := range map[string]string{
		"simple-service": "image: a/b:1\nport: 80",
		"web-service":    "image: a/b:1\nport: 80",
		"worker":         "image: a/b:1",
		"scheduled-job":  "image: a/b:1\nschedule: '@daily'",
		"stateful":       "image: a/b:1\nport: 80\nstorage: {mountPath: /d}",
	} {
		if found := template(t, name).Warnings(inputs(t, text), release); len(found) > 0 {
			t.Errorf("%s warns of %v", name, found)
		}
	}
}
