// Package charts holds the built-in templates, so that the portal is one file. Each folder is a Helm
// chart; the catalog package says how they become forms.
package charts

import "embed"

// FS has a folder for each built-in template, and for the library charts that they share.
//
//go:embed all:*/*
var FS embed.FS
