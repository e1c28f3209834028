package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
)

// newProvider puts Dex together. Its background work, key rotation and the removal of expired
// requests, ends with ctx.
func newProvider(ctx context.Context, logger *slog.Logger, o options, secret string) (http.Handler, error) {
	passwords, err := passwords()
	if err != nil {
		return nil, err
	}
	store := memory.New(logger)
	store = storage.WithStaticClients(store, []storage.Client{{
		ID:           o.clientID,
		Secret:       secret,
		RedirectURIs: o.redirects,
		Name:         "Slipway",
	}})
	store = storage.WithStaticPasswords(store, passwords, logger)
	store = storage.WithStaticConnectors(store, []storage.Connector{{
		ID:   server.LocalConnector,
		Type: server.LocalConnector,
		Name: "Email",
	}})
	keys := signer.LocalConfig{KeysRotationPeriod: (24 * time.Hour).String()}
	sign, err := keys.Open(ctx, store, o.lifetime, time.Now, logger)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	refresh, err := server.NewRefreshTokenPolicy(logger, true, "", "", "3s")
	if err != nil {
		return nil, fmt.Errorf("refresh tokens: %w", err)
	}
	dex, err := server.NewServer(ctx, server.Config{
		Issuer:             o.issuer,
		Storage:            store,
		SkipApprovalScreen: true,
		PasswordConnector:  server.LocalConnector,
		IDTokensValidFor:   o.lifetime,
		RefreshTokenPolicy: refresh,
		Web:                server.WebConfig{WebFS: web.FS(), Issuer: "Slipway demo"},
		Logger:             logger,
		Signer:             sign,
	})
	if err != nil {
		return nil, fmt.Errorf("dex: %w", err)
	}
	return dex, nil
}
