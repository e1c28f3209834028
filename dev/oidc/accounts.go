package main

import (
	"fmt"

	"github.com/dexidp/dex/storage"
	"golang.org/x/crypto/bcrypt"
)

// password opens every account.
const password = "password"

// account is one person of the demonstration. The address is the login with @example.com behind it.
type account struct {
	login  string
	name   string
	groups []string
}

// accounts has somebody for each role: two developers of one team, so that one's change can be looked at by
// the other, a developer of another team, who must see none of it, and those who agree, run and check.
var accounts = []account{
	{"payments-dev", "Paula Dev", []string{"payments"}},
	{"payments-dev2", "Peter Dev", []string{"payments"}},
	{"search-dev", "Sam Dev", []string{"search"}},
	{"approver", "Ada Approver", []string{"approvers"}},
	{"admin", "Alex Admin", []string{"platform"}},
	{"auditor", "Olga Auditor", []string{"auditors"}},
}

// passwords are the accounts as Dex wants them. The user IDs are fixed: people keep their identity when
// the provider, which remembers nothing, is started again.
func passwords() ([]storage.Password, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return nil, fmt.Errorf("hash of the password: %w", err)
	}
	out := make([]storage.Password, len(accounts))
	for i, a := range accounts {
		out[i] = storage.Password{
			Email:             a.login + "@example.com",
			Hash:              hash,
			Username:          a.login,
			PreferredUsername: a.login,
			Name:              a.name,
			UserID:            fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1),
			Groups:            a.groups,
		}
	}
	return out, nil
}
