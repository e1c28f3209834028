package manifest

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log/slog"
	"regexp"
)

// Token stands for a secret value wherever the value itself must not be: in inputs, rendered objects,
// the database, the audit log and on pages. It is "slipway-secret-" and 52 lower-case base32 digits, so
// it needs no quoting in YAML and no escaping in JSON.
type Token string

// The texts that begin as tokens do and are none.
const (
	tokenPrefix = "slipway-secret-"

	// Unset stands for a value that is declared and not given yet. It can be planned with, never applied.
	Unset Token = tokenPrefix + "unset"
	// Empty is what a form posts for a value that is empty on purpose. It never gets into inputs.
	Empty = tokenPrefix + "empty"
)

// MaxSecretBytes is the most bytes of one value. A Secret as a whole may hold 1 MiB in Kubernetes.
const MaxSecretBytes = 1<<20 - 64<<10

var (
	tokenWhole  = regexp.MustCompile(`^` + tokenPrefix + `([a-z2-7]{52}|unset)$`)
	tokenWithin = regexp.MustCompile(tokenPrefix + `([a-z2-7]{52}|unset)`)
)

// IsToken tells whether s is a token, Unset included, and nothing else.
func IsToken(s string) bool { return tokenWhole.MatchString(s) }

// Stands tells whether the token is one that stands for a value, as Unset does not.
func (t Token) Stands() bool { return t != Unset && IsToken(string(t)) }

// Short is the first 20 digits of the token: enough to name an object after it.
func (t Token) Short() string {
	if !t.Stands() {
		return ""
	}
	return string(t[len(tokenPrefix) : len(tokenPrefix)+20])
}

// TokensIn finds the tokens in a text, in the order in which they stand, each as often as it does.
func TokensIn(text string) []Token {
	var found []Token
	for _, s := range tokenWithin.FindAllString(text, -1) {
		found = append(found, Token(s))
	}
	return found
}

// Secrets are values by the tokens that stand for them. They are in memory only: whatever writes a
// Secrets, be it a log, an error or JSON, writes how many there are.
type Secrets map[Token]string

// String says how many values there are.
func (s Secrets) String() string { return fmt.Sprintf("%d secret values", len(s)) }

// GoString is String.
func (s Secrets) GoString() string { return s.String() }

// Format writes String for every verb, so that none gets at the map.
func (s Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalJSON writes String.
func (s Secrets) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", s.String()), nil }

// LogValue is String.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Sealer makes tokens. The same value in the same place has the same token, so that a plan can say
// whether a value changes; in another place it has another one, so that nobody learns by comparing.
type Sealer struct{ key []byte }

// MinSealerKey is the fewest bytes of a key.
const MinSealerKey = 32

// NewSealer makes a Sealer of a secret key, which must have at least MinSealerKey bytes. With another
// key every value has another token: it looks changed once, and nothing else comes of it.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) < MinSealerKey {
		return nil, fmt.Errorf("manifest: a key of %d bytes is too short; it takes %d", len(key), MinSealerKey)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "slipway secret tokens v1", 32)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return &Sealer{key: derived}, nil
}

// Seal makes the token of a value in a place: HMAC-SHA-256 (RFC 2104) of cluster, namespace and value,
// each but the last after its length, in base32 (RFC 4648, section 6) without padding.
func (s *Sealer) Seal(p Place, value string) Token {
	mac := hmac.New(sha256.New, s.key)
	for _, part := range []string{p.Cluster, p.Namespace} {
		_, _ = mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // a hash takes every byte
		_, _ = mac.Write([]byte(part))
	}
	_, _ = mac.Write([]byte(value))
	return Token(tokenPrefix + tokenDigits.EncodeToString(mac.Sum(nil)))
}

var tokenDigits = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
