package catalog

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestKeepableHoldsNoSecret(t *testing.T) {
	token := "slipway-secret-" + strings.Repeat("a2", 26)
	fields := []Field{
		{Path: "/image", name: "image", Kind: Text},
		{Path: "/pass", name: "pass", Kind: Text, Secret: true},
		{Path: "/env", name: "env", Kind: Map, Item: &Field{Kind: Text}},
		{Path: "/secrets", name: "secrets", Kind: Map, Item: &Field{Kind: Text, Secret: true}},
		{Path: "/workloads", name: "workloads", Kind: List, Item: &Field{Kind: Object, Fields: []Field{
			{Path: "/a~1b", name: "a/b", Kind: Text},
			{Path: "/key", name: "key", Kind: Object, Fields: []Field{{Path: "/key/value", name: "value", Kind: Text, Secret: true}}},
		}}},
	}
	for name, tc := range map[string]struct{ values, want []string }{
		"in/image":                      {[]string{"x:1", token}, []string{"x:1", token}},
		"in/pass":                       {[]string{token, "hunter2", "", "slipway-secret-empty"}, []string{token, "", "slipway-secret-empty"}},
		"in/pass/0":                     {[]string{"hunter2"}, nil},
		"in/pass/deeper/value":          {[]string{"hunter2"}, nil},
		"in/env/0/key":                  {[]string{"A"}, []string{"A"}},
		"in/env/0/value":                {[]string{"1"}, []string{"1"}},
		"in/env/A/value":                {[]string{"1"}, nil},
		"in/secrets/10/key":             {[]string{"A"}, []string{"A"}},
		"in/secrets/10/value":           {[]string{"hunter2", token[:len(token)-1]}, nil},
		"in/workloads/3/a~1b":           {[]string{"x"}, []string{"x"}},
		"in/workloads/3/key/value":      {[]string{"hunter2", token}, []string{token}},
		"in/workloads/03/a~1b":          {[]string{"hunter2"}, nil},
		"in/other":                      {[]string{"hunter2"}, nil},
		"in":                            {[]string{"hunter2"}, nil},
		"in/":                           {[]string{"hunter2"}, nil},
		"name":                          {[]string{"api"}, nil},
		"_do":                           {[]string{"plan"}, nil},
		"in/secrets/10/value/and/more":  {[]string{"hunter2"}, nil},
		"in/workloads/3/key/value/more": {[]string{"hunter2"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{name: slices.Clone(tc.values)}
			got := (&Template{Fields: fields}).Keepable(form)
			if !slices.Equal(got[name], tc.want) {
				t.Errorf("kept %q, want %q", got[name], tc.want)
			}
			if !slices.Equal(form[name], tc.values) {
				t.Error("it changed the form that it was given")
			}
		})
	}
}

func TestStoredSecretsStay(t *testing.T) {
	a, b, c := "slipway-secret-"+strings.Repeat("a2", 26), "slipway-secret-"+strings.Repeat("b3", 26), "slipway-secret-"+strings.Repeat("c4", 26)
	secret := Field{Path: "/files/value", name: "value", Kind: Text, Secret: true}
	tmpl := &Template{Fields: []Field{
		{Path: "/pass", name: "pass", Kind: Text, Secret: true},
		{Path: "/data", name: "data", Kind: Map, Item: &Field{Kind: Text, Secret: true}},
		{Path: "/files", name: "files", Kind: List, Item: &Field{Kind: Object, Fields: []Field{{Path: "/files/name", name: "name", Kind: Text}, secret}}},
		{Path: "/image", name: "image", Kind: Text},
	}}
	stored := Inputs{
		"pass": a, "data": map[string]any{"KEPT": b, "GONE": c, "EMPTY": a, "OTHER": a},
		"files": []any{map[string]any{"name": "one", "value": b}, map[string]any{"name": "two", "value": c}}, "image": "x:1",
	}
	in := Inputs{
		"pass": nil, "data": map[string]any{"KEPT": nil, "EMPTY": "", "OTHER": c, "NEW": nil},
		"files": []any{map[string]any{"name": "two", "value": nil}, map[string]any{"name": "three", "value": nil}}, "image": nil, "unknown": nil,
	}
	want := Inputs{
		"pass": a, "data": map[string]any{"KEPT": b, "EMPTY": "", "OTHER": c, "NEW": nil},
		"files": []any{map[string]any{"name": "two", "value": c}, map[string]any{"name": "three", "value": nil}}, "image": nil, "unknown": nil,
	}
	if got := tmpl.WithStored(in, stored); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := tmpl.WithStored(in, nil); !reflect.DeepEqual(got, in) {
		t.Errorf("without anything stored: %v", got)
	}
}
