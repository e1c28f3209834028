package manifest

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// ApplySetParent is the name of the ConfigMap that lists what belongs to an application (KEP-3659,
// "parent object").
func ApplySetParent(app string) string { return "slipway-" + app }

// ApplySetID identifies an application within its cluster: LabelPartOf of its objects (KEP-3659,
// "ApplySet identification", V1 of the format). namespace is the application's own.
func ApplySetID(app, namespace string) string {
	unencoded := strings.Join([]string{ApplySetParent(app), namespace, "ConfigMap", ""}, ".")
	sum := sha256.Sum256([]byte(unencoded))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}
