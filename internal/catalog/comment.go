package catalog

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxCommentBytes is the most of a comment that a form shows under a field.
const maxCommentBytes = 400

var (
	// helmDocs is what helm-docs reads: "# -- text", "# image.tag -- text" and, after that, "# @default -- text".
	helmDocs = regexp.MustCompile(`^(?:[\w./\[\]-]+ )?-- ?(?:\([\w/]+\) )?(.*)$`)
	// readmeGenerator is what Bitnami's generator reads: "## @param image.tag [default: 1] text".
	readmeGenerator = regexp.MustCompile(`(?m)^[ \t]*##? @param (\S+) (?:\[[^\]]*\] )?(.*)$`)
	// example is a line of YAML that stands as a comment.
	example = regexp.MustCompile(`^(- \S|[a-z][\w./-]*:( |$)|[\[{])`)
)

// params reads the lines for Bitnami's generator, wherever they stand: they name the key that they are for.
func params(values []byte) map[string]string {
	all := map[string]string{}
	for _, m := range readmeGenerator.FindAllSubmatch(values, maxFields) {
		all[string(m[1])] = string(m[2])
	}
	return all
}

// commentOf is what values.yaml says of a key: the lines directly above it, or else beside it.
func commentOf(key, value *yaml.Node) string {
	for _, c := range []string{key.HeadComment, key.LineComment, value.LineComment} {
		if text := commentText(c); text != "" {
			return text
		}
	}
	return ""
}

// commentText reads prose from a comment. Lines for generators of documents are read as these do; examples
// in YAML and what follows them are not prose.
func commentText(comment string) string {
	if i := strings.LastIndex(comment, "\n\n"); i >= 0 {
		comment = comment[i+2:] // the rest does not stand directly above
	}
	var prose []string
	for line := range strings.SplitSeq(comment, "\n") {
		line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#"))
		if m := helmDocs.FindStringSubmatch(line); m != nil {
			prose = prose[:0]
			line = m[1]
		}
		if strings.HasPrefix(line, "@") || example.MatchString(line) {
			break
		}
		if line != "" {
			prose = append(prose, line)
		}
	}
	text := strings.Join(prose, " ")
	if len(text) > maxCommentBytes {
		text = strings.ToValidUTF8(text[:maxCommentBytes], "") + "…"
	}
	return text
}
