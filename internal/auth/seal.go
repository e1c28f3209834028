package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

// seal encrypts with AES-256-GCM under a key derived from the session's token. The store has only
// the token's hash, so whoever has the store, and not the browser, cannot open it. Empty stays empty.
func seal(token, plain string) []byte {
	if plain == "" {
		return nil
	}
	return sealer(token).Seal(nil, nil, []byte(plain), nil)
}

// open undoes seal. It returns "" for what was not sealed with this token.
func open(token string, sealed []byte) string {
	if len(sealed) == 0 {
		return ""
	}
	plain, err := sealer(token).Open(nil, nil, sealed, nil)
	if err != nil {
		return ""
	}
	return string(plain)
}

func sealer(token string) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, []byte(token), nil, "slipway session: the provider's tokens", 32)
	if err != nil {
		panic("auth: " + err.Error()) // only for a key that is too long
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("auth: " + err.Error()) // only for a key of a wrong length
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("auth: " + err.Error()) // only for a block of a wrong size
	}
	return gcm
}
