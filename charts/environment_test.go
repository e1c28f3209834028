package charts_test

import (
	"slices"
	"testing"

	"slipway.dev/slipway/internal/catalog"
)

// What the built-in templates hold to belong to an environment stays there when the rest is taken over.
func TestWhatBelongsToTheEnvironment(t *testing.T) {
	for _, tc := range []struct{ template, staging, production, want string }{
		{
			"web-service", `
image: a/b:2
port: 80
host: shop.staging.example.com
replicas: 1
env: {LOG_LEVEL: debug}
ingress: {className: traefik, issuer: letsencrypt-staging}
resources: {limits: {memory: 256Mi}}
nodeSelector: {disk: slow}
`, `
image: a/b:1
port: 80
host: shop.example.com
replicas: 4
ingress: {className: nginx, issuer: letsencrypt-prod}
`, `
image: a/b:2
port: 80
host: shop.example.com
replicas: 4
env: {LOG_LEVEL: debug}
ingress: {className: nginx, issuer: letsencrypt-prod}
`,
		}, {
			"stateful", `
image: postgres:17
port: 5432
storage: {mountPath: /data, size: 1Gi, className: local-path}
`, `
image: postgres:16
port: 5432
storage: {mountPath: /data, size: 50Gi, className: fast}
`, `
image: postgres:17
port: 5432
storage: {mountPath: /data, size: 50Gi, className: fast}
`,
		}, {
			"application", `
workloads:
- {name: web, kind: web, image: a/web:2, port: 80, host: shop.staging.example.com, replicas: 1}
- {name: mail, kind: worker, image: a/mail:1, replicas: 1, autoscale: {enabled: true, min: 1, max: 2}}
`, `
workloads:
- {name: web, kind: web, image: a/web:1, port: 80, host: shop.example.com, replicas: 4}
`, `
workloads:
- {name: web, kind: web, image: a/web:2, port: 80, host: shop.example.com, replicas: 4}
- {name: mail, kind: worker, image: a/mail:1, autoscale: {enabled: true}}
`,
		},
	} {
		t.Run(tc.template, func(t *testing.T) {
			tpl := template(t, tc.template)
			from := catalog.Side{Inputs: inputs(t, tc.staging), Environment: "staging"}
			to := catalog.Side{Inputs: inputs(t, tc.production), Environment: "production"}
			differences, _ := tpl.Compare(from, to)
			if !slices.ContainsFunc(differences, func(d catalog.Difference) bool { return d.Usual() }) {
				t.Error("nothing would be taken over")
			}
			var usual []string
			for _, d := range differences {
				if d.Usual() {
					usual = append(usual, d.Path)
				}
			}
			made := tpl.TakeOver(from, to, usual)
			if left, _ := tpl.Compare(catalog.Side{Inputs: made}, catalog.Side{Inputs: inputs(t, tc.want)}); len(left) > 0 {
				t.Errorf("it became %v\nwhich differs in %+v", made, left)
			}
		})
	}
}
