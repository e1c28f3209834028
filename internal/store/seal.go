package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"slipway.dev/slipway/internal/audit"
)

// genesis is what the first entry follows.
var genesis = strings.Repeat("0", 64)

func seal(prev string, e audit.Entry) audit.Entry {
	e.Prev, e.Hash = prev, ""
	b, _ := json.Marshal(e)
	h := sha256.Sum256(b)
	e.Hash = hex.EncodeToString(h[:])
	return e
}
