package catalog

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMarks(t *testing.T) {
	tpl := webService(t)
	in := inputs(t, `{"image": "nginx:1.2", "port": 8080, "replicas": 1, "host": "shop.example.com", "env": {"A": "1", "B": "2"}}`)
	rendered, err := tpl.Render(context.Background(), in, release())
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/image":                           {"Deployment checkout: app.kubernetes.io/version: \"1.2\"", "Deployment checkout: app.kubernetes.io/version: \"1.2\"", "Deployment checkout: image: nginx:1.2"},
		"/port":                            {"Deployment checkout: containerPort: 8080"},
		"/replicas":                        {"Deployment checkout: replicas: 1"},
		"/host":                            {"Ingress checkout: - host: shop.example.com"},
		"/env":                             {"Deployment checkout: env:", "Deployment checkout: - name: A", "Deployment checkout: value: \"1\"", "Deployment checkout: - name: B", "Deployment checkout: value: \"2\""},
		"/env/1/value":                     {"Deployment checkout: value: \"2\""},
		"/env/1/key":                       {"Deployment checkout: - name: B"},
		"/resources/requests/cpu":          {"Deployment checkout: cpu: 100m"},
		"/healthPath":                      {"Deployment checkout: tcpSocket:", "Deployment checkout: port: http", "Deployment checkout: tcpSocket:", "Deployment checkout: port: http"},
		"/security/readOnlyRootFilesystem": {"Deployment checkout: readOnlyRootFilesystem: true"},
		"/pullPolicy":                      {"Deployment checkout: imagePullPolicy: IfNotPresent"},
		"/nowhere":                         nil,
		"/env/x/y/z":                       {"Deployment checkout: env:", "Deployment checkout: - name: A", "Deployment checkout: value: \"1\"", "Deployment checkout: - name: B", "Deployment checkout: value: \"2\""},
		"":                                 nil,
	} {
		marks, err := tpl.Marks(context.Background(), in, release(), path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		var got []string
		for _, m := range marks {
			all, err := lines(rendered.Set[m.Object])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s: %s", rendered.Set.Refs()[m.Object], strings.TrimSpace(all[m.Line-1])))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
}

func BenchmarkRenderWebService(b *testing.B) {
	tpl := webService(b)
	in := inputs(b, `{"image": "nginx:1.2", "port": 8080, "host": "shop.example.com"}`)
	for b.Loop() {
		if _, err := tpl.Render(context.Background(), in, release()); err != nil {
			b.Fatal(err)
		}
	}
}
