package catalog

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// Each value as it stands somewhere in the documents of the program that reads it.
func TestGivesAway(t *testing.T) {
	const address, text, key, issued = "this address", "in this text", "private key", "somebody was issued"
	begin := func(what string) string { return "-----BEGIN " + what + "-----\nMIIB\n-----END " + what + "-----\n" }
	for value, says := range map[string]string{
		"postgres://u:hunter2@h/db":                        address,
		"postgres://u:pa%ss@h":                             address,
		"postgres://u:pa#ss@h":                             address,
		"postgres://u:p/ss@h":                              address,
		"postgres://u:p?s:s@h":                             address,
		"postgres://u:p$ss@h":                              address,
		"postgres://u:12345@h":                             address,
		"postgresql+asyncpg://u:pw@h/db":                   address,
		"redis://:pw@h:6379/0":                             address,
		"amqp://h:5672/,amqp://u:pw@h":                     address,
		"upstream: a\nurl: http://u:pw@proxy:3128\n":       address,
		"u:pw@tcp(db:3306)/shop":                           address,
		"u:pw@/shop?parseTime=true":                        address,
		"jdbc:oracle:thin:scott/tiger@//h:1521/x":          address,
		"jdbc:postgresql://h/db?user=u&password=pw":        text,
		"jdbc:sqlserver://h;user=u;password=pw;encrypt=on": text,
		"host=h user=u password=1234 sslmode=disable":      text,
		"Server=h;User Id=u;Pwd=pw;":                       text,
		"AccountName=a;AccountKey=c2VjcmV0;":               text,
		"--password=pw":                                    text,
		"[db]\nspring.datasource.password = pw\n":          text,
		"CLIENT_SECRET='a b'":                              text,
		begin("PRIVATE KEY"):                               key,
		begin("RSA PRIVATE KEY"):                           key,
		begin("OPENSSH PRIVATE KEY"):                       key,
		begin("PGP PRIVATE KEY BLOCK"):                     key,
		begin("CERTIFICATE") + begin("EC PRIVATE KEY"):     key,
		base64.StdEncoding.EncodeToString([]byte(begin("PRIVATE KEY") + begin("CERTIFICATE"))): key,
		"ghp_" + strings.Repeat("a1", 18):                 issued,
		"token=glpat-" + strings.Repeat("a1", 10):         issued,
		"AKIA" + strings.Repeat("A1", 8):                  issued,
		"xoxb-123456789012-abcdef":                        issued,
		"https://hooks.slack.com/services/T01/B01/abcdef": issued,

		"":                                            "",
		"https://example.com:8443/a/b?c=d#e":          "",
		"postgres://u@h/db":                           "",
		"postgres://u:@h/db":                          "",
		"postgres://u:$(DB_PASSWORD)@h/db":            "",
		"postgres://u:${DB_PASSWORD}@h/db":            "",
		"postgres://$USER:$PASSWORD@h/db":             "",
		"postgres://u:<password>@h/db":                "",
		"postgres://u:***@h/db":                       "",
		"http://npm:4873/@scope/package":              "",
		"http://[::1]:8080/@me":                       "",
		"http://h:80, mail x@y":                       "",
		"mongodb://h1:27017,h2:27017/db?tag=a@b":      "",
		"ssh://git@github.com:org/repo@v1":            "",
		"registry.example.com:5000/a/b@sha256:0f0f":   "",
		"docker://img:1.0@sha256:0f0f":                "",
		"sha256:" + strings.Repeat("0f", 32):          "",
		"git@github.com:org/repo.git":                 "",
		"jdbc:postgresql://h/db?user=u":               "",
		"jdbc:postgresql://h/db?password=${DB_PASS}":  "",
		"--password-file=/run/secrets/db":             "",
		"user=u require_password=true":                "",
		"password=\nuser=u":                           "",
		"# password=example\nuser=u":                  "",
		"; postgres://u:pw@h\nuser=u":                 "",
		"access_key_id=abc":                           "",
		"s3_public_access_key=abc":                    "",
		"secretName=tls":                              "",
		"password = os.environ[\"DB_PASSWORD\"]":      "",
		"PGPASSWORD=\"$DB_PASSWORD\" psql":            "",
		"if [ \"$password\" = \"x\" ]; then exit; fi": "",
		"Type your password: it is not shown":         "",
		begin("PUBLIC KEY"):                           "",
		begin("CERTIFICATE"):                          "",
		base64.StdEncoding.EncodeToString([]byte(begin("CERTIFICATE") + begin("CERTIFICATE"))): "",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ann@laptop":                                     "",
		"ghp_short": "",
		"AKIARA":    "",
		"task-force-of-a-very-long-name-with-many-words": "",
	} {
		got := givesAway(value)
		if says == "" && got != "" || says != "" && !strings.Contains(got, says) {
			t.Errorf("%q: %q, want %q", value, got, says)
		}
	}
}

func TestNameOfSecret(t *testing.T) {
	for _, name := range []string{"DB_PASSWORD", "clientSecret", "dbPassword", "apiKey", "OAuthToken", "PGPASSWORD", "APIKEY", "smtp.pass", "clientsecret", "secretKeyBase", "private-key", "JWT_SECRET", "awsSecretAccessKey"} {
		if !nameOfSecret(name) {
			t.Errorf("%s is taken for a plain setting", name)
		}
	}
	for _, name := range []string{
		"", "SECRET_PATH", "secretPath", "tokenUrl", "passwordFile", "existingSecret", "secretName", "secretRef", "imagePullSecret", "publicKey", "JWT_PUBLIC_KEY",
		"keyId", "AWS_ACCESS_KEY_ID", "MAX_TOKENS", "maxTokens", "tokenTtl", "KEYBOARD", "MONKEY", "monkeyBars", "primaryKey", "SORT_KEY", "cacheKey", "PASSWORD_MIN_LENGTH", "compass", "author", "AUTHORITY", "tokenizer",
	} {
		if nameOfSecret(name) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}

func TestHarmless(t *testing.T) {
	for value, want := range map[string]bool{
		"true": true, "8080": true, "/etc/tls/tls.key": true, "$(OTHER)": true, "${OTHER}": true, "ssh-ed25519 AAAA a@b": true,
		"-----BEGIN PUBLIC KEY-----\nMIIB": true, "hunter2": false, "123456": false, "/9j+4AAQ=": false, "/slash": false,
	} {
		if harmless(value) != want {
			t.Errorf("%q: %v", value, !want)
		}
	}
}

// FuzzGivesAway: no password is overlooked for the characters in it, and no text is repeated.
func FuzzGivesAway(f *testing.F) {
	for _, s := range []string{"pa%ss", "p/s#s", "a://b:c@d", "password=x", "-----BEGIN PRIVATE KEY-----", "LS0tLS1CRUdJTi\xff", "x=$(y)"} {
		f.Add(s)
	}
	odd := regexp.MustCompile(`[^a-z%#/?:.~!*,-]`)
	f.Fuzz(func(t *testing.T, s string) {
		if says := givesAway(s); len(s) > 20 && strings.Contains(says, s) {
			t.Errorf("%q is repeated", s)
		}
		password := "p" + odd.ReplaceAllString(s, "")
		for _, value := range []string{"postgres://u:" + password + "@h/db", "u:" + password + "@tcp(h)/db"} {
			if givesAway(value) == "" {
				t.Errorf("%q is overlooked", value)
			}
		}
	})
}
